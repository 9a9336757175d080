"""What a CRM mapping can name behind `from`, of one record: the canonical fields, and what is derived of them. Pure.

The names are those of `mappings.crm.sources`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from domain.deal import DEAL_FIELDS, PERSON_FIELDS, AgentShare, Contact, Deal, Value
from domain.money import Money
from domain.stages import Stage
from domain.terms import RepresentedSide, Side
from transforms.converters.people import split_name
from transforms.converters.texts import clean
from transforms.crm_forms import rounded

if TYPE_CHECKING:
    from domain.commission.settlement import CommissionRecord

#: Stands in for the last name, which SuiteCRM wants, where nothing at all is known.
NAMELESS = "Unknown"

#: Stages in which a deal is over without a closing.
FALLEN = frozenset({Stage.FELL_THROUGH, Stage.WITHDRAWN})

_PRICES = ("sale_price", "list_price")
_MONEYS = (*_PRICES, "concessions", "earnest_money")


def contact_values(contact: Contact) -> dict[str, Value | Fraction]:
    """Of a contact."""
    given, family = person_names(contact.values)
    return {
        **{name: contact.values.get(name) for name in PERSON_FIELDS},
        "id": contact.id,
        "given_name": given,
        "family_name": family or _instead_of_a_name(contact.values),
    }


def deal_values(deal: Deal) -> dict[str, Value | Fraction]:
    """Of a deal. One that became part of another, fell through or was withdrawn has no amount any more."""
    stage = deal.details.stage
    return {
        **{name: deal_field(deal, name) for name in DEAL_FIELDS},
        "id": deal.id,
        "external_id": f"{deal.source}:{deal.source_id}",
        "title": deal_title(deal),
        "pipeline": "merged" if deal.merged_into else stage or Stage.ACTIVE,
        "price": Money(Decimal(0)) if deal.merged_into or stage in FALLEN else _price(deal),
        "currency": _currency(deal),
        "agents": "; ".join(_agent_in_words(share) for share in deal.agents),
        "owner": next((share.crm_user_id for share in _leading_first(deal) if share.crm_user_id), ""),
        "merged_into": deal.merged_into,
        "ever_closed": deal.ever_closed,
    }


def commission_values(record: CommissionRecord, deal: Deal, deal_remote_id: str) -> dict[str, Value | Fraction]:
    """Of a commission record and the deal that it belongs to."""
    shares = [share for share in deal.agents if share.crm_contact_id == record.account]
    parts = {share.share for share in shares}
    return {
        "account": record.account,
        "name": record.name,
        "side": record.side,
        "plan": record.plan,
        "gci": record.gci,
        "company_dollar": record.company_dollar,
        "fees": record.fees,
        "net": record.net,
        "status": record.status,
        "number": record.number,
        "closing_date": record.closing_date,
        "external_id": f"{deal.source}:{deal.source_id}/{record.account}",
        "title": f"{record.name or record.account}: {deal_title(deal)}",
        "agent_role": _agent_role(shares, deal),
        # Two sides with two different parts have no one percentage.
        "share_percent": parts.pop() * 100 if len(parts) == 1 else None,
        "currency": record.net.currency,
        "reference": deal.details.reference or deal.source_id,
        "owner": next((share.crm_user_id for share in shares if share.crm_user_id), ""),
        "deal_remote_id": deal_remote_id,
        # An account is the agent's contact in the CRM; a team (`team:NAME`) has none.
        "agent_contact_id": "" if ":" in record.account else record.account,
    }


def deal_field(deal: Deal, name: str) -> Value:
    """A field of a deal by its dotted name."""
    group, _, field = name.rpartition(".")
    value: Value = getattr(getattr(deal.details, group) if group else deal.details, field)
    return value


def deal_title(deal: Deal) -> str:
    """What people call a deal: its address and its number; the number counts where there is no address."""
    at = deal.details.property
    street = " ".join(part for part in (at.street, at.unit) if part)
    place = ", ".join(part for part in (street, at.city) if part)
    reference = deal.details.reference
    if place:
        return f"{place} ({reference})" if reference else place
    return reference or f"{deal.source} {deal.source_id}"


def person_names(values: Mapping[str, str | None]) -> tuple[str, str]:
    """First and last name; a single name, and a company that stands alone, is the last."""
    given, family = (clean(values.get(part) or "") for part in ("first_name", "last_name"))
    if not (given and family):
        first, last = split_name(clean(values.get("name") or ""))
        given, family = given or first, family or last
    if not family:
        given, family = "", given
    return (given, family) if family else ("", clean(values.get("company") or ""))


def _instead_of_a_name(values: Mapping[str, str | None]) -> str:
    return next((values[name] or "" for name in ("email", "phone", "licence") if values.get(name)), NAMELESS)


def _price(deal: Deal) -> Money:
    prices = (deal_field(deal, name) for name in _PRICES)
    return next((price for price in prices if isinstance(price, Money)), Money(Decimal(0)))


def _currency(deal: Deal) -> str:
    moneys = (deal_field(deal, name) for name in (*_MONEYS, *sorted(DEAL_FIELDS)))
    return next((money.currency for money in moneys if isinstance(money, Money)), "")


def _leading_first(deal: Deal) -> list[AgentShare]:
    """Our agents: of the represented side first, greatest part first, as listed."""
    side = Side.BUYING if deal.details.represented_side is RepresentedSide.BUYING else Side.LISTING
    return sorted(deal.agents, key=lambda share: (share.side is not side, -share.share))


def _agent_in_words(share: AgentShare) -> str:
    percent = format(rounded(share.share * 100, 6).normalize(), "f")
    return f"{share.name or share.agent_id} ({share.side} {percent} %)"


def _agent_role(shares: Sequence[AgentShare], deal: Deal) -> str:
    """A code of `mappings.crm.sources.AGENT_ROLES`; whoever is paid without being listed on the deal is `other`."""
    sides = {share.side for share in shares}
    if len(sides) != 1:
        return "both" if sides else "other"
    (side,) = sides
    together = {share.crm_contact_id or share.agent_id for share in deal.agents if share.side is side}
    return f"co_{side}" if len(together) > 1 else str(side)

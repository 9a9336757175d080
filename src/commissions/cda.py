"""A settled deal in, its commission disbursement authorization out: what the broker instructs the closing agent to pay.

Fields of research §4 as docs/commissions.md has them. Splits, caps, year-to-date figures, the agents' own deductions,
account numbers and tax ids stay off it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from commissions.cda_people import People, side_of
from commissions.digest import digest
from commissions.disbursing import PaidAt, disbursement_lines
from commissions.earnest_money import offset
from domain.commission.account import Account
from domain.commission.amounts import number_text
from domain.commission.calculation import COMPANY, GROSS, Calculation, Code, Line, Stage
from domain.commission.cda import Brokerage, CdaApproval, CdaDocument, CdaParty, CdaSource
from domain.commission.settlement import PostedCalculation
from domain.deal import Contact, Deal, Property
from domain.errors import CommissionRefused
from domain.money import Money
from domain.terms import DealType, Role

_TITLES = {
    Code.COMMISSION: "Commission",
    Code.SHORTFALL: "Balance of the buyer's broker agreement",
    Code.BONUS: "Bonus",
    Code.TAX: "Tax",
}


def document(
    posted: PostedCalculation,
    *,
    deal: Deal,
    contacts: Mapping[str, Contact],
    accounts: Mapping[str, Account],
    brokerage: Brokerage,
    version: int,
    paid_at: Mapping[str, PaidAt] | None = None,
    issued: date | None = None,
    supersedes: str = "",
    approval: CdaApproval | None = None,
) -> CdaDocument:
    """Everything that the CDA of a calculation prints.

    Args:
        posted: the calculation as it stands in the store.
        deal: it is of.
        contacts: of the deal, by our id of them.
        accounts: of its agents, by account.
        brokerage: whose CDA it is.
        version: from 1.
        paid_at: agent to who pays them (`agents_paid_at` of their plan); the closing agent unless named.
        issued: the day that it bears; the day on which the calculation was posted unless given.
        supersedes: `version 1 of 2026-11-02`, or empty.
        approval: of the broker; without it, it is a draft.

    Returns:
        The document; `missing` of it says what a closing agent will ask for.

    Raises:
        CommissionRefused: the closing was rescinded, so nothing is due.
    """
    calculation = posted.calculation
    if calculation is None:
        raise CommissionRefused(f"deal {posted.deal_id} was rescinded: nothing is due; void its CDA instead")
    people = People(deal, contacts, accounts)
    details = deal.details
    held = _held(deal, brokerage, calculation)
    kept = offset(calculation.gross.cents, held, allowed=brokerage.earnest_money_offset)
    house = CdaParty(role="brokerage", name=brokerage.legal_name, licence=brokerage.licence)
    payouts = disbursement_lines(calculation, paid_at=paid_at, retained=kept.retained)
    money = _in(calculation.currency)
    drafted = CdaDocument(
        deal_id=posted.deal_id,
        reference=details.reference or posted.deal_id,
        version=version,
        supersedes=supersedes,
        superseded="",
        issued=issued or posted.at.date(),
        brokerage=brokerage,
        closing_agent=people.closing_agent(),
        title_file=details.title_file_number or "",
        property=_property(details.property),
        mls_id=details.property.mls_id or "",
        contract_date=details.contract_date,
        closing_date=calculation.closing_date,
        price=details.sale_price,
        represents=_represents(calculation),
        parties=people.parties(),
        agents=people.agents(calculation),
        commission=_commission(calculation, details.sale_price),
        sources=_sources(calculation),
        gross=calculation.gross,
        earnest_money=money(kept.retained),
        from_closing=money(kept.from_closing),
        lines=tuple(people.line(payout, house) for payout in payouts),
        calculation=posted.id,
        digest=digest(calculation),
        held=money(held) if held else None,
        approval=approval,
    )
    return drafted.model_copy(update={"missing": _missing(drafted, deal, people)})


def _in(currency: str) -> Callable[[int], Money]:
    return lambda cents: Money.of_cents(cents, currency)


def _held(deal: Deal, brokerage: Brokerage, calculation: Calculation) -> int:
    """The earnest money that this brokerage itself holds, in cents; what others hold passes through the closing."""
    details = deal.details
    holder = " ".join((details.earnest_money_holder or "").replace("_", " ").casefold().split())
    sides = {side for side in _represents(calculation).split() if side in ("listing", "buying", "both")}
    ours = {name.casefold() for name in (brokerage.legal_name, brokerage.dba) if name}
    if sides & {"listing", "both"}:
        ours |= {"listing broker", "listing brokerage"}
    if sides & {"buying", "both"}:
        ours |= {"buyer broker", "buyer's broker", "buying broker", "selling broker", "buyer brokerage"}
    if details.earnest_money is None or holder not in ours:
        return 0
    return max(0, details.earnest_money.cents)


def _property(place: Property) -> tuple[str, ...]:
    street = " ".join(filter(None, (place.street, _unit(place.unit))))
    city = ", ".join(filter(None, (place.city, " ".join(filter(None, (place.state, place.zip))))))
    county = f"{place.county.removesuffix(' County')} County" if place.county else ""
    parcel = f"Parcel {place.parcel_id}" if place.parcel_id else ""
    return tuple(filter(None, (street, city, ", ".join(filter(None, (county, parcel))))))


def _represents(calculation: Calculation) -> str:
    sides = {side_of(line.side) for line in calculation.lines if line.side}
    if "both" in sides or {"listing", "buying"} <= sides:
        return "both"
    return next((side for side in ("listing", "buying", "referral") if side in sides), "")


def _paid_in(calculation: Calculation) -> list[Line]:
    """The lines by which people outside the brokerage pay: into the gross, and the tax upon it."""
    inside = {GROSS, COMPANY, *(line.agent for line in calculation.lines)}
    return [
        line
        for line in calculation.lines
        if not line.memo
        and line.amount.cents
        and (line.stage is Stage.SOURCES or (line.stage is Stage.TAX and line.payer not in inside))
    ]


def _sources(calculation: Calculation) -> tuple[CdaSource, ...]:
    rows: dict[tuple[str, str, str], int] = {}
    for line in _paid_in(calculation):
        title = line.title or _TITLES.get(line.code, line.code.value)
        key = (side_of(line.side), line.payer, _TITLES[line.code] if line.code is Code.SHORTFALL else title)
        rows[key] = rows.get(key, 0) + line.amount.cents
    if sum(rows.values()) != calculation.gross.cents:
        raise ArithmeticError(
            f"sources of {calculation.deal} come to {sum(rows.values())} cents, gross {calculation.gross}"
        )
    return tuple(
        CdaSource(side=side, payer=payer, title=title, amount=Money.of_cents(cents, calculation.currency))
        for (side, payer, title), cents in rows.items()
    )


def _commission(calculation: Calculation, price: Money | None) -> tuple[str, ...]:
    """What each side earns, in words; the tax stands among the sources."""
    sides: dict[str, list[Line]] = {}
    for line in _paid_in(calculation):
        if line.stage is Stage.SOURCES:
            sides.setdefault(line.side, []).append(line)
    return tuple(f"{_side_words(label)}: {_earned(lines, price)}" for label, lines in sides.items())


def _side_words(label: str) -> str:
    side = side_of(label)
    return "Both sides" if side == "both" else f"{side.capitalize()} side"


def _earned(lines: list[Line], price: Money | None) -> str:
    bonus = sum(line.amount.cents for line in lines if line.code is Code.BONUS)
    cents = sum(line.amount.cents for line in lines) - bonus
    words = _amount(cents)
    rates = {(line.rate, line.basis) for line in lines if line.code is Code.COMMISSION}
    rate, basis = next(iter(rates)) if len(rates) == 1 else (None, None)
    if rate is not None and basis is not None:
        words += f" ({number_text(rate)}% of {_amount(basis.cents)})"
    elif price is not None and price.cents:
        words += f" ({_percent(cents, price.cents)} of the price)"
    return f"{words}, bonus {_amount(bonus)}" if bonus else words


def _percent(cents: int, of: int) -> str:
    """A percentage to at most four decimals, which is as far as rates are agreed; `about` where it goes on."""
    exact = Decimal(cents * 100) / Decimal(of)
    shown = exact.quantize(Decimal("0.0001"))
    text = format(shown.normalize(), "f")
    return f"{text}%" if shown * of == cents * 100 else f"about {text}%"


def _amount(cents: int) -> str:
    return f"{Money.of_cents(cents).amount:,.2f}"


def _missing(drafted: CdaDocument, deal: Deal, people: People) -> tuple[str, ...]:
    """What a closing agent will ask for, each as what is not given and where it comes from."""
    lease = deal.details.deal_type is DealType.LEASE
    source = "add it in the transaction system"
    asked = {
        "closing agent (title, escrow or attorney)": drafted.closing_agent is not None,
        "title file number": bool(drafted.title_file),
        "property address": bool(deal.details.property.street),
        "contract date": drafted.contract_date is not None,
        "sale price": drafted.price is not None,
        "seller or landlord": not people.lacks(Role.SELLER, Role.LANDLORD),
        "buyer or tenant": not people.lacks(Role.BUYER, Role.TENANT),
    }
    found = [f"{what} is not given: {source}" for what, there in asked.items() if not there]
    found += [
        f"licence number of {agent.name} is not given: `dealwire agents import` brings it"
        for agent in drafted.agents
        if not agent.licence
    ]
    found += [
        f"licence number of the referring broker {line.payee} is not given: {source}"
        for line in drafted.lines
        if line.role == "Referring broker" and not line.licence
    ]
    if deal.details.earnest_money is not None and not deal.details.earnest_money_holder:
        found.append(f"holder of the earnest money is not given: {source}")
    return tuple(found) if not lease else tuple(text for text in found if not text.startswith("sale price"))


def _unit(unit: str | None) -> str | None:
    """`Unit 4`, however the source writes it: `4`, `#4` or `Unit 4`."""
    if not unit:
        return None
    return unit if unit[0].isalpha() and " " in unit else f"Unit {unit.removeprefix('#').strip()}"

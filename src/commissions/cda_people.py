"""The people of a deal as its CDA names them: closing agent, parties, our agents, and whoever else is paid."""

from __future__ import annotations

import re
from collections.abc import Mapping

from commissions.disbursing import PayeeKind, Payout
from domain.commission.account import Account
from domain.commission.calculation import Calculation, Code, Stage
from domain.commission.cda import CdaLine, CdaParty
from domain.deal import Contact, Deal
from domain.terms import ReferralDirection, Role

#: Who closes, the likeliest first: an attorney only where neither title nor escrow is on the deal.
_CLOSING_AGENTS = (Role.TITLE, Role.ESCROW, Role.ATTORNEY)

#: Who stands among the parties, in this order.
_PARTIES = (
    Role.SELLER,
    Role.BUYER,
    Role.LANDLORD,
    Role.TENANT,
    Role.LISTING_AGENT,
    Role.BUYERS_AGENT,
    Role.REFERRING_AGENT,
)

_CALLED = {
    Role.TITLE: "title company",
    Role.ESCROW: "escrow company",
    Role.ATTORNEY: "closing attorney",
    Role.LISTING_AGENT: "listing broker",
    Role.BUYERS_AGENT: "buyer's broker",
    Role.REFERRING_AGENT: "referring broker",
}

#: Names in plans and deals that mean somebody who stands on the deal by role.
_MEANT = {
    "client": (Role.BUYER, Role.SELLER, Role.TENANT, Role.LANDLORD),
    "referring_broker": (Role.REFERRING_AGENT,),
    "referral_broker": (Role.REFERRING_AGENT,),
    "transaction_coordinator": (Role.COORDINATOR,),
    "tc": (Role.COORDINATOR,),
} | {role.value: (role,) for role in Role}

_PAID_AS = {
    Code.REFERRAL: "Referring broker",
    Code.REBATE: "Credit to client",
    Code.FEE: "Third party",
    Code.TEAM: "Agent",
    Code.BONUS: "Third party",
}


class People:
    """Looks people of one deal up by role and by the names that calculations use."""

    def __init__(self, deal: Deal, contacts: Mapping[str, Contact], accounts: Mapping[str, Account]) -> None:
        """Take the deal with its contacts (by our id of them) and the commission accounts of its agents."""
        self._deal = deal
        self._accounts = accounts
        self._by_role: dict[Role, list[CdaParty]] = {}
        for place in deal.participants:
            contact = contacts.get(place.contact_id)
            if contact is not None:
                self._by_role.setdefault(place.role, []).append(_party(place.role, contact))

    def closing_agent(self) -> CdaParty | None:
        """Who closes; None if the deal does not say."""
        return next((found[0] for role in _CLOSING_AGENTS if (found := self._by_role.get(role))), None)

    def parties(self) -> tuple[CdaParty, ...]:
        """Sellers and buyers, then the other brokers."""
        return tuple(party for role in _PARTIES for party in self._by_role.get(role, ()))

    def lacks(self, *roles: Role) -> bool:
        """Whether nobody stands on the deal by one of these roles."""
        return not any(self._by_role.get(role) for role in roles)

    def agents(self, calculation: Calculation) -> tuple[CdaParty, ...]:
        """Our agents with a part of the commission, each with the sides that they worked."""
        sides: dict[str, list[str]] = {}
        for line in calculation.lines:
            if line.stage is Stage.ALLOCATE and line.agent:
                sides.setdefault(line.agent, []).append(side_of(line.side))
        return tuple(self.agent(agent, " and ".join(dict.fromkeys(worked))) for agent, worked in sides.items())

    def agent(self, agent: str, role: str = "agent") -> CdaParty:
        """One of our agents, by the id that calculations use: named by the account, else by the deal."""
        account = self._accounts.get(agent)
        share = next((share for share in self._deal.agents if share.crm_contact_id == agent), None)
        name = (account.name if account else "") or (share.name if share else "") or agent
        licence = (account.licence if account else "") or (share.licence if share else "")
        return CdaParty(role=role, name=name, licence=licence)

    def line(self, payout: Payout, brokerage: CdaParty) -> CdaLine:
        """A line of the CDA with the payee's own name."""
        if payout.kind is PayeeKind.BROKERAGE:
            payee, role = brokerage, "Brokerage"
        elif payout.kind is PayeeKind.AGENT:
            payee, role = self.agent(payout.party), "Agent"
        else:
            payee, role = self._third_party(payout), _PAID_AS.get(payout.code, "Third party")
        memo = "; ".join(payout.titles)
        if payout.rest.cents:
            memo = f"{memo}; balance from brokerage".removeprefix("; ")
        return CdaLine(payee=payee.name, role=role, licence=payee.licence, memo=memo, amount=payout.amount)

    def _third_party(self, payout: Payout) -> CdaParty:
        if payout.party in self._accounts:
            return self.agent(payout.party)
        found = [party for role in _MEANT.get(payout.party, ()) for party in self._by_role.get(role, ())]
        if payout.code is Code.REFERRAL:
            return self._referring_broker(payout.party, found)
        if found:
            return _together(found)
        return next(
            (party for party in self._everybody() if payout.party in (party.name, party.company)), _literal(payout)
        )

    def _referring_broker(self, party: str, found: list[CdaParty]) -> CdaParty:
        """A referral is paid to the referring *broker*: to the company where one is known, never to its agent."""
        referral = self._deal.details.referral
        outgoing = referral.direction in (None, ReferralDirection.OUTGOING)
        company = (referral.company or "") if outgoing and party in _MEANT else ""
        known = found or self._by_role.get(Role.REFERRING_AGENT, [])
        match = next((one for one in known if party in _MEANT or party in (one.name, one.company)), None)
        name = company or (match.company or match.name if match else _words(party))
        return CdaParty(role="referring broker", name=name, licence=match.licence if match else "")

    def _everybody(self) -> list[CdaParty]:
        return [party for parties in self._by_role.values() for party in parties]


def side_of(label: str) -> str:
    """The kind of a side from its label in lines: `0 listing` is `listing`."""
    return label.partition(" ")[2] or label


def _party(role: Role, contact: Contact) -> CdaParty:
    values = contact.values
    person = values.get("name") or " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    company = values.get("company") or ""
    reach = " · ".join(filter(None, (phone_told(values.get("phone")), values.get("email"))))
    return CdaParty(
        role=_CALLED.get(role, role.value.replace("_", " ")),
        name=person or company or "name not given",
        company=company if person else "",
        licence=values.get("licence") or "",
        contact=reach,
    )


def _together(parties: list[CdaParty]) -> CdaParty:
    name = " and ".join(dict.fromkeys(party.name for party in parties))
    return parties[0].model_copy(update={"name": name})


def _literal(payout: Payout) -> CdaParty:
    return CdaParty(role="", name=_words(payout.party))


def _words(party: str) -> str:
    """A name as it stands; a plan's own word such as `franchise_fund` in plain letters."""
    return party.replace("_", " ").capitalize() if party.replace("_", "").islower() and " " not in party else party


def phone_told(phone: str | None) -> str | None:
    """A number as people in North America write it: `+14065550166;ext=12` as `(406) 555-0166 ext. 12`."""
    match = _NORTH_AMERICAN.fullmatch(phone or "")
    if match is None:
        return phone
    extension = f" ext. {match['extension']}" if match["extension"] else ""
    return f"({match['area']}) {match['exchange']}-{match['line']}{extension}"


_NORTH_AMERICAN = re.compile(
    r"\+1(?P<area>[2-9][0-9]{2})(?P<exchange>[0-9]{3})(?P<line>[0-9]{4})(?:;ext=(?P<extension>[0-9]{1,8}))?"
)

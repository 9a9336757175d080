"""A brokerage with a backlog: deals of three agents and six people each, and what changes of them meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from bench.drain_store import LargeSyncStore
from domain.commission.settlement import CommissionRecord
from domain.crm.rows import Kind, RowKey
from domain.deal import AgentShare, Contact, Deal, DealDetails, DealRole, Property
from domain.money import Money
from domain.stages import Stage
from domain.terms import Role, Side

#: Of one deal.
AGENTS, PEOPLE = 3, 6
#: Rows of one deal: itself, its people, their links, its commission records.
ROWS = 1 + 2 * PEOPLE + AGENTS
#: Changes of each deal while it is delivered, and until when, in seconds. One in three changes a person as well.
CHANGES, CHANGING_S, OF_A_PERSON = 10, 60.0, 3

_ROLES = (Role.BUYER, Role.SELLER, Role.LENDER, Role.TITLE, Role.ATTORNEY, Role.INSPECTOR)
_FAMILIES = ("Nguyen", "O'Brien", "Smith", "Garcia", "Müller", "Kowalski", "Haddad", "Okafor", "Rossi", "Lindqvist")
_BROKERS = 60


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a webhook brings.

    Attributes:
        at: seconds after the beginning.
        deal: number of the deal.
        person: number of the person on it who is changed too; None: nobody.
    """

    at: float
    deal: int
    person: int | None


class Brokerage:
    """Puts records into a store, with their marks.

    Args:
        store: of the brokerage.
        now: the time.
        ring: told the rows that changed.
    """

    def __init__(self, store: LargeSyncStore, now: Callable[[], datetime], ring: Callable[[RowKey, int], None]) -> None:
        self.store = store
        self._now = now
        self._ring = ring

    def put_bundle(self, number: int) -> None:
        """A new deal with its people and commission records, and what the CRM is to hold of them."""
        deal = deal_of(number)
        for person in range(PEOPLE):
            self.put_contact(contact_of(number, person))
        self.put_deal(deal)
        for agent in deal.agents:
            self.put_commission(commission_of(deal, agent.crm_contact_id))
        links = {RowKey(Kind.LINK, deal.id, link.contact_id) for link in deal.participants}
        self.store.unsettled |= links

    def apply(self, change: Change) -> None:
        """A field of the deal, and of a person on it where the change says so."""
        deal = self.store.deals.deals[deal_id(change.deal)]
        details = deal.details.model_copy(update={"earnest_money": Money(Decimal(1000 + deal.version))})
        self.put_deal(replace(deal, version=deal.version + 1, details=details))
        if change.person is not None:
            held = self.store.deals.people[contact_id(change.deal, change.person)]
            values = {**held.values, "first_name": f"Pat {held.version}"}
            self.put_contact(Contact(held.id, held.version + 1, values))

    def put_deal(self, deal: Deal) -> None:
        """A deal as it is now."""
        self.store.deals.deals[deal.id] = deal
        self._owe(RowKey(Kind.DEAL, deal.id), deal.version)

    def put_contact(self, contact: Contact) -> None:
        """A person as they are now."""
        self.store.deals.people[contact.id] = contact
        self._owe(RowKey(Kind.CONTACT, contact.id), contact.version)

    def put_commission(self, record: CommissionRecord) -> None:
        """An agent's part as it is now."""
        self.store.commissions.record_rows[record.deal_id, record.account] = record
        self._owe(RowKey(Kind.COMMISSION, record.deal_id, record.account), record.number)

    def _owe(self, key: RowKey, version: int) -> None:
        marks = self.store.commissions.owed if key.kind is Kind.COMMISSION else self.store.deals.owed
        marks.set(key, version, self._now())
        self.store.unsettled.add(key)
        self._ring(key, version)


def changes(deals: int, chance: random.Random) -> Iterator[Change]:
    """All changes of so many deals, in their order."""
    drawn = [(chance.uniform(0, CHANGING_S), deal) for deal in range(deals) for _ in range(CHANGES)]
    for at, deal in sorted(drawn):
        yield Change(at, deal, chance.randrange(PEOPLE) if chance.randrange(OF_A_PERSON) == 0 else None)


def deal_id(number: int) -> str:
    """Our id of the deal."""
    return f"d{number:05d}"


def contact_id(number: int, person: int) -> str:
    """Our id of a person on the deal."""
    return f"c{number:05d}-{person}"


def agent_contacts() -> list[str]:
    """Ids of the agents' contacts, which are in the CRM before we are."""
    return [f"agent-{number}" for number in range(_BROKERS)]


def deal_of(number: int) -> Deal:
    """As it is first heard of: closed, so that it has commission records."""
    agents = tuple(
        AgentShare(
            source="transactions",
            agent_id=f"a{broker}",
            side=Side.LISTING,
            share=Fraction(1, AGENTS),
            name=f"Agent {broker}",
            licence=f"FA.{broker}",
            office="Missoula",
            crm_user_id=f"user-{broker}",
            crm_contact_id=f"agent-{broker}",
        )
        for broker in ((AGENTS * number + one) % _BROKERS for one in range(AGENTS))
    )
    details = DealDetails(
        stage=Stage.CLOSED,
        reference=f"R-{number}",
        property=Property(street=f"{number} Elm & Oak St", city="Missoula", state="MT"),
        sale_price=Money(Decimal(300_000 + number)),
        earnest_money=Money(Decimal(1000)),
        closing_date=date(2026, 2, 27),
    )
    roles = tuple(DealRole(contact_id(number, person), _ROLES[person]) for person in range(PEOPLE))
    deal = Deal(deal_id(number), "transactions", f"T-{number}", details=details, agents=agents, participants=roles)
    return replace(deal, version=1)


def contact_of(number: int, person: int) -> Contact:
    """Nobody whom the CRM knows: it is searched by address, and then by phone and name."""
    values = {
        "first_name": "Pat",
        "last_name": _FAMILIES[(number + person) % len(_FAMILIES)],
        "email": f"person.{number}.{person}@example.com",
        "phone": f"+1406{PEOPLE * number + person:07d}",
    }
    return Contact(contact_id(number, person), 1, values)


def commission_of(deal: Deal, account: str) -> CommissionRecord:
    """One agent's part."""
    money = Money(Decimal("3000.00"))
    return CommissionRecord(
        deal.id, account, f"Agent {account}", 1, date(2026, 2, 27), "listing", "plan@2026-01-01", money, money, money,
        money,
    )  # fmt: skip

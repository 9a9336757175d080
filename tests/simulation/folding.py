"""What the deals should be, by a fold of its own over the events that were sent.

It shares nothing with `src/`: it reads the payloads as the transaction system's documentation describes them, and
knows one rule, that of several events which carry a field the one with the greatest version says what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.simulation.stories import Event

_STAGES = {
    "Active": "active",
    "Under Contract": "under_contract",
    "Contingency Released": "contingency_released",
    "Closing Delayed": "closing_delayed",
    "Closed": "closed",
    "Fell Through": "fell_through",
    "Withdrawn": "withdrawn",
}
#: The payload's roles of people, in our words.
_ROLES = {"title_officer": "title"}
_PLAIN = ("reference", "office", "lead_source", "title_file_number")
_MONEY = ("list_price", "sale_price", "concessions")

#: Who somebody is: an id of the transaction system, or for people without one the deal, role and their own data.
PersonKey = tuple[str, ...]
#: Order of what was said: later beats earlier.
_When = tuple[float, str]


@dataclass(frozen=True)
class Share:
    """One of our agents on a deal."""

    agent: str
    share: Fraction


@dataclass
class ExpectedDeal:
    """A deal as it should be.

    Attributes:
        values: by our names; money as cents, None where it is cleared or was never said.
        past: every value that a field had in the order of versions, the current one included.
        people: who is on it now, with their roles.
        agents: ours who are on it now.
        agents_ever: ours who were ever on it.
        closed_ever: whether some event said Closed.
        changed_at: when the last event was sent that changes it.
    """

    id: str
    values: dict[str, Any] = field(default_factory=dict)
    past: dict[str, list[Any]] = field(default_factory=dict)
    people: dict[PersonKey, set[str]] = field(default_factory=dict)
    agents: tuple[Share, ...] = ()
    agents_ever: set[str] = field(default_factory=set)
    closed_ever: bool = False
    changed_at: float = 0.0

    @property
    def stage(self) -> str:
        """In our words."""
        return str(self.values.get("stage", ""))


@dataclass
class ExpectedPerson:
    """Somebody as they should be, over all deals.

    Attributes:
        values: `first_name`, `last_name`, `email`, `phone` (digits), each as said last.
        past: every value that was ever said.
        listed: whether the newest list of some deal names them.
    """

    key: PersonKey
    values: dict[str, str] = field(default_factory=dict)
    past: dict[str, set[str]] = field(default_factory=dict)
    listed: bool = False


@dataclass
class Expected:
    """What all of it should be."""

    deals: dict[str, ExpectedDeal]
    people: dict[PersonKey, ExpectedPerson]


def fold(events: Iterable[Event]) -> Expected:
    """What these events, in whatever order, say together."""
    by_deal: dict[str, list[Event]] = {}
    for event in events:
        if event.mappable:
            by_deal.setdefault(event.deal, []).append(event)
    said: dict[PersonKey, dict[str, tuple[_When, str]]] = {}
    people: dict[PersonKey, ExpectedPerson] = {}
    deals = {}
    for deal_id in sorted(by_deal):
        told = sorted(by_deal[deal_id], key=lambda event: (event.version, event.id))
        deals[deal_id] = _deal(deal_id, told)
        for event in told:
            _hear(event, said, people)
        for key in deals[deal_id].people:
            people[key].listed = True
    for key, values in said.items():
        people[key].values = {name: value for name, (_, value) in values.items()}
    return Expected(deals, people)


def _deal(deal_id: str, told: Sequence[Event]) -> ExpectedDeal:
    deal = ExpectedDeal(deal_id)
    for event in told:
        for name, value in _values(event.data).items():
            deal.values[name] = value
            deal.past.setdefault(name, []).append(value)
        deal.closed_ever |= event.data.get("status") == "Closed"
        if "participants" in event.data:
            ours = [one for one in event.data["participants"] if "agent_id" in one]
            deal.agents = tuple(Share(one["agent_id"], Fraction(one.get("share", "1"))) for one in ours)
            deal.agents_ever |= {share.agent for share in deal.agents}
            deal.people = {}
            for one in event.data["participants"]:
                if "agent_id" not in one:
                    deal.people.setdefault(person_key(deal_id, one), set()).add(_ROLES.get(one["role"], one["role"]))
        deal.changed_at = max(deal.changed_at, event.at)
    return deal


def _values(data: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: data[name] for name in _PLAIN if name in data}
    values |= {name: _cents(data[name]) for name in _MONEY if name in data}
    if "status" in data:
        values["stage"] = _STAGES[data["status"]]
    if "closing" in data.get("dates", {}):
        values["closing_date"] = data["dates"]["closing"]
    address = data.get("property", {}).get("address", {})
    values |= {f"property.{name}": value for name, value in address.items()}
    if "commission" in data:
        values["commission.percent"] = data["commission"]["percent"]
    return values


def _cents(amount: Any) -> int | None:
    return None if amount is None else int(Fraction(str(amount)) * 100)


def _hear(
    event: Event, said: dict[PersonKey, dict[str, tuple[_When, str]]], people: dict[PersonKey, ExpectedPerson]
) -> None:
    for entry in event.data.get("participants", ()):
        if "agent_id" in entry:
            continue
        key = person_key(event.deal, entry)
        person = people.setdefault(key, ExpectedPerson(key))
        values = said.setdefault(key, {})
        when: _When = (event.occurred, event.id)
        for name in ("first_name", "last_name", "email", "phone"):
            if name not in entry:
                continue
            value = _digits(entry[name]) if name == "phone" else entry[name]
            person.past.setdefault(name, set()).add(value)
            if name not in values or values[name][0] < when:
                values[name] = (when, value)


def person_key(deal_id: str, entry: Mapping[str, Any]) -> PersonKey:
    """Who this entry of a list is."""
    if "id" in entry:
        return ("id", entry["id"])
    who = entry.get("email") or f"{entry['first_name']} {entry['last_name']}"
    return (deal_id, entry["role"], who)


def _digits(phone: str) -> str:
    return "".join(filter(str.isdigit, phone))


def parts(deal: ExpectedDeal, company_percent: int) -> dict[str, tuple[int, int]]:
    """Agent to (commission of theirs, what is left to them) in cents; empty where nothing can be computed.

    Args:
        deal: as it should be.
        company_percent: what the plan of the simulation gives the company.
    """
    price, percent = deal.values.get("sale_price"), deal.values.get("commission.percent")
    if deal.stage != "closed" or not price or not percent or not deal.values.get("closing_date"):
        return {}
    side = Fraction(price) * Fraction(percent) / 100
    gross = {share.agent: side * share.share for share in deal.agents}
    return {agent: (int(part), int(part * (100 - company_percent) / 100)) for agent, part in gross.items()}

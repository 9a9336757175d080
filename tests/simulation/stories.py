"""What happens to the deals of one seed: each a story of events, as the transaction system would tell it.

Values come from small sets, so that a deal often returns to what it was: a worker that compares with the wrong
confirmation then writes nothing where it should.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from tests.simulation.faults import Tally
from tests.simulation.scheduler import EPOCH

#: Names that a CRM likes to damage.
LAST_NAMES = ("O'Brien", "Grant", "Nguyễn", "García Márquez", "Smith & Sons", "Lindqvist", "Meyer-Öz", "Becker")
FIRST_NAMES = ("Ana", "Tom", "Melissa", "Joan", "Kim", "Siobhán", "Robin", "Li")
LEAD_SOURCES = ("Past client", "Zillow", "Joe's <b>Realty</b>", "Open house 🏡", "Sphere & friends", "x" * 180)
OFFICES = ("Missoula", "Missoula Downtown", 'The "Blue" office')
OPEN_STATUSES = ("Active", "Under Contract", "Contingency Released", "Closing Delayed")
#: Roles of people without an id: each role holds one person, so that a newcomer in it is a correction or a newcomer.
NAMELESS_ROLES = ("lender", "title_officer", "inspector", "attorney")
NAMED_ROLES = ("buyer", "seller", "tenant", "coordinator")
SPLITS = (("1",), ("1/2", "1/2"), ("2/3", "1/3"), ("1/3", "1/3", "1/3"))

#: Divisible by 3 and by 1000, so that every part of a commission is a whole cent.
PRICES = (300_000, 330_000, 360_000, 450_000)


@dataclass(frozen=True)
class Person:
    """Somebody outside of the brokerage.

    Attributes:
        source_id: the transaction system's id; None for people it has no id of.
        phones: that events give, now the one, now the other.
        email: never changes; empty if there is none. Couples share one.
    """

    source_id: str | None
    first_name: str
    last_name: str
    email: str
    phones: tuple[str, ...]
    role: str


@dataclass(frozen=True)
class Event:
    """One event as the transaction system sends it.

    Attributes:
        at: true seconds at which it is sent first.
        again: when the same event is sent once more.
        mappable: False: it is signed and well formed, and can never be applied.
    """

    id: str
    type: str
    deal: str
    version: int
    occurred: float
    data: dict[str, Any]
    at: float
    again: tuple[float, ...] = ()
    mappable: bool = True

    @property
    def body(self) -> bytes:
        """The bytes that are signed."""
        occurred = (EPOCH + timedelta(seconds=self.occurred)).isoformat()
        document = {"id": self.id, "type": self.type, "occurred_at": occurred}
        data = {"id": self.deal, "version": self.version, **self.data}
        return json.dumps({**document, "data": data}, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass
class Deal:
    """A deal as it is told, version by version."""

    id: str
    cast: list[Person]
    version: int = 0
    occurred: float = 0.0
    status: str = "Active"
    was_over: bool = False
    was_closed: bool = False
    events: list[Event] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)


class Teller:
    """Makes up the deals of one seed."""

    def __init__(self, chance: random.Random, tally: Tally, agents: Sequence[str], people: Sequence[Person]) -> None:
        self.chance = chance
        self.tally = tally
        self.agents = agents
        self.people = people

    def deal(self, number: int, length: int, start: float, span: float) -> list[Event]:
        """A deal's events in the order of their arrival, within that span of seconds."""
        chance = self.chance
        named = chance.sample(list(self.people), k=min(len(self.people), chance.randint(1, 2)))
        deal = Deal(f"TX-{number}", cast=[*named, *self._nameless(number)], occurred=start)
        self._created(deal)
        while deal.version < length:
            chance.choice((self._updated, self._updated, self._updated, self._moved, self._people, self._closed))(deal)
        if chance.random() < 0.6 and deal.status != "Closed":
            self._closed(deal)
        if chance.random() < 0.15:
            self._unmappable(deal)
        return self._arrive(deal.events, start, span)

    def _nameless(self, number: int) -> list[Person]:
        roles = self.chance.sample(NAMELESS_ROLES, k=self.chance.randint(0, 2))
        return [_person(self.chance, None, f"{role}-{number}", role) for role in roles]

    def _add(self, deal: Deal, kind: str, data: dict[str, Any], *, mappable: bool = True) -> None:
        deal.version += 1
        deal.occurred += 1.0 + self.chance.random()
        name = f"evt-{deal.id}-{deal.version}"
        deal.events.append(Event(name, kind, deal.id, deal.version, deal.occurred, data, 0.0, mappable=mappable))

    # -------------------------------------------------------------------------------------------------- kinds of events

    def _created(self, deal: Deal) -> None:
        address = {"street": f"{deal.id[3:]} Example Ridge Road", "city": "Missoula", "state": "MT", "zip": "59803"}
        data = {
            "status": "Active",
            "reference": f"REF-{deal.id}",
            "type": "Sale",
            "represented_side": "listing",
            "property": {"address": address},
            "commission": {"percent": "3"},
            "list_price": self.chance.choice(PRICES),
            "participants": self._list(deal),
        }
        self._add(deal, "deal.created", data)

    def _updated(self, deal: Deal) -> None:
        chance = self.chance
        whole: dict[str, Any] = {
            "sale_price": chance.choice(PRICES),
            "list_price": chance.choice(PRICES),
            "lead_source": chance.choice(LEAD_SOURCES),
            "office": chance.choice(OFFICES),
            "concessions": chance.choice(("0", "2500.00", None)),
            "title_file_number": chance.choice(("F-1", "F-2", None)),
        }
        data = {name: whole[name] for name in chance.sample(sorted(whole), k=chance.randint(1, 3))}
        for name, value in data.items():
            if deal.values.get(name, value) != value:
                self.tally.add("deal", "taken_back") if value in deal.values.get(f"{name}*", ()) else None
            deal.values.setdefault(f"{name}*", []).append(value)
            deal.values[name] = value
        if chance.random() < 0.3:
            data["dates"] = {"closing": f"2026-0{chance.randint(4, 6)}-1{chance.randint(0, 3)}"}
        if chance.random() < 0.2:
            data |= {"participants": self._list(deal), "represented_side": "listing"}
        self._add(deal, "deal.updated", data)

    def _moved(self, deal: Deal) -> None:
        over = self.chance.random() < 0.25
        status = self.chance.choice(("Fell Through", "Withdrawn") if over else OPEN_STATUSES)
        if over:
            self.tally.add("deal", "fell_through")
        elif deal.status in ("Fell Through", "Withdrawn"):
            self.tally.add("deal", "reinstated")
        if deal.status == "Closed":
            self.tally.add("deal", "rescinded")
        deal.status = status
        self._add(deal, "deal.status_changed", {"status": status, "status_reason": "as told"})

    def _people(self, deal: Deal) -> None:
        self.tally.add("deal", "people_changed")
        self._add(deal, "deal.participants_changed", {"participants": self._list(deal), "represented_side": "listing"})

    def _closed(self, deal: Deal) -> None:
        data = {
            "status": "Closed",
            "sale_price": self.chance.choice(PRICES),
            "dates": {"closing": f"2026-0{self.chance.randint(4, 6)}-1{self.chance.randint(0, 3)}"},
        }
        if self.chance.random() < 0.5:
            data |= {"participants": self._list(deal), "represented_side": "listing"}
        deal.status = "Closed"
        self._add(deal, "deal.closed", data)

    def _unmappable(self, deal: Deal) -> None:
        self.tally.add("event", "unmappable")
        self._add(deal, "deal.status_changed", {"status": "No such status"}, mappable=False)

    # -------------------------------------------------------------------------------------------------- who is listed

    def _list(self, deal: Deal) -> list[dict[str, Any]]:
        chance = self.chance
        shares = chance.choice(SPLITS[: len(self.agents)])
        agents = chance.sample(list(self.agents), k=len(shares))
        if deal.values.setdefault("agents", agents) != agents:
            self.tally.add("deal", "agents_changed")
        deal.values["agents"] = agents
        listed: list[dict[str, Any]] = [
            {"id": f"P-{one}", "role": "listing_agent" if not i else "co_listing_agent", "agent_id": one, "name": one}
            | ({"share": share} if len(shares) > 1 else {})
            for i, (one, share) in enumerate(zip(agents, shares, strict=True))
        ]
        present = [person for person in deal.cast if chance.random() < 0.8] or deal.cast[:1]
        return listed + [self._entry(person) for person in present]

    def _entry(self, person: Person) -> dict[str, Any]:
        entry: dict[str, Any] = {"role": person.role, "first_name": person.first_name, "last_name": person.last_name}
        if person.source_id is not None:
            entry["id"] = person.source_id
        if person.email:
            entry["email"] = person.email
        if person.phones:
            entry["phone"] = self.chance.choice(person.phones)
        return entry

    # ------------------------------------------------------------------------------------------------------- arrivals

    def _arrive(self, events: list[Event], start: float, span: float) -> list[Event]:
        chance = self.chance
        times = sorted(start + span * chance.random() for _ in events)
        if chance.random() < 0.5:  # several changes within seconds: what a queue coalesces, and a bell's id drops
            times = [start + (at - start) * 0.05 for at in times]
        arrived = [
            Event(**{**vars(event), "at": at, "again": self._again(at)})
            for event, at in zip(self._shuffled(events), times, strict=True)
        ]
        return sorted(arrived, key=lambda event: (event.at, event.version))

    def _shuffled(self, events: list[Event]) -> list[Event]:
        """Some overtake others, none by more than a few places."""
        if self.chance.random() < 0.4:
            return events
        order = sorted(range(len(events)), key=lambda place: place + self.chance.random() * 3.0)
        self.tally.add("event", "out_of_order", sum(a > b for a, b in pairwise(order)))
        return [events[place] for place in order]

    def _again(self, at: float) -> tuple[float, ...]:
        if self.chance.random() >= 0.15:
            return ()
        self.tally.add("event", "doubled")
        return (at + self.chance.choice((0.01, 5.0, 400.0)) * self.chance.random(),)


def cast_of(chance: random.Random, count: int) -> list[Person]:
    """People with an id, who may stand on several deals."""
    cast = [_person(chance, f"P-{n}", f"p{n}", chance.choice(NAMED_ROLES)) for n in range(1, count + 1)]
    if len(cast) > 1 and cast[0].email and chance.random() < 0.3:
        cast[1] = replace(cast[1], email=cast[0].email)
    return cast


def couple_of(people: Sequence[Person]) -> set[Person]:
    """Those who share an address."""
    held = Counter(person.email for person in people if person.email)
    return {person for person in people if held[person.email] > 1}


def _person(chance: random.Random, source_id: str | None, name: str, role: str) -> Person:
    email = f"{name}@example.com" if chance.random() < 0.8 else ""
    digits = 1000 + sum(map(ord, name)) * 7 % 8000
    # Whoever has neither id nor address is known by the phone: another one would be another person.
    count = 2 if source_id or email else 1
    phones = tuple(f"+1 406 555 {(digits + n) % 10000:04d}" for n in range(count)) if chance.random() < 0.7 else ()
    # Who has neither is told apart by name alone.
    last = f"{chance.choice(LAST_NAMES)} {name}"
    return Person(source_id, chance.choice(FIRST_NAMES), last, email, phones, role)

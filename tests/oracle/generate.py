"""Random deals of a random brokerage, as plain data: what deal files and plan files hold.

A *world* is a handful of agents with plans; it closes a few deals, so that plans need not be read for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.oracle.chance import Chance
from tests.oracle.generate_plans import House, house, plan
from tests.oracle.generate_sides import side
from tests.oracle.generate_terms import charges, deal_terms, deduction, term

Data = dict[str, Any]
COUNTS = {"units", "deal_count"}


@dataclass(frozen=True)
class Case:
    """A deal to compute.

    Attributes:
        seed: of its world; `place`: in it.
        deal: as a deal file.
        plans: agent to plan, as a plan file; agents of one plan share the object.
    """

    seed: int
    place: int
    deal: Data
    plans: dict[str, Data]


def cases(seed: int, count: int = 5) -> Iterator[Case]:
    """The deals of one world."""
    chance = Chance(seed)
    own = house(chance)
    rows = [plan(chance, own, f"plan-{letter}") for letter in "abc"[: chance.whole(1, 3)]]
    members = chance.whole(0, 6)
    names = ("ann", "bob", "cid", "dee", "lea", "ron")
    same = chance.maybe(0.5)
    plans = {name: rows[0] if same else chance.one(rows) for name in names}
    people = {name: _person(chance, name, members, plans[name]) for name in names}
    for place in range(count):
        yield Case(seed, place, _deal(chance, own, people, plans, f"deal-{seed}-{place}"), plans)


def case(seed: int, place: int) -> Case:
    """One of them again."""
    return list(cases(seed, place + 1))[place]


def _person(chance: Chance, name: str, members: int, own: Data) -> Data:
    """An agent as plans need to know them; leads and referred agents follow nobody."""
    led = name not in {"lea", "ron"}
    body: Data = {"agent": name, "name": name.title(), "licence": f"L-{name}", "licence_expires": "2039-12-31"}
    body["anniversary"] = "2016-02-29" if chance.maybe(0.12) else _day(chance, 2015, 2023).isoformat()
    body["anniversaries"] = {"royalty": _day(chance, 2015, 2023).isoformat()}
    body |= {"team": "south" if name == "ron" else "north", "team_members": members}
    body["shared_cap"] = "pair" if led else name
    body["tax_registered"] = chance.maybe(0.6)
    body["flags"] = chance.some(("new", "elite"), 2)
    for role, who, likely in (("lead", "lea", 0.7), ("mentor", "moe", 0.6), ("recruiter", "rex", 0.7)):
        if led and chance.maybe(likely):
            body[role] = who
    if chance.maybe(0.12):
        body["deductions"] = [deduction(chance, "own_debt")]
    if chance.maybe(0.12):
        body["terms"] = [term(chance, [own], None)]
    return body


def _day(chance: Chance, first: int, last: int) -> date:
    return date(first, 1, 1) + timedelta(days=chance.whole(0, (last - first + 1) * 365))


def _deal(chance: Chance, own: House, people: dict[str, Data], plans: dict[str, Data], name: str) -> Data:
    closing = _day(chance, 2024, 2027)
    if chance.maybe(0.08):
        closing = chance.one(
            (date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1), date(2024, 3, 1), date(2026, 2, 28))
        )
    people = {name: person | {"joined": _joined(chance, closing)} for name, person in people.items()}
    kind = chance.one(("sale",) * 7 + ("lease", "referral"))
    price = chance.whole(1_200, 40_000) if kind == "lease" else chance.whole(60_000, 1_500_000)
    deal: Data = {
        "deal": name,
        "number": name[-1],
        "type": kind,
        "currency": own.currency,
        "price": _odd(chance, price),
    }
    deal |= {"state": chance.one(("ON", "BC", "CO", "TX")), "closing_date": closing.isoformat()}
    deal["property_type"] = chance.one(("single_family", "condo", "land", "commercial"))
    deal["contract_date"] = (closing - timedelta(days=chance.whole(0, 90))).isoformat()
    deal["funded_date"] = (closing + timedelta(days=chance.whole(0, 40))).isoformat()
    if chance.maybe(0.3):
        deal["concessions"] = chance.money(1, price // 20)
    deal["flags"] = chance.some(("personal", "rush"), 2)
    deal["sides"] = _sides(chance, kind, people)
    who = list(dict.fromkeys(agent["agent"] for row in deal["sides"] for agent in row["agents"]))
    deal["charges"] = charges(chance, deal, who)
    deal["terms"] = deal_terms(chance, [plans[agent] for agent in who], who)
    deal["others"] = [people["lea"], people["ron"]]
    deal["opening"] = _opening(chance, {name: people[name] for name in [*who, "lea", "ron"]}, plans)
    return deal


def _joined(chance: Chance, closing: date) -> str:
    """Mostly in the last year: what is prorated is the first one."""
    return (closing - timedelta(days=chance.whole(0, 400) if chance.maybe(0.7) else 2_000)).isoformat()


def _odd(chance: Chance, price: int) -> str | int:
    kind = chance.whole(1, 3)
    if kind == 1:
        return max(price // 1_000 * 1_000, 1_000)
    return price if kind == 2 else f"{price}.{chance.whole(0, 99):02d}"


def _sides(chance: Chance, kind: str, people: dict[str, Data]) -> list[Data]:
    names = chance.shuffled(["ann", "bob", "cid", "dee"])
    if chance.maybe(0.1):
        names = chance.shuffled([*names[:3], "lea"])
    count = chance.one((1, 1, 1, 1, 2, 2, 3, 4))
    if kind == "referral":
        return [side(chance, "referral", [people[name] for name in names[:count]])]
    if chance.maybe(0.2):
        one, two = names[:2] if count > 2 else names[:1], names[2:]
        if chance.maybe(0.5):
            two = [names[0], *names[2:3]]
        sides = [side(chance, "listing", [people[name] for name in one])]
        return [*sides, side(chance, "buying", [people[name] for name in two])]
    what = chance.one(("listing", "listing", "buying", "buying", "both"))
    return [side(chance, what, [people[name] for name in names[:count]])]


def _opening(chance: Chance, people: dict[str, Data], plans: dict[str, Data]) -> Data:
    """Counters before this deal: none, some, just short of the cap, at it, beyond it."""
    opening: Data = {}
    for name, person in people.items():
        for counter, body in plans[name]["counters"].items():
            owner = {"team": f"team:{person['team']}", "shared": f"shared:{person['shared_cap']}"}.get(
                body.get("per", "agent"), name
            )
            if chance.maybe(0.7):
                opening.setdefault(owner, {})[counter] = _value(chance, counter, body.get("cap"))
    return opening


def _value(chance: Chance, counter: str, cap: Any) -> str | int:
    high = 8 if counter in COUNTS else 1_500_000 if counter == "volume" else 60_000
    if cap is None:
        return chance.whole(0, high)
    whole = int(float(cap))
    if chance.maybe(0.25):
        return str(cap)
    if chance.maybe(0.5) and counter not in COUNTS:
        return f"{whole - chance.whole(1, min(whole, 900))}.{chance.whole(0, 99):02d}"
    return chance.whole(0, whole + whole // 5 + 1)

"""What the naive implementation writes into: lines, counters, and what it saw happen on the way."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle.figures import cents, rounded
from tests.oracle.years import cap, cap_day, period

Data = dict[str, Any]
Key = tuple[str, str, str]


class Refused(Exception):
    """The deal cannot be computed."""


@dataclass(eq=False)
class Part:
    """What one agent gets of one side, on its way through the stages.

    Attributes:
        amount: of it; `left`: what is left of it now; `bonus`: what of it was a bonus; `gross`: the side's.
        weight: the exact share of the commission, before it was rounded; `share`: of the side.
        first: the agent's first part of this deal.
        rules: what each rule came to.
        deltas: by how much the part moves gci, volume, units and deal_count; `starts`: counters before it did.
        passed_on: what went on to a lead's or referred agent's part after the split.
        only_mine: off-the-top rules that are taken of this part alone.
        stands_for_all: while they are: the whole of it.
    """

    agent: Data
    plan: Data
    side: Data
    number: int
    amount: int
    role: str = "agent"
    weight: Fraction = Fraction(0)
    share: Fraction = Fraction(0)
    gross: int = 0
    gross_left: int = 0
    bonus: int = 0
    left: int = 0
    first: bool = True
    company_dollar: int = 0
    after_split: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    deltas: dict[str, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    only_mine: list[Data] = field(default_factory=list)
    fees: list[int] = field(default_factory=list)
    was_split: bool = False
    passed_on: int = 0
    stands_for_all: int | None = None
    keys: dict[str, Key] = field(default_factory=dict)


@dataclass
class Books:
    """One deal being computed.

    Attributes:
        payees: what each party received, less what it paid on.
        codes: the sum of the lines of each code.
        values: counters as they stand.
        everyone: the parts of all co-agents, in the order of the deal.
        seen: what happened, for the count of features.
    """

    deal: Data
    plans: dict[str, Data]
    policy: str
    payees: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    codes: Counter[str] = field(default_factory=Counter)
    values: dict[Key, int] = field(default_factory=dict)
    owed: Counter[tuple[str, str]] = field(default_factory=Counter)
    everyone: list[Part] = field(default_factory=list)
    done: list[Part] = field(default_factory=list)
    grosses: list[int] = field(default_factory=list)
    started: set[str] = field(default_factory=set)
    charged: set[tuple[str, str]] = field(default_factory=set)
    legs: list[tuple[str, int]] = field(default_factory=list)
    source_lines: list[int] = field(default_factory=list)
    top_lines: list[tuple[Data, int]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    gross: int = 0

    def round(self, raw: Fraction | int) -> int:
        """To the cent, by the policy of the plans."""
        return rounded(Fraction(raw), self.policy)

    def pay(self, code: str, payer: str, payee: str, amount: int) -> None:
        """One line; `outside` only tells; the `outside world` pays tax on top."""
        if amount == 0:
            return
        self.codes[code] += amount
        if payer == "outside":
            return
        if payer not in {"gross", "outside world"}:
            self.payees[payer] -= amount
        self.payees[payee] += amount

    def receive(self, code: str, amount: int) -> None:
        """Somebody pays into the gross."""
        if amount:
            self.codes[code] += amount
            self.source_lines.append(amount)
            self.gross += amount

    def person(self, agent: str) -> Data | None:
        """An agent whom the deal names."""
        known = [row for side in self.deal["sides"] for row in side["agents"]] + self.deal.get("others", [])
        return next((row for row in known if row["agent"] == agent), None)

    # counters

    def key(self, part: Part, name: str) -> Key:
        """Owner, counter and year."""
        if name not in part.keys:
            part.keys[name] = self._key(part, name)
        return part.keys[name]

    def _key(self, part: Part, name: str) -> Key:
        counter = part.plan["counters"][name]
        per = counter.get("per", "agent")
        owner = part.agent["agent"]
        if per == "team":
            owner = f"team:{part.agent['team']}"
        if per == "shared":
            owner = f"shared:{part.agent['shared_cap']}"
        return (owner, name, period(counter, part.agent, self.day(part)))

    def day(self, part: Part) -> date:
        """The day that decides the year."""
        return cap_day(part.plan, self.deal)

    def before(self, part: Part, name: str) -> int:
        """A counter before this deal."""
        owner = self.key(part, name)[0]
        return cents(self.deal.get("opening", {}).get(owner, {}).get(name, 0))

    def now(self, part: Part, name: str) -> int:
        """A counter at this point."""
        return self.values.get(self.key(part, name), self.before(part, name))

    def move(self, part: Part, name: str, delta: int) -> None:
        """Add to it."""
        self.values[self.key(part, name)] = self.now(part, name) + delta

    def cap(self, part: Part, name: str) -> int | None:
        """The cap of a counter for this agent; a term may say otherwise."""
        for term in self.terms(part):
            if name in term.get("cap", {}):
                self.seen.add("term_cap")
                return cents(term["cap"][name])
        return cap(part.plan["counters"][name], part.agent, self.day(part))

    def room(self, part: Part, name: str) -> int | None:
        """What is left under the cap; None: there is no cap."""
        limit = self.cap(part, name)
        return None if limit is None else max(0, limit - self.now(part, name))

    def terms(self, part: Part) -> list[Data]:
        """The exceptions that hold for this agent: the deal's in any case, then their own by the day."""
        closing = str(self.deal["closing_date"])
        held = [term for term in self.deal.get("terms", []) if term.get("agent") in {None, part.agent["agent"]}]
        for term in part.agent.get("terms", []):
            if str(term["agreed"]) <= closing <= str(term.get("until") or closing):
                held.append(term)
            else:
                self.seen.add("term_not_in_force")
        return held

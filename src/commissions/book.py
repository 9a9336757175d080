"""The book of one computation: lines of double entry, what everybody has, and the counters as they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypedDict, Unpack

from commissions.rounding import to_cents
from domain.commission.calculation import GROSS, CounterKey, Line, Movement, Receivable, Stage
from domain.commission.calculation import Code as LineCode
from domain.commission.charges import Charge
from domain.commission.closing import Closing, DealAgent, DealCharge, DealSide, Term
from domain.commission.plan import Counter, Plan
from domain.money import Money


@dataclass(slots=True)
class Running:
    """A counter in this computation: its value before the deal, and by how much the deal has moved it so far."""

    before: int
    moved: int = 0


@dataclass(slots=True)
class CounterOf:
    """A counter of an agent's plan: whose it is in which year, and its cap in hundredths (None: it only counts).

    What it has come to is shared with the plans of others that move the same counter.
    """

    key: CounterKey
    counter: Counter
    cap: int | None
    running: Running = field(default_factory=lambda: Running(0))


@dataclass(slots=True)
class Side:
    """A side on its way: what it has, what is left of it, and the amounts of its rules by name."""

    index: int
    side: DealSide
    gross: int = 0
    bonus: int = 0
    left: int = 0
    amounts: dict[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How lines name it."""
        return f"{self.index} {self.side.side}"

    @property
    def sides(self) -> int:
        """How many sides of a deal it covers."""
        return 2 if self.side.side == "both" else 1


@dataclass(slots=True)
class Part:
    """An agent's part of a side on its way through the agent's plan.

    Attributes:
        agent: whose.
        plan: theirs.
        side: of it.
        counters: of the plan, by name.
        terms: the exceptions that hold for this agent.
        role: `agent` for co-agents; `lead` or `referred` for parts that another part made; `gross` for the side itself,
            before it is shared.
        first: the first part of this agent in the deal.
        chain: whose plans were applied one after another to come to this part, the agent's own last.
        weight: the exact part of the commission, to share charges of the deal by.
        of_price: the exact part of the price that goes with it.
        amount: in cents, less what was off the top of it; `bonus` of it are bonuses.
        allocated: the same, before anything was taken off the top of it.
        left: what is left of it at this point.
        company_dollar: what the company got by the split.
        after_split: what was left after the split.
        amounts: of its rules, by name.
        starts: counters that move by themselves: their values before this part.
        moved: the same: by how much this part moves them.
        passed_on: what rules after the split passed on to agents whose own plan is applied to it.
        charges: the deal's own charges for this agent.
    """

    agent: DealAgent
    plan: Plan
    side: Side
    counters: dict[str, CounterOf]
    terms: tuple[Term, ...] = ()
    role: str = "agent"
    first: bool = True
    chain: tuple[str, ...] = ()
    weight: Fraction = Fraction(0)
    of_price: Fraction = Fraction(0)
    amount: int = 0
    allocated: int = 0
    bonus: int = 0
    left: int = 0
    company_dollar: int = 0
    after_split: int | None = None
    passed_on: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    charges: tuple[DealCharge, ...] = ()

    def party(self, name: str) -> str:
        """Who a name in the plan means for this agent; empty where the agent has nobody of that role."""
        if name == "agent":
            return self.agent.agent
        if name in ("lead", "mentor", "recruiter"):
            return getattr(self.agent, name) or ""
        return name.removeprefix("agent:")


class Told(TypedDict, total=False):
    """What a line tells beside its money; each as in `Book.post`."""

    rule: str
    title: str
    pay_at: str
    raw: Fraction | int
    of: str
    basis: int | None
    rate: Fraction | None
    limit: str
    moves: Sequence[tuple[CounterOf, int]]
    term: str
    memo: bool


class Book:
    """Lines, balances and counters of one computation."""

    def __init__(self, closing: Closing, rounding: str) -> None:
        """Begin with nothing paid and the counters unopened."""
        self.closing = closing
        self.rounding = rounding
        self.lines: list[Line] = []
        self.paid_in = 0
        self.balances: dict[str, int] = {}
        self._running: dict[CounterKey, Running] = {}
        self.caps: dict[CounterKey, int] = {}
        self.receivables: list[Receivable] = []

    def open(self, counter: CounterOf) -> None:
        """Take up a counter with its value before this deal."""
        key = counter.key
        running = self._running.get(key)
        if running is None:
            running = Running(self.closing.opening.get(key.owner, {}).get(key.counter, 0))
            self._running[key] = running
        counter.running = running
        if counter.cap is not None:
            self.caps[key] = counter.cap

    @property
    def opening(self) -> dict[CounterKey, int]:
        """The counters before this deal."""
        return {key: running.before for key, running in self._running.items()}

    @property
    def movements(self) -> dict[CounterKey, int]:
        """By how much each was moved so far."""
        return {key: running.moved for key, running in self._running.items()}

    def before(self, counter: CounterOf) -> int:
        """The counter before this deal."""
        return counter.running.before

    def now(self, counter: CounterOf) -> int:
        """The counter at this point."""
        return counter.running.before + counter.running.moved

    def room(self, counter: CounterOf) -> int | None:
        """What is left of its cap at this point; None without a cap."""
        return None if counter.cap is None else max(0, counter.cap - self.now(counter))

    def check_clipped(self, counter: CounterOf, moved: int) -> None:
        """A line that a cap cuts has just moved its counter: it is at the cap at most, or where it was.

        Raises:
            ArithmeticError: it went over, which is a bug.
        """
        now = self.now(counter)
        if counter.cap is not None and now > max(counter.cap, now - moved):
            raise ArithmeticError(
                f"{self.closing.deal}: a line took {counter.key} to {now}, over its cap {counter.cap}"
            )

    def rounded(self, raw: Fraction | int) -> int:
        """The exact cents, rounded by the policy of this computation."""
        return to_cents(raw, self.rounding)

    def money(self, cents: int) -> Money:
        """Cents in the currency of the deal."""
        return Money.of_cents(cents, self.closing.currency)

    def post(
        self,
        stage: Stage,
        code: LineCode,
        payer: str,
        payee: str,
        amount: int,
        *,
        raw: Fraction | int | None = None,
        rule: str = "",
        title: str = "",
        agent: str = "",
        side: str = "",
        of: str = "",
        basis: int | None = None,
        rate: Fraction | None = None,
        limit: str = "",
        moves: Sequence[tuple[CounterOf, int]] = (),
        term: str = "",
        pay_at: str = "",
        external: bool = False,
        memo: bool = False,
    ) -> None:
        """Write a line and let its money and its counters move.

        Args:
            stage: of the line, as are all that follow (see `domain.commission.calculation.Line`).
            code: of it.
            payer: of it.
            payee: of it.
            amount: in cents.
            raw: exact, in cents; the amount itself unless given.
            rule: of it.
            title: of it.
            agent: of it.
            side: of it.
            of: of it.
            basis: in cents.
            rate: of it.
            limit: of it.
            moves: counters and by how much, in hundredths.
            term: of it.
            pay_at: of it.
            external: the payer is not one of us: what they pay is the gross.
            memo: nobody's money moves.
        """
        for counter, delta in moves:
            counter.running.moved += delta
        if not memo:
            self.balances[payee] = self.balances.get(payee, 0) + amount
            if external:
                self.paid_in += amount
            else:
                self.balances[payer] = self.balances.get(payer, 0) - amount
        self.lines.append(
            Line(
                seq=len(self.lines) + 1,
                stage=stage,
                code=code,
                rule=rule,
                title=title,
                agent=agent,
                side=side,
                payer=payer,
                payee=payee,
                of=of,
                basis=None if basis is None else self.money(basis),
                rate=rate,
                raw=raw if isinstance(raw, Fraction) else Fraction(amount if raw is None else raw),
                amount=self.money(amount),
                limit=limit,
                moves=tuple([Movement(counter.key, delta) for counter, delta in moves if delta]),
                term=term,
                memo=memo,
                pay_at=pay_at,
            )
        )

    def take(
        self,
        part: Part,
        stage: Stage,
        code: LineCode,
        payee: str,
        amount: int,
        *,
        payer: str | None = None,
        charge: Charge | None = None,
        **told: Unpack[Told],
    ) -> None:
        """Write a line of an agent's part; what the agent pays is taken from what is left of it."""
        own = GROSS if part.role == GROSS else part.agent.agent
        payer = own if payer is None else payer
        if payer == own and not told.get("memo"):
            part.left -= amount
        names: Told = {}
        if charge is not None:
            part.amounts[charge.rule] = part.amounts.get(charge.rule, 0) + amount
            names = {"rule": charge.rule, "title": charge.title or charge.rule.replace("_", " ")}
            names["pay_at"] = charge.pay_at or ""
        whose = "" if part.role == GROSS else part.agent.agent
        self.post(stage, code, payer, payee, amount, agent=whose, side=part.side.label, **(names | told))

    def owe(self, agent: str, to: str, rule: str, amount: int) -> None:
        """Note what an agent could not pay of this deal."""
        self.receivables.append(Receivable(agent, to, rule, self.money(amount)))

    def has(self, party: str) -> int:
        """What a party has at this point."""
        return self.balances.get(party, 0)

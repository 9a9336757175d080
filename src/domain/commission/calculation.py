"""What the engine makes of a deal: lines of double entry, each with the reason it can be explained by.

Every line moves an amount from a payer to a payee. The people who buy and sell pay into `gross`; everything else flows
out of it. So a payee's figure is what came to them less what they paid on, and all of them together are the gross.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from domain.money import Money

#: The pot that the commission is paid into and out of.
GROSS = "gross"
#: The brokerage.
COMPANY = "company"
#: Who pays what is told but not taken from this deal.
OUTSIDE = "outside"


class Stage(StrEnum):
    """Where in the order of operations a line belongs."""

    SOURCES = "sources"
    OFF_THE_TOP = "off_the_top"
    ALLOCATE = "allocate"
    BEFORE_SPLIT = "before_split"
    TEAM = "team"
    SPLIT = "split"
    ROYALTY = "royalty"
    FEES = "fees"
    OVERRIDES = "overrides"
    DEDUCTIONS = "deductions"
    TAX = "tax"


class Code(StrEnum):
    """What a line is; the closed list (docs/plan-language.md says each in a sentence)."""

    COMMISSION = "commission"
    SHORTFALL = "shortfall"
    BONUS = "bonus"
    PART = "part"
    SPLIT = "split"
    SPLIT_AFTER_CAP = "split_after_cap"
    SPLIT_MINIMUM = "split_minimum"
    REFERRAL = "referral"
    REBATE = "rebate"
    LEVY = "levy"
    ROYALTY = "royalty"
    MARKETING = "marketing"
    FEE = "fee"
    TEAM = "team"
    OVERRIDE = "override"
    MENTOR = "mentor"
    DEDUCTION = "deduction"
    REVENUE_SHARE = "revenue_share"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class CounterKey:
    """One counter of one owner in one year.

    Attributes:
        owner: agent id, `team:NAME` or `shared:NAME`.
        counter: its name in the plan.
        period: the first day of its year (`2026-03-15`), the month (`2026-03`), or `ever`.
    """

    owner: str
    counter: str
    period: str

    def __str__(self) -> str:
        return f"{self.owner} {self.counter} {self.period}"


@dataclass(frozen=True, slots=True)
class Movement:
    """By how much a line moves a counter, in hundredths."""

    key: CounterKey
    delta: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a calculation.

    Attributes:
        seq: from 1.
        stage: where in the order.
        code: what it is.
        rule: the plan's or the deal's name of the rule; empty where the order itself makes the line.
        title: as statements call it.
        agent: whose part it belongs to; empty for the side's own lines.
        side: of the deal, its position from 0 and its kind: `0 listing`.
        payer: who pays.
        payee: who gets.
        of: the name of what the rate was applied to; empty where there is none.
        basis: that, or None.
        rate: the percentage (`Fraction(30)` is 30 %) or, for allocations, the share in percent; None for flat amounts.
        raw: the exact amount before rounding, in cents.
        amount: the amount of the line.
        limit: what decided it: `cap COUNTER`, `maximum`, `minimum`, `left`, `agreement`, `commission`, `lesser_of`,
            `greater_of`, `waived`; empty if nothing did.
        moves: the counters that it moves.
        term: the exception that it follows, as statements tell it; empty if none.
        memo: told only: no money of this deal moves.
        pay_at: `closing` or `brokerage`, for what a third party gets.
    """

    seq: int
    stage: Stage
    code: Code
    rule: str
    title: str
    agent: str
    side: str
    payer: str
    payee: str
    of: str
    basis: Money | None
    rate: Fraction | None
    raw: Fraction
    amount: Money
    limit: str = ""
    moves: tuple[Movement, ...] = ()
    term: str = ""
    memo: bool = False
    pay_at: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same line in two calculations of one deal."""
        return (self.stage, self.code, self.rule, self.agent, self.side, self.payer, self.payee, self.of)


@dataclass(frozen=True, slots=True)
class Receivable:
    """What an agent still owes after this deal: a fee larger than the part, a deduction that was carried.

    Attributes:
        agent: who owes.
        owed_to: whom.
        rule: out of which rule; empty where the whole part went negative.
        amount: of it, above zero.
    """

    agent: str
    owed_to: str
    rule: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Governing:
    """The plan that was applied to an agent, and the days that decided.

    Attributes:
        agent: whose.
        plan: name.
        version: `2026-01-01` it took effect, or `file` for a preview.
        cap_day: the day that decided the cap year.
        tax_day: the day that decides the tax year.
        note: what a statement must say besides, such as that the agent has left.
    """

    agent: str
    plan: str
    version: str
    cap_day: date
    tax_day: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Calculation:
    """A deal, computed. Immutable: what changes later is a calculation of its own that supersedes it.

    Attributes:
        deal: its id.
        closing_date: of the deal.
        currency: of every amount.
        rounding: the policy that rounded each line.
        gross: what all payers pay together.
        lines: in order.
        payees: party to what they get in the end; an agent who owes has a negative figure.
        opening: the counters before this deal, in hundredths, of all that the plans use.
        movements: counter to the sum of its lines' deltas; every counter of `opening` is in it.
        caps: counter to its cap, where it has one.
        receivables: what agents still owe.
        governing: the plan of each agent, in the order of the deal.
        inputs: digest of everything that was computed from.
    """

    deal: str
    closing_date: date
    currency: str
    rounding: str
    gross: Money
    lines: tuple[Line, ...]
    payees: Mapping[str, Money]
    opening: Mapping[CounterKey, int]
    movements: Mapping[CounterKey, int]
    caps: Mapping[CounterKey, int]
    receivables: tuple[Receivable, ...]
    governing: tuple[Governing, ...]
    inputs: str = ""

    def after(self, key: CounterKey) -> int:
        """A counter after this deal, in hundredths."""
        return self.opening.get(key, 0) + self.movements.get(key, 0)

"""Charges: what somebody pays to somebody, how much it is, and on what it depends; the grammar of plan files' rules."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.commission.amounts import Cents, Percent
from domain.terms import DealType, PropertyType

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
#: Who gets or pays: `agent`, `company`, a role on the deal (`lead`, `mentor`, `recruiter`), or any other name.
Party = Annotated[str, Field(min_length=1, max_length=80)]


class PlanPart(BaseModel):
    """Base of everything in a plan file: immutable, and nothing in it that we did not name.

    Ids and titles may be whole numbers without quotes (`agent: 17`): YAML hands them over unchanged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, coerce_numbers_to_str=True)


class Basis(StrEnum):
    """What a percentage is taken of.

    The deal's: `price`, `price_net` (less concessions). The side's: `gross` (its commission, bonuses included),
    `gross_left` (what is left of it at this point of the off-the-top deductions). The agent's: `part` (their part of
    the side after off-the-top deductions), `part_without_bonus`, `left` (what is left of the part at this point),
    `company_dollar` (what the company got by the split on this part), `after_split` (what was left after the split).
    """

    PRICE = "price"
    PRICE_NET = "price_net"
    GROSS = "gross"
    GROSS_LEFT = "gross_left"
    PART = "part"
    PART_WITHOUT_BONUS = "part_without_bonus"
    LEFT = "left"
    COMPANY_DOLLAR = "company_dollar"
    AFTER_SPLIT = "after_split"


#: Bases that belong to the deal or the side: a charge of them is shared out among the co-agents.
SHARED_BASES = frozenset({Basis.PRICE, Basis.PRICE_NET, Basis.GROSS, Basis.GROSS_LEFT})


class Sum(PlanPart):
    """A basis that is put together: names of `Basis` or of rules that come earlier."""

    plus: tuple[str, ...] = Field(min_length=1)
    minus: tuple[str, ...] = ()


class Range(PlanPart):
    """Bounds of a number: `at_least` <= it, it < `below`, it > `above`, it <= `up_to`."""

    at_least: Cents | None = None
    below: Cents | None = None
    above: Cents | None = None
    up_to: Cents | None = None

    def holds(self, cents: int | Fraction) -> bool:
        """Whether the number is within."""
        return (
            (self.at_least is None or cents >= self.at_least)
            and (self.below is None or cents < self.below)
            and (self.above is None or cents > self.above)
            and (self.up_to is None or cents <= self.up_to)
        )


class CapState(StrEnum):
    """Where a cap stands when a rule is applied: reached `before` this deal, `here` (by this deal), or still `open`."""

    BEFORE = "before"
    HERE = "here"
    OPEN = "open"


class When(PlanPart):
    """On what a rule depends; all that are given must hold. Without it the rule always applies.

    Attributes:
        deal_type: one of these.
        property_type: one of these.
        state: of the property, two letters; one of these.
        side: `listing`, `buying`, `both`, `referral`; one of these.
        role: the agent stands on the deal as one of these: `agent`, `lead`, `referred`.
        flags: words on the deal or the agent; each must be there.
        without: words on the deal or the agent; none may be there.
        closing: from (inclusive) and until (inclusive) which closing day.
        price: range of the sale price.
        gross: range of the side's commission.
        part: range of the agent's part.
        counter: counter to range of its value before this deal.
        cap: counter to where its cap stands.
    """

    deal_type: tuple[DealType, ...] = ()
    property_type: tuple[PropertyType, ...] = ()
    state: tuple[str, ...] = ()
    side: tuple[Literal["listing", "buying", "both", "referral"], ...] = ()
    role: tuple[Literal["agent", "lead", "referred"], ...] = ()
    flags: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    closing: DateRange | None = None
    price: Range | None = None
    gross: Range | None = None
    part: Range | None = None
    counter: dict[Name, Range] = {}
    cap: dict[Name, tuple[CapState, ...]] = {}


class DateRange(PlanPart):
    """Days, both ends included."""

    starts: date | None = None
    until: date | None = None


class TierMode(StrEnum):
    """How a deal that crosses levels is split: each slice by its own level, or all of it by one of them."""

    MARGINAL = "marginal"
    ENTERING = "entering"
    RESULTING = "resulting"


class Level(PlanPart):
    """One level: up to and including `up_to` of the measure (None: without end), this percentage."""

    up_to: Cents | None = Field(default=None, gt=0)
    percent: Percent = Field(ge=0, le=100)


class Tiers(PlanPart):
    """A percentage that depends on a measure.

    Attributes:
        by: a counter of the plan (its value runs on through the year), or this deal's own `price`, `gross` or `part`.
        mode: what happens to a deal that crosses levels.
        levels: in rising order; the last is without end.
    """

    by: Name
    mode: TierMode = TierMode.MARGINAL
    levels: tuple[Level, ...] = Field(min_length=1)


class Step(PlanPart):
    """So much for each step of a basis: 500 for each 5,000. `partial`: what a step that is not full costs."""

    flat: Cents
    each: Cents = Field(gt=0)
    of: Basis = Basis.PART
    partial: Literal["full", "free", "prorated"] = "full"


class Amount(PlanPart):
    """How much: a flat amount, a percentage of something, a step fee, or what their sum comes to.

    Attributes:
        flat: an amount.
        percent: of `of`.
        tiers: instead of `percent`, by level; of `of`.
        of: what the percentage is of: a `Basis`, the name of an earlier rule (its amount), or a sum of those.
        step: so much for each so much.
        minimum: at least that.
        maximum: at most that.
    """

    flat: Cents | None = None
    percent: Percent | None = Field(default=None, ge=0, le=100)
    tiers: Tiers | None = None
    of: str | Sum | None = None
    step: Step | None = None
    minimum: Cents | None = Field(default=None, ge=0)
    maximum: Cents | None = Field(default=None, ge=0)


class ChargeCode(StrEnum):
    """What a charge is for; the closed list that lines carry."""

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


class Charge(Amount):
    """Somebody pays somebody: a royalty, a fee, a team share, an override, a deduction.

    Attributes:
        rule: its name, once in the plan.
        code: what it is for.
        title: as statements call it.
        payee: who gets it: `company`, `franchisor`, `lead`, `mentor`, `recruiter`, `agent:ID`, or any other name.
        borne_by: `gross` (off the top only), `agent`, `company`, or `outside`: told on the statement, paid by the
            company from other money.
        per: once for each co-agent's part (`agent`), for the deal, or for each side of it. What is once for the deal
            or the side is shared out among its co-agents.
        shared: how: by their shares of the commission, to the last cent; or all by the first of them; or each in full.
        lesser_of: the least of these instead of an amount of its own.
        greater_of: the greatest of these.
        capped_by: a counter with a cap: never more than is left of it. The counter moves by what is charged.
        cap_on: what that counter counts: the `amount`, or the `basis` that it was charged on (a royalty base).
        counts: further counters that its amount moves.
        when: on what it depends.
        rank: order among the off-the-top deductions and among the agent's deductions; the lower first.
        only_if_left: takes no more than what is left of the agent's money; the rest is carried as owed (deductions).
        splits: the payee is an agent whose own plan is applied to it (a lead's or a referred agent's part).
        pay_at: who pays it out: the closing agent, from the CDA, or the brokerage later.
    """

    rule: Name
    code: ChargeCode
    title: Annotated[str, Field(max_length=80)] = ""
    payee: Party
    borne_by: Literal["gross", "agent", "company", "outside"] | None = None
    per: Literal["agent", "deal", "side"] = "agent"
    shared: Literal["by_share", "first", "each"] = "by_share"
    lesser_of: tuple[Amount, ...] = ()
    greater_of: tuple[Amount, ...] = ()
    capped_by: Name | None = None
    cap_on: Literal["amount", "basis"] = "amount"
    counts: tuple[Name, ...] = ()
    when: When | None = None
    rank: int | None = None
    only_if_left: bool = False
    splits: bool = False
    pay_at: Literal["closing", "brokerage"] | None = None

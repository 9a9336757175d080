"""A commission plan: what an agent and the brokerage have agreed, as data that an administrator writes.

Three ideas make up the language (docs/plan-language.md): *counters* that add up over a year and may have a cap, one
*split* between company and agent, and *charges*: everything else that somebody pays to somebody.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from domain.commission.amounts import Cents, Percent
from domain.commission.charges import Charge, Name, Party, PlanPart, Sum, Tiers, When

PlanId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
#: A day of the year, `MM-DD`.
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class CapYear(StrEnum):
    """When a counter starts anew. `anniversary` is the agent's; `month` each month; `never`: it goes on for ever."""

    ANNIVERSARY = "anniversary"
    CALENDAR = "calendar"
    CUSTOM = "custom"
    MONTH = "month"
    NEVER = "never"


class Counter(PlanPart):
    """Something that adds up over the deals of a year, and may have a cap.

    `gci` (the agent's parts), `volume` (price by share), `units` (sides by share) and `deal_count` (1 for each deal)
    move by themselves. `company_dollar` is moved by the split; every other counter by the rules that name it.

    Attributes:
        year: when it starts anew.
        starts: `MM-DD`, for `custom` years.
        anniversary: which of the agent's anniversaries, where they have several.
        per: whose it is: each agent's, one for the team, or one that agents share (`shared_cap` of the agent).
        cap: the most that counts in a year; None: it only counts.
        cap_per_member: added to the cap for each member of the team.
        prorate: how a first year that is not whole reduces the cap.
        leap_day: where an anniversary of 29 February falls in other years.
    """

    year: CapYear = CapYear.ANNIVERSARY
    starts: MonthDay | None = None
    anniversary: Name = "start"
    per: Literal["agent", "team", "shared"] = "agent"
    cap: Cents | None = Field(default=None, ge=0)
    cap_per_member: Cents = Field(default=0, ge=0)
    prorate: Literal["none", "monthly", "daily"] = "none"
    leap_day: Literal["02-28", "03-01"] = "03-01"


class Floor(PlanPart):
    """The least that the split is computed on, whatever the commission was cut to: an imputed minimum."""

    percent: Percent | None = None
    of: Literal["price", "price_net"] = "price"
    flat: Cents | None = None


class Split(PlanPart):
    """What the company keeps of the agent's part; the rest is the agent's, to the cent.

    Attributes:
        company: its percentage; or `tiers`, by level.
        tiers: percentages of the company by level.
        of: what is split; as in `Amount`. What is left of the part unless it says otherwise.
        floor: the least that it is computed on.
        minimum: the least that the company gets of a deal, as long as its cap leaves room.
        maximum: the most.
        capped_by: the counter whose cap ends the company's share; None: no cap.
        straddle: the deal that reaches the cap: `clip` takes what is left of it, `next_deal` all of its own share.
        after_cap: the company's percentage once capped.
        counts: the counters that move by it.
        when: on what it depends; without the split, all is the agent's.
    """

    company: Percent | None = Field(default=None, ge=0, le=100)
    tiers: Tiers | None = None
    of: str | Sum | None = None
    floor: Floor | None = None
    minimum: Cents | None = Field(default=None, ge=0)
    maximum: Cents | None = Field(default=None, ge=0)
    capped_by: Name | None = None
    straddle: Literal["clip", "next_deal"] = "clip"
    after_cap: Percent = Field(default=Fraction(0), ge=0, le=100)
    counts: tuple[Name, ...] | None = None
    when: When | None = None


class Tax(PlanPart):
    """A sales tax on commissions (GST, HST, QST), added to the gross by whoever pays it.

    It is computed on each leg of the commission, never on a net after fees: what the company collects on the gross it
    passes on to agents and other brokerages who are registered, on their legs; the rest is for the company to remit.

    Attributes:
        name: as statements call it.
        percent: of each leg.
        states: where it applies, two letters each; everywhere if none.
        pass_on: whose legs carry it on: `agents`, `referrals`.
        on_fees: whether the company's fees to agents carry it too.
        remitted_to: who gets what the company keeps of it; None: it stays on the company's account.
    """

    name: Annotated[str, Field(min_length=1, max_length=20)]
    percent: Percent = Field(ge=0, le=100)
    states: tuple[str, ...] = ()
    pass_on: tuple[Literal["agents", "referrals"], ...] = ()
    on_fees: bool = False
    remitted_to: Party | None = None


def _one_or_more(value: Any) -> Any:
    """A single tax may stand without a list around it."""
    return (value,) if isinstance(value, dict | Tax) else value or ()


class Section(StrEnum):
    """The stages that come after the parts are allocated, in their usual order; a plan may order them otherwise."""

    BEFORE_SPLIT = "before_split"
    TEAM = "team"
    SPLIT = "split"
    ROYALTY = "royalty"
    FEES = "fees"
    OVERRIDES = "overrides"
    DEDUCTIONS = "deductions"


class Dates(PlanPart):
    """Which day of a deal decides."""

    cap_year: Literal["contract", "closing", "funded"] = "closing"
    tax_year: Literal["contract", "closing", "funded"] = "closing"


class Source(PlanPart):
    """Where a figure of the plan was read."""

    url: str
    read: date
    says: Annotated[str, Field(max_length=400)] = ""


class Plan(PlanPart):
    """One version of a plan.

    Attributes:
        plan: its name.
        title: as statements call it.
        status: `example`: its figures are not verified, it is assigned only with `--accept-unverified`.
        sources: where the figures come from.
        currency: of every amount in it.
        rounding: of half cents, on each line.
        dates: which day of a deal decides.
        order: of the stages after the allocation.
        counters: by name.
        off_the_top: taken from the side's commission before the co-agents share it.
        before_split: charges on the agent's part before it is split.
        team: what the team lead gets.
        split: between company and agent.
        royalty: the franchisor's, where it is not off the top.
        fees: the deal's.
        overrides: mentor, recruiter, lead.
        deductions: of the agent, in rank order.
        tax: on commissions; one, or a list of them where several are due (GST and QST).
        agents_paid_at: who pays the agents out.
        after_leaving: an agent who left: `as_active` in the cap year in which they left, or `refuse`.
    """

    plan: PlanId
    title: Annotated[str, Field(max_length=120)]
    status: Literal["verified", "example"] = "example"
    sources: tuple[Source, ...] = ()
    currency: Literal["USD", "CAD", "MXN"] = "USD"
    rounding: Literal["half_up", "half_even", "half_down"] = "half_up"
    dates: Dates = Dates()
    order: tuple[Section, ...] = tuple(Section)
    counters: dict[Name, Counter] = Field(default={})
    off_the_top: tuple[Charge, ...] = ()
    before_split: tuple[Charge, ...] = ()
    team: tuple[Charge, ...] = ()
    split: Split | None = None
    royalty: tuple[Charge, ...] = ()
    fees: tuple[Charge, ...] = ()
    overrides: tuple[Charge, ...] = ()
    deductions: tuple[Charge, ...] = ()
    tax: Annotated[tuple[Tax, ...], BeforeValidator(_one_or_more)] = ()
    agents_paid_at: Literal["closing", "brokerage"] = "closing"
    after_leaving: Literal["as_active", "refuse"] = "as_active"

    def charges(self, section: Section) -> tuple[Charge, ...]:
        """The charges of one stage; the split is not one."""
        return () if section is Section.SPLIT else getattr(self, section.value)

    @cached_property
    def stages(self) -> tuple[tuple[Section, tuple[Charge, ...]], ...]:
        """Each stage in this plan's order, with its charges."""
        return tuple((section, self.charges(section)) for section in self.order)

    def every_charge(self) -> tuple[Charge, ...]:
        """All of them, off the top first."""
        return self.off_the_top + tuple(charge for section in self.order for charge in self.charges(section))


#: Counters that move by themselves wherever a plan declares them.
SELF_MOVING = frozenset({"gci", "volume", "units", "deal_count"})

#: Measures of one deal that tiers may go by, beside counters.
DEAL_MEASURES = frozenset({"price", "gross", "part"})

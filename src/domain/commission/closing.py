"""A deal as the engine sees it: who pays how much, who shares it, and under which terms. A *deal file* is one of these.

The same model is built from the deal of the CRM store when it closes (`commissions/from_deal.py`), and read from YAML
by `dealwire commission preview --deal FILE`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.commission.amounts import Cents, Percent, Share
from domain.commission.charges import Charge, Name, Party, PlanPart
from domain.commission.plan import PlanId, Section
from domain.terms import DealType, PropertyType

AgentId = Annotated[str, Field(min_length=1, max_length=200)]


class Bracket(PlanPart):
    """Of the base up to and including `up_to` (None: the rest), this percentage."""

    up_to: Cents | None = Field(default=None, gt=0)
    percent: Percent = Field(ge=0, le=100)


def agreed_text(by: str, agreed: date | None, why: str, document: str) -> str:
    """Who agreed, when, why, and where it is written, as statements print it; empty where nothing of it is known.

    Examples:
        >>> agreed_text("Pat Broker", date(2026, 10, 1), "a referral", "mail 7")
        'agreed by Pat Broker on 2026-10-01: a referral (mail 7)'
    """
    if not (by or agreed or why or document):
        return ""
    head = " ".join(["agreed", *([f"by {by}"] if by else []), *([f"on {agreed}"] if agreed else [])])
    return head + (f": {why}" if why else "") + (f" ({document})" if document else "")


class CommissionSpec(PlanPart):
    """How much commission a side earns: what was agreed, not a computed figure.

    flat + percentage or brackets of the base, between minimum and maximum. Each bracket, and the flat amount, is
    rounded to the cent.

    Attributes:
        percent: of the base.
        flat: an amount.
        brackets: percentages by slices of the base.
        minimum: at least that.
        maximum: at most that.
        of: the base: `price`, `price_net` (less concessions), or an amount of its own in `base`.
        base: instead of the price.
        less_cooperating: the other broker's part of this total, itself rounded; the side earns the rest.
        in_house: instead, where this brokerage has both sides.
        by: who agreed to it, where it is an exception.
        why: the reason, as statements tell it.
        document: where it is written down.
        agreed: when.
    """

    percent: Percent | None = Field(default=None, ge=0, le=100)
    flat: Cents | None = None
    brackets: tuple[Bracket, ...] = ()
    minimum: Cents | None = Field(default=None, ge=0)
    maximum: Cents | None = Field(default=None, ge=0)
    of: Literal["price", "price_net"] = "price"
    base: Cents | None = None
    less_cooperating: CommissionSpec | None = None
    in_house: CommissionSpec | None = None
    by: str = ""
    why: str = ""
    document: str = ""
    agreed: date | None = None

    @property
    def told(self) -> str:
        """Who agreed, when, why, and where it is written: as statements print it; empty if nobody says."""
        return agreed_text(self.by, self.agreed, self.why, self.document)


class PayerOffer(PlanPart):
    """Who pays towards a side's commission, and how much they offer. `percent` is of the commission's base."""

    payer: Party
    percent: Percent | None = Field(default=None, ge=0)
    flat: Cents | None = Field(default=None, ge=0)
    bonus: bool = False


class Bonus(PlanPart):
    """Money on top of the commission: a selling bonus, a fee that the client pays.

    Attributes:
        title: as statements call it.
        amount: of it.
        payer: who pays it.
        to: None: through the split like commission; else who gets it whole: `company`, `agent` (the first), `agent:ID`.
    """

    title: Annotated[str, Field(min_length=1, max_length=80)]
    amount: Cents = Field(gt=0)
    payer: Party = "seller"
    to: Party | None = None


class DealCharge(Charge):
    """A charge of this deal alone: a referral, a rebate, an advance to be paid off.

    Attributes:
        stage: where it comes in the order: `off_the_top` of its side (or of every side), or a stage of the agent's.
        agent: whose, where it is not off the top.
        side: which side's, where it is off the top; None: of the only one, or the first.
        by: who agreed to it.
        why: the reason, as statements tell it.
        document: where it is written down.
        agreed: when.
    """

    stage: Literal["off_the_top"] | Section = "off_the_top"
    agent: AgentId | None = None
    side: str | None = None
    by: str = ""
    why: str = ""
    document: str = ""
    agreed: date | None = None

    @property
    def told(self) -> str:
        """Who agreed, when, why, and where it is written: as statements print it; empty if nobody says."""
        return agreed_text(self.by, self.agreed, self.why, self.document)


class Term(PlanPart):
    """An exception to the plan: exactly one of `waive`, `charge`, `split`, `cap`; shown on the statement.

    Attributes:
        agent: whose; on a deal, None: everybody's.
        waive: the rule of the plan that is not charged.
        charge: the rule of the plan that is charged otherwise...
        flat: ... this amount,
        percent: ... or this percentage, of the rule's own basis.
        split: the company's percentage instead of the plan's.
        cap: counter to its cap instead of the plan's.
        by: who agreed to it.
        why: the reason.
        document: where it is written down.
        agreed: the day; it holds from then on.
        until: the last day, where it ends.
    """

    agent: AgentId | None = None
    waive: Name | None = None
    charge: Name | None = None
    flat: Cents | None = None
    percent: Percent | None = Field(default=None, ge=0, le=100)
    split: Percent | None = Field(default=None, ge=0, le=100)
    cap: dict[Name, Cents] = Field(default={})
    by: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=3)]
    document: Annotated[str, Field(min_length=1)]
    agreed: date
    until: date | None = None

    @property
    def told(self) -> str:
        """Who agreed, why, and where it is written: as statements print it."""
        return agreed_text(self.by, self.agreed, self.why, self.document)


class AgentFacts(PlanPart):
    """What plans need to know about an agent, whatever the deal.

    Attributes:
        anniversary: when their year begins, for plans that count by anniversary.
        anniversaries: others by name (`royalty`, `fees`), where a plan tells them apart.
        joined: for caps that are prorated in the first year.
        left: the last day with the brokerage.
        licence_expires: the last day their licence is good for.
        team: their team, for counters of teams.
        team_members: how many, for caps that grow with the team.
        lead: who leads it.
        mentor: who mentors them.
        recruiter: who recruited them.
        shared_cap: name of the group that shares one cap, such as a married couple.
        tax_registered: whether sales tax is passed on to them.
        flags: words that rules ask for.
        terms: exceptions of their assignment.
        deductions: what they owe, beside the plan's.
    """

    anniversary: date | None = None
    anniversaries: dict[Name, date] = Field(default={})
    joined: date | None = None
    left: date | None = None
    licence_expires: date | None = None
    team: str | None = None
    team_members: int = Field(default=0, ge=0)
    lead: AgentId | None = None
    mentor: AgentId | None = None
    recruiter: AgentId | None = None
    shared_cap: str | None = None
    tax_registered: bool = False
    flags: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    deductions: tuple[Charge, ...] = ()


class DealAgent(AgentFacts):
    """One of our agents on a deal.

    Attributes:
        agent: id; in the CRM store that of their account.
        name: as statements call them.
        share: of what the side leaves to its co-agents, or
        flat: this amount of it; flat amounts come first, the shares divide the rest.
        plan: which plan is theirs, where a deal brings several.
        licence: the state licence number.
    """

    agent: AgentId
    name: str = ""
    share: Share | None = Field(default=None, ge=0, le=1)
    flat: Cents | None = Field(default=None, ge=0)
    plan: PlanId | None = None
    licence: str = ""


class DealSide(PlanPart):
    """A side of the deal that this brokerage has, with its commission and its agents.

    Attributes:
        side: which; `both` where one agreement covers both.
        commission: what it earns.
        agreement: of the buyer's broker: the most that may be received from all sources together.
        offers: who pays, in order; without any, `payer` pays all.
        payer: who pays if nobody is listed.
        bonuses: on top.
        agents: in order; the first of equals gets the odd cent.
    """

    side: Literal["listing", "buying", "both", "referral"]
    commission: CommissionSpec | None = None
    agreement: CommissionSpec | None = None
    offers: tuple[PayerOffer, ...] = ()
    payer: Party = "seller"
    bonuses: tuple[Bonus, ...] = ()
    agents: tuple[DealAgent, ...] = Field(min_length=1)


class Closing(PlanPart):
    """A deal to compute.

    Attributes:
        deal: its id.
        number: orders deals of one closing day; the id if empty.
        type: of deal.
        currency: of every amount.
        state: of the property, two letters.
        property_type: of it.
        price: sale price, or total rent of a lease.
        concessions: that the seller grants out of it.
        contract_date: signed.
        closing_date: closed; decides the cap and tax year unless the plan says otherwise.
        funded_date: paid out.
        flags: words that rules ask for, such as `personal`.
        sides: of ours.
        charges: of this deal alone.
        terms: exceptions agreed for this deal.
        others: agents who are named (lead, mentor, referred) but have no share of their own, where rules need to know
            more than their id.
        opening: owner (agent id, `team:NAME` or `shared:NAME`) to counter to its value before this deal, in the cap
            year of this deal.
    """

    deal: Annotated[str, Field(min_length=1, max_length=200)]
    number: str = ""
    type: DealType = DealType.SALE
    currency: str = "USD"
    state: str | None = None
    property_type: PropertyType | None = None
    price: Cents | None = Field(default=None, ge=0)
    concessions: Cents = Field(default=0, ge=0)
    contract_date: date | None = None
    closing_date: date
    funded_date: date | None = None
    flags: tuple[str, ...] = ()
    sides: tuple[DealSide, ...] = Field(min_length=1)
    charges: tuple[DealCharge, ...] = ()
    terms: tuple[Term, ...] = ()
    others: tuple[DealAgent, ...] = ()
    opening: dict[str, dict[Name, Cents]] = Field(default={})

    @property
    def order(self) -> tuple[str, str, str]:
        """The total order of deals: closing day, number, id."""
        return (self.closing_date.isoformat(), self.number, self.deal)

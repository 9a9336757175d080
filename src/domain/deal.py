"""The canonical deal, its people and its agents; and the facts that one event states about them.

Two shapes, deliberately apart:

- *facts* (`DealFacts`): what one event says. Only the fields that it carries; a field carried as None is cleared.
- *records* (`Deal`, `Contact`): what we hold. Each current value stands beside the order mark that put it there, so
  that the same events in any order end in the same record.

What comes from outside is validated (pydantic); what we merge from validated parts is a plain frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from pydantic import BaseModel, ConfigDict

from domain.marks import NEVER, Mark, microseconds
from domain.money import Money
from domain.stages import Stage
from domain.terms import DealType, PaidBy, PropertyType, ReferralDirection, RepresentedSide, Role, Side


class Frozen(BaseModel):
    """Base of the canonical models: immutable, and no field that we did not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Property(Frozen):
    """What is bought, sold or let."""

    street: str | None = None
    unit: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    county: str | None = None
    country: str | None = None
    type: PropertyType | None = None
    mls_id: str | None = None
    parcel_id: str | None = None


class CommissionTerms(Frozen):
    """The agreed commission as the transaction system states it; never a computed figure."""

    percent: Decimal | None = None
    flat: Money | None = None
    stated_amount: Money | None = None


class BuyerCompensation(Frozen):
    """The buyer's agent's compensation: its own agreement since August 2024, with its own payer."""

    percent: Decimal | None = None
    flat: Money | None = None
    paid_by: PaidBy | None = None
    agreement_date: date | None = None


class Referral(Frozen):
    """A referral fee in or out."""

    direction: ReferralDirection | None = None
    company: str | None = None
    agent_name: str | None = None
    percent: Decimal | None = None
    flat: Money | None = None


class DealDetails(Frozen):
    """Every current value of a deal. Days are days in the office's zone; percents are of 100 (`2.5` is 2.5 %)."""

    stage: Stage | None = None
    reference: str | None = None
    deal_type: DealType | None = None
    represented_side: RepresentedSide | None = None
    office: str | None = None
    lead_source: str | None = None
    property: Property = Property()
    list_price: Money | None = None
    sale_price: Money | None = None
    concessions: Money | None = None
    earnest_money: Money | None = None
    earnest_money_holder: str | None = None
    listing_date: date | None = None
    contract_date: date | None = None
    contingency_date: date | None = None
    closing_date: date | None = None
    funded_date: date | None = None
    title_file_number: str | None = None
    commission: CommissionTerms = CommissionTerms()
    buyer_compensation: BuyerCompensation = BuyerCompensation()
    referral: Referral = Referral()


#: The values a mapped field can have.
Value = str | bool | int | Decimal | Money | date | datetime | Fraction | StrEnum | None

#: The groups of `DealDetails` that are models of their own; a field in one is named `group.field`.
GROUPS: Mapping[str, type[Frozen]] = {
    "property": Property,
    "commission": CommissionTerms,
    "buyer_compensation": BuyerCompensation,
    "referral": Referral,
}

#: Every field a mapping may fill, by its dotted name: `sale_price`, `property.city`, ...
DEAL_FIELDS: frozenset[str] = frozenset(
    [name for name in DealDetails.model_fields if name not in GROUPS]
    + [f"{group}.{name}" for group, model in GROUPS.items() for name in model.model_fields]
)

#: The fields of a person or company on a deal that a mapping may fill.
PERSON_FIELDS = ("name", "first_name", "last_name", "company", "email", "phone", "licence")


@dataclass(frozen=True, slots=True)
class Participant:
    """A person or company on the deal, as one event states it.

    Attributes:
        source_id: the source's own id of the person, if it has one.
        role: what they do in this deal.
        fields: the `PERSON_FIELDS` this event carries.
    """

    source_id: str | None
    role: Role
    fields: dict[str, str | None]


class AgentShare(Frozen):
    """One of our agents on the deal, with the exact part of the side's commission that is theirs.

    Attributes:
        source: with `agent_id`, the key of the directory row.
        agent_id: the source's own id of the agent.
        side: the side they work.
        share: of that side; the shares of one side sum to exactly 1.
        name: from the directory when the event was applied, as are the fields below.
    """

    source: str
    agent_id: str
    side: Side
    share: Fraction
    name: str
    licence: str
    office: str
    crm_user_id: str
    crm_contact_id: str


class DealFacts(Frozen):
    """What one event says about one deal.

    Attributes:
        source: of the event.
        source_id: the deal's id in that source.
        event_id: the event's identity.
        event_type: the provider's word for what happened.
        mark: the order of this event among the deal's events.
        occurred_at: when the provider says it happened, else when we received it (aware UTC).
        values: dotted field name of `DEAL_FIELDS` to value; None clears the field.
        stage_reason: why the stage is what it is, if the event says so.
        participants: everyone else on the deal, or None where the event does not list people.
        agents: our agents, or None where the event does not list them.
        merged_ids: other ids under which the source knew this deal, before it merged two of its own into one.
    """

    source: str
    source_id: str
    event_id: str
    event_type: str
    mark: Mark
    occurred_at: datetime
    values: dict[str, Value]
    stage_reason: str | None = None
    participants: tuple[Participant, ...] | None = None
    agents: tuple[AgentShare, ...] | None = None
    merged_ids: tuple[str, ...] = ()

    @property
    def person_mark(self) -> Mark:
        """The order of what this event says about people.

        They stand on several deals, whose version numbers do not compare; instants do.
        """
        return Mark(microseconds(self.occurred_at), self.mark.tie)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or company, once, whatever deals they are on.

    Attributes:
        id: made at first sight, never recomputed.
        version: counts changes; guards concurrent writes.
        values: the `PERSON_FIELDS` known.
        marks: for each of `values`, the mark that put it there.
    """

    id: str
    version: int = 0
    values: dict[str, str | None] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DealRole:
    """One contact's role on a deal: the first-class link between the two.

    Attributes:
        contact_id: our id of the contact.
        role: what they do in this deal.
        known_as: for people without a source id, the alias in `Deal.people` that they are listed under.
    """

    contact_id: str
    role: Role
    known_as: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the deal's events said about one person without a source id, under one alias.

    Attributes:
        contact_id: the contact that was last listed under this alias, if any was.
        values: the `PERSON_FIELDS` known.
        marks: for each of `values`, the mark that put it there.
    """

    contact_id: str | None = None
    values: dict[str, str | None] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)


class StageObservation(Frozen):
    """An event said that the deal is in this stage. Kept for ever; transitions are read off the sorted observations."""

    stage: Stage
    reason: str | None
    occurred_at: datetime
    mark: Mark
    source: str
    event_type: str


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal as we hold it.

    Attributes:
        id: made at first sight, never recomputed.
        source: the source that first reported it.
        source_id: its id there.
        version: counts changes; guards concurrent writes.
        details: the current values.
        participants: who is on the deal now.
        agents: our agents on it now.
        people: aliases that only hold within this deal, for people without a source id: `role|email+name:…`,
            `role|email:…`, `role|phone:…` or `role|name:…`.
        marks: for each dotted field: the mark that put it there.
        participants_mark: of the list of people.
        agents_mark: of the list of our agents.
        ever_closed: some event said Closed; from then on each change leaves a *commission due* mark.
        absorbed_ids: our ids of the deals that became part of this one; their stage observations belong to it.
        merged_into: our id of the deal that this one became part of; a merged deal is nobody's pipeline any more.
    """

    id: str
    source: str
    source_id: str
    version: int = 0
    details: DealDetails = field(default_factory=DealDetails)
    participants: tuple[DealRole, ...] = ()
    agents: tuple[AgentShare, ...] = ()
    people: dict[str, Known] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    participants_mark: Mark = NEVER
    agents_mark: Mark = NEVER
    ever_closed: bool = False
    absorbed_ids: tuple[str, ...] = ()
    merged_into: str | None = None

    def contact_ids(self) -> set[str]:
        """Everybody that the deal knows without a source id, on its list or not."""
        return {known.contact_id for known in self.people.values() if known.contact_id is not None}

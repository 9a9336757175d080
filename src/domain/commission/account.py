"""What the brokerage has agreed with each of its people about commissions, and the versions of its plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pydantic import Field

from domain.commission.amounts import Cents
from domain.commission.charges import Name, PlanPart
from domain.commission.closing import AgentFacts, AgentId
from domain.commission.plan import Plan, PlanId


class Assignment(PlanPart):
    """From a day on, this plan is the agent's; until the next assignment begins, or `until`."""

    plan: PlanId
    starts: date
    until: date | None = None


class Opening(PlanPart):
    """Counters that the agent brought along: what had added up before `as_of`, in the year that this day lies in."""

    as_of: date
    counters: dict[Name, Cents] = Field(min_length=1)
    why: str = ""


class AccountDetails(AgentFacts):
    """What is recorded of an agent beside their plans."""


class Account(PlanPart):
    """A person's commission account, one however many sources name them; or a team's (`team:NAME`), for its counters.

    Attributes:
        account: the agent's CRM contact id, which every source's row of the directory has in common.
        version: counts changes; guards concurrent writes. 0: not stored yet.
        name: as statements call them.
        licence: the state licence number.
        details: what plans need to know.
        assignments: by their first day, none overlapping.
        openings: what they brought along.
    """

    account: AgentId
    version: int = 0
    name: str = ""
    licence: str = ""
    details: AccountDetails = AccountDetails()
    assignments: tuple[Assignment, ...] = ()
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A plan as it was published: never edited, only followed by another.

    Attributes:
        plan: the plan.
        effective: deals of this day and later are computed by it, until the next version's day.
        number: counts the versions of this plan, from 1.
        text: the YAML file that it was published from.
        digest: SHA-256 of that text.
        by: who published it.
        at: when.
    """

    plan: Plan
    effective: date
    number: int
    text: str
    digest: str
    by: str
    at: datetime

    @property
    def id(self) -> str:
        """How calculations name it: `keller-williams@2026-01-01`."""
        return f"{self.plan.plan}@{self.effective}"

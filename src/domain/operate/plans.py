"""Plans and who has them: `plans`, `plan-explain`, `plan-publish`, `plan-assign`, `agents-opening`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from domain.commission.amounts import Cents
from domain.commission.charges import Name
from domain.commission.plan import PlanId
from domain.operate.base import Id, Message, Why

#: Characters of a plan file; the longest of ours has a tenth of it.
LONGEST_PLAN = 200_000


class PlansRequest(Message):
    """`plans`: every plan with its versions."""


class VersionRow(Message):
    """One published version of a plan: deals of its day and later follow it, until the next version's day."""

    id: str
    effective: date
    number: int
    status: str
    digest: str
    by: str
    at: AwareDatetime


class PlanRow(Message):
    """A plan. `agents`: the accounts that it is assigned to today."""

    plan: str
    title: str
    versions: tuple[VersionRow, ...]
    agents: tuple[str, ...]


class PlansAnswer(Message):
    """The plans, by name."""

    plans: tuple[PlanRow, ...]


class PlanExplainRequest(Message):
    """`plan-explain`: what a published plan says. `on`: the version in force that day; today's if not given."""

    plan: PlanId
    on: date | None = None


class PlanExplainAnswer(Message):
    """A version in words, and the file that it was published from."""

    version: VersionRow
    title: str
    sentences: tuple[str, ...]
    text: str


class PublishRequest(Message):
    """`plan-publish` (broker): a version of a plan, from its YAML file. `accept_unverified`: as in `plan-assign`."""

    text: Annotated[str, Field(max_length=LONGEST_PLAN)]
    file: Annotated[str, Field(max_length=200)] = "plan.yaml"
    effective: date
    accept_unverified: bool = False
    why: Why


class Aftermath(Message):
    """What a change of plans or accounts sets going.

    Attributes:
        released: closings that lacked something and are tried again at once.
        again: settled deals that are computed again; what changes is posted as an adjustment.
    """

    released: int = 0
    again: int = 0


class PublishAnswer(Message):
    """The version. `new`: False where the very same was published before; then nothing was written again."""

    version: VersionRow
    new: bool
    aftermath: Aftermath


class AssignRequest(Message):
    """`plan-assign` (broker): from a day on, this plan is the agent's.

    Attributes:
        agent: `source/agent id`, or the account itself.
        plan: that is published.
        starts: the first day.
        until: the last day, where it ends.
        anniversary: when the agent's year begins.
        details: fields of `domain.commission.account.AccountDetails`; those that are not given stay as they are.
        accept_unverified: whether a plan with the status `example` may be assigned.
        replace: whether another plan that begins on the same day is replaced.
        why: in the broker's words.
    """

    agent: Id
    plan: PlanId
    starts: date
    until: date | None = None
    anniversary: date | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    accept_unverified: bool = False
    replace: bool = False
    why: Why


class AssignmentRow(Message):
    """From a day on, this plan; until the next one begins, or `until`."""

    plan: str
    starts: date
    until: date | None


class AssignAnswer(Message):
    """The account as it is now. `changed`: False where it was so already."""

    account: str
    name: str
    assignments: tuple[AssignmentRow, ...]
    changed: bool
    aftermath: Aftermath


class OpeningRequest(Message):
    """`agents-opening` (broker): counters that somebody brought along, in the year that `as_of` lies in.

    Attributes:
        agent: `source/agent id`, an account, `team:NAME` or `shared:NAME`.
        as_of: deals of this day and later add to them.
        counters: name to what had added up before: amounts, or counts.
        why: in the broker's words.
    """

    agent: Id
    as_of: date
    counters: Annotated[dict[Name, Cents], Field(min_length=1)]
    why: Why


class OpeningAnswer(Message):
    """What is held now. `counters` as text with two decimals; `changed`: False where it was so already."""

    account: str
    name: str
    as_of: date
    counters: dict[str, str]
    changed: bool
    aftermath: Aftermath

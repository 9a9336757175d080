"""Replays: `plan`, `job`, `preview`, `step`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.operate.base import MOST_IDS, Id, Message, Why
from domain.operate.letters import Filter, Verdict


class EventsFilter(Message):
    """Which delivered events, whatever became of them. Times are those of receipt; `deal` is `source/source id`."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    source: str | None = None
    event_type: str | None = None
    deal: str | None = None


class PlanRequest(Message):
    """`plan`: freeze the list of what is to be replayed. Changes nothing yet.

    One of `ids`, `letters` (open events) or `events` (whatever became of them). `mapping`: `then` maps as when the
    events were received; for `ids` and `letters` it is `now`.
    """

    ids: Annotated[tuple[Id, ...], Field(max_length=MOST_IDS)] = ()
    letters: Filter | None = None
    events: EventsFilter | None = None
    mapping: Literal["now", "then"] = "now"
    why: Why


class JobAnswer(Message):
    """A replay as it stands."""

    job: str
    total: int
    done: int
    kind: str
    mapping: Literal["now", "then"]
    who: str
    why: str
    at: AwareDatetime


class JobRequest(Message):
    """`job`: how far a replay has come."""

    job: str


class PreviewRequest(Message):
    """`preview`: what the next events of a job, from its `start`-th, would do. Changes nothing."""

    job: str
    start: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=25)] = 25


class PreviewAnswer(Message):
    """Verdicts in the order of the job."""

    verdicts: tuple[Verdict, ...]
    total: int


class StepRequest(Message):
    """`step`: replay the next events of a job, at most `limit`. Repeating a step that was cut off is harmless."""

    job: str
    limit: Annotated[int, Field(ge=1, le=100)] = 25


class Done(StrEnum):
    """What a step did with one event."""

    QUEUED = "queued"
    ALREADY = "already queued or applied"
    REFUSED = "refused"
    GONE = "gone"


class Replayed(Message):
    """One event of a step."""

    id: str
    done: Done
    detail: str = ""


class StepAnswer(Message):
    """What the step did, and how far the job has come."""

    replayed: tuple[Replayed, ...]
    done: int
    total: int

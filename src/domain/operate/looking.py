"""Looking around: `trace`, `events`, `status`, `audit`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.operate.base import Id, Message
from domain.operate.letters import Moment, Row
from domain.operate.replays import EventsFilter


class TraceRequest(Message):
    """`trace`: the story of a receipt, an event (`source/event id` or its id) or a deal (`source/id` or our id)."""

    of: Id


class TraceAnswer(Message):
    """What it was taken for, and what happened, oldest first. `commission`: of a deal, how it stands, in one line."""

    kind: Literal["receipt", "event", "deal"]
    name: str
    moments: tuple[Moment, ...]
    open: tuple[Row, ...] = ()
    commission: str = ""


class EventsRequest(Message):
    """`events`: a page of deliveries, newest first."""

    filter: EventsFilter = EventsFilter()
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class EventRow(Message):
    """One delivery and what became of its event (`outcome`: a state, a disposition, or `queued`)."""

    id: str
    receipt: str
    source: str
    event_type: str
    received_at: AwareDatetime
    outcome: str
    deal: str
    mapping_version: int


class EventsAnswer(Message):
    """A page; `next` is empty on the last."""

    rows: tuple[EventRow, ...]
    next: str = ""


class StatusRequest(Message):
    """`status`: how it all stands."""


class QueueStatus(Message):
    """One queue: messages that wait and that are being processed; a dead-letter queue is drained within seconds."""

    name: str
    waiting: int
    in_flight: int


class SourceStatus(Message):
    """One source: when it was last heard, how long it may be silent, and which mapping is in force."""

    source: str
    last_received_at: AwareDatetime | None
    silent_hours: float | None
    most_silent_hours: int | None
    mapping_version: int


class StatusAnswer(Message):
    """How it all stands.

    Attributes:
        open: `state: cause` to count.
        oldest_unapplied_s: of what is queued or waiting.
        commissions_lacking: closings whose commission needs something.
    """

    queues: tuple[QueueStatus, ...]
    open: dict[str, int]
    oldest_unapplied_s: float
    sources: tuple[SourceStatus, ...]
    commissions_lacking: int = 0


class AuditRequest(Message):
    """`audit`: who did what on one UTC day, newest first."""

    day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class AuditRow(Message):
    """One audit entry."""

    at: AwareDatetime
    who: str
    action: str
    subject: str
    why: str
    details: dict[str, str] = Field(default_factory=dict)


class AuditAnswer(Message):
    """A page; `next` is empty on the last."""

    rows: tuple[AuditRow, ...]
    next: str = ""

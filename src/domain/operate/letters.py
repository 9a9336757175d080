"""Open events: `list`, `groups`, `show`, `reveal`, `edit`, `discard`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.errors import Cause
from domain.event_log import State
from domain.operate.base import MOST_IDS, Id, Message, Why


class Would(StrEnum):
    """What a replay would do to one event."""

    APPLY = "applies cleanly"
    FAIL = "still fails"
    PARK = "waits for an agent"
    DEFER = "waits for a fault outside"
    STALE = "stale: changes nothing"
    REPEAT = "already applied"
    NOTHING = "nothing to replay"


class Verdict(Message):
    """What a replay of one event would do.

    Attributes:
        would: in one phrase.
        cause: of what still fails or waits.
        reason: the same in words, without values.
        changes: names of what would change: `sale_price`, `participants`, ...
    """

    id: str
    would: Would
    cause: Cause | None = None
    reason: str = ""
    changes: tuple[str, ...] = ()


class Filter(Message):
    """Which open events. `deal` is `source/source id`; the times are those of `since`."""

    states: tuple[State, ...] = (State.DEAD, State.PARKED, State.WAITING)
    cause: Cause | None = None
    source: str | None = None
    deal: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class ListRequest(Message):
    """`list`: a page of open events, newest first; `after` is the `next` of the page before."""

    filter: Filter = Filter()
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Row(Message):
    """One event in a list."""

    id: str
    state: State
    cause: Cause | None
    owner: str
    remedy: str
    reason: str
    source: str
    event_type: str
    deal: str
    receipt: str
    attempts: int
    edits: int
    since: AwareDatetime
    last_at: AwareDatetime
    due_at: AwareDatetime | None


class ListAnswer(Message):
    """A page; `next` is empty on the last."""

    rows: tuple[Row, ...]
    next: str = ""


class GroupsRequest(Message):
    """`groups`: open events counted by state, cause, source and hour."""

    filter: Filter = Filter()


class Group(Message):
    """So many open events of one kind and hour."""

    state: State
    cause: Cause | None
    source: str
    hour: AwareDatetime
    count: int
    oldest: AwareDatetime
    owner: str
    remedy: str


class GroupsAnswer(Message):
    """The groups, newest hour first."""

    groups: tuple[Group, ...]
    total: int


class ShowRequest(Message):
    """`show`: one event with everything about it, values masked."""

    id: Id


class Moment(Message):
    """One thing that happened.

    Attributes:
        at: when.
        what: `received`, `queued`, `waiting`, `parked`, `filed`, `replayed`, `edited`, `applied`, ...
        detail: in words; never a value of a payload.
        event: `source/event id`.
        who: where a person did it.
    """

    at: AwareDatetime
    what: str
    detail: str = ""
    event: str = ""
    who: str = ""


class Problem(Message):
    """A field that does not fit, by the mapping as it is now.

    Attributes:
        path: where in the payload.
        field: our name of it.
        expected: what would fit.
        value: what stands there, masked (`Aaaa 99`): letters as `a` or `A`, digits as `9`.
        around: the object that holds it, as indented JSON, masked.
    """

    path: str
    field: str
    expected: str
    value: str
    around: str


class ShowAnswer(Message):
    """Everything about one event."""

    row: Row
    timeline: tuple[Moment, ...]
    problems: tuple[Problem, ...]
    verdict: Verdict | None
    payload: str
    archive_key: str
    mapping_version: int


class RevealRequest(Message):
    """`reveal` (operator-pii): the bytes as they would be processed now."""

    id: Id
    why: Why


class RevealAnswer(Message):
    """The bytes. `edits` is what an edit of them is based on."""

    body_base64: str
    content_type: str
    edits: int


class EditRequest(Message):
    """`edit` (operator-pii): a new version of the body of an open event; `based_on` guards against another editor."""

    id: Id
    body_base64: str
    based_on: int
    why: Why


class EditAnswer(Message):
    """The version that was stored, and what replaying it would do."""

    edits: int
    verdict: Verdict


class DiscardRequest(Message):
    """`discard`: these dead or parked events are not wanted. Each can still be replayed later."""

    ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST_IDS)]
    why: Why


class DiscardAnswer(Message):
    """Which were discarded, and why others were not."""

    discarded: tuple[str, ...]
    kept: dict[str, str] = Field(default_factory=dict)

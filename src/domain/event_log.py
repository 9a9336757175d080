"""What became of each event, as people who operate Dealwire see it.

An event has one state. `applied` is for good; everything else is *open*: it waits for something or somebody.

    (in the queue) ──▶ applied
          │  ▲
          ▼  │ replayed, released, due again
    waiting · parked · dead · discarded
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.envelope import Envelope

if TYPE_CHECKING:
    from domain.agents import AgentKey
    from domain.errors import Cause


class State(StrEnum):
    """What became of an event.

    `waiting`: deferred by a fault outside it, or replayed and not processed yet; nobody has to do anything.
    `parked`: waits for an agent of ours. `dead`: a person must act. `discarded`: a person decided against it.
    """

    APPLIED = "applied"
    WAITING = "waiting"
    PARKED = "parked"
    DEAD = "dead"
    DISCARDED = "discarded"


#: A dead letter of an event in one of these is filed, and changes nothing: it is applied, it follows by itself, or a
#: person has decided.
STANDING = frozenset({State.APPLIED, State.PARKED, State.DISCARDED})


class Disposition(StrEnum):
    """What ingest made of a verified delivery; the archive remembers it."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    UNLISTED = "unlisted"
    BAD_PAYLOAD = "bad_payload"


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event and its state.

    Attributes:
        key: `source#event id`, as `Envelope.event_key`.
        state: what became of it.
        envelope: without body; `archive_key` is that of the bytes that would be processed now (an edit changes it).
        since: when it came into this state; dead letters: when it was first filed.
        last_at: when something last happened to it.
        cause: why it is open.
        reason: the same in words, with every failing field and no value of the payload.
        deal: `source/source id` of its deal, where known.
        deal_id: our id of the deal, when applied.
        attempts: dead letters: how often it was tried in all; waiting: how often deferred.
        missing: the agents it is parked for.
        due_at: when the sweeper looks at it.
        changed: names of what it changed, when applied: `sale_price`, `participants`, ...
        mapped_by: the version of the mapping that read it, when applied.
        looked_up: the agents of ours that it names, `source/agent id`, when applied.
        edits: how often its body was edited; 0: the bytes are the provider's.
        replay: the replay by which it was last applied, if it was.
    """

    key: str
    state: State
    envelope: Envelope
    since: datetime
    last_at: datetime
    cause: Cause | None = None
    reason: str = ""
    deal: str = ""
    deal_id: str = ""
    attempts: int = 0
    missing: frozenset[AgentKey] = frozenset()
    due_at: datetime | None = None
    changed: tuple[str, ...] = ()
    edits: int = 0
    replay: str = ""
    mapped_by: int = 0
    looked_up: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """`source/event id`: how people name it."""
        return self.key.replace("#", "/", 1)


@dataclass(frozen=True, slots=True)
class Filing:
    """One message out of a dead-letter queue, as it was filed.

    Attributes:
        message_id: SQS's; a message that is received twice is filed once.
        queue: the name of the dead-letter queue.
        at: when it was filed.
        sent_at: when it came into the dead-letter queue.
        cause: filed under.
        reason: with every failing field and no value of the payload.
        receives: attempts before it came into the dead-letter queue.
        receipt: of the delivery.
        mapping_version: that was current when it was received.
        archive_key: of the bytes that failed.
        deal: `source/source id`, where known.
    """

    message_id: str
    queue: str
    at: datetime
    sent_at: datetime
    cause: Cause
    reason: str
    receives: int
    receipt: str
    mapping_version: int
    archive_key: str
    deal: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One verified webhook as the archive holds it; an event may be delivered several times.

    Attributes:
        key: of the event, `source#event id`.
        receipt: of this delivery.
        archive_key: where the bytes lie.
        received_at: aware UTC.
        source: who sent it.
        event_type: the provider's word.
        disposition: what ingest made of it.
        mapping_version: current then.
        content_type: of the body.
        settled: whether it has an outcome: its event has a state, or nobody uses it.
    """

    key: str
    receipt: str
    archive_key: str
    received_at: datetime
    source: str
    event_type: str
    disposition: Disposition
    mapping_version: int
    content_type: str = "application/octet-stream"
    settled: bool = False

    @property
    def envelope(self) -> Envelope:
        """The event as a claim check, as ingest would have queued it but for the headers."""
        return Envelope(
            receipt=self.receipt,
            source=self.source,
            event_type=self.event_type,
            event_id=self.key.partition("#")[2],
            received_at=self.received_at,
            mapping_version=self.mapping_version,
            content_type=self.content_type,
            archive_key=self.archive_key,
        )


@dataclass(frozen=True, slots=True)
class BodyVersion:
    """An edited body. The provider's own is version 0 and stays where it was.

    Attributes:
        number: from 1.
        archive_key: where the bytes lie, under `edits/`.
        at: when it was made.
        who: by whom.
        why: in their words.
    """

    number: int
    archive_key: str
    at: datetime
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A state that the event came into, kept when it left it again.

    Attributes:
        state: `waiting`, `parked`, or `applied` where a replay applied it again.
        at: since when.
        told: why, or what it changed; never a value of a payload.
    """

    state: State
    at: datetime
    told: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that is filed about one event."""

    record: EventRecord | None
    deliveries: tuple[Delivery, ...] = ()
    filings: tuple[Filing, ...] = ()
    versions: tuple[BodyVersion, ...] = ()
    passages: tuple[Passage, ...] = ()
    audit: tuple[AuditEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, when and why. Written once, never changed.

    Attributes:
        id: of this entry.
        at: aware UTC.
        who: ARN of the signed request's caller.
        action: `replay`, `discard`, `edit`, `reveal`, `forget`, `agents-import`, ...
        subject: what it was done to: `EVENT#source#event id`, `CONTACT#id`, `JOB#id` or `AGENTS`.
        why: in their words.
        details: ids, counts and names of fields; never a value of a payload.
    """

    id: str
    at: datetime
    who: str
    action: str
    subject: str
    why: str
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A replay under way: a list of events, frozen when it was planned, and how far it has come.

    Attributes:
        id: begins with the time, so that later replays have greater ids.
        kind: `letters` (open events) or `events` (applied ones, from the archive).
        pinned: `events`: map as when they were received (`then`), not as now.
        total: how many events.
        done: how many of them have been dealt with, from the first.
        who: planned it.
        why: in their words.
        at: when it was planned.
    """

    id: str
    kind: str
    total: int
    who: str
    why: str
    at: datetime
    done: int = 0
    pinned: bool = False

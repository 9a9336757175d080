"""Records as operators see them: rows of lists, and the moments of a story."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain.causes import MENDING
from domain.event_log import Disposition, State
from domain.operate.letters import Moment, Row

if TYPE_CHECKING:
    from domain.event_log import AuditEntry, Delivery, EventRecord, Filing, Passage, Story

#: Some sources know our agents by their e-mail address; its first letter tells enough.
_ADDRESS = re.compile(r"([^\s@/#,;:])[^\s@/#,;:]*@[^\s@,;]+")

#: What an audit entry's action is called in a story.
_DONE = {"replay": "replayed", "discard": "discarded", "edit": "edited", "reveal": "revealed", "forget": "forgotten"}


_ENDS = {
    Disposition.ACCEPTED: "accepted and queued",
    Disposition.IGNORED: "ignored: nobody uses this type",
    Disposition.UNLISTED: "unlisted: nobody knows this type",
    Disposition.BAD_PAYLOAD: "refused: not what this source sends",
}


def row_of(record: EventRecord) -> Row:
    """One line of a list."""
    mending = MENDING[record.cause] if record.cause is not None else None
    return Row(
        id=record.id,
        state=record.state,
        cause=record.cause,
        owner=mending.owner if mending else "",
        remedy=mending.remedy if mending else "",
        reason=without_addresses(record.reason),
        source=record.envelope.source,
        event_type=record.envelope.event_type,
        deal=record.deal,
        receipt=record.envelope.receipt,
        attempts=record.attempts,
        edits=record.edits,
        since=record.since,
        last_at=record.last_at,
        due_at=record.due_at,
    )


def moments_of(story: Story) -> list[Moment]:
    """Everything that happened to one event, oldest first."""
    moments = [_received(delivery) for delivery in story.deliveries]
    moments += [_filed(filing, story) for filing in story.filings]
    moments += [_acted(entry) for entry in story.audit]
    moments += [_passed(passage, story) for passage in story.passages if not _is_now(passage, story.record)]
    if story.record is not None:
        moments.append(_stands(story.record))
    return sorted(moments, key=lambda moment: moment.at)


def without_addresses(text: str) -> str:
    """The text with each e-mail address cut to its first letter.

    Examples:
        >>> without_addresses("unknown agent of ours: dotloop/dana@example.com; add")
        'unknown agent of ours: dotloop/d•••; add'
    """
    return _ADDRESS.sub(r"\1•••", text) if "@" in text else text


def _event(key: str) -> str:
    return key.replace("#", "/", 1)


def _received(delivery: Delivery) -> Moment:
    detail = (
        f"signature verified, archived; {delivery.event_type}; {_ENDS[delivery.disposition]}; "
        f"mapping v{delivery.mapping_version}; receipt {delivery.receipt}"
    )
    return Moment(at=delivery.received_at, what="received", detail=detail, event=_event(delivery.key))


def _filed(filing: Filing, story: Story) -> Moment:
    tried = f"{filing.receives} attempt" if filing.receives == 1 else f"{filing.receives} attempts"
    reason = without_addresses(filing.reason)
    detail = f"{filing.cause} after {tried}, by {filing.queue}; mapping v{filing.mapping_version}: {reason}"
    event = story.record.id if story.record else ""
    return Moment(at=filing.at, what="filed", detail=detail, event=event)


def _is_now(passage: Passage, record: EventRecord | None) -> bool:
    return record is not None and (passage.state, passage.at) == (record.state, record.since)


def _passed(passage: Passage, story: Story) -> Moment:
    told, event = without_addresses(passage.told), story.record.id if story.record else ""
    return Moment(at=passage.at, what=passage.state.value, detail=told, event=event)


def _acted(entry: AuditEntry) -> Moment:
    details = ", ".join(f"{name} {value}" for name, value in entry.details.items())
    detail = f"{entry.why} ({details})" if details else entry.why
    event = _event(entry.subject.removeprefix("EVENT#")) if entry.subject.startswith("EVENT#") else ""
    return Moment(at=entry.at, what=_DONE.get(entry.action, entry.action), detail=detail, event=event, who=entry.who)


def _stands(record: EventRecord) -> Moment:
    """Where it stands now: at the end of its story."""
    at = record.last_at if record.state is State.APPLIED else record.since
    return Moment(at=at, what=record.state.value, detail=_standing(record), event=record.id)


def _standing(record: EventRecord) -> str:
    if record.state is State.APPLIED:
        changed = ", ".join(record.changed) or "nothing"
        again = f"; by replay {record.replay}" if record.replay else ""
        agents = without_addresses(", ".join(record.looked_up))
        looked_up = f"; our agents looked up: {agents}" if agents else ""
        return f"mapped by v{record.mapped_by}{looked_up}; changed {changed}; deal {record.deal_id or 'unknown'}{again}"
    due = f"; looked at again at {record.due_at:%Y-%m-%d %H:%M:%S} UTC" if record.due_at else ""
    if record.state is State.PARKED:
        noun = "agent" if len(record.missing) == 1 else "agents"
        names = ", ".join(sorted(without_addresses(str(key)) for key in record.missing))
        return f"for {len(record.missing)} {noun}: {names}{due}"
    return f"{record.cause or 'no cause'}: {without_addresses(record.reason)}{due}"

"""The rows of the events table that tell what became of an event, and the columns that its indexes are made of.

| pk | sk | what | index |
|---|---|---|---|
| `EVENT#source#event id` | `EVENT` | its state and why | `by_deal`; `open` unless applied; `due` where it waits |
| same | `FILED#message id` | one message out of a dead-letter queue | |
| same | `BODY#0001#time` | one edited body | |
| same | `PAST#since#state` | a state that it was in, for its story | |

An attribute of an index is left out where it is empty: DynamoDB refuses empty keys.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.agents import AgentKey
from domain.envelope import EDITS, Envelope
from domain.errors import Cause
from domain.event_log import BodyVersion, EventRecord, Filing, Passage, State
from storage.codec import event_columns
from storage.records import event_key

logger = logging.getLogger(__name__)

#: How the sort keys of the other rows of an event begin.
FILED, BODY, DELIVERY, PAST = "FILED#", "BODY#", "DELIVERY#", "PAST#"

Row = dict[str, Any]


def open_kind(state: State, cause: Cause) -> str:
    """The partition of index `open` that holds the events of this state and cause."""
    return f"{state.value}#{cause.value}"


def open_at(since: datetime, key: str) -> str:
    """The place of an event within its partition: by time, and no other event has the same."""
    return f"{moment(since)}#{key}"


def is_place(text: str) -> bool:
    """Whether the text is one that `open_at` made."""
    at, _, key = text.partition("#")
    try:
        return datetime.fromisoformat(at).tzinfo is not None and "#" in key
    except ValueError:
        return False


def moment(at: datetime) -> str:
    """The time as text that sorts as the time does."""
    return at.astimezone(UTC).isoformat()


def open_item(record: EventRecord) -> Row:
    """The row of an event that is not applied.

    Raises:
        ValueError: an open event without a cause, or an applied one; a bug of ours.
    """
    if record.cause is None or record.state is State.APPLIED:
        raise ValueError(f"{record.key} is {record.state} with cause {record.cause}: only open events are written here")
    envelope = record.envelope.without_body()
    row: Row = (
        event_key(record.key)
        | event_columns(envelope)
        | {
            "state": record.state.value,
            "cause": record.cause.value,
            "reason": record.reason,
            "since": record.since.isoformat(),
            "last_at": record.last_at.isoformat(),
            "attempts": record.attempts,
            "missing": [list(key) for key in sorted(record.missing)],
            "envelope": envelope.to_json(),
            "open_kind": open_kind(record.state, record.cause),
            "open_at": open_at(record.since, record.key),
        }
    )
    if record.state in (State.WAITING, State.PARKED) and record.due_at is not None:
        row |= {"due_kind": "event", "due_at": int(record.due_at.timestamp())}
    return row | _unless_empty(deal=record.deal, edits=record.edits)


def record_from(row: Mapping[str, Any]) -> EventRecord:
    """The event that a row in any state tells of.

    Raises:
        KeyError, ValueError: not a row of ours.
    """
    return _applied(row) if row["state"] == State.APPLIED.value else _open(row)


def readable(rows: Iterable[Mapping[str, Any]]) -> list[EventRecord]:
    """The rows that can be read; one that cannot must not hide the others."""
    records = []
    for row in rows:
        try:
            records.append(record_from(row))
        except (KeyError, ValueError):
            logger.exception("event row %s cannot be read; correct it in the events table", row["pk"])
    return records


def as_read(row: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """The condition that the event's row is still as it was read, and its values. None: that there is no row."""
    if row is None:
        return "attribute_not_exists(pk)", {}
    terms, values = ["#state = :was_state"], {":was_state": row["state"]}
    # Whatever changes an open row moves one of these. A row that an older version wrote may lack some.
    for name in ("cause", "since", "attempts", "last_at", "due_at", "edits", "receipt"):
        if name in row:
            terms.append(f"{name} = :was_{name}")
            values[f":was_{name}"] = row[name]
        else:
            terms.append(f"attribute_not_exists({name})")
    return " AND ".join(terms), values


def edits_of(archive_key: str) -> int:
    """The number of the edited body that lies under this key; 0 where it is the provider's own."""
    number = archive_key.rpartition("/")[2]
    return int(number) if archive_key.startswith(EDITS) and number.isdecimal() else 0


def filing_item(key: str, filing: Filing) -> Row:
    """The row of one filing of the event."""
    row = filed_key(key, filing.message_id) | {
        "queue": filing.queue,
        "at": filing.at.isoformat(),
        "sent_at": filing.sent_at.isoformat(),
        "cause": filing.cause.value,
        "reason": filing.reason,
        "receives": filing.receives,
        "receipt": filing.receipt,
        "mapping_version": filing.mapping_version,
        "archive_key": filing.archive_key,
    }
    return row | _unless_empty(deal=filing.deal)


def filed_key(key: str, message_id: str) -> dict[str, str]:
    """Key of a filing."""
    return {"pk": event_key(key)["pk"], "sk": f"{FILED}{message_id}"}


def filing_from(row: Mapping[str, Any]) -> Filing:
    """The filing that `filing_item` stored."""
    return Filing(
        message_id=row["sk"].removeprefix(FILED),
        queue=row["queue"],
        at=datetime.fromisoformat(row["at"]),
        sent_at=datetime.fromisoformat(row["sent_at"]),
        cause=Cause(row["cause"]),
        reason=row["reason"],
        receives=int(row["receives"]),
        receipt=row["receipt"],
        mapping_version=int(row["mapping_version"]),
        archive_key=row["archive_key"],
        deal=row.get("deal", ""),
    )


def version_item(key: str, version: BodyVersion) -> Row:
    """The row of one edited body of the event.

    The time is part of its key: an event that its source sent again, and that was parked or deferred, counts its edits
    from 1 anew, and what was edited before must be found when it is to be erased.
    """
    return {
        "pk": event_key(key)["pk"],
        "sk": f"{BODY}{version.number:04d}#{moment(version.at)}",
        "archive_key": version.archive_key,
        "at": version.at.isoformat(),
        "who": version.who,
        "why": version.why,
    }


def version_from(row: Mapping[str, Any]) -> BodyVersion:
    """The edited body that `version_item` stored."""
    return BodyVersion(
        number=int(row["sk"].removeprefix(BODY).partition("#")[0]),
        archive_key=row["archive_key"],
        at=datetime.fromisoformat(row["at"]),
        who=row["who"],
        why=row["why"],
    )


def passage_from(row: Mapping[str, Any]) -> Passage:
    """The state that `records.passage_item` keeps."""
    return Passage(State(row["sk"].rpartition("#")[2]), datetime.fromisoformat(row["at"]), row["told"])


def _open(row: Mapping[str, Any]) -> EventRecord:
    envelope = Envelope.from_json(row["envelope"])
    since = datetime.fromisoformat(row["since"])
    due_at = row.get("due_at")
    return EventRecord(
        key=envelope.event_key,
        state=State(row["state"]),
        envelope=envelope,
        since=since,
        last_at=datetime.fromisoformat(row["last_at"]) if "last_at" in row else since,
        cause=Cause(row["cause"]),
        reason=row["reason"],
        deal=row.get("deal", ""),
        attempts=int(row["attempts"]),
        missing=frozenset(AgentKey(*pair) for pair in row.get("missing", [])),
        due_at=None if due_at is None else datetime.fromtimestamp(int(due_at), tz=UTC),
        edits=int(row.get("edits", 0)),
    )


def _applied(row: Mapping[str, Any]) -> EventRecord:
    envelope = Envelope(
        receipt=row["receipt"],
        source=row["source"],
        event_type=row["event_type"],
        event_id=row["event_id"],
        received_at=datetime.fromisoformat(row["received_at"]),
        mapping_version=int(row["mapping_version"]),
        content_type=row.get("content_type", "application/octet-stream"),
        archive_key=row["archive_key"],
    )
    applied_at = datetime.fromisoformat(row["applied_at"])
    return EventRecord(
        key=envelope.event_key,
        state=State.APPLIED,
        envelope=envelope,
        since=applied_at,
        last_at=applied_at,
        deal=row.get("deal", ""),
        deal_id=row["deal_id"],
        changed=tuple(row.get("changed", ())),
        edits=edits_of(envelope.archive_key),
        replay=row.get("replay", ""),
        mapped_by=int(row["mapped_by"]),
        looked_up=tuple(row.get("looked_up", ())),
    )


def _unless_empty(**columns: str | int) -> Row:
    return {name: value for name, value in columns.items() if value}

"""What operators change about open events: each change and its audit entry in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from domain.errors import Conflict
from domain.event_log import State
from storage import dynamo
from storage.audit import audit_put
from storage.event_rows import as_read, open_item, version_item
from storage.records import event_key, parking_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from domain.event_log import AuditEntry, BodyVersion, EventRecord


@dataclass(frozen=True, slots=True)
class DynamoMending:
    """Changes of open events on DynamoDB; implements `domain.operate.ports.Mending`."""

    client: DynamoDBClient
    events_table: str
    audit_table: str

    def release(self, record: EventRecord, *, now: datetime, due_at: datetime, entry: AuditEntry) -> None:
        """Dead, discarded or parked: to `waiting`, due at `due_at`, counting afresh.

        Raises:
            Conflict: the event is not as it was read.
        """
        self._replace(record, released(record, now, due_at), entry)

    def discard(self, record: EventRecord, *, now: datetime, entry: AuditEntry) -> None:
        """Dead or parked: to `discarded`.

        Raises:
            Conflict: the event is not as it was read.
        """
        self._replace(record, discarded(record, now), entry)

    def edit(self, record: EventRecord, version: BodyVersion, entry: AuditEntry) -> None:
        """Add the version; from now on its bytes are the event's.

        Raises:
            Conflict: the event is not as it was read, for instance because somebody else edited it.
        """
        after = edited(record, version)
        # The body's own row has no condition: `edits` decides who is first.
        body = dynamo.put(self.events_table, version_item(record.key, version))
        condition, seen = "#state = :state AND receipt = :receipt AND attribute_not_exists(edits)", {}
        if record.edits:
            condition, seen = "#state = :state AND receipt = :receipt AND edits = :edits", {":edits": record.edits}
        change = dynamo.update(
            self.events_table,
            event_key(record.key),
            "SET archive_key = :archive_key, envelope = :envelope, edits = :number, last_at = :last_at",
            condition,
            {
                ":state": record.state.value,
                ":receipt": record.envelope.receipt,
                ":archive_key": version.archive_key,
                ":envelope": after.envelope.without_body().to_json(),
                ":number": after.edits,
                ":last_at": after.last_at.isoformat(),
                **seen,
            },
        )
        audit = audit_put(self.audit_table, entry)
        dynamo.write_all(self.client, f"edit {record.key}", [change, body, audit])

    def _replace(self, before: EventRecord, after: EventRecord, entry: AuditEntry) -> None:
        condition, values = as_read(open_item(before))
        put = dynamo.put(self.events_table, open_item(after), condition, values)
        unparked = [dynamo.delete(self.events_table, parking_key(key, before.key)) for key in sorted(before.missing)]
        doing = f"{entry.action} {before.key}"
        dynamo.write_all(self.client, doing, [put, *unparked, audit_put(self.audit_table, entry)])


def released(record: EventRecord, now: datetime, due_at: datetime) -> EventRecord:
    """The event as it waits after an operator has sent it on.

    Raises:
        Conflict: it is neither dead, discarded nor parked.
    """
    _check(record, State.DEAD, State.DISCARDED, State.PARKED)
    return replace(
        record,
        state=State.WAITING,
        envelope=record.envelope.afresh(),
        since=now,
        last_at=now,
        reason=f"replayed; {record.reason}",
        attempts=0,
        missing=frozenset(),
        due_at=due_at,
    )


def discarded(record: EventRecord, now: datetime) -> EventRecord:
    """The event after an operator has decided against it.

    Raises:
        Conflict: it is neither dead nor parked.
    """
    _check(record, State.DEAD, State.PARKED)
    return replace(record, state=State.DISCARDED, since=now, last_at=now, due_at=None, missing=frozenset())


def edited(record: EventRecord, version: BodyVersion) -> EventRecord:
    """The event with another body.

    Raises:
        Conflict: it is applied or on its way, or the version does not follow on its last one.
    """
    _check(record, State.PARKED, State.DEAD, State.DISCARDED)
    if version.number != record.edits + 1:
        raise Conflict(f"{record.id} was edited {record.edits} times, and this is edit {version.number}; read it again")
    envelope = replace(record.envelope, archive_key=version.archive_key)
    return replace(record, envelope=envelope, edits=version.number, last_at=version.at)


def _check(record: EventRecord, *states: State) -> None:
    if record.state not in states:
        expected = " or ".join(state.value for state in states)
        raise Conflict(f"{record.id} is {record.state.value}, not {expected}; look at it again")

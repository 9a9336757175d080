"""Events that wait, in the events table.

| pk | sk | what | read by |
|---|---|---|---|
| `EVENT#source#event id` | `EVENT` | `waiting` or `parked`, with its envelope | event; `due`: kind `event`; `open` |
| `AGENT#source#agent id` | `EVENT#source#event id` | the event is parked for this agent | agent |

The same row says `applied`, `dead` or `discarded` of an event that does not wait (storage/records.py and filings.py).
Such rows have no `due_kind` and `due_at`, so the index `due` holds only what waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.agents import AgentKey
from domain.envelope import Envelope
from domain.errors import Cause, Conflict
from domain.event_log import State
from domain.ports import Waiting
from storage import dynamo
from storage.codec import event_columns, passage_document
from storage.event_rows import edits_of, open_at, open_kind
from storage.records import APPLIED, event_key, parking_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

logger = logging.getLogger(__name__)

#: Events of one page; each is one small row.
PAGE = 100

_WAITS = frozenset({State.WAITING.value, State.PARKED.value})

_NOT_APPLIED = "attribute_not_exists(pk) OR #state <> :applied"


@dataclass(frozen=True, slots=True)
class DynamoWaitingRoom:
    """Waiting events on DynamoDB; implements `domain.ports.WaitingRoom`."""

    client: DynamoDBClient
    events_table: str
    directory_table: str
    pause: Callable[[float], None]

    def find(self, event_key: str) -> Waiting | None:
        """The event, if it waits."""
        row = self._row(event_key)
        return _waiting(row) if row else None

    def defer(self, waiting: Waiting) -> None:
        """Store a deferred event, be it dead by now; one that was applied meanwhile is left alone."""
        try:
            dynamo.write_all(self.client, f"defer {waiting.envelope.event_key}", self._stored(waiting))
        except Conflict:
            row = dynamo.get(self.client, self.events_table, event_key(waiting.envelope.event_key))
            if row is None or row["state"] != APPLIED:
                raise

    def park(self, waiting: Waiting) -> None:
        """Store the event under every missing agent, in one transaction that checks that each is still missing."""
        before = self._row(waiting.envelope.event_key)
        gone = _missing(before) - waiting.missing if before else frozenset()
        writes = self._stored(waiting)
        for key in sorted(waiting.missing):
            writes.append(dynamo.put(self.events_table, parking_key(key, waiting.envelope.event_key)))
            writes.append(dynamo.absent(self.directory_table, {"source": key.source, "agent_id": key.agent_id}))
        writes += [self._drop(key, waiting.envelope.event_key) for key in sorted(gone)]
        dynamo.write_all(self.client, f"park {waiting.envelope.event_key}", writes)

    def due(self, now: datetime) -> Iterator[Sequence[Waiting]]:
        """The events whose time has come, oldest first, page by page.

        One pass over the index: it lags behind the table, so reading it anew would show again what was just moved on.
        """
        pages = self.client.get_paginator("query").paginate(
            TableName=self.events_table,
            IndexName="due",
            KeyConditionExpression="due_kind = :kind AND due_at <= :now",
            ExpressionAttributeValues=dynamo.to_wire({":kind": "event", ":now": int(now.timestamp())}),
            PaginationConfig={"PageSize": PAGE},
        )
        with dynamo.translated("read due events"):
            for page in pages:
                yield _readable([dynamo.from_wire(item) for item in page["Items"]])

    def parked_for(self, keys: Collection[AgentKey]) -> Sequence[Waiting]:
        """The events parked under any of these agents."""
        events = {event for key in keys for event in self._parked_under(key)}
        wanted = {self.events_table: [event_key(event) for event in events]}
        rows = dynamo.batch_get(self.client, wanted, self.pause)[self.events_table]
        return _readable([row for row in rows if row["state"] in _WAITS])

    def reschedule(self, events: Iterable[Waiting], due_at: datetime) -> None:
        """Look at these again at `due_at`; those that changed since they were read are left as they are."""
        for waiting in events:
            seen = {":seen": int(waiting.due_at.timestamp()), ":attempts": waiting.attempts}
            try:
                with dynamo.translated(f"reschedule {waiting.envelope.event_key}"):
                    self.client.update_item(
                        TableName=self.events_table,
                        Key=dynamo.to_wire(event_key(waiting.envelope.event_key)),
                        UpdateExpression="SET due_at = :due",
                        ConditionExpression="due_at = :seen AND attempts = :attempts",
                        ExpressionAttributeValues=dynamo.to_wire({":due": int(due_at.timestamp()), **seen}),
                    )
            except Conflict:  # applied, closed or deferred anew since it was read
                continue

    def close(self, event_key: str) -> None:
        """Forget the event and its parking rows, unless it was applied, or filed as dead, meanwhile."""
        row = self._row(event_key)
        if row is None:
            return
        key = {"pk": row["pk"], "sk": row["sk"]}
        gone = dynamo.delete(self.events_table, key)
        gone["Delete"] |= {
            "ConditionExpression": "#state IN (:waiting, :parked)",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": dynamo.to_wire({":waiting": "waiting", ":parked": "parked"}),
        }
        drops = [self._drop(agent, event_key) for agent in sorted(_missing(row))]
        try:
            dynamo.write_all(self.client, f"close {event_key}", [gone, *drops])
        except Conflict:
            if self._row(event_key) is not None:
                raise
            # Applied by another delivery of the same event, or its dead letter was filed: either is what we want.

    def _stored(self, waiting: Waiting) -> list[TransactWriteItemTypeDef]:
        """The state, and what will stay of it in the event's story."""
        past = event_key(waiting.envelope.event_key) | passage_document(waiting.passage)
        state = dynamo.put(self.events_table, _item(waiting), _NOT_APPLIED, {":applied": APPLIED})
        return [state, dynamo.put(self.events_table, past)]

    def _row(self, key: str) -> dict[str, Any] | None:
        row = dynamo.get(self.client, self.events_table, event_key(key))
        return row if row and row["state"] in _WAITS else None

    def _parked_under(self, key: AgentKey) -> list[str]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.events_table,
            KeyConditionExpression="pk = :agent",
            ExpressionAttributeValues=dynamo.to_wire({":agent": parking_key(key, "")["pk"]}),
            ConsistentRead=True,
        )
        with dynamo.translated("read parked events"):  # some sources know agents by their e-mail address
            return [dynamo.from_wire(item)["sk"].removeprefix("EVENT#") for page in pages for item in page["Items"]]

    def _drop(self, key: AgentKey, event: str) -> TransactWriteItemTypeDef:
        return dynamo.delete(self.events_table, parking_key(key, event))


def _readable(rows: Sequence[dict[str, Any]]) -> list[Waiting]:
    """The rows that can be read; one that cannot must not hold up the others."""
    events = []
    for row in rows:
        try:
            events.append(_waiting(row))
        except (KeyError, ValueError):
            logger.exception("waiting row %s cannot be read; correct or delete it in the events table", row["pk"])
    return events


def _item(waiting: Waiting) -> dict[str, Any]:
    envelope = waiting.envelope
    state = State.PARKED if waiting.cause is Cause.UNKNOWN_AGENT else State.WAITING
    row = event_columns(envelope) | {
        "state": state.value,
        "cause": str(waiting.cause),
        "reason": waiting.reason,
        "since": waiting.since.isoformat(),
        "last_at": waiting.since.isoformat(),
        "attempts": waiting.attempts,
        "missing": [list(key) for key in sorted(waiting.missing)],
        "envelope": envelope.to_json(),
        "open_kind": open_kind(state, waiting.cause),
        "open_at": open_at(waiting.since, envelope.event_key),
        "due_kind": "event",
        "due_at": int(waiting.due_at.timestamp()),
    }
    optional = {"deal": waiting.deal, "edits": edits_of(envelope.archive_key)}
    return event_key(envelope.event_key) | row | {name: value for name, value in optional.items() if value}


def _waiting(row: dict[str, Any]) -> Waiting:
    return Waiting(
        envelope=Envelope.from_json(row["envelope"]),
        cause=Cause(row["cause"]),
        reason=row["reason"],
        since=datetime.fromisoformat(row["since"]),
        due_at=datetime.fromtimestamp(int(row["due_at"]), tz=UTC),
        attempts=int(row["attempts"]),
        missing=_missing(row),
        deal=row.get("deal", ""),
    )


def _missing(row: dict[str, Any]) -> frozenset[AgentKey]:
    return frozenset(AgentKey(*pair) for pair in row.get("missing", []))

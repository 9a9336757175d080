"""Where the dead are filed: each message once, and with it the state of its event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain.agents import AgentKey
from domain.errors import Conflict
from domain.event_log import STANDING, State
from storage import dynamo
from storage.event_rows import BODY, Row, as_read, filed_key, filing_item, open_item, record_from, version_from
from storage.records import event_key, parking_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from domain.event_log import BodyVersion, EventRecord, Filing


@dataclass(frozen=True, slots=True)
class DynamoFilings:
    """Filings on DynamoDB; implements `domain.operate.ports.Filings`."""

    client: DynamoDBClient
    events_table: str
    pause: Callable[[float], None]

    def file(self, filing: Filing, record: EventRecord) -> bool:
        """Write the filing and the event's state in one transaction; False if it was filed before.

        Raises:
            Conflict: somebody else is writing this event; try again.
        """
        filed, event = filed_key(record.key, filing.message_id), event_key(record.key)
        found = dynamo.batch_get(self.client, {self.events_table: [filed, event]}, self.pause)[self.events_table]
        rows = {row["sk"]: row for row in found}
        if filed["sk"] in rows:
            return False
        put = dynamo.put(self.events_table, filing_item(record.key, filing), "attribute_not_exists(pk)")
        held = rows.get(event["sk"])
        writes = [put, *self._state(record, held)]
        try:
            dynamo.write_all(self.client, f"file {record.key}", writes)
        except Conflict:
            if dynamo.get(self.client, self.events_table, filed) is None:
                raise
            return False  # the same message, filed by another run meanwhile
        return True

    def _state(self, record: EventRecord, row: Row | None) -> list[TransactWriteItemTypeDef]:
        held = record_from(row) if row else None
        if held is not None and held.state in STANDING:
            return []
        item = open_item(refiled(held, record, self._latest_edit(record.key)))
        condition, values = as_read(row)
        freed = held.missing if held else frozenset[AgentKey]()
        drops = [dynamo.delete(self.events_table, parking_key(key, record.key)) for key in sorted(freed)]
        return [dynamo.put(self.events_table, item, condition, values), *drops]

    def _latest_edit(self, key: str) -> BodyVersion | None:
        request = {
            "TableName": self.events_table,
            "KeyConditionExpression": "pk = :event AND begins_with(sk, :body)",
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "PaginationConfig": {"MaxItems": 1, "PageSize": 1},
        }
        rows = dynamo.query(self.client, request, {":event": event_key(key)["pk"], ":body": BODY})
        return next((version_from(row) for row in rows), None)


def refiled(held: EventRecord | None, record: EventRecord, edit: BodyVersion | None) -> EventRecord:
    """What stands of an event after a filing.

    Args:
        held: what stood before, not applied and not parked.
        record: what the filing says.
        edit: the newest edited body. It stays the event's: the same event delivered again has the provider's bytes.
    """
    filed = record
    if edit is not None:
        filed = replace(filed, envelope=replace(filed.envelope, archive_key=edit.archive_key), edits=edit.number)
    if held is None:
        return filed
    still_dead = held.state is State.DEAD and filed.state is State.DEAD
    return replace(
        filed,
        attempts=held.attempts + filed.attempts,
        since=held.since if still_dead else filed.since,
        deal=filed.deal or held.deal,
    )

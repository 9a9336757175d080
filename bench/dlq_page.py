"""What a page of `dealwire dlq list` reads, counted on tables built from template.yaml."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

from domain.envelope import Envelope
from domain.errors import Cause
from domain.event_log import EventRecord, State
from domain.operate.letters import Filter
from storage import dynamo
from storage.event_log import DynamoEventLog
from storage.event_rows import open_item
from tests.template import tables

#: Rows that a person sees at once.
PAGE = 50

START = datetime(2026, 3, 2, tzinfo=UTC)
CAUSES = tuple(Cause)


def dlq_page_items_read(stored: int) -> int:
    """Items that DynamoDB reads for the first page of open events, newest first.

    Args:
        stored: dead letters in the table, of every cause.
    """
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        events, audit = (tables()[name] for name in ("EventsTable", "AuditTable"))
        for table in (events, audit):
            client.create_table(**table)
        rows = [{"PutRequest": {"Item": dynamo.to_wire(open_item(_letter(number)))}} for number in range(stored)]
        for start in range(0, len(rows), 25):
            client.batch_write_item(RequestItems={events["TableName"]: rows[start : start + 25]})
        read: list[int] = []

        def count(parsed: dict[str, Any], **_: Any) -> None:
            read.append(parsed["ScannedCount"])

        client.meta.events.register("after-call.dynamodb.Query", count)
        log = DynamoEventLog(client, events["TableName"], audit["TableName"], lambda _seconds: None)
        page = log.open(Filter(states=(State.DEAD, State.PARKED, State.WAITING)), limit=PAGE)
        if len(page.items) != PAGE:
            raise AssertionError(f"a page of {len(page.items)}")
        return sum(read)


def _letter(number: int) -> EventRecord:
    at = START + timedelta(seconds=number)
    envelope = Envelope(
        receipt=f"{number:032x}",
        source="transactions",
        event_type="deal.updated",
        event_id=f"evt-{number}",
        received_at=at,
        mapping_version=1,
        content_type="application/json",
        archive_key=f"2026-03-02/transactions/{number:032x}",
    )
    cause = CAUSES[number % len(CAUSES)]
    return EventRecord(envelope.event_key, State.DEAD, envelope, at, at, cause, "1 field does not fit", attempts=1)

"""The event log and everything that writes to it, in memory or on moto, and ready-made records for its tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Cause
from domain.event_log import AuditEntry, BodyVersion, Delivery, Disposition, EventRecord, Filing, State
from domain.merging import merge
from domain.operate.ports import AuditTrail, DeliveryLog, EventLog, Filings, Jobs, Mending
from domain.ports import DealStore, WaitingRoom
from storage.audit import DynamoAudit
from storage.deliveries import DynamoDeliveryLog
from storage.event_log import DynamoEventLog
from storage.filings import DynamoFilings
from storage.jobs import DynamoJobs
from storage.mending import DynamoMending
from tests.builders import NOW, envelope, facts, wanted
from tests.conftest import no_pause
from tests.fakes.audit import MemoryAudit
from tests.fakes.deliveries import MemoryDeliveryLog
from tests.fakes.event_log import LoggedDealStore, MemoryEventLog
from tests.fakes.jobs import MemoryJobs
from tests.template import tables

LATER = NOW + timedelta(hours=1)


@dataclass(frozen=True)
class Logbook:
    """One world: what one of these writes, the others read."""

    log: EventLog
    filings: Filings
    mending: Mending
    audit: AuditTrail
    jobs: Jobs
    deliveries: DeliveryLog
    room: WaitingRoom
    store: DealStore

    def state(self, event_id: str = "evt-1") -> State | None:
        """What became of the event."""
        record = self.log.find([f"transactions#{event_id}"]).get(f"transactions#{event_id}")
        return record.state if record else None

    def record(self, event_id: str = "evt-1") -> EventRecord:
        """The event, which has a state."""
        return self.log.find([f"transactions#{event_id}"])[f"transactions#{event_id}"]

    def apply(self, event_id: str = "evt-1", **changes: Any) -> None:
        """Apply an event to deal T-1, as processing does."""
        event = facts(1, event_id=event_id, values={"reference": "A"})
        message = envelope(event_id, **changes)
        held = self.store.load(message, wanted(event))
        self.store.commit(merge(event, held, message, lambda: "D1"), NOW)

    def file(self, event_id: str = "evt-1", **changes: Any) -> EventRecord:
        """File the event as dead; how it then stands."""
        record = dead(event_id, **changes)
        self.filings.file(filing(f"m-{event_id}-{record.last_at:%d%H%M%S%f}"), record)
        return self.record(event_id)


def logbook(kind: str, request: pytest.FixtureRequest) -> Logbook:
    """The one on `dynamodb`, or in `memory`."""
    if kind == "memory":
        room, deliveries = request.getfixturevalue("memory_waiting_room"), MemoryDeliveryLog()
        log = MemoryEventLog(waiting=room, audit=MemoryAudit(), deliveries=deliveries)
        jobs = MemoryJobs(audit=log.audit)
        return Logbook(log, log, log, log.audit, jobs, deliveries, log.waiting, LoggedDealStore(log=log))
    client = request.getfixturevalue("dynamodb")
    names = {logical: table["TableName"] for logical, table in tables().items()}
    events, audit = names["EventsTable"], names["AuditTable"]
    return Logbook(
        DynamoEventLog(client, events, audit, no_pause),
        DynamoFilings(client, events, no_pause),
        DynamoMending(client, events, audit),
        DynamoAudit(client, audit),
        DynamoJobs(client, events, audit, no_pause),
        DynamoDeliveryLog(client, events, no_pause, lambda: NOW),
        request.getfixturevalue("dynamodb_waiting_room"),
        request.getfixturevalue("dynamodb_deal_store"),
    )


def dead(event_id: str = "evt-1", **changes: Any) -> EventRecord:
    """What a filing says about an event of the transactions source."""
    message = changes.pop("envelope", None) or envelope(event_id)
    fields: dict[str, Any] = {
        "state": State.DEAD,
        "since": NOW,
        "last_at": changes.get("since", NOW),
        "cause": Cause.MAPPING,
        "reason": "data.price: expected an amount (for sale_price)",
        "deal": "transactions/T-1",
        "attempts": 1,
    }
    return EventRecord(key=message.event_key, envelope=message, **{**fields, **changes})


def filing(message_id: str = "m-1", **changes: Any) -> Filing:
    """One message out of the dead-letter queue."""
    fields: dict[str, Any] = {
        "queue": "dealwire-test-transactions-dlq",
        "at": NOW,
        "sent_at": NOW - timedelta(seconds=5),
        "cause": Cause.MAPPING,
        "reason": "data.price: expected an amount (for sale_price)",
        "receives": 1,
        "receipt": "r-evt-1",
        "mapping_version": 1,
        "archive_key": "2026-03-02/transactions/r-evt-1",
        "deal": "transactions/T-1",
    }
    return Filing(message_id, **{**fields, **changes})


def delivery(receipt: str = "r-evt-1", event_id: str = "evt-1", **changes: Any) -> Delivery:
    """One webhook as the archive holds it."""
    fields: dict[str, Any] = {
        "archive_key": f"2026-03-02/transactions/{receipt}",
        "received_at": NOW,
        "source": "transactions",
        "event_type": "deal.updated",
        "disposition": Disposition.ACCEPTED,
        "mapping_version": 1,
    }
    return Delivery(f"transactions#{event_id}", receipt, **{**fields, **changes})


def version(number: int = 1, event_id: str = "evt-1") -> BodyVersion:
    """An edited body."""
    return BodyVersion(number, f"edits/transactions/{event_id}/{number}", LATER, "arn:ann", "the price was a text")


def entry(entry_id: str = "a-1", subject: str = "EVENT#transactions#evt-1", **changes: Any) -> AuditEntry:
    """What somebody did."""
    fields: dict[str, Any] = {"at": LATER, "who": "arn:ann", "action": "replay", "why": "mapping 2 is out"}
    return AuditEntry(entry_id, subject=subject, **{**fields, **changes})

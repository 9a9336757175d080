"""A desk over ports in memory, behind which real events are processed: deals and people to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from domain.envelope import Envelope
from domain.errors import Cause
from domain.event_log import Delivery, Disposition, EventRecord, Filing, State
from flows.operate.desk import Desk
from flows.outcome import Outcome
from flows.process_event import Policy, process_event
from tests.builders import envelope
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.archive import MemoryArchive
from tests.fakes.audit import MemoryAudit
from tests.fakes.commissions import (
    FakeAccounts,
    FakeCdaDesk,
    FakeCommissionStore,
    FakeDocumentShelf,
    FakePlanShelf,
)
from tests.fakes.contacts import MemoryContacts
from tests.fakes.deliveries import MemoryDeliveryLog, MemoryWalk
from tests.fakes.depths import MemoryDepths
from tests.fakes.event_log import LoggedDealStore, MemoryEventLog
from tests.fakes.jobs import MemoryJobs
from tests.fakes.ports import MemoryPorts
from tests.fakes.provider_api import MemoryProviderApi
from tests.fakes.queues import MemoryQueues
from tests.fakes.shelf import MemoryShelf
from tests.fakes.waiting import MemoryWaitingRoom
from tests.fakes.world import Clock

WHO = "arn:aws:iam::123456789012:user/ana"
POLICY = Policy(zone="America/Denver", longest_deferral=timedelta(hours=24))


@dataclass
class Office:
    """Implements `flows.operate.desk.DeskPorts`; events come in by `receive` and are applied by `work`."""

    clock: Clock = field(default_factory=Clock)
    directory: MemoryAgentDirectory = field(default_factory=MemoryAgentDirectory)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    queue: MemoryQueues = field(default_factory=MemoryQueues)
    walk: MemoryWalk = field(default_factory=MemoryWalk)
    depths: MemoryDepths = field(default_factory=MemoryDepths)
    received: int = 0

    def __post_init__(self) -> None:
        self.waiting = MemoryWaitingRoom(directory=self.directory)
        self.plans, self.accounts = FakePlanShelf(audit=self.audit), FakeAccounts(audit=self.audit)
        self.commissions, self.documents = FakeCommissionStore(), FakeDocumentShelf()
        self.cdas = FakeCdaDesk(store=self.commissions, audit=self.audit)
        self.deliveries = MemoryDeliveryLog(now=self.clock.now, deal_of=self._deal_of)
        self.log = self.mending = MemoryEventLog(self.waiting, self.audit, deliveries=self._deliveries_of)
        self.deals = LoggedDealStore(log=self.log)
        self.jobs = MemoryJobs(self.audit)
        self.shelf = MemoryShelf(self.archive)
        self.contacts = MemoryContacts(self.deals)
        self.process = MemoryPorts(
            self.archive, self.directory, self.deals, self.waiting, self.queue, MemoryProviderApi()
        )

    def desk(self) -> Desk:
        ports: Any = self
        world = self.clock.world()
        return Desk(ports, WHO, self.clock.now(), lambda: f"entry-{len(self.audit.entries)}", POLICY, world)

    # -- what happens around the desk

    def receive(
        self,
        event_id: str,
        data: Mapping[str, Any] | None = None,
        *,
        disposition: Disposition = Disposition.ACCEPTED,
        indexed: bool = True,
        **changes: Any,
    ) -> Envelope:
        """A delivery as ingest leaves it and, if `indexed`, as the walk found it a minute later."""
        self.received += 1
        now = self.clock.now()
        receipt = f"{int(now.timestamp() * 1000):012x}{self.received:020x}"
        source = changes.get("source", "transactions")
        key = f"{now:%Y-%m-%d}/{source}/{receipt}"
        came = envelope(event_id, **{"receipt": receipt, "received_at": now, "archive_key": key, **changes})
        document = {"id": event_id, "type": came.event_type, "occurred_at": now.isoformat(), "data": dict(data or {})}
        facts = {
            "receipt": receipt,
            "source": source,
            "event-type": came.event_type,
            "event-id": event_id,
            "received-at": now.isoformat(),
            "mapping-version": str(came.mapping_version),
            "content-type": came.content_type,
            "disposition": disposition.value,
        }
        self.archive.put(key, json.dumps(document).encode(), facts)
        if indexed:
            self.deliveries.add(self.shelf.facts([key]))
            self.walk.seen(source, key, now)
        return came

    def work(self, came: Envelope) -> Outcome:
        """Process it."""
        return process_event(came, self.process, POLICY, self.clock.world())

    def apply(self, event_id: str, deal: str = "T-1", **data: Any) -> Envelope:
        """An event of a deal that comes in and is applied; a minute passes."""
        came = self.receive(event_id, {"id": deal, "version": self.received + 1, "status": "Active", **data})
        assert self.work(came).result == "applied", self.queue.dead
        self.clock.move(minutes=1)
        return came

    def file(self, came: Envelope, cause: Cause, reason: str, deal: str = "") -> EventRecord:
        """A dead letter, as `bury` files it."""
        now = self.clock.now()
        record = EventRecord(
            came.event_key, State.DEAD, came.without_body(), now, now, cause=cause, reason=reason, deal=deal, attempts=3
        )
        filing = Filing(
            message_id=f"m-{came.receipt}",
            queue="transactions-dlq",
            at=now,
            sent_at=now,
            cause=cause,
            reason=reason,
            receives=3,
            receipt=came.receipt,
            mapping_version=came.mapping_version,
            archive_key=came.archive_key,
            deal=deal,
        )
        assert self.log.file(filing, record)
        return record

    def deal_id(self, source_id: str = "T-1") -> str:
        """Our id of a deal."""
        return self.deals.aliases["deal", "transactions", source_id]

    def _deliveries_of(self, key: str) -> list[Delivery]:
        return [delivery for (event, _), delivery in self.deliveries.rows.items() if event == key]

    def _deal_of(self, key: str) -> str:
        record = self.log.find([key]).get(key)
        return record.deal if record else ""

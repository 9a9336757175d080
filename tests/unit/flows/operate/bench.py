"""A desk over ports in memory, with dead letters on it."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from domain.envelope import Envelope
from domain.errors import Cause
from domain.event_log import AuditEntry, Delivery, Disposition, EventRecord, Filing, State
from domain.ports import Change
from flows.operate.desk import Desk
from flows.operate.dispatch import dispatch
from flows.process_event import Policy, process_event
from flows.release_waiting import ReleasePorts, sweep
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
from tests.fakes.deliveries import MemoryDeliveryLog
from tests.fakes.event_log import LoggedDealStore, MemoryEventLog
from tests.fakes.jobs import MemoryJobs
from tests.fakes.ports import MemoryPorts
from tests.fakes.provider_api import MemoryProviderApi
from tests.fakes.queues import MemoryQueues
from tests.fakes.shelf import MemoryShelf
from tests.fakes.waiting import MemoryWaitingRoom
from tests.fakes.world import Clock
from transforms.agents_csv import parse_agents

EVENTS = Path(__file__).parents[4] / "events"
POLICY = Policy(zone="America/Denver", longest_deferral=timedelta(hours=24))
WHO = "arn:aws:iam::123456789012:user/ana"


def body(name: str, event_id: str, **data: Any) -> bytes:
    """A body of `events/transactions` with another id; `data` changes fields of the deal."""
    document = json.loads((EVENTS / "transactions" / f"{name}.json").read_text(encoding="utf-8"))
    document |= {"id": event_id, "data": {**document["data"], "id": f"TX-{event_id}", **data}}
    return json.dumps(document).encode()


def _type_of(content: bytes) -> str:
    try:
        return str(json.loads(content)["type"])
    except (ValueError, KeyError):
        return "unknown"


@dataclass
class CountingDeals(LoggedDealStore):
    """Counts how often each event was applied."""

    applied: Counter[str] = field(default_factory=Counter)

    def commit(self, change: Change, now: datetime) -> None:
        super().commit(change, now)
        self.applied[change.envelope.event_key] += 1


@dataclass
class Bench:
    """Every port in memory; dead letters are made by `dead`, queued events processed by `work`."""

    clock: Clock = field(default_factory=Clock)
    ids: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.directory = MemoryAgentDirectory()
        self.directory.add(parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8")))
        self.waiting = MemoryWaitingRoom(directory=self.directory)
        self.audit = MemoryAudit()
        self.plans, self.accounts = FakePlanShelf(audit=self.audit), FakeAccounts(audit=self.audit)
        self.commissions, self.documents = FakeCommissionStore(), FakeDocumentShelf()
        self.cdas = FakeCdaDesk(store=self.commissions, audit=self.audit)
        self.deliveries = MemoryDeliveryLog(now=self.clock.now)
        self.log = MemoryEventLog(waiting=self.waiting, audit=self.audit, deliveries=self._delivered)
        self.deals = CountingDeals(log=self.log)
        self.jobs = MemoryJobs(audit=self.audit)
        self.archive, self.queue, self.api = MemoryArchive(), MemoryQueues(), MemoryProviderApi()
        self.shelf = MemoryShelf(self.archive)
        self.process = MemoryPorts(self.archive, self.directory, self.deals, self.waiting, self.queue, self.api)

    @property
    def mending(self) -> MemoryEventLog:
        return self.log

    def desk(self, who: str = WHO) -> Desk:
        ports: Any = self
        return Desk(ports, who, self.clock.now(), self.new_id, POLICY, self.clock.world())

    def new_id(self) -> str:
        """As the real ones: it sorts by time."""
        return f"{int(self.clock.now().timestamp() * 1000):012x}{next(self.ids):020x}"

    def ask(self, action: str, request: Mapping[str, Any] | None = None, *, who: str = WHO) -> tuple[int, Any]:
        """Status and answer, through JSON as the operators' API."""
        status, text = dispatch(action, json.dumps(request or {}), self.desk(who))
        return status, json.loads(text)

    def done(self, action: str, **request: Any) -> Any:
        """The answer, which must be a good one."""
        status, answer = self.ask(action, request)
        assert status == 200, answer
        return answer

    def error(self, action: str, **request: Any) -> tuple[int, str]:
        """Status and line of what is refused."""
        status, answer = self.ask(action, request)
        assert status != 200, answer
        assert answer.keys() == {"error"}
        assert "\n" not in answer["error"]
        return status, answer["error"]

    def _delivered(self, key: str) -> list[Delivery]:
        return [delivery for delivery in self.deliveries.rows.values() if delivery.key == key]

    # -- what happens around the desk

    def receive(
        self, content: bytes, event_id: str, disposition: Disposition = Disposition.ACCEPTED, **changes: Any
    ) -> Envelope:
        """A delivery as ingest and the walk leave it: archived, indexed, not yet processed."""
        receipt, now = self.new_id(), self.clock.now()
        fields: dict[str, Any] = {
            "receipt": receipt,
            "source": "transactions",
            "event_type": _type_of(content),
            "event_id": event_id,
            "received_at": now,
            "mapping_version": 1,
            "content_type": "application/json",
            "archive_key": f"{now:%Y-%m-%d}/{changes.get('source', 'transactions')}/{receipt}",
        }
        envelope = Envelope(**{**fields, **changes})
        facts = {
            "receipt": envelope.receipt,
            "source": envelope.source,
            "event-type": envelope.event_type,
            "event-id": event_id,
            "received-at": now.isoformat(),
            "mapping-version": "1",
            "content-type": envelope.content_type,
            "disposition": disposition.value,
        }
        self.archive.put(envelope.archive_key, content, facts)
        self.deliveries.add(self.shelf.facts([envelope.archive_key]))
        return envelope

    def file(self, envelope: Envelope, cause: Cause, reason: str, deal: str = "") -> EventRecord:
        """As the bury function does."""
        now = self.clock.now()
        record = EventRecord(
            key=envelope.event_key, state=State.DEAD, envelope=envelope.without_body(), since=now, last_at=now,
            cause=cause, reason=reason, deal=deal, attempts=1,
        )  # fmt: skip
        filing = Filing(
            message_id=f"m-{next(self.ids)}", queue="transactions-dlq", at=now, sent_at=now, cause=cause, reason=reason,
            receives=1, receipt=envelope.receipt, mapping_version=envelope.mapping_version,
            archive_key=envelope.archive_key, deal=deal,
        )  # fmt: skip
        self.log.file(filing, record)
        return record

    def dead(
        self, event_id: str = "evt-1", name: str = "deal.created__listing", cause: Cause = Cause.CONFIG, **data: Any
    ) -> EventRecord:
        """A dead letter; by default one that a replay applies."""
        return self.file(self.receive(body(name, event_id, **data), event_id), cause, "the zone was wrong")

    def work(self) -> None:
        """Process what is queued, and file what dies of it."""
        messages, self.queue.sent[:] = list(self.queue.sent), []
        for message in messages:
            process_event(message, self.process, POLICY, self.clock.world())
        buried, self.queue.dead[:] = list(self.queue.dead), []
        for envelope, cause, reason, *_ in buried:
            self.file(envelope, cause, reason)

    def sweep(self) -> None:
        """Queue what is due."""
        ports = ReleasePorts(self.waiting, self.directory, self.queue)
        sweep(ports, now=self.clock.now(), time_left=lambda: 30.0)

    def state(self, event_id: str = "evt-1", source: str = "transactions") -> State | None:
        """What became of an event."""
        record = self.log.find([f"{source}#{event_id}"]).get(f"{source}#{event_id}")
        return record.state if record else None

    def entries(self, action: str) -> list[AuditEntry]:
        """What the audit trail holds of an action."""
        return [entry for entry in self.audit.entries if entry.action == action]

    def everything(self) -> list[dict[str, object]]:
        """All state that an action could change."""
        fakes = (
            self.log, self.audit, self.jobs, self.waiting, self.queue, self.archive, self.deals, self.directory,
            self.deliveries,
        )  # fmt: skip
        return [
            {name: held for name, held in vars(fake).items() if isinstance(held, dict | list | set)} for fake in fakes
        ]

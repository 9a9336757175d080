"""What each function of the simulated stack does with an event: the handlers' work, without what Lambda adds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm.budget import budget_document, standing
from crm.limits import Limits
from domain.commission.ports import CommissionStore
from domain.crm.ports import SyncStore
from domain.crm.rows import RowKey
from domain.crm.standing import LineState
from domain.envelope import Envelope
from domain.errors import DealwireError, Unavailable
from domain.ports import AgentDirectory, Archive, DeadLetters, DealStore, ProviderApi, WaitingRoom
from flows import process_event as processing
from flows.accept_event import WebhookRequest, accept
from flows.deliver_rows import Policy as DeliveryPolicy
from flows.deliver_rows import World as DeliveryWorld
from flows.deliver_rows import deliver_rows
from flows.file_dead_letters import DeadMessage, FilePorts, file_dead_letter
from flows.process_event import Policy, World, last_attempt_failed
from flows.release_waiting import ReleasePorts, import_agents, sweep
from flows.ring_bells import DuePorts, RingPorts, ring_changed, ring_due
from flows.settle.ports import SettlePorts
from flows.settle.ports import World as SettleWorld
from flows.settle.replaying import replay_due
from flows.settle.settling import settle_due
from sources.catalog import catalog
from sources.verify import sign
from tests.fakes.provider_api import MemoryProviderApi
from tests.fakes.secrets import MemorySecrets
from tests.simulation.cloud import left_s
from tests.simulation.crm_side import Drawings, Process
from tests.simulation.scheduler import EPOCH, Scheduler
from tests.simulation.sqs import Received
from tests.simulation.stores import Stores, agent_of
from tests.simulation.stories import Event
from tests.simulation.wire import MAX_REQUEST_S, Wire, WiredCalls

SECRET = "whsec_" + "c2ltdWxhdGVkIHNlY3JldCBvZiBhIHRlc3Q="
POLICY = Policy(zone="America/Denver", longest_deferral=timedelta(hours=24), event_s=5.0, fetch_s=15.0)
DELIVER_TIMEOUT_S = 60.0
#: As the composition root sets it: the time-out, and clocks that differ.
LEASE_S = DELIVER_TIMEOUT_S + 10.0
MAX_RECEIVES = 3
_MOST_WAITS = 50
_OUTAGE_WAIT_S = 15.0


@dataclass(frozen=True)
class ProcessPorts:
    """Implements `flows.process_event.Ports`."""

    archive: Archive
    directory: AgentDirectory
    deals: DealStore
    waiting: WaitingRoom
    dead: DeadLetters
    commissions: CommissionStore
    rows: SyncStore
    api: ProviderApi = field(default_factory=MemoryProviderApi)


class Handlers:
    """The functions' work, over the stores and the CRM of one seed."""

    def __init__(self, stores: Stores, wire: Wire, scheduler: Scheduler, limits: Limits, chance: random.Random) -> None:
        self.stores = stores
        self.wire = wire
        self.scheduler = scheduler
        self.limits = limits
        self.chance = chance
        self.ids = 0
        self.drawings = Drawings()

    def new_id(self, kind: str) -> str:
        """One that nothing else has."""
        self.ids += 1
        return f"{kind}-{self.ids}"

    def ingest(self, _: None, event: Event) -> int:
        """A request of a provider; gives the status of the answer."""
        source = catalog()["transactions"]
        headers = sign(source.scheme, SECRET, event.body, now=self.scheduler.clock(), message_id=event.id)
        sent = {name.lower(): [text] for name, text in headers.items()} | {"content-type": ["application/json"]}
        stores = self.stores
        reply = accept(
            WebhookRequest("transactions", sent, event.body),
            catalog=catalog(),
            secrets=MemorySecrets({source.secret_name: SECRET}),
            archive=stores.archive,
            queue=stores.events,
            dead=stores.events,
            now=self.scheduler.clock(),
            new_receipt=lambda: f"{int(self.scheduler.now * 1000):012x}{int(self.new_id('r')[2:]):020x}",
        )
        return reply.status

    def process_ports(self) -> ProcessPorts:
        """What a process of `process` remembers."""
        stores = self.stores
        return ProcessPorts(
            stores.archive,
            stores.directory,
            stores.deals,
            stores.waiting,
            stores.events,
            stores.commissions,
            stores.sync,
        )

    def process(self, ports: ProcessPorts, messages: Sequence[Received]) -> set[str]:
        """A batch of events; gives the ids of messages that failed."""
        failed = set()
        for message in messages:
            envelope = Envelope.from_json(message.body)
            world = World(
                now=self.scheduler.clock,
                new_id=lambda: self.new_id("rec"),
                jitter=self.chance.random,
                pause=self.scheduler.spend,
                time_left=lambda: left_s(self.scheduler),
                receives=message.receives,
            )
            try:
                processing.process_event(envelope, ports, POLICY, world)
            except Exception as error:
                if not isinstance(error, DealwireError):
                    raise
                if message.receives < MAX_RECEIVES or not self._given_up(envelope, error, ports, world):
                    failed.add(message.id)
        return failed

    @staticmethod
    def _given_up(envelope: Envelope, error: Exception, ports: ProcessPorts, world: World) -> bool:
        try:
            last_attempt_failed(envelope, error, ports, POLICY, world)
        except DealwireError:
            return False
        return True

    def bury(self, _: None, messages: Sequence[Received]) -> set[str]:
        """A batch of dead letters; gives the ids of messages that failed."""
        ports = FilePorts(self.stores.log, self.stores.log, self.stores.archive)
        failed = set()
        for message in messages:
            letter = DeadMessage(
                message_id=message.id,
                queue="transactions-dlq",
                body=message.body,
                attributes={name: text for name, text in message.attributes.items() if text},
                sent_at=EPOCH + timedelta(seconds=message.sent_at),
                receives=message.receives,
            )
            try:
                file_dead_letter(letter, ports, self.scheduler.clock(), self.chance.random(), timedelta(minutes=5))
            except DealwireError:
                failed.add(message.id)
        return failed

    def settle(self, _: None, __: object) -> None:
        """Closings that are due."""
        stores, scheduler = self.stores, self.scheduler
        ports = SettlePorts(stores.deals, stores.accounts, stores.plans, stores.commissions, stores.cdas, stores.events)
        world = SettleWorld(scheduler.clock, self.chance.random, scheduler.spend, lambda: left_s(scheduler))
        settle_due(ports, world)
        replay_due(ports, world)

    def _release_ports(self) -> ReleasePorts:
        return ReleasePorts(self.stores.waiting, self.stores.directory, self.stores.events)

    def sweep(self, _: None, __: object) -> None:
        """Each minute: what is due rings and is queued again."""
        fault: DealwireError | None = None
        ports = DuePorts(self.stores.sync, self.stores.bells, self.stores.depths, self._state)
        try:
            ring_due(ports, self.scheduler.clock())
        except Unavailable as error:
            fault = error
        sweep(self._release_ports(), now=self.scheduler.clock(), time_left=lambda: left_s(self.scheduler))
        if fault is not None:
            raise fault

    def _state(self, now: datetime) -> LineState:
        return standing(self.stores.shared.read(budget_document("suitecrm")).document, now)

    def ring(self, _: None, keys: Sequence[RowKey]) -> None:
        """Changed records ring."""
        ring_changed(list(dict.fromkeys(keys)), RingPorts(self.stores.debts, self.stores.bells))

    def deliverer(self) -> Process:
        """What a process of `deliver` remembers."""
        return Process(self.stores, WiredCalls(self.wire), self.scheduler, self.limits, self.chance, self.drawings)

    def deliver(self, process: Process, messages: Sequence[Received]) -> set[str]:
        """A batch of bells; gives the ids of messages that ring again."""
        rows = list(dict.fromkeys(RowKey.parse(message.body) for message in messages))
        try:
            again = self._delivered(process, rows)
        finally:
            process.end()
        waits = {
            message.id: again[RowKey.parse(message.body)]
            for message in messages
            if RowKey.parse(message.body) in again and message.receives < _MOST_WAITS
        }
        for message in messages:
            if message.id in waits:
                self.scheduler.spend(0.01)
                self.stores.bell_queue.change_visibility(message.handle, waits[message.id])
        return set(waits)

    def _delivered(self, process: Process, rows: Sequence[RowKey]) -> dict[RowKey, float]:
        scheduler = self.scheduler
        policy = DeliveryPolicy(
            lease=timedelta(seconds=LEASE_S),
            max_request=timedelta(seconds=MAX_REQUEST_S),
            lane_s=DELIVER_TIMEOUT_S / 4,
            most=50,
            sides=3,
            letters_source="transactions",
        )
        world = DeliveryWorld(
            now=scheduler.clock,
            new_token=lambda: self.new_id("lease"),
            jitter=self.chance.random,
            time_left=lambda: left_s(scheduler),
            together=scheduler.fork,
        )
        try:
            return dict(deliver_rows(rows, process, policy, world).again)
        except Unavailable:
            return dict.fromkeys(rows, _OUTAGE_WAIT_S)

    def imported(self, _: None, agent: str) -> None:
        """`dealwire agents import`."""
        import_agents([agent_of(agent)], self._release_ports(), now=self.scheduler.clock())

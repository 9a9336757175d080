"""What the functions of a simulated stack share: tables, archive and queues in memory, each call a step."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, cast

from domain.agents import Agent, AgentKey
from domain.commission.account import Account, AccountDetails, Assignment, PlanVersion
from domain.commission.plan import Plan
from domain.commission.settlement import DueMark, Settlement
from domain.crm.ports import Finish, SyncStore
from domain.crm.rows import Kind as RowKind
from domain.crm.rows import RowKey, SyncRow
from domain.envelope import Envelope
from domain.errors import Cause
from domain.ports import Change
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.archive import MemoryArchive
from tests.fakes.commissions import FakeAccounts, FakeCdaDesk, FakeCommissionStore, FakePlanShelf
from tests.fakes.delivery import MemoryDebts, MemorySharedRows, MemorySyncStore
from tests.fakes.event_log import LoggedDealStore, MemoryEventLog
from tests.fakes.waiting import MemoryWaitingRoom
from tests.simulation.cloud import Agenda
from tests.simulation.scheduler import EPOCH, Scheduler
from tests.simulation.seeds import COMPANY_PERCENT, Script
from tests.simulation.sqs import SqsQueue
from tests.simulation.stepping import Kind, Steps

#: Far above what a simulation reaches, so that no figure depends on the order of closings.
_PLAN = {
    "plan": "half",
    "title": "A fixed share",
    "counters": {"gci": {"year": "calendar"}, "company_dollar": {"year": "calendar"}},
    "split": {"company": str(COMPANY_PERCENT)},
}


@dataclass
class StreamedDealStore(LoggedDealStore):
    """Tells a stream what was committed, and leaves the mark of a closing in the same transaction."""

    commissions: FakeCommissionStore = field(default_factory=FakeCommissionStore)
    heard: Callable[[list[RowKey]], None] = lambda _: None

    def commit(self, change: Change, now: datetime) -> None:
        super().commit(change, now)
        keys = [RowKey(RowKind.CONTACT, contact.id) for contact, _ in change.contacts]
        if change.deal is not None:
            keys.append(RowKey(RowKind.DEAL, change.deal_id))
            if change.commission_due:
                mark = DueMark(change.deal_id, change.deal.version, now, event=change.envelope.without_body())
                self.commissions.set_due(mark)
        self.heard(keys)


@dataclass
class StreamedCommissions(FakeCommissionStore):
    """Tells a stream what was committed."""

    heard: Callable[[list[RowKey]], None] = lambda _: None

    def commit(self, settlement: Settlement) -> None:
        super().commit(settlement)
        self.heard([RowKey(RowKind.COMMISSION, record.deal_id, record.account) for record in settlement.records])


@dataclass
class AnsweredSyncStore(MemorySyncStore):
    """Tells who waits for it that an answer of theirs was taken."""

    waiting: dict[RowKey, Callable[[], None]] = field(default_factory=dict)

    def hear_answer(self, key: RowKey, told: Callable[[], None]) -> None:
        self.waiting[key] = told

    def answer(self, row: SyncRow, rung: int) -> bool:
        taken = super().answer(row, rung)
        told = self.waiting.pop(row.key, None)
        if taken and told is not None:
            told()
        return taken


class RowByRow:
    """Sync rows whose methods that write several rows take a step for each: between two of them anything may happen.

    Args:
        rows: each call of which is a step.
    """

    def __init__(self, rows: SyncStore) -> None:
        self._rows = rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def save(self, rows: Collection[SyncRow], *, now: datetime) -> Collection[RowKey]:
        return [key for row in rows for key in self._rows.save([row], now=now)]

    def finish(self, rows: Collection[Finish], *, now: datetime) -> Collection[RowKey]:
        return [key for one in rows for key in self._rows.finish([one], now=now)]

    def release(self, rows: Collection[SyncRow]) -> None:
        for row in rows:
            self._rows.release([row])

    def wake(self, parents: Collection[RowKey], at: datetime) -> None:
        for parent in parents:
            self._rows.wake([parent], at)

    def claim(
        self, wanted: Mapping[RowKey, Collection[str]], *, displace: RowKey | None = None
    ) -> Mapping[RowKey, RowKey]:
        found: dict[RowKey, RowKey] = {}
        for key, terms in wanted.items():
            found |= self._rows.claim({key: terms}, displace=displace)
        return found


@dataclass
class EventQueues:
    """`MessageQueue` and `DeadLetters` over the simulated queues."""

    queue: SqsQueue
    dead: SqsQueue

    def send(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            self.queue.send(envelope.to_json())

    def bury(self, envelope: Envelope, cause: Cause, reason: str, *, deal: str = "", receives: int = 1) -> None:
        told = {"cause": cause.value, "reason": reason, "deal": deal, "receives": str(receives)}
        self.dead.send(envelope.to_json(), told)


@dataclass
class FifoBells:
    """`Bells` over the simulated FIFO queue; some arrive late, twice or never."""

    queue: SqsQueue
    steps: Steps
    agenda: Agenda
    rates: Mapping[str, float]
    chance: random.Random

    def ring(self, bells: Sequence[tuple[RowKey, str]]) -> None:
        for key, what in bells:
            form = self._form()
            send = partial(self.queue.send, str(key), group=str(key), dedup=dedup_id(key, what))
            if form == "late":
                self.agenda.at(self.steps.scheduler.now + 150.0 * self.chance.random(), send)
            elif form != "lost":
                send()
            if form == "doubled":
                send(dedup=dedup_id(key, what) + "#again")

    def _form(self) -> str:
        if self.steps.calm:
            return ""
        for form, rate in self.rates.items():
            if self.chance.random() < rate:
                self.steps.tally.add("bell", form)
                return form
        return ""


def dedup_id(key: RowKey, what: str) -> str:
    """What a FIFO queue knows a bell by."""
    return f"{key}#{what}"


@dataclass
class Depths:
    """`Depths` of one queue."""

    queue: SqsQueue

    def depths(self) -> Mapping[str, tuple[int, int]]:
        return {"crm_sync": (self.queue.waiting(), len(self.queue) - self.queue.waiting())}


class Stores:
    """Everything that is stored, and the queues; `ports` of the functions are made of its wrapped parts."""

    def __init__(
        self, script: Script, scheduler: Scheduler, steps: Steps, agenda: Agenda, chance: random.Random
    ) -> None:
        self.steps = steps
        tally = steps.tally

        def queue(name: str, visibility_s: float, **more: Any) -> SqsQueue:
            return SqsQueue(name, visibility_s, lambda: scheduler.now, chance, tally, **more)

        self.dlq = queue("transactions-dlq", 180.0, oddities=script.oddities)
        self.queue = queue("transactions", 180.0, max_receives=3, dead=self.dlq, oddities=script.oddities)
        self.bells_dlq = queue("crm-sync-dlq", 180.0)
        self.bell_queue = queue("crm-sync", 360.0, fifo=True, max_receives=100, dead=self.bells_dlq)

        self.directory_rows = MemoryAgentDirectory()
        late = script.joins
        self.directory_rows.add([agent_of(one) for one in script.agents if one not in late])
        self.waiting_rows = MemoryWaitingRoom(directory=self.directory_rows)
        self.log_rows = MemoryEventLog(self.waiting_rows, deliveries=lambda _: ())
        self.commission_rows = StreamedCommissions()
        self.deal_rows = StreamedDealStore(log=self.log_rows, commissions=self.commission_rows)
        self.sync_rows = AnsweredSyncStore(self.deal_rows, self.commission_rows)
        self.shared_rows = MemorySharedRows()
        self.archive_rows = MemoryArchive()
        self.account_rows, self.plan_rows = _books((*script.agents, script.joins_late[0]))

        self.archive = steps.wrap(self.archive_rows, Kind("archive"))
        self.directory = steps.wrap(self.directory_rows, Kind("directory"))
        self.waiting = steps.wrap(self.waiting_rows, Kind("waiting room", lagging=frozenset({"due", "parked_for"})))
        self.log = steps.wrap(self.log_rows, Kind("event log", lagging=frozenset({"open"})))
        self.deals = steps.wrap(self.deal_rows, Kind("deals"))
        self.commissions = steps.wrap(
            self.commission_rows, Kind("commissions", lagging=frozenset({"due", "blocked", "replays_due"}))
        )
        self.accounts = steps.wrap(self.account_rows, Kind("accounts"))
        self.plans = steps.wrap(self.plan_rows, Kind("plans"))
        self.cdas = steps.wrap(FakeCdaDesk(self.commission_rows), Kind("CDAs"))
        stepped = steps.wrap(self.sync_rows, Kind("sync rows", lagging=frozenset({"due"})))
        self.sync = cast("SyncStore", RowByRow(stepped))
        self.debts = steps.wrap(MemoryDebts(self.sync_rows), Kind("marks"))
        self.events = steps.wrap(EventQueues(self.queue, self.dlq), Kind("queue", refused=("queue", "not_taken")))
        bells = FifoBells(self.bell_queue, steps, agenda, script.bells, chance)
        self.bells = steps.wrap(bells, Kind("bells", refused=("queue", "not_taken")))
        self.depths = steps.wrap(Depths(self.bell_queue), Kind("depths"))
        self.permitted: dict[str, float] = {}

        def looks(name: str) -> None:
            if name == "read":
                self.permitted[scheduler.running().name] = scheduler.now

        self.shared = steps.wrap(self.shared_rows, Kind("shared rows", begun=looks))

    @property
    def queues(self) -> tuple[SqsQueue, ...]:
        """All of them."""
        return (self.queue, self.dlq, self.bell_queue, self.bells_dlq)


def agent_of(agent_id: str) -> Agent:
    """One of our agents."""
    return Agent(
        key=AgentKey("transactions", agent_id),
        name=f"Agent {agent_id}",
        licence=f"LIC-{agent_id}",
        office="Missoula",
        crm_user_id=f"user-{agent_id}",
        crm_contact_id=f"contact-{agent_id}",
    )


def _books(agents: Sequence[str]) -> tuple[FakeAccounts, FakePlanShelf]:
    plan = PlanVersion(Plan.model_validate(_PLAN), date(2020, 1, 1), 1, text="", digest="", by="a test", at=EPOCH)
    assignments = (Assignment(plan="half", starts=date(2020, 1, 1)),)
    accounts = FakeAccounts()
    for agent in agents:
        account = f"contact-{agent}"
        accounts.rows[account] = Account(account=account, version=1, details=AccountDetails(), assignments=assignments)
    return accounts, FakePlanShelf(rows={"half": [plan]})

"""Delivery in virtual time: as many runs of the real flow at once as a quota feeds, over a CRM that enforces it.

Each worker is a thread of the simulation's scheduler, of which one runs at a time, so that an hour of waiting costs
nothing. What a run is made of is what the simulation makes it of: the real sink, session, budget and schema.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from bench.drain_queue import BellQueue
from bench.drain_store import LargeSyncStore, SlowSharedRows
from crm.budget import budget_document, standing
from crm.limits import Limits
from dev.crm.addon import shipped
from dev.crm.faults import FaultyCalls
from dev.crm.model import CrmModel
from dev.crm.plans import Form, Injected, Seeded
from dev.crm.quota import Quota
from dev.crm.road import Way
from dev.crm.schema import with_addon
from domain.crm.rows import RowKey
from domain.crm.standing import LineState
from flows.deliver_rows import Policy, World, deliver_rows
from flows.ring_bells import DuePorts, ring_due
from tests.simulation.cloud import left_s
from tests.simulation.crm_side import CREDENTIAL, OPERATION_S, PASSWORD, USER, Drawings, Process
from tests.simulation.scheduler import EPOCH, Crashed, Life, Scheduler

#: Of the CRM.
LATENCY_S, QUOTA = 1.2, 20
#: Calls whose answer is lost though they are done, of those in the first minute.
LOST, LOSING_S = 0.01, 60.0

#: As template.yaml and the wiring have them.
TIMEOUT_S, SKEW_S, MAX_REQUEST_S, ROWS_AT_ONCE = 60.0, 10.0, 300.0, 50
#: What comes before a drain: the CRM is described once.
WARM_S = 30.0
#: Storage is waited for so many seconds at a time.
AT_ONCE_S = 0.1
#: How often a worker without bells looks for some.
_POLL_S = 0.25


@dataclass
class Crm:
    """A CRM and the way to it.

    Attributes:
        model: what it holds.
        calls: to it.
    """

    scheduler: Scheduler
    seed: int
    model: CrmModel = field(init=False)
    calls: FaultyCalls = field(init=False)

    def __post_init__(self) -> None:
        self.model = CrmModel(self.now, schema=with_addon(shipped()), users={USER: PASSWORD}, idle_s=1e9)
        way = Way(
            now=self.now,
            sleep=self.scheduler.spend,
            later=self.model.later,
            expire=self.model.logins.expire,
            latency_s=lambda _operation, _rows: LATENCY_S,
        )
        self.calls = FaultyCalls(self.model, way, LostAnswers(self.seed), quota=Quota(QUOTA))

    def now(self) -> float:
        """UNIX seconds."""
        return EPOCH.timestamp() + self.scheduler.now

    def made(self, from_s: float = 0.0) -> tuple[int, int]:
        """Calls that came to its door from this second of the drain on, and those of them that it refused."""
        answered = [ok for at, _, ok in self.calls.arrivals if at - EPOCH.timestamp() - WARM_S >= from_s]
        return len(answered), answered.count(False)


class LostAnswers:
    """Implements `dev.crm.plans.Plan`: of a few early writes the answer is lost."""

    def __init__(self, seed: int) -> None:
        self._drawn = Seeded(random.Random(seed), {Form("time-out", "lost"): LOST})

    def draw(self, operation: str, at: float, *, write: bool) -> Injected | None:
        if not WARM_S <= at - EPOCH.timestamp() < WARM_S + LOSING_S:
            return None
        return self._drawn.draw(operation, at, write=write)


class Delivery:
    """Workers that deliver what a store owes to a CRM.

    Attributes:
        scheduler: virtual time.
        store: of the brokerage.
        bells: of its rows.
        crm: where they go.
        dead, deals, sync, shared: what `Process` builds on.
    """

    def __init__(self, seed: int) -> None:
        self.scheduler = Scheduler(random.Random(seed))
        self.chance = random.Random(seed + 1)
        self.crm = Crm(self.scheduler, seed + 2)
        self.store = LargeSyncStore(self._spend)
        self.sync, self.deals, self.events = self.store, self.store.deals, NoLetters()
        self.shared = SlowSharedRows(self.scheduler.spend)
        self.bells = BellQueue(lambda: self.scheduler.now, 6 * TIMEOUT_S)
        self.limits = Limits(rate=float(QUOTA), probe_s=OPERATION_S + 10)
        self.counts: dict[str, int] = {}
        self.stops: dict[str, int] = {}
        self.crashes = 0
        self._drawings = Drawings()
        self._waited: dict[str, float] = {}
        self._tokens = 0
        self.over = False

    def _spend(self, seconds: float) -> None:
        """Storage takes its time; many short waits pass as one, for a change of threads is what a run of this costs."""
        worker = self.scheduler.current
        if worker is None:  # what is set up before the start takes no time
            return
        waited = self._waited.get(worker.name, 0.0) + seconds
        if waited >= AT_ONCE_S:
            self._waited[worker.name] = 0.0
            self.scheduler.spend(waited)
        else:
            self._waited[worker.name] = waited

    def warm(self) -> None:
        """As after a deployment: the CRM was described once, and there is a session."""
        process = Process(self, self.crm.calls, self.scheduler, self.limits, self.chance, self._drawings)  # type: ignore[arg-type]  # has what it uses
        self.scheduler.spawn("preflight", process.drawing)
        self.scheduler.run(WARM_S)
        self.crm.calls.arrivals.clear()

    def start(self, workers: int) -> None:
        """Have so many runs at once, and the sweeper each minute."""
        for number in range(workers):
            self.scheduler.spawn(f"deliver-{number}", self._work, at=WARM_S + self.chance.random())
        self.scheduler.spawn("sweep", self._sweep, at=WARM_S + 60.0)

    def _work(self) -> None:
        process = Process(self, self.crm.calls, self.scheduler, self.limits, self.chance, self._drawings)  # type: ignore[arg-type]  # has what it uses
        while not self.over:
            found = self.bells.receive()
            if found:
                self._invoke(process, found)
            else:
                self.scheduler.spend(_POLL_S)

    def _invoke(self, process: Process, found: Sequence[RowKey]) -> None:
        worker = self.scheduler.running()
        worker.life = Life(self.scheduler.now + TIMEOUT_S)
        try:
            again = self._delivered(process, found)
        except Crashed:
            self.crashes += 1
            return
        finally:
            worker.life = Life()
        for key in found:
            if key in again:
                self.bells.hide(key, again[key])
            else:
                self.bells.delete(key)

    def _delivered(self, process: Process, found: Sequence[RowKey]) -> Mapping[RowKey, float]:
        try:
            delivered = deliver_rows(found, process, POLICY, self._world)
        finally:
            process.end()
        for word, count in delivered.tally.counts.items():
            self.counts[word] = self.counts.get(word, 0) + count
        if (stop := delivered.tally.stop) is not None:
            self.stops[stop.words[:40]] = self.stops.get(stop.words[:40], 0) + 1
        return delivered.again

    @cached_property
    def _world(self) -> World:
        scheduler = self.scheduler
        return World(
            now=scheduler.clock,
            new_token=self._token,
            jitter=self.chance.random,
            time_left=lambda: left_s(scheduler),
            together=scheduler.fork,
        )

    def _token(self) -> str:
        self._tokens += 1
        return f"lease-{self._tokens}"

    def _sweep(self) -> None:
        while not self.over:
            ring_due(DuePorts(self.store, self.bells, self.bells, self._state), self.scheduler.clock())
            self.scheduler.spend(60.0)

    def _state(self, now: datetime) -> LineState:
        return standing(self.shared.read(budget_document(CREDENTIAL)).document, now)


POLICY = Policy(
    lease=timedelta(seconds=TIMEOUT_S + SKEW_S),
    max_request=timedelta(seconds=MAX_REQUEST_S),
    lane_s=TIMEOUT_S / 4,
    most=ROWS_AT_ONCE,
    letters_source="transactions",
)


class NoLetters:
    """Implements `domain.ports.DeadLetters`: in a drain the CRM refuses nothing."""

    def bury(self, envelope: object, cause: object, reason: str, *, deal: str = "", receives: int = 1) -> None:
        raise AssertionError(reason)

"""Delivery in virtual time: as many runs of the real flow at once as a quota feeds, over a CRM that enforces it.

Bells are queued as SQS queues them, a run is cut off as Lambda cuts it off, and storage takes its milliseconds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from itertools import count

from bench.drain_crm import QUOTA, Crm
from bench.drain_process import CREDENTIAL, OPERATION_S, Around, Process
from bench.drain_queue import BellQueue
from bench.drain_store import LargeSyncStore, SlowSharedRows
from bench.virtual import Virtual
from crm.budget import budget_document, standing
from crm.limits import Limits
from domain.crm.rows import RowKey
from domain.crm.sink import Schema
from domain.crm.standing import LineState
from flows.deliver_rows import Policy, World, deliver_rows
from flows.ring_bells import DuePorts, ring_due
from runtime.wiring.suitecrm import SIDES

#: As template.yaml and the wiring have them.
TIMEOUT_S, SKEW_S, MAX_REQUEST_S, ROWS_AT_ONCE = 60.0, 10.0, 300.0, 50
#: What comes before a drain: the CRM is described once.
WARM_S = 30.0
#: Storage is waited for so many seconds at a time.
AT_ONCE_S = 0.1
#: How often a worker without bells looks for some.
_POLL_S = 0.25


class Delivery:
    """Workers that deliver what a store owes to a CRM.

    Attributes:
        virtual: time.
        store: of the brokerage.
        shared: what processes share.
        bells: of its rows.
        crm: where they go.
        begins_s: when the drain begins.
        killed: runs that were cut off.
        over: nobody begins anything any more.
        schema: what the CRM was found to hold.
    """

    def __init__(self, seed: int) -> None:
        self.virtual = Virtual()
        self.chance = random.Random(seed)
        self.crm = Crm(lambda: self.virtual.now, self.virtual.spend, random.Random(seed + 1))
        self.store = LargeSyncStore(lambda seconds: self.virtual.spend_some(seconds, AT_ONCE_S))
        self.shared = SlowSharedRows(self.virtual.spend)
        self.bells = BellQueue(lambda: self.virtual.now, 6 * TIMEOUT_S)
        self.killed = 0
        self.over = False
        self.schema: Schema | None = None
        self.counts: Counter[str] = Counter()
        self._tokens = count()
        limits = Limits(rate=float(QUOTA), probe_s=OPERATION_S + 10)
        self._around = Around(self.store, self.shared, self.crm.calls, self.virtual, limits, self.chance.random)

    def warm(self) -> None:
        """As after a deployment: the CRM was described once, and there is a session."""
        process = Process(self._around)

        def look() -> None:
            self.schema = process.drawing().schema

        self.virtual.spawn(lambda: self.virtual.invoke(look, TIMEOUT_S))
        self.virtual.run(WARM_S)
        self.crm.begin(WARM_S)

    def start(self, workers: int) -> None:
        """Have so many runs at once, and the sweeper each minute."""
        for _ in range(workers):
            self.virtual.spawn(self._work, at=WARM_S + self.chance.random())
        self.virtual.spawn(self._sweep, at=WARM_S + 60.0)

    def _work(self) -> None:
        process = Process(self._around)
        while not self.over:
            found = self.bells.receive()
            if found:
                self.killed += not self.virtual.invoke(partial(self._deliver, process, found), TIMEOUT_S)
            else:
                self.virtual.spend(_POLL_S)

    def _deliver(self, process: Process, found: Sequence[RowKey]) -> None:
        try:
            delivered = deliver_rows(found, process, POLICY, self._world)
        finally:
            process.end()
        self.counts += delivered.tally.counts
        self.counts["stops"] += delivered.tally.stop is not None
        for key in found:
            if key in delivered.again:
                self.bells.hide(key, delivered.again[key])
            else:
                self.bells.delete(key)

    @cached_property
    def _world(self) -> World:
        virtual = self.virtual
        return World(
            now=virtual.clock,
            new_token=lambda: f"lease-{next(self._tokens)}",
            jitter=self.chance.random,
            time_left=virtual.left,
            together=virtual.together,
        )

    def _sweep(self) -> None:
        while not self.over:
            ring_due(DuePorts(self.store, self.bells, self.bells, self._state), self.virtual.clock())
            self.virtual.spend(60.0)

    def _state(self, now: datetime) -> LineState:
        return standing(self.shared.read(budget_document(CREDENTIAL)).document, now)


POLICY = Policy(
    lease=timedelta(seconds=TIMEOUT_S + SKEW_S),
    max_request=timedelta(seconds=MAX_REQUEST_S),
    lane_s=TIMEOUT_S * 0.25,
    most=ROWS_AT_ONCE,
    sides=SIDES,
    letters_source="transactions",
)

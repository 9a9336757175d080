"""Workers in virtual time: each is a thread, exactly one runs at a time, and pauses pass in no time."""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.ports import SharedRow
from tests.fakes.delivery import MemorySharedRows

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Clock:
    """Runs workers until all are done; one that pauses goes on when the time of all others has come there."""

    def __init__(self) -> None:
        self.s = 0.0
        self._queue: list[tuple[float, int, threading.Event]] = []
        self._order = 0
        self._turn = threading.Event()
        self._failed: list[BaseException] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.s)

    def pause(self, seconds: float) -> None:
        """Give the turn back until then."""
        mine = threading.Event()
        self._sleep(mine, self.s + seconds)
        self._turn.set()
        mine.wait()

    def run(self, *workers: Callable[[], None]) -> None:
        for worker in workers:
            begins = threading.Event()
            threading.Thread(target=self._body, args=(worker, begins), daemon=True).start()
            self._sleep(begins, self.s)
        while self._queue:
            self.s, _, event = heapq.heappop(self._queue)
            self._turn.clear()
            event.set()
            self._turn.wait()
        if self._failed:
            raise self._failed[0]

    def _body(self, worker: Callable[[], None], begins: threading.Event) -> None:
        begins.wait()
        try:
            worker()
        except BaseException as failure:  # noqa: BLE001 - told to the test's own thread
            self._failed.append(failure)
        self._turn.set()

    def _sleep(self, event: threading.Event, until: float) -> None:
        self._order += 1
        heapq.heappush(self._queue, (until, self._order, event))


@dataclass
class SlowRows:
    """Shared rows whose reads and writes take their time, and are counted."""

    clock: Clock
    read_s: float = 0.005
    write_s: float = 0.008
    rows: MemorySharedRows = field(default_factory=MemorySharedRows)
    reads: int = 0
    writes: int = 0

    def read(self, name: str) -> SharedRow:
        self.clock.pause(self.read_s)
        self.reads += 1
        return self.rows.read(name)

    def write(self, name: str, document: Mapping[str, Any], guard: int) -> None:
        self.clock.pause(self.write_s)
        self.writes += 1
        self.rows.write(name, document, guard)


@dataclass
class StrictCrm:
    """A CRM that counts the calls of every sliding second, and says 429 to one too many."""

    clock: Clock
    quota: int
    latency_s: Callable[[], float]
    is_down: Callable[[float], bool] = lambda _: False
    retry_after: str = "1"
    taken: deque[float] = field(default_factory=deque)
    calls: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def call(self) -> float:
        """One call; returns how long it took."""
        at = self.clock.s
        self.calls.append(at)
        if self.is_down(at):
            self.clock.pause(0.05)
            raise CrmFaulted(Fault(FaultClass.UNAVAILABLE, "connection refused"))
        while self.taken and self.taken[0] <= at - 1:
            self.taken.popleft()
        if len(self.taken) >= self.quota:
            self.refused.append(at)
            self.clock.pause(0.05)
            raise CrmFaulted(Fault(FaultClass.THROTTLED, "429"))
        self.taken.append(at)
        took = self.latency_s()
        self.clock.pause(took)
        return took

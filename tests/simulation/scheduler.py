"""One thread runs at a time, in an order and at times that the seed decides.

Each worker is a thread. It hands over whenever it spends virtual time (`spend`), which every call of a port does: the
worker that wakes first is next, ties are broken by the seed. There is no scheduler thread: whoever hands over picks
the next one, and lets it go; if that is itself, nothing is switched. So a seed replays exactly, and an hour of waiting
costs nothing.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.simulation.workers import FOREVER, Crashed, Over, Stuck, Thread, Worker

#: The instant at which every simulation begins; a Monday morning.
EPOCH = datetime(2026, 3, 2, 9, tzinfo=UTC)

#: Real seconds after which a simulation that does not end is a bug.
_STUCK_S = 120.0


class Scheduler:
    """Virtual time, and who runs.

    Attributes:
        now: true seconds since `EPOCH`.
        current: the worker that runs.
        switches: how often the running thread changed.
    """

    def __init__(self, chance: random.Random) -> None:
        self.now = 0.0
        self.switches = 0
        self.workers: list[Worker] = []
        self._threads: list[Thread] = []
        self._idle: list[Thread] = []
        self._chance = chance
        self._queue: list[tuple[float, float, int, int]] = []
        self._main = threading.Lock()
        self._main.acquire()
        self._over = False
        self._failure: BaseException | None = None
        self._horizon = 0.0
        self._shown = 0.0, EPOCH
        self.current: Worker | None = None

    # ------------------------------------------------------------------------------------------- set up and run

    def spawn(self, name: str, run: Callable[[], None], *, at: float = 0.0, skew: float = 0.0) -> Worker:
        """Add a worker that begins at that time."""
        thread = self._idle.pop() if self._idle else self._new_thread()
        worker = Worker(name, len(self.workers), run, skew, thread)
        thread.worker = worker
        self.workers.append(worker)
        self._plan(worker, at)
        return worker

    def _new_thread(self) -> Thread:
        thread = Thread(self._thread)
        self._threads.append(thread)
        return thread

    def run(self, until: float) -> None:
        """Run until that time, or until nobody has anything to do; raises what a worker raised."""
        self._horizon = until
        if self._let_next_go() and not self._main.acquire(timeout=_STUCK_S):
            raise Stuck("no worker handed over; does one hold a real lock over a call of a port, or never end?")
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """End every thread; must be called once, whatever happened."""
        self._over = True
        for thread in self._threads:
            self.current = thread.worker
            if thread.real.is_alive():
                thread.gate.release()
                thread.real.join(_STUCK_S)
                if thread.real.is_alive():
                    raise Stuck(f"worker {thread.worker.name if thread.worker else '?'} does not end")

    def _thread(self, thread: Thread) -> None:
        while True:
            thread.gate.acquire()
            worker = thread.worker
            if self._over or worker is None:
                return
            try:
                worker.run()
            except Over:
                return
            except BaseException as failure:  # noqa: BLE001 - reported by `run`, in the thread that asked for the simulation
                self._failure = failure
                self._main.release()
                return
            if self._over:
                return
            self._idle.append(thread)
            if not self._let_next_go():
                self._main.release()

    # ------------------------------------------------------------------------------------------------- time

    def spend(self, seconds: float) -> None:
        """Let that much time pass for the running worker.

        Raises:
            Crashed: its invocation outlives its time-out meanwhile.
        """
        worker = self.running()
        wake, life = self.now + seconds, worker.life
        if wake < life.deadline:
            self._sleep(worker, wake)
        else:
            self._sleep(worker, max(life.deadline, self.now))
            life.over = True
        if life.over:
            raise Crashed(f"{worker.name} is gone")

    def freeze(self, seconds: float) -> None:
        """The machine of the running worker stands still, and what would kill it too; then both go on."""
        worker = self.running()
        worker.life.deadline += seconds
        self._sleep(worker, self.now + seconds)

    def fork(self, calls: Sequence[Callable[[], None]]) -> None:
        """Do all of these at the same time, in threads of the running worker's process, until the last has ended.

        The first is done by the running worker itself.

        Raises:
            Crashed: the process is gone.
        """
        parent = self.running()
        failures: list[BaseException] = []
        left = len(calls[1:])

        def done(call: Callable[[], None]) -> None:
            try:
                call()
            except Over:
                raise
            except BaseException as failure:  # noqa: BLE001 - raised by the parent
                failures.append(failure)
                parent.life.over |= isinstance(failure, Crashed)

        def child(call: Callable[[], None]) -> None:
            nonlocal left
            done(call)
            left -= 1
            self.wake(parent, self.now)

        for number, call in enumerate(calls[1:], 1):
            worker = self.spawn(f"{parent.name}/{number}", partial(child, call), at=self.now, skew=parent.skew)
            worker.life = parent.life
        for call in calls[:1]:
            done(call)
        while left:
            self.wait()
        if parent.life.over:
            raise Crashed(f"{parent.name} is gone")
        if failures:
            raise failures[0]

    def wait(self, until: float = FOREVER) -> None:
        """Let the running worker sleep until somebody wakes it, or until that time."""
        worker = self.running()
        worker.waits = True
        self._sleep(worker, until)

    def wake(self, worker: Worker, at: float) -> None:
        """Have a worker that waits go on at that time, if it would not do so earlier."""
        if worker.waits:
            self._plan(worker, at)

    def running(self) -> Worker:
        """The worker that runs.

        Raises:
            Over: the simulation has ended meanwhile.
        """
        if self._over:
            raise Over
        if self.current is None:
            raise RuntimeError("only a worker of the simulation can spend its time")
        return self.current

    def clock(self) -> datetime:
        """What the running worker's own clock shows."""
        shown = self.now + (self.current.skew if self.current is not None else 0.0)
        if shown != self._shown[0]:
            self._shown = shown, EPOCH + timedelta(seconds=shown)
        return self._shown[1]

    def true_time(self) -> datetime:
        """What an exact clock shows."""
        return EPOCH + timedelta(seconds=self.now)

    # --------------------------------------------------------------------------------------------- handing over

    def _plan(self, worker: Worker, at: float) -> None:
        if at < FOREVER:
            entry = (at, self._chance.random(), worker.index, worker.ticket)
            heapq.heappush(self._queue, entry)

    def _sleep(self, worker: Worker, until: float) -> None:
        if until <= self._horizon and (not self._queue or until < self._queue[0][0]):
            self.now = max(self.now, until)  # nobody else wakes before; what is out of date there only hides that
            worker.waits = False
            return
        worker.ticket += 1
        self._plan(worker, until)
        found = self._next()
        if found is worker:
            return
        if found is None:
            self._main.release()
        else:
            self._go(found)
        worker.thread.gate.acquire()
        if self._over:
            raise Over

    def _let_next_go(self) -> bool:
        found = self._next()
        if found is not None:
            self._go(found)
        return found is not None

    def _next(self) -> Worker | None:
        """Whose turn it is, with the clock put to that time; None at the end."""
        while self._queue:
            at, _, index, ticket = self._queue[0]
            worker = self.workers[index]
            if worker.ticket != ticket:
                heapq.heappop(self._queue)
                continue
            if at > self._horizon:
                return None
            heapq.heappop(self._queue)
            worker.ticket += 1
            worker.waits = False
            self.now = max(self.now, at)
            self.current = worker
            return worker
        return None

    def _go(self, worker: Worker) -> None:
        self.switches += 1
        worker.thread.gate.release()

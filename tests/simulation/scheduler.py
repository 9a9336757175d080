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

#: The instant at which every simulation begins; a Monday morning.
EPOCH = datetime(2026, 3, 2, 9, tzinfo=UTC)

_FOREVER = float("inf")
#: Real seconds after which a simulation that does not end is a bug.
_STUCK_S = 120.0


class Crashed(BaseException):
    """The process of this worker is gone: nothing in it runs any more, no handler of errors either."""


class Over(BaseException):
    """The simulation has ended; the thread unwinds."""


class Stuck(Exception):
    """The simulation does not come to its end."""


class Life:
    """What the threads of one process share.

    Attributes:
        deadline: when the platform kills it; infinite outside of an invocation.
        told: the same as it was told; a platform that stood still kills later.
        over: it was killed or crashed.
    """

    __slots__ = ("deadline", "over", "told")

    def __init__(self, deadline: float = _FOREVER) -> None:
        self.deadline = deadline
        self.told = deadline
        self.over = False


class Worker:
    """One thread of the simulation.

    Attributes:
        name: for reports.
        skew: seconds that its clock is ahead of the true one.
        life: of the process that it belongs to.
        waits: it sleeps until it is woken.
    """

    __slots__ = ("gate", "index", "life", "name", "run", "skew", "thread", "ticket", "waits")

    def __init__(self, name: str, index: int, run: Callable[[], None], skew: float) -> None:
        self.name = name
        self.index = index
        self.run = run
        self.skew = skew
        self.life = Life()
        self.waits = False
        self.gate = threading.Lock()
        self.gate.acquire()
        self.ticket = 0
        self.thread: threading.Thread | None = None


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
        self._chance = chance
        self._queue: list[tuple[float, float, int, int]] = []
        self._main = threading.Lock()
        self._main.acquire()
        self._over = False
        self._failure: BaseException | None = None
        self._horizon = 0.0
        self.current: Worker | None = None

    # ------------------------------------------------------------------------------------------- set up and run

    def spawn(self, name: str, run: Callable[[], None], *, at: float = 0.0, skew: float = 0.0) -> Worker:
        """Add a worker that begins at that time."""
        worker = Worker(name, len(self.workers), run, skew)
        worker.thread = threading.Thread(target=self._thread, args=(worker,), name=name, daemon=True)
        self.workers.append(worker)
        self._plan(worker, at)
        worker.thread.start()
        return worker

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
        for worker in self.workers:
            thread = worker.thread
            if thread is not None and thread.is_alive():
                self.current = worker
                worker.gate.release()
                thread.join(_STUCK_S)
                if thread.is_alive():
                    raise Stuck(f"worker {worker.name} does not end")

    def _thread(self, worker: Worker) -> None:
        worker.gate.acquire()
        try:
            if not self._over:
                worker.run()
        except Over:
            return
        except BaseException as failure:  # noqa: BLE001 - reported by `run`, in the thread that asked for the simulation
            self._failure = failure
            self._main.release()
            return
        if not self._over and not self._let_next_go():
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

        Raises:
            Crashed: the process is gone.
        """
        parent = self.running()
        failures: list[BaseException] = []
        left = [len(calls)]

        def child(call: Callable[[], None]) -> None:
            try:
                call()
            except Over:
                raise
            except BaseException as failure:  # noqa: BLE001 - raised by the parent
                failures.append(failure)
                parent.life.over |= isinstance(failure, Crashed)
            left[0] -= 1
            self.wake(parent, self.now)

        for number, call in enumerate(calls):
            worker = self.spawn(f"{parent.name}/{number}", partial(child, call), at=self.now, skew=parent.skew)
            worker.life = parent.life
        while left[0]:
            self.wait()
        if parent.life.over:
            raise Crashed(f"{parent.name} is gone")
        if failures:
            raise failures[0]

    def wait(self, until: float = _FOREVER) -> None:
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
        skew = self.current.skew if self.current is not None else 0.0
        return EPOCH + timedelta(seconds=self.now + skew)

    def true_time(self) -> datetime:
        """What an exact clock shows."""
        return EPOCH + timedelta(seconds=self.now)

    # --------------------------------------------------------------------------------------------- handing over

    def _plan(self, worker: Worker, at: float) -> None:
        if at < _FOREVER:
            entry = (at, self._chance.random(), worker.index, worker.ticket)
            heapq.heappush(self._queue, entry)

    def _sleep(self, worker: Worker, until: float) -> None:
        worker.ticket += 1
        self._plan(worker, until)
        found = self._next()
        if found is worker:
            return
        if found is None:
            self._main.release()
        else:
            self._go(found)
        worker.gate.acquire()
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
        worker.gate.release()

"""Virtual time for many workers: each is a thread, one runs at a time, and who sleeps wakes in the order of time.

The simulation has a scheduler of its own, for other ends: there the seed decides who runs. Here nothing is left to
chance, and whole hours must pass quickly.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

#: When virtual time begins.
EPOCH = datetime(2026, 3, 2, 9, tzinfo=UTC)

_NEVER = float("inf")
#: Real seconds without an end of a step after which the measure is broken.
_STUCK_S = 120.0


class Killed(BaseException):
    """The time of this invocation is over: nothing in it runs any more, no handler of errors either."""


class _Over(BaseException):
    """The measure has ended; the thread unwinds."""


class _Task:
    """Work of one thread.

    Attributes:
        deadline: when its invocation is cut off.
        gate: lets its thread go on.
        slept: storage that it has not waited for yet, in seconds.
    """

    __slots__ = ("deadline", "gate", "run", "slept")

    def __init__(self, run: Callable[[], None], deadline: float, gate: threading.Lock) -> None:
        self.run = run
        self.deadline = deadline
        self.gate = gate
        self.slept = 0.0


class Virtual:
    """Runs tasks in virtual time.

    Attributes:
        now: seconds since `EPOCH`.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._until = 0.0
        self._queue: list[tuple[float, int, _Task]] = []
        self._order = 0
        self._current: _Task | None = None
        self._main = _closed()
        self._idle: list[tuple[threading.Lock, list[_Task]]] = []
        self._gates: list[threading.Lock] = []
        self._over = False
        self._failure: BaseException | None = None

    def clock(self) -> datetime:
        """The time, aware UTC."""
        return EPOCH + timedelta(seconds=self.now)

    def spawn(self, run: Callable[[], None], *, at: float = 0.0) -> None:
        """Have this begin then."""
        self._begin(run, at, _NEVER)

    def run(self, until: float) -> None:
        """Let time pass until then, or until nobody has anything to do; raises what a task raised."""
        self._until = until
        self._go_on()
        if not self._main.acquire(timeout=_STUCK_S):
            raise RuntimeError("nobody handed over; does a task hold a lock while it waits, or never end?")
        if self._failure is not None:
            raise self._failure
        self.now = max(self.now, until)

    def close(self) -> None:
        """End every thread."""
        self._over = True
        for gate in self._gates:
            if gate.locked():
                gate.release()

    # -- for tasks

    def spend(self, seconds: float) -> None:
        """Let so much time pass; what is set up before the start takes none.

        Raises:
            Killed: the invocation ends meanwhile.
        """
        task = self._current
        if task is None:
            return
        wakes = self.now + seconds + task.slept
        task.slept = 0.0
        dies = wakes >= task.deadline
        self._put(task, max(self.now, task.deadline) if dies else wakes)
        self._hand_over(task)
        if dies:
            raise Killed

    def spend_some(self, seconds: float, at_once: float) -> None:
        """The same for many short waits: they pass together, once they make so many seconds."""
        task = self._current
        if task is None:
            return
        task.slept += seconds
        if task.slept >= at_once:
            self.spend(0.0)

    def invoke(self, run: Callable[[], None], timeout_s: float) -> bool:
        """Do it in an invocation of its own; returns whether it ended by itself."""
        task = self._running()
        task.deadline = self.now + timeout_s
        try:
            run()
        except Killed:
            return False
        finally:
            task.deadline = _NEVER
        return True

    def left(self) -> float:
        """Seconds until the running invocation is cut off."""
        return self._running().deadline - self.now

    def together(self, calls: Sequence[Callable[[], None]]) -> None:
        """Do all of these at the same time, the first in this thread."""
        parent = self._running()
        failures: list[BaseException] = []
        left = [len(calls)]

        def done(call: Callable[[], None]) -> None:
            try:
                call()
            except _Over:
                raise
            except BaseException as failure:  # noqa: BLE001 - raised by the parent
                failures.append(failure)
            left[0] -= 1

        def child(call: Callable[[], None]) -> None:
            done(call)
            if not left[0]:
                self._put(parent, self.now)

        for call in calls[1:]:
            self._begin(lambda call=call: child(call), self.now, parent.deadline)  # type: ignore[misc]  # binds the loop's
        for call in calls[:1]:
            done(call)
        if left[0]:
            self._hand_over(parent)
        if failures:
            raise failures[0]

    # -- who runs

    def _running(self) -> _Task:
        if self._current is None:
            raise RuntimeError("only a task can do this")
        return self._current

    def _begin(self, run: Callable[[], None], at: float, deadline: float) -> None:
        gate, box = self._idle.pop() if self._idle else self._thread()
        box.append(_Task(run, deadline, gate))
        self._put(box[0], at)

    def _put(self, task: _Task, at: float) -> None:
        self._order += 1
        heapq.heappush(self._queue, (at, self._order, task))

    def _hand_over(self, task: _Task) -> None:
        """Until it is this task's turn."""
        if self._go_on(task) is not task:
            task.gate.acquire()
        if self._over:
            raise _Over

    def _go_on(self, myself: _Task | None = None) -> _Task | None:
        """Let the next one go; returns it. A thread that is next itself just goes on."""
        if not self._queue or self._queue[0][0] > self._until:
            self._current = None
            self._main.release()
            return None
        at, _, task = heapq.heappop(self._queue)
        self.now = max(self.now, at)
        self._current = task
        if task is not myself:
            task.gate.release()
        return task

    def _thread(self) -> tuple[threading.Lock, list[_Task]]:
        gate, box = _closed(), []  # type: ignore[var-annotated]  # tasks
        self._gates.append(gate)
        threading.Thread(target=self._body, args=(gate, box), daemon=True).start()
        return gate, box

    def _body(self, gate: threading.Lock, box: list[_Task]) -> None:
        while True:
            gate.acquire()
            if self._over:
                return
            try:
                box[0].run()
            except _Over:
                return
            except BaseException as failure:  # noqa: BLE001 - raised by `run`
                self._failure = failure
                self._main.release()
                return
            box.clear()
            self._idle.append((gate, box))
            self._go_on()


def _closed() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock

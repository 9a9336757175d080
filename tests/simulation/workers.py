"""What the scheduler lets run: workers, the real threads that carry them, and the lives that end them."""

from __future__ import annotations

import threading
from collections.abc import Callable

FOREVER = float("inf")


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

    def __init__(self, deadline: float = FOREVER) -> None:
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

    __slots__ = ("index", "life", "name", "run", "skew", "thread", "ticket", "waits")

    def __init__(self, name: str, index: int, run: Callable[[], None], skew: float, thread: Thread) -> None:
        self.name = name
        self.index = index
        self.run = run
        self.skew = skew
        self.life = Life()
        self.waits = False
        self.ticket = 0
        self.thread = thread


class Thread:
    """A real thread that runs one worker after the other: starting one costs more than most workers do.

    Attributes:
        gate: whoever releases it lets the thread go on.
        worker: that it runs now.
    """

    __slots__ = ("gate", "real", "worker")

    def __init__(self, run: Callable[[Thread], None]) -> None:
        self.gate = threading.Lock()
        self.gate.acquire()
        self.worker: Worker | None = None
        self.real = threading.Thread(target=run, args=(self,), daemon=True)
        self.real.start()

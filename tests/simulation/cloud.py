"""The cloud around our functions: invocations that are cut off, pollers of queues, a stream, schedules.

A worker is one execution environment: what its process remembers is made anew after a crash, not before. That is how a
Lambda function works, and why nothing may rely on a single consumer or on memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from domain.errors import DealwireError
from tests.simulation.faults import Tally
from tests.simulation.scheduler import Scheduler
from tests.simulation.sqs import BATCH, Received, SqsQueue
from tests.simulation.workers import Crashed, Life, Worker

Memory = TypeVar("Memory")

#: Starting a process takes that long, in seconds.
COLD_START_S = 0.4


@dataclass
class Function(Generic[Memory]):
    """One Lambda function.

    Attributes:
        name: for reports.
        timeout_s: after which an invocation is cut off.
        start: makes what a fresh process remembers.
        handle: one invocation; it gets the process's memory and an event.
    """

    name: str
    timeout_s: float
    start: Callable[[], Memory]
    handle: Callable[[Memory, Any], Any]


class Environment(Generic[Memory]):
    """One execution environment of a function."""

    def __init__(self, function: Function[Memory], scheduler: Scheduler, tally: Tally) -> None:
        self.function = function
        self.scheduler = scheduler
        self.tally = tally
        self._memory: Memory | None = None
        self.crashes: list[tuple[float, str]] = []
        self.failures: list[str] = []

    def invoke(self, event: Any) -> tuple[bool, Any]:
        """Run the function once; (whether it ended by itself and raised nothing, what it answered)."""
        scheduler = self.scheduler
        worker = scheduler.running()
        if self._memory is None:
            scheduler.spend(COLD_START_S)
            self._memory = self.function.start()
        worker.life = Life(scheduler.now + self.function.timeout_s)
        try:
            return True, self.function.handle(self._memory, event)
        except Crashed:
            if scheduler.now >= worker.life.deadline:
                self.tally.add("killed", "time_out")
            self._memory = None
            self.crashes.append((scheduler.now, worker.name))
        except DealwireError as error:  # an invocation that failed: the process lives on
            self.failures.append(f"{type(error).__name__}: {error}")
        finally:
            worker.life = Life()
        return False, None


def left_s(scheduler: Scheduler) -> float:
    """Seconds until the running invocation is cut off, as its platform tells it."""
    return scheduler.running().life.told - scheduler.now


@dataclass
class Consumer:
    """Polls a queue for a function, as an event source mapping does: what is not reported as failed is deleted."""

    queue: SqsQueue
    environment: Environment[Any]
    batch: int = BATCH

    def run(self) -> None:
        """For ever."""
        scheduler, queue = self.environment.scheduler, self.queue
        while True:
            found = queue.receive(self.batch)
            if found:
                self._consume(found)
                scheduler.spend(0.005)
                continue
            soonest = queue.next_visible()
            scheduler.wait(float("inf") if soonest is None else max(soonest, scheduler.now + 0.02))

    def _consume(self, found: Sequence[Received]) -> None:
        done, failed = self.environment.invoke(found)
        if not done:
            return
        for message in found:
            if message.id not in failed:
                self.queue.delete(message.handle)


def consume(
    scheduler: Scheduler,
    queue: SqsQueue,
    function: Function[Any],
    tally: Tally,
    *,
    workers: Sequence[float],
    batch: int = BATCH,
) -> list[Environment[Any]]:
    """Start consumers of a queue, one for each clock skew."""
    environments = []
    for number, skew in enumerate(workers):
        environment = Environment(function, scheduler, tally)
        consumer = Consumer(queue, environment, batch)
        worker = scheduler.spawn(f"{function.name}-{number}", consumer.run, skew=skew)
        queue.heard.append(_waker(scheduler, worker))
        environments.append(environment)
    return environments


def _waker(scheduler: Scheduler, worker: Worker) -> Callable[[float], None]:
    return lambda at: scheduler.wake(worker, max(at, scheduler.now))


@dataclass
class Stream:
    """The changes of a table, in order, each told at least once; a batch that failed is told again."""

    scheduler: Scheduler
    environment: Environment[Any]
    records: list[Any] = field(default_factory=list)
    worker: Worker | None = None

    def add(self, records: Collection[Any]) -> None:
        """Something changed."""
        self.records += records
        if self.worker is not None:
            self.scheduler.wake(self.worker, self.scheduler.now + 0.1)

    def run(self) -> None:
        """For ever."""
        while True:
            while self.records:
                batch = self.records[:100]
                done, _ = self.environment.invoke(batch)
                if done:
                    del self.records[: len(batch)]
                else:
                    self.scheduler.spend(1.0)
            self.scheduler.wait()


class Agenda:
    """Things that happen at a time, all of them in one worker; none may spend time."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._entries: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._worker = scheduler.spawn("agenda", self._run)

    def at(self, when: float, do: Callable[[], object]) -> None:
        """Do it then."""
        self._count += 1
        heapq.heappush(self._entries, (when, self._count, do))
        self._scheduler.wake(self._worker, when)

    def __len__(self) -> int:
        return len(self._entries)

    def _run(self) -> None:
        while True:
            while self._entries and self._entries[0][0] <= self._scheduler.now:
                heapq.heappop(self._entries)[2]()
            self._scheduler.wait(self._entries[0][0] if self._entries else float("inf"))


def on_schedule(
    scheduler: Scheduler, environment: Environment[Any], every_s: float, first_s: float, skew: float = 0.0
) -> Worker:
    """Invoke it at fixed times; one that takes longer than its time is not started twice by one schedule."""

    def run() -> None:
        at = first_s
        while True:
            environment.invoke(None)
            at += every_s
            while at <= scheduler.now:
                at += every_s
            scheduler.wait(at)

    return scheduler.spawn(environment.function.name, run, at=first_s, skew=skew)

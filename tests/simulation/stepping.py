"""Each call of a port is a step: time passes, others run, and the worker may crash, stand still or be refused.

A port is wrapped whole: every public method of it is a step, so no call can be forgotten. Where the effect happens
within the time that a call takes is chance, as it is outside.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import GeneratorType
from typing import Any, TypeVar, cast

from domain.errors import Unavailable
from tests.simulation.faults import Tally
from tests.simulation.scheduler import Scheduler
from tests.simulation.workers import Crashed

Port = TypeVar("Port")


@dataclass(frozen=True)
class Rates:
    """How often each thing happens at a step, as probabilities.

    Attributes:
        crash: before, and as often after.
        pause: shorter than a time-out.
        freeze: longer than a lease.
        refuse: storage says no, though it may have done it.
        slow: storage answers after seconds, because its client tries again by itself.
        latency_s: the most that a step takes.
        lag_s: the most that an index is behind.
    """

    crash: float = 0.0
    pause: float = 0.0
    freeze: float = 0.0
    refuse: float = 0.0
    slow: float = 0.0
    latency_s: float = 0.02
    lag_s: float = 2.0

    @property
    def any(self) -> float:
        """How often anything happens."""
        return 2 * self.crash + self.pause + self.freeze + self.refuse + self.slow


@dataclass(frozen=True)
class Kind:
    """What may happen at the steps of a port.

    Attributes:
        name: for reports.
        refuses: raises `Unavailable` at times.
        lagging: names of methods that read an index.
        pauses: how long a machine may stand still here, in seconds.
        refused: what a refusal counts as; of storage it may have been done all the same.
        begun: told the name of the method at each step's begin.
    """

    name: str
    refuses: bool = True
    refused: tuple[str, str] = ("storage", "not_done")
    begun: Callable[[str], None] | None = None
    lagging: frozenset[str] = frozenset()
    pauses: tuple[float, float] = (60.0, 200.0)


class Steps:
    """What happens at the steps of one seed.

    Attributes:
        calm: no more faults.
        frozen: true time until which each worker stood still the last time.
        disturbed: (from, to, worker): it stood still, or was refused.
    """

    def __init__(self, scheduler: Scheduler, chance: random.Random, rates: Rates, tally: Tally) -> None:
        self.scheduler = scheduler
        self.chance = chance
        self.rates = rates
        self._any = rates.any
        self.tally = tally
        self.calm = False
        self.frozen: dict[str, float] = {}
        self.disturbed: list[tuple[float, float, str]] = []
        self.total = 0

    def wrap(self, port: Port, kind: Kind) -> Port:
        """The port, each public method a step."""
        return cast("Port", _Stepped(port, kind, self))

    def step(self, call: Callable[[], Any], kind: Kind, name: str) -> Any:
        """Do it, in its time."""
        self.total += 1
        if kind.begun is not None:
            kind.begun(name)
        chance, scheduler = self.chance, self.scheduler
        latency = self.rates.latency_s * chance.random() ** 2
        if self.calm or chance.random() >= self._any:
            if name in kind.lagging:
                return self._lagging(call, latency)
            if chance.random() < 0.5:
                scheduler.spend(latency)
                return call()
            result = call()
            scheduler.spend(latency)
            return result
        return self._faulty(call, kind)

    def _lagging(self, call: Callable[[], Any], latency: float) -> Any:
        found = call()
        if not self.calm and self.chance.random() < 0.1:
            self.tally.add("storage", "lagging_index")
            latency += self.rates.lag_s * self.chance.random()
        self.scheduler.spend(latency)
        return found

    def _faulty(self, call: Callable[[], Any], kind: Kind) -> Any:
        rates, scheduler = self.rates, self.scheduler
        name = scheduler.running().name
        dice = self.chance.random() * self._any
        scheduler.spend(rates.latency_s * self.chance.random())
        if dice < rates.crash:
            self.tally.add("crash", "before")
            raise Crashed(f"{name} before {kind.name}")
        if dice < 2 * rates.crash:
            call()
            self.tally.add("crash", "after")
            raise Crashed(f"{name} after {kind.name}")
        dice -= 2 * rates.crash
        if dice < rates.pause:
            self.tally.add("pause", "short")
            # Some outlast the time-out: the platform ends those.
            seconds = self.chance.uniform(0.5, 8.0) if self.chance.random() < 0.8 else self.chance.uniform(20.0, 70.0)
            self.disturbed.append((scheduler.now, scheduler.now + seconds, name))
            scheduler.spend(seconds)
            return call()
        if dice < rates.pause + rates.freeze:
            return self._frozen(call, kind, name)
        if dice < rates.pause + rates.freeze + rates.slow:
            return self._slow(call, kind)
        return self._refused(call, kind)

    def _slow(self, call: Callable[[], Any], kind: Kind) -> Any:
        if kind.refuses and kind.refused[0] == "storage":
            self.tally.add("storage", "slow")
            now, seconds = self.scheduler.now, self.chance.uniform(1.0, 12.0)
            self.disturbed.append((now, now + seconds, self.scheduler.running().name))
            self.scheduler.spend(seconds)
        return call()

    def _frozen(self, call: Callable[[], Any], kind: Kind, name: str) -> Any:
        if self.frozen.get(name, -1e9) > self.scheduler.now - 600.0:  # not twice in one invocation
            return call()
        self.tally.add("pause", "past_lease")
        seconds = self.chance.uniform(*kind.pauses)
        self.frozen[name] = self.scheduler.now + seconds
        self.disturbed.append((self.scheduler.now, self.scheduler.now + seconds, name))
        if self.chance.random() < 0.5:
            self.scheduler.freeze(seconds)
            return call()
        result = call()
        self.scheduler.freeze(seconds)
        return result

    def _refused(self, call: Callable[[], Any], kind: Kind) -> Any:
        if not kind.refuses:
            return call()
        now = self.scheduler.now
        self.disturbed.append((now, now, self.scheduler.running().name))
        if kind.refused[0] != "storage" or self.chance.random() < 0.6:
            self.tally.add(*kind.refused)
            raise Unavailable("storage does not answer (simulated)")
        call()
        self.tally.add("storage", "done")
        raise Unavailable("storage does not answer, and has done it (simulated)")


class _Stepped:
    def __init__(self, port: Any, kind: Kind, steps: Steps) -> None:
        self._port, self._kind, self._steps = port, kind, steps

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name.startswith("_") or not callable(method):
            return method
        kind, steps = self._kind, self._steps

        def stepped(*args: Any, **named: Any) -> Any:
            result = steps.step(lambda: method(*args, **named), kind, name)
            return _paged(result, steps, kind, name) if isinstance(result, GeneratorType) else result

        self.__dict__[name] = stepped
        return stepped


def _paged(pages: Iterator[Any], steps: Steps, kind: Kind, name: str) -> Iterator[Any]:
    """Each page is a step of its own."""
    end = object()
    while (page := steps.step(lambda: next(pages, end), kind, name)) is not end:
        yield page

"""What goes wrong on the way to the model, and when: a closed list of forms, drawn from a seed or from a script."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, Protocol


class Form(NamedTuple):
    """A way in which a call goes wrong: what its sender sees, and what became of it."""

    kind: str
    form: str


#: Forms that any call may take: nothing was done.
UNDONE = (
    Form("unsent", "refused"),
    Form("status", "502"),
    Form("status", "503"),
    Form("status", "500 not done"),
    Form("status", "504 not done"),
    Form("reset", "not done"),
    Form("died", "not done"),
    Form("time-out", "before"),
    Form("throttled", "no hint"),
    Form("throttled", "seconds"),
    Form("throttled", "date"),
    Form("storm", "no hint"),
    Form("storm", "seconds"),
    Form("storm", "date"),
    Form("session", "expired"),
    Form("latency", "slow"),
)
#: Forms of writes: all of it, or what stands first in it, was done, or will be.
DONE = (
    Form("status", "500 done"),
    Form("status", "504 done"),
    Form("reset", "done"),
    Form("died", "done"),
    Form("died", "prefix"),
    Form("time-out", "lost"),
    Form("time-out", "prefix"),
    Form("time-out", "late"),
)
#: Forms of a time in which every call fails.
OUTAGES = (Form("unsent", "refused"), Form("status", "502"), Form("status", "500 not done"), Form("time-out", "before"))


@dataclass(frozen=True, slots=True)
class Injected:
    """One thing to go wrong.

    Attributes:
        form: how.
        seconds: of `late` after how long it is executed; of `throttled` and `storm` how long calls are refused.
        share: of `prefix` how much of the batch is done, below 1.
        times: of `slow` how many times as long the call takes.
    """

    form: Form
    seconds: float = 0.0
    share: float = 0.5
    times: float = 5.0


class Plan(Protocol):
    """Decides for each call."""

    def draw(self, operation: str, at: float, *, write: bool) -> Injected | None:
        """What goes wrong with this call, if anything."""
        ...


@dataclass(frozen=True, slots=True)
class Outage:
    """Every call fails in one form, from `start` to `end` (UNIX seconds)."""

    start: float
    end: float
    form: Form


@dataclass
class Seeded:
    """Draws from a seed.

    Attributes:
        chance: the only source of chance.
        rates: form to its probability in a call that it can happen to.
        outages: times in which nothing works.
        spared: operations to which nothing else happens.
        late_s: shortest and longest time after which a call that was given up is executed.
        throttled_s: shortest and longest Retry-After.
        storm_s: shortest and longest 429 storm.
    """

    chance: Random
    rates: Mapping[Form, float]
    outages: Sequence[Outage] = ()
    spared: frozenset[str] = frozenset()
    late_s: tuple[float, float] = (1.0, 290.0)
    throttled_s: tuple[float, float] = (1.0, 20.0)
    storm_s: tuple[float, float] = (20.0, 120.0)

    def draw(self, operation: str, at: float, *, write: bool) -> Injected | None:
        """An outage first; else at most one of the forms."""
        for outage in self.outages:
            if outage.start <= at < outage.end:
                return Injected(outage.form)
        if operation in self.spared:
            return None
        threshold = self.chance.random()
        for form, rate in self.rates.items():
            if form in DONE and not write:
                continue
            threshold -= rate
            if threshold < 0:
                return self._filled(form)
        return None

    def _filled(self, form: Form) -> Injected:
        spans = {"time-out": self.late_s, "throttled": self.throttled_s, "storm": self.storm_s}
        seconds = self.chance.uniform(*spans.get(form.kind, (0.0, 0.0)))
        return Injected(form, seconds, share=self.chance.random(), times=self.chance.uniform(2.0, 10.0))


def evenly(total: float, forms: Sequence[Form] = UNDONE + DONE) -> dict[Form, float]:
    """Rates that add up to `total` a call, the same for every form."""
    return dict.fromkeys(forms, total / len(forms))


@dataclass
class Script:
    """Says exactly what goes wrong with the next calls, one by one; then asks the plan behind it.

    Attributes:
        lines: (operation, what); an empty operation is the next call whatever it is. `None`: that call goes well.
        behind: asked when no line fits.
    """

    lines: deque[tuple[str, Injected | None]] = field(default_factory=deque)
    behind: Plan | None = None

    def add(self, form: Form, operation: str = "", *, times: int = 1, seconds: float = 0.0, share: float = 0.5) -> None:
        """The next `times` calls of this operation go wrong so."""
        self.lines.extend((operation, Injected(form, seconds, share)) for _ in range(times))

    def draw(self, operation: str, at: float, *, write: bool) -> Injected | None:
        """The first line that fits, once."""
        for index, (wanted, injected) in enumerate(self.lines):
            if wanted in {"", operation}:
                del self.lines[index]
                return injected
        return self.behind.draw(operation, at, write=write) if self.behind else None


def script(lines: Iterable[tuple[str, Form]]) -> Script:
    """A script of (operation, form)."""
    made = Script()
    for operation, form in lines:
        made.add(form, operation)
    return made

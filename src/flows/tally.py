"""Each minute: every accepted delivery gets its outcome, and what is open is counted, so that alarms can see it.

Each hour the books are tied out: what the archive holds against what has an outcome.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.errors import Cause, ConfigurationError, Conflict, Unavailable
from domain.event_log import State
from domain.operate.letters import Filter
from flows.file_dead_letters import dead_gauge
from flows.walk_archive import Rules, WalkPorts, is_overdue, overdue, send_again, settle, stragglers, walk
from flows.watch_delivery import delivery_gauges

if TYPE_CHECKING:
    from domain.event_log import Delivery

logger = logging.getLogger(__name__)

#: Open events of one state and cause are counted up to here; beyond it the exact number helps nobody.
MOST_COUNTED = 500
#: Receipts of a difference that the log names.
MOST_NAMED = 20

Gauges = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run did and saw.

    Attributes:
        sent_again: deliveries that were sent again.
        pending: deliveries without an outcome.
        gauges: metric to value.
        silence_hours: source to hours since its last webhook.
        faults: what kept a part of the run from its end; the rest was done all the same.
    """

    sent_again: int = 0
    pending: int = 0
    gauges: Gauges = field(default_factory=dict)
    silence_hours: Gauges = field(default_factory=dict)
    faults: tuple[Exception, ...] = ()


@dataclass(slots=True)
class _Run:
    """One run: its steps one after the other, each although the one before it failed."""

    ports: WalkPorts
    rules: Rules
    now: datetime
    time_left: Callable[[], float]
    found: frozenset[str] = frozenset()
    missed: Sequence[Delivery] = ()
    pending: Sequence[Delivery] = ()
    late: Sequence[Delivery] = ()
    sent_again: int = 0
    gauges: dict[str, float] = field(default_factory=dict)
    silence_hours: dict[str, float] = field(default_factory=dict)
    faults: list[Exception] = field(default_factory=list)

    def all(self, *steps: Callable[[], None]) -> Tally:
        for step in steps:
            try:
                step()
            except (Conflict, ConfigurationError, Unavailable) as fault:
                self.faults.append(fault)
        return Tally(self.sent_again, len(self.pending), self.gauges, self.silence_hours, tuple(self.faults))

    def walk(self) -> None:
        self.found = walk(self.ports, self.rules, self.now, self.time_left)

    def settle(self) -> None:
        self.pending = settle(self.ports)
        self.late = [delivery for delivery in self.pending if is_overdue(delivery, self.rules, self.now)]

    def send_again(self) -> None:
        self.sent_again = send_again(overdue(self.pending, self.rules, self.now, self.found), self.ports, self.now)

    def compare(self) -> None:
        self.missed = stragglers(self.ports, self.rules, self.now, self.time_left)

    def send_all_late_again(self) -> None:
        self.sent_again = send_again(self.late, self.ports, self.now)

    def tell_difference(self) -> None:
        """Count and name what the walk has missed, and what is late."""
        receipts = sorted({delivery.receipt for delivery in (*self.missed, *self.late)})
        self.gauges["TieOutDifference"] = len(receipts)
        if receipts:
            facts = {"missed": len(self.missed), "late": len(self.late), "receipts": receipts[:MOST_NAMED]}
            logger.warning("the archive and the outcomes differ", extra=facts)

    def count_pending(self) -> None:
        log = self.ports.log
        oldest = [delivery.received_at for delivery in self.pending]
        waiting = log.open(Filter(states=(State.WAITING,)), limit=1, newest_first=False)
        oldest += [record.since for record in waiting.items]
        ages = [(self.now - moment).total_seconds() for moment in oldest]
        self.gauges |= {"OldestUnappliedSeconds": max([0.0, *ages]), "EventsPending": len(self.pending)}

    def count_open(self) -> None:
        def count(state: State, cause: Cause) -> int:
            return self.ports.log.count(state, cause, most=MOST_COUNTED)

        self.gauges["EventsWaiting"] = sum(count(State.WAITING, cause) for cause in Cause)
        self.gauges["EventsParked"] = count(State.PARKED, Cause.UNKNOWN_AGENT)
        self.gauges |= {dead_gauge(cause): count(State.DEAD, cause) for cause in Cause}

    def listen(self) -> None:
        """Which sources are silent; one that was never heard is not set up yet, so it is not."""
        heard = self.ports.walk.last_received()
        rules = self.rules.most_silent_hours
        self.silence_hours |= {s: (self.now - heard[s]) / timedelta(hours=1) for s in rules if s in heard}
        silent = {s for s, hours in self.silence_hours.items() if (most := rules[s]) is not None and hours > most}
        self.gauges["SilentSources"] = len(silent)

    def watch_delivery(self) -> None:
        if self.ports.delivery is not None:
            self.gauges |= delivery_gauges(self.ports.delivery, self.now)


def tally(ports: WalkPorts, rules: Rules, *, now: datetime, time_left: Callable[[], float]) -> Tally:
    """File what has come, settle what has an outcome, send again what has none for too long, and measure.

    Args:
        ports: the archive and what is known of it.
        rules: how long is too long.
        now: aware UTC.
        time_left: seconds until the invocation is cut off.
    """
    run = _Run(ports, rules, now, time_left)
    looks = (run.count_pending, run.count_open, run.listen, run.watch_delivery)
    return run.all(run.walk, run.settle, run.send_again, *looks)


def tie_out(ports: WalkPorts, rules: Rules, *, now: datetime, time_left: Callable[[], float]) -> Tally:
    """Compare this day's and yesterday's archive with the outcomes; whatever differs is filed and sent again.

    Args:
        ports: the archive and what is known of it.
        rules: how long is too long.
        now: aware UTC.
        time_left: seconds until the invocation is cut off.
    """
    run = _Run(ports, rules, now, time_left)
    return run.all(run.walk, run.compare, run.settle, run.send_all_late_again, run.tell_difference)

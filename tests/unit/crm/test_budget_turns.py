"""Who begins, and who waits its turn: a run that has begun gets on, however slow the CRM is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event

import pytest

from crm.budget import LONGEST_PAUSE_S, LONGEST_TURN_S, RateBudget
from crm.limits import Limits
from crm.slots import Rate
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from tests.fakes.delivery import MemorySharedRows

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOOK_S = 1.2


class Line:
    """Runs of one credential, one call after the other; pauses move the clock."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.rows = limits, MemorySharedRows()
        self.s, self.paused = 0.0, list[float]()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.s)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.s += seconds

    def gate(self, *, backfill: bool = False, begun: Event | None = None) -> RateBudget:
        gate = RateBudget(
            self.rows,
            "suitecrm",
            self.limits,
            fingerprint=lambda: "f1",
            now=self.now,
            jitter=lambda: 0.5,
            pause=self.pause,
            begun=begun,
        )
        return gate.for_backfill() if backfill else gate

    def call(self, gate: RateBudget) -> float:
        """One call; returns how long it waited."""
        before = self.s
        gate.admit()
        waited = self.s - before
        self.s += TOOK_S
        gate.answered(TOOK_S, {})
        return waited

    def crowd(self, seconds: float) -> None:
        """Others take every permit of so many seconds."""
        at_work, at = Event(), self.s
        at_work.set()
        for _ in range(int(seconds * self.limits.rate)):
            self.gate(begun=at_work).admit()
            self.s = at
        self.paused.clear()


def refusal(gate: RateBudget) -> Fault:
    with pytest.raises(CrmFaulted) as refused:
        gate.admit()
    return refused.value.fault


def test_a_backfill_at_the_slowest_rate_gets_on_once_it_has_begun() -> None:
    line = Line(Limits(0.5))
    gate = line.gate(backfill=True)
    while True:
        try:
            line.call(gate)
            break
        except CrmFaulted as refused:
            line.s += refused.fault.wait_s
    waited = [line.call(gate) for _ in range(9)]
    assert max(waited) > LONGEST_PAUSE_S
    assert max(waited) <= LONGEST_TURN_S


@pytest.mark.parametrize("rate", [1.0, 2.0, 3.0, 6.0, 10.0, 12.0, 13.0, 20.0, 40.0, 100.0])
def test_nobody_who_has_begun_waits_in_vain_at_the_lowest_rate(rate: float) -> None:
    limits = Limits(rate)
    for backfill in (False, True):
        lowest = Rate(limits.lowest_m, limits, backfill=backfill)
        slots = [slot for slot in range(512) if lowest.is_open(slot)]
        furthest_us = max(later - slot for slot, later in pairwise(slots)) * limits.width_us
        assert furthest_us < LONGEST_TURN_S * 1_000_000


def test_nobody_sleeps_for_more_than_a_second_at_a_time() -> None:
    line = Line(Limits(1.0))
    gate = line.gate(backfill=True)
    line.call(gate)
    for _ in range(5):
        line.call(gate)
    assert max(line.paused) <= LONGEST_PAUSE_S


def test_a_run_does_not_begin_where_its_first_permit_is_not_free_within_a_second() -> None:
    line = Line(Limits(2.0))
    begun = line.gate()
    line.call(begun)
    line.crowd(1.2)
    late = line.gate()
    fault = refusal(late)
    assert fault.kind is FaultClass.THROTTLED
    assert sum(line.paused) <= LONGEST_PAUSE_S
    assert line.call(begun) <= LONGEST_TURN_S


def test_the_sides_of_a_run_begin_together_and_the_next_run_begins_anew() -> None:
    line, begun = Line(Limits(2.0)), Event()
    first, second = line.gate(begun=begun), line.gate(begun=begun)
    line.call(first)
    line.crowd(1.2)
    assert line.call(second) > 0
    first.give_back()
    second.give_back()
    line.crowd(1.2)
    assert refusal(second).kind is FaultClass.THROTTLED


def test_sides_that_start_at_the_same_moment_begin_together() -> None:
    line, begun = Line(Limits(1.0)), Event()
    line.s = 0.05
    first, second = line.gate(begun=begun), line.gate(begun=begun)
    while_it_waits = [lambda: line.call(second)]

    def pause(seconds: float) -> None:
        line.s += seconds
        if while_it_waits:
            while_it_waits.pop()()

    first._pause = pause
    first.admit()
    assert not while_it_waits


def test_who_counts_as_begun_from_the_start_waits_for_its_first_permit_too() -> None:
    line, begun = Line(Limits(2.0)), Event()
    begun.set()
    line.crowd(1.6)
    assert line.call(line.gate(begun=begun)) > LONGEST_PAUSE_S


def test_time_that_the_run_needs_is_not_waited_away() -> None:
    line = Line(Limits(1.0))
    gate = line.gate()
    line.call(gate)
    line.crowd(3.0)
    before = line.s
    with pytest.raises(CrmFaulted):
        gate.admit(0, 1.5)
    assert line.s - before <= 1.5


def test_a_crm_that_asks_for_more_than_a_second_is_not_waited_for_by_whoever_has_begun() -> None:
    line = Line(Limits(20.0))
    gate = line.gate()
    line.call(gate)
    gate.admit()
    gate.failed(Fault(FaultClass.THROTTLED, "slow down", wait_s=2.0), {})
    before = line.s
    assert refusal(gate).wait_s >= 1.9
    assert line.s == before

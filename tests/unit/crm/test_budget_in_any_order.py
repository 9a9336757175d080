"""The budget whatever happens in whatever order: hypothesis drives workers over one shared row."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crm.budget import Limits, RateBudget, burst
from crm.limits import late_us
from crm.slots import Calendar, Rate
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from tests.fakes.delivery import MemorySharedRows
from tests.unit.crm.virtual import START

WORKERS = 5


class BudgetMachine(RuleBasedStateMachine):
    """Workers that call, succeed, fail and stop, on clocks that differ by half a second."""

    def __init__(self) -> None:
        super().__init__()
        self.s = 0.0
        self.limits = Limits(10.0, skew_s=0.5)
        self.chance = random.Random(7)
        self.rows = MemorySharedRows()
        self.workers = [self._worker(0.5 * number / (WORKERS - 1) - 0.25) for number in range(WORKERS)]
        self.on_line: dict[int, float] = {}
        self.calls: list[float] = []
        self.no_call_before = 0.0
        self.is_down = False
        self.probes: dict[int, float] = {}

    def _worker(self, skew_s: float) -> RateBudget:
        return RateBudget(
            self.rows,
            "suitecrm",
            self.limits,
            fingerprint=lambda: "f1",
            now=lambda: self._now() + timedelta(seconds=skew_s),
            jitter=self.chance.random,
            pause=self._pause,
        )

    def _now(self) -> datetime:
        return START + timedelta(seconds=self.s)

    def _pause(self, seconds: float) -> None:
        self.s += seconds

    @rule(who=st.integers(0, WORKERS - 1), took_s=st.sampled_from([0.01, 0.2, 1.2]))
    def call(self, who: int, took_s: float) -> None:
        if who in self.on_line:
            return
        began = self.s
        refused = self._refused(who)
        assert self.s - began <= 1.01
        if refused is not None:
            assert refused.wait_s > 0
            return
        assert self.s >= self.no_call_before
        self.calls.append(self.s)
        self.on_line[who] = took_s

    @rule(who=st.integers(0, WORKERS - 1))
    def answer(self, who: int) -> None:
        if who in self.on_line:
            took_s = self.on_line.pop(who)
            self.s += took_s / WORKERS
            self.workers[who].answered(took_s, {})

    @rule(who=st.integers(0, WORKERS - 1), seconds=st.sampled_from([0, 1, 7, 120]))
    def refuse_with_429(self, who: int, seconds: int) -> None:
        if who in self.on_line:
            del self.on_line[who]
            kept = self.workers[who].failed(
                Fault(FaultClass.THROTTLED, "429"), {"retry-after": str(seconds)} if seconds else {}
            )
            assert kept.wait_s >= seconds
            self.no_call_before = max(self.no_call_before, self.s + seconds)

    @rule(who=st.integers(0, WORKERS - 1), kind=st.sampled_from([FaultClass.UNAVAILABLE, FaultClass.AMBIGUOUS]))
    def no_answer(self, who: int, kind: FaultClass) -> None:
        if who in self.on_line:
            del self.on_line[who]
            self.workers[who].failed(Fault(kind, "no answer"), {})

    @rule(who=st.integers(0, WORKERS - 1))
    def die_and_come_back(self, who: int) -> None:
        self.on_line.pop(who, None)
        self.workers[who] = self._worker(0.0)

    @rule(who=st.integers(0, WORKERS - 1))
    def stop_for_now(self, who: int) -> None:
        if who not in self.on_line:
            self.workers[who].give_back()

    @rule(seconds=st.sampled_from([0.03, 0.3, 3.0, 30.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.s += seconds

    @precondition(lambda self: len(self.calls) > 1)
    @invariant()
    def no_span_that_ends_now_holds_too_many_calls(self) -> None:
        most = burst(self.limits, WORKERS)
        last = self.calls[-1]
        for number, at in enumerate(reversed(self.calls), 1):
            assert number <= self.limits.rate * (last - at) + most

    def teardown(self) -> None:
        """Whatever happened, a worker alone gets through to a CRM that answers, within a few probes."""
        for _ in range(400):
            refused = self._refused(0)
            if refused is None:
                return
            assert refused.kind in {FaultClass.THROTTLED, FaultClass.UNAVAILABLE}
            self.s += refused.wait_s
        raise AssertionError("no call got through any more")

    def _refused(self, who: int) -> Fault | None:
        try:
            self.workers[who].admit()
        except CrmFaulted as refused:
            return refused.fault
        return None


TestAnyOrder = BudgetMachine.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


@given(rate=st.integers(2, 300), share=st.floats(0.1, 1), seed=st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
@example(rate=2, share=0.875, seed=8)
def test_slots_used_as_late_as_always_allowed_keep_to_the_limit_in_every_second(
    rate: int, share: float, seed: int
) -> None:
    limits, chance = Limits(float(rate)), random.Random(seed)
    at_rate = Rate(max(limits.lowest_m, int(share * limits.pace_m)), limits)
    late = late_us(at_rate.rate_m, limits)
    slots = at_rate.free(Calendar(limits.width_us), 10**15, 10**15 + 2_000_000)
    calls = sorted(slot * limits.width_us + int(late * chance.choice([0, 0.999, chance.random()])) for slot in slots)

    for number, at in enumerate(calls):
        assert sum(other < at + 1_000_000 for other in calls[number:]) <= rate


@given(st.integers(1, 19_000), st.integers(1, 19_000), st.integers(0, 10**10))
def test_a_rising_rate_closes_no_slot(lower: int, more: int, slot: int) -> None:
    limits = Limits(40.0)

    if Rate(lower, limits).is_open(slot):
        assert Rate(lower + more, limits).is_open(slot)


@given(st.floats(0.02, 1), st.booleans())
def test_open_slots_are_as_many_as_the_rate_says(share: float, backfill: bool) -> None:
    limits = Limits(20.0, live_share=0.5)
    rate = Rate(int(limits.pace_m * share), limits, backfill)

    seconds = 60
    count = sum(1 for _ in rate.free(Calendar(limits.width_us), 10**15, 10**15 + seconds * 1_000_000))

    expected = limits.pace_m * share * (0.5 if backfill else 1) * seconds / 1000
    assert abs(count - expected) <= max(4, 0.02 * expected + seconds * 20 / 128)

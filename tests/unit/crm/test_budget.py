"""The shared rate budget: how many calls leave, when none may, and how it comes back."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle, pairwise
from typing import Any

import pytest

from crm.budget import Limits, RateBudget, budget_document, burst, standing
from crm.budget_row import BudgetRow
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.ports import SharedRow
from domain.crm.standing import Passage
from domain.errors import ConfigurationError, Unavailable
from tests.fakes.delivery import MemorySharedRows
from tests.unit.crm.virtual import START, Clock, SlowRows, StrictCrm

THROTTLED = Fault(FaultClass.THROTTLED, "too many requests")
DOWN = Fault(FaultClass.UNAVAILABLE, "connection refused")
TIMED_OUT = Fault(FaultClass.AMBIGUOUS, "read timed out")

#: Calls of a worker that follow each other at once.
IN_A_ROW = 5


@dataclass
class FlakyRows:
    """Shared rows that can be switched off."""

    rows: MemorySharedRows = field(default_factory=MemorySharedRows)
    is_off: bool = False
    writes: int = 0

    def read(self, name: str) -> SharedRow:
        self._answer()
        return self.rows.read(name)

    def write(self, name: str, document: Mapping[str, Any], guard: int) -> None:
        self._answer()
        self.writes += 1
        self.rows.write(name, document, guard)

    def _answer(self) -> None:
        if self.is_off:
            raise Unavailable("storage does not answer")


@dataclass
class Desk:
    """Workers that call one after the other, and a clock that pauses move."""

    limits: Limits = field(default_factory=lambda: Limits(20.0))
    rows: FlakyRows = field(default_factory=FlakyRows)
    s: float = 0.0
    paused: list[float] = field(default_factory=list)
    fingerprint: str = "f1"
    jitter: float = 0.5

    def now(self) -> datetime:
        return START + timedelta(seconds=self.s)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.s += seconds

    def worker(self, *, skew_s: float = 0.0) -> RateBudget:
        return RateBudget(
            self.rows,
            "suitecrm",
            self.limits,
            fingerprint=lambda: self.fingerprint,
            now=lambda: self.now() + timedelta(seconds=skew_s),
            jitter=lambda: self.jitter,
            pause=self.pause,
        )

    def row(self) -> BudgetRow:
        return BudgetRow.parse(self.rows.rows.read(budget_document("suitecrm")).document)

    def passage(self) -> Passage:
        return standing(self.row().document(), self.now()).passage

    def refusal(self, gate: RateBudget) -> Fault:
        with pytest.raises(CrmFaulted) as refused:
            gate.admit()
        return refused.value.fault

    def calls(self, gate: RateBudget, took_s: float) -> None:
        """One call that is answered, however long the gate makes it wait."""
        while (refused := self.tried(gate)) is not None:
            self.s += refused.wait_s
        self.s += took_s
        gate.answered(took_s, {})

    def tried(self, gate: RateBudget) -> Fault | None:
        """Why the gate did not admit a call; None if it did."""
        try:
            gate.admit()
        except CrmFaulted as refused:
            return refused.fault
        return None

    def break_circuit(self) -> None:
        for _ in range(self.limits.open_after):
            gate = self.worker()
            gate.admit()
            gate.failed(DOWN, {})


@pytest.fixture
def desk() -> Desk:
    return Desk()


@dataclass
class Drain:
    """Workers that call a strict CRM as fast as they may."""

    crm: StrictCrm
    rows: SlowRows
    admitted: list[float]
    sent_home: int

    @property
    def share_429(self) -> float:
        return len(self.crm.refused) / len(self.crm.calls)

    def rate(self, from_s: float, to_s: float) -> float:
        return sum(from_s <= at < to_s for at in self.crm.calls) / (to_s - from_s)


def drain(
    workers: int,
    seconds: float,
    limits: Limits,
    *,
    quota: int = 20,
    latency: Callable[[random.Random], float] = lambda _: 1.2,
    skew_s: float = 0.0,
    is_down: Callable[[float], bool] = lambda _: False,
    seed: int = 1,
) -> Drain:
    clock, chance = Clock(), random.Random(seed)
    rows = SlowRows(clock)
    crm = StrictCrm(clock, quota, lambda: latency(chance), is_down)
    result = Drain(crm, rows, [], 0)

    def work(number: int) -> None:
        own = random.Random(seed * 1000 + number)
        skew = timedelta(seconds=own.uniform(-skew_s, skew_s))
        gate = RateBudget(
            rows,
            "suitecrm",
            limits,
            fingerprint=lambda: "f1",
            now=lambda: clock.now() + skew,
            jitter=own.random,
            pause=clock.pause,
        )
        clock.pause(own.random() * 2)
        left = cycle(reversed(range(IN_A_ROW)))
        while clock.s < seconds:
            try:
                gate.admit(next(left))
            except CrmFaulted as refused:
                result.sent_home += 1
                clock.pause(refused.fault.wait_s + own.random() / 2)
                continue
            result.admitted.append(clock.s)
            try:
                gate.answered(crm.call(), {})
            except CrmFaulted as failed:
                headers = {"retry-after": "1"} if failed.fault.kind is FaultClass.THROTTLED else {}
                gate.failed(failed.fault, headers)

    clock.run(*(partial(work, number) for number in range(workers)))
    return result


def most_over(calls: list[float], limits: Limits) -> float:
    """By how much any span holds more calls than rate * span."""
    worst = lowest = 0.0
    for number, at in enumerate(sorted(calls)):
        lowest = min(lowest, number - limits.rate * at)
        worst = max(worst, number + 1 - limits.rate * at - lowest)
    return worst


class TestTheRate:
    def test_24_workers_use_a_strict_quota_of_20_calls_a_second_without_429(self) -> None:
        result = drain(24, 60, Limits(20.0))

        assert result.rate(5, 60) >= 0.95 * 20
        assert result.share_429 < 0.01
        assert result.rows.writes / len(result.crm.calls) < 0.3

    @pytest.mark.parametrize("workers", [30, 60])
    def test_more_workers_than_the_rate_feeds_use_it_as_well(self, workers: int) -> None:
        result = drain(workers, 40, Limits(20.0))

        assert result.rate(5, 40) >= 0.9 * 20
        assert result.share_429 < 0.01

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_calls_of_unequal_length_use_it_too(self, seed: int) -> None:
        result = drain(36, 40, Limits(20.0), latency=lambda chance: chance.uniform(0.8, 1.6), seed=seed)

        assert result.rate(5, 40) >= 0.9 * 20
        assert result.share_429 < 0.01

    def test_a_fast_crm_is_called_at_the_limit_and_leases_are_few(self) -> None:
        result = drain(2, 30, Limits(20.0), latency=lambda _: 0.03)

        assert result.rate(2, 30) >= 0.9 * 20
        assert result.rows.writes / len(result.crm.calls) < 0.25

    @pytest.mark.parametrize("rate", [0.5, 1.0, 3.0])
    def test_a_low_limit_is_kept_and_used(self, rate: float) -> None:
        result = drain(4, 120, Limits(rate), quota=100)

        assert 0.6 * rate <= result.rate(10, 120) <= rate

    def test_few_workers_hardly_wait(self) -> None:
        desk = Desk()
        gate = desk.worker()

        for _ in range(20):
            gate.admit()
            desk.s += 1.2
            gate.answered(1.2, {})

        assert sum(desk.paused) / 20 < 0.06

    @pytest.mark.parametrize("seed", [1, 2])
    @pytest.mark.parametrize("skew_s", [0.0, 2.0])
    def test_no_span_holds_more_calls_than_rate_and_burst(self, seed: int, skew_s: float) -> None:
        limits = Limits(20.0, skew_s=2 * skew_s)

        result = drain(
            40, 20, limits, quota=1000, latency=lambda chance: chance.choice([0.02, 0.3, 1.5]), skew_s=skew_s, seed=seed
        )

        assert most_over(result.admitted, limits) <= burst(limits, workers=40)

    def test_a_lower_quota_than_the_limit_is_found_and_kept(self) -> None:
        result = drain(30, 120, Limits(40.0), quota=20)

        assert result.rate(20, 120) >= 0.7 * 20
        assert sum(at >= 20 for at in result.crm.refused) / sum(at >= 20 for at in result.crm.calls) < 0.01

    def test_a_limit_that_no_budget_can_keep_names_the_setting(self) -> None:
        with pytest.raises(ConfigurationError, match=r"rate is 0; expected a number from 0\.01 to 1000"):
            Limits(0)

    def test_another_limit_voids_old_permits(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()
        desk.limits = Limits(10.0)

        desk.worker().admit()

        assert desk.row().width_us == Limits(10.0).width_us
        gate.admit()


class TestReservedShares:
    def test_a_backfill_leaves_the_reserved_part(self) -> None:
        desk = Desk(Limits(20.0, live_share=0.5))
        gate, calls = desk.worker().for_backfill(), 0

        while desk.s < 10:
            gate.admit()
            gate.answered(0.01, {})
            calls += 1

        assert 8.5 <= calls / 10 <= 10

    def test_a_live_call_does_not_wait_behind_a_backfill(self) -> None:
        desk = Desk(Limits(20.0, live_share=0.5))
        backfills = [desk.worker().for_backfill() for _ in range(12)]
        live = desk.worker()
        for _ in range(30):
            for gate in backfills:
                refused = desk.tried(gate)
                if refused is None:
                    gate.answered(0.01, {})
                assert refused is None or refused.kind is FaultClass.THROTTLED

            asked_at = desk.s
            live.admit()
            live.answered(0.01, {})

            assert desk.s - asked_at <= 0.12


class TestPermits:
    def test_what_a_run_did_not_use_is_given_back(self, desk: Desk) -> None:
        gate = desk.worker()
        for following in (0, 4, 3):
            gate.admit(following)
            desk.s += 1.2
            gate.answered(1.2, {})
        before = desk.row().calendar.taken.bit_count()

        gate.give_back()

        assert desk.row().calendar.taken.bit_count() == before - 3

    def test_giving_back_nothing_writes_nothing(self, desk: Desk) -> None:
        desk.worker().give_back()

        assert desk.rows.writes == 0

    def test_a_run_that_has_not_begun_pauses_a_second_at_most(self) -> None:
        desk = Desk(Limits(0.2))
        gate = desk.worker()
        for _ in range(10):
            desk.paused.clear()
            refused = desk.tried(gate)
            desk.s += refused.wait_s if refused is not None else 0.0
            assert sum(desk.paused) <= 1.0
            gate.give_back()

    def test_without_storage_no_call_leaves(self, desk: Desk) -> None:
        desk.rows.is_off = True

        assert desk.refusal(desk.worker()).kind is FaultClass.UNAVAILABLE

    def test_good_answers_alone_write_nothing(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()
        before = desk.rows.writes

        for _ in range(50):
            gate.answered(1.2, {"date": "Mon, 02 Mar 2026 09:00:00 GMT"})

        assert desk.rows.writes == before


class Test429:
    def test_every_worker_waits_for_retry_after_and_a_bit_more(self, desk: Desk) -> None:
        first, second = desk.worker(), desk.worker()
        first.admit()
        second.admit()

        kept = first.failed(THROTTLED, {"retry-after": "30"})

        assert kept.wait_s >= 30
        desk.s += 29.9
        assert desk.refusal(second).kind is FaultClass.THROTTLED
        assert desk.passage() is Passage.WAITS
        desk.s += 3
        second.admit()
        assert desk.passage() is Passage.FREE

    def test_retry_after_as_a_date_counts_from_the_reply_s_own_date(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()
        dates = {"retry-after": "Fri, 01 Jan 2027 00:01:00 GMT", "date": "Fri, 01 Jan 2027 00:00:00 GMT"}

        assert 60 <= gate.failed(THROTTLED, dates).wait_s <= 62

    @pytest.mark.parametrize("jitter", [0.0, 0.3, 0.999])
    @pytest.mark.parametrize("skew_s", [-0.25, 0.25])
    def test_jitter_and_clocks_never_undercut_it(self, jitter: float, skew_s: float) -> None:
        desk = Desk(jitter=jitter)
        first, second = desk.worker(skew_s=-skew_s), desk.worker(skew_s=skew_s)
        first.admit()
        until = desk.s + 10
        first.failed(THROTTLED, {"retry-after": "10"})

        while (refused := desk.tried(second)) is not None:
            desk.s += max(0.01, refused.wait_s - 1)
        assert desk.s >= until

    def test_permits_leased_before_are_void(self, desk: Desk) -> None:
        holder, other = desk.worker(), desk.worker()
        for _ in range(8):
            holder.admit()
            desk.s += 1.2
            holder.answered(1.2, {})
        other.admit()
        other.failed(THROTTLED, {"retry-after": "5"})

        assert desk.refusal(holder).kind is FaultClass.THROTTLED

    def test_without_a_header_waits_double_and_are_jittered(self) -> None:
        desk = Desk(jitter=0.999)
        waits = []
        for _ in range(5):
            gate = desk.worker()
            gate.admit()
            waits.append(gate.failed(THROTTLED, {}).wait_s)
            desk.s += waits[-1]

        assert all(after > 1.8 * before for before, after in pairwise(waits))

    def test_calls_on_their_way_do_not_count_twice(self, desk: Desk) -> None:
        gates = [desk.worker() for _ in range(10)]
        for gate in gates:
            gate.admit()
        for gate in gates:
            gate.failed(THROTTLED, {"retry-after": "2"})

        assert desk.row().rate_m == int(desk.limits.pace_m * 0.7)

    def test_a_late_call_may_prolong_the_wait(self, desk: Desk) -> None:
        gates = [desk.worker(), desk.worker()]
        for gate in gates:
            gate.admit()
        gates[0].failed(THROTTLED, {"retry-after": "2"})

        assert gates[1].failed(THROTTLED, {"retry-after": "60"}).wait_s >= 60

    def test_the_rate_is_back_at_its_limit_within_about_a_minute(self, desk: Desk) -> None:
        gate = desk.worker()
        for _ in range(8):
            while (refused := desk.tried(gate)) is not None:
                desk.s += refused.wait_s
            gate.failed(THROTTLED, {})
        began = desk.s
        assert desk.row().rate_m < 0.1 * desk.limits.pace_m

        while desk.row().rate_m < desk.limits.pace_m:
            desk.calls(gate, 0.5)
        assert desk.s - began < 90

    def test_a_quota_waits_until_it_says_or_looks_each_hour(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()

        assert 3600 <= gate.failed(Fault(FaultClass.QUOTA, "daily limit"), {}).wait_s <= 3602
        desk.s += 1800
        assert desk.refusal(gate).kind is FaultClass.QUOTA

    def test_a_429_that_storage_did_not_take_is_told_before_the_next_call(self, desk: Desk) -> None:
        gate, other = desk.worker(), desk.worker()
        gate.admit()
        desk.rows.is_off = True
        assert gate.failed(THROTTLED, {"retry-after": "20"}).wait_s >= 20
        assert desk.refusal(gate).kind is FaultClass.UNAVAILABLE
        desk.rows.is_off = False

        assert desk.refusal(gate).kind is FaultClass.THROTTLED
        assert desk.refusal(other).kind is FaultClass.THROTTLED


class TestHeadersAreBelieved:
    def test_nothing_left_blocks_until_the_reset(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()

        gate.answered(0.2, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"})

        assert 11 <= desk.refusal(desk.worker()).wait_s <= 12

    def test_a_lower_rate_is_taken_over_once(self, desk: Desk) -> None:
        gate = desk.worker()
        told = {"x-ratelimit-limit": "50", "x-ratelimit-window": "10", "x-ratelimit-remaining": "40"}
        gate.admit()
        gate.answered(0.2, told)
        assert desk.row().rate_m <= 5000
        before = desk.rows.writes

        for _ in range(20):
            gate.answered(0.2, told)

        assert desk.rows.writes == before

    def test_a_higher_rate_than_ours_changes_nothing(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()

        gate.answered(0.2, {"x-ratelimit-limit": "9000", "x-ratelimit-window": "10"})

        assert desk.row().rate_m == desk.limits.pace_m


class TestLatency:
    def _calls(self, desk: Desk, gate: RateBudget, count: int, took_s: float) -> None:
        for _ in range(count):
            gate.admit()
            desk.s += took_s
            gate.answered(took_s, {})

    def test_a_crm_that_becomes_slow_is_called_less_and_then_more_again(self, desk: Desk) -> None:
        gate = desk.worker()
        self._calls(desk, gate, 40, 0.4)

        self._calls(desk, gate, 30, 2.0)

        slowed = desk.row().rate_m
        assert slowed < 0.7 * desk.limits.pace_m
        self._calls(desk, gate, 300, 0.4)
        assert desk.row().rate_m == desk.limits.pace_m

    def test_latency_alone_leaves_a_quarter(self, desk: Desk) -> None:
        gate = desk.worker()
        self._calls(desk, gate, 40, 0.2)

        self._calls(desk, gate, 60, 4.0)

        assert desk.row().rate_m >= 0.25 * desk.limits.pace_m - 1

    def test_calls_that_differ_by_little_change_nothing(self, desk: Desk) -> None:
        gate = desk.worker()
        for number in range(200):
            self._calls(desk, gate, 1, 0.1 + 0.2 * (number % 2))

        assert desk.row().rate_m == desk.limits.pace_m


class TestTheCircuit:
    @pytest.mark.parametrize("fault", [DOWN, TIMED_OUT])
    def test_five_calls_in_a_row_without_an_answer_open_it(self, desk: Desk, fault: Fault) -> None:
        gates = [desk.worker() for _ in range(5)]
        for gate in gates:
            gate.admit()
            gate.failed(fault, {})

        refusal = desk.refusal(desk.worker())
        assert refusal.kind is FaultClass.UNAVAILABLE
        assert refusal.wait_s > 0
        assert desk.passage() is Passage.BROKEN

    def test_an_answer_between_starts_the_count_anew(self, desk: Desk) -> None:
        gate = desk.worker()
        for number in range(12):
            gate.admit()
            if number % 4 == 3:
                gate.answered(0.2, {})
            else:
                gate.failed(DOWN, {})

        assert desk.passage() is Passage.FREE

    def test_exactly_one_worker_gets_the_probe(self, desk: Desk) -> None:
        desk.break_circuit()
        desk.s += 5

        answers = [desk.tried(desk.worker()) for _ in range(10)]

        assert answers.count(None) == 1
        assert {answer.kind for answer in answers if answer is not None} == {FaultClass.UNAVAILABLE}

    def test_workers_that_race_for_the_probe_send_one(self) -> None:
        result = drain(16, 460, Limits(20.0), is_down=lambda s: s < 100)

        probes = [at for at in result.crm.calls if 20 < at < 100]
        assert all(after - before > 0.05 for before, after in pairwise(probes))
        assert 1 <= len(probes) < 20
        assert result.rate(420, 460) > 0.55 * 20

    def test_a_failed_probe_waits_longer_up_to_five_minutes(self) -> None:
        desk = Desk(jitter=0.999)
        desk.break_circuit()
        waits = []
        for _ in range(12):
            gate = desk.worker()
            desk.s += desk.refusal(gate).wait_s
            gate.admit()
            waits.append(gate.failed(DOWN, {}).wait_s)

        assert waits == sorted(waits)
        assert 290 < waits[-1] <= 300

    def test_a_probe_that_never_returns_is_followed_by_another(self, desk: Desk) -> None:
        desk.break_circuit()
        desk.s += 5
        desk.worker().admit()
        assert desk.refusal(desk.worker()).wait_s <= desk.limits.probe_s
        desk.s += desk.limits.probe_s

        desk.worker().admit()

    def test_after_a_good_probe_the_rate_doubles_with_success(self, desk: Desk) -> None:
        desk.break_circuit()
        desk.s += 5
        gate = desk.worker()
        gate.admit()

        gate.answered(1.0, {})

        rates = [desk.row().rate_m]
        assert rates[0] <= 0.06 * desk.limits.pace_m
        while rates[-1] < desk.limits.pace_m:
            desk.calls(gate, 1.0)
            if desk.row().rate_m != rates[-1]:
                rates.append(desk.row().rate_m)
        assert all(after <= 2 * before for before, after in pairwise(rates))
        assert desk.s < 30

    def test_a_failure_while_it_comes_back_opens_it_at_once(self, desk: Desk) -> None:
        desk.break_circuit()
        desk.s += 5
        gate = desk.worker()
        gate.admit()
        gate.answered(0.2, {})
        gate.admit()

        gate.failed(TIMED_OUT, {})

        assert desk.passage() is Passage.BROKEN

    def test_a_429_to_the_probe_is_an_answer(self, desk: Desk) -> None:
        desk.break_circuit()
        desk.s += 5
        gate = desk.worker()
        gate.admit()

        gate.failed(THROTTLED, {"retry-after": "3"})

        assert desk.passage() is Passage.WAITS

    def test_a_late_answer_to_an_older_call_closes_nothing(self, desk: Desk) -> None:
        late = desk.worker()
        late.admit()
        desk.break_circuit()

        late.answered(30, {})

        assert desk.passage() is Passage.BROKEN

    def test_503_with_retry_after_is_heeded(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()

        assert gate.failed(DOWN, {"retry-after": "120"}).wait_s >= 120
        assert desk.refusal(desk.worker()).wait_s >= 119

    def test_after_twelve_hours_everything_goes_on_by_itself(self, desk: Desk) -> None:
        twelve_hours, probes = 12 * 3600, 0
        desk.break_circuit()
        gate = desk.worker()
        while desk.s < twelve_hours:
            refused = desk.tried(gate)
            if refused is None:
                probes += 1
                gate.failed(DOWN, {})
            else:
                desk.s += refused.wait_s
        assert 100 < probes < 500

        back = desk.s
        while desk.row().rate_m < desk.limits.pace_m or desk.row().is_open:
            desk.calls(gate, 0.5)
        assert desk.s - back < 330


class TestRefusedCredentials:
    DENIED = Fault(FaultClass.AUTH_DENIED, "invalid login")

    def test_nobody_calls_until_a_person_resumes(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()
        gate.failed(self.DENIED, {})
        desk.s += 100_000
        assert desk.refusal(desk.worker()).kind is FaultClass.AUTH_DENIED
        assert desk.passage() is Passage.STOPPED

        desk.worker().resume()

        gate.admit()
        assert desk.passage() is Passage.FREE

    def test_other_credentials_are_let_through(self, desk: Desk) -> None:
        gate = desk.worker()
        gate.admit()
        gate.failed(self.DENIED, {})

        desk.fingerprint = "f2"

        gate.admit()

    def test_resuming_says_when_storage_does_not_answer(self, desk: Desk) -> None:
        desk.rows.is_off = True

        with pytest.raises(Unavailable, match="not resumed"):
            desk.worker().resume()

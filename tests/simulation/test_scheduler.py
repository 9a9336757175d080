"""The scheduler: one thread at a time, virtual time, crashes at time-outs, and the same again for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.simulation.scheduler import Scheduler
from tests.simulation.workers import Crashed, Life


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler(random.Random(1))
    yield made
    made.close()


def _talk(scheduler: Scheduler, heard: list[str], name: str, pauses: list[float]) -> None:
    for pause in pauses:
        scheduler.spend(pause)
        heard.append(f"{name}@{scheduler.now:g}")


def test_workers_take_turns_by_the_time_that_they_spend(scheduler: Scheduler) -> None:
    heard: list[str] = []
    scheduler.spawn("a", partial(_talk, scheduler, heard, "a", [1, 1, 3]))
    scheduler.spawn("b", partial(_talk, scheduler, heard, "b", [1.5, 2]))
    scheduler.run(100.0)
    assert heard == ["a@1", "b@1.5", "a@2", "b@3.5", "a@5"]


def test_hours_cost_nothing(scheduler: Scheduler) -> None:
    heard: list[str] = []
    scheduler.spawn("a", partial(_talk, scheduler, heard, "a", [12 * 3600.0]))
    scheduler.run(1e9)
    assert heard == ["a@43200"]


def test_a_run_stops_at_its_horizon_and_goes_on_from_there(scheduler: Scheduler) -> None:
    heard: list[str] = []
    scheduler.spawn("a", partial(_talk, scheduler, heard, "a", [1, 10]))
    scheduler.run(5.0)
    assert heard == ["a@1"]
    scheduler.run(50.0)
    assert heard == ["a@1", "a@11"]


def test_the_same_seed_gives_the_same_order() -> None:
    def order(seed: int) -> list[str]:
        chance, heard = random.Random(seed), list[str]()
        scheduler = Scheduler(random.Random(seed))
        for name in "abcd":
            pauses = [chance.choice((1.0, 2.0)) for _ in range(20)]
            scheduler.spawn(name, partial(_talk, scheduler, heard, name, pauses))
        scheduler.run(1e9)
        scheduler.close()
        return heard

    assert order(5) == order(5)
    assert order(5) != order(6)


def test_whoever_waits_is_woken(scheduler: Scheduler) -> None:
    heard: list[str] = []

    def sleeper() -> None:
        scheduler.wait()
        heard.append(f"woken@{scheduler.now:g}")

    def waker() -> None:
        scheduler.spend(3)
        scheduler.wake(asleep, scheduler.now + 1)

    asleep = scheduler.spawn("sleeper", sleeper)
    scheduler.spawn("waker", waker)
    scheduler.run(100.0)
    assert heard == ["woken@4"]


def test_an_invocation_ends_at_its_time_out(scheduler: Scheduler) -> None:
    heard: list[str] = []

    def invoked() -> None:
        scheduler.running().life = Life(10.0)
        with pytest.raises(Crashed):
            _talk(scheduler, heard, "a", [4, 4, 4])
        heard.append(f"gone@{scheduler.now:g}")

    scheduler.spawn("a", invoked)
    scheduler.run(100.0)
    assert heard == ["a@4", "a@8", "gone@10"]


def test_a_machine_that_stands_still_outlives_its_time_out(scheduler: Scheduler) -> None:
    heard: list[str] = []

    def frozen() -> None:
        scheduler.running().life = Life(10.0)
        scheduler.freeze(300.0)
        heard.append(f"thawed@{scheduler.now:g} with {scheduler.running().life.told - scheduler.now:g} s")

    scheduler.spawn("a", frozen)
    scheduler.run(1000.0)
    assert heard == ["thawed@300 with -290 s"]


def test_the_threads_of_a_process_work_side_by_side_and_die_together(scheduler: Scheduler) -> None:
    heard: list[str] = []

    def crash() -> None:
        scheduler.spend(1)
        raise Crashed("one of them")

    def process() -> None:
        calls: list[Callable[[], None]] = [partial(_talk, scheduler, heard, name, [2]) for name in "xy"]
        scheduler.fork(calls)
        heard.append(f"both@{scheduler.now:g}")
        with pytest.raises(Crashed):
            scheduler.fork([crash, partial(_talk, scheduler, heard, "z", [2])])

    scheduler.spawn("p", process)
    scheduler.run(100.0)
    assert sorted(heard) == ["both@2", "x@2", "y@2"]


def test_what_a_worker_raises_is_raised_by_the_run(scheduler: Scheduler) -> None:
    def broken() -> None:
        scheduler.spend(1)
        raise ValueError("a bug")

    scheduler.spawn("a", broken)
    with pytest.raises(ValueError, match="a bug"):
        scheduler.run(10.0)


def test_each_worker_has_its_own_clock(scheduler: Scheduler) -> None:
    seen: list[float] = []

    def look() -> None:
        scheduler.spend(1)
        seen.append((scheduler.clock() - scheduler.true_time()).total_seconds())

    scheduler.spawn("fast", look, skew=2.0)
    scheduler.spawn("slow", look, skew=-2.0)
    scheduler.run(10.0)
    assert sorted(seen) == [-2.0, 2.0]

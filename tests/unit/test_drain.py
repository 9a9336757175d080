"""A small backlog in virtual time, by the real flow, sink, session and budget: what `make bench` measures in large."""

from __future__ import annotations

import pytest

from bench.drain import calls_per_bundle, drain, drain_naively
from bench.resync import resync_writes


@pytest.mark.parametrize("seed", [1, 2])
def test_a_backlog_that_changes_meanwhile_ends_right_and_once(seed: int) -> None:
    drained = drain(deals=40, workers=4, seed=seed)

    assert drained.throttled_ratio <= 0.01
    assert drained.writes_per_record <= 2.5  # each of so few deals is there before it changes ten times
    assert drained.permit_writes_per_call < 1


def test_a_naive_worker_writes_records_twice() -> None:
    assert drain_naively(deals=40, workers=4).duplicates > 0


def test_a_new_deal_with_six_people_and_three_agents_takes_few_calls() -> None:
    assert calls_per_bundle() <= 12


def test_a_second_run_over_unchanged_data_writes_nothing() -> None:
    assert resync_writes() == 0

"""Cents are neither made nor lost: rounding policies and allocations."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.allocation import allocate
from commissions.rounding import to_cents

WEIGHTS = st.lists(st.fractions(0, 10, max_denominator=97), min_size=1, max_size=8).filter(any)


@pytest.mark.parametrize(
    ("policy", "rounded"),
    [("half_up", [1, 2, -1, 0]), ("half_even", [0, 2, 0, 0]), ("half_down", [0, 1, 0, 0])],
)
def test_half_cents_go_where_the_policy_says(policy: str, rounded: list[int]) -> None:
    exact = [Fraction(1, 2), Fraction(3, 2), Fraction(-1, 2), Fraction(49, 100)]
    assert [to_cents(raw, policy) for raw in exact] == rounded


@given(st.fractions())
def test_rounding_is_never_more_than_half_a_cent_off(raw: Fraction) -> None:
    assert abs(to_cents(raw) - raw) <= Fraction(1, 2)


@given(total=st.integers(-(10**9), 10**9), weights=WEIGHTS)
def test_parts_sum_to_the_whole_and_nobody_is_a_cent_off(total: int, weights: list[Fraction]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    assert all(
        abs(part - Fraction(total) * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True)
    )


def test_odd_cents_go_to_the_larger_cut_off_and_then_to_the_earlier() -> None:
    assert allocate(28500, [Fraction("55.5"), Fraction("44.5")]) == [15818, 12682]
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]


@pytest.mark.parametrize("weights", [[0, 0], [1, -1, 5]])
def test_weights_that_share_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(100, weights)

"""Figures below the level of a deal: pools, royalty refunds, tax years."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.prorating import pool_payout
from commissions.refunds import RoyaltyRefund, royalty_refund
from commissions.reporting import YearTotal, threshold, totals
from tests.unit.commissions.paid import closed


def test_a_pool_that_covers_everybody_pays_all_that_was_earned() -> None:
    assert pool_payout(75_000, pending=60_000_000, available=60_000_000) == 75_000


def test_a_pool_that_falls_short_pays_the_exact_ratio_rounded_once() -> None:
    assert pool_payout(75_000, pending=62_000_000, available=60_000_000) == 72_581


def test_a_published_figure_can_be_retraced_by_rounding_the_percentage_first() -> None:
    assert pool_payout(75_000, pending=62_000_000, available=60_000_000, percent_decimals=2) == 72_000


def test_an_empty_pool_pays_nothing() -> None:
    assert pool_payout(75_000, pending=62_000_000, available=0) == 0


@pytest.mark.parametrize(
    ("earned", "available", "told"),
    [
        (-1, 0, "earned is -1 cents; expected 0 to the 100 cents"),
        (101, 0, "earned is 101 cents"),
        (1, -5, "available is -5 cents"),
    ],
)
def test_amounts_that_cannot_be_are_named(earned: int, available: int, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        pool_payout(earned, pending=100, available=available)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), st.integers(0, 10**10))
def test_payouts_stay_within_half_a_cent_each_of_what_the_pool_holds(earned: list[int], available: int) -> None:
    pending = sum(earned)
    paid = sum(pool_payout(each, pending=pending, available=available) for each in earned)
    assert abs(paid - min(pending, available)) <= Fraction(len(earned), 2)


def test_a_royalty_refund_cancels_out_and_takes_the_base_back_to_the_cent() -> None:
    refund = royalty_refund(10_000, Fraction(6))
    assert refund == RoyaltyRefund(royalty=-10_000, agent=10_000, base_delta=-166_667)
    assert refund.gross == 0


@pytest.mark.parametrize(
    ("overpaid", "percent", "told"),
    [
        (0, 6, "overpaid is 0 cents"),
        (-1, 6, "overpaid is -1 cents"),
        (1, 0, "percent is 0"),
        (1, 101, "percent is 101"),
    ],
)
def test_a_refund_of_nothing_or_of_no_percentage_is_refused(overpaid: int, percent: int, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        royalty_refund(overpaid, Fraction(percent))


@pytest.mark.parametrize(("year", "cents"), [(1999, 60_000), (2025, 60_000), (2026, 200_000)])
def test_the_threshold_is_that_of_the_year_of_payment(year: int, cents: int) -> None:
    assert threshold(year) == cents


def test_a_threshold_that_is_indexed_is_asked_for_not_guessed() -> None:
    with pytest.raises(ValueError, match="1099-NEC threshold of 2027 is indexed and not known here"):
        totals([], 2027)
    assert totals([], 2027, at_least=210_000) == {}


def test_an_agents_year_adds_up_deals_and_keeps_earned_charged_and_paid_apart() -> None:
    deals = [closed("2026-02-01", "5000.00"), closed("2026-11-01", "1500.00"), closed("2025-12-31", "90000.00")]
    # 80 % after the split, less a fee of 100 on each deal
    assert totals(deals, 2026)["ann"] == YearTotal(earned=520_000, charged=20_000, paid=500_000, reportable=True)


def test_one_cent_under_the_threshold_is_not_reported() -> None:
    totalled = totals([closed("2026-02-01", "2624.99")], 2026)  # 80 %, 2,099.99, less 100
    assert totalled["ann"] == YearTotal(earned=209_999, charged=10_000, paid=199_999, reportable=False)


def test_who_has_no_plan_on_the_deal_is_paid_in_the_year_of_its_agent_and_the_brokerage_is_no_payee() -> None:
    totalled = totals([closed("2026-02-01", "5000.00", referral="25")], 2026)
    assert totalled["other broker"] == YearTotal(earned=125_000, charged=0, paid=125_000, reportable=False)
    assert "company" not in totalled


def test_money_of_another_country_is_no_business_of_this_form() -> None:
    assert totals([closed("2026-02-01", "5000.00", currency="CAD")], 2026) == {}

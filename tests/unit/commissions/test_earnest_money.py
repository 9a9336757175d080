"""Earnest money that the brokerage holds is kept against the commission, and never more of it than that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.earnest_money import Offset, offset


def test_what_the_brokerage_holds_is_kept_and_the_closing_agent_pays_the_rest() -> None:
    assert offset(1_200_000, 500_000) == Offset(retained=500_000, from_closing=700_000, remit=0)


def test_what_is_held_beyond_the_commission_is_remitted_and_nothing_comes_from_closing() -> None:
    assert offset(1_200_000, 1_500_000) == Offset(retained=1_200_000, from_closing=0, remit=300_000)


def test_where_the_contract_does_not_allow_it_all_is_remitted() -> None:
    assert offset(1_200_000, 500_000, allowed=False) == Offset(retained=0, from_closing=1_200_000, remit=500_000)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.booleans())
def test_no_cent_is_lost_on_either_side(commission: int, held: int, allowed: bool) -> None:
    kept = offset(commission, held, allowed=allowed)
    assert kept.retained + kept.from_closing == commission
    assert kept.retained + kept.remit == held
    assert min(kept.retained, kept.from_closing, kept.remit) >= 0


@pytest.mark.parametrize(("commission", "held", "named"), [(-1, 0, "commission is -1"), (0, -5, "held is -5")])
def test_amounts_below_zero_are_refused_by_name(commission: int, held: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        offset(commission, held)

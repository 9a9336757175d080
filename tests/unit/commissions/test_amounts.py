"""Numbers of plan and deal files: exact, and the same when they are written out and read again."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from domain.commission.amounts import Cents, Percent, Share


class Numbers(BaseModel):
    amount: Cents = 0
    percent: Percent = Fraction(0)
    share: Share = Fraction(0)


@given(
    amount=st.integers(-(10**12), 10**12),
    percent=st.fractions(0, 100, max_denominator=10**4),
    share=st.fractions(0, 1, max_denominator=10**4),
)
def test_what_is_written_is_read_again(amount: int, percent: Fraction, share: Fraction) -> None:
    held = Numbers.model_construct(amount=amount, percent=percent, share=share)
    assert Numbers.model_validate_json(held.model_dump_json()) == held


@pytest.mark.parametrize("value", ["$5", "1,000", "1e3", "1.005", "", True, 1.5, None])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Numbers.model_validate({"amount": value})


@pytest.mark.parametrize("value", ["0.5", "50", 50, "1/0", "-1/2"])
def test_a_share_that_could_mean_two_things_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Numbers.model_validate({"share": value})

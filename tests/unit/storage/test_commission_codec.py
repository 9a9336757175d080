"""A posted calculation is the same again after it was stored, to the last fraction of a cent."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.commission.calculation import (
    Calculation,
    Code,
    CounterKey,
    Governing,
    Line,
    Movement,
    Receivable,
    Stage,
)
from domain.commission.charges import PlanPart
from domain.commission.closing import Term
from domain.commission.plan import Plan
from domain.commission.settlement import Adjustment, PostedCalculation, Reason
from domain.money import CURRENCY_DIGITS, Money
from storage.commissions.codec import posted_from_json, posted_to_json
from storage.commissions.records import money_from, money_text
from tests.contract.commission_world import calculation, line, posted, usd

words = st.text(max_size=12)
cents = st.integers(-(10**13), 10**13)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
money = st.builds(Money.of_cents, cents, st.sampled_from(sorted(CURRENCY_DIGITS)))
keys = st.builds(CounterKey, words, words, words)
moves = st.lists(st.builds(Movement, keys, cents), max_size=3).map(tuple)
counters = st.dictionaries(keys, cents, max_size=4)
lines = st.builds(
    Line,
    seq=st.integers(1, 6),
    stage=st.sampled_from(Stage),
    code=st.sampled_from(Code),
    rule=words,
    title=words,
    agent=words,
    side=words,
    payer=words,
    payee=words,
    of=words,
    basis=st.none() | money,
    rate=st.none() | st.fractions(),
    raw=st.fractions(),
    amount=money,
    limit=words,
    moves=moves,
    term=words,
    memo=st.booleans(),
    pay_at=st.sampled_from(["", "closing", "brokerage"]),
)
calculations = st.builds(
    Calculation,
    deal=words,
    closing_date=days,
    currency=st.sampled_from(sorted(CURRENCY_DIGITS)),
    rounding=st.sampled_from(["half_up", "half_even"]),
    gross=money,
    lines=st.lists(lines, max_size=5).map(tuple),
    payees=st.dictionaries(words, money, max_size=4),
    opening=counters,
    movements=counters,
    caps=counters,
    receivables=st.lists(st.builds(Receivable, words, words, words, money), max_size=2).map(tuple),
    governing=st.lists(st.builds(Governing, words, words, words, days, days, words), max_size=2).map(tuple),
    inputs=words,
)


@st.composite
def postings(draw: st.DrawFn) -> PostedCalculation:
    made = draw(st.none() | calculations)
    own = st.sampled_from(made.lines) if made and made.lines else st.nothing()
    adjustments = st.builds(
        Adjustment, line=own | lines, before=st.none() | money, after=st.none() | money, delta=money, moves=moves
    )
    return PostedCalculation(
        deal_id=draw(words),
        number=draw(st.integers(1, 9999)),
        deal_version=draw(st.integers(0, 9999)),
        calculation=made,
        reason=draw(st.sampled_from(Reason)),
        adjustments=tuple(draw(st.lists(adjustments, max_size=4))),
        at=draw(st.datetimes(timezones=st.just(UTC))),
        supersedes=draw(st.integers(0, 9999)),
        after_payment=draw(st.booleans()),
        order=draw(st.tuples(words, words, words)),
    )


@given(postings())
def test_what_was_posted_is_what_is_read(made: PostedCalculation) -> None:
    assert posted_from_json(posted_to_json(made)) == made


@given(postings())
def test_payees_and_lines_keep_their_order(made: PostedCalculation) -> None:
    again = posted_from_json(posted_to_json(made)).calculation
    if made.calculation is not None:
        assert again is not None
        assert list(again.payees) == list(made.calculation.payees)
        assert list(again.movements) == list(made.calculation.movements)


@given(money)
def test_money_keeps_its_currency_and_every_cent(amount: Money) -> None:
    assert money_from(money_text(amount)) == amount


def test_no_amount_is_a_floating_point_number() -> None:
    text = posted_to_json(posted(number=2))

    def refuse(number: str) -> Any:
        raise AssertionError(f"{number} is a float")

    json.loads(text, parse_float=refuse)


def test_an_adjustment_of_a_line_that_stands_costs_no_second_copy_of_it() -> None:
    made = calculation(*(line(number, 100 + number) for number in range(1, 101)))
    plain = posted(number=1, made=made)
    changed = tuple(Adjustment(one, usd(1), one.amount, usd(one.amount.cents - 1)) for one in made.lines)
    adjusted = posted(number=1, made=made, adjustments=changed)
    assert len(posted_to_json(adjusted)) < 1.5 * len(posted_to_json(plain))
    assert posted_from_json(posted_to_json(adjusted)) == adjusted


def test_a_calculation_reads_its_time_in_its_own_zone() -> None:
    made = posted(at=datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC))
    assert posted_from_json(posted_to_json(made)).at == made.at


# ------------------------------------------------------------------------------------------------------ stored models


def parts(model: type[BaseModel]) -> set[type[BaseModel]]:
    """The model and every model within it."""
    found = {model}
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            if inner not in found:
                found |= {inner} | (parts(inner) - found)
    return found


def models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, PlanPart):
        return {annotation}
    return {model for argument in get_args(annotation) for model in models_in(argument)}


def admits_none(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation)


@pytest.mark.parametrize("model", sorted(parts(Plan) | parts(Term), key=str))
def test_nothing_of_a_plan_means_something_else_when_none_is_left_out(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        if admits_none(field):
            assert field.is_required() or field.default is None, name

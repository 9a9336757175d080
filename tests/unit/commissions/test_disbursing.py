"""Only what the closing agent pays has a line; the lines add up to what the closing agent has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.disbursing import PaidAt, disbursement_lines
from domain.commission.calculation import Calculation
from tests.unit.documents.closings import closing, computed, listing, plan

DANA = {"agent": "dana", "share": 1}
REFERRAL = {
    "rule": "referral",
    "code": "referral",
    "title": "Outside referral",
    "payee": "Puget Referral",
    "flat": 2000,
}


def paid(
    calculation: Calculation, paid_at: Mapping[str, PaidAt] | None = None, retained: int = 0
) -> list[tuple[str, str]]:
    lines = disbursement_lines(calculation, paid_at=paid_at, retained=retained)
    return [(line.party, str(line.amount.amount)) for line in lines]


def ten_thousand(**changes: Any) -> Calculation:
    """A commission of 10,000.00 under a plain 80/20, with changes of the plan."""
    plain: dict[str, Any] = {"fees": [], "deductions": []}
    deal = closing([listing(DANA, percent=2)], charges=changes.pop("charges", []), terms=changes.pop("terms", []))
    return computed(deal, plan(**(plain | changes)))


def coordinator(**changes: Any) -> dict[str, Any]:
    return {"rule": "tc", "code": "fee", "title": "Coordination", "payee": "coordinator", "flat": 350} | changes


def test_where_the_brokerage_pays_its_agents_the_closing_agent_pays_the_brokerage_alone() -> None:
    assert paid(ten_thousand(), {"dana": "brokerage"}) == [("company", "10000.00")]


def test_agent_coordinator_and_referring_broker_are_paid_at_the_table_and_the_brokerage_comes_last() -> None:
    lines = paid(ten_thousand(fees=[coordinator()], charges=[REFERRAL]))
    assert lines[0] == ("dana", "6050.00")
    assert sorted(lines[1:3]) == [("Puget Referral", "2000.00"), ("coordinator", "350.00")]
    assert lines[3:] == [("company", "1600.00")]


@pytest.mark.parametrize("code", ["royalty", "marketing", "levy", "override", "mentor", "revenue_share"])
def test_what_the_brokerage_passes_on_itself_stays_in_its_remainder(code: str) -> None:
    charge = {"rule": "passed_on", "code": code, "payee": "franchisor", "flat": 500}
    assert paid(ten_thousand(fees=[charge])) == [("dana", "7500.00"), ("company", "2500.00")]


def test_a_rule_can_say_otherwise_in_both_directions() -> None:
    royalty = {"rule": "royalty", "code": "royalty", "payee": "franchisor", "flat": 500, "pay_at": "closing"}
    fees = [royalty, coordinator(pay_at="brokerage")]
    assert paid(ten_thousand(fees=fees)) == [("dana", "7150.00"), ("franchisor", "500.00"), ("company", "2350.00")]


def test_an_agents_own_deductions_have_no_line_and_go_through_the_brokerage() -> None:
    garnishment = {"rule": "levy", "code": "deduction", "payee": "County sheriff", "flat": 1000}
    assert paid(ten_thousand(deductions=[garnishment])) == [("dana", "7000.00"), ("company", "3000.00")]


def test_an_agent_who_owes_has_no_line() -> None:
    lines = paid(ten_thousand(fees=[{"rule": "desk", "code": "fee", "payee": "company", "flat": 9000}]))
    assert lines == [("company", "10000.00")]


def test_an_agent_who_gets_exactly_nothing_has_no_line() -> None:
    assert paid(ten_thousand(split={"company": 100})) == [("company", "10000.00")]


def test_a_brokerage_without_a_remainder_has_no_line() -> None:
    assert paid(ten_thousand(split=None)) == [("dana", "10000.00")]


def test_where_the_brokerage_holds_part_of_it_third_parties_come_first_and_agents_share_what_is_left() -> None:
    calculation = ten_thousand(fees=[coordinator()])
    lines = disbursement_lines(calculation, retained=800_000)
    assert [(line.party, line.amount.cents, line.rest.cents) for line in lines] == [
        ("dana", 165_000, 600_000),
        ("coordinator", 35_000, 0),
    ]
    assert paid(calculation, retained=1_000_000) == []


def test_a_tax_that_is_passed_on_goes_where_its_leg_goes_and_the_rest_is_the_brokerages() -> None:
    tax = {"name": "HST", "percent": 13, "pass_on": ["agents", "referrals"], "remitted_to": "CRA"}
    deal = closing([listing(DANA | {"tax_registered": True}, percent=2)], charges=[REFERRAL])
    calculation = computed(deal, plan(fees=[], deductions=[], tax=tax))
    lines = dict(paid(calculation))
    assert calculation.gross.cents == 1_130_000
    assert lines["Puget Referral"] == "2260.00"
    assert lines["dana"] == "7232.00"
    assert "CRA" not in lines


@given(
    shares=st.sampled_from([["1"], ["1/3", "2/3"], ["1/7", "2/7", "4/7"]]),
    company=st.integers(0, 100),
    fee=st.integers(0, 20_000),
    referral=st.integers(0, 90),
    retained=st.integers(0, 1_500_000),
    by_brokerage=st.booleans(),
)
def test_the_lines_are_above_zero_and_add_up_to_what_the_closing_agent_has(
    shares: list[str], company: int, fee: int, referral: int, retained: int, by_brokerage: bool
) -> None:
    agents = [{"agent": f"a{index}", "share": share} for index, share in enumerate(shares)]
    charge = REFERRAL | {"flat": None, "percent": referral, "of": "gross"}
    calculation = computed(
        closing([listing(*agents)], charges=[charge]),
        plan(split={"company": company}, counters={}, fees=[coordinator(flat=fee)], deductions=[]),
    )
    paid_at: dict[str, PaidAt] = {"a0": "brokerage"} if by_brokerage else {}
    lines = disbursement_lines(calculation, paid_at=paid_at, retained=retained)
    assert sum(line.amount.cents for line in lines) == calculation.gross.cents - retained
    assert all(line.amount.cents > 0 and line.rest.cents >= 0 for line in lines)
    assert not (by_brokerage and any(line.party == "a0" for line in lines))

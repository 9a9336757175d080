"""What cannot be computed is refused with field, value, what was expected and the next step; never a guessed figure."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain.errors import Cause, CommissionRefused
from tests.unit.commissions.plans import agent, computed, deal, plan

COUNTED: dict[str, Any] = {"counters": {"company_dollar": {"cap": 18000}}}
SPLIT: dict[str, Any] = {"split": {"company": 30}}


def refused(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(CommissionRefused) as caught:
        computed(*args, **kwargs)
    assert caught.value.cause is Cause.COMMISSION
    return "; ".join(map(str, caught.value.problems))


def test_an_agent_without_a_plan_is_told_how_to_get_one() -> None:
    told = refused(deal(agent("dana", share="1/2"), agent("lee", share="1/2")), by_agent={"dana": plan()})
    assert "sides[0].agents[1].plan" in told
    assert "dealwire plan assign lee" in told


def test_an_agent_without_an_anniversary_is_refused_where_the_plan_counts_by_it() -> None:
    told = refused(deal(agent(anniversary=None)), plan(**COUNTED))
    assert "anniversary" in told
    assert "company_dollar" in told


def test_a_plan_that_counts_by_the_calendar_needs_no_anniversary() -> None:
    calendar = plan(counters={"company_dollar": {"cap": 18000, "year": "calendar"}})
    assert computed(deal(agent(anniversary=None)), calendar).payees["dana"].cents == 1_000_000


def test_shares_that_do_not_sum_name_their_sum_and_the_cure() -> None:
    told = refused(deal(agent("dana", share="33.33%"), agent("lee", share="66.66%")), plan())
    assert "0.9999" in told
    assert "1/3" in told


def test_an_agent_twice_on_a_side_is_refused() -> None:
    assert "once" in refused(deal(agent("dana", share="1/2"), agent("dana", share="1/2")), plan())


def test_a_closing_before_its_contract_is_refused_with_both_days() -> None:
    told = refused(deal(contract_date="2026-08-15"), plan())
    assert "2026-08-14" in told
    assert "2026-08-15" in told


def test_another_currency_than_the_plans_is_refused() -> None:
    told = refused(deal(currency="CAD"), plan())
    assert "CAD" in told
    assert "USD" in told


def test_an_unknown_currency_is_refused() -> None:
    assert "DOGE" in refused(deal(currency="DOGE"), plan())


def test_a_negative_commission_is_refused() -> None:
    assert "zero or more" in refused(deal(gross="-5"), plan())


def test_a_percentage_without_a_price_is_refused() -> None:
    closing = deal(sides=[{"side": "listing", "commission": {"percent": 3}, "agents": [agent()]}])
    assert "sale price" in refused(closing, plan())


def test_a_fee_on_the_price_without_a_price_is_refused() -> None:
    fee = {"rule": "mls", "code": "levy", "payee": "mls", "percent": "0.12", "of": "price"}
    assert "sale price" in refused(deal(), plan(fees=[fee]))


def test_payers_that_do_not_cover_the_commission_are_refused_with_what_is_missing() -> None:
    side = {
        "side": "listing",
        "commission": {"flat": 10000},
        "offers": [{"payer": "seller", "flat": 9000}],
        "agents": [agent()],
    }
    assert "1000.00" in refused(deal(sides=[side]), plan())


def test_a_referral_above_the_whole_is_refused_by_the_file_itself() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 100"):
        deal(charges=[{"rule": "out", "code": "referral", "payee": "Other Realty", "percent": 110}])


def test_deductions_above_the_commission_are_refused() -> None:
    charge = {"rule": "out", "code": "referral", "payee": "Other Realty", "flat": 10001}
    assert "10000.00" in refused(deal(charges=[charge]), plan())


def test_flat_parts_above_the_commission_are_refused() -> None:
    assert "10000.00" in refused(deal(agent(flat=10001)), plan())


def test_flat_parts_that_leave_something_are_refused() -> None:
    assert "share of 1" in refused(deal(agent(flat=9000)), plan())


def test_an_expired_licence_is_refused() -> None:
    assert "2026-08-13" in refused(deal(agent(licence_expires="2026-08-13")), plan())


def test_a_licence_is_good_on_its_last_day() -> None:
    assert computed(deal(agent(licence_expires="2026-08-14")), plan()).gross.cents == 1_000_000


def test_a_plan_by_the_funded_day_needs_one() -> None:
    assert "funded" in refused(deal(), plan(dates={"cap_year": "funded"}))


def test_a_team_counter_needs_a_team() -> None:
    assert "team" in refused(deal(), plan(counters={"company_dollar": {"per": "team", "cap": 100}}))


def test_a_shared_counter_needs_its_group() -> None:
    assert "shared_cap" in refused(deal(), plan(counters={"company_dollar": {"per": "shared", "cap": 100}}))


def test_an_opening_of_an_unknown_counter_suggests_the_nearest() -> None:
    told = refused(deal(opening={"dana": {"company_dolar": 5}}), plan(**COUNTED))
    assert "did you mean company_dollar?" in told


def test_an_opening_of_somebody_else_is_refused() -> None:
    assert "lee" in refused(deal(opening={"lee": {"company_dollar": 5}}), plan(**COUNTED))


def test_a_term_about_an_unknown_rule_is_refused() -> None:
    term = {"waive": "transaction", "by": "Broker", "why": "first deal", "document": "memo 7", "agreed": "2026-08-01"}
    assert "transaction" in refused(deal(terms=[term]), plan(**SPLIT))


def test_a_charge_of_an_agent_who_is_not_on_the_deal_is_refused() -> None:
    charge = {"rule": "loan", "code": "deduction", "payee": "Bank", "flat": 5, "stage": "deductions", "agent": "lee"}
    assert "lee" in refused(deal(charges=[charge]), plan())


def test_a_lead_whose_part_is_split_needs_a_plan() -> None:
    team = {"rule": "team", "code": "team", "payee": "lead", "percent": 25, "splits": True}
    assert "plan of kim" in refused(deal(agent(lead="kim")), plan(team=[team]))


def test_somebody_who_left_is_refused_where_the_plan_says_so() -> None:
    assert "refuse" in refused(deal(agent(left="2026-08-01")), plan(after_leaving="refuse"))


def test_somebody_who_left_in_an_earlier_cap_year_is_refused() -> None:
    assert "2026-03-15" in refused(deal(agent(left="2026-03-01")), plan(**COUNTED))


def test_somebody_who_left_in_this_cap_year_is_paid_as_if_still_active_and_the_statement_says_so() -> None:
    calculation = computed(deal(agent(left="2026-04-01")), plan(**COUNTED, **SPLIT))
    assert calculation.payees["dana"].cents == 700_000
    assert "left the brokerage on 2026-04-01" in calculation.governing[0].note


def test_every_problem_is_told_at_once() -> None:
    told = refused(deal(agent(anniversary=None), contract_date="2026-09-01", currency="CAD"), plan(**COUNTED))
    assert all(word in told for word in ("anniversary", "contract", "CAD"))


def test_one_side_is_taxed_in_one_way() -> None:
    taxed = plan(tax={"name": "GST", "percent": 5})
    closing = deal(agent("dana", share="1/2"), agent("lee", share="1/2"))
    assert "taxed in one way" in refused(closing, by_agent={"dana": taxed, "lee": plan()})

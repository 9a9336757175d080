"""A statement adds up: the year is its deals, a deal is its lines, and what changed after payment is owed once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissions.adjusting import adjustments
from commissions.statement import statement
from domain.commission.account import Account, AccountDetails
from domain.commission.calculation import Calculation, CounterKey
from domain.commission.settlement import (
    CommissionRecord,
    CounterState,
    Head,
    LedgerEntry,
    PostedCalculation,
    Reason,
    Standing,
)
from domain.commission.statement import DealStanding, StatementDocument
from domain.money import Money
from tests.unit.documents.closings import closing, computed, listing, plan, posted

DANA = Account(account="dana", name="Dana Whitcombe", licence="L-2001")
TERM = {
    "agent": "dana",
    "waive": "review",
    "by": "M. Olsen",
    "why": "first deal",
    "document": "memo 12",
    "agreed": date(2026, 1, 2),
}
KEY = CounterKey("dana", "company_dollar", "2026-01-01")


def deal(
    name: str, day: date = date(2026, 3, 2), *, price: int = 500_000, opening: int = 0, **facts: Any
) -> Calculation:
    """Dana has two thirds of the listing side, Lee one."""
    flags, changes = facts.pop("flags", []), facts.pop("plan", {})
    agents = (
        {"agent": "dana", "share": "2/3", "flags": flags},
        {"agent": "lee", "name": "Lee Okonkwo", "share": "1/3"},
    )
    before = {"dana": {"company_dollar": opening}}
    arguments: dict[str, Any] = {
        "deal": name,
        "price": price,
        "closing_date": day,
        "contract_date": None,
        "opening": before,
    }
    return computed(closing([listing(*agents)], **(arguments | facts)), plan(**changes))


def history(*calculations: Calculation | None, name: str = "D-1", **facts: Any) -> list[PostedCalculation]:
    """These calculations of one deal, the later ones posted after payment where `facts` say so."""
    day = next(one.closing_date for one in calculations if one is not None)
    late = facts.pop("after_payment", False)
    before: list[Calculation | None] = [None, *calculations[:-1]]
    return [
        posted(
            calculation,
            number=number,
            deal_id=name,
            order=(day.isoformat(), "", name),
            reason=Reason.CLOSED if number == 1 else Reason.AMENDED,
            adjustments=adjustments(old, calculation) if number > 1 else (),
            after_payment=late and number > 1,
        )
        for number, (old, calculation) in enumerate(zip(before, calculations, strict=True), start=1)
    ]


def record(calculation: Calculation, account: str = "dana", name: str = "Dana Whitcombe") -> CommissionRecord:
    """As settling writes it."""
    paid = [line for line in calculation.lines if line.payer == account and not line.memo]
    split = sum(line.amount.cents for line in paid if line.code.startswith("split"))
    parts = sum(line.amount.cents for line in calculation.lines if line.code == "part" and line.payee == account)
    fees = sum(line.amount.cents for line in paid) - split
    return CommissionRecord(
        deal_id=calculation.deal,
        account=account,
        name=name,
        number=1,
        closing_date=calculation.closing_date,
        side="listing",
        plan="eighty-twenty@2026-01-01",
        gci=Money.of_cents(parts),
        company_dollar=Money.of_cents(split),
        fees=Money.of_cents(fees),
        net=calculation.payees.get(account, Money.of_cents(0)),
    )


def told(*histories: Sequence[PostedCalculation], paid: Sequence[str] = (), **facts: Any) -> StatementDocument:
    """Dana's statement of these deals; those named were paid."""
    last = [one[-1] for one in histories]
    heads = {
        one.deal_id: Head(
            one.deal_id,
            number=one.number,
            standing=Standing.SETTLED if one.calculation else Standing.REVERSED,
            paid=one.deal_id in paid,
        )
        for one in last
    }
    arguments: dict[str, Any] = {
        "year": 2026,
        "as_of": date(2026, 11, 2),
        "posted": {one[0].deal_id: one for one in histories},
        "heads": heads,
        "records": [record(one.calculation) for one in last if one.calculation],
    }
    return statement(facts.pop("account", DANA), **(arguments | facts))


def test_the_year_adds_up_from_its_deals_and_each_deal_from_its_lines() -> None:
    document = told(
        history(deal("D-2", date(2026, 6, 5), opening=2000), name="D-2"), history(deal("D-1")), paid=["D-1"]
    )
    assert [one.deal_id for one in document.deals] == ["D-1", "D-2"]
    assert (document.gci.cents, document.company_dollar.cents, document.fees.cents) == (2_000_000, 400_000, 5_000)
    assert (document.net.cents, document.paid.cents, document.pending.cents) == (1_595_000, 797_500, 797_500)
    assert document.adjusted.cents == 0
    for one in document.deals:
        assert sum(line.yours.cents for line in one.lines if line.yours is not None) == one.net.cents
        assert one.gci.cents - one.company_dollar.cents - one.fees.cents == one.net.cents


def test_the_distance_to_the_cap_is_that_of_the_latest_deal() -> None:
    later = deal("D-2", date(2026, 6, 5), opening=2000)
    cap = told(history(later, name="D-2"), history(deal("D-1"))).caps
    assert [(one.key, one.used, one.cap, one.left) for one in cap] == [(KEY, 400_000, 1_600_000, 1_200_000)]


def test_a_counter_that_others_move_too_is_shown_as_it_stands_now() -> None:
    document = told(history(deal("D-1")), counters={KEY: CounterState(value=1_600_000, version=7)})
    assert [(one.used, one.left) for one in document.caps] == [(1_600_000, 0)]


def test_the_ledger_shows_counters_that_the_calculation_did_not_open() -> None:
    entry = LedgerEntry("dana", ("2026-03-02", "", "D-1"), "D-1", 1, {}, {"units": ("2026-01-01", 150)})
    foreign = LedgerEntry("lee", ("2026-03-02", "", "D-1"), "D-1", 1, {}, {"units": ("2026-01-01", 900)})
    caps = told(history(deal("D-1")), entries=[entry, foreign]).caps
    assert [(one.key.counter, one.used, one.cap) for one in caps] == [
        ("company_dollar", 200_000, 1_600_000),
        ("units", 150, None),
    ]


def test_a_cap_that_is_shared_is_the_agents_too() -> None:
    counters = {"company_dollar": {"year": "calendar", "cap": 16000, "per": "shared"}}
    dana = {"agent": "dana", "share": 1, "shared_cap": "whitcombe"}
    facts = {"deal": "D-1", "closing_date": date(2026, 3, 2), "contract_date": None}
    shared = computed(closing([listing(dana)], **facts), plan(counters=counters))
    account = DANA.model_copy(update={"details": AccountDetails(shared_cap="whitcombe")})
    assert [one.key.owner for one in told(history(shared), account=account).caps] == ["shared:whitcombe"]
    assert told(history(shared)).caps == ()


def test_every_line_says_why_without_repeating_its_title() -> None:
    lines = told(history(deal("D-1"))).deals[0].lines
    assert [line.title for line in lines] == ["Commission", "Part of the commission", "Company dollar", "Broker review"]
    assert all(line.sentence and not line.sentence.startswith(line.title) for line in lines)
    assert "Dana Whitcombe" in lines[1].sentence
    assert [line.yours.cents if line.yours else None for line in lines] == [None, 1_000_000, -200_000, -2_500]


def test_nobody_elses_part_stands_on_it() -> None:
    text = told(history(deal("D-1"))).model_dump_json()
    assert "lee" not in text
    assert "Okonkwo" not in text


def test_what_comes_off_the_top_stands_above_the_part() -> None:
    referral = {"rule": "out", "code": "referral", "title": "Referral", "payee": "Puget", "flat": 3000}
    titles = [line.title for line in told(history(deal("D-1", charges=[referral]))).deals[0].lines]
    assert titles[:3] == ["Commission", "Referral", "Part of the commission"]


def test_an_exception_says_who_agreed_why_and_where_it_is_written() -> None:
    document = told(history(deal("D-1", terms=[TERM])))
    assert document.deals[0].exceptions == ("Broker review: agreed by M. Olsen on 2026-01-02: first deal (memo 12)",)


def test_a_change_after_payment_is_told_line_by_line_and_owed_as_one_figure() -> None:
    amended = history(deal("D-1"), deal("D-1", price=480_000), after_payment=True)
    document = told(amended, paid=["D-1"], references={"D-1": "2026-0117"})
    changes = [(one.title, one.before.cents, one.after.cents, one.delta.cents) for one in document.adjustments]
    assert changes == [
        ("Part of the commission", 1_000_000, 960_000, -40_000),
        ("Company dollar", -200_000, -192_000, 8_000),
    ]
    assert (document.paid.cents, document.net.cents, document.adjusted.cents) == (797_500, 765_500, -32_000)
    assert {one.deal for one in document.adjustments} == {"2026-0117"}


def test_two_changes_after_payment_are_measured_against_what_was_paid() -> None:
    prices = (deal("D-1"), deal("D-1", price=480_000), deal("D-1", price=520_000))
    document = told(history(*prices, after_payment=True), paid=["D-1"])
    assert (document.paid.cents, document.adjusted.cents) == (797_500, 32_000)
    assert sum(one.delta.cents for one in document.adjustments) == 32_000


def test_a_change_before_payment_is_no_adjustment() -> None:
    document = told(history(deal("D-1"), deal("D-1", price=480_000)), paid=["D-1"])
    assert (document.adjustments, document.paid.cents, document.adjusted.cents) == ((), 765_500, 0)


def test_a_rescinded_deal_that_was_paid_is_owed_back_and_one_that_was_not_is_nothing() -> None:
    rescinded = history(deal("D-1"), None, after_payment=True)
    document = told(rescinded, paid=["D-1"])
    assert document.deals[0].standing is DealStanding.REVERSED
    assert (document.net.cents, document.paid.cents, document.adjusted.cents) == (0, 797_500, -797_500)
    never = told(history(deal("D-1"), None))
    assert (never.pending.cents, never.adjusted.cents, never.deals[0].lines) == (0, 0, ())


def test_a_deal_that_waits_for_something_says_for_what_and_keeps_its_last_good_figures() -> None:
    head = Head("D-1", number=1, standing=Standing.NEEDS, needs="a plan for dana from 2026-03-02")
    shown = told(history(deal("D-1")), heads={"D-1": head}).deals[0]
    assert (shown.standing, shown.needs) == (DealStanding.NEEDS, "a plan for dana from 2026-03-02")
    assert shown.net.cents == 797_500


def test_who_owes_is_paid_nothing_and_the_debt_stands_once() -> None:
    desk = {"rule": "desk", "code": "fee", "title": "Desk fee", "payee": "company", "flat": 9000}
    document = told(history(deal("D-1", plan={"fees": [desk]})), paid=["D-1"])
    assert document.net.cents == -100_000
    assert (document.paid.cents, document.pending.cents, document.adjusted.cents) == (0, 0, 0)
    assert [(one.owed_to, one.amount.cents) for one in document.debts] == [("the company", 100_000)]


def test_a_deduction_that_was_cut_is_a_debt_by_its_title() -> None:
    document = told(history(deal("D-1", price=10_000, flags=["advance"])))
    debts = [(one.owed_to, one.what, one.amount.cents) for one in document.debts]
    assert debts == [("Harbor Advance", "Advance of 4 May", 76_500)]


def test_deals_of_other_years_and_of_others_are_left_out() -> None:
    alone = computed(
        closing([listing({"agent": "lee", "share": 1})], deal="D-3", closing_date=date(2026, 3, 3), contract_date=None)
    )
    document = told(
        history(deal("D-1", date(2025, 12, 31))), history(deal("D-2", date(2027, 1, 1)), name="D-2"),
        history(alone, name="D-3"),
    )  # fmt: skip
    assert (document.deals, document.net.cents, document.rounding) == ((), 0, ())


def test_the_rounding_policy_is_printed() -> None:
    assert told(history(deal("D-1"))).rounding == (
        "Each line is rounded once, to the cent; half a cent is rounded up.",
    )


def test_an_agent_who_left_is_told_so_beside_the_plan() -> None:
    dana = {"agent": "dana", "share": 1, "left": date(2026, 2, 1)}
    facts = {"deal": "D-1", "closing_date": date(2026, 3, 2), "contract_date": None}
    shown = told(history(computed(closing([listing(dana)], **facts)))).deals[0]
    assert shown.plan.startswith("eighty-twenty@2026-01-01; left the brokerage on 2026-02-01")


def test_it_is_kept_as_json_and_read_back_the_same() -> None:
    document = told(history(deal("D-1"), deal("D-1", price=480_000), after_payment=True), paid=["D-1"])
    assert StatementDocument.model_validate_json(document.model_dump_json()) == document


@settings(max_examples=30, deadline=None)
@given(prices=st.lists(st.integers(0, 2_000_000), min_size=1, max_size=4), paid=st.booleans())
def test_paid_pending_and_adjusted_together_are_what_is_payable(prices: list[int], paid: bool) -> None:
    calculations = [deal("D-1", price=price) for price in prices]
    document = told(history(*calculations, after_payment=paid), paid=["D-1"] if paid else [])
    payable = max(0, calculations[-1].payees["dana"].cents)
    assert document.paid.cents + document.pending.cents + document.adjusted.cents == payable


@pytest.mark.parametrize("year", [2025, 2027])
def test_a_year_without_deals_is_an_empty_statement_in_the_currency_asked_for(year: int) -> None:
    document = told(history(deal("D-1")), year=year, currency="CAD")
    assert (document.deals, str(document.net)) == ((), "0.00 CAD")

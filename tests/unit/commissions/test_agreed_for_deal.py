"""What is agreed for one deal is laid over what its source states, and lines that follow it say on whose word."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from commissions.engine import GoverningPlan, compute
from commissions.from_deal import closing_of
from domain.commission.account import Account
from domain.commission.agreement import DealAgreement
from domain.commission.calculation import Calculation
from domain.commission.closing import Closing
from domain.commission.plan import Plan
from domain.deal import BuyerCompensation, CommissionTerms, Deal, DealDetails, Referral
from domain.errors import CommissionRefused
from domain.money import Money
from domain.terms import PaidBy, ReferralDirection, RepresentedSide, Side
from tests.unit.flows.settle.office import share_of

SAID: dict[str, Any] = {"by": "Bea", "why": "a friend", "document": "mail 8", "agreed": "2026-02-01"}
TOLD = "agreed by Bea on 2026-02-01: a friend (mail 8)"
PLAN = Plan.model_validate(
    {
        "plan": "house",
        "title": "House",
        "split": {"company": 30},
        "fees": [{"rule": "file", "code": "fee", "payee": "company", "flat": 300}],
    }
)
OUTGOING = Referral(direction=ReferralDirection.OUTGOING, company="Example Relocation", percent=Decimal(25))


def deal(*sides: Side, **details: Any) -> Deal:
    fields: dict[str, Any] = {
        "represented_side": RepresentedSide.LISTING,
        "sale_price": Money.of_cents(50_000_000),
        "closing_date": date(2026, 3, 2),
        "commission": CommissionTerms(percent=Decimal(3)),
    }
    agents = tuple(share_of("ann", Fraction(1), side) for side in sides or (Side.LISTING,))
    return Deal("d1", "transactions", "T-1", 1, DealDetails(**{**fields, **details}), agents=agents)


def read(one: Deal, **agreed: Any) -> Closing:
    return closing_of(one, {"ann": Account(account="ann")}, {"ann": "house"}, DealAgreement.model_validate(agreed))


def made(one: Deal, **agreed: Any) -> Calculation:
    return compute(read(one, **agreed), {"ann": GoverningPlan(PLAN, "2026-01-01")})


def paid(calculation: Calculation) -> dict[str, str]:
    return {party: str(amount.amount) for party, amount in calculation.payees.items()}


def terms_by_code(calculation: Calculation) -> dict[str, str]:
    return {line.code.value: line.term for line in calculation.lines}


def test_nothing_agreed_is_what_the_source_states() -> None:
    assert read(deal()) == closing_of(deal(), {"ann": Account(account="ann")}, {"ann": "house"})
    assert set(terms_by_code(made(deal())).values()) == {""}


def test_terms_and_flags_are_those_of_the_deal() -> None:
    calculation = made(deal(), terms=[{"waive": "file", **SAID}], flags=["personal"])
    assert paid(calculation) == {"ann": "10500.00", "company": "4500.00"}
    assert terms_by_code(calculation)["fee"] == TOLD
    assert read(deal(), flags=["personal"]).flags == ("personal",)


def test_a_charge_of_the_deal_says_on_whose_word_it_is() -> None:
    charge = {"rule": "gift", "code": "rebate", "payee": "buyer_credit", "flat": "1000.00", **SAID}
    calculation = made(deal(referral=OUTGOING), charges=[charge])
    assert paid(calculation)["buyer_credit"] == "1000.00"
    assert paid(calculation)["Example Relocation"] == "3750.00"
    assert (terms_by_code(calculation)["rebate"], terms_by_code(calculation)["referral"]) == (TOLD, "")


@pytest.mark.parametrize("referral", [OUTGOING, Referral(direction=ReferralDirection.OUTGOING)])
def test_an_agreed_referral_takes_the_place_of_the_one_that_is_stated(referral: Referral) -> None:
    charge = {"rule": "referral", "code": "referral", "payee": "Example Relocation", "percent": 20, **SAID}
    (only,) = read(deal(referral=referral), charges=[charge]).charges
    assert (only.percent, only.told) == (20, TOLD)


def test_an_agreed_commission_takes_the_place_of_the_one_that_is_stated() -> None:
    calculation = made(deal(), sides={"listing": {"commission": {"percent": 2, **SAID}, "payer": "builder"}})
    (line,) = [line for line in calculation.lines if line.code == "commission"]
    assert (str(line.amount.amount), line.payer, line.term) == ("10000.00", "builder", TOLD)


@pytest.mark.parametrize("stated", [{}, {"percent": Decimal(3)}], ids=["states nothing", "states a percentage"])
def test_what_is_agreed_makes_up_for_what_the_source_lacks(stated: dict[str, Any]) -> None:
    one = deal(commission=CommissionTerms(**stated), sale_price=None)
    with pytest.raises(CommissionRefused):
        read(one)
    assert str(made(one, sides={"listing": {"commission": {"flat": 9000, **SAID}}}).gross.amount) == "9000.00"


def test_an_agreed_ceiling_leaves_the_buyer_what_the_stated_payer_lacks() -> None:
    one = deal(
        Side.BUYING,
        represented_side=RepresentedSide.BUYING,
        commission=CommissionTerms(),
        buyer_compensation=BuyerCompensation(percent=Decimal(2), paid_by=PaidBy.SELLER),
    )
    calculation = made(one, sides={"buying": {"agreement": {"percent": "2.5", **SAID}}})
    sources = [(line.code.value, line.payer, str(line.amount.amount), line.term) for line in calculation.lines[:2]]
    assert sources == [("commission", "seller", "10000.00", TOLD), ("shortfall", "buyer", "2500.00", TOLD)]


def test_a_ceiling_over_a_stated_commission_is_paid_by_whoever_pays_that() -> None:
    one = deal(Side.BUYING, represented_side=RepresentedSide.BUYING)
    calculation = made(one, sides={"buying": {"agreement": {"percent": 2, **SAID}, "payer": "listing_broker"}})
    (line,) = [line for line in calculation.lines if line.code == "commission"]
    assert (line.payer, str(line.amount.amount), line.limit) == ("listing_broker", "10000.00", "agreement")


def test_a_buying_side_of_which_the_source_says_nothing_is_paid_as_agreed() -> None:
    one = deal(Side.BUYING, represented_side=RepresentedSide.BUYING, commission=CommissionTerms())
    agreed = {"agreement": {"percent": 2, **SAID}, "offers": [{"payer": "builder", "flat": 4000}]}
    calculation = made(one, sides={"buying": agreed})
    paid_by = {line.payer: str(line.amount.amount) for line in calculation.lines if line.payee == "gross"}
    assert paid_by == {"builder": "4000.00", "buyer": "6000.00"}


def test_bonuses_are_added_and_offers_say_who_pays() -> None:
    agreed = {
        "offers": [{"payer": "seller", "percent": 2}, {"payer": "builder", "flat": 5000}],
        "bonuses": [{"title": "Selling bonus", "amount": 500, "to": "company"}],
    }
    calculation = made(deal(), sides={"listing": agreed})
    paid_by = [(line.payer, str(line.amount.amount)) for line in calculation.lines if line.payee == "gross"]
    assert paid_by == [("seller", "10000.00"), ("builder", "5000.00"), ("seller", "500.00")]
    assert set(terms_by_code(calculation).values()) == {""}


def test_both_sides_earn_as_agreed() -> None:
    together = read(deal(*Side), sides={"both": {"commission": {"percent": 4, **SAID}}})
    assert [(side.side, side.commission and side.commission.percent) for side in together.sides] == [("both", 4)]
    apart = read(deal(*Side), sides={"buying": {"commission": {"percent": 2, **SAID}}})
    assert [side.side for side in apart.sides] == ["listing", "buying"]
    assert [side.commission and side.commission.percent for side in apart.sides] == [3, 2]


def test_a_referral_that_comes_in_earns_what_is_agreed() -> None:
    incoming = Referral(direction=ReferralDirection.INCOMING, company="Elsewhere")
    one = deal(referral=incoming, commission=CommissionTerms())
    (side,) = read(one, sides={"referral": {"commission": {"flat": 750, **SAID}}}).sides
    assert (side.side, side.payer, side.commission and side.commission.flat) == ("referral", "Elsewhere", 75_000)


def test_a_side_that_the_deal_does_not_have_is_refused() -> None:
    with pytest.raises(CommissionRefused) as refused:
        read(deal(), sides={"buying": {"payer": "builder"}})
    (problem,) = refused.value.problems
    assert (problem.path, problem.value) == ("agreement.sides.buying", "buying")
    assert "a side that this deal has: listing" in problem.expected

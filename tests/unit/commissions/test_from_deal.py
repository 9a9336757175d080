"""What the transaction system says of a deal, as the engine takes it; what is missing is refused, all of it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from commissions.from_deal import accounts_named, closing_of
from domain.commission.account import Account, AccountDetails
from domain.commission.closing import Closing
from domain.deal import AgentShare, BuyerCompensation, CommissionTerms, Deal, DealDetails, Referral
from domain.errors import CommissionRefused
from domain.money import Money
from domain.terms import DealType, PaidBy, ReferralDirection, RepresentedSide, Side

HALF = Fraction(1, 2)


def money(amount: str, currency: str = "USD") -> Money:
    return Money(Decimal(amount), currency)


def share(account: str = "ann", side: Side = Side.LISTING, part: Fraction = Fraction(1), **changes: Any) -> AgentShare:
    fields: dict[str, Any] = {
        "source": "transactions", "agent_id": f"A-{account}", "side": side, "share": part, "name": account.title(),
        "licence": f"LIC-{account}", "office": "", "crm_user_id": "", "crm_contact_id": account,
    }  # fmt: skip
    return AgentShare(**{**fields, **changes})


def deal(*agents: AgentShare, **details: Any) -> Deal:
    fields: dict[str, Any] = {
        "represented_side": RepresentedSide.LISTING,
        "reference": "R-1",
        "sale_price": money("500000.00"),
        "contract_date": date(2026, 1, 5),
        "closing_date": date(2026, 3, 2),
        "commission": CommissionTerms(percent=Decimal("2.5"), flat=money("395.00")),
    }
    return Deal("d1", "transactions", "T-1", 1, DealDetails(**{**fields, **details}), agents=agents or (share(),))


def read(one: Deal, **accounts: Account) -> Closing:
    held = {made.crm_contact_id: Account(account=made.crm_contact_id) for made in one.agents if made.crm_contact_id}
    return closing_of(one, held | accounts, {"ann": "capped"})


def problems(one: Deal) -> dict[str, str]:
    with pytest.raises(CommissionRefused) as refused:
        read(one)
    assert refused.value.deal == "transactions/T-1"
    return {problem.path: problem.expected for problem in refused.value.problems}


def test_our_listing_earns_its_commission_from_the_seller() -> None:
    closing = read(deal())
    (side,) = closing.sides
    assert (closing.order, closing.price, closing.currency) == (("2026-03-02", "R-1", "d1"), 50_000_000, "USD")
    assert side.commission is not None
    assert (side.side, side.payer, side.commission.percent, side.commission.flat) == (
        "listing", "seller", Fraction(5, 2), 39_500,
    )  # fmt: skip
    (agent,) = side.agents
    assert (agent.agent, agent.name, agent.share, agent.licence, agent.plan) == ("ann", "Ann", 1, "LIC-ann", "capped")


def test_what_the_account_knows_of_an_agent_goes_before_the_directory_and_comes_whole() -> None:
    details = AccountDetails(anniversary=date(2019, 5, 1), lead="lee", flags=("new",), team="north")
    account = Account(account="ann", name="Ann Lee", licence="L-7", details=details)
    closing = read(deal(), ann=account, lee=Account(account="lee", name="Lee"))
    (agent,) = closing.sides[0].agents
    assert (agent.name, agent.licence, agent.anniversary, agent.lead, agent.flags, agent.team) == (
        "Ann Lee", "L-7", date(2019, 5, 1), "lee", ("new",), "north",
    )  # fmt: skip
    assert [other.agent for other in closing.others] == ["lee"]
    assert accounts_named([account]) == {"lee"}
    assert Closing.model_validate_json(closing.model_dump_json()) == closing


def test_the_buyers_agreement_is_a_ceiling_over_what_our_side_is_offered() -> None:
    terms = BuyerCompensation(percent=Decimal(2), paid_by=PaidBy.LISTING_BROKER)
    (side,) = read(deal(share(side=Side.BUYING), buyer_compensation=terms)).sides
    assert side.agreement is not None
    assert side.commission is not None
    assert (side.side, side.agreement.percent, side.commission.percent) == ("buying", 2, Fraction(5, 2))
    (offer,) = side.offers
    assert (offer.payer, offer.percent, offer.flat) == ("listing_broker", Fraction(5, 2), 39_500)


def test_a_buyers_agreement_alone_is_what_is_due_from_whoever_pays_it() -> None:
    terms = BuyerCompensation(flat=money("9000.00"), paid_by=PaidBy.SPLIT)
    (side,) = read(deal(share(side=Side.BUYING), buyer_compensation=terms, commission=CommissionTerms())).sides
    assert side.commission is None
    assert [(offer.payer, offer.flat) for offer in side.offers] == [("seller and buyer", 900_000)]


def test_a_buying_side_without_an_agreement_earns_what_is_stated() -> None:
    (side,) = read(deal(share(side=Side.BUYING))).sides
    assert (side.side, side.agreement, side.payer) == ("buying", None, "seller")


def test_both_sides_with_agents_of_their_own_earn_apart() -> None:
    terms = BuyerCompensation(percent=Decimal(2))
    sides = read(deal(share(), share("bob", Side.BUYING), buyer_compensation=terms)).sides
    assert [side.side for side in sides] == ["listing", "buying"]
    assert sides[1].commission is None


def test_one_agreement_covers_both_sides_where_the_same_agents_share_both() -> None:
    agents = [share(one, side, HALF) for side in Side for one in ("ann", "bob")]
    (side,) = read(deal(*agents)).sides
    assert (side.side, [agent.agent for agent in side.agents]) == ("both", ["ann", "bob"])
    (alone,) = read(deal(represented_side=RepresentedSide.BOTH)).sides
    assert alone.side == "both"


def test_a_lease_is_paid_by_the_landlord() -> None:
    assert read(deal(deal_type=DealType.LEASE)).sides[0].payer == "landlord"


def test_an_outgoing_referral_comes_off_the_top_of_the_gross() -> None:
    referral = Referral(direction=ReferralDirection.OUTGOING, company="Example Relocation", percent=Decimal(25))
    (charge,) = read(deal(referral=referral)).charges
    assert (charge.code, charge.payee, charge.percent, charge.of, charge.stage) == (
        "referral", "Example Relocation", 25, "gross", "off_the_top",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("referral", "commission", "percent", "flat", "base"),
    [
        ({"flat": money("2500.00")}, {}, None, 250_000, None),
        ({"percent": Decimal(25)}, {"percent": Decimal(3)}, Fraction(3, 4), None, None),
        ({"percent": Decimal(25)}, {"flat": money("9000.00")}, Fraction(25), None, 900_000),
        ({}, {"flat": money("1200.00")}, None, 120_000, None),
    ],
)
def test_an_incoming_referral_is_what_we_earn(
    referral: dict[str, Any], commission: dict[str, Any], percent: Fraction | None, flat: int | None, base: int | None
) -> None:
    stated = Referral(direction=ReferralDirection.INCOMING, company="Far Realty", **referral)
    (side,) = read(deal(referral=stated, commission=CommissionTerms(**commission))).sides
    assert side.commission is not None
    assert (side.side, side.payer) == ("referral", "Far Realty")
    assert (side.commission.percent, side.commission.flat, side.commission.base) == (percent, flat, base)


@pytest.mark.parametrize(
    ("details", "path", "expected"),
    [
        ({"closing_date": None}, "closing_date", "the day of the closing"),
        ({"contract_date": date(2026, 4, 1)}, "closing_date", "not before the contract of 2026-04-01"),
        ({"sale_price": None}, "sale_price", "what commission.percent is a percentage of"),
        ({"sale_price": money("1.00", "CAD")}, "commission.flat", "CAD as the other amounts"),
        (
            {"commission": CommissionTerms(stated_amount=money("1.00"))},
            "commission.percent",
            "what the listing side earns",
        ),
        ({"commission": CommissionTerms(percent=Decimal(-1))}, "commission.percent", "not below zero"),
        ({"commission": CommissionTerms(percent=Decimal(101))}, "commission.percent", "at most 100"),
        ({"referral": Referral(percent=Decimal(25))}, "referral.direction", "incoming or outgoing"),
        (
            {"referral": Referral(direction=ReferralDirection.OUTGOING)},
            "referral.percent",
            "the outgoing fee in percent",
        ),
        (
            {"referral": Referral(direction=ReferralDirection.OUTGOING, percent=Decimal(120))},
            "referral.percent",
            "0 to 100",
        ),
        (
            {"referral": Referral(direction=ReferralDirection.OUTGOING, flat=money("-1.00"))},
            "referral.flat",
            "not below zero",
        ),
        (
            {"represented_side": RepresentedSide.BOTH, "buyer_compensation": BuyerCompensation(percent=Decimal(2))},
            "agents",
            "the agents of the buying side as well",
        ),
        ({"concessions": money("-5.00")}, "concessions", "correct it at the source"),
    ],
)
def test_what_is_missing_or_impossible_names_the_field_and_the_next_step(
    details: dict[str, Any], path: str, expected: str
) -> None:
    assert problems(deal(**details))[path].find(expected) >= 0


def test_both_sides_with_different_agents_need_both_agreements() -> None:
    assert "agents of its own" in problems(deal(share(), share("bob", Side.BUYING)))["buyer_compensation.percent"]


def test_an_agent_without_licence_or_crm_contact_is_named() -> None:
    assert "a licence number" in problems(deal(share(licence="")))["agents[0].licence"]
    assert "dealwire agents import" in problems(deal(share(crm_contact_id="")))["agents[0]"]


def test_a_person_twice_on_a_side_and_shares_that_do_not_add_up_are_refused() -> None:
    assert "each person once" in problems(deal(share(part=HALF), share(part=HALF)))["agents[1]"]
    assert "exactly 1" in problems(deal(share(part=HALF)))["agents (listing)"]
    assert "at least one agent of ours" in problems(replace(deal(), agents=()))["agents"]


def test_every_problem_is_told_at_once() -> None:
    broken = deal(share(licence=""), closing_date=None, commission=CommissionTerms())
    assert set(problems(broken)) == {"agents[0].licence", "closing_date", "commission.percent"}

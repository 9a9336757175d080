"""A CDA says who pays, whom the closing agent pays, and what is missing; nothing of splits and caps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from commissions.cda import _property, document
from commissions.cda_people import phone_told
from commissions.digest import digest
from domain.commission.cda import CdaDocument
from domain.commission.settlement import PostedCalculation
from domain.deal import Deal, Property, Referral
from domain.errors import CommissionRefused
from domain.money import Money
from domain.terms import DealType, Role
from tests.unit.documents.closings import (
    APPROVAL,
    BROKERAGE,
    PEOPLE,
    accounts,
    closing,
    computed,
    deal,
    listing,
    people,
    plan,
    posted,
    share,
)

DANA = {"agent": "dana", "share": 1}
ACCOUNTS = accounts(("dana", "Dana Whitcombe", "L-2001"))
REFERRAL = {
    "rule": "referral",
    "code": "referral",
    "title": "Outside referral",
    "payee": "referring_agent",
    "flat": 2000,
}
FIFTEEN = posted(computed(closing([listing(DANA)])))


def drawn_up(
    calculated: PostedCalculation = FIFTEEN,
    rows: Any = PEOPLE,
    agents: Any = None,
    details: dict[str, Any] | None = None,
    **facts: Any,
) -> CdaDocument:
    participants, contacts = people(*rows)
    ours = (share("dana", "D. Whitcombe", "L-2"),) if agents is None else agents
    settings: dict[str, Any] = {"accounts": ACCOUNTS, "brokerage": BROKERAGE, "version": 1} | facts
    return document(calculated, deal=deal(participants, *ours, **(details or {})), contacts=contacts, **settings)


def dollars(text: str) -> Money:
    return Money.of_cents(round(100 * int(text)))


def test_it_names_the_deal_its_people_and_what_was_agreed() -> None:
    cda = drawn_up(version=2, supersedes="version 1 of 2026-11-01", approval=APPROVAL)
    assert (cda.reference, cda.title_file, cda.mls_id) == ("2026-0417 Rattlesnake Drive", "CF-26-10443", "30041177")
    assert cda.property[0] == "1480 Rattlesnake Drive"
    assert cda.property[1:] == ("Missoula, MT 59802", "Missoula County, Parcel 04-2200-11-3-07-14-0000")
    assert cda.closing_agent is not None
    assert (cda.closing_agent.company, cda.closing_agent.name) == ("Clark Fork Title & Escrow", "Priya Raman")
    assert [party.name for party in cda.parties] == [
        "Eleanor Whitfield",
        "Thomas Whitfield",
        "Łukasz Żółć",
        "王小明",
        "Rosa Delgado",
    ]
    assert [(agent.name, agent.licence, agent.role) for agent in cda.agents] == [
        ("Dana Whitcombe", "L-2001", "listing")
    ]
    assert cda.commission == ("Listing side: 15,000.00 (3% of 500,000.00)",)
    assert cda.represents == "listing"
    assert (cda.supersedes, cda.approval, cda.calculation) == ("version 1 of 2026-11-01", APPROVAL, "D-1/1")
    assert cda.issued == date(2026, 11, 2)
    assert cda.missing == ()


def test_its_lines_add_up_and_the_brokerage_stands_last_under_its_legal_name() -> None:
    cda = drawn_up()
    assert [(line.payee, line.role, line.amount.cents) for line in cda.lines] == [
        ("Dana Whitcombe", "Agent", 1_197_500),
        ("Big Sky Realty Group, LLC", "Brokerage", 302_500),
    ]
    assert cda.gross == cda.from_closing == dollars("15000")


def test_splits_caps_deductions_and_account_ids_stay_off_it() -> None:
    advance = closing([listing(DANA | {"flags": ["advance"]})])
    text = drawn_up(posted(computed(advance))).model_copy(update={"digest": ""}).model_dump_json()
    for internal in ("company_dollar", "Harbor", "dvance", "eighty", "20%", "80%", "16000", "16,000", "review"):
        assert internal not in text, internal


@pytest.mark.parametrize(
    ("holder", "counts"),
    [
        ("Big Sky Realty", True),
        ("BIG SKY REALTY GROUP, LLC", True),
        ("listing_broker", True),
        ("Listing Broker", True),
        ("buyer_broker", False),
        ("Clark Fork Title & Escrow", False),
        (None, False),
    ],
)
def test_earnest_money_counts_only_where_this_brokerage_holds_it(holder: str | None, counts: bool) -> None:
    cda = drawn_up(details={"earnest_money": dollars("5000"), "earnest_money_holder": holder})
    assert cda.earnest_money.cents == (500_000 if counts else 0)
    assert cda.from_closing.cents == (1_000_000 if counts else 1_500_000)
    assert sum(line.amount.cents for line in cda.lines) == cda.from_closing.cents


def test_earnest_money_is_remitted_where_contracts_do_not_allow_the_offset() -> None:
    house = BROKERAGE.model_copy(update={"earnest_money_offset": False})
    held = {"earnest_money": dollars("5000"), "earnest_money_holder": "Big Sky Realty"}
    cda = drawn_up(details=held, brokerage=house)
    assert (cda.held, cda.earnest_money, cda.from_closing) == (dollars("5000"), dollars("0"), dollars("15000"))


def test_earnest_money_beyond_the_commission_leaves_the_closing_agent_nothing_to_pay() -> None:
    cda = drawn_up(details={"earnest_money": dollars("18000"), "earnest_money_holder": "Big Sky Realty"})
    assert (cda.held, cda.earnest_money) == (dollars("18000"), dollars("15000"))
    assert (cda.from_closing, cda.lines) == (dollars("0"), ())


def test_the_referring_broker_is_paid_by_the_name_of_the_company_with_its_licence() -> None:
    calculated = posted(computed(closing([listing(DANA)], charges=[REFERRAL])))
    jill = (Role.REFERRING_AGENT, "Jill Tran", "Puget Referral Network", "WA-22918", "")
    line = next(line for line in drawn_up(calculated, (*PEOPLE, jill)).lines if line.role == "Referring broker")
    assert (line.payee, line.licence, line.memo) == ("Puget Referral Network", "WA-22918", "Outside referral")
    named = drawn_up(calculated, details={"referral": Referral(company="Puget Referral Inc.")})
    assert "Puget Referral Inc." in [line.payee for line in named.lines]
    assert any("licence number of the referring broker Puget Referral Inc." in text for text in named.missing)


def test_payees_are_found_on_the_deal_by_role_or_printed_as_the_deal_names_them() -> None:
    fee = {"rule": "tc", "code": "fee", "payee": "coordinator", "flat": 100}
    other = {"rule": "stage", "code": "fee", "payee": "Bright Staging LLC", "flat": 100}
    rebate = {"rule": "rebate", "code": "rebate", "payee": "seller", "flat": 100}
    fund = {"rule": "fund", "code": "fee", "payee": "home_fund", "flat": 100}
    calculated = posted(computed(closing([listing(DANA)], charges=[rebate]), plan(fees=[fee, other, fund])))
    sam = (Role.COORDINATOR, "Sam Okafor", "", "", "")
    payees = [(line.payee, line.role) for line in drawn_up(calculated, (*PEOPLE, sam)).lines[1:-1]]
    assert sorted(payees) == [
        ("Bright Staging LLC", "Third party"),
        ("Eleanor Whitfield and Thomas Whitfield", "Credit to client"),
        ("Home fund", "Third party"),
        ("Sam Okafor", "Third party"),
    ]


def test_who_pays_which_side_is_told_source_by_source() -> None:
    buying = {
        "side": "buying",
        "agreement": {"percent": "2.5"},
        "offers": [{"payer": "seller", "percent": 2}],
        "agents": [DANA],
    }
    cda = drawn_up(posted(computed(closing([buying]))))
    assert [(one.side, one.payer, one.title, one.amount.cents) for one in cda.sources] == [
        ("buying", "seller", "Commission", 1_000_000),
        ("buying", "buyer", "Balance of the buyer's broker agreement", 250_000),
    ]
    assert cda.commission == ("Buying side: 12,500.00 (2.5% of the price)",)
    assert cda.represents == "buying"


def test_both_sides_a_bonus_and_a_tax_stand_among_the_sources() -> None:
    sides = [
        listing(DANA, bonuses=[{"title": "Selling bonus", "amount": 1000}]),
        {"side": "buying", "commission": {"flat": "7000.01"}, "payer": "buyer", "agents": [DANA]},
    ]
    calculated = computed(closing(sides), plan(tax={"name": "HST", "percent": 13, "pass_on": ["agents"]}))
    cda = drawn_up(posted(calculated))
    assert cda.represents == "both"
    assert cda.commission == (
        "Listing side: 15,000.00 (3% of 500,000.00), bonus 1,000.00",
        "Buying side: 7,000.01 (about 1.4% of the price)",
    )
    assert {one.title for one in cda.sources} >= {"Commission", "Selling bonus", "HST on Commission"}
    assert sum(one.amount.cents for one in cda.sources) == cda.gross.cents == calculated.gross.cents


def test_a_draft_says_what_the_closing_agent_will_ask_for() -> None:
    bare = {"title_file_number": None, "contract_date": None, "sale_price": None, "property": Property()}
    cda = drawn_up(rows=(), agents=(), accounts={}, details=bare | {"earnest_money": dollars("1")})
    assert [text.partition(" is not given: ")[0] for text in cda.missing] == [
        "closing agent (title, escrow or attorney)",
        "title file number",
        "property address",
        "contract date",
        "sale price",
        "seller or landlord",
        "buyer or tenant",
        "licence number of dana",
        "holder of the earnest money",
    ]
    assert all(": " in text for text in cda.missing)


def test_a_lease_lacks_no_sale_price() -> None:
    cda = drawn_up(details={"sale_price": None, "deal_type": DealType.LEASE})
    assert cda.missing == ()


def test_an_attorney_closes_only_where_there_is_neither_title_nor_escrow() -> None:
    attorney = (Role.ATTORNEY, "Ann Law", "", "", "")
    escrow = (Role.ESCROW, "Ed Escrow", "", "", "")
    alone, both = drawn_up(rows=(attorney,)), drawn_up(rows=(attorney, escrow))
    assert alone.closing_agent is not None
    assert both.closing_agent is not None
    assert (alone.closing_agent.name, both.closing_agent.name) == ("Ann Law", "Ed Escrow")


def test_a_rescinded_closing_has_no_cda() -> None:
    with pytest.raises(CommissionRefused, match="deal D-1 was rescinded: nothing is due; void its CDA"):
        drawn_up(posted(None))


def test_it_is_kept_as_json_and_read_back_the_same() -> None:
    cda = drawn_up(approval=APPROVAL, details={"earnest_money": dollars("5"), "earnest_money_holder": "Big Sky Realty"})
    assert CdaDocument.model_validate_json(cda.model_dump_json()) == cda
    assert json.loads(cda.model_dump_json())["title_file"] == "CF-26-10443"


def test_the_hash_changes_with_any_figure_of_the_calculation_and_with_nothing_else() -> None:
    calculation = FIFTEEN.calculation
    assert calculation is not None
    same = computed(closing([listing(DANA)]))
    first, *rest = calculation.lines
    assert digest(calculation) == digest(same) == drawn_up().digest
    assert digest(replace(calculation, lines=(replace(first, title="Other"), *rest))) != digest(calculation)
    reordered = dict(reversed(list(calculation.payees.items())))
    assert digest(replace(calculation, payees=reordered)) == digest(calculation)


def test_a_deal_without_people_is_no_error() -> None:
    empty = Deal(id="D-1", source="transactions", source_id="T-1")
    cda = document(FIFTEEN, deal=empty, contacts={}, accounts={}, brokerage=BROKERAGE, version=1)
    assert cda.reference == "D-1"
    assert cda.lines[0].payee == "dana"


@pytest.mark.parametrize(
    ("held", "printed"),
    [
        ("+14065550166;ext=12", "(406) 555-0166 ext. 12"),
        ("+14065550166", "(406) 555-0166"),
        ("+4930123456", "+4930123456"),
        (None, None),
    ],
)
def test_a_phone_number_is_printed_as_people_write_it(held: str | None, printed: str | None) -> None:
    assert phone_told(held) == printed


@pytest.mark.parametrize(
    ("held", "printed"), [("4", "Unit 4"), ("#4", "Unit 4"), ("Unit 4", "Unit 4"), ("Apt B", "Apt B")]
)
def test_a_unit_is_named_once(held: str, printed: str) -> None:
    (street, *_) = _property(Property(street="1 Elm St", unit=held))
    assert street == f"1 Elm St {printed}"

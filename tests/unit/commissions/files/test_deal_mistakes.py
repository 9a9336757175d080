"""Every kind of mistake in a deal file, or in an account's, is reported with its line and what to do."""

from __future__ import annotations

from datetime import date

import pytest

from commissions.files.reading import read_as, read_deal, read_details
from domain.commission.account import Opening
from domain.errors import ConfigurationError

GOOD = """\
deal: 1001
state: TX
price: 400000
concessions: 2000
contract_date: 2026-01-05
closing_date: 2026-03-02
sides:
- side: listing
  commission: {percent: 3, minimum: 500, maximum: 90000}
  bonuses: [{title: Selling bonus, amount: 500, to: company}]
  agents:
  - {agent: ann, share: 1/3, anniversary: 2024-02-29, lead: lea, joined: 2025-01-01, left: 2026-12-31, team: north}
  - {agent: bob, share: 2/3, deductions: [{rule: debt, code: deduction, payee: court, flat: 10}]}
- side: buying
  agreement: {percent: 2.5}
  offers: [{payer: seller, percent: 2}, {payer: builder, flat: 700, bonus: true}]
  agents:
  - {agent: ann, flat: 1000}
  - {agent: cid, share: 1}
charges:
- {rule: referral, code: referral, payee: Elsewhere, percent: 25, side: buying, by: Bea, why: agreed, document: R-1}
- {rule: coaching, code: fee, payee: company, flat: 50, stage: fees, agent: cid}
terms:
- {agent: ann, waive: desk, by: Bea, why: first deal, document: mail, agreed: 2026-01-01, until: 2026-12-31}
- {charge: desk, flat: 10, by: Bea, why: agreed, document: mail, agreed: 2026-01-01}
others:
- {agent: lea, anniversary: 2020-01-01}
opening:
  ann: {company_dollar: 100}
  team:north: {company_dollar: 5}
"""


def mistakes(old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        read_deal(GOOD.replace(old, new, 1), "deal.yaml")
    return str(caught.value)


def test_a_deal_without_mistakes_is_read() -> None:
    closing = read_deal(GOOD, "deal.yaml")
    assert (closing.deal, closing.price, closing.closing_date) == ("1001", 40000000, date(2026, 3, 2))
    assert closing.opening["team:north"] == {"company_dollar": 500}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        # What pydantic sees.
        ("share: 2/3", "share: 0.67", 13, 'agents[1].share: 0.67: expected a fraction such as "1/3", a percentage suc'),
        ("share: 2/3", "share: 1.2", 13, "agents[1].share: 1.2: expected a fraction"),
        ("share: 2/3", "shares: 2/3", 13, "agents[1].shares: expected a key of the language; did you mean 'share'?"),
        ("closing_date: 2026-03-02", "closing_date: 2026-02-30", 6, "closing_date: 2026-02-30: expected a day such as"),
        ("stage: fees", "stage: fee", 22, "charges[1].stage: fee: expected one of off_the_top, before_split, team, sp"),
        ("stage: fees", "stage: fee", 22, "did you mean 'fees'?"),
        ("price: 400000", "price: -1", 3, "price: -1: expected 0 or more; correct it"),
        ("percent: 2}", "percent: 2, payor: x}", 16, "offers[0].payor: expected a key of the language; did you mean '"),
        ("amount: 500", "amount: 0", 10, "sides[0].bonuses[0].amount: 0: expected more than 0; correct it"),
        ("share: 2/3", "share: 0.67", 13, "or 1 for the whole; write 2/3, or 67% if it is meant so exactly"),
        ("share: 2/3", "share: 50", 13, "or 1 for the whole; write 50% or 1/2"),
        ("share: 2/3", "share: 0.375", 13, "or 1 for the whole; write 37.5% or 3/8"),
        ("share: 2/3", "share: 41.3", 13, "or 1 for the whole; write 41.3%"),
        ("share: 2/3", "share: 1.2", 13, "or 1 for the whole; correct it"),
        # What was probably meant.
        ("commission: {percent: 3, minimum: 500, maximum: 90000}", "commission: 3%", 9,
         "sides[0].commission: 3%: expected keys and values; write `{percent: 3}`"),
        ("agreement: {percent: 2.5}", "agreement: 9000", 15, "agreement: 9000: expected keys and values; write `{flat"),
        ("agreement: {percent: 2.5}", "agreement: some", 15, "agreement: some: expected keys and values; write `{perc"),
        ("{agent: cid, share: 1}", "cid", 19, "agents[1]: cid: expected an agent with keys and values; write `{agent:"),
        ("{percent: 3, minimum: 500, maximum: 90000}", "{percent: 3, in_house: 2}", 9, "in_house: 2: expected keys an"),
        ("contract_date: 2026-01-05", "date: 2026-01-05", 5, "date: expected a key of the language; write `closing_da"),
        ("state: TX", "property_type: house", 2, "townhouse, multi_family, manufactured, land, commercial, other; cho"),
        # Facts.
        ("state: TX", "currency: EUR", 2, "currency: EUR: expected one of USD, CAD, MXN; correct it"),
        ("state: TX", "state: tx", 2, "state: tx: expected a state's two capital letters, such as TX; write TX"),
        ("concessions: 2000", "concessions: 400001", 4, "concessions: 400001: expected at most the price of 400000"),
        ("2026-03-02", "2026-01-04", 6, "closing_date: 2026-01-04: expected the contract date 2026-01-05 or later"),
        ("2026-03-02", "3026-03-02", 6, "closing_date: 3026-03-02: expected a day between 1900 and 2100"),
        # Sides and their money.
        ("side: buying\n", "side: listing\n", 14, "sides[1].side: listing: expected each side once, and `both` alone;"),
        ("side: buying\n", "side: both\n", 14, "sides[1].side: both: expected each side once, and `both` alone; put i"),
        ("  agreement: {percent: 2.5}\n", "", 14, "sides[1]: neither: expected a `commission` or an `agreement`; say"),
        ("percent: 3, ", "", 9, "sides[0].commission: no amount: expected one of percent, flat, brackets; say what is"),
        ("percent: 3, ", "percent: 3, brackets: [{percent: 1}], ", 9, "expected either `percent` or `brackets`; remov"),
        ("percent: 3, ", "brackets: [{up_to: 5, percent: 1}], ", 9, "brackets[0].up_to: 5: expected a last level with"),
        ("percent: 3, ", "percent: 3, base: 5, of: price_net, ", 9, "of: price_net: expected either `base` or `of`; r"),
        ("minimum: 500", "minimum: 90001", 9, "minimum: 90001: expected at most the maximum of 90000; exchange"),
        ("percent: 3, ", "flat: -5, ", 9, "sides[0].commission.flat: -5: expected 0 or more; remove the minus sign; w"),
        ("minimum: 500", "in_house: {minimum: 500}", 9, "sides[0].commission.in_house: no amount: expected one of"),
        ("minimum: 500", "in_house: {percent: 1, in_house: {percent: 1}}", 9, "expected `in_house` once; remove the i"),
        ("price: 400000\nconcessions: 2000\n", "", 7, "commission: no price: expected a price that the percentage is"),
        ("price: 400000\nconcessions: 2000\n", "", 14, "offers[0].percent: 2: expected a price that the percentage is"),
        ("percent: 2}", "bonus: true}", 16, "offers[0]: no amount: expected `percent` or `flat`; say how much this pa"),
        ("payer: builder", "payer: company", 16, "payer: company: expected somebody outside the brokerage, such as se"),
        ("amount: 500", "amount: 500, payer: agent", 10, "bonuses[0].payer: agent: expected somebody outside the brok"),
        ("to: company", "to: agent:zoe", 10, "to: agent:zoe: expected an agent of this side; accepted: ann, bob"),
        ("to: company", "to: Company", 10, "bonuses[0].to: Company: expected company, agent (the first of the side) o"),
        ("to: company", "to: broker", 10, "bonuses[0].to: broker: expected company, agent (the first of the side) or"),
        ("to: company", "to: broker", 10, "agent:ID; write company"),
        ("to: company", "to: lead", 10, "agent:ID; write agent:ID, or pay lead by a charge of the deal"),
        ("to: company", "to: 'agent:'", 10, "agent:ID; write agent, or the id too, such as agent:a-17"),
        ("  commission: {", "  agreement: {", 9, "sides[0].agreement: on the listing side: expected the seller's te"),
        # Agents.
        ("agent: bob", "agent: ann", 13, "agents[1].agent: ann: expected each agent once on a side; add the shares up"),
        ("share: 2/3, ", "", 13, "agents[1]: neither: expected exactly one of `share` and `flat`; write `share: 1` fo"),
        ("share: 2/3", "share: 2/3, flat: 1", 13, "sides[0].agents[1]: both: expected exactly one of `share` and `fla"),
        ("share: 2/3", "share: 66.67%", 11, "sides[0].agents: 30001/30000: expected shares that add up to 1 exactly;"),
        ("agent: bob", "agent: company", 13, "agents[1].agent: company: expected an agent's id, not the name of a par"),
        ("agent: bob", "agent: 'agent:bob'", 13, "agents[1].agent: agent:bob: expected an agent's id, not the name of"),
        ("lead: lea", "lead: ann", 12, "agents[0].lead: ann: expected another agent as lead; correct `lead`, or remov"),
        ("left: 2026-12-31", "left: 2024-12-31", 12, "left: 2024-12-31: expected 2025-01-01 or later; correct `left`"),
        ("2024-02-29", "1024-02-29", 12, "anniversary: 1024-02-29: expected a day between 1900 and 2100"),
        ("{agent: ann, flat: 1000}", "{agent: ann, flat: 1000, team: south}", 18, "team: south: expected north, as si"),
        ("flat: 10}]", "flat: 10}, {rule: debt, code: fee, payee: x, flat: 1}]", 13, "deductions[1].rule: debt: expec"),
        ("flat: 10}]", "flat: 10, borne_by: gross}]", 13, "deductions[0].borne_by: gross: expected agent, company or"),
        ("share: 2/3",
         "share: 2/3, terms: [{split: 5, agent: ann, by: Bea, why: yes, document: d, agreed: 2026-01-01}]", 13,
         "terms[0].agent: ann: expected bob, whose terms these are; remove `agent` here"),
        ("{agent: lea, ", "{agent: lea, share: 1, ", 27, "others[0]: lea: expected no share and no flat amount; put a"),
        ("{agent: lea, ", "{agent: cid, ", 27, "others[0].agent: cid: expected an agent who is not named before; say"),
        # Charges, terms and openings.
        ("side: buying, by", "agent: ann, by", 21, "charges[0].agent: ann: expected no agent, because what is off the"),
        ("side: buying, by", "side: buyin, by", 21, "charges[0].side: buyin: expected a side of this deal; did you me"),
        ("percent: 25, side", "percent: 25, of: part, side", 21, "charges[0].of: part: expected a basis of the deal o"),
        ("percent: 25, side", "side", 21, "charges[0]: rule referral without an amount: expected one of flat, percent"),
        ("why: agreed, document: R-1", "agreed: 1826-01-01", 21, "agreed: 1826-01-01: expected a day between 1900 and"),
        ("rule: coaching", "rule: referral", 22, "charges[1].rule: referral: expected a name of its own; another one"),
        (", agent: cid", "", 22, "charges[1].agent: expected an `agent` whose charge it is; add `agent: ID`, because"),
        ("agent: cid}", "agent: cyd}", 22, "charges[1].agent: cyd: expected an agent of this deal; did you mean 'cid'"),
        ("stage: fees, ", "stage: fees, side: buying, ", 22, "charges[1].side: buying: expected no side, because the"),
        ("stage: fees", "stage: split", 22, "charges[1].stage: split: expected another stage, because the split is no"),
        ("waive: desk", "waive: desk, split: 10", 24, "terms[0]: waive and split: expected exactly one of waive, char"),
        ("waive: desk, ", "", 24, "terms[0]: none of them: expected exactly one of waive, charge, split, cap; say wha"),
        ("waive: desk", "waive: desk, flat: 1", 24, "terms[0].flat: 1: expected a `charge` that it is the amount of;"),
        ("waive: desk", "waive: desk, percent: 1", 24, "terms[0].percent: 1: expected a `charge` that it is the amoun"),
        ("waive: desk", "cap: {company_dollar: -1}", 24, "terms[0].cap.company_dollar: -1: expected 0 or more; remove"),
        ("flat: 10, by", "by", 25, "terms[1].charge: neither: expected either `flat` or `percent`; say what is charge"),
        ("flat: 10, by", "flat: 10, percent: 1, by", 25, "terms[1].charge: flat and percent: expected either `flat` o"),
        ("flat: 10, by", "flat: -10, by", 25, "terms[1].flat: -10: expected 0 or more; remove the minus sign"),
        ("until: 2026-12-31}", "until: 2025-12-31}", 24, "terms[0].until: 2025-12-31: expected 2026-01-01 or later"),
        ("{agent: ann, waive", "{agent: amn, waive", 24, "terms[0].agent: amn: expected an agent of this deal; did yo"),
        ("  ann: {", "  amn: {", 29, "opening.amn: expected an agent of this deal, team:NAME or shared:NAME of one; d"),
        ("company_dollar: 100}", "company_dollar: -5}", 29, "opening.ann.company_dollar: -5: expected 0 or more; remo"),
        ("team:north: ", "team:nord: ", 30, "opening.team:nord: expected an agent of this deal, team:NAME or shared:N"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_remedy(old: str, new: str, line: int, message: str) -> None:
    told = mistakes(old, new)
    assert any(one.startswith(f"deal.yaml:{line}: ") and message in one for one in told.splitlines()), told


def test_counters_of_somebody_else_may_stand_beside_those_of_every_agent() -> None:
    opening = "opening:\n  bob: {}\n  cid: {}\n  zoe: {company_dollar: 3}\n"
    assert "zoe" in read_deal(GOOD.replace("opening:\n", opening), "deal.yaml").opening


def test_a_zero_commission_is_written_as_such() -> None:
    read = read_deal(GOOD.replace("{percent: 3, minimum: 500, maximum: 90000}", "{flat: 0}"), "deal.yaml")
    assert read.sides[0].commission is not None
    assert read.sides[0].commission.flat == 0


def test_what_an_account_says_about_its_agent_is_checked_alike() -> None:
    assert read_details("anniversary: 2024-03-01\nflags: [new]", "ann.yaml").flags == ("new",)
    text = "joined: 2026-01-01\nleft: 2025-01-01\ndeductions: [{rule: d, code: fee, payee: x}]\n"
    text += "terms: [{by: Bea, why: yes, document: d, agreed: 2026-01-01}]"
    with pytest.raises(ConfigurationError) as caught:
        read_details(text, "ann.yaml")
    assert str(caught.value).splitlines()[0] == "ann.yaml: 3 mistakes"


def test_any_part_of_the_language_can_stand_in_a_file_of_its_own() -> None:
    read = read_as(Opening, "as_of: 2026-06-30\ncounters: {company_dollar: 8400}", "opening.yaml")
    assert read.counters == {"company_dollar": 840000}
    with pytest.raises(ConfigurationError, match="as_of: 20260630: expected a day such as 2026-01-31"):
        read_as(Opening, "as_of: 20260630\ncounters: {company_dollar: 8400}", "opening.yaml")


def test_agents_without_a_list_are_told_how_to_write_one() -> None:
    deal = "deal: 1\nclosing_date: 2026-01-02\nsides:\n- {side: listing, commission: {flat: 1}, agents: dana}"
    with pytest.raises(ConfigurationError) as caught:
        read_deal(deal, "deal.yaml")
    assert "dana: expected a list of agents; write `agents: [{agent: dana, share: 1}]`" in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        read_deal(deal.replace("dana", "[dana, bob]"), "deal.yaml")
    assert "write `{agent: bob, share: 1/2}`" in str(caught.value)


def test_a_value_that_an_alias_left_out_is_not_missed_elsewhere() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_deal(GOOD.replace("price: 400000", "number: &n 400000\nprice: *n"), "deal.yaml")
    assert str(caught.value).splitlines()[0] == "deal.yaml: 1 mistake"

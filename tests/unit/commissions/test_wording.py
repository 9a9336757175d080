"""Each line of a calculation is told in words, and no figure is told that its data does not hold."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.engine import GoverningPlan, compute
from commissions.files.reading import read_deal, read_plan
from commissions.wording import explain_calculation, sentence
from commissions.wording_figures import counted, dollars, exact_dollars, percent
from domain.commission.calculation import Calculation, Code, CounterKey, Line, Movement, Receivable, Stage
from domain.errors import CommissionRefused
from domain.money import Money
from tests.oracle.compare import engine
from tests.oracle.generate import cases

PLAN = """\
plan: example
title: Example
counters:
  company_dollar: {cap: 18000}
  royalty_base: {cap: 50000}
split: {company: 30, of: part, capped_by: company_dollar, after_cap: 10}
royalty:
- {rule: royalty, code: royalty, title: Royalty, payee: franchisor, percent: 6, capped_by: royalty_base, cap_on: basis}
fees:
- {rule: desk, code: fee, title: Desk fee, payee: company, flat: 285}
- {rule: wire, code: fee, title: Wire, payee: bank, lesser_of: [{flat: 30}, {percent: 1, of: left}]}
- {rule: levy, code: levy, title: Levy, payee: city, percent: 1, of: part, maximum: 50}
deductions:
- {rule: debt, code: deduction, title: Advance, payee: lender, flat: 90000}
"""
DEAL = """\
deal: d-1
price: 400000
closing_date: 2026-03-02
sides:
- side: buying
  agreement: {percent: 3}
  offers: [{payer: seller, percent: 2}, {payer: builder, flat: 9000}]
  agents:
  - {agent: dana, share: 1, anniversary: 2020-01-01}
terms:
- {agent: dana, waive: desk, by: Bea, why: first deal, document: mail, agreed: 2026-01-01}
opening: {dana: {company_dollar: 15000, royalty_base: 45000}}
"""
NAMES = {"dana": "Dana Diaz"}


@pytest.fixture(scope="module")
def calculation() -> Calculation:
    plan = read_plan(PLAN, "plan.yaml")
    return compute(read_deal(DEAL, "deal.yaml"), {"dana": GoverningPlan(plan, "file")})


@pytest.mark.parametrize(
    ("code", "rule", "told"),
    [
        (Code.COMMISSION, "", "Commission: the seller offered 8,000.00; the seller pays 8,000.00."),
        (
            Code.PART,
            "",
            (
                "Part of the commission: 100 % of what the side has to share, 12,000.00, is 12,000.00; "
                "Dana Diaz gets 12,000.00."
            ),
        ),
        (
            Code.SPLIT,
            "",
            (
                "Company dollar: 30 % of Dana Diaz's part, 12,000.00, is 3,600.00; only 3,000.00 of the cap of "
                "18,000.00 on company_dollar was left; Dana Diaz pays the company 3,000.00. "
                "It moves Dana Diaz's company_dollar from 15,000.00 to 18,000.00 of 18,000.00."
            ),
        ),
        (
            Code.SPLIT_AFTER_CAP,
            "",
            (
                "Company dollar after the cap: 10 % of Dana Diaz's part, 2,000.00, is 200.00; "
                "Dana Diaz pays the company 200.00."
            ),
        ),
        (
            Code.ROYALTY,
            "royalty",
            (
                "Royalty: 6 % of Dana Diaz's part, 5,000.00, is 300.00; the basis is what was left of the cap of "
                "50,000.00 on royalty_base; Dana Diaz pays franchisor 300.00. "
                "It moves Dana Diaz's royalty_base from 45,000.00 to 50,000.00 of 50,000.00."
            ),
        ),
        (
            Code.FEE,
            "desk",
            (
                "Desk fee: waived; Dana Diaz pays the company 0.00. "
                "Exception, agreed by Bea on 2026-01-01: first deal (mail)."
            ),
        ),
        (Code.FEE, "wire", "Wire: that is the least of the alternatives; Dana Diaz pays bank 30.00."),
        (
            Code.LEVY,
            "levy",
            (
                "Levy: 1 % of Dana Diaz's part, 12,000.00, is more than the rule takes at most, 50.00; "
                "Dana Diaz pays city 50.00."
            ),
        ),
        (
            Code.DEDUCTION,
            "debt",
            "Advance: only 8,420.00 was left to take it from, and the rest is owed; Dana Diaz pays lender 8,420.00.",
        ),
    ],
)
def test_a_line_is_told_with_its_rule_its_basis_and_what_cut_it(
    calculation: Calculation, code: Code, rule: str, told: str
) -> None:
    line = next(line for line in calculation.lines if line.code is code and line.rule == rule)
    assert sentence(line, calculation, NAMES) == told


def test_an_offer_beyond_the_buyer_agreement_says_how_much_of_it_is_payable(calculation: Calculation) -> None:
    line = next(line for line in calculation.lines if line.payer == "builder")
    assert sentence(line, calculation) == (
        "Commission: the builder offered 9,000.00; under the buyer agreement 4,000.00 of it may be taken; "
        "the builder pays 4,000.00."
    )


def test_without_its_calculation_a_line_is_told_without_counters(calculation: Calculation) -> None:
    line = next(line for line in calculation.lines if line.code is Code.SPLIT)
    assert sentence(line) == (
        "Company dollar: 30 % of dana's part, 12,000.00, is 3,600.00; only 3,000.00 of the cap on company_dollar was "
        "left; dana pays the company 3,000.00."
    )


def test_a_calculation_is_told_stage_by_stage_with_what_everybody_gets(calculation: Calculation) -> None:
    steps = explain_calculation(calculation, NAMES)
    assert [step.heading for step in steps] == [
        "Plans",
        "Who pays the commission",
        "The agents' parts",
        "Split with the company, Dana Diaz",
        "Royalty, Dana Diaz",
        "Fees, Dana Diaz",
        "Deductions, Dana Diaz",
        "What everybody gets",
        "Still owed",
    ]
    assert sum(len(step.sentences) for step in steps if step.stage) == len(calculation.lines)
    assert steps[-2].sentences[-1] == "Together: 12,000.00, which is what the payers pay."
    assert steps[-1].sentences == ("Dana Diaz still owes lender 81,580.00 of debt.",)


ROUNDED = PLAN.replace("company: 30", "company: 33.3")


def test_an_amount_that_was_rounded_is_told_before_and_after() -> None:
    deal = DEAL.replace("percent: 3", "flat: 1000.01").replace("company_dollar: 15000, ", "")
    rounded = compute(read_deal(deal, "deal.yaml"), {"dana": GoverningPlan(read_plan(ROUNDED, "plan.yaml"), "file")})
    line = next(line for line in rounded.lines if line.code is Code.SPLIT)
    assert "33.3 % of dana's part, 1,000.01, is 333.00333, rounded to 333.00;" in sentence(line, rounded)


def test_what_an_agent_owes_after_a_negative_part_is_told() -> None:
    owed = Receivable("dana", "company", "", Money.of_cents(500))
    empty = Calculation("d", date(2026, 1, 1), "USD", "half_up", Money.of_cents(0), (), {}, {}, {}, {}, (owed,), ())
    told = explain_calculation(empty)[-1].sentences
    assert told == ("dana still owes the company 5.00, because the deductions were more than the part.",)


AMOUNTS = st.integers(0, 10**11).map(Money.of_cents)
RATES = st.one_of(st.none(), st.builds(Fraction, st.integers(0, 10000), st.sampled_from([1, 3, 7, 100, 1000])))
OF = st.sampled_from(["price", "part", "left", "offer", "leg", "floor", "royalty", "part + fee - royalty", ""])
LIMITS = st.sampled_from(
    [
        "",
        "cap company_dollar",
        "cap units",
        "maximum",
        "minimum",
        "left",
        "agreement",
        "lesser_of",
        "greater_of",
        "waived",
    ]
)
KEYS = st.builds(
    CounterKey, st.sampled_from(["ann", "team:north"]), st.sampled_from(["company_dollar", "units"]), st.just("")
)
LINES = st.builds(
    Line,
    seq=st.just(1),
    stage=st.sampled_from(Stage),
    code=st.sampled_from(Code),
    rule=st.sampled_from(["", "desk"]),
    title=st.sampled_from(["", "Desk fee"]),
    agent=st.sampled_from(["", "ann"]),
    side=st.just("0 listing"),
    payer=st.sampled_from(["gross", "ann", "company", "outside", "seller"]),
    payee=st.sampled_from(["gross", "ann", "company", "bank"]),
    of=OF,
    basis=st.one_of(st.none(), AMOUNTS),
    rate=RATES,
    raw=st.builds(Fraction, st.integers(0, 10**11), st.sampled_from([1, 3, 100])),
    amount=AMOUNTS,
    limit=LIMITS,
    moves=st.dictionaries(KEYS, st.integers(-(10**9), 10**9), max_size=2).map(
        lambda moved: tuple(Movement(key, delta) for key, delta in moved.items())
    ),
    term=st.sampled_from(["", "agreed by Bea"]),
    memo=st.booleans(),
)  # fmt: skip


def figures_of(line: Line, calculation: Calculation) -> set[str]:
    """Every figure that the line, and the counters it moves, hold."""
    figures = {dollars(line.amount.cents), exact_dollars(line.raw).removeprefix("about ")}
    figures |= {dollars(line.basis.cents)} if line.basis is not None else set()
    figures |= set(re.findall(r"[0-9.]+", percent(line.rate))) if line.rate is not None else set()
    for key, cap in calculation.caps.items():
        figures.add(counted(key.counter, cap))
    for move in line.moves:
        before = calculation.opening.get(move.key, 0)
        figures |= {counted(move.key.counter, before), counted(move.key.counter, before + move.delta)}
    return {figure.lstrip("-") for figure in figures}


@given(LINES, st.dictionaries(KEYS, st.integers(0, 10**9)), st.dictionaries(KEYS, st.integers(0, 10**9)))
def test_any_line_has_a_sentence_whose_figures_all_come_from_it(
    line: Line, opening: dict[CounterKey, int], caps: dict[CounterKey, int]
) -> None:
    moved = {move.key: move.delta for move in line.moves}
    whole = Calculation(
        "d", date(2026, 1, 1), "USD", "half_up", line.amount, (line,), {}, opening, moved, caps, (), ()
    )  # fmt: skip
    told = sentence(line, whole)
    assert told.endswith(".")
    figures = re.findall(r"[0-9][0-9,]*(?:\.[0-9]+)?", told)
    assert set(figures) <= figures_of(line, whole), told
    assert dollars(line.amount.cents).lstrip("-") in told


@pytest.mark.parametrize("seed", range(12))
def test_every_line_of_random_deals_is_told_with_its_amount(seed: int) -> None:
    for case in cases(seed, 2):
        try:
            calculation = engine(case.deal, case.plans)
        except CommissionRefused:
            continue
        told = [text for step in explain_calculation(calculation) if step.stage for text in step.sentences]
        assert len(told) == len(calculation.lines)
        assert all(dollars(abs(line.amount.cents)) in " ".join(told) for line in calculation.lines)

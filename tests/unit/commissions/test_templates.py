"""The plans we ship: readable, sourced, honest about what is verified, and right about the figures they print."""

from __future__ import annotations

from pathlib import Path

import pytest

import commissions
from commissions.files.reading import read_plan
from tests.unit.commissions.plan_page import result

PLANS = Path(str(commissions.__file__)).parent / "plans"
FILES = sorted(PLANS.glob("*.yaml"))
NAMES = [file.stem for file in FILES]

CLOSING = "closing_date: 2026-10-27"
DANA = "agent: dana, share: 1, anniversary: 2024-03-15"


def _deal(commission: str, agents: str = f"[{{{DANA}}}]", more: str = "") -> str:
    return f"""
deal: D-1
price: 400000
{CLOSING}
sides:
  - side: listing
    commission: {{flat: {commission}}}
    agents: {agents}
{more}
"""


def _opening(**counters: int) -> str:
    return "opening: {dana: {" + ", ".join(f"{name}: {value}" for name, value in counters.items()) + "}}"


def test_there_is_a_template_for_every_kind_of_plan_that_we_promise() -> None:
    promised = "keller-williams exp real remax coldwell-banker flat-fee-100 graduated in-house-team"

    assert set(promised.split()) <= set(NAMES)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_template_is_a_plan_without_mistakes_that_names_its_sources(file: Path) -> None:
    plan = read_plan(file.read_text(encoding="utf-8"), file.name)

    assert plan.plan == file.stem
    assert plan.sources
    assert all(source.url.startswith("http") and source.says for source in plan.sources)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_template_whose_figures_nobody_compared_with_an_agreement_says_so_and_why(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert read_plan(text, file.name).status == "example"
    assert "# Why an example: " in text


SCENARIOS = [
    pytest.param(
        "keller-williams",
        _deal("20000", more=_opening(company_dollar=15000, royalty_base=44000)),
        "dana 16640.00, company 3000.00, franchisor 360.00, dana company_dollar 18000.00, dana royalty_base 50000.00",
        id="Keller Williams cuts company dollar and royalty base where each is used up",
    ),
    pytest.param(
        "exp",
        _deal("12000", more=_opening(company_dollar=16000, capped_fees=250, risk_fees=240)),
        "dana 11665.00, company 335.00, dana company_dollar 16000.00, dana capped_fees 500.00, dana risk_fees 300.00",
        id="eXp takes the capped fee after the cap",
    ),
    pytest.param(
        "exp",
        _deal("12000", more=_opening(company_dollar=16000, capped_fees=5000, risk_fees=740)),
        "dana 11890.00, company 110.00, dana company_dollar 16000.00, dana capped_fees 5075.00, dana risk_fees 750.00",
        id="eXp takes 75 once 5,000 of capped fees are paid, and no more risk fee than its cap",
    ),
    pytest.param(
        "exp",
        _deal("10000", more=_opening(company_dollar=15900)),
        "dana 9815.00, company 185.00, dana company_dollar 16000.00, dana capped_fees 0.00, dana risk_fees 60.00",
        id="eXp takes no capped fee on the deal that reaches the cap",
    ),
    pytest.param(
        "exp",
        _deal("9000", f"[{{{DANA}, mentor: mia, flags: [mentored]}}]"),
        "dana 5315.00, company 2785.00, mia 900.00, "
        "dana company_dollar 1800.00, dana capped_fees 0.00, dana risk_fees 60.00",
        id="eXp and the mentor get 10 % each of a mentored deal",
    ),
    pytest.param(
        "exp",
        _deal("10000", f"[{{{DANA}, flags: [equity]}}]"),
        "dana 7519.25, company 2085.00, equity_program 395.75, "
        "dana company_dollar 2000.00, dana capped_fees 0.00, dana risk_fees 60.00",
        id="eXp agent equity is 5 % of what splits and fees leave",
    ),
    pytest.param(
        "real",
        _deal("10000"),
        "dana 8220.00, company 1780.00, dana company_dollar 1500.00, dana brokerage_fee 250.00",
        id="Real takes an instalment of 250 on each of the first deals",
    ),
    pytest.param(
        "real",
        _deal(
            "10000",
            "[{agent: amy, share: 60%, anniversary: 2024-03-15}, {agent: cy, share: 40%, anniversary: 2024-03-15}]",
            "opening:\n  amy: {company_dollar: 12000, brokerage_fee: 750}\n"
            "  cy: {company_dollar: 12000, brokerage_fee: 750}",
        ),
        "amy 5811.00, cy 3874.00, company 315.00, amy company_dollar 12000.00, "
        "amy brokerage_fee 750.00, cy company_dollar 12000.00, cy brokerage_fee 750.00",
        id="Real shares the transaction fee out among co-agents who have capped",
    ),
    pytest.param(
        "real",
        _deal("1500", more="type: lease\n" + _opening(company_dollar=12000, brokerage_fee=750)),
        "dana 1345.00, company 155.00, dana company_dollar 12000.00, dana brokerage_fee 750.00",
        id="Real takes 125 of a lease where 15 % would be more",
    ),
    pytest.param(
        "remax",
        _deal("10000"),
        "dana 9500.00, company 400.00, franchisor 100.00, dana gci 10000.00, dana company_dollar 500.00",
        id="RE/MAX pays the franchisor out of the broker's 5 %",
    ),
    pytest.param(
        "coldwell-banker",
        _deal("12345.67"),
        "dana 7422.84, company 3996.91, franchisor 679.01, "
        "marketing_fund 246.91, dana gci 11419.75, dana company_dollar 3996.91",
        id="the franchise takes royalty and marketing as two rounded lines off the top",
    ),
    pytest.param(
        "flat-fee-100",
        _deal("5000"),
        "dana 4500.00, company 500.00, dana gci 5000.00, dana deal_count 1.00",
        id="100 % less 500 from a commission of 5,000 on",
    ),
    pytest.param(
        "flat-fee-100",
        _deal("4000"),
        "dana 3800.00, company 200.00, dana gci 4000.00, dana deal_count 1.00",
        id="100 % less 5 % below it",
    ),
    pytest.param(
        "flat-fee-by-count",
        _deal("7500"),
        "dana 6550.00, company 950.00, dana deal_count 1.00, dana annual_fees 500.00",
        id="the first deal of the year carries the annual fee",
    ),
    pytest.param(
        "flat-fee-by-count",
        _deal("7500", more=_opening(deal_count=12, annual_fees=500)),
        "dana 7401.00, company 99.00, dana deal_count 13.00, dana annual_fees 500.00",
        id="the thirteenth deal costs 99",
    ),
    pytest.param(
        "flat-fee-by-month",
        _deal("7500"),
        "dana 7001.00, company 499.00, dana deal_count 1.00",
        id="the first deal of a month costs 499",
    ),
    pytest.param(
        "flat-fee-by-month",
        _deal("7500", more=_opening(deal_count=1)),
        "dana 7201.00, company 299.00, dana deal_count 2.00",
        id="the second deal of a month costs 299",
    ),
    pytest.param(
        "graduated",
        _deal("15000", more=_opening(gci=95000)),
        "dana 11500.00, company 3500.00, dana gci 110000.00, dana company_dollar 3500.00",
        id="graduated splits each slice by its own level",
    ),
    pytest.param(
        "in-house-team",
        _deal("10000", f"[{{{DANA}, lead: lea}}]"),
        "dana 3805.00, lea 4000.00, company 2195.00, dana gci 10000.00, "
        "dana company_dollar 1000.00, lea gci 5000.00, lea company_dollar 1000.00",
        id="half goes to the lead first, and each half through the split",
    ),
]


@pytest.mark.parametrize(("name", "deal", "expected"), SCENARIOS)
def test_a_template_computes_what_its_sources_print(name: str, deal: str, expected: str, tmp_path: Path) -> None:
    plan = (PLANS / f"{name}.yaml").read_text(encoding="utf-8")

    assert result(tmp_path, (plan,), deal) == frozenset(expected.split(", "))

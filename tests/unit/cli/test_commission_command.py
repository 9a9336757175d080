"""`dealwire commission` and `statement`: what a deal comes to, as people and scripts read it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Api, refusal, refused, run, told
from tests.unit.cli.files import DEAL, PLAN

OTHER = PLAN.replace("plan: house", "plan: other").replace("company: 30", "company: 20")


@pytest.fixture
def deal(tmp_path: Path) -> Path:
    return written(tmp_path, "deal.yaml", DEAL)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return written(tmp_path, "plan.yaml", PLAN)


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


# ---------------------------------------------------------------------------------------------------- preview of files


def test_a_deal_of_files_is_computed_without_a_cloud(deal: Path, plan: Path) -> None:
    made = told("commission", "preview", "--deal", deal, "--plan", plan)
    assert made["gross"] == "15000.00"
    assert made["payees"] == {"dana": "6500.00", "sam": "5250.00", "company": "3250.00"}
    assert made["counters_after"] == {"dana": {"company_dollar": "18000.00"}, "sam": {"company_dollar": "2250.00"}}
    line = next(line for line in made["lines"] if line["code"] == "split")
    expected = {
        "stage": "split", "payer": "dana", "payee": "company", "basis": "7500.00", "rate": "30", "amount": "1000.00",
        "counters": {"dana": {"company_dollar": "1000.00"}}, "limit": "cap company_dollar",
    }  # fmt: skip
    assert line | expected == line
    assert [line["seq"] for line in made["lines"]] == list(range(1, len(made["lines"]) + 1))
    assert (made["receivables"], made["governing"][0]["version"]) == ([], "file")


def test_a_person_reads_lines_payees_and_counters(deal: Path, plan: Path) -> None:
    said = run("commission", "preview", "--deal", deal, "--plan", plan).stdout
    for part in ("Deal D-1, closing 2026-10-01, gross 15000.00 USD", "cap company_dollar", "6500.00", "18000.00"):
        assert part in said


def test_each_agent_follows_the_plan_that_the_deal_names(tmp_path: Path, plan: Path) -> None:
    text = DEAL.replace("licence: L-1", "licence: L-1, plan: house").replace(
        "licence: L-2", "licence: L-2, plan: other"
    )
    deal, other = written(tmp_path, "deal.yaml", text), written(tmp_path, "other.yaml", OTHER)
    made = told("commission", "preview", "--deal", deal, "--plan", plan, "--plan", other)
    assert made["payees"]["company"] == "2500.00"
    assert [(one["agent"], one["plan"]) for one in made["governing"]] == [("dana", "house"), ("sam", "other")]


def test_one_plan_is_everybodys_even_a_leads(tmp_path: Path) -> None:
    team = PLAN.replace("split:", "team:\n  - {rule: lead, code: team, payee: lead, percent: 50, splits: true}\nsplit:")
    text = DEAL.replace("licence: L-1", "licence: L-1, lead: ruth")
    deal, plan = written(tmp_path, "deal.yaml", text), written(tmp_path, "plan.yaml", team)
    made = told("commission", "preview", "--deal", deal, "--plan", plan)
    assert made["payees"]["ruth"] == "2625.00"
    assert {one["agent"]: one["plan"] for one in made["governing"]} == dict.fromkeys(("dana", "sam", "ruth"), "house")


def test_as_of_computes_as_if_it_closed_that_day(deal: Path, plan: Path) -> None:
    made = told("commission", "preview", "--deal", deal, "--plan", plan, "--as-of", "2027-01-15")
    assert made["closing_date"] == "2027-01-15"
    said = run("commission", "preview", "--deal", deal, "--plan", plan, "--as-of", "2026-08-01")
    assert said.exit_code == 1
    assert "closing_date = 2026-08-01: expected a day not before the contract date 2026-09-01" in said.stderr


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("percent: 3", "percent: 300"), ":7: "),
        (('share: "1/2", licence: L-1', 'share: "1/3", licence: L-1'), "shares that add up to 1"),
        (("dana: {company_dollar", "dana: {company_dolar"), "company_dolar"),
        (("licence: L-1", "licence: L-1, plan: nope"), "plan of dana is nope: expected one of house"),
    ],
)
def test_a_deal_that_cannot_be_computed_says_why(
    change: tuple[str, str], says: str, tmp_path: Path, plan: Path
) -> None:
    deal = written(tmp_path, "deal.yaml", DEAL.replace(*change))
    answer = run("commission", "preview", "--deal", deal, "--plan", plan, "--json")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert says in answer.stderr


def test_of_several_plans_each_agent_must_name_one(tmp_path: Path, deal: Path, plan: Path) -> None:
    other = written(tmp_path, "other.yaml", OTHER)
    said = refused("commission", "preview", "--deal", deal, "--plan", plan, "--plan", other)
    assert "plan of dana is not named: expected one of house, other" in said
    assert "is given twice" in refused("commission", "preview", "--deal", deal, "--plan", plan, "--plan", plan)


def test_what_is_to_be_previewed_must_be_said_once(deal: Path, plan: Path) -> None:
    said = "give either DEAL, or --deal FILE with --plan FILE"
    assert said in refused("commission", "preview", status=2)
    assert said in refused("commission", "preview", "transactions/T-1", "--deal", deal, status=2)
    assert said in refused("commission", "preview", "transactions/T-1", "--plan", plan, status=2)
    assert "give the plan too" in refused("commission", "preview", "--deal", deal, status=2)
    assert "'soon' is no day" in refused("commission", "preview", "T-1", "--as-of", "soon", status=2)


# ---------------------------------------------------------------------------------------------------- of the store


@pytest.fixture
def calculation(deal: Path, plan: Path) -> Any:
    return told("commission", "preview", "--deal", deal, "--plan", plan)


def commission(calculation: Any, **changes: Any) -> dict[str, Any]:
    adjustment = {
        "code": "split", "rule": "", "title": "Company dollar", "agent": "dana", "payer": "dana", "payee": "company",
        "before": "900.00", "after": None, "delta": "-900.00",
    }  # fmt: skip
    posted = {
        "id": "id-1/2", "number": 2, "reason": "amended", "at": "2026-10-02T03:04:05Z", "supersedes": 1,
        "after_payment": True, "gross": "15000.00", "adjustments": [adjustment],
    }  # fmt: skip
    record = {
        "account": "dana", "name": "Dana", "side": "listing", "plan": "house@2026-01-01", "gci": "7500.00",
        "company_dollar": "1000.00", "fees": "0.00", "net": "6500.00", "status": "active",
    }  # fmt: skip
    return {
        "deal": "id-1", "name": "transactions/T-1", "standing": "settled", "needs": "", "due": False, "paid": True,
        "cda": "sent", "calculation": calculation, "history": [posted], "records": [record], **changes,
    }  # fmt: skip


def test_a_deal_of_the_store_is_previewed_there(api: Api, calculation: Any) -> None:
    api.answers["commission-preview"] = {"deal": "id-1", "name": "transactions/T-1", "calculation": calculation}
    assert told("commission", "preview", "transactions/T-1", "--as-of", "2026-10-01") == calculation
    (request,) = api.requests("commission-preview")
    assert (request.deal, str(request.as_of)) == ("transactions/T-1", "2026-10-01")


def test_a_settled_deal_shows_lines_records_and_adjustments(api: Api, calculation: Any) -> None:
    api.answers["commission"] = commission(calculation)
    said = run("commission", "show", "transactions/T-1").stdout
    for part in (
        "transactions/T-1: commission: settled; CDA sent", "6500.00", "house@2026-01-01", "-900.00",
        "calculation id-1/2 of 2026-10-02 03:04:05Z: amended, gross 15000.00, after payment",
    ):  # fmt: skip
        assert part in said
    assert told("commission", "show", "transactions/T-1")["records"][0]["net"] == "6500.00"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"standing": "needs", "needs": "a plan of dana", "due": True}, "commission: needs a plan of dana"),
        ({"standing": "none"}, "no commission is due yet"),
        ({"standing": "none", "due": True}, "commission: is being settled"),
        ({"due": True}, "commission: settled; a change is being settled"),
        ({"standing": "reversed"}, "commission: reversed"),
    ],
)
def test_where_a_commission_stands_is_said_first(api: Api, changes: dict[str, Any], says: str) -> None:
    api.answers["commission"] = commission(None, history=[], records=[], cda="", **changes)
    assert run("commission", "show", "transactions/T-1").stdout == f"transactions/T-1: {says}\n"


def test_a_calculation_is_explained_step_by_step(api: Api) -> None:
    steps = [{"stage": "split", "heading": "Split with the company", "sentences": ["30 % of [bold]7,500.00."]}]
    api.answers["commission-explain"] = {"id": "id-1/2", "steps": steps}
    said = run("commission", "explain", "transactions/T-1/2").stdout
    assert said == "Calculation id-1/2\n\nSplit with the company\n- 30 % of [bold]7,500.00.\n"
    assert api.requests("commission-explain")[0].calculation == "transactions/T-1/2"
    assert told("commission", "explain", "transactions/T-1/2")["steps"] == steps


def test_a_deal_that_is_not_there_is_exit_status_3(api: Api) -> None:
    for action, words in (
        ("commission", ("show",)), ("commission-explain", ("explain",)), ("commission-preview", ("preview",)),
    ):  # fmt: skip
        api.answers[action] = refusal(404, "there is no deal 'transactions/T-404'")
        assert "there is no deal" in refused("commission", *words, "transactions/T-404", status=3)


# ---------------------------------------------------------------------------------------------------- statement


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


DOCUMENT: dict[str, Any] = {
    "account": "contact-1", "name": "Dana [bold]Reyes", "licence": "L-1", "brokerage": "Example Realty", "year": 2026,
    "as_of": "2026-10-02", "currency": "USD",
    **{name: money("1.00") for name in ("company_dollar", "fees", "pending", "adjusted")},
    "gci": money("7500.00"), "net": money("6500.00"), "paid": money("6400.00"),
    "caps": [
        {
            "key": {"owner": "contact-1", "counter": "company_dollar", "period": "2026-01-01"},
            "used": 1_700_000, "cap": 1_800_000, "left": 100_000,
        },
        {
            "key": {"owner": "contact-1", "counter": "units", "period": "2026-01-01"},
            "used": 250, "cap": None, "left": None,
        },
    ],
    "deals": [
        {
            "deal_id": "id-1", "reference": "R-1", "closing_date": "2026-10-01", "standing": "needs",
            "needs": "a plan", "calculation": "id-1/2", "plan": "house@2026-01-01", "gci": money("7500.00"),
            "company_dollar": money("1000.00"), "fees": money("0.00"), "net": money("6500.00"), "paid": None,
            "lines": [
                {"title": "Company dollar", "sentence": "30 % of it.", "amount": money("1000.00"),
                 "yours": money("-1000.00")},
            ],
            "exceptions": ["agreed by Ruth on 2026-01-01: hiring (letter)"],
        }
    ],
    "adjustments": [
        {
            "deal": "R-1", "calculation": "id-1/2", "posted": "2026-10-02", "title": "Desk fee",
            "before": money("-10.00"), "after": money("-25.00"), "delta": money("-15.00"),
        }
    ],
    "debts": [{"deal": "R-1", "owed_to": "company", "what": "desk fee", "amount": money("12.50")}],
    "rounding": ["Each line is rounded once."],
}  # fmt: skip
LACKING = [{"deal": "transactions/T-9", "closing_date": "2026-10-01", "needs": "a plan of contact-1"}]
STATEMENT: dict[str, Any] = {
    "account": "contact-1", "name": "Dana", "year": 2026, "document": DOCUMENT, "lacking": LACKING, "pdf_base64": "",
}  # fmt: skip


def test_a_statement_shows_the_year_the_caps_and_every_deal(api: Api) -> None:
    api.answers["statement"] = STATEMENT
    said = run("statement", "transactions/A-1", "--year", "2026").stdout
    for part in (
        "Statement of Dana [bold]Reyes for 2026, as of 2026-10-02", "7500.00", "17000.00", "1000.00", "2.50",
        "R-1, closed 2026-10-01: needs, net 6500.00; commission: needs a plan", "30 % of it.", "-1000.00",
        "exception: agreed by Ruth on 2026-01-01: hiring (letter)", "-15.00",
        "still owed to company: 12.50, desk fee (deal R-1)",
        "transactions/T-9: commission: needs a plan of contact-1",
    ):  # fmt: skip
        assert part in said
    (request,) = api.requests("statement")
    assert (request.agent, request.year, request.pdf) == ("transactions/A-1", 2026, False)


def test_a_statement_is_written_as_pdf_where_it_is_asked_for(api: Api, tmp_path: Path) -> None:
    api.answers["statement"] = STATEMENT | {"pdf_base64": base64.b64encode(b"%PDF-1.4").decode()}
    file = tmp_path / "dana.pdf"
    made = told("statement", "transactions/A-1", "--pdf", file)
    assert file.read_bytes() == b"%PDF-1.4"
    assert (made["pdf"]["bytes"], made["document"]["name"]) == (8, "Dana [bold]Reyes")
    assert "pdf_base64" not in made
    assert api.requests("statement")[0].pdf
    assert f"{file} has 8 bytes, SHA-256 " in run("statement", "transactions/A-1", "--pdf", file).stdout


def test_a_statement_of_nobody_is_exit_status_3(api: Api) -> None:
    api.answers["statement"] = refusal(404, "agent 'x' is unknown")
    assert "is unknown" in refused("statement", "x", status=3)

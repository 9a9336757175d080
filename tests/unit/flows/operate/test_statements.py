"""An agent's statement: their year out of the ledgers, as data and as PDF."""

from __future__ import annotations

import base64
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from tests.unit.flows.operate.brokerage import DANA, SAM, Brokerage


@pytest.fixture
def office() -> Brokerage:
    made = Brokerage()
    made.ready()
    return made


def of(office: Brokerage, who: str = DANA, **more: Any) -> Any:
    return office.done("statement", agent=who, **more)


def test_a_year_adds_up_what_is_pending_and_what_is_paid(office: Brokerage) -> None:
    office.settled("T-1", day="2026-05-10")
    office.settled("T-2", day="2026-05-20", agents={"A-1": "1/2", "A-2": "1/2"})
    office.done("cda-approve", deal="transactions/T-1")
    office.done("cda-send", deal="transactions/T-1", to=["closings@title.example"])
    told = of(office, "transactions/A-1")
    made = told["document"]
    assert (told["account"], told["name"], told["year"], made["brokerage"]) == (
        DANA, "Dana Reyes", 2026, "Example Realty LLC",
    )  # fmt: skip
    sums = {name: made[name]["amount"] for name in ("gci", "company_dollar", "net", "paid", "pending", "adjusted")}
    assert sums == {
        "gci": "18000.00", "company_dollar": "5400.00", "net": "12600.00", "paid": "8400.00", "pending": "4200.00",
        "adjusted": "0.00",
    }  # fmt: skip
    (cap,) = made["caps"]
    assert (cap["used"], cap["cap"], cap["left"]) == (540_000, 1_800_000, 1_260_000)
    assert [(deal["reference"], deal["standing"]) for deal in made["deals"]] == [
        ("R-T-1", "paid"),
        ("R-T-2", "pending"),
    ]


def test_what_changed_after_payment_is_an_adjustment(office: Brokerage) -> None:
    office.settled("T-1")
    office.done("cda-approve", deal="transactions/T-1")
    office.done("cda-send", deal="transactions/T-1", to=["closings@title.example"])
    office.close("T-1", sale_price="410000.00")
    office.settle()
    made = of(office)["document"]
    assert made["adjusted"]["amount"] == "210.00"
    assert made["adjustments"]


def sent(office: Brokerage, deal: str = "transactions/T-1") -> None:
    office.done("cda-approve", deal=deal)
    office.done("cda-send", deal=deal, to=["closings@title.example"])


def test_a_closing_that_was_paid_and_rescinded_is_owed_back(office: Brokerage) -> None:
    office.settled("T-1")
    sent(office)
    office.close("T-1", status="Under Contract")
    office.settle()
    made = of(office)["document"]
    assert [(deal["reference"], deal["standing"], deal["paid"]["amount"]) for deal in made["deals"]] == [
        ("R-T-1", "reversed", "8400.00")
    ]
    assert (made["net"]["amount"], made["adjusted"]["amount"]) == ("0.00", "-8400.00")
    assert sorted(one["delta"]["amount"] for one in made["adjustments"]) == ["-12000.00", "3600.00"]
    assert of(office, year=2025)["document"]["adjustments"] == []


def test_an_agent_who_was_taken_off_a_paid_deal_owes_their_part_back(office: Brokerage) -> None:
    office.settled("T-1", agents={"A-1": "1/2", "A-2": "1/2"})
    sent(office)
    office.close("T-1", agents={"A-1": "1"})
    office.settle()
    made = of(office, SAM)["document"]
    assert (made["paid"]["amount"], made["net"]["amount"], made["adjusted"]["amount"]) == (
        "4200.00", "0.00", "-4200.00",
    )  # fmt: skip
    assert [deal["reference"] for deal in made["deals"]] == ["R-T-1"]
    assert sum(Decimal(one["delta"]["amount"]) for one in made["adjustments"]) == -4200
    assert of(office)["document"]["adjusted"]["amount"] == "4200.00"


def test_a_deal_that_moved_to_another_day_is_on_the_statement_once(office: Brokerage) -> None:
    office.settled("T-1", day="2026-05-20")
    office.close("T-1", day="2026-05-18")
    office.settle()
    (deal,) = of(office)["document"]["deals"]
    assert (deal["closing_date"], deal["standing"]) == ("2026-05-18", "pending")


def test_a_year_without_deals_is_empty_and_no_mistake(office: Brokerage) -> None:
    office.settled("T-1")
    assert of(office, year=2025)["document"]["deals"] == []
    assert of(office, SAM)["document"]["deals"] == []


def test_closings_that_need_something_are_named(office: Brokerage) -> None:
    office.assign(DANA, until="2026-05-01")
    office.close("T-1")
    office.settle()
    (lacking,) = of(office)["lacking"]
    assert (lacking["deal"], lacking["closing_date"]) == ("transactions/T-1", "2026-05-20")
    assert "plan" in lacking["needs"]
    assert of(office, SAM)["lacking"] == []
    assert of(office, year=2025)["lacking"] == []


def test_a_statement_comes_as_pdf_when_it_is_asked_for(office: Brokerage) -> None:
    office.settled("T-1")
    assert of(office)["pdf_base64"] == ""
    pdf = base64.b64decode(of(office, pdf=True)["pdf_base64"])
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert "Dana Reyes" in text
    assert "R-T-1" in text


def test_a_pdf_that_no_answer_can_carry_is_refused(office: Brokerage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.operate.statements.LARGEST_PDF", 100)
    office.settled("T-1")
    assert "ask for it without --pdf" in office.refused("statement", agent=DANA, pdf=True)


def test_nobody_and_a_team_have_no_statement(office: Brokerage) -> None:
    assert "is unknown" in office.refused("statement", 404, agent="contact-9")
    assert "name each of the team" in office.refused("statement", agent="team:north")

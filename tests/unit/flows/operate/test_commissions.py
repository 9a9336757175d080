"""A deal's commission as people see it: how it stands, what it would come to, and why."""

from __future__ import annotations

from typing import Any

import pytest

from domain.commission.settlement import Head, Standing
from flows.operate.commissions import standing
from tests.unit.flows.operate.brokerage import DANA, PLAN, SAM, Brokerage

T1 = "transactions/T-1"


@pytest.fixture
def office() -> Brokerage:
    made = Brokerage()
    made.ready()
    return made


def show(office: Brokerage, deal: str = T1) -> Any:
    return office.done("commission", deal=deal)


def test_a_settled_deal_is_shown_by_either_of_its_ids(office: Brokerage) -> None:
    deal_id = office.settled("T-1", agents={"A-1": "1/2", "A-2": "1/2"})
    answer = show(office)
    assert answer == show(office, deal_id)
    assert (answer["deal"], answer["name"], answer["standing"], answer["cda"]) == (deal_id, T1, "settled", "draft")
    assert answer["calculation"]["payees"] == {DANA: "4200.00", SAM: "4200.00", "company": "3600.00"}
    assert answer["calculation"]["counters_after"][DANA] == {"company_dollar": "1800.00"}
    records = [(one["account"], one["gci"], one["company_dollar"], one["net"]) for one in answer["records"]]
    assert records == [(DANA, "6000.00", "1800.00", "4200.00"), (SAM, "6000.00", "1800.00", "4200.00")]


def test_a_line_is_told_with_all_that_explains_it(office: Brokerage) -> None:
    office.settled("T-1")
    line = next(one for one in show(office)["calculation"]["lines"] if one["code"] == "split")
    expected = {
        "stage": "split", "payer": DANA, "payee": "company", "basis": "12000.00", "rate": "30", "amount": "3600.00",
        "counters": {DANA: {"company_dollar": "3600.00"}}, "agent": DANA, "side": "0 listing", "memo": False,
    }  # fmt: skip
    assert line | expected == line


def test_a_deal_whose_commission_needs_something_says_what(office: Brokerage) -> None:
    office.close("T-1", agents={"A-1": "1/2", "A-2": "1/2"}, title_file_number=None)
    office.assign(SAM, until="2026-05-01")
    office.settle()
    answer = show(office)
    assert (answer["standing"], answer["calculation"], answer["due"]) == ("needs", None, True)
    assert f"plan of agent {SAM}" in answer["needs"]


def test_a_deal_that_is_open_is_due_nothing(office: Brokerage) -> None:
    office.apply("evt-1", "T-1", represented_side="listing")
    answer = show(office)
    assert (answer["standing"], answer["due"], answer["history"]) == ("none", False, [])


def test_what_a_later_calculation_changed_is_shown_line_by_line(office: Brokerage) -> None:
    office.settled("T-1")
    office.close("T-1", sale_price="410000.00")
    office.settle()
    first, second = show(office)["history"]
    assert (first["adjustments"], second["supersedes"], second["after_payment"]) == ([], 1, False)
    changed = {
        (one["code"], one["payee"]): (one["before"], one["after"], one["delta"]) for one in second["adjustments"]
    }
    assert changed["split", "company"] == ("3600.00", "3690.00", "90.00")


def test_a_merged_deal_is_shown_as_what_it_became(office: Brokerage) -> None:
    deal_id = office.settled("T-1")
    office.deals.deals["old"] = type(office.deals.deals[deal_id])(
        id="old", source="transactions", source_id="T-0", merged_into=deal_id
    )
    assert show(office, "old")["deal"] == deal_id


@pytest.mark.parametrize("deal", ["transactions/T-404", "nobody", "transactions/", "ö" * 500])
def test_a_deal_that_is_not_there_is_said(office: Brokerage, deal: str) -> None:
    assert "there is no deal" in office.refused("commission", 404, deal=deal)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (Head("d"), ""),
        (Head("d", 1, 1, Standing.SETTLED), "commission: settled by calculation 1"),
        (Head("d", 2, 1, Standing.SETTLED, paid=True), "commission: settled by calculation 1, CDA sent"),
        (Head("d", 1, 0, Standing.NEEDS, "a plan"), "commission: needs a plan"),
        (Head("d", 2, 3, Standing.NEEDS, "a plan"), "commission: needs a plan; calculation 3 stands until then"),
        (Head("d", 3, 4, Standing.REVERSED), "commission: reversed, the closing was rescinded"),
    ],
)
def test_a_standing_is_one_line(head: Head, says: str) -> None:
    assert standing(head) == says


def test_the_trace_of_a_deal_and_the_status_tell_what_commissions_need(office: Brokerage) -> None:
    office.assign(DANA, until="2026-05-01")
    deal_id = office.close("T-1")
    assert office.done("trace", of=deal_id)["commission"] == ""
    office.settle()
    assert "commission: needs" in office.done("trace", of=T1)["commission"]
    assert office.done("status")["commissions_lacking"] == 1
    office.assign(DANA, starts="2026-05-02")
    office.settle()
    assert office.done("trace", of=T1)["commission"] == "commission: settled by calculation 1"
    assert office.done("status")["commissions_lacking"] == 0


# ------------------------------------------------------------------------------------------------ preview


def everything(office: Brokerage) -> str:
    return repr((office.commissions, office.accounts, office.plans, office.audit, office.deals.deals))


def test_a_preview_says_what_settling_would_and_writes_nothing(office: Brokerage) -> None:
    office.settled("T-0", day="2026-05-01")
    office.close("T-1")
    before = everything(office)
    previewed = office.done("commission-preview", deal=T1)
    assert everything(office) == before
    office.settle()
    assert previewed["calculation"] == show(office)["calculation"]


def test_a_preview_as_of_another_day_takes_the_plan_of_that_day(office: Brokerage) -> None:
    office.publish(PLAN.replace("company: 30", "company: 10"), "2026-07-01")
    office.close("T-1")
    later = office.done("commission-preview", deal=T1, as_of="2026-07-02")["calculation"]
    assert (later["closing_date"], later["payees"]["company"]) == ("2026-07-02", "1200.00")
    assert office.done("commission-preview", deal=T1)["calculation"]["payees"]["company"] == "3600.00"


def test_a_preview_of_a_deal_that_lacks_something_says_what(office: Brokerage) -> None:
    office.assign(DANA, until="2026-05-01")
    office.close("T-1")
    said = office.refused("commission-preview", 409, deal=T1)
    assert f"plan of agent {DANA} = none: expected a plan on 2026-05-20" in said
    assert f"dealwire plan assign {DANA} PLAN --from 2026-05-20" in said


# ------------------------------------------------------------------------------------------------ explain


def test_a_calculation_is_explained_by_deal_or_number(office: Brokerage) -> None:
    deal_id = office.settled("T-1")
    office.close("T-1", sale_price="410000.00")
    office.settle()
    current = office.done("commission-explain", calculation=T1)
    assert current["id"] == f"{deal_id}/2"
    assert current == office.done("commission-explain", calculation=f"{deal_id}/2")
    first = office.done("commission-explain", calculation=f"{T1}/1")
    assert first["id"] == f"{deal_id}/1"
    sentences = " ".join(one for step in first["steps"] for one in step["sentences"])
    assert "3,600.00" in sentences
    assert "Dana Reyes" in sentences
    assert DANA not in sentences
    assert {"sources", "allocate", "split"} <= {step["stage"] for step in first["steps"]}


@pytest.mark.parametrize(
    ("calculation", "says"),
    [
        (f"{T1}/9", "has no calculation 9"),
        ("transactions/T-2", "has no calculation yet"),
        ("nobody/1", "there is no deal and no calculation 'nobody/1'"),
        ("nobody", "there is no deal and no calculation"),
    ],
)
def test_a_calculation_that_is_not_there_is_said(office: Brokerage, calculation: str, says: str) -> None:
    office.settled("T-1")
    office.close("T-2")
    assert says in office.refused("commission-explain", 404, calculation=calculation)


def test_a_rescinded_closing_has_nothing_to_explain(office: Brokerage) -> None:
    office.settled("T-1")
    office.close("T-1", status="Under Contract")
    office.settle()
    assert show(office)["standing"] == "reversed"
    assert "took everything back" in office.refused("commission-explain", 404, calculation=T1)

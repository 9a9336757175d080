"""Comparing through the operators' API: what is masked, what is written down, an export, what is looked at again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.crm.faults import Fault, FaultClass
from domain.deal import DealDetails, Property
from domain.money import Money
from domain.operate.reconciles import MOST_EXPORT_ROWS
from domain.stages import Stage
from tests.unit.flows.delivery.world import DEAL, a_deal
from tests.unit.flows.operate.crm_office import CrmOffice

HEADER = ["Deal ID", "Status", "Sale Price", "property.city", "Closing Date", "Agent Mood"]
ROW = ["T-d1", "Sold", "$350,000.00", " MISSOULA ", "02/27/2026", "happy"]


@pytest.fixture
def office() -> CrmOffice:
    return CrmOffice.delivered()


def exported(office: CrmOffice, *rows: list[str], header: list[str] = HEADER, values: bool = True) -> Any:
    action = "reconcile-export-values" if values else "reconcile-export"
    return office.done(action, source="transactions", header=header, rows=list(rows))


def changed(office: CrmOffice, **values: str) -> None:
    office.model.edit("Opportunities", office.remote(DEAL), values)


# ------------------------------------------------------------------------------------------------ our store and the CRM


def test_values_are_masked_for_those_who_may_not_see_them(office: CrmOffice) -> None:
    changed(office, dw_city_c="Bozeman 7", dw_stage_c="withdrawn")
    told = {one["field"]: one for one in office.done("reconcile")["findings"]}
    assert (told["dw_city_c"]["ours"], told["dw_city_c"]["theirs"]) == ("Aaaaaaaa", "Aaaaaaa 9")
    assert told["dw_stage_c"]["theirs"] == "withdrawn"  # a word of a closed list is no secret
    assert office.entries("reconcile-values") == []


def test_who_saw_values_is_written_down_wherever_the_page_begins(office: CrmOffice) -> None:
    assert office.done("reconcile-values", why="parallel run")["findings"] == []
    assert office.entries("reconcile-values") == []
    changed(office, dw_city_c="Bozeman")
    (one,) = office.done("reconcile-values", why="parallel run")["findings"]
    assert (one["ours"], one["theirs"], one["difference"]) == ("Missoula", "Bozeman", True)
    (entry,) = office.entries("reconcile-values")
    assert (entry.why, entry.details) == ("parallel run", {"findings": "1"})
    contacts = [one.after for one in office.rows.touched(office.now().replace(year=2020), limit=3)]
    for after in contacts:
        office.done("reconcile-values", after=after)
    assert len(office.entries("reconcile-values")) > 1


def test_a_page_says_why_it_ended_early_and_gives_its_permits_back(office: CrmOffice) -> None:
    office.gate.closed = Fault(FaultClass.THROTTLED, "it asked us to wait", wait_s=12.0)
    answer = office.done("reconcile")
    assert (answer["stopped"], answer["wait_s"], answer["next"]) == ("throttled: it asked us to wait", 12.0, "")
    assert office.desk_of_the_crm.released == 1


def test_a_page_that_does_not_follow_another_is_refused(office: CrmOffice) -> None:
    status, line = office.refused("reconcile", after="nonsense")
    assert (status, line) == (400, "`after` is not from a page before; begin without it")


def test_without_an_external_crm_the_deals_are_listed(office: CrmOffice) -> None:
    office.crm = None
    answer = office.done("reconcile")
    assert (answer["crm"], answer["findings"], len(answer["deals"])) == ("", [], 1)
    assert answer["deals"][0] == {"id": "d1", "source": "transactions", "name": "transactions/T-d1"}


# ------------------------------------------------------------------------------------------------------------ an export


def test_an_export_that_only_is_written_otherwise_agrees(office: CrmOffice) -> None:
    answer = exported(office, ROW)
    assert (answer["findings"], answer["rows"], answer["deals"]) == ([], 1, ["d1"])
    assert answer["fields"] == ["closing_date", "property.city", "sale_price", "stage"]
    assert answer["ignored"] == ["Agent Mood"]


def test_a_field_that_differs_is_named_with_both_values(office: CrmOffice) -> None:
    answer = exported(office, ["T-d1", "Pending", "350000.01", "", "2026-02-28"])
    told = {one["field"]: (one["what"], one["ours"], one["theirs"]) for one in answer["findings"]}
    assert told == {
        "stage": ("different", "closed", "under_contract"),
        "sale_price": ("different", "350000.00", "350000.01"),
        "property.city": ("different", "Missoula", ""),
        "closing_date": ("different", "2026-02-27", "2026-02-28"),
    }
    assert {one["against"] for one in answer["findings"]} == {"source"}
    assert not any(one["fixable"] for one in answer["findings"])


def test_what_an_export_says_is_masked_for_those_who_may_not_see_it(office: CrmOffice) -> None:
    (one,) = exported(office, ["T-d1", "Sold", "350000", "Bozeman", "02/27/2026"], values=False)["findings"]
    assert (one["ours"], one["theirs"]) == ("Aaaaaaaa", "Aaaaaaa")
    assert office.entries("reconcile-export-values") == []


def test_a_deal_that_only_the_export_has_is_missing(office: CrmOffice) -> None:
    (one,) = exported(office, ["T-404", "Sold"])["findings"]
    assert (one["what"], one["row"], one["name"]) == ("missing", "", "transactions/T-404")


def test_a_cell_that_nobody_can_read_is_told_and_the_rest_is_compared(office: CrmOffice) -> None:
    answer = exported(office, ["T-d1", "Sold", "a lot", "Bozeman", "02/27/2026"])
    assert {one["field"]: one["what"] for one in answer["findings"]} == {
        "sale_price": "unreadable",
        "property.city": "different",
    }
    assert "an amount in USD" in next(one["detail"] for one in answer["findings"] if one["field"] == "sale_price")


def test_our_own_codes_and_names_count_too(office: CrmOffice) -> None:
    office.put_deal(
        a_deal(
            details=DealDetails(
                stage=Stage.UNDER_CONTRACT, property=Property(street="1 Oak"), list_price=Money(Decimal(5))
            )
        )
    )
    header = ["transaction_id", "stage", "PROPERTY.STREET", "list_price", "mls #", "contract date"]
    assert exported(office, ["T-d1", "under_contract", "1 oak", "5", "--", ""], header=header)["findings"] == []


def test_of_two_columns_for_one_field_the_first_counts(office: CrmOffice) -> None:
    header = ["id", "Sale Price", "Purchase Price"]
    answer = exported(office, ["T-d1", "350000", "1"], header=header)
    assert (answer["findings"], answer["ignored"]) == ([], ["Purchase Price"])


@pytest.mark.parametrize(
    ("source", "header", "says"),
    [
        ("transactions", ["Status"], "no column holds the deal's id"),
        ("transactions", ["Deal ID", "Mood"], "no column is one that we know"),
        ("zillow", ["Deal ID", "Status"], "expected one of transactions"),
    ],
)
def test_an_export_that_cannot_be_compared_says_why(
    office: CrmOffice, source: str, header: list[str], says: str
) -> None:
    status, line = office.refused("reconcile-export", source=source, header=header, rows=[["T-d1", "x"]])
    assert (status, says in line) == (400, True)


def test_an_export_comes_in_parts(office: CrmOffice) -> None:
    rows = [ROW] * (MOST_EXPORT_ROWS + 1)
    assert office.refused("reconcile-export", source="transactions", header=HEADER, rows=rows)[0] == 400


# -------------------------------------------------------------------------------------------------------------- the fix


def test_a_fix_has_rows_looked_at_behind_what_is_live_and_changes_nothing_else(office: CrmOffice) -> None:
    changed(office, dw_city_c="Bozeman")
    before = office.sync(DEAL)
    assert office.done("reconcile-fix", rows=["deal:d1", "deal:d1"], why="nightly") == {"rung": 1}
    after = office.sync(DEAL)
    assert (after.backfill, after.sight, after.due_at) == (True, True, office.now())
    assert (after.confirmed, after.remote_id) == (before.confirmed, before.remote_id)
    assert [(entry.why, entry.details) for entry in office.entries("reconcile-fix")] == [("nightly", {"rows": "1"})]
    office.settle(0.1)
    assert office.done("reconcile")["findings"] == []


def test_what_is_no_key_or_has_no_crm_is_not_fixed(office: CrmOffice) -> None:
    assert office.refused("reconcile-fix", rows=["deal"], why="nightly")[0] == 400
    office.crm = None
    assert office.refused("reconcile-fix", rows=["deal:d1"], why="nightly")[0] == 409
    assert office.entries("reconcile-fix") == []


def test_a_day_of_the_store_is_compared_as_a_day(office: CrmOffice) -> None:
    assert office.deals.deals["d1"].details.closing_date == date(2026, 2, 27)
    assert exported(office, ["T-d1", "2026-02-27T12:00:00Z"], header=["id", "closing date"])["findings"] == []

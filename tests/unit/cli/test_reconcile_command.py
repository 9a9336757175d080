"""`dealwire reconcile`: pages and parts gathered into one report, and an exit status that says whether all agree."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cli import reconciling
from domain.operate.base import MOST_IDS
from domain.operate.reconciles import MOST_EXPORT_ROWS
from tests.unit.cli.conftest import Api, refusal, run

FINDING: dict[str, Any] = {
    "against": "crm",
    "what": "changed_by_people",
    "row": "deal:d1",
    "name": "transactions/T-1",
    "field": "dw_city_c",
    "ours": "Missoula",
    "theirs": "=Bozeman",
    "difference": True,
    "fixable": True,
}
PENDING = FINDING | {"what": "pending", "row": "deal:d2", "field": "", "difference": False, "fixable": False}
DEAL = {"id": "d1", "source": "transactions", "name": "transactions/T-1"}
PAGE: dict[str, Any] = {"crm": "suitecrm", "rows": ["deal:d1", "contact:c1"], "deals": [DEAL], "findings": []}
PART: dict[str, Any] = {"deals": ["d1"], "rows": 1, "fields": ["stage"], "ignored": ["Mood"], "findings": []}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited; nothing really is."""
    waited: list[float] = []
    monkeypatch.setattr(reconciling.time, "sleep", waited.append)
    return waited


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = tmp_path / "export.csv"
    file.write_text("\ufeffDeal ID,Status,Mood\nT-1,Sold,\n", encoding="utf-8")
    return file


def report(*arguments: object) -> tuple[int, Any]:
    """Exit status and the JSON object."""
    answer = run("reconcile", *arguments, "--json")
    assert answer.stderr == "", answer.stderr
    return answer.exit_code, json.loads(answer.stdout)


def test_all_agree(api: Api) -> None:
    api.answers["reconcile"] = PAGE
    answer = run("reconcile")
    assert (answer.exit_code, answer.stdout) == (0, "Compared: 2 rows with suitecrm\nAll agree.\n")


def test_what_is_pending_is_no_difference(api: Api) -> None:
    api.answers["reconcile"] = PAGE | {"findings": [PENDING]}
    answer = run("reconcile")
    assert answer.exit_code == 0
    assert "All agree (1 pending)." in answer.stdout


def test_a_difference_is_shown_and_is_status_1(api: Api) -> None:
    api.answers["reconcile"] = PAGE | {"findings": [FINDING, PENDING]}
    answer = run("reconcile", "--stack", "prod")
    assert answer.exit_code == 1
    for part in ("changed_by_people", "deal:d1", "transactions/T-1", "dw_city_c", "Missoula", "--values shows them"):
        assert part in answer.stdout
    assert "1 difference: 1 changed_by_people, 1 pending." in answer.stdout
    assert "Next: dealwire reconcile --fix --stack prod" in answer.stdout


def test_pages_are_gathered_and_a_finding_counts_once(api: Api) -> None:
    pages = [PAGE | {"findings": [FINDING], "next": "p2"}, PAGE | {"rows": ["deal:d9"], "findings": [FINDING]}]
    api.answers["reconcile"] = pages
    status, told = report("--all")
    assert (status, told["differences"], told["rows_compared"], told["agree"]) == (1, 1, 3, False)
    assert [request.after for request in api.requests("reconcile")] == ["", "p2"]
    assert [request.since for request in api.requests("reconcile")] == [None, None]


def test_since_when_is_asked(api: Api) -> None:
    api.answers["reconcile"] = PAGE
    report("--since", "2026-11-01")
    assert api.requests("reconcile")[0].since.isoformat() == "2026-11-01T00:00:00+00:00"
    report()
    assert api.requests("reconcile")[1].since is not None


def test_values_are_asked_for_by_another_action(api: Api) -> None:
    api.answers["reconcile-values"] = PAGE | {"findings": [FINDING]}
    status, told = report("--values", "--why", "parallel run")
    assert (status, told["masked"], told["findings"][0]["theirs"]) == (1, False, "=Bozeman")
    assert api.requests("reconcile-values")[0].why == "parallel run"


def test_the_csv_file_has_every_finding_and_no_formula(api: Api, tmp_path: Path) -> None:
    api.answers["reconcile"] = PAGE | {"findings": [FINDING, PENDING]}
    file = tmp_path / "out.csv"
    answer = run("reconcile", "--csv", file)
    assert f"2 findings are in {file}" in answer.stdout
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [row["what"] for row in rows] == ["changed_by_people", "pending"]
    assert (rows[0]["difference"], rows[0]["theirs"], rows[1]["difference"]) == ("yes", "'=Bozeman", "no")


# ------------------------------------------------------------------------------------------------------------ an export


def test_an_export_is_compared_in_parts(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    lines = [f"T-{number},Sold" for number in range(MOST_EXPORT_ROWS + 1)]
    file.write_text("\n".join(["Deal ID,Status", *lines, ",", ""]), encoding="utf-8")
    api.answers["reconcile"] = PAGE | {"crm": "", "rows": []}
    parts = [PART | {"deals": ["d1"], "rows": MOST_EXPORT_ROWS}, PART | {"deals": ["d2"]}]
    api.answers["reconcile-export"] = parts
    status, told = report("--source", file)
    assert (status, told["export_rows"], told["export_fields"]) == (0, MOST_EXPORT_ROWS + 1, ["stage"])
    first, second = api.requests("reconcile-export")
    assert (first.source, first.header, len(first.rows), second.rows) == (
        "transactions", ("Deal ID", "Status"), MOST_EXPORT_ROWS, ((f"T-{MOST_EXPORT_ROWS}", "Sold"),),
    )  # fmt: skip


def test_what_differs_from_the_export_is_told_from_what_differs_from_the_crm(api: Api, export: Path) -> None:
    differing = FINDING | {"against": "source", "what": "different", "field": "property.city"}
    api.answers |= {"reconcile": PAGE | {"findings": [FINDING]}, "reconcile-export": PART | {"findings": [differing]}}
    shown = run("reconcile", "--source", export).stdout
    assert "source: different" in shown
    assert "crm: changed_by_people" in shown


def test_columns_that_nothing_is_known_of_are_named(api: Api, export: Path) -> None:
    api.answers |= {"reconcile": PAGE, "reconcile-export": PART}
    shown = run("reconcile", "--source", export).stdout
    assert "1 rows of the export, 1 fields each" in shown
    assert "nothing is known of: Mood" in shown


def test_what_the_export_lacks_and_names_twice_is_found(api: Api, export: Path) -> None:
    others = [DEAL | {"id": "d2", "name": "transactions/T-2"}, DEAL | {"id": "d3", "source": "dotloop"}]
    api.answers["reconcile"] = PAGE | {"deals": [DEAL, *others]}
    api.answers["reconcile-export"] = PART | {"deals": ["d1", "d1"]}
    status, told = report("--source", export)
    found = {(one["what"], one["row"], one["name"]) for one in told["findings"]}
    assert (status, found) == (
        1,
        {("extra", "deal:d2", "transactions/T-2"), ("duplicated", "deal:d1", "transactions/T-1")},
    )


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_export_cannot_be_compared(api: Api, tmp_path: Path, content: str) -> None:
    file = tmp_path / "export.csv"
    file.write_text(content, encoding="utf-8")
    answer = run("reconcile", "--source", file)
    assert (answer.exit_code, "is empty" in answer.stderr) == (2, True)
    assert not api.asked


def test_an_export_that_is_not_there_cannot_be_compared(api: Api, tmp_path: Path) -> None:
    answer = run("reconcile", "--source", tmp_path / "nowhere.csv")
    assert (answer.exit_code, "cannot be read" in answer.stderr) == (2, True)
    assert not api.asked


@pytest.mark.parametrize("rows", ["", ",Sold\n,Active\n"])
def test_an_export_that_names_no_deal_does_not_agree(api: Api, tmp_path: Path, rows: str) -> None:
    file = tmp_path / "export.csv"
    file.write_text(f"Deal ID,Status\n{rows}", encoding="utf-8")
    api.answers |= {"reconcile": PAGE, "reconcile-export": PART | {"deals": [], "rows": 0}}
    answer = run("reconcile", "--source", file)
    assert (answer.exit_code, "holds no row with a deal's id" in answer.stderr) == (2, True)


def test_rows_without_a_deals_id_are_counted(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("Deal ID,Status\nT-1,Sold\n,Sold\n,Active\n", encoding="utf-8")
    api.answers |= {"reconcile": PAGE, "reconcile-export": PART}
    assert "without a deal's id, not compared: 2" in run("reconcile", "--source", file).stdout


# ------------------------------------------------------------------------------------------------------ not compared


def test_with_neither_a_crm_nor_an_export_nothing_is_compared(api: Api) -> None:
    api.answers["reconcile"] = PAGE | {"crm": "", "rows": []}
    answer = run("reconcile")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "there is no external CRM and no --source EXPORT.csv" in answer.stderr


def test_a_crm_that_does_not_answer_is_waited_for(api: Api, pauses: list[float]) -> None:
    stopped = PAGE | {"rows": [], "stopped": "throttled: it asked us to wait", "wait_s": 12.0}
    api.answers["reconcile"] = [stopped, stopped, PAGE]
    assert report()[0] == 0
    assert pauses == [12.0, 12.0]


def test_a_crm_that_never_answers_is_not_compared(api: Api) -> None:
    api.answers["reconcile"] = PAGE | {"rows": [], "stopped": "unavailable: the circuit is open", "wait_s": 500.0}
    answer = run("reconcile")
    assert (answer.exit_code, "the circuit is open" in answer.stderr) == (2, True)
    assert len(api.requests("reconcile")) == reconciling.ATTEMPTS


def test_an_api_that_does_not_answer_for_a_moment_is_asked_again(api: Api, pauses: list[float]) -> None:
    api.answers["reconcile"] = [refusal(503, "storage does not answer now"), PAGE]
    assert report()[0] == 0
    assert pauses == [2.0]


def test_who_may_not_compare_is_told_so(api: Api) -> None:
    api.answers["reconcile-values"] = refusal(403, "reconcile-values is not allowed")
    answer = run("reconcile", "--values")
    assert (answer.exit_code, "not allowed" in answer.stderr) == (2, True)


def test_since_and_all_are_one_too_many(api: Api) -> None:
    assert run("reconcile", "--since", "2d", "--all").exit_code == 2
    assert run("reconcile", "--since", "the other day").exit_code == 2
    assert not api.asked


# -------------------------------------------------------------------------------------------------------------- the fix


def test_a_fix_sends_what_can_be_mended_and_says_how_many(api: Api) -> None:
    fixable = [FINDING | {"row": f"deal:d{number}"} for number in range(MOST_IDS + 1)]
    api.answers["reconcile"] = PAGE | {"findings": [*fixable, fixable[0] | {"field": "name"}, PENDING]}
    api.answers["reconcile-fix"] = lambda request: {"rung": len(request.rows)}
    answer = run("reconcile", "--fix", "--why", "nightly")
    assert answer.exit_code == 1
    assert f"{MOST_IDS + 1} rows are looked at again" in answer.stdout
    requests = api.requests("reconcile-fix")
    assert [len(request.rows) for request in requests] == [MOST_IDS, 1]
    assert requests[0].why == "nightly"


def test_where_all_agree_nothing_is_fixed(api: Api) -> None:
    api.answers["reconcile"] = PAGE
    assert report("--fix")[1]["rung"] == 0
    assert api.requests("reconcile-fix") == []


def test_a_file_that_cannot_be_written_is_told_before_anything_is_mended(api: Api, tmp_path: Path) -> None:
    api.answers["reconcile"] = PAGE | {"findings": [FINDING]}
    api.answers["reconcile-fix"] = lambda request: {"rung": len(request.rows)}
    answer = run("reconcile", "--fix", "--csv", tmp_path / "nowhere" / "out.csv")
    assert (answer.exit_code, "--csv" in answer.stderr, "cannot be written" in answer.stderr) == (2, True, True)
    assert not api.asked

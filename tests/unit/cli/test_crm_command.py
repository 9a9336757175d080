"""`dealwire crm`: what operators see and type; the API answers as it is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.conftest import Api, refusal, refused, run, told

ASKING: dict[str, Any] = {
    "row": "contact:c1",
    "name": "transactions/T-1, transactions/T-2",
    "question": "candidates",
    "reason": "2 contacts of the CRM match",
    "asked_at": "2026-01-01T00:00:00Z",
    "candidates": ["old-1", "old-2"],
    "possible": ["adopt", "create"],
}
ROW: dict[str, Any] = {
    "row": "deal:d1",
    "standing": "clean",
    "words": "the CRM was seen to hold what we hold",
    "owed": False,
    "remote_id": "r-1",
    "confirmed_at": "2026-03-02T09:00:00Z",
    "fields": 41,
    "altered": [{"field": "name", "sent": "Aaa", "held": "Aa"}],
}
STATUS: dict[str, Any] = {
    "kind": "suitecrm",
    "passage": "free",
    "rate": 4.5,
    "rate_limit": 10.0,
    "session_age_s": 90.0,
    "owed": 3,
    "owed_backfill": 1000,
    "owed_soon": 7,
    "asking": 0,
    "refused": 0,
    "oldest_owed_s": 120.0,
    "most": 1000,
}
PREFLIGHT: dict[str, Any] = {
    "version": "SuiteCRM",
    "modules": [
        {"kind": "deal", "module": "Opportunities", "fields": [{"name": "name", "type": "name", "length": 50}]}
    ],
    "lacks": [{"what": "Opportunities.dw_x_c", "effect": "left out", "remedy": "install the add-on", "fatal": False}],
    "agents": 12,
    "ready": True,
}


def test_rows_that_ask_are_listed_with_the_commands_that_answer(api: Api) -> None:
    api.answers["crm-asks"] = {"rows": [ASKING], "more": True}
    shown = run("crm", "asks", "--stack", "prod").stdout
    for part in ("contact:c1", "candidates", "old-1", "old-2", "2 contacts of the CRM match", "T-1", "there are more"):
        assert part in shown
    assert "adopt: dealwire crm adopt contact:c1 REMOTE_ID --stack prod" in shown
    assert "create: dealwire crm create contact:c1 --stack prod" in shown
    assert told("crm", "asks", "--limit", 5)["rows"][0]["candidates"] == ["old-1", "old-2"]
    assert api.requests("crm-asks")[1].limit == 5


def test_that_nothing_asks_is_said(api: Api) -> None:
    api.answers["crm-asks"] = {"rows": []}
    assert run("crm", "asks").stdout == "nothing waits for a person\n"


def test_a_row_is_shown_with_what_belongs_to_it(api: Api) -> None:
    other = {"row": "link:d1/c1", "standing": "behind", "words": "waits for contact:c1", "owed": True}
    api.answers["crm-show"] = {"name": "transactions/T-1", "row": ROW, "others": [other]}
    shown = run("crm", "show", "transactions/T-1").stdout
    for part in (
        "deal:d1 (transactions/T-1)",
        "r-1",
        "2026-03-02 09:00:00Z",
        "41",
        "link:d1/c1",
        "behind, owed",
        "Aaa",
    ):
        assert part in shown
    assert "when something changes" in shown
    assert told("crm", "show", "deal:d1")["row"]["remote_id"] == "r-1"


def test_of_an_adopted_record_the_fields_that_are_ours_are_named(api: Api) -> None:
    adopted = ROW | {"owns": ["email1"], "possible": ["adopt", "recreate", "leave"], "intent": "update announced"}
    api.answers["crm-show"] = {"name": "", "row": adopted}
    shown = run("crm", "show", "deal:d1").stdout
    for part in (
        "filled by us: email1",
        "if this record is somebody else's:",
        "recreate: dealwire crm recreate deal:d1",
        "update announced",
    ):
        assert part in shown


@pytest.mark.parametrize(
    ("words", "decision", "remote_id"),
    [
        (("adopt", "contact:c1", "old-1"), "adopt", "old-1"),
        (("create", "contact:c1"), "create", ""),
        (("recreate", "contact:c1"), "recreate", ""),
        (("leave", "contact:c1"), "leave", ""),
    ],
)
def test_a_decision_is_sent_with_its_reason(api: Api, words: tuple[str, ...], decision: str, remote_id: str) -> None:
    api.answers["crm-answer"] = {"row": ROW | {"standing": "open", "words": "to be done"}, "rung": ["link:d1/c1"]}
    shown = run("crm", *words, "--reason", "looked").stdout
    (request,) = api.requests("crm-answer")
    assert (request.row, request.decision, request.remote_id, request.why) == (
        "contact:c1", decision, remote_id, "looked",
    )  # fmt: skip
    assert "looked at again because of it: link:d1/c1" in shown
    assert "dealwire crm show deal:d1" in shown
    assert told("crm", *words)["rung"] == ["link:d1/c1"]
    assert api.requests("crm-answer")[1].why == "decided by an operator"


def test_a_decision_that_is_refused_is_one_line(api: Api) -> None:
    api.answers["crm-answer"] = refusal(409, "deal:d1 stands at clean; nothing is asked about it")
    assert "nothing is asked about it" in refused("crm", "leave", "deal:d1")


def test_the_status_shows_the_line_and_the_debts(api: Api) -> None:
    api.answers["crm-status"] = STATUS
    shown = run("crm", "status").stdout
    for part in ("suitecrm", "free: calls pass", "4.5 of 10 calls a second", "1.5 min old", "1,000 or more", "2.0 min"):
        assert part in shown
    (soon,) = [line for line in shown.splitlines() if "within the hour" in line]
    assert "7" in soon
    assert told("crm", "status")["rate"] == 4.5


@pytest.mark.parametrize(
    ("changes", "next_line"),
    [
        ({"passage": "stopped", "why": "Invalid Login", "session_age_s": None}, "Next: dealwire crm preflight"),
        ({"asking": 2}, "Next: dealwire crm asks"),
        ({"refused": 2}, "Next: dealwire dlq list --cause crm_rejected"),
    ],
)
def test_the_status_says_what_to_do_next(api: Api, changes: dict[str, Any], next_line: str) -> None:
    api.answers["crm-status"] = STATUS | changes
    shown = run("crm", "status").stdout
    assert next_line in shown
    assert changes.get("why", "") in shown


def test_without_an_external_crm_the_status_says_so(api: Api) -> None:
    api.answers["crm-status"] = {"kind": "", "most": 1000, "owed": 7}
    shown = run("crm", "status").stdout
    assert "there is no external CRM" in shown
    assert "7" in shown


def test_a_resume_says_how_the_crm_stands(api: Api) -> None:
    api.answers["crm-resume"] = {"passage": "free"}
    assert run("crm", "resume", "--why", "unlocked").stdout == "the CRM: free\n"
    assert api.requests("crm-resume")[0].why == "unlocked"
    assert told("crm", "resume") == {"passage": "free", "why": ""}


def test_a_preflight_shows_what_is_there_and_what_is_missing(api: Api) -> None:
    api.answers["crm-preflight"] = PREFLIGHT
    answer = run("crm", "preflight")
    assert answer.exit_code == 0
    for part in ("deal: Opportunities, 1 fields", "50", "Opportunities.dw_x_c", "install the add-on", "12 agents"):
        assert part in answer.stdout
    assert told("crm", "preflight")["ready"] is True


def test_a_preflight_fails_where_something_fatal_is_missing(api: Api) -> None:
    fatal = {"what": "DW_Commissions", "effect": "no commission", "remedy": "install the add-on", "fatal": True}
    api.answers["crm-preflight"] = PREFLIGHT | {"lacks": [fatal], "ready": False}
    answer = run("crm", "preflight")
    assert (answer.exit_code, "fatal" in answer.stdout) == (1, True)
    assert run("crm", "preflight", "--json").exit_code == 1


def test_a_preflight_that_is_not_let_in_is_one_line(api: Api) -> None:
    api.answers["crm-preflight"] = refusal(409, "the CRM does not let us in: Invalid Login")
    assert "Invalid Login" in refused("crm", "preflight")

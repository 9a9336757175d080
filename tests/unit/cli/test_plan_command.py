"""`dealwire plan` and `agents opening`: from the file to the agent, through the operators' API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.operator import Reply
from tests.unit.cli.conftest import Api, refusal, refused, run, told
from tests.unit.cli.files import PLAN

VERSION: dict[str, Any] = {
    "id": "house@2026-01-01", "effective": "2026-01-01", "number": 1, "status": "verified", "digest": "d1",
    "by": "arn:aws:iam::1:user/ruth", "at": "2026-01-02T03:04:05Z",
}  # fmt: skip
NOTHING = {"released": 0, "again": 0}
ASSIGNED: dict[str, Any] = {
    "account": "contact-1", "name": "Dana [bold]Reyes", "changed": True, "aftermath": {"released": 2, "again": 3},
    "assignments": [
        {"plan": "old", "starts": "2025-01-01", "until": "2025-12-31"},
        {"plan": "house", "starts": "2026-01-01", "until": None},
    ],
}  # fmt: skip
WHY = ("--why", "the plan of 2026")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "house.yaml"
    file.write_text(PLAN, encoding="utf-8")
    return file


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "wrong.yaml"
    file.write_text(PLAN.replace("company: 30", "company: 130").replace("cap: 18000", "cpa: 18000"), encoding="utf-8")
    return file


def test_plans_are_checked_without_a_cloud(plan: Path) -> None:
    assert run("plan", "check", plan).stdout == f"{plan}: plan house is in order\n"
    assert told("plan", "check", plan) == {
        "plans": [{"file": str(plan), "plan": "house", "status": "verified", "mistakes": []}]
    }


def test_a_plan_whose_figures_are_not_verified_says_so(plan: Path) -> None:
    plan.write_text(PLAN.replace("verified", "example"), encoding="utf-8")
    assert "its figures are not verified (status: example)" in run("plan", "check", plan).stdout


def test_every_mistake_of_every_file_is_named_with_its_line(plan: Path, wrong: Path) -> None:
    answer = run("plan", "check", wrong, plan)
    assert answer.exit_code == 1
    assert answer.stdout == f"{plan}: plan house is in order\n"
    assert f"{wrong}:6: " in answer.stderr
    assert f"{wrong}:7: " in answer.stderr
    as_json = run("plan", "check", wrong, "--json")
    assert as_json.exit_code == 1
    assert '"plan": null' in as_json.stdout


def test_a_plan_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "cannot be read" in run("plan", "check", tmp_path / "nowhere.yaml").stderr


def test_a_plan_file_is_told_in_words_without_a_cloud(plan: Path) -> None:
    said = run("plan", "explain", plan).stdout
    assert said.startswith("House 70/30\n- ")
    assert "30 %" in said
    assert told("plan", "explain", plan)["plan"] == "house"


def test_a_published_plan_is_told_in_words(api: Api) -> None:
    api.answers["plan-explain"] = {
        "version": VERSION, "title": "House [bold]70/30", "sentences": ["The company keeps 30 %."], "text": PLAN,
    }  # fmt: skip
    said = run("plan", "explain", "house", "--on", "2026-03-01").stdout
    assert said == "House [bold]70/30 (house@2026-01-01, verified)\n- The company keeps 30 %.\n"
    assert str(api.requests("plan-explain")[0].on) == "2026-03-01"
    assert told("plan", "explain", "house")["text"] == PLAN


def test_a_plan_that_is_not_published_is_exit_status_3(api: Api) -> None:
    api.answers["plan-explain"] = refusal(404, "plan 'house' is not published; published are: none yet")
    assert "is not published" in refused("plan", "explain", "house", status=3)


def test_a_day_that_is_none_is_wrong_usage(api: Api, plan: Path) -> None:
    said = "'soon' is no day; expected one such as 2026-11-22"
    assert said in refused("plan", "explain", "house", "--on", "soon", status=2)
    assert f"--effective {said}" in refused("plan", "publish", plan, "--effective", "soon", *WHY, status=2)
    assert f"--from {said}" in refused("plan", "assign", "c-1", "house", "--from", "soon", *WHY, status=2)
    assert api.asked == []


def test_publishing_sends_the_file_as_it_is(api: Api, plan: Path) -> None:
    api.answers["plan-publish"] = {"version": VERSION, "new": True, "aftermath": {"released": 1, "again": 1234}}
    said = run("plan", "publish", plan, "--effective", "2026-01-01", *WHY).stdout.splitlines()
    assert said == [
        "house@2026-01-01 is published (version 1, verified)",
        "1 closings that lacked something are tried again now",
        "1,234 settled deals are computed again; what changes is posted as an adjustment",
    ]
    (request,) = api.requests("plan-publish")
    assert (request.text, request.file, str(request.effective), request.why, request.accept_unverified) == (
        PLAN, "house.yaml", "2026-01-01", "the plan of 2026", False,
    )  # fmt: skip


def test_publishing_the_very_same_again_is_no_failure(api: Api, plan: Path) -> None:
    api.answers["plan-publish"] = {"version": VERSION, "new": False, "aftermath": NOTHING}
    answer = run("plan", "publish", plan, "--effective", "2026-01-01", "--accept-unverified", *WHY)
    assert answer.stdout == "house@2026-01-01 was published before, by the same file (version 1, verified)\n"
    assert api.requests("plan-publish")[0].accept_unverified
    assert told("plan", "publish", plan, "--effective", "2026-01-01", *WHY)["new"] is False


def test_a_plan_with_mistakes_is_not_even_sent(api: Api, wrong: Path) -> None:
    answer = run("plan", "publish", wrong, "--effective", "2026-01-01", *WHY)
    assert answer.exit_code == 1
    assert f"{wrong}:7: " in answer.stderr
    assert api.asked == []


def test_a_plan_is_assigned_with_what_else_it_needs_to_know(api: Api, tmp_path: Path) -> None:
    details = tmp_path / "dana.yaml"
    details.write_text("joined: 2026-02-01\nmentor: contact-9\nteam: north\n", encoding="utf-8")
    api.answers["plan-assign"] = ASSIGNED
    arguments = ("plan", "assign", "transactions/A-1", "house", "--from", "2026-01-01", "--anniversary", "2024-03-15")
    said = run(*arguments, "--until", "2026-12-31", "--details", details, "--replace", *WHY).stdout.splitlines()
    assert said == [
        "Dana [bold]Reyes (contact-1):",
        "  old from 2025-01-01 until 2025-12-31",
        "  house from 2026-01-01",
        "2 closings that lacked something are tried again now",
        "3 settled deals are computed again; what changes is posted as an adjustment",
    ]
    (request,) = api.requests("plan-assign")
    assert request.details == {"joined": "2026-02-01", "mentor": "contact-9", "team": "north"}
    assert (str(request.anniversary), str(request.until), request.replace) == ("2024-03-15", "2026-12-31", True)
    assert told(*arguments, *WHY)["account"] == "contact-1"
    assert api.requests("plan-assign")[1].details == {}


def test_amounts_of_details_come_as_they_were_written(api: Api, tmp_path: Path) -> None:
    details = tmp_path / "dana.yaml"
    details.write_text(
        "terms:\n  - {split: 25, by: Ruth, why: agreed at hiring, document: letter, agreed: 2026-01-01}\n"
        "deductions:\n  - {rule: desk, code: deduction, payee: company, flat: 285.50}\n",
        encoding="utf-8",
    )
    api.answers["plan-assign"] = ASSIGNED
    run("plan", "assign", "c-1", "house", "--from", "2026-01-01", "--details", details, *WHY)
    sent = api.requests("plan-assign")[0].details
    assert (sent["terms"][0]["split"], sent["deductions"][0]["flat"]) == ("25", "285.50")


def test_details_with_mistakes_are_not_even_sent(api: Api, tmp_path: Path) -> None:
    details = tmp_path / "dana.yaml"
    details.write_text("mentr: contact-9\n", encoding="utf-8")
    answer = run("plan", "assign", "c-1", "house", "--from", "2026-01-01", "--details", details, *WHY)
    assert answer.exit_code == 1
    assert f"{details}:1: " in answer.stderr
    assert api.asked == []


def test_a_refused_assignment_is_said_in_one_line(api: Api) -> None:
    api.answers["plan-assign"] = refusal(409, "Dana would have two plans at once: old and house")
    assert "two plans at once" in refused("plan", "assign", "c-1", "house", "--from", "2026-01-01", *WHY)


def test_an_agent_without_a_name_is_wrong_usage(api: Api) -> None:
    assert "AGENT: " in refused("plan", "assign", "", "house", "--from", "2026-01-01", *WHY, status=2)
    assert "PLAN: " in refused("plan", "assign", "c-1", "House!", "--from", "2026-01-01", *WHY, status=2)


def test_an_action_of_the_broker_names_its_policy(api: Api, plan: Path) -> None:
    api.answers["plan-publish"] = Reply(403, b'{"Message": "User is not authorized"}')
    assert "policy `broker`" in refused("plan", "publish", plan, "--effective", "2026-01-01", *WHY)


def test_plans_are_listed_with_their_versions(api: Api) -> None:
    later = VERSION | {"id": "house@2026-07-01", "effective": "2026-07-01", "number": 2}
    api.answers["plans"] = {
        "plans": [{"plan": "house", "title": "[bold]House", "versions": [VERSION, later], "agents": ["c-1", "c-2"]}]
    }
    said = run("plan", "list").stdout
    for part in ("1 plans", "[bold]House", "2026-01-01", "2026-07-01", "arn:aws:iam::1:user/ruth"):
        assert part in said
    assert told("plan", "list")["plans"][0]["agents"] == ["c-1", "c-2"]


# ---------------------------------------------------------------------------------------------------- agents opening

OPENED: dict[str, Any] = {
    "account": "contact-1", "name": "Dana", "as_of": "2026-06-01", "counters": {"company_dollar": "17000.00"},
    "changed": True, "aftermath": NOTHING,
}  # fmt: skip


def test_an_opening_is_sent_as_it_was_written(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "opening.yaml"
    file.write_text("as_of: 2026-06-01\ncounters: {company_dollar: 17000, units: 2.5}\n", encoding="utf-8")
    api.answers["agents-opening"] = OPENED
    said = run("agents", "opening", "transactions/A-1", file, *WHY).stdout.splitlines()
    assert said == ["Dana (contact-1) as of 2026-06-01:", "  company_dollar 17000.00"]
    (request,) = api.requests("agents-opening")
    assert (request.counters, request.why) == ({"company_dollar": 1_700_000, "units": 250}, "the plan of 2026")
    assert told("agents", "opening", "transactions/A-1", file, *WHY)["counters"] == {"company_dollar": "17000.00"}


def test_an_opening_with_mistakes_is_not_even_sent(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "opening.yaml"
    file.write_text("as_of: soon\ncounters: {company_dollar: much}\n", encoding="utf-8")
    answer = run("agents", "opening", "transactions/A-1", file, *WHY)
    assert answer.exit_code == 1
    assert f"{file}:1: " in answer.stderr
    assert f"{file}:2: " in answer.stderr
    assert api.asked == []

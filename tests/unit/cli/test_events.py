"""`dealwire events`: what was delivered, and its replay over a time range, as then or as now."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.conftest import ROW, Api, refusal, refused, run, told

DELIVERY: dict[str, Any] = {
    "id": "transactions/evt-1", "receipt": "0192f3a4b5c6d7e8f90a1b2c3d4e5f60", "source": "transactions",
    "event_type": "deal.[b]closed", "received_at": "2026-11-22T03:00:00Z", "outcome": "applied",
    "deal": "transactions/TX-1", "mapping_version": 3,
}  # fmt: skip
JOB = {
    "job": "J-1", "total": 2, "done": 0, "kind": "events", "mapping": "then", "who": "arn:x", "why": "t",
    "at": "2026-11-22T03:00:00Z",
}  # fmt: skip
REPLAY = ("events", "replay", "--since", "7d", "--type", "deal.closed", "--why", "closing date mended")


def test_a_page_of_deliveries_says_what_became_of_each_and_how_to_go_on(api: Api) -> None:
    api.answers["events"] = {"rows": [DELIVERY], "next": "abc"}
    shown = run("events", "list", "--source", "transactions", "--type", "deal.closed", "--stack", "prod").stdout
    for part in ("2026-11-22 03:00:00Z", "deal.[b]closed", "applied", "0192f3a4b5c6d7e8f90a1b2c3d4e5f60"):
        assert part in shown
    following = "events list --source transactions --type deal.closed --limit 50 --after abc --stack prod"
    assert f"next page: dealwire {following}" in shown
    assert told("events", "list")["rows"][0]["outcome"] == "applied"


def test_the_filter_is_what_was_asked_for(api: Api) -> None:
    api.answers["events"] = {"rows": []}
    run("events", "list", "--deal", "dotloop/7", "--since", "2026-11-20", "--until", "2026-11-21T12:00Z")
    wanted = api.requests("events")[0].filter
    assert wanted.deal == "dotloop/7"
    assert (wanted.since.isoformat(), wanted.until.isoformat()) == (
        "2026-11-20T00:00:00+00:00",
        "2026-11-21T12:00:00+00:00",
    )


def test_a_list_without_rows_is_no_failure(api: Api) -> None:
    api.answers["events"] = {"rows": []}
    assert "nothing was received of that kind in the last seven days; widen it" in run("events", "list").stdout
    assert run("events", "list", "--since", "1h").stdout == "nothing was received of that kind\n"
    assert run("events", "list", "--after", "x").stdout == "nothing more was received\n"
    assert "no source is called 'zillow'" in run("events", "list", "--source", "zillow").stderr


def test_an_applied_event_is_shown(api: Api) -> None:
    api.answers["show"] = {
        "row": ROW | {"state": "applied", "cause": None, "reason": "", "owner": "", "remedy": ""},
        "timeline": [], "problems": [], "verdict": None, "payload": '{"status": "Aaaa"}',
        "archive_key": "2026-11-22/transactions/r", "mapping_version": 3,
    }  # fmt: skip
    shown = run("events", "show", "transactions/evt-1").stdout
    assert '{"status": "Aaaa"}' in shown
    assert "nothing; its story: dealwire trace transactions/evt-1" in shown
    assert told("events", "show", "transactions/evt-1")["row"]["state"] == "applied"


def test_an_event_that_nobody_knows_is_exit_status_3(api: Api) -> None:
    api.answers["show"] = refusal(404, "there is no event transactions/x")
    assert refused("events", "show", "transactions/x", status=3).startswith("dealwire events show: there is no event")


@pytest.mark.parametrize("mapping", ["now", "then"])
def test_a_time_range_is_replayed_by_the_mapping_that_was_asked_for(api: Api, mapping: str) -> None:
    queued = [{"id": f"t/{one}", "done": "queued"} for one in range(2)]
    api.answers |= {"plan": JOB | {"mapping": mapping}, "step": {"replayed": queued, "done": 2, "total": 2}}
    assert told(*REPLAY, "--mapping", mapping, "--yes")["done"] == 2
    plan = api.requests("plan")[0]
    assert (plan.mapping, plan.events.event_type, plan.letters, plan.why) == (
        mapping, "deal.closed", None, "closing date mended",
    )  # fmt: skip


def test_the_question_says_by_which_mapping(api: Api, terminal: None) -> None:
    api.answers["plan"] = JOB
    answer = run(*REPLAY, "--mapping", "then", typed="n\n")
    assert answer.exit_code == 1
    assert "Replay 2 events, each mapped as when it was received?" in answer.stderr
    assert "nothing was replayed; the list is kept: dealwire events replay --resume J-1" in answer.stderr


def test_a_stale_event_of_the_range_is_said_and_exit_status_4(api: Api) -> None:
    stale = {"id": "t/1", "done": "refused", "detail": "stale: changes nothing"}
    step = {"replayed": [{"id": "t/0", "done": "queued"}, stale], "done": 2, "total": 2}
    api.answers |= {"plan": JOB, "step": step}
    answer = run(*REPLAY, "--mapping", "then", "--yes")
    assert answer.exit_code == 4
    assert "stale: changes nothing" in answer.stdout


def test_an_interrupted_replay_goes_on_without_its_options(api: Api) -> None:
    api.answers |= {"job": JOB | {"done": 1}, "step": {"replayed": [], "done": 2, "total": 2}}
    assert told("events", "replay", "--resume", "J-1", "--yes")["done"] == 2
    assert not api.requests("plan")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mapping", "now", "--why", "ticket"], "--since is missing; say from when on, or name a --deal"),
        (["--since", "1h", "--why", "ticket"], "--mapping is missing; `now` maps as today, `then` as when received"),
        (["--since", "1h", "--mapping", "now"], "--why is missing"),
        (["--since", "soon", "--mapping", "now", "--why", "ticket"], "--since 'soon' is no time"),
        (["--resume", "J-1", "--since", "1h"], "--resume goes on with a list that is frozen"),
        (["--resume", "J-1", "--mapping", "now"], "--resume goes on with a list that is frozen"),
    ],
)
def test_a_replay_that_makes_no_sense_is_wrong_usage(api: Api, options: list[str], said: str) -> None:
    assert said in refused("events", "replay", *options, status=2)
    assert not api.asked


def test_a_range_without_an_event_is_exit_status_3(api: Api) -> None:
    api.answers["plan"] = refusal(404, "nothing matches; see `dealwire events list`")
    assert "nothing matches" in refused(*REPLAY, "--mapping", "now", "--yes", status=3)

"""`trace`, `status` and `audit`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.cli.conftest import ROW, Api, refusal, refused, run, told

MOMENT = {"at": "2026-11-22T03:00:00Z", "what": "received", "detail": "202", "event": "transactions/evt-1", "who": ""}
STORY = {"kind": "deal", "name": "transactions/TX-1", "moments": [MOMENT], "open": [ROW]}
STATUS = {
    "queues": [{"name": "transactions", "waiting": 1200, "in_flight": 3}],
    "open": {"dead: mapping": 2},
    "oldest_unapplied_s": 5400,
    "sources": [
        {
            "source": "dotloop", "last_received_at": None, "silent_hours": None, "most_silent_hours": 24,
            "mapping_version": 3,
        },
        {
            "source": "transactions", "last_received_at": "2026-11-22T03:00:00Z", "silent_hours": 30.0,
            "most_silent_hours": 24, "mapping_version": 7,
        },
    ],
}  # fmt: skip
ENTRY = {
    "at": "2026-11-22T03:00:00Z", "who": "arn:aws:sts::1:assumed-role/ops/dana", "action": "replay",
    "subject": "EVENT#transactions#evt-1", "why": "mapping [bold]mended", "details": {"job": "J-1"},
}  # fmt: skip


def test_a_trace_tells_the_story_and_what_to_type_next(api: Api) -> None:
    api.answers["trace"] = STORY
    answer = run("trace", "transactions/TX-1", "--stack", "prod")
    assert answer.exit_code == 0
    assert "The story of deal transactions/TX-1" in answer.stdout
    assert "2026-11-22 03:00:00Z" in answer.stdout
    assert "Next: dealwire dlq show transactions/evt-1 --stack prod" in answer.stdout
    assert told("trace", "transactions/TX-1")["moments"][0]["what"] == "received"


def test_what_nobody_knows_has_no_story(api: Api) -> None:
    api.answers["trace"] = refusal(404, "nothing is known of x; give a receipt, an event or a deal")
    assert "nothing is known of x" in refused("trace", "x", status=3)


def test_the_status_shows_queues_open_events_and_silent_sources(api: Api) -> None:
    api.answers["status"] = STATUS
    shown = run("status").stdout
    for part in ("1,200", "dead: mapping", "1.2 d (too long)", "version 7", "not applied yet: 1.5 h"):
        assert part in shown
    assert told("status")["sources"][0]["last_received_at"] is None


def test_the_status_says_that_nothing_is_open(api: Api) -> None:
    api.answers["status"] = STATUS | {"open": {}}
    assert "nothing is open" in run("status").stdout


def test_the_audit_shows_who_did_what_and_does_not_obey_it(api: Api) -> None:
    api.answers["audit"] = {"rows": [ENTRY], "next": "a b"}
    shown = run("audit", "--day", "2026-11-22", "--profile", "ops").stdout
    assert "assumed-role/ops/dana" in shown
    assert "mapping [bold]mended" in shown
    assert "next page: dealwire audit --day 2026-11-22 --limit 100 --after 'a b' --profile ops" in shown
    assert told("audit", "--day", "2026-11-22")["rows"][0]["details"] == {"job": "J-1"}


def test_the_audit_is_that_of_today_unless_a_day_is_named(api: Api) -> None:
    api.answers["audit"] = {"rows": []}
    assert "nobody did anything on " in run("audit").stdout
    assert api.asked[0][1].day == datetime.now(UTC).date().isoformat()
    assert run("audit", "--after", "x").stdout == "that was all\n"


@pytest.mark.parametrize("command", [["trace"], ["audit", "--limit", "0"], ["audit", "--limit", "201"]])
def test_wrong_usage_is_exit_status_2(command: list[str]) -> None:
    answer = run(*command)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "Traceback" not in answer.stderr

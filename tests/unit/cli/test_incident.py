"""The command against the real actions in memory: an incident from the list to the replay, by what it says itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.credentials import Credentials

from cli.operator import Reply
from domain.errors import Cause
from domain.event_log import State
from tests.unit.cli.conftest import URL, refused, run, told
from tests.unit.flows.operate.bench import Bench

ID = "transactions/evt-1"
WHY = ("--why", "ticket 4711")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A Dealwire whose API answers the command."""
    made = Bench()

    def send(url: str, _headers: Mapping[str, str], body: bytes) -> Reply:
        status, answer = made.ask(url.removeprefix(f"{URL}/operate/"), json.loads(body))
        return Reply(status, json.dumps(answer).encode())

    session = SimpleNamespace(get_credentials=lambda: Credentials("test", "test"), region_name="us-east-1")
    monkeypatch.setattr("cli.stack.find", lambda *_: SimpleNamespace(operate_url=URL, session=session))
    monkeypatch.setattr("cli.operator.over_http", send)
    monkeypatch.setattr("cli.replaying.time.sleep", lambda _: None)
    return made


def test_a_field_that_does_not_fit_is_found_edited_and_replayed(bench: Bench, tmp_path: Path) -> None:
    bench.dead(cause=Cause.MAPPING, list_price="a lot")

    assert told("dlq", "list")["total"] == 1
    assert told("dlq", "list", "--rows", "--cause", "mapping")["rows"][0]["id"] == ID
    shown = run("dlq", "show", ID).stdout
    assert "data.list_price" in shown
    assert "a lot" not in shown
    assert f"dealwire dlq edit {ID} --why TEXT" in shown
    assert run("dlq", "replay", ID, "--dry-run").exit_code == 4

    patch = tmp_path / "fix.json"
    patch.write_text('[{"op": "replace", "path": "/data/list_price", "value": 450000.10}]', encoding="utf-8")
    edited = told("dlq", "edit", ID, *WHY, "--patch", patch)
    assert (edited["edits"], edited["verdict"]["would"]) == (1, "applies cleanly")
    assert run("dlq", "replay", ID, "--dry-run").exit_code == 0
    assert bench.state() is State.DEAD

    assert told("dlq", "replay", ID, *WHY, "--yes")["queued"] == 1
    bench.work()
    assert bench.state() is State.APPLIED
    assert run("dlq", "list").stdout == "nothing is open\n"
    assert [entry.action for entry in bench.audit.entries] == ["plan", "reveal", "edit", "plan", "plan", "replay"]


def test_what_was_replayed_already_is_not_replayed_again(bench: Bench) -> None:
    bench.dead()
    assert told("dlq", "replay", ID, *WHY, "--yes")["queued"] == 1
    again = run("dlq", "replay", ID, *WHY, "--yes")
    assert (again.exit_code, len(again.stderr.splitlines())) == (3, 1)
    bench.work()
    assert run("dlq", "replay", ID, *WHY, "--yes").exit_code == 3
    assert set(bench.deals.applied.values()) == {1}


def test_two_operators_who_planned_the_same_replay_each_event_once(bench: Bench) -> None:
    for number in range(3):
        bench.dead(f"evt-{number}")
    first = told("dlq", "replay", "--cause", "config", *WHY, "--dry-run")["job"]
    assert told("dlq", "replay", "--cause", "config", *WHY, "--yes")["queued"] == 3
    assert told("dlq", "replay", "--resume", first, "--yes")["queued"] == 0
    bench.work()
    assert list(bench.deals.applied.values()) == [1, 1, 1]
    assert "is complete" in refused("dlq", "replay", "--resume", first, "--yes", status=3)


def test_what_is_discarded_leaves_the_list_and_can_be_replayed_all_the_same(bench: Bench) -> None:
    bench.dead()
    assert told("dlq", "discard", ID, *WHY, "--yes") == {"discarded": [ID], "kept": {}}
    assert run("dlq", "discard", ID, *WHY, "--yes").exit_code == 4
    assert told("dlq", "list")["total"] == 0
    assert told("dlq", "list", "--state", "discarded")["total"] == 1
    bench.clock.at += timedelta(seconds=1)
    assert told("dlq", "replay", ID, *WHY, "--yes")["queued"] == 1


def test_events_of_a_time_range_are_applied_again_where_that_changes_something(bench: Bench) -> None:
    for number in range(2):
        bench.dead(f"evt-{number}")
    run("dlq", "replay", "--cause", "config", *WHY, "--yes")
    bench.work()
    # A mapping mistake that was found later: what one deal got from its event is not what today's mapping gives.
    held = next(deal for deal in bench.deals.deals.values() if deal.source_id == "TX-evt-1")
    bench.deals.deals[held.id] = replace(held, details=held.details.model_copy(update={"office": "Elsewhere"}))

    options = ("events", "replay", "--since", "2020-01-01", "--mapping", "now")
    assert told(*options, "--dry-run")["counts"] == {"stale: changes nothing": 1, "applies cleanly": 1}
    answer = run(*options, *WHY, "--yes", "--json")
    assert (answer.exit_code, json.loads(answer.stdout)["queued"]) == (4, 1)
    bench.work()
    assert bench.deals.deals[held.id].details.office == held.details.office
    assert told("events", "show", ID)["row"]["state"] == "applied"


@pytest.mark.parametrize(
    "command",
    [
        ["dlq", "show", "transactions/evt-404"],
        ["dlq", "show", "nonsense"],
        ["dlq", "show", "zillow/evt-1"],
        ["dlq", "show", "0" * 32],
        ["dlq", "show", "transactions/evt-404", "--reveal", *WHY],
        ["dlq", "edit", "transactions/evt-404", *WHY],
        ["dlq", "replay", "transactions/evt-404", *WHY, "--yes"],
        ["dlq", "replay", "--cause", "bug", *WHY, "--yes"],
        ["dlq", "replay", "--resume", "J-404", "--yes"],
        ["dlq", "list", "--after", "junk"],
        ["events", "show", "transactions/evt-404"],
        ["events", "replay", "--since", "1h", "--mapping", "now", *WHY, "--yes"],
    ],
)
def test_what_cannot_be_done_is_one_line_and_no_success(bench: Bench, command: list[str]) -> None:
    bench.dead(cause=Cause.MAPPING)
    answer = run(*command)
    assert isinstance(answer.exception, SystemExit), answer.exception
    assert answer.exit_code in {1, 3}
    assert (answer.stdout, len(answer.stderr.splitlines())) == ("", 1)

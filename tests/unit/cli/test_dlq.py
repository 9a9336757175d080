"""`dealwire dlq`: find an open event, understand it, mend it, replay it; and every way to get that wrong."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.operator import Reply
from tests.unit.cli.conftest import ROW, Api, refusal, refused, run, told

ID = "transactions/evt-1"
WHY = ("--why", "ticket 4711")
GROUP = {
    "state": "dead", "cause": "mapping", "source": "transactions", "hour": "2026-11-22T03:00:00Z", "count": 1200,
    "oldest": "2026-11-22T03:01:00Z", "owner": "analyst", "remedy": "mend the mapping",
}  # fmt: skip
PROBLEM = {
    "path": "data.status", "field": "stage", "expected": "a known stage", "value": "Aaaa[/]",
    "around": '{\n  "status": "Aaaa[/]"\n}',
}  # fmt: skip
MOMENT = {"at": "2026-11-22T03:00:00Z", "what": "received", "detail": "202"}
SHOWN: dict[str, Any] = {
    "row": ROW, "timeline": [MOMENT], "problems": [PROBLEM], "verdict": {"id": ID, "would": "still fails"},
    "payload": '{"a": "Aaa"}', "archive_key": "2026-11-22/transactions/r", "mapping_version": 3,
}  # fmt: skip


class TestList:
    def test_groups_say_how_many_of_what_whose_they_are_and_what_to_type(self, api: Api) -> None:
        api.answers["groups"] = {"groups": [GROUP], "total": 1200}
        shown = run("dlq", "list", "--cause", "mapping", "--since", "2026-11-22", "--stack", "prod").stdout
        for part in ("1,200 open", "2026-11-22 03h", "analyst", "mend the mapping"):
            assert part in shown
        command = "dealwire dlq list --rows --cause mapping --since 2026-11-22T00:00:00+00:00 --stack prod"
        assert f"each: {command}" in shown
        assert told("dlq", "list")["total"] == 1200

    def test_the_filter_is_what_was_asked_for(self, api: Api) -> None:
        api.answers["groups"] = {"groups": [GROUP], "total": 1}
        times = ("--since", "2026-11-22T08:00+02:00", "--until", "2026-11-22T08:00")
        run(
            "dlq",
            "list",
            "--source",
            "dotloop",
            "--deal",
            "dotloop/7",
            "--state",
            "dead",
            "--state",
            "discarded",
            *times,
        )
        wanted = api.requests("groups")[0].filter
        assert (wanted.source, wanted.deal, wanted.states) == ("dotloop", "dotloop/7", ("dead", "discarded"))
        assert (wanted.since.isoformat(), wanted.until.isoformat()) == (
            "2026-11-22T06:00:00+00:00",
            "2026-11-22T08:00:00+00:00",
        )

    def test_discarded_events_are_listed_only_where_asked_for(self, api: Api) -> None:
        api.answers["groups"] = {"groups": [GROUP], "total": 1}
        run("dlq", "list")
        assert set(api.requests("groups")[0].filter.states) == {"dead", "parked", "waiting"}

    def test_rows_come_with_their_ids_and_the_command_for_the_next_page(self, api: Api) -> None:
        odd = ROW | {"id": "transactions/[red]evt\x1b[2J", "reason": "x" * 300}
        api.answers["list"] = {"rows": [ROW, odd], "next": "abc=="}
        shown = run("dlq", "list", "--rows", "--limit", "2", "--profile", "ops").stdout
        assert "transactions/[red]evt\N{REPLACEMENT CHARACTER}[2J" in shown
        assert "\x1b" not in shown
        assert shown.count("x") > 300
        assert "next page: dealwire dlq list --rows --limit 2 --after abc== --profile ops" in shown
        assert told("dlq", "list", "--rows")["next"] == "abc=="

    def test_an_empty_list_is_no_failure(self, api: Api) -> None:
        api.answers |= {"groups": {"groups": [], "total": 0}, "list": {"rows": []}}
        assert run("dlq", "list").stdout == "nothing is open\n"
        assert run("dlq", "list", "--rows", "--cause", "bug").stdout == "nothing is open of that kind\n"
        assert run("dlq", "list", "--after", "x").stdout == "nothing more is open\n"
        assert told("dlq", "list") == {"groups": [], "total": 0}

    def test_a_source_that_is_none_of_ours_is_remarked_where_nothing_matches(self, api: Api) -> None:
        api.answers["groups"] = {"groups": [], "total": 0}
        answer = run("dlq", "list", "--source", "zillow")
        assert (answer.exit_code, answer.stdout) == (0, "nothing is open of that kind\n")
        assert "no source is called 'zillow'; known: " in answer.stderr

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--since", "2x"], "--since '2x' is no time; expected 30m, 2h, 3d, a date such as 2026-11-22, or an"),
            (["--until", "2026-13-01"], "--until '2026-13-01' is no time"),
            (["--since", "0001-01-01T00:00+14:00"], "is no time"),
            (["--since", "99999w", "--until", "1h"], None),
            (["--since", "1h", "--until", "2h"], "--since is not before --until; exchange them"),
            (["--deal", "TX-1"], "--deal 'TX-1' does not name its source; expected SOURCE/ID"),
            (["--deal", "/TX-1"], "--deal '/TX-1' does not name its source"),
        ],
    )
    def test_a_filter_that_makes_no_sense_is_wrong_usage(self, api: Api, options: list[str], said: str | None) -> None:
        api.answers["groups"] = {"groups": [], "total": 0}
        if said is None:
            assert run("dlq", "list", *options).exit_code == 0
        else:
            assert said in refused("dlq", "list", *options, status=2)

    @pytest.mark.parametrize(
        "options", [["--cause", "boom"], ["--state", "applied"], ["--limit", "0"], ["--rate", "1"]]
    )
    def test_an_option_that_is_none_is_wrong_usage(self, options: list[str]) -> None:
        answer = run("dlq", "list", *options)
        assert (answer.exit_code, answer.stdout) == (2, "")
        assert "Traceback" not in answer.stderr

    def test_a_page_mark_that_is_not_ours_is_refused(self, api: Api) -> None:
        api.answers["list"] = refusal(400, "after is not the next of a page; start without --after")
        assert "start without --after" in refused("dlq", "list", "--after", "junk")


class TestShow:
    def test_it_shows_what_fails_and_what_to_type(self, api: Api) -> None:
        api.answers["show"] = SHOWN
        shown = run("dlq", "show", ID, "--stack", "prod").stdout
        for part in (ID, "2026-11-22 03:00:00Z", "data.status", "Aaaa[/]", "a known stage", "around data.status:"):
            assert part in shown
        assert "A replay now: still fails" in shown
        assert f"mend the mapping, then replay: dealwire dlq edit {ID} --why TEXT --stack prod" in shown
        assert told("dlq", "show", ID)["mapping_version"] == 3

    @pytest.mark.parametrize(
        ("row", "would", "following"),
        [
            ({}, "applies cleanly", f"dealwire dlq replay {ID} --why TEXT"),
            ({}, "stale: changes nothing", f"dealwire dlq discard {ID} --why TEXT"),
            ({}, "already applied", f"dealwire dlq discard {ID} --why TEXT"),
            ({}, None, f"dealwire dlq replay {ID} --why TEXT"),
            ({"state": "parked"}, None, "dealwire agents import FILE.csv"),
            ({"state": "waiting", "due_at": "2026-11-22T04:00:00Z"}, None, "tried again by itself at 2026-11-22 04:00"),
            ({"state": "discarded"}, None, f"if it is wanted after all: dealwire dlq replay {ID} --why TEXT"),
            ({"state": "applied"}, None, f"nothing; its story: dealwire trace {ID}"),
        ],
    )
    def test_what_to_type_next_depends_on_the_event(
        self, api: Api, row: dict[str, Any], would: str | None, following: str
    ) -> None:
        verdict = {"id": ID, "would": would} if would else None
        api.answers["show"] = SHOWN | {"row": ROW | row, "verdict": verdict, "problems": []}
        shown = run("dlq", "show", ID).stdout
        assert following in shown.rpartition("Next: ")[2]
        assert '{"a": "Aaa"}' in shown

    def test_an_event_that_nobody_knows_is_exit_status_3(self, api: Api) -> None:
        api.answers["show"] = refusal(404, "there is no event transactions/x; see `dealwire dlq list --rows`")
        assert "there is no event transactions/x" in refused("dlq", "show", "transactions/x", status=3)

    def test_reveal_prints_the_body_byte_for_byte_and_sends_the_reason(self, api: Api) -> None:
        body = b'{"name": "N\xc3\xba\xc3\xb1ez"}\xff'
        api.answers["reveal"] = revealed(body)
        answer = run("dlq", "show", ID, "--reveal", *WHY)
        assert answer.stdout_bytes == body
        assert api.requests("reveal")[0].why == "ticket 4711"
        assert told("dlq", "show", ID, "--reveal", *WHY)["body_base64"] == base64.b64encode(body).decode()

    def test_reveal_without_a_reason_reveals_nothing(self, api: Api) -> None:
        assert "--reveal needs --why" in refused("dlq", "show", ID, "--reveal", status=2)
        assert not api.asked


def revealed(body: bytes, edits: int = 0) -> dict[str, Any]:
    return {"body_base64": base64.b64encode(body).decode(), "content_type": "application/json", "edits": edits}


BODY = b'{"id":"evt-1","price":450000.10,"status":"Actve","n":1}'


@pytest.fixture
def editable(api: Api) -> Api:
    api.answers["reveal"] = revealed(BODY, edits=2)
    api.answers["edit"] = {"edits": 3, "verdict": {"id": ID, "would": "applies cleanly", "changes": ["stage"]}}
    return api


def sent(api: Api) -> bytes:
    return base64.b64decode(api.requests("edit")[0].body_base64)


Editor = Callable[[str], str]


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """An editor that does what a line of shell says with the file `$1`; its temporary files can be looked for."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    script = tmp_path / "an editor.sh"

    def make(does: str) -> str:
        script.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        script.chmod(0o700)
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"'{script}'")
        return str(script)

    return make


def left_behind(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "temporary").rglob("*"))


class TestEdit:
    def test_a_patch_makes_a_version_and_keeps_every_digit(self, editable: Api, tmp_path: Path) -> None:
        patch = tmp_path / "fix.json"
        patch.write_text('[{"op": "replace", "path": "/status", "value": "Active"}]', encoding="utf-8")
        answer = run("dlq", "edit", ID, *WHY, "--patch", patch)
        assert answer.exit_code == 0, answer.output
        assert sent(editable) == b'{"id": "evt-1", "price": 450000.10, "status": "Active", "n": 1}'
        assert editable.requests("edit")[0].based_on == 2
        assert f"version 3 of the body of {ID} is stored" in answer.stdout
        assert "A replay now: applies cleanly; changes stage" in answer.stdout
        assert told("dlq", "edit", ID, *WHY, "--patch", patch)["edits"] == 3

    @pytest.mark.parametrize(
        ("patch", "said"),
        [
            ("{", "is not JSON (line 1, column 2); expected such as"),
            ('[{"op": "add", "path": "/x", "value": NaN}]', "is not JSON; expected such as"),
            ("[" * 100_000, "is nested too deeply"),
            ('{"op": "remove"}', "is no JSON Patch; expected a list of operations"),
            ("[1]", "is no JSON Patch; expected a list of operations"),
            ('[{"path": "/status"}]', "is no JSON Patch ("),
            ('[{"op": "mend", "path": "/status"}]', "is no JSON Patch ("),
            ('[{"op": "replace", "path": "/status"}]', "is no JSON Patch ("),
            ('[{"op": "replace", "path": "status", "value": 1}]', "JSON Patch"),
            ('[{"op": "replace", "path": 7, "value": 1}]', "JSON Patch"),
            ('[{"op": "remove", "path": "/nowhere"}]', "does not apply to this body"),
            ('[{"op": "add", "path": "/a/b/c", "value": 1}]', "does not apply to this body"),
            ('[{"op": "add", "path": "/status/x", "value": 1}]', "does not apply to this body"),
            (
                '[{"op": "test", "path": "/status", "value": "x"}]',
                "operation 1, test '/status', does not fit what is there",
            ),
        ],
    )
    def test_a_patch_that_cannot_be_applied_is_said_and_stores_nothing(
        self, editable: Api, tmp_path: Path, patch: str, said: str
    ) -> None:
        file = tmp_path / "fix.json"
        file.write_text(patch, encoding="utf-8")
        line = refused("dlq", "edit", ID, *WHY, "--patch", file)
        assert said in line
        assert "Actve" not in line
        assert not editable.requests("edit")

    @pytest.mark.parametrize("patch", ["[]", '[{"op": "replace", "path": "/n", "value": 1}]'])
    def test_a_patch_that_changes_nothing_is_exit_status_3(self, editable: Api, tmp_path: Path, patch: str) -> None:
        file = tmp_path / "fix.json"
        file.write_text(patch, encoding="utf-8")
        assert refused("dlq", "edit", ID, *WHY, "--patch", file, status=3) == "dealwire dlq edit: nothing changed\n"
        assert not editable.requests("edit")

    @pytest.mark.parametrize("value", ["1.0", "true", '"1"'])
    def test_a_value_of_another_kind_is_a_change(self, editable: Api, tmp_path: Path, value: str) -> None:
        file = tmp_path / "fix.json"
        file.write_text(f'[{{"op": "replace", "path": "/n", "value": {value}}}]', encoding="utf-8")
        assert run("dlq", "edit", ID, *WHY, "--patch", file).exit_code == 0
        assert sent(editable).endswith(f'"n": {value}}}'.encode())

    def test_a_body_that_is_not_json_cannot_be_patched_but_replaced(self, editable: Api, tmp_path: Path) -> None:
        editable.answers["reveal"] = revealed(b"\xff<xml/>")
        file = tmp_path / "new.json"
        file.write_bytes(b"[]")
        assert "a JSON Patch cannot change this body: the body is not UTF-8" in refused(
            "dlq", "edit", ID, *WHY, "--patch", file
        )
        assert run("dlq", "edit", ID, *WHY, "--file", file).exit_code == 0
        assert sent(editable) == b"[]"

    def test_a_file_with_the_same_body_changes_nothing(self, editable: Api, tmp_path: Path) -> None:
        file = tmp_path / "same.json"
        file.write_bytes(BODY)
        assert "nothing changed" in refused("dlq", "edit", ID, *WHY, "--file", file, status=3)

    def test_patch_and_file_exclude_each_other(self, api: Api, tmp_path: Path) -> None:
        file = tmp_path / "fix.json"
        file.write_bytes(b"[]")
        assert "exclude each other" in refused("dlq", "edit", ID, *WHY, "--file", file, "--patch", file, status=2)
        assert run("dlq", "edit", ID, *WHY, "--patch", tmp_path / "nowhere").exit_code == 2
        assert run("dlq", "edit", ID).exit_code == 2
        assert not api.asked

    def test_the_editor_gets_a_private_file_that_is_gone_afterwards(
        self, editable: Api, editor: Editor, tmp_path: Path
    ) -> None:
        seen = tmp_path / "seen"
        editor(f'stat -c %a "$1" "$(dirname "$1")" > {seen}; cp "$1" "$1~"; sed -i s/Actve/Active/ "$1"')
        answer = run("dlq", "edit", ID, *WHY)
        assert answer.exit_code == 0, answer.output
        assert seen.read_text().split() == ["600", "700"]
        assert json.loads(sent(editable)) == json.loads(BODY.replace(b"Actve", b"Active"))
        assert b'"price": 450000.10' in sent(editable)
        assert left_behind(tmp_path) == []

    @pytest.mark.parametrize("does", ["true", 'echo >> "$1"'])
    def test_an_editor_that_changes_nothing_stores_nothing(
        self, editable: Api, editor: Editor, does: str, tmp_path: Path
    ) -> None:
        editor(does)
        assert "nothing changed (if the editor is still open" in refused("dlq", "edit", ID, *WHY, status=3)
        assert not editable.requests("edit")
        assert left_behind(tmp_path) == []

    def test_a_body_that_is_not_json_is_edited_as_it_is(self, editable: Api, editor: Editor) -> None:
        editable.answers["reveal"] = revealed(b"\xff<xml/>")
        editor('printf "[]" > "$1"')
        assert run("dlq", "edit", ID, *WHY).exit_code == 0
        assert sent(editable) == b"[]"

    def test_an_editor_that_fails_stores_nothing_and_leaves_nothing(
        self, editable: Api, editor: Editor, tmp_path: Path
    ) -> None:
        script = editor('echo x > "$1"; exit 3')
        assert f"editor {script!r} ended with status 3; nothing was changed" in refused("dlq", "edit", ID, *WHY)
        assert not editable.requests("edit")
        assert left_behind(tmp_path) == []

    @pytest.mark.parametrize(
        ("named", "status", "said"),
        [
            ("", 2, "there is no editor; set VISUAL or EDITOR, or use --patch or --file"),
            ("'vi", 2, 'VISUAL or EDITOR is "\'vi", which is no command'),
            ("/nowhere/vi", 1, "editor '/nowhere/vi' cannot be started (No such file or directory)"),
        ],
    )
    def test_an_editor_that_is_none_is_said(
        self, editable: Api, editor: Editor, monkeypatch: pytest.MonkeyPatch, named: str, status: int, said: str,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        editor("true")
        monkeypatch.setenv("EDITOR", named)
        assert said in refused("dlq", "edit", ID, *WHY, status=status)
        assert left_behind(tmp_path) == []

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_the_file_is_gone_even_if_the_command_is_ended(
        self, editable: Api, editor: Editor, tmp_path: Path, number: signal.Signals
    ) -> None:
        before = signal.getsignal(number)
        editor(f"kill -{int(number)} {os.getpid()}; sleep 5")
        assert run("dlq", "edit", ID, *WHY).exit_code == 128 + number
        assert left_behind(tmp_path) == []
        assert signal.getsignal(number) == before

    def test_what_the_file_held_is_overwritten_before_it_is_removed(
        self, editable: Api, editor: Editor, tmp_path: Path
    ) -> None:
        # A second name of the file, and of a backup, keeps their bytes in reach after they were removed.
        editor(f'ln "$1" {tmp_path}/first; cp "$1" "$1.swp"; ln "$1.swp" {tmp_path}/backup; mv "$1.swp" "$1"')
        run("dlq", "edit", ID, *WHY)
        for kept in ("first", "backup"):
            assert set((tmp_path / kept).read_bytes()) == {0}
            assert stat.S_IMODE((tmp_path / kept).stat().st_mode) == 0o600

    def test_a_body_that_somebody_else_edited_meanwhile_is_refused(self, editable: Api, tmp_path: Path) -> None:
        file = tmp_path / "new.json"
        file.write_bytes(b"[]")
        editable.answers["edit"] = refusal(409, "version 3 was made meanwhile; look at it, then edit again")
        assert "version 3 was made meanwhile" in refused("dlq", "edit", ID, *WHY, "--file", file)


def job(total: int, done: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "job": "J-1", "total": total, "done": done, "kind": "letters", "mapping": "now", "who": "arn:x", "why": "t",
        "at": "2026-11-22T03:00:00Z", **changes,
    }  # fmt: skip


class Steps:
    """A job of so many events, each of which becomes what `becomes` says, else queued."""

    def __init__(self, total: int, done: int = 0, becomes: dict[int, str] | None = None) -> None:
        self.total, self.done, self.becomes = total, done, becomes or {}
        self.fails_at: dict[int, Any] = {}

    def __call__(self, request: Any) -> Any:
        failure = self.fails_at.pop(self.done, None)
        if isinstance(failure, BaseException):
            raise failure
        if failure is not None:
            return failure
        numbers = range(self.done, min(self.total, self.done + request.limit))
        self.done = numbers.stop
        replayed = [{"id": f"t/{one}", "done": self.becomes.get(one, "queued")} for one in numbers]
        return {"replayed": replayed, "done": self.done, "total": self.total}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time passes only where it is slept through."""
    slept: list[float] = []
    monkeypatch.setattr("cli.replaying.time.sleep", slept.append)
    monkeypatch.setattr("cli.replaying.time.monotonic", lambda: sum(slept))
    return slept


def replayable(api: Api, steps: Steps) -> Steps:
    api.answers |= {"plan": job(steps.total), "job": lambda _: job(steps.total, steps.done), "step": steps}
    return steps


REPLAY = ("dlq", "replay", "--cause", "mapping", *WHY)


class TestReplay:
    def test_a_filter_is_replayed_at_the_rate_and_reported(self, api: Api, pauses: list[float]) -> None:
        replayable(api, Steps(60))
        report = told(*REPLAY, "--yes", "--rate", "20")
        assert (report["job"], report["total"], report["done"], report["queued"]) == ("J-1", 60, 60, 60)
        plan = api.requests("plan")[0]
        assert (plan.letters.cause, plan.letters.states, plan.ids, plan.why) == (
            "mapping",
            ("dead",),
            (),
            "ticket 4711",
        )
        assert 2.0 <= sum(pauses) <= 3.0

    def test_more_ids_than_one_request_takes_are_refused_with_what_to_do(self, api: Api) -> None:
        many = [f"transactions/evt-{number}" for number in range(101)]
        line = refused("dlq", "replay", *many, *WHY, "--yes", status=2)
        assert "ID: at most 100 at a time; name fewer, or use a filter" in line

    def test_ids_are_replayed_each_once(self, api: Api, pauses: list[float]) -> None:
        replayable(api, Steps(1))
        answer = run("dlq", "replay", ID, ID, *WHY, "--yes", "--stack", "prod")
        assert answer.exit_code == 0
        assert api.requests("plan")[0].ids == (ID,)
        assert "replay J-1: 1 of 1 done: 1 queued" in answer.stdout
        assert "see how they end: dealwire dlq list --stack prod" in answer.stdout

    def test_what_was_not_replayed_is_listed_and_exit_status_4(self, api: Api, pauses: list[float]) -> None:
        replayable(api, Steps(4, becomes={1: "refused", 2: "gone", 3: "already queued or applied"}))
        answer = run(*REPLAY, "--yes")
        assert answer.exit_code == 4
        assert "1 queued, 1 already queued or applied, 1 refused, 1 gone" in answer.stdout
        assert "t/1" in answer.stdout
        assert "t/0" not in answer.stdout

    def test_what_was_replayed_already_is_exit_status_3(self, api: Api, pauses: list[float]) -> None:
        replayable(api, Steps(1, becomes={0: "already queued or applied"}))
        answer = run("dlq", "replay", ID, *WHY, "--yes")
        assert answer.exit_code == 3
        assert answer.stderr.splitlines() == [
            "dealwire dlq replay: nothing was replayed: all were queued or applied before"
        ]

    def test_a_filter_that_matches_nothing_is_exit_status_3(self, api: Api) -> None:
        api.answers["plan"] = refusal(404, "nothing matches; see `dealwire dlq list`")
        assert "nothing matches" in refused(*REPLAY, "--yes", status=3)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([*WHY, "--yes"], "nothing says which to replay; name IDs or give a filter"),
            ([ID, "--yes"], "--why is missing"),
            ([ID, "--cause", "bug", *WHY], "IDs and filters exclude each other"),
            ([ID, "--resume", "J-1"], "--resume goes on with a list that is frozen"),
            (["--cause", "bug", "--resume", "J-1"], "--resume goes on with a list that is frozen"),
            ([*(f"t/{one}" for one in range(101)), *WHY], "ID: at most 100 at a time"),
        ],
    )
    def test_a_replay_that_makes_no_sense_is_wrong_usage(self, api: Api, arguments: list[str], said: str) -> None:
        assert said in refused("dlq", "replay", *arguments, status=2)
        assert not api.asked

    def test_without_a_terminal_nothing_is_replayed_unless_yes(self, api: Api) -> None:
        replayable(api, Steps(60))
        assert "Replay 60 events? There is no terminal to confirm it on: give --yes" in refused(*REPLAY, status=2)
        assert not api.requests("step")

    def test_the_question_says_how_many_and_a_no_keeps_the_list(self, api: Api, terminal: None) -> None:
        replayable(api, Steps(1200))
        answer = run(*REPLAY, typed="n\n")
        assert answer.exit_code == 1
        assert "Replay 1,200 events? [y/N]" in answer.stderr
        assert "nothing was replayed; the list is kept: dealwire dlq replay --resume J-1" in answer.stderr
        assert not api.requests("step")

    def test_a_yes_on_the_terminal_replays(self, api: Api, terminal: None, pauses: list[float]) -> None:
        steps = replayable(api, Steps(2))
        assert run(*REPLAY, typed="y\n").exit_code == 0
        assert steps.done == 2

    def test_an_interrupted_replay_says_how_to_go_on_and_goes_on(self, api: Api, pauses: list[float]) -> None:
        steps = replayable(api, Steps(60))
        steps.fails_at[25] = KeyboardInterrupt()
        line = refused(*REPLAY, "--yes", "--stack", "prod")
        assert "stopped; 25 of 60 are done; go on with `dealwire dlq replay --resume J-1 --stack prod`" in line
        report = told("dlq", "replay", "--resume", "J-1", "--yes")
        assert (report["done"], report["queued"]) == (60, 35)

    def test_a_step_that_is_not_answered_is_asked_again(self, api: Api, pauses: list[float]) -> None:
        steps = replayable(api, Steps(60))
        steps.fails_at[25] = Reply(504, b'{"message": "Endpoint request timed out"}')
        assert told(*REPLAY, "--yes", "--rate", "1000")["queued"] == 60
        assert 1.0 in pauses

    def test_a_step_that_stays_without_answer_says_how_to_go_on(self, api: Api, pauses: list[float]) -> None:
        replayable(api, Steps(60))
        api.answers["step"] = [Reply(429, b"")]
        line = refused(*REPLAY, "--yes")
        assert "status 429" in line
        assert "0 of 60 are done; go on with `dealwire dlq replay --resume J-1`" in line
        assert len(api.requests("step")) == 4

    def test_another_operator_on_the_same_job_is_said_at_once(self, api: Api, pauses: list[float]) -> None:
        replayable(api, Steps(60))
        api.answers["step"] = refusal(409, "another run of this replay has advanced it")
        assert "another run of this replay has advanced it; 0 of 60 are done" in refused(*REPLAY, "--yes")
        assert len(api.requests("step")) == 1

    def test_a_replay_that_is_complete_is_exit_status_3(self, api: Api) -> None:
        api.answers["job"] = job(7, 7)
        assert "replay J-1 is complete: all 7 are done" in refused("dlq", "replay", "--resume", "J-1", status=3)

    def test_a_replay_that_nobody_knows_is_exit_status_3(self, api: Api) -> None:
        api.answers["job"] = refusal(404, "there is no replay J-9")
        assert "there is no replay J-9" in refused("dlq", "replay", "--resume", "J-9", status=3)

    def test_a_job_that_stops_short_is_not_taken_for_done(self, api: Api, pauses: list[float]) -> None:
        replayable(api, Steps(3))
        api.answers["step"] = {"replayed": [], "done": 1, "total": 3}
        answer = run(*REPLAY, "--yes")
        assert answer.exit_code == 4
        assert "it is not complete; go on: dealwire dlq replay --resume J-1" in answer.stdout


class TestDryRun:
    def previews(self, api: Api, *would: str) -> None:
        def page(request: Any) -> Any:
            shown = would[request.start : request.start + request.limit]
            verdicts = [{"id": f"t/{request.start + n}", "would": one} for n, one in enumerate(shown)]
            return {"verdicts": verdicts, "total": len(would)}

        api.answers |= {"plan": job(len(would)), "job": job(len(would), 2), "preview": page}

    def test_it_goes_through_all_pages_and_changes_nothing(self, api: Api) -> None:
        self.previews(api, *["applies cleanly"] * 40, *["stale: changes nothing"] * 20)
        report = told(*REPLAY, "--dry-run")
        assert report["counts"] == {"applies cleanly": 40, "stale: changes nothing": 20}
        assert [verdict["id"] for verdict in report["verdicts"]] == [f"t/{one}" for one in range(60)]
        assert {action for action, _ in api.asked} == {"plan", "preview"}

    def test_one_that_still_fails_is_exit_status_4(self, api: Api) -> None:
        self.previews(api, "applies cleanly", "still fails")
        answer = run(*REPLAY, "--dry-run")
        assert answer.exit_code == 4
        assert "still fails" in answer.stdout
        assert "nothing was changed; replay exactly these: dealwire dlq replay --resume J-1" in answer.stdout

    def test_it_needs_no_reason_but_what_it_planned_is_then_not_replayed(self, api: Api) -> None:
        self.previews(api, "applies cleanly")
        answer = run("dlq", "replay", "--cause", "mapping", "--dry-run")
        assert answer.exit_code == 0
        assert "type the same `dealwire dlq replay` with --why and without --dry-run" in answer.stdout
        assert "--resume" not in answer.stdout

    def test_of_an_interrupted_replay_it_shows_what_is_left(self, api: Api) -> None:
        self.previews(api, *["applies cleanly"] * 3)
        assert [one["id"] for one in told("dlq", "replay", "--resume", "J-1", "--dry-run")["verdicts"]] == ["t/2"]

    def test_a_preview_that_stops_short_is_said(self, api: Api) -> None:
        self.previews(api, "applies cleanly")
        api.answers["preview"] = {"verdicts": [], "total": 1}
        assert "the preview of replay J-1 ended at 0 of 1; try again" in refused(*REPLAY, "--dry-run")


class TestDiscard:
    def test_those_that_were_kept_are_said_and_exit_status_4(self, api: Api) -> None:
        api.answers["discard"] = {"discarded": [ID], "kept": {"t/2": "it is applied"}}
        answer = run("dlq", "discard", ID, "t/2", *WHY, "--yes")
        assert (answer.exit_code, answer.stderr) == (4, "t/2: it is applied\n")
        assert "1 discarded, 1 kept" in answer.stdout
        assert f"to undo: dealwire dlq replay {ID} --why TEXT" in answer.stdout

    def test_many_are_discarded_in_parts(self, api: Api) -> None:
        api.answers["discard"] = lambda request: {"discarded": request.ids}
        report = told("dlq", "discard", *(f"t/{one}" for one in range(250)), "t/0", *WHY, "--yes")
        assert len(report["discarded"]) == 250
        assert [len(request.ids) for request in api.requests("discard")] == [100, 100, 50]

    def test_a_failure_on_the_way_says_how_many_were_discarded(self, api: Api) -> None:
        api.answers["discard"] = [{"discarded": ["t/0"]}, refusal(503, "DynamoDB does not answer")]
        line = refused("dlq", "discard", *(f"t/{one}" for one in range(150)), *WHY, "--yes")
        assert "DynamoDB does not answer; 1 were discarded before that" in line

    def test_nothing_is_discarded_without_a_yes_or_a_reason(self, api: Api) -> None:
        assert "Discard 1 event? There is no terminal" in refused("dlq", "discard", ID, *WHY, status=2)
        assert run("dlq", "discard", ID, "--yes").exit_code == 2
        assert run("dlq", "discard", *WHY, "--yes").exit_code == 2
        assert not api.asked

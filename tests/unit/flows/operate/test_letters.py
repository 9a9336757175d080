"""Open events at the operators' desk: list, count, look, reveal, edit, discard."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.agents import AgentKey
from domain.errors import Cause, Unavailable
from domain.event_log import BodyVersion, EventRecord, State
from domain.operate.letters import Filter
from domain.operate.ports import Page
from domain.ports import Waiting
from flows.accept_event import BODY_LIMIT
from sources.catalog import catalog
from sources.hydration import fetch_paths
from sources.strict_json import parse
from tests.builders import NOW
from tests.fakes.event_log import MemoryEventLog
from tests.unit.flows.operate.bench import EVENTS, WHO, Bench, body

ID = "transactions/evt-1"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def parked(bench: Bench, event_id: str = "evt-p", agent: str = "dana@example.com") -> None:
    envelope = bench.receive(body("deal.created__listing", event_id), event_id)
    missing = frozenset({AgentKey("transactions", agent)})
    reason = f"unknown agent of ours: transactions/{agent}; add it"
    now = bench.clock.now()
    bench.waiting.park(Waiting(envelope, Cause.UNKNOWN_AGENT, reason, now, now + timedelta(hours=1), missing=missing))


def unreadable(bench: Bench) -> EventRecord:
    envelope = bench.receive(b"not an envelope", "m-9", source="sweep-dlq", event_type="unreadable")
    return bench.file(envelope, Cause.BUG, "the sweeper failed")


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


# ------------------------------------------------------------------------------------------------------ list and groups


def test_what_stands_around_a_field_is_left_out_where_there_is_no_time_for_it(bench: Bench) -> None:
    bench.dead("evt-1", cause=Cause.MAPPING, list_price="a lot")
    assert '"list_price": "a aaa"' in bench.done("show", id=ID)["problems"][0]["around"]
    bench.clock.left_s = 3.0
    assert bench.done("show", id=ID)["problems"][0]["around"] == ""


def test_the_newest_open_event_is_listed_first_with_who_mends_it(bench: Bench) -> None:
    bench.dead("evt-1", cause=Cause.MAPPING)
    bench.clock.move(minutes=1)
    bench.dead("evt-2")
    answer = bench.done("list")
    assert [row["id"] for row in answer["rows"]] == ["transactions/evt-2", "transactions/evt-1"]
    assert [row["owner"] for row in answer["rows"]] == ["operations", "analyst"]
    assert answer["next"] == ""


class Sparse(MemoryEventLog):
    """A log whose pages may be empty before something is found."""

    def open(self, wanted: Filter, *, after: str = "", limit: int = 50, newest_first: bool = True) -> Page[EventRecord]:
        tries = int(after.rpartition("#")[2]) if after else 0
        if tries < 3:
            return Page([], f"2026-03-02T09:00:00+00:00#{tries + 1}")
        return super().open(wanted, limit=limit, newest_first=newest_first)


def test_pages_in_which_nothing_was_found_are_passed_over_while_there_is_time(bench: Bench) -> None:
    bench.dead("evt-1")
    sparse = Sparse(bench.waiting, shut=bench.log.shut)
    bench.log = sparse
    assert [row["id"] for row in bench.done("list")["rows"]] == [ID]
    bench.clock.left_s = 3.0
    answer = bench.done("list")
    assert answer["rows"] == []
    assert answer["next"]


def test_pages_follow_each_other(bench: Bench) -> None:
    for number in range(5):
        bench.dead(f"evt-{number}")
        bench.clock.move(minutes=1)
    first = bench.done("list", limit=3)
    second = bench.done("list", limit=3, after=first["next"])
    ids = [row["id"] for row in (*first["rows"], *second["rows"])]
    assert ids == [f"transactions/evt-{number}" for number in (4, 3, 2, 1, 0)]
    assert second["next"] == ""


def test_the_address_of_an_agent_is_not_shown(bench: Bench) -> None:
    parked(bench)
    (row,) = bench.done("list")["rows"]
    assert row["reason"] == "unknown agent of ours: transactions/d•••; add it"
    shown = bench.done("show", id="transactions/evt-p")
    assert "example.com" not in json.dumps(shown)
    assert shown["timeline"][-1]["detail"].startswith("for 1 agent: transactions/d•••")


def test_open_events_are_counted_by_kind_and_hour(bench: Bench) -> None:
    for number in range(3):
        bench.dead(f"evt-{number}", cause=Cause.MAPPING)
        bench.clock.move(minutes=25)
    bench.dead("evt-late", cause=Cause.MAPPING)
    parked(bench)
    answer = bench.done("groups")
    kinds = {(row["state"], row["cause"], row["hour"][11:16]): row["count"] for row in answer["groups"]}
    assert kinds == {
        ("parked", "unknown_agent", "10:00"): 1,
        ("dead", "mapping", "10:00"): 1,
        ("dead", "mapping", "09:00"): 3,
    }
    assert [row["hour"][11:13] for row in answer["groups"]] == ["10", "10", "09"]
    assert (answer["total"], answer["groups"][-1]["oldest"]) == (5, "2026-03-02T09:00:00Z")


def test_more_open_events_than_one_page_are_counted(bench: Bench) -> None:
    envelope = bench.dead("evt-0").envelope
    for number in range(1, 1100):
        bench.file(replace(envelope, event_id=f"evt-{number}"), Cause.CONFIG, "the zone was wrong")
    assert bench.done("groups")["total"] == 1100


@pytest.mark.parametrize("action", ["list", "groups"])
@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"states": ["applied"]}, "events list"),
        ({"states": []}, "no state is asked for"),
        ({"deal": "TX-1"}, "source/id"),
        ({"deal": "/"}, "source/id"),
        ({"since": "2026-03-02T10:00:00Z", "until": "2026-03-02T09:00:00Z"}, "must be before until"),
        ({"since": "2026-03-02T10:00:00"}, "timezone"),
        ({"cause": "sunspots"}, "cause"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(bench: Bench, action: str, wanted: dict[str, Any], says: str) -> None:
    status, error = bench.error(action, filter=wanted)
    assert status == 400
    assert says in error


@pytest.mark.parametrize("request_", [{"after": "gibberish"}, {"limit": 0}, {"limit": 201}, {"limit": "many"}])
def test_a_page_that_cannot_be_is_refused(bench: Bench, request_: dict[str, Any]) -> None:
    assert bench.error("list", **request_)[0] == 400


# ----------------------------------------------------------------------------------------------------------------- show


def test_a_failing_field_is_shown_with_where_it_stands_and_without_what_it_says(bench: Bench) -> None:
    bench.dead("evt-1", cause=Cause.MAPPING, list_price="five hundred", status="Sold twice")
    shown = bench.done("show", id=ID)
    problems = {problem["field"]: problem for problem in shown["problems"]}
    assert problems["list_price"]["path"] == "data.list_price"
    assert problems["list_price"]["value"] == "'aaaa aaaaaaa'"
    assert problems["stage"]["value"] == "'Sold twice'"
    assert '"status": "Sold twice"' in problems["stage"]["around"]
    assert '"list_price": "aaaa aaaaaaa"' in problems["list_price"]["around"]
    assert (shown["verdict"]["would"], shown["verdict"]["cause"]) == ("still fails", "mapping")


def test_no_value_of_a_payload_is_shown(bench: Bench) -> None:
    bench.dead("evt-1", "deal.closed__co_listed", cause=Cause.MAPPING, sale_price="Melissa.Grant@Example.com")
    text = json.dumps(bench.done("show", id=ID))
    for value in ("Melissa", "Grant", "555-01", "Example", "1200", "549900", "TX-evt"):
        assert value not in text, value
    assert "participants" in text


def test_an_event_that_a_replay_would_apply_has_no_problems(bench: Bench) -> None:
    bench.dead()
    shown = bench.done("show", id=ID)
    assert (shown["problems"], shown["verdict"]["would"]) == ([], "applies cleanly")
    assert "stage" in shown["verdict"]["changes"]


def test_the_story_of_an_event_is_told_in_order(bench: Bench) -> None:
    record = bench.dead()
    bench.clock.move(minutes=1)
    bench.done("reveal", id=ID, why="to see the name")
    bench.clock.move(minutes=1)
    job = bench.done("plan", ids=[ID], why="the zone is mended")["job"]
    bench.done("step", job=job)
    bench.clock.move(minutes=1)
    bench.work()
    timeline = bench.done("show", id=record.envelope.receipt)["timeline"]
    assert [moment["what"] for moment in timeline] == ["received", "filed", "revealed", "replayed", "applied"]
    assert [moment["who"] for moment in timeline] == ["", "", WHO, WHO, ""]
    assert f"job {job}" in timeline[3]["detail"]
    assert "sale_price" not in timeline[4]["detail"]
    assert "list_price" in timeline[4]["detail"]


def test_a_body_that_is_no_json_or_is_gone_is_shown_as_nothing(bench: Bench) -> None:
    record = bench.file(bench.receive(b"<xml>", "evt-1"), Cause.BAD_PAYLOAD, "the body is not JSON")
    assert bench.done("show", id=ID)["payload"] == ""
    bench.shelf.erase([record.envelope.archive_key])
    shown = bench.done("show", id=ID)
    assert (shown["payload"], shown["verdict"]["would"]) == ("", "still fails")


def test_a_very_large_body_is_cut(bench: Bench) -> None:
    bench.dead("evt-1", notes=["x" * 150] * 10_000)
    shown = bench.done("show", id=ID)
    assert len(shown["payload"]) < 501_000
    assert shown["payload"].endswith("(cut here; reveal shows all of it)")


def test_an_unreadable_message_is_shown_and_cannot_be_replayed(bench: Bench) -> None:
    unreadable(bench)
    shown = bench.done("show", id="sweep-dlq/m-9")
    assert shown["verdict"]["would"] == "nothing to replay"
    assert shown["problems"] == []


def test_an_event_of_a_thin_source_is_previewed_with_what_the_provider_has(bench: Bench) -> None:
    fixture = EVENTS / "dotloop" / "LOOP_UPDATED__under_contract.json"
    content = fixture.read_bytes()
    envelope = bench.receive(content, "evt-1", source="dotloop", event_type="LOOP_UPDATED")
    bench.file(envelope, Cause.PROVIDER_API, "dotloop was down")
    fetched = parse(fixture.with_suffix(".fetched.json").read_bytes())
    for name, path in fetch_paths(catalog()["dotloop"], json.loads(content)).items():
        bench.api.documents["dotloop", path] = fetched[name]
    assert bench.done("show", id="dotloop/evt-1")["verdict"]["would"] == "applies cleanly"
    for name, path in fetch_paths(catalog()["dotloop"], json.loads(content)).items():
        if name == "loop":
            bench.api.documents["dotloop", path] = {"data": {**fetched[name]["data"], "status": "Unheard of"}}
    (problem,) = bench.done("show", id="dotloop/evt-1")["problems"]
    assert (problem["field"], problem["value"]) == ("stage", "'Unheard of'")
    assert '"status": "Unheard of"' in problem["around"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("transactions/nobody", 404),
        ("nosource/evt-1", 404),
        ("evt-1", 400),
        ("/evt-1", 400),
        ("transactions/", 400),
        ("transactions/ä", 400),
        ("transactions/" + "x" * 201, 400),
        ("0" * 32, 404),
        ("f" * 32, 404),
        ("0e677d21fdbf" + "f" * 20, 404),  # the last moment of the year 9999
        ("019CADC69A8000000000000000000000", 400),
        ("", 400),
        ("x" * 601, 400),
        ("transactions/evt\n1", 400),
    ],
)
@pytest.mark.parametrize("action", ["show", "reveal", "edit"])
def test_what_is_no_event_is_refused(bench: Bench, action: str, name: str, status: int) -> None:
    bench.dead()
    more: dict[str, dict[str, Any]] = {
        "show": {},
        "reveal": {"why": "curious"},
        "edit": {"why": "curious", "body_base64": "e30=", "based_on": 0},
    }
    assert bench.error(action, id=name, **more[action])[0] == status
    assert bench.audit.entries == []


def test_a_receipt_that_was_made_just_after_midnight_is_found_under_the_day_before(bench: Bench) -> None:
    bench.clock.at = NOW.replace(hour=0)
    receipt = bench.new_id()
    bench.clock.move(milliseconds=-1)
    content, key = body("deal.created__listing", "evt-1"), f"2026-03-01/transactions/{receipt}"
    bench.file(bench.receive(content, "evt-1", receipt=receipt, archive_key=key), Cause.CONFIG, "the zone was wrong")
    assert bench.done("show", id=receipt)["row"]["id"] == ID


def test_an_event_that_is_still_queued_is_said_to_be(bench: Bench) -> None:
    envelope = bench.receive(body("deal.created__listing", "evt-1"), "evt-1")
    status, error = bench.error("show", id=envelope.receipt)
    assert status == 404
    assert "still queued" in error
    assert "dealwire trace transactions/evt-1" in error


# --------------------------------------------------------------------------------------------------------------- reveal


def test_the_bytes_are_revealed_and_it_is_written_down(bench: Bench) -> None:
    bench.dead()
    answer = bench.done("reveal", id=ID, why="to call the seller")
    assert base64.b64decode(answer["body_base64"]) == body("deal.created__listing", "evt-1")
    assert (answer["edits"], answer["content_type"]) == (0, "application/json")
    (entry,) = bench.entries("reveal")
    assert (entry.who, entry.subject, entry.why) == (WHO, "EVENT#transactions#evt-1", "to call the seller")


def test_nothing_is_revealed_that_cannot_be_written_down(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.dead()
    read: list[str] = []

    def refuse(_entry: object) -> None:
        raise Unavailable("throttled")

    monkeypatch.setattr(bench.audit, "put", refuse)
    monkeypatch.setattr(bench.archive, "get", read.append)
    status, error = bench.error("reveal", id=ID, why="to call the seller")
    assert (status, read) == (503, [])
    assert "throttled" in error


def test_bytes_that_are_gone_are_said_to_be(bench: Bench) -> None:
    record = bench.dead()
    bench.shelf.erase([record.envelope.archive_key])
    assert bench.error("reveal", id=ID, why="to call the seller")[0] == 404


# ----------------------------------------------------------------------------------------------------------------- edit


def edit(bench: Bench, content: bytes, based_on: int = 0, **more: Any) -> Any:
    return bench.done("edit", id=ID, body_base64=encoded(content), based_on=based_on, why="a typing error", **more)


def test_an_edited_body_is_what_is_replayed(bench: Bench) -> None:
    bench.dead("evt-1", cause=Cause.MAPPING, list_price="cheap")
    answer = edit(bench, body("deal.created__listing", "evt-1", list_price="1000"))
    assert (answer["edits"], answer["verdict"]["would"]) == (1, "applies cleanly")
    bench.done("step", job=bench.done("plan", ids=[ID], why="edited")["job"])
    bench.work()
    assert bench.state() is State.APPLIED
    (deal,) = bench.deals.deals.values()
    assert str(deal.details.list_price) == "1000.00 USD" or "1000" in str(deal.details.list_price)


def test_the_providers_bytes_stay_where_they_were(bench: Bench) -> None:
    record = bench.dead()
    edit(bench, b"{}")
    assert bench.archive.get(record.envelope.archive_key) == body("deal.created__listing", "evt-1")
    (version,) = bench.log.versions[record.key]
    assert bench.archive.objects[version.archive_key][0] == b"{}"
    assert bench.archive.objects[version.archive_key][1]["event-id"] == "evt-1"
    prefix, source, event, attempt, number = version.archive_key.split("/")
    assert (prefix, source, len(event), bool(attempt), number) == ("edits", "transactions", 32, True, "1")


def test_the_providers_bytes_are_kept_with_the_edits_too_for_the_archive_forgets_them_sooner(bench: Bench) -> None:
    record = bench.dead()
    edit(bench, b"{}")
    edit(bench, b"[]", based_on=1)
    kept = bench.archive.get(f"{record.envelope.edits_prefix}original")
    assert kept == body("deal.created__listing", "evt-1")


def test_an_event_whose_bytes_are_gone_may_be_edited_all_the_same(bench: Bench) -> None:
    bench.dead()
    bench.archive.objects.clear()
    assert edit(bench, body("deal.created__listing", "evt-1"))["edits"] == 1


def test_an_edit_of_an_edit_is_the_next_version(bench: Bench) -> None:
    bench.dead()
    edit(bench, b"{}")
    assert edit(bench, b"[]", based_on=1)["edits"] == 2
    assert base64.b64decode(bench.done("reveal", id=ID, why="to see it")["body_base64"]) == b"[]"
    assert [(entry.who, entry.details["version"]) for entry in bench.entries("edit")] == [(WHO, "1"), (WHO, "2")]


def test_an_edit_based_on_an_older_version_is_refused(bench: Bench) -> None:
    bench.dead()
    edit(bench, b"{}")
    status, error = bench.error("edit", id=ID, body_base64=encoded(b"[]"), based_on=0, why="me too")
    assert status == 409
    assert f"dealwire dlq show {ID}" in error
    assert base64.b64decode(bench.done("reveal", id=ID, why="to see it")["body_base64"]) == b"{}"


def test_of_two_editors_at_once_the_second_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    record = bench.dead()
    commit = bench.log.edit

    def other_first(held: EventRecord, version: BodyVersion, entry: Any) -> None:
        monkeypatch.setattr(bench.log, "edit", commit)
        edit(bench, b'{"by": "the other"}')
        commit(held, version, entry)

    monkeypatch.setattr(bench.log, "edit", other_first)
    status, _ = bench.error("edit", id=ID, body_base64=encoded(b'{"by": "me"}'), based_on=0, why="me too")
    assert status == 409
    assert base64.b64decode(bench.done("reveal", id=ID, why="to see")["body_base64"]) == b'{"by": "the other"}'
    assert len(bench.entries("edit")) == 1
    edits = [key for key in bench.archive.objects if key.startswith("edits/")]
    assert len(edits) == 2  # the provider's own and that of the other; that of the one who lost is erased
    assert f"{record.envelope.edits_prefix}original" in edits


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("%%%", "base64"),
        ("ä", "base64"),
        ("", "1 to"),
        (encoded(b"{"), "not JSON"),
        (encoded(b'{"a": 1, "a": 2}'), "same key twice"),
        (encoded(b"[NaN]"), "NaN"),
        (encoded(b" " * (BODY_LIMIT + 1)), "1 to"),
    ],
)
def test_a_body_that_nobody_could_process_is_refused(bench: Bench, content: str, says: str) -> None:
    bench.dead()
    before = dict(bench.archive.objects)
    status, error = bench.error("edit", id=ID, body_base64=content, based_on=0, why="a typing error")
    assert status == 400
    assert says in error
    assert (bench.archive.objects, bench.entries("edit")) == (before, [])


def test_a_body_that_never_was_json_may_be_edited_step_by_step(bench: Bench) -> None:
    bench.file(bench.receive(b"{", "evt-1", event_type="deal.created"), Cause.BAD_PAYLOAD, "the body is not JSON")
    assert edit(bench, b"{{")["verdict"]["would"] == "still fails"
    assert edit(bench, body("deal.created__listing", "evt-1"), based_on=1)["verdict"]["would"] == "applies cleanly"
    assert bench.error("edit", id=ID, body_base64=encoded(b"{"), based_on=2, why="back again")[0] == 400


def test_an_edit_whose_outcome_cannot_be_told_is_stored_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.dead()

    def refuse(*_: object) -> None:
        raise Unavailable("throttled")

    monkeypatch.setattr(bench.deals, "was_applied", refuse)
    answer = edit(bench, b"{}")
    assert (answer["edits"], answer["verdict"]["would"], answer["verdict"]["cause"]) == (
        1,
        "waits for a fault outside",
        "unavailable",
    )


def test_parked_and_discarded_events_may_be_edited_and_applied_ones_not(bench: Bench) -> None:
    bench.dead()
    bench.done("discard", ids=[ID], why="not ours")
    assert edit(bench, b"{}")["edits"] == 1
    parked(bench)
    request = {"id": "transactions/evt-p", "body_base64": encoded(b"{}"), "based_on": 0, "why": "a typing error"}
    assert bench.done("edit", **request)["edits"] == 1
    applied(bench)
    status, error = bench.error("edit", **{**request, "id": "transactions/evt-a"})
    assert status == 409
    assert "is applied" in error


def test_an_event_that_is_on_its_way_is_not_edited(bench: Bench) -> None:
    bench.dead()
    job = bench.done("plan", ids=[ID], why="mended")["job"]
    bench.done("step", job=job)
    assert bench.state() is State.WAITING
    status, error = bench.error("edit", id=ID, body_base64=encoded(b"{}"), based_on=0, why="a typing error")
    assert status == 409
    assert "edit it if it dies" in error


def test_a_parked_event_that_was_edited_is_replayed_and_one_that_was_not_follows_by_itself(bench: Bench) -> None:
    parked(bench)
    job = bench.done("plan", ids=["transactions/evt-p"], why="look")["job"]
    assert bench.done("step", job=job)["replayed"][0]["done"] == "already queued or applied"
    edited = {"id": "transactions/evt-p", "body_base64": encoded(b"{}"), "based_on": 0, "why": "agent id mistyped"}
    bench.done("edit", **edited)
    job = bench.done("plan", ids=["transactions/evt-p"], why="agent id mended")["job"]
    assert bench.done("step", job=job)["replayed"][0]["done"] == "queued"
    assert bench.state("evt-p") is State.WAITING


def applied(bench: Bench) -> None:
    bench.queue.send([bench.receive(body("deal.created__listing", "evt-a"), "evt-a")])
    bench.work()
    assert bench.state("evt-a") is State.APPLIED


def test_an_unreadable_message_cannot_be_edited(bench: Bench) -> None:
    unreadable(bench)
    status, error = bench.error("edit", id="sweep-dlq/m-9", body_base64="e30=", based_on=0, why="to mend it")
    assert status == 400
    assert "dealwire dlq discard sweep-dlq/m-9" in error


# -------------------------------------------------------------------------------------------------------------- discard


def test_dead_events_are_discarded_and_the_others_kept_with_a_reason(bench: Bench) -> None:
    bench.dead()
    unreadable(bench)
    parked(bench)
    applied(bench)
    ids = [ID, ID, "sweep-dlq/m-9", "transactions/evt-p", "transactions/evt-a", "transactions/none", "rubbish"]
    answer = bench.done("discard", ids=ids, why="not ours")
    assert answer["discarded"] == [ID, "sweep-dlq/m-9", "transactions/evt-p"]
    kept = answer["kept"]
    assert list(kept) == ids[4:]
    assert kept["transactions/evt-a"].startswith("it is applied, neither dead nor parked")
    assert (bench.state(), bench.state("evt-p")) == (State.DISCARDED, State.DISCARDED)
    subjects = ["EVENT#transactions#evt-1", "EVENT#sweep-dlq#m-9", "EVENT#transactions#evt-p"]
    assert [entry.subject for entry in bench.entries("discard")] == subjects


def test_an_event_named_twice_in_two_ways_is_discarded_once(bench: Bench) -> None:
    record = bench.dead()
    answer = bench.done("discard", ids=[ID, record.envelope.receipt], why="not ours")
    assert answer["discarded"] == [ID]
    assert len(bench.entries("discard")) == 1


def test_an_event_that_changes_while_it_is_discarded_is_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.dead()
    discard = bench.log.discard

    def other_first(record: EventRecord, **rest: Any) -> None:
        bench.log.release(record, now=NOW, due_at=NOW, entry=bench.desk().entry("replay", "EVENT#x", "me first"))
        discard(record, **rest)

    monkeypatch.setattr(bench.log, "discard", other_first)
    answer = bench.done("discard", ids=[ID], why="not ours")
    assert answer["discarded"] == []
    assert "changed meanwhile" in answer["kept"][ID]
    assert bench.entries("discard") == []


@pytest.mark.parametrize(
    "request_",
    [
        {"ids": [], "why": "nothing"},
        {"ids": [ID]},
        {"ids": [ID], "why": "x"},
        {"ids": ["x"] * 101, "why": "too many"},
        {"ids": ID, "why": "no list"},
    ],
)
def test_a_discard_that_makes_no_sense_is_refused(bench: Bench, request_: dict[str, Any]) -> None:
    bench.dead()
    assert bench.error("discard", **request_)[0] == 400
    assert bench.state() is State.DEAD

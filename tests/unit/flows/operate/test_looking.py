"""Looking around: what is told of a name, of what came in, of how it all stands, and of who did what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Cause
from domain.event_log import Disposition, State
from domain.operate.letters import Moment
from domain.operate.looking import AuditRequest, EventRow, EventsRequest, StatusRequest, TraceAnswer, TraceRequest
from domain.operate.replays import EventsFilter
from flows.operate.errors import BadRequest, NotFound
from flows.operate.looking import MOST_COUNTED, audit, events, status, trace
from sources.catalog import catalog
from tests.builders import NOW, agent
from tests.unit.flows.operate.office import WHO, Office

OUR_AGENT = {"role": "listing_agent", "side": "listing"}


@pytest.fixture
def office() -> Office:
    return Office()


def story_of(office: Office, name: str) -> TraceAnswer:
    return trace(TraceRequest(of=name), office.desk())


def told(answer: TraceAnswer) -> list[str]:
    return [moment.what for moment in answer.moments]


def moment(answer: TraceAnswer, what: str) -> Moment:
    (found,) = [moment for moment in answer.moments if moment.what == what]
    return found


def listed(office: Office, **request: Any) -> list[EventRow]:
    return list(events(EventsRequest(**request), office.desk()).rows)


# ------------------------------------------------------------------------------------------------------------- trace


@pytest.mark.parametrize("name", ["transactions/evt-1", "evt-1", "receipt"])
def test_an_applied_event_is_told_from_its_receipt_to_what_it_changed(office: Office, name: str) -> None:
    came = office.apply("evt-1", list_price="500000")
    answer = story_of(office, came.receipt if name == "receipt" else name)
    assert (answer.kind, answer.name) == (
        ("receipt", came.receipt) if name == "receipt" else ("event", "transactions/evt-1")
    )
    assert told(answer) == ["received", "applied"]
    received, applied = answer.moments
    assert "signature verified" in received.detail
    assert "mapping v1" in received.detail
    assert came.receipt in received.detail
    assert "list_price" in applied.detail
    assert office.deal_id() in applied.detail
    assert answer.open == ()


def test_a_receipt_is_told_before_the_index_has_it(office: Office) -> None:
    came = office.receive("evt-1", indexed=False)
    assert told(story_of(office, came.receipt)) == ["received", "queued"]
    office.deliveries.add(office.shelf.facts([came.archive_key]))
    assert told(story_of(office, came.receipt)) == ["received", "queued"]


def test_a_receipt_is_told_after_the_archive_has_let_go_of_its_body(office: Office) -> None:
    office.receive("evt-0")
    came = office.apply("evt-1")
    office.receive("evt-2")
    office.shelf.erase([came.archive_key])
    assert [moment.event for moment in story_of(office, came.receipt).moments] == ["transactions/evt-1"] * 2


def test_an_event_whose_type_is_not_used_is_not_told_to_be_queued(office: Office) -> None:
    came = office.receive("evt-1", event_type="deal.noted", disposition=Disposition.UNLISTED)
    answer = story_of(office, came.receipt)
    assert told(answer) == ["received"]
    assert "unlisted" in answer.moments[0].detail


def test_what_people_did_stands_between_what_happened(office: Office) -> None:
    came = office.receive("evt-1", {"id": "T-1", "version": 1})
    office.clock.move(minutes=1)
    record = office.file(came, Cause.CONFIG, "the zone was wrong", "transactions/T-1")
    office.clock.move(minutes=1)
    desk = office.desk()
    entry = desk.entry("replay", "EVENT#transactions#evt-1", "mended", job="job-1")
    office.log.release(record, now=desk.now, due_at=desk.now + timedelta(minutes=5), entry=entry)
    office.clock.move(minutes=1)
    assert office.work(came).result == "applied"
    answer = story_of(office, "evt-1")
    assert told(answer) == ["received", "filed", "replayed", "applied"]
    assert "config after 3 attempts" in moment(answer, "filed").detail
    assert (moment(answer, "replayed").who, moment(answer, "replayed").detail) == (WHO, "mended (job job-1)")


def test_a_parked_event_names_its_agents_but_no_address(office: Office) -> None:
    people = [{"id": "P-1", "agent_id": "dana@example.com", "name": "Dana Whitfield", **OUR_AGENT}]
    data = {"id": "T-1", "version": 1, "represented_side": "listing", "participants": people}
    assert office.work(office.receive("evt-1", data)).result == "parked"
    answer = story_of(office, "evt-1")
    assert told(answer) == ["received", "parked"]
    assert "for 1 agent: transactions/d•••" in moment(answer, "parked").detail
    (row,) = answer.open
    assert (row.state, row.cause) == (State.PARKED, Cause.UNKNOWN_AGENT)
    assert "dana" not in answer.model_dump_json()


@pytest.mark.parametrize("by_our_id", [False, True])
def test_a_deal_is_told_as_all_its_events_together_with_the_open_ones(office: Office, by_our_id: bool) -> None:
    office.apply("evt-1")
    office.apply("evt-2", list_price="500000")
    office.apply("evt-9", deal="T-2")
    came = office.receive("evt-3")
    office.file(came, Cause.VALIDATION, "breaks a rule", "transactions/T-1")
    answer = story_of(office, office.deal_id() if by_our_id else "transactions/T-1")
    assert answer.kind == "deal"
    assert [(moment.what, moment.event.rpartition("/")[2]) for moment in answer.moments] == [
        ("received", "evt-1"),
        ("applied", "evt-1"),
        ("received", "evt-2"),
        ("applied", "evt-2"),
        ("received", "evt-3"),
        ("filed", "evt-3"),
        ("dead", "evt-3"),
    ]
    assert [row.id for row in answer.open] == ["transactions/evt-3"]


def test_a_deal_is_told_under_every_id_that_its_source_gave_it(office: Office) -> None:
    office.apply("evt-1")
    office.deals.aliases["deal", "transactions", "T-1b"] = office.deal_id()  # as a merge at the source does
    office.apply("evt-2", deal="T-1b", list_price="500000")
    for name in ("transactions/T-1", "transactions/T-1b", office.deal_id()):
        answer = story_of(office, name)
        assert [moment.event for moment in answer.moments if moment.what == "applied"] == [
            "transactions/evt-1",
            "transactions/evt-2",
        ], name


def test_a_bare_id_that_two_sources_use_asks_which(office: Office) -> None:
    office.receive("evt-1")
    office.receive("evt-1", source="dotloop")
    with pytest.raises(BadRequest, match=r"say which: dotloop/evt-1, transactions/evt-1"):
        story_of(office, "evt-1")
    assert story_of(office, "dotloop/evt-1").kind == "event"


def test_an_event_id_may_hold_a_slash(office: Office) -> None:
    office.apply("loop/7")
    assert story_of(office, "loop/7").name == "transactions/loop/7"


@pytest.mark.parametrize("name", ["nobody", "transactions/", "/", " ", "0" * 32, "f" * 32, "ö" * 600, "\x00", "T/#/x"])
def test_of_a_name_that_nothing_bears_it_is_said_what_to_give(office: Office, name: str) -> None:
    office.apply("evt-1")
    with pytest.raises(NotFound, match=r"give a receipt, source/event id, source/deal id or our deal id"):
        story_of(office, name)


# ------------------------------------------------------------------------------------------------------------ events


def test_deliveries_are_listed_newest_first_with_what_became_of_their_events(office: Office) -> None:
    first = office.apply("evt-1")
    again = office.receive("evt-1")
    office.clock.move(minutes=1)
    ignored = office.receive("evt-2", event_type="ping", disposition=Disposition.IGNORED)
    office.clock.move(minutes=1)
    dead = office.receive("evt-3")
    office.file(dead, Cause.MAPPING, "no version", "transactions/T-7")
    office.clock.move(minutes=1)
    queued = office.receive("evt-4", mapping_version=2)
    rows = listed(office)
    assert [(row.receipt, row.outcome, row.deal) for row in rows] == [
        (queued.receipt, "queued", ""),
        (dead.receipt, "dead", "transactions/T-7"),
        (ignored.receipt, "ignored", ""),
        (again.receipt, "repeated", "transactions/T-1"),
        (first.receipt, "applied", "transactions/T-1"),
    ]
    assert (rows[0].id, rows[0].mapping_version, rows[2].event_type) == ("transactions/evt-4", 2, "ping")


def test_a_delivery_that_was_not_used_stays_so_when_the_event_comes_once_more_and_is(office: Office) -> None:
    office.receive("evt-1", disposition=Disposition.UNLISTED)
    office.clock.move(minutes=1)
    office.apply("evt-1")
    assert [row.outcome for row in listed(office)] == ["applied", "unlisted"]


def test_a_long_list_comes_in_pages_without_gap_or_repeat(office: Office) -> None:
    for number in range(5):
        office.receive(f"evt-{number}")
        office.clock.move(seconds=1)
    seen: list[str] = []
    after, pages = "", 0
    while pages == 0 or after:
        page = events(EventsRequest(after=after, limit=2), office.desk())
        seen += [row.id.rpartition("/")[2] for row in page.rows]
        after, pages = page.next, pages + 1
    assert (seen, pages) == ([f"evt-{number}" for number in reversed(range(5))], 3)


def test_a_filter_leaves_out_the_rest(office: Office) -> None:
    office.apply("evt-1")
    office.apply("evt-2", deal="T-2")
    office.receive("evt-3", source="dotloop", event_type="LOOP_CREATED")
    assert [row.id for row in listed(office, filter=EventsFilter(deal="transactions/T-2"))] == ["transactions/evt-2"]
    assert [row.id for row in listed(office, filter=EventsFilter(source="dotloop"))] == ["dotloop/evt-3"]
    assert listed(office, filter=EventsFilter(since=NOW + timedelta(days=1), until=NOW + timedelta(days=2))) == []


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        ({"after": "yesterday"}, "`after` is not the `next`"),
        ({"after": "x" * 5000}, "`after` is not the `next`"),
        ({"filter": {"source": "dotlop"}}, "source 'dotlop' is unknown; expected one of brokermint, dotloop, transac"),
        ({"filter": {"deal": "T-1"}}, "deal 'T-1' is not source/id"),
        ({"filter": {"since": NOW, "until": NOW}}, "must be before until"),
    ],
)
def test_a_list_that_nothing_can_fill_is_refused(office: Office, request_: dict[str, Any], line: str) -> None:
    with pytest.raises(BadRequest, match=line):
        events(EventsRequest.model_validate(request_), office.desk())


# ------------------------------------------------------------------------------------------------------------ status


def test_nothing_happened_yet_is_a_status_too(office: Office) -> None:
    answer = status(StatusRequest(), office.desk())
    assert (answer.queues, answer.open, answer.oldest_unapplied_s) == ((), {}, 0.0)
    assert [source.source for source in answer.sources] == sorted(catalog())
    assert {source.last_received_at for source in answer.sources} == {None}
    assert {source.silent_hours for source in answer.sources} == {None}


def test_a_status_counts_what_is_open_and_by_which_cause(office: Office) -> None:
    office.depths.found = {"transactions": (3, 1), "sweep-dlq": (0, 0)}
    office.file(office.receive("evt-1"), Cause.MAPPING, "one")
    office.file(office.receive("evt-2"), Cause.MAPPING, "two")
    discarded = office.file(office.receive("evt-3"), Cause.BUG, "three")
    entry = office.desk().entry("discard", "EVENT#transactions#evt-3", "not wanted")
    office.log.discard(discarded, now=office.clock.now(), entry=entry)
    people = [{"id": "P-1", "agent_id": "A-404", "name": "Nobody Yet", **OUR_AGENT}]
    office.work(office.receive("evt-4", {"id": "T-1", "version": 1, "participants": people}))
    answer = status(StatusRequest(), office.desk())
    assert answer.open == {"dead: mapping": 2, "parked: unknown_agent": 1}
    assert [(queue.name, queue.waiting, queue.in_flight) for queue in answer.queues] == [
        ("sweep-dlq", 0, 0),
        ("transactions", 3, 1),
    ]


def test_a_flood_of_dead_letters_is_counted_up_to_a_bound(office: Office) -> None:
    came = office.receive("evt-0")
    for number in range(MOST_COUNTED + 5):
        office.file(replace(came, event_id=f"evt-{number}", receipt=f"r-{number}"), Cause.BUG, "a bug")
    assert status(StatusRequest(), office.desk()).open == {"dead: bug": MOST_COUNTED}


def test_the_oldest_is_of_what_is_queued_or_waits_and_not_of_what_waits_for_people(office: Office) -> None:
    dead = office.receive("evt-0")
    office.file(dead, Cause.MAPPING, "no version")
    office.deliveries.settle(office.shelf.facts([dead.archive_key]))
    office.clock.move(hours=5)
    assert status(StatusRequest(), office.desk()).oldest_unapplied_s == 0
    queued = office.receive("evt-1")
    office.clock.move(minutes=2)
    assert status(StatusRequest(), office.desk()).oldest_unapplied_s == 120
    office.deliveries.settle(office.shelf.facts([queued.archive_key]))
    record = office.file(queued, Cause.CONFIG, "x")
    entry = office.desk().entry("replay", "EVENT#transactions#evt-1", "mended")
    now = office.clock.now()
    office.log.release(record, now=now, due_at=now + timedelta(minutes=5), entry=entry)
    office.clock.move(seconds=30)
    assert status(StatusRequest(), office.desk()).oldest_unapplied_s == 30


def test_a_source_tells_for_how_long_it_was_silent_and_may_be(office: Office) -> None:
    office.receive("evt-1")
    office.clock.move(hours=6, minutes=30)
    (heard,) = [one for one in status(StatusRequest(), office.desk()).sources if one.source == "transactions"]
    assert (heard.last_received_at, heard.silent_hours) == (NOW, 6.5)
    assert heard.most_silent_hours == catalog()["transactions"].max_silence_hours
    assert heard.mapping_version == catalog()["transactions"].mapping_version


# ------------------------------------------------------------------------------------------------------------- audit


def test_the_audit_of_a_day_is_newest_first_and_of_that_day_alone(office: Office) -> None:
    office.clock.at = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    for action in ("replay", "discard", "edit"):
        office.audit.put(office.desk().entry(action, "EVENT#transactions#evt-1", "a reason", job="job-1"))
        office.clock.move(seconds=20)
    office.audit.put(office.desk().entry("reveal", "EVENT#transactions#evt-1", "a reason"))
    answer = audit(AuditRequest(day="2026-03-02"), office.desk())
    assert [row.action for row in answer.rows] == ["edit", "discard", "replay"]
    row = answer.rows[0]
    assert (row.who, row.why, row.subject, row.details) == (
        WHO, "a reason", "EVENT#transactions#evt-1", {"job": "job-1"},
    )  # fmt: skip
    first = audit(AuditRequest(day="2026-03-02", limit=2), office.desk())
    rest = audit(AuditRequest(day="2026-03-02", limit=2, after=first.next), office.desk())
    assert [row.action for row in (*first.rows, *rest.rows)] == ["edit", "discard", "replay"]
    assert rest.next == ""
    assert audit(AuditRequest(day="2026-03-04"), office.desk()).rows == ()


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-00-00"])
def test_a_day_that_there_is_not_is_refused(office: Office, day: str) -> None:
    with pytest.raises(BadRequest, match=f"day is '{day}', and there is none such"):
        audit(AuditRequest(day=day), office.desk())


def test_a_place_too_long_for_any_key_is_refused(office: Office) -> None:
    with pytest.raises(BadRequest, match="`after` is not the `next`"):
        audit(AuditRequest(day="2026-03-02", after="x" * 5000), office.desk())


def test_the_directory_of_the_office_is_not_part_of_a_story(office: Office) -> None:
    office.directory.add([agent("A-1", name="Maya Reyes")])
    people = [{"id": "P-1", "agent_id": "A-1", "name": "Maya Reyes", **OUR_AGENT}]
    came = office.receive("evt-1", {"id": "T-1", "version": 1, "status": "Active", "participants": people})
    assert office.work(came).result == "applied"
    assert "Maya" not in story_of(office, "evt-1").model_dump_json()


def test_a_source_that_was_heard_a_minute_ago_is_silent_for_a_minute_and_not_for_nothing(office: Office) -> None:
    office.receive("evt-1")
    office.clock.move(minutes=1)
    (heard,) = [one for one in status(StatusRequest(), office.desk()).sources if one.source == "transactions"]
    assert heard.silent_hours == pytest.approx(1 / 60)

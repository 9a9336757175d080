"""The event log in memory and on DynamoDB keeps the same promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from domain.agents import AgentKey
from domain.errors import Cause
from domain.event_log import EventRecord, Passage, State
from domain.operate.letters import Filter
from domain.operate.replays import EventsFilter
from domain.ports import Waiting
from tests.builders import NOW, envelope
from tests.contract.logbook import LATER, Logbook, dead, delivery, entry, filing, logbook

KEY = "transactions#evt-1"
A1 = AgentKey("transactions", "A-1")


@pytest.fixture(params=["memory", "dynamodb"])
def book(request: pytest.FixtureRequest) -> Logbook:
    return logbook(request.param, request)


def minute(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def wait(book: Logbook, event_id: str, since: datetime, cause: Cause = Cause.PROVIDER_API) -> None:
    waiting = Waiting(envelope(event_id), cause, "503", since=since, due_at=LATER, deal="transactions/T-1")
    book.room.defer(waiting)


def park(book: Logbook, event_id: str, since: datetime) -> None:
    missing = frozenset({A1})
    book.room.park(Waiting(envelope(event_id), Cause.UNKNOWN_AGENT, "who?", since=since, due_at=LATER, missing=missing))


def ids(records: Sequence[EventRecord]) -> list[str]:
    return [record.envelope.event_id for record in records]


def mixed(book: Logbook) -> list[str]:
    """One event a minute, of several states and causes; their ids, newest first."""
    causes = [Cause.MAPPING, Cause.MAPPING, Cause.VALIDATION, Cause.BUG]
    for number in range(24):
        event_id, since = f"evt-{number:02}", minute(number)
        if number % 6 == 4:
            wait(book, event_id, since)
        elif number % 6 == 5:
            park(book, event_id, since)
        else:
            book.file(event_id, since=since, cause=causes[number % 4])
    return [f"evt-{number:02}" for number in reversed(range(24))]


def pages(book: Logbook, wanted: Filter, limit: int, *, newest_first: bool = True) -> list[list[str]]:
    found, after = [], ""
    while True:
        page = book.log.open(wanted, after=after, limit=limit, newest_first=newest_first)
        found.append(ids(page.items))
        after = page.next
        if not after:
            return found


# -------------------------------------------------------------------------------------------------------------- find


def test_events_without_a_state_are_not_found(book: Logbook) -> None:
    assert book.log.find([]) == {}
    assert book.log.find(["transactions#never"]) == {}


def test_many_events_are_found_at_once_and_one_asked_for_twice_is_found_once(book: Logbook) -> None:
    for number in range(3):
        book.file(f"evt-{number}")
    wanted = [f"transactions#evt-{number % 120}" for number in range(240)]
    assert sorted(book.log.find(wanted)) == [f"transactions#evt-{number}" for number in range(3)]


def test_a_waiting_event_is_found_with_when_it_is_due(book: Logbook) -> None:
    wait(book, "evt-1", NOW)
    record = book.record()
    assert (record.state, record.cause, record.reason) == (State.WAITING, Cause.PROVIDER_API, "503")
    assert (record.since, record.due_at, record.attempts) == (NOW, LATER, 1)
    assert (record.deal, record.envelope) == ("transactions/T-1", envelope())


def test_a_parked_event_is_found_with_its_agents(book: Logbook) -> None:
    park(book, "evt-1", NOW)
    assert (book.record().state, book.record().missing) == (State.PARKED, frozenset({A1}))


def test_an_applied_event_is_found_with_what_it_changed(book: Logbook) -> None:
    book.apply(headers={"x-event": "deal.updated"}, content_type="application/json; v=2")
    assert book.record() == EventRecord(
        key=KEY,
        state=State.APPLIED,
        envelope=envelope(content_type="application/json; v=2"),
        since=NOW,
        last_at=NOW,
        deal="transactions/T-1",
        deal_id="D1",
        changed=("reference",),
    )


def test_an_event_that_was_applied_with_an_edited_body_says_so(book: Logbook) -> None:
    book.apply(archive_key="edits/transactions/abc/3", replay="j-7")
    assert (book.record().edits, book.record().replay, book.record().envelope.replay) == (3, "j-7", "")


def test_an_event_is_named_with_a_slash(book: Logbook) -> None:
    assert book.file("evt#1/a").id == "transactions/evt#1/a"


# -------------------------------------------------------------------------------------------------------------- open


def test_nothing_is_open_at_first(book: Logbook) -> None:
    page = book.log.open(Filter())
    assert (page.items, page.next) == ([], "")


def test_open_events_of_every_state_come_by_time_page_by_page(book: Logbook) -> None:
    newest_first = mixed(book)
    for limit in (7, 12, 24, 25):
        parts = [newest_first[start : start + limit] for start in range(0, 24, limit)]
        assert pages(book, Filter(), limit) == parts
    oldest_first = newest_first[::-1]
    parts = [oldest_first[start : start + 9] for start in range(0, 24, 9)]
    assert pages(book, Filter(), 9, newest_first=False) == parts


def test_events_of_the_same_time_are_each_shown_once(book: Logbook) -> None:
    for number in range(7):
        book.file(f"evt-{number}", cause=[Cause.MAPPING, Cause.BUG][number % 2])
    assert sorted(event for page in pages(book, Filter(), 2) for event in page) == [f"evt-{n}" for n in range(7)]


def test_applied_and_discarded_events_are_not_open_unless_asked_for(book: Logbook) -> None:
    book.file("gone")
    book.mending.discard(book.record("gone"), now=LATER, entry=entry())
    book.file("done")
    book.apply("done")
    assert book.log.open(Filter()).items == []
    assert ids(book.log.open(Filter(states=tuple(State))).items) == ["gone"]


NARROWED: list[tuple[Filter, list[int]]] = [
    (Filter(states=(State.DEAD,)), [0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 18, 19, 20, 21]),
    (Filter(states=(State.PARKED,)), [5, 11, 17, 23]),
    (Filter(states=(State.PARKED,), cause=Cause.MAPPING), []),
    (Filter(states=(State.WAITING, State.PARKED)), [4, 5, 10, 11, 16, 17, 22, 23]),
    (Filter(cause=Cause.VALIDATION), [2, 6, 14, 18]),
    (Filter(states=()), []),
    (Filter(since=minute(20)), [20, 21, 22, 23]),
    (Filter(until=minute(2)), [0, 1]),
    (Filter(since=minute(3), until=minute(6)), [3, 4, 5]),
    (Filter(since=minute(6), until=minute(3)), []),
    (Filter(since=minute(2.5).astimezone(timezone(timedelta(hours=-7))), until=minute(3.5)), [3]),
]


def test_a_filter_narrows_the_list(book: Logbook) -> None:
    mixed(book)
    for wanted, expected in NARROWED:
        found = [event for page in pages(book, wanted, 3, newest_first=False) for event in page]
        assert found == [f"evt-{number:02}" for number in expected], wanted


def test_events_of_one_source_fill_whole_pages(book: Logbook) -> None:
    for number in range(12):
        source = "brokermint" if number % 3 == 0 else "transactions"
        book.filings.file(filing(), dead(since=minute(number), envelope=envelope(f"evt-{number}", source=source)))
    assert pages(book, Filter(source="brokermint"), 2) == [["evt-9", "evt-6"], ["evt-3", "evt-0"]]
    assert pages(book, Filter(source="nobody"), 2) == [[]]


def test_events_of_one_deal_are_those_of_that_deal(book: Logbook) -> None:
    for number in range(12):
        deal = "transactions/T-9" if number % 3 == 0 else "transactions/T-1"
        cause = [Cause.MAPPING, Cause.BUG][number % 2]
        book.file(f"evt-{number}", since=minute(number), deal=deal, cause=cause)
    wanted = Filter(deal="transactions/T-9")
    assert pages(book, wanted, 3) == [["evt-9", "evt-6", "evt-3"], ["evt-0"]]
    assert pages(book, wanted, 3, newest_first=False) == [["evt-0", "evt-3", "evt-6"], ["evt-9"]]
    assert pages(book, Filter(deal="transactions/T-9", cause=Cause.BUG), 9) == [["evt-9", "evt-3"]]
    assert pages(book, Filter(deal="transactions/T-9", since=minute(4)), 9) == [["evt-9", "evt-6"]]
    assert pages(book, Filter(deal="transactions/T-9", source="brokermint"), 9) == [[]]
    assert pages(book, Filter(deal="transactions/T-9", states=(State.PARKED,)), 9) == [[]]


def test_a_page_goes_on_where_it_ended_though_its_last_event_is_gone(book: Logbook) -> None:
    for number in range(4):
        book.file(f"evt-{number}", since=minute(number))
    page = book.log.open(Filter(), limit=2)
    book.apply("evt-2")
    assert ids(book.log.open(Filter(), limit=2, after=page.next).items) == ["evt-1", "evt-0"]


def test_a_cursor_that_is_not_ours_is_refused(book: Logbook) -> None:
    for after in ("x", "evt-1", "2026-03-02#evt-1", "2026-03-02T09:00:00+00:00#evt-1", "nonsense#a#b"):
        with pytest.raises(ValueError, match="after"):
            book.log.open(Filter(), after=after)


# ------------------------------------------------------------------------------------------------------------- count


def test_open_events_are_counted_up_to_a_limit(book: Logbook) -> None:
    mixed(book)
    assert book.log.count(State.DEAD, Cause.MAPPING, most=100) == 8
    assert book.log.count(State.DEAD, Cause.MAPPING, most=5) == 5
    assert book.log.count(State.PARKED, Cause.UNKNOWN_AGENT, most=100) == 4
    assert book.log.count(State.DEAD, Cause.CONFIG, most=100) == 0


# -------------------------------------------------------------------------------------------------- deals and stories


def test_every_event_of_a_deal_is_found_whatever_became_of_it(book: Logbook) -> None:
    for number, event_id in enumerate(("first", "second", "third")):
        message = envelope(event_id, received_at=NOW - timedelta(hours=number))
        book.filings.file(filing(f"m-{number}"), dead(envelope=message))
    book.file("other", deal="transactions/T-2")
    book.apply("first")
    found = book.log.of_deal("transactions/T-1")
    assert ids(found) == ["third", "second", "first"]
    assert [record.state for record in found] == [State.DEAD, State.DEAD, State.APPLIED]
    assert book.log.of_deal("transactions/T-0") == []


def test_the_story_of_an_event_is_told_in_order(book: Logbook) -> None:
    for number in (2, 0, 1):
        at = minute(number)
        book.filings.file(filing(f"m-{9 - number}", at=at), dead(last_at=at))
        book.audit.put(entry(f"a-{9 - number}", at=at))
    book.filings.file(filing("m-other"), dead("evt-10"))
    story = book.log.story(KEY)
    assert [one.at for one in story.filings] == [minute(0), minute(1), minute(2)]
    assert [one.at for one in story.audit] == [minute(0), minute(1), minute(2)]
    assert story.record == book.record()
    assert story.record is not None
    assert story.record.attempts == 3


def test_a_story_holds_every_delivery_of_the_event_and_no_other(book: Logbook) -> None:
    first, second = delivery("r-9", received_at=NOW, settled=True), delivery("r-1", received_at=minute(1))
    book.deliveries.add([second, first, delivery("r-2", "evt-10")])
    assert book.log.story(KEY).deliveries == (first, second)
    assert book.log.find([KEY]) == {}


def test_deliveries_are_found_by_the_deal_of_their_event(book: Logbook) -> None:
    book.deliveries.add([delivery("r-1"), delivery("r-2", "evt-2")])
    book.file("evt-1", deal="transactions/T-9")
    assert book.deliveries.page(EventsFilter(deal="transactions/T-9")).items == [delivery("r-1")]


def test_a_story_keeps_the_states_that_the_event_left(book: Logbook) -> None:
    waiting = Waiting(envelope(), Cause.PROVIDER_API, "503", since=NOW, due_at=NOW)
    book.room.defer(waiting)
    book.room.defer(replace(waiting, attempts=2))
    missing = frozenset({AgentKey("transactions", "A-1")})
    book.room.park(replace(waiting, cause=Cause.UNKNOWN_AGENT, since=minute(1), missing=missing))
    book.apply()
    assert book.log.story(KEY).passages == (
        Passage(State.WAITING, NOW, "provider_api: 503; deferred 2 times"),
        Passage(State.PARKED, minute(1), "for 1 of our agents: transactions/A-1"),
    )


def test_an_event_that_nobody_heard_of_has_no_story(book: Logbook) -> None:
    story = book.log.story("transactions#never")
    assert (story.record, story.filings, story.versions, story.audit, story.deliveries) == (None, (), (), (), ())


def test_times_are_kept_to_the_microsecond(book: Logbook) -> None:
    since = NOW + timedelta(microseconds=1)
    assert book.file("evt-1", since=since).since == since
    book.file("evt-2", since=NOW)
    assert ids(book.log.open(Filter()).items) == ["evt-1", "evt-2"]

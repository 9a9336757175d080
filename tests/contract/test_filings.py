"""Filing the dead in memory and on DynamoDB keeps the same promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.agents import AgentKey
from domain.errors import Cause
from domain.event_log import State
from domain.ports import Waiting
from tests.builders import NOW, envelope
from tests.contract.logbook import LATER, Logbook, dead, entry, filing, logbook, version

KEY = "transactions#evt-1"
A1, A2 = AgentKey("transactions", "A-1"), AgentKey("transactions", "A-2")


@pytest.fixture(params=["memory", "dynamodb"])
def book(request: pytest.FixtureRequest) -> Logbook:
    return logbook(request.param, request)


def waits(**changes: Any) -> Waiting:
    fields: dict[str, Any] = {"cause": Cause.PROVIDER_API, "reason": "503", "since": NOW, "due_at": NOW}
    return Waiting(envelope(), **{**fields, **changes})


def test_a_filed_event_is_dead_and_found_whole(book: Logbook) -> None:
    record = dead(attempts=3, last_at=LATER, envelope=envelope(headers={"x-event": "deal.updated"}))
    assert book.filings.file(filing(), record)
    assert book.log.find([KEY]) == {KEY: record}
    assert book.log.story(KEY).filings == (filing(),)


def test_a_message_that_is_received_twice_is_filed_once(book: Logbook) -> None:
    assert book.filings.file(filing(), dead())
    assert not book.filings.file(filing(at=LATER), dead(attempts=5))
    assert book.log.story(KEY).filings == (filing(),)
    assert book.record().attempts == 1


def test_a_filing_without_a_deal_is_found_whole(book: Logbook) -> None:
    assert book.filings.file(filing(deal=""), dead(deal=""))
    assert book.record() == dead(deal="")
    assert book.log.story(KEY).filings == (filing(deal=""),)


def test_a_second_message_of_a_dead_event_adds_attempts_and_keeps_the_first_time(book: Logbook) -> None:
    book.filings.file(filing("m-1"), dead(attempts=3))
    again = dead(
        envelope=envelope(receipt="r-second"), since=LATER, attempts=2, cause=Cause.VALIDATION, reason="new", deal=""
    )
    assert book.filings.file(filing("m-2", at=LATER), again)
    assert book.record() == replace(again, attempts=5, since=NOW, deal="transactions/T-1")
    assert [one.message_id for one in book.log.story(KEY).filings] == ["m-1", "m-2"]
    assert book.log.count(State.DEAD, Cause.MAPPING, most=10) == 0
    assert book.log.count(State.DEAD, Cause.VALIDATION, most=10) == 1


def test_an_applied_event_stays_applied_and_the_filing_is_added(book: Logbook) -> None:
    book.apply()
    assert book.filings.file(filing(), dead())
    assert book.state() is State.APPLIED
    assert book.store.was_applied(envelope())
    assert len(book.log.story(KEY).filings) == 1
    assert not book.filings.file(filing(), dead())


def test_a_parked_event_stays_parked_and_the_filing_is_added(book: Logbook) -> None:
    parked = waits(cause=Cause.UNKNOWN_AGENT, missing=frozenset({A1}))
    book.room.park(parked)
    assert book.filings.file(filing(), dead())
    assert book.state() is State.PARKED
    assert book.room.parked_for([A1]) == [parked]
    assert len(book.log.story(KEY).filings) == 1


def test_a_waiting_event_that_is_filed_is_dead_and_waits_no_longer(book: Logbook) -> None:
    book.room.defer(waits(attempts=4, since=NOW - timedelta(hours=24), deal="transactions/T-1"))
    assert book.filings.file(filing(), dead(attempts=1, deal=""))
    assert book.record() == dead(attempts=5, deal="transactions/T-1")
    assert book.room.find(KEY) is None
    assert list(book.room.due(LATER)) in ([], [[]])


def test_an_event_that_was_parked_before_it_died_waits_for_no_agent(book: Logbook) -> None:
    book.room.park(waits(cause=Cause.UNKNOWN_AGENT, missing=frozenset({A1, A2})))
    book.room.defer(waits(missing=frozenset({A1, A2})))
    assert book.filings.file(filing(), dead())
    assert book.state() is State.DEAD
    assert book.room.parked_for([A1, A2]) == []


def test_closing_the_waiting_event_after_its_filing_leaves_it_dead(book: Logbook) -> None:
    book.room.defer(waits())
    book.filings.file(filing(), dead())
    book.room.close(KEY)
    assert book.state() is State.DEAD


def test_a_discarded_event_that_comes_again_stays_discarded(book: Logbook) -> None:
    book.mending.discard(book.file(attempts=2), now=NOW + timedelta(minutes=1), entry=entry())
    before = book.record()
    assert book.filings.file(filing("m-2"), dead(since=LATER))  # a provider sends again what we answer with 400
    assert book.record() == before
    assert len(book.log.story(KEY).filings) == 2


def test_a_discarded_event_that_was_replayed_and_died_is_dead_again(book: Logbook) -> None:
    book.mending.discard(book.file(), now=NOW + timedelta(minutes=1), entry=entry())
    book.mending.release(book.record(), now=LATER, due_at=LATER, entry=entry("a-2"))
    book.filings.file(filing("m-2"), dead(since=LATER))
    assert book.state() is State.DEAD


def test_a_filing_may_say_that_the_event_waits(book: Logbook) -> None:
    due_at = NOW + timedelta(minutes=3)
    record = dead(state=State.WAITING, cause=Cause.UNAVAILABLE, due_at=due_at)
    assert book.filings.file(filing(cause=Cause.UNAVAILABLE), record)
    assert book.state() is State.WAITING
    assert [one.due_at for page in book.room.due(due_at) for one in page] == [due_at]
    waiting = book.room.find(KEY)
    assert waiting is not None
    assert (waiting.cause, waiting.since, waiting.deal) == (Cause.UNAVAILABLE, NOW, "transactions/T-1")


def test_an_event_that_was_edited_keeps_its_edited_body_whatever_comes_again(book: Logbook) -> None:
    book.mending.edit(book.file(), version(1), entry())
    book.mending.release(book.record(), now=NOW, due_at=NOW, entry=entry("a-2"))
    book.room.close(KEY)  # it was tried again and buried
    assert book.filings.file(filing("m-2"), dead(since=LATER))
    assert (book.record().edits, book.record().envelope.archive_key) == (1, "edits/transactions/evt-1/1")
    book.mending.edit(book.record(), version(2), entry("a-3"))
    assert [one.number for one in book.log.story(KEY).versions] == [1, 2]


def test_an_event_that_is_applied_after_its_filing_is_no_longer_open(book: Logbook) -> None:
    book.file()
    book.apply()
    assert book.state() is State.APPLIED
    assert book.log.count(State.DEAD, Cause.MAPPING, most=10) == 0


def test_a_dead_event_that_is_deferred_anew_waits(book: Logbook) -> None:
    book.file()
    book.room.defer(waits())
    assert book.state() is State.WAITING
    assert book.log.count(State.DEAD, Cause.MAPPING, most=10) == 0

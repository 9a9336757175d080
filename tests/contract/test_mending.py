"""What operators change about open events keeps the same promises in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.agents import AgentKey
from domain.errors import Cause, Conflict
from domain.event_log import EventRecord, State
from domain.operate.letters import Filter
from domain.ports import Waiting
from tests.builders import NOW, envelope
from tests.contract.logbook import LATER, Logbook, dead, entry, filing, logbook, version

KEY = "transactions#evt-1"
SUBJECT = f"EVENT#{KEY}"
DUE = LATER + timedelta(minutes=5)


@pytest.fixture(params=["memory", "dynamodb"])
def book(request: pytest.FixtureRequest) -> Logbook:
    return logbook(request.param, request)


def release(book: Logbook, record: EventRecord, audit_id: str = "a-1") -> None:
    book.mending.release(record, now=LATER, due_at=DUE, entry=entry(audit_id))


def discard(book: Logbook, record: EventRecord, audit_id: str = "a-1") -> None:
    book.mending.discard(record, now=LATER, entry=entry(audit_id, action="discard"))


# ----------------------------------------------------------------------------------------------------------- release


def test_a_released_event_waits_from_now_on_counting_afresh(book: Logbook) -> None:
    record = book.file(attempts=7)
    release(book, record)
    assert book.room.find(KEY) == Waiting(
        envelope=record.envelope,
        cause=Cause.MAPPING,
        reason=f"replayed; {record.reason}",
        since=LATER,
        due_at=DUE,
        attempts=0,
        deal="transactions/T-1",
    )
    assert book.state() is State.WAITING
    assert [one.envelope.event_key for page in book.room.due(DUE) for one in page] == [KEY]
    assert book.audit.about(SUBJECT) == [entry()]


def test_a_discarded_event_can_be_released(book: Logbook) -> None:
    discard(book, book.file())
    release(book, book.record(), "a-2")
    assert book.state() is State.WAITING
    assert len(book.audit.about(SUBJECT)) == 2


def test_an_event_that_is_released_by_two_operators_is_released_once(book: Logbook) -> None:
    seen = book.file()
    release(book, seen, "a-1")
    with pytest.raises(Conflict):
        release(book, seen, "a-2")
    assert book.audit.about(SUBJECT) == [entry("a-1")]


def test_a_released_event_that_dies_again_can_be_released_again(book: Logbook) -> None:
    release(book, book.file())
    book.room.close(KEY)
    book.filings.file(filing("m-2"), dead(since=DUE))
    release(book, book.record(), "a-2")
    assert book.state() is State.WAITING


def test_an_event_that_is_applied_meanwhile_is_not_released(book: Logbook) -> None:
    seen = book.file()
    book.apply()
    with pytest.raises(Conflict):
        release(book, seen)
    assert book.state() is State.APPLIED
    assert book.audit.about(SUBJECT) == []


def test_an_event_that_was_filed_anew_since_it_was_read_is_not_released(book: Logbook) -> None:
    seen = book.file()
    book.filings.file(filing("m-2"), dead(last_at=LATER))
    with pytest.raises(Conflict):
        release(book, seen)
    assert book.state() is State.DEAD


def test_an_event_that_was_edited_since_it_was_read_is_not_released(book: Logbook) -> None:
    seen = book.file()
    book.mending.edit(seen, version(1), entry("a-0"))
    with pytest.raises(Conflict):
        release(book, seen)
    assert book.record().edits == 1


def test_what_waits_already_is_not_released(book: Logbook) -> None:
    book.room.defer(Waiting(envelope(), Cause.CONFIG, "no secret", since=NOW, due_at=NOW))
    with pytest.raises(Conflict, match="waiting"):
        release(book, book.record())
    assert book.audit.about(SUBJECT) == []


def parked(book: Logbook) -> AgentKey:
    agent = AgentKey("transactions", "A-1")
    missing = frozenset({agent})
    book.room.park(Waiting(envelope(), Cause.UNKNOWN_AGENT, "unknown", since=NOW, due_at=NOW, missing=missing))
    return agent


def test_a_parked_event_that_is_released_waits_for_no_agent_any_more(book: Logbook) -> None:
    agent = parked(book)
    release(book, book.record())
    assert (book.state(), book.record().missing) == (State.WAITING, frozenset())
    assert list(book.room.parked_for([agent])) == []


def test_a_parked_event_that_is_discarded_waits_for_no_agent_any_more(book: Logbook) -> None:
    agent = parked(book)
    discard(book, book.record())
    assert (book.state(), book.record().missing) == (State.DISCARDED, frozenset())
    assert list(book.room.parked_for([agent])) == []
    assert [found for page in book.room.due(DUE) for found in page] == []


def test_an_event_with_an_edited_body_is_released_with_it(book: Logbook) -> None:
    book.mending.edit(book.file(), version(1), entry("a-0"))
    release(book, book.record())
    waiting = book.room.find(KEY)
    assert waiting is not None
    assert waiting.envelope.archive_key == "edits/transactions/evt-1/1"
    assert book.record().edits == 1


# ----------------------------------------------------------------------------------------------------------- discard


def test_a_discarded_event_is_kept_among_the_discarded_with_why(book: Logbook) -> None:
    record = book.file(attempts=2)
    discard(book, record)
    assert book.record() == replace(record, state=State.DISCARDED, since=LATER, last_at=LATER)
    assert book.log.open(Filter()).items == []
    assert book.log.open(Filter(states=(State.DISCARDED,))).items == [book.record()]
    assert book.audit.about(SUBJECT) == [entry(action="discard")]


def test_an_event_is_discarded_once(book: Logbook) -> None:
    seen = book.file()
    discard(book, seen)
    for record in (seen, book.record()):
        with pytest.raises(Conflict):
            discard(book, record, "a-2")
    assert len(book.audit.about(SUBJECT)) == 1


def test_one_of_two_operators_wins_the_other_changes_nothing(book: Logbook) -> None:
    seen = book.file()
    release(book, seen, "a-1")
    with pytest.raises(Conflict):
        discard(book, seen, "a-2")
    assert book.state() is State.WAITING
    assert book.audit.about(SUBJECT) == [entry("a-1")]


# -------------------------------------------------------------------------------------------------------------- edit


def test_an_edited_body_is_the_events_own_from_then_on(book: Logbook) -> None:
    record = book.file()
    book.mending.edit(record, version(1), entry())
    after = book.record()
    changed = replace(record.envelope, archive_key="edits/transactions/evt-1/1")
    assert after == replace(record, envelope=changed, edits=1, last_at=LATER)
    story = book.log.story(KEY)
    assert (story.versions, story.audit) == ((version(1),), (entry(),))


def test_edits_are_numbered_and_all_are_kept(book: Logbook) -> None:
    book.file()
    for number in range(1, 13):
        book.mending.edit(book.record(), version(number), entry(f"a-{number:02}"))
    assert book.log.story(KEY).versions == tuple(version(number) for number in range(1, 13))
    assert book.record().edits == 12


def test_an_edit_of_an_event_that_came_again_loses_none_of_before(book: Logbook) -> None:
    book.mending.edit(book.file(), version(1), entry("a-1"))
    parked(book)  # its source sent it again, as it was
    assert book.record().edits == 0
    anew = replace(version(1), archive_key="edits/transactions/other/1", at=LATER + timedelta(hours=1))
    book.mending.edit(book.record(), anew, entry("a-2"))
    assert book.log.story(KEY).versions == (version(1), anew)


def test_the_second_of_two_editors_is_refused(book: Logbook) -> None:
    seen = book.file()
    book.mending.edit(seen, version(1), entry("a-1"))
    theirs = replace(version(1), archive_key="edits/transactions/other/1", who="arn:bob")
    with pytest.raises(Conflict):
        book.mending.edit(seen, theirs, entry("a-2"))
    assert book.log.story(KEY).versions == (version(1),)
    assert book.audit.about(SUBJECT) == [entry("a-1")]


@pytest.mark.parametrize("number", [0, 2])
def test_an_edit_that_does_not_follow_on_the_last_is_refused(book: Logbook, number: int) -> None:
    seen = book.file()
    with pytest.raises(Conflict):
        book.mending.edit(seen, version(number), entry())
    assert book.record() == seen


def test_an_applied_event_is_not_edited(book: Logbook) -> None:
    seen = book.file()
    book.apply()
    for record in (seen, book.record()):
        with pytest.raises(Conflict):
            book.mending.edit(record, version(1), entry())
    assert book.log.story(KEY).versions == ()


def test_a_parked_event_that_is_edited_stays_parked_with_the_new_body(book: Logbook) -> None:
    agent = AgentKey("transactions", "A-1")
    book.room.park(
        Waiting(
            envelope(), Cause.UNKNOWN_AGENT, "unknown agent", since=NOW, due_at=NOW, missing=frozenset({agent}),
        )
    )  # fmt: skip
    book.mending.edit(book.record(), version(1), entry())
    assert (book.state(), book.record().edits) == (State.PARKED, 1)
    (waiting,) = book.room.parked_for([agent])
    assert waiting.envelope.archive_key == "edits/transactions/evt-1/1"


def test_a_change_whose_audit_entry_cannot_be_written_is_not_made(book: Logbook) -> None:
    seen = book.file()
    book.audit.put(entry("a-1"))
    for change in (release, discard):
        with pytest.raises(Conflict):
            change(book, seen, "a-1")
    with pytest.raises(Conflict):
        book.mending.edit(seen, version(1), entry("a-1"))
    assert book.record() == seen
    assert book.log.story(KEY).versions == ()

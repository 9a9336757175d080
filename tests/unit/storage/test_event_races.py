"""What happens between a read and its write, and how much a page reads, told by a client that looks on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Cause, Conflict
from domain.event_log import State
from domain.operate.letters import Filter
from storage import dynamo, event_log
from storage.event_log import DynamoEventLog
from storage.event_rows import open_item
from storage.filings import DynamoFilings
from tests.builders import NOW, envelope
from tests.conftest import no_pause
from tests.contract.logbook import dead, filing
from tests.template import tables

EVENTS = tables()["EventsTable"]["TableName"]
AUDIT = tables()["AuditTable"]["TableName"]
KEY = "transactions#evt-1"


class Onlooker:
    """A client that does something before the first write, and counts the items that queries read."""

    def __init__(self, client: Any, before_write: Callable[[], object] = lambda: None) -> None:
        self._client, self._before = client, before_write
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        self.read += answer["ScannedCount"]
        return answer

    def transact_write_items(self, **request: Any) -> Any:
        self._before()
        self._before = lambda: None
        return self._client.transact_write_items(**request)


def filings(client: Any) -> DynamoFilings:
    return DynamoFilings(client, EVENTS, no_pause)


def log(client: Any) -> DynamoEventLog:
    return DynamoEventLog(client, EVENTS, AUDIT, no_pause)


def test_a_message_that_two_runs_file_at_once_is_filed_once(dynamodb: Any) -> None:
    onlooker = Onlooker(dynamodb, lambda: filings(dynamodb).file(filing(), dead()))
    assert not filings(onlooker).file(filing(), dead())
    story = log(dynamodb).story(KEY)
    assert len(story.filings) == 1
    assert story.record == dead()


@pytest.mark.parametrize("first", [True, False], ids=["the first two", "of a dead event"])
def test_two_messages_of_one_event_at_once_conflict_so_that_none_is_forgotten(dynamodb: Any, first: bool) -> None:
    if not first:
        filings(dynamodb).file(filing("m-0"), dead())
    onlooker = Onlooker(dynamodb, lambda: filings(dynamodb).file(filing("m-1"), dead()))
    with pytest.raises(Conflict):
        filings(onlooker).file(filing("m-2"), dead())
    assert filings(dynamodb).file(filing("m-2"), dead())
    story = log(dynamodb).story(KEY)
    assert story.record is not None
    assert story.record.attempts == len(story.filings) == (2 if first else 3)


def test_an_event_that_is_applied_while_it_is_filed_stays_applied(dynamodb: Any) -> None:
    applied = {"pk": f"EVENT#{KEY}", "sk": "EVENT", "state": "applied"}

    def apply() -> None:
        dynamodb.put_item(TableName=EVENTS, Item=dynamo.to_wire(applied))

    with pytest.raises(Conflict):
        filings(Onlooker(dynamodb, apply)).file(filing(), dead())
    assert dynamo.get(dynamodb, EVENTS, {"pk": f"EVENT#{KEY}", "sk": "EVENT"}) == applied


def fill(client: Any, count: int) -> None:
    causes = [Cause.MAPPING, Cause.MAPPING, Cause.VALIDATION, Cause.BUG, Cause.CONFIG]
    rows = [
        open_item(dead(f"evt-{number:05}", since=NOW - timedelta(seconds=number), cause=causes[number % 5]))
        for number in range(count)
    ]
    dynamo.batch_put(client, EVENTS, rows, no_pause)


def items_read(client: Any, wanted: Filter) -> int:
    onlooker = Onlooker(client)
    assert len(log(onlooker).open(wanted, limit=50).items) == 50
    return onlooker.read


def test_a_page_reads_as_much_of_a_long_list_as_of_a_short_one(dynamodb: Any) -> None:
    wanted = [Filter(), Filter(states=(State.DEAD,), cause=Cause.MAPPING), Filter(since=NOW - timedelta(hours=1))]
    fill(dynamodb, 150)
    short = [items_read(dynamodb, one) for one in wanted]
    fill(dynamodb, 450)
    assert [items_read(dynamodb, one) for one in wanted] == short
    assert max(short) < 120
    assert short[1] <= 58


def test_a_source_that_is_rare_among_many_is_found_page_by_page_each_of_which_ends(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "MOST_READ", 60)
    fill(dynamodb, 300)
    rare = [
        open_item(dead(name, since=NOW - timedelta(seconds=at), envelope=envelope(name, source="dotloop")))
        for name, at in (("rare-1", 45), ("rare-2", 200))
    ]
    dynamo.batch_put(dynamodb, EVENTS, rare, no_pause)
    found: list[str] = []
    pages, after = 0, ""
    while pages == 0 or after:
        onlooker = Onlooker(dynamodb)
        page = log(onlooker).open(Filter(source="dotloop"), after=after, limit=50)
        assert onlooker.read < 200
        found += [record.key for record in page.items]
        pages, after = pages + 1, page.next
    assert found == ["dotloop#rare-1", "dotloop#rare-2"]
    assert 5 <= pages <= 8


def test_counting_reads_no_further_than_its_limit(dynamodb: Any) -> None:
    fill(dynamodb, 300)
    onlooker = Onlooker(dynamodb)
    assert log(onlooker).count(State.DEAD, Cause.MAPPING, most=70) == 70
    assert onlooker.read == 70

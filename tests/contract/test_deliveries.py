"""The index of the archive in memory and on DynamoDB keep the same promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Cause
from domain.event_log import Delivery, Disposition
from domain.operate.replays import EventsFilter
from domain.ports import Waiting
from storage import deliveries as stored
from storage.deliveries import DynamoDeliveryLog, DynamoWalk
from storage.waiting import DynamoWaitingRoom
from tests.builders import NOW, envelope
from tests.conftest import no_pause
from tests.fakes.deliveries import MemoryDeliveryLog, MemoryWalk
from tests.template import tables


def delivery(number: int = 1, **changes: Any) -> Delivery:
    fields: dict[str, Any] = {
        "key": f"transactions#evt-{number}",
        "receipt": f"{number:032x}",
        "received_at": NOW - timedelta(minutes=number),
        "source": "transactions",
        "event_type": "deal.updated",
        "disposition": Disposition.ACCEPTED,
        "mapping_version": 1,
        "content_type": "application/json; charset=utf-8",
    }
    fields |= changes
    fields.setdefault("archive_key", f"{fields['received_at']:%Y-%m-%d}/{fields['source']}/{fields['receipt']}")
    return Delivery(**fields)


@dataclass
class Subject:
    """A log, and how an event's deal becomes known."""

    log: Any
    put_on_deal: Callable[[Delivery, str], None]


def memory() -> Subject:
    deals: dict[str, str] = {}
    log = MemoryDeliveryLog(deal_of=lambda key: deals.get(key, ""))
    return Subject(log, lambda one, deal: deals.update({one.key: deal}))


def dynamodb(client: Any) -> Subject:
    names = {logical: table["TableName"] for logical, table in tables().items()}
    room = DynamoWaitingRoom(client, names["EventsTable"], names["AgentDirectoryTable"], no_pause)

    def put_on_deal(one: Delivery, deal: str) -> None:
        message = envelope(one.key.partition("#")[2], received_at=one.received_at)
        room.defer(Waiting(message, Cause.PROVIDER_API, "503", since=NOW, due_at=NOW, deal=deal))

    return Subject(DynamoDeliveryLog(client, names["EventsTable"], no_pause, lambda: NOW), put_on_deal)


@pytest.fixture(params=["memory", "dynamodb"])
def subject(request: pytest.FixtureRequest) -> Subject:
    return memory() if request.param == "memory" else dynamodb(request.getfixturevalue("dynamodb"))


@pytest.fixture
def log(subject: Subject) -> Any:
    return subject.log


def everything(log: Any, limit: int = 3, newest_first: bool = True, **wanted: Any) -> list[Delivery]:
    found: list[Delivery] = []
    after = ""
    while True:
        page = log.page(EventsFilter(**wanted), after=after, limit=limit, newest_first=newest_first)
        found += page.items
        if not page.next:
            return found
        assert len(page.items) <= limit
        after = page.next


# ---------------------------------------------------------------------------------------- pending until it is settled


def test_a_delivery_is_pending_until_it_is_settled(log: Any) -> None:
    old, new = delivery(2), delivery(1)
    log.add([new, old, delivery(3, settled=True)])
    assert log.pending(limit=10) == [old, new]
    assert log.pending(limit=1) == [old]
    log.settle([old])
    assert log.pending(limit=10) == [new]
    log.settle([new, old])
    assert log.pending(limit=10) == []
    assert everything(log) == [replace(new, settled=True), replace(old, settled=True), delivery(3, settled=True)]


def test_adding_again_does_not_unsettle_what_is_settled(log: Any) -> None:
    log.add([delivery(1)])
    log.settle([delivery(1)])
    log.add([delivery(1), delivery(2)])
    assert log.pending(limit=10) == [delivery(2)]


def test_adding_again_as_settled_settles(log: Any) -> None:
    log.add([delivery(1)])
    log.add([delivery(1, settled=True)])
    assert log.pending(limit=10) == []


def test_what_is_named_twice_in_one_call_is_one_row(log: Any) -> None:
    log.add([delivery(1), delivery(1, settled=True), delivery(1)])
    assert everything(log) == [delivery(1, settled=True)]
    log.settle([delivery(1), delivery(1)])
    log.add([])
    log.settle([])
    assert len(everything(log)) == 1


def test_two_deliveries_of_one_event_are_two_rows(log: Any) -> None:
    first, second = delivery(2), delivery(1, key="transactions#evt-2")
    log.add([first, second])
    assert everything(log) == [second, first]


def test_more_rows_than_one_request_holds_are_all_written(log: Any) -> None:
    many = [delivery(number) for number in range(130)]
    log.add(many)
    log.settle(many[:60])
    assert log.pending(limit=500) == list(reversed(many[60:]))
    assert len(everything(log, limit=200)) == 130


# ---------------------------------------------------------------------------------------------------- pages of a list


def test_pages_follow_time_across_days_and_sources(log: Any) -> None:
    many = [
        delivery(1, received_at=NOW),
        delivery(2, received_at=NOW - timedelta(microseconds=1), source="dotloop", key="dotloop#a"),
        delivery(3, received_at=NOW - timedelta(hours=9, microseconds=1)),  # the day before, by a microsecond
        delivery(4, received_at=NOW - timedelta(days=1), source="brokermint", key="brokermint#a"),
        delivery(5, received_at=NOW - timedelta(days=6)),
    ]
    log.add(many)
    for limit in (1, 2, 5, 50):
        assert everything(log, limit) == many
        assert everything(log, limit, newest_first=False) == many[::-1]


def test_the_last_page_says_so(log: Any) -> None:
    log.add([delivery(1), delivery(2)])
    assert log.page(EventsFilter(), limit=2).next == ""
    first = log.page(EventsFilter(), limit=1)
    assert first.next
    assert log.page(EventsFilter(), limit=1, after=first.next).next == ""


def test_two_of_one_instant_are_on_two_pages_once_each(log: Any) -> None:
    many = [delivery(number, received_at=NOW) for number in range(5)]
    log.add(many)
    assert everything(log, 2) == many[::-1]
    assert everything(log, 2, newest_first=False) == many


def test_without_times_a_list_goes_back_seven_days(log: Any) -> None:
    inside, outside = timedelta(days=7), timedelta(days=7, microseconds=1)
    log.add([delivery(1, received_at=NOW - inside), delivery(2, received_at=NOW - outside)])
    assert everything(log) == [delivery(1, received_at=NOW - inside)]
    assert len(everything(log, since=NOW - timedelta(days=30))) == 2
    until = NOW - timedelta(days=7)
    assert everything(log, until=until) == [delivery(2, received_at=NOW - outside)]


def test_of_a_deal_a_list_without_times_goes_back_to_the_first(subject: Subject) -> None:
    old = delivery(1, received_at=NOW - timedelta(days=300))
    subject.log.add([old])
    subject.put_on_deal(old, "transactions/T-1")
    assert everything(subject.log, deal="transactions/T-1") == [old]


def test_a_time_span_holds_its_beginning_and_not_its_end(log: Any) -> None:
    many = [delivery(n, received_at=NOW - timedelta(minutes=n)) for n in range(4)]
    log.add(many)
    since, until = NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)
    assert everything(log, since=since, until=until) == [many[2]]
    assert everything(log, since=until, until=since) == []


def test_times_in_another_zone_mean_the_same_instants(log: Any) -> None:
    log.add([delivery(1, received_at=NOW), delivery(2, received_at=NOW - timedelta(hours=5))])
    west = timezone(timedelta(hours=-7))
    since = (NOW - timedelta(minutes=1)).astimezone(west)
    assert everything(log, since=since) == [delivery(1, received_at=NOW)]


def test_a_list_can_be_of_one_source_and_one_type(log: Any) -> None:
    log.add([delivery(1), delivery(2, source="dotloop", key="dotloop#a"), delivery(3, event_type="deal.closed")])
    assert [one.receipt for one in everything(log, source="dotloop")] == [delivery(2).receipt]
    assert [one.receipt for one in everything(log, event_type="deal.closed", limit=1)] == [delivery(3).receipt]
    assert everything(log, source="zillow") == []


def test_the_deliveries_of_a_deal_are_those_of_its_events(subject: Subject) -> None:
    mine = [delivery(1), delivery(2, key="transactions#evt-1"), delivery(3)]
    subject.log.add([*mine, delivery(4)])
    for one in (mine[0], mine[2]):
        subject.put_on_deal(one, "transactions/T-1")
    subject.put_on_deal(delivery(4), "transactions/T-2")
    for limit in (1, 3):
        assert everything(subject.log, limit, deal="transactions/T-1") == mine
        assert everything(subject.log, limit, newest_first=False, deal="transactions/T-1") == mine[::-1]
    assert everything(subject.log, deal="transactions/T-1", until=mine[0].received_at) == mine[1:]
    assert everything(subject.log, deal="transactions/T-9") == []


@pytest.mark.parametrize("after", ["x", "#", "2026-03-02", "2026-03-02T09:00:00#r", "2026-03-02T09:00:00+02:00#r"])
def test_a_cursor_that_is_not_ours_is_refused(dynamodb: Any, after: str) -> None:
    log = DynamoDeliveryLog(dynamodb, "EventsTable", no_pause, lambda: NOW)
    with pytest.raises(ValueError, match=r"after = .*begin again without it"):
        log.page(EventsFilter(), after=after)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    offsets=st.lists(st.tuples(st.integers(0, 3 * 86_400_000), st.sampled_from(["dotloop", "transactions"]))),
    limit=st.integers(1, 7),
    newest_first=st.booleans(),
)
def test_however_a_list_is_cut_into_pages_each_delivery_is_on_one(
    dynamodb: Any, offsets: list[tuple[int, str]], limit: int, newest_first: bool
) -> None:
    real = DynamoDeliveryLog(dynamodb, "EventsTable", no_pause, lambda: NOW)
    for table_row in dynamodb.scan(TableName="EventsTable")["Items"]:
        dynamodb.delete_item(TableName="EventsTable", Key={name: table_row[name] for name in ("pk", "sk")})
    fake = MemoryDeliveryLog()
    many = [
        delivery(n, received_at=NOW - timedelta(milliseconds=ms), source=source, key=f"{source}#{n}")
        for n, (ms, source) in enumerate(offsets)
    ]
    for log in (real, fake):
        log.add(many)
    found = everything(real, limit, newest_first)
    assert found == everything(fake, limit, newest_first)
    assert len(found) == len(many)
    assert all((one.received_at >= two.received_at) == newest_first or one.received_at == two.received_at
               for one, two in pairwise(found))  # fmt: skip


def test_a_long_time_span_is_cut_at_a_day_and_goes_on_there(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MOST_DAYS", 2)
    log = DynamoDeliveryLog(dynamodb, "EventsTable", no_pause, lambda: NOW)
    midnight = NOW.replace(hour=0)
    many = [delivery(n, received_at=midnight - timedelta(days=n)) for n in (0, 1, 4, 5)]
    log.add(many)
    assert everything(log) == many
    assert everything(log, newest_first=False) == many[::-1]
    page = log.page(EventsFilter())
    assert (list(page.items), bool(page.next)) == (many[:2], True)


def test_a_search_that_finds_little_is_cut_and_goes_on_there(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MOST_READ", 4)
    log = DynamoDeliveryLog(dynamodb, "EventsTable", no_pause, lambda: NOW)
    log.add([delivery(n) for n in range(1, 10)])
    log.add([delivery(10, event_type="rare")])
    assert log.page(EventsFilter(event_type="rare")).items == []
    assert everything(log, event_type="rare") == [delivery(10, event_type="rare")]


def test_the_receipts_of_a_day_are_those_of_its_source(log: Any) -> None:
    log.add([delivery(1), delivery(2, source="dotloop", key="dotloop#a"), delivery(3, received_at=NOW.replace(day=1))])
    assert log.receipts("transactions", "2026-03-02") == {delivery(1).receipt}
    assert log.receipts("transactions", "2026-03-01") == {delivery(3).receipt}
    assert log.receipts("transactions", "2026-02-28") == frozenset()


def test_settled_rows_leave_the_index_of_what_is_due(dynamodb: Any) -> None:
    log = DynamoDeliveryLog(dynamodb, "EventsTable", no_pause, lambda: NOW)
    log.add([delivery(1), delivery(2, settled=True)])
    log.settle([delivery(1)])
    rows = dynamodb.scan(TableName="EventsTable")["Items"]
    assert len(rows) == 2
    assert all(not {"due_kind", "due_at"} & row.keys() for row in rows)


# -------------------------------------------------------------------------------------------- how far we have walked


@pytest.fixture(params=["memory", "dynamodb"])
def walk(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return MemoryWalk()
    return DynamoWalk(request.getfixturevalue("dynamodb"), "EventsTable", no_pause)


def test_a_walk_goes_forward_only(walk: Any) -> None:
    assert walk.last_seen("transactions") == ""
    later = datetime(2026, 3, 2, 10, tzinfo=UTC)
    walk.seen("transactions", "2026-03-02/transactions/b", later)
    walk.seen("transactions", "2026-03-02/transactions/a", NOW)
    walk.seen("transactions", "2026-03-01/transactions/z", NOW)
    assert walk.last_seen("transactions") == "2026-03-02/transactions/b"
    assert walk.last_received() == {"transactions": later}


def test_each_source_is_walked_by_itself(walk: Any) -> None:
    walk.seen("transactions", "2026-03-02/transactions/b", NOW)
    walk.seen("dotloop", "2026-03-01/dotloop/a", NOW - timedelta(days=1))
    walk.seen("gone", "2026-03-01/gone/a", NOW)
    assert walk.last_seen("dotloop") == "2026-03-01/dotloop/a"
    assert walk.last_received() == {"transactions": NOW, "dotloop": NOW - timedelta(days=1)}

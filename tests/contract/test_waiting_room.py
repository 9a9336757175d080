"""Waiting events in memory and on DynamoDB keep the same promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.agents import AgentKey
from domain.errors import Cause, Conflict
from domain.merging import merge
from domain.ports import Waiting
from storage import dynamo
from storage.records import event_key
from storage.waiting import DynamoWaitingRoom
from tests.builders import NOW, agent, envelope, facts, wanted

A1, A2 = AgentKey("transactions", "A-1"), AgentKey("transactions", "A-2")


def deferred(event_id: str = "evt-1", **changes: Any) -> Waiting:
    fields: dict[str, Any] = {"cause": Cause.PROVIDER_API, "reason": "503", "since": NOW, "due_at": NOW}
    return Waiting(envelope=envelope(event_id), **{**fields, **changes})


def parked(event_id: str = "evt-1", *missing: AgentKey) -> Waiting:
    return deferred(event_id, cause=Cause.UNKNOWN_AGENT, missing=frozenset(missing or {A1}), deal="transactions/T-1")


@pytest.fixture(params=["memory", "dynamodb"])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def room(kind: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{kind}_waiting_room")


@pytest.fixture
def directory(kind: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{kind}_directory")


@pytest.fixture
def store(kind: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{kind}_deal_store")


def applied(store: Any, event_id: str) -> None:
    event = facts(1, event_id=event_id, values={"reference": "A"})
    message = envelope(event_id)
    held = store.load(message, wanted(event))
    store.commit(merge(event, held, message, lambda: "D1"), NOW)


def test_what_is_deferred_is_found_whole(room: Any) -> None:
    waiting = deferred(attempts=3, since=NOW - timedelta(hours=2))
    room.defer(waiting)
    assert room.find("transactions#evt-1") == waiting
    assert room.find("transactions#other") is None


def test_an_edited_event_keeps_its_edited_body_however_often_it_is_set_aside(room: Any) -> None:
    edited = envelope("evt-1", archive_key=f"edits/transactions/{'0' * 32}/12")
    room.defer(replace(deferred(), envelope=edited))
    room.defer(replace(deferred(attempts=2), envelope=edited))
    assert room.find("transactions#evt-1").envelope == edited
    room.park(replace(parked("evt-1", A1), envelope=edited))
    (waiting,) = room.parked_for([A1])
    assert waiting.envelope == edited


def due(room: Any, now: Any = NOW) -> list[str]:
    return [waiting.envelope.event_id for page in room.due(now) for waiting in page]


def test_an_event_is_due_from_its_time_on_oldest_first(room: Any) -> None:
    room.defer(deferred("late", due_at=NOW + timedelta(seconds=60)))
    room.defer(deferred("second", due_at=NOW))
    room.defer(deferred("first", due_at=NOW - timedelta(seconds=60)))
    assert due(room) == ["first", "second"]


def test_more_than_a_page_of_events_is_due_each_once(room: Any) -> None:
    for number in range(130):
        room.defer(deferred(f"evt-{number:03}", due_at=NOW - timedelta(seconds=number)))
    pages = list(room.due(NOW))
    assert len(pages) > 1
    assert sorted(waiting.envelope.event_id for page in pages for waiting in page) == [
        f"evt-{n:03}" for n in range(130)
    ]


def test_a_deferral_leaves_an_applied_event_alone(room: Any, store: Any) -> None:
    applied(store, "evt-1")
    room.defer(deferred("evt-1"))
    assert room.find("transactions#evt-1") is None
    assert due(room) == []


def test_a_parked_event_is_found_under_each_missing_agent(room: Any) -> None:
    room.park(parked("evt-1", A1, A2))
    room.park(parked("evt-2", A2))
    assert [waiting.envelope.event_id for waiting in room.parked_for([A1])] == ["evt-1"]
    assert sorted(waiting.envelope.event_id for waiting in room.parked_for([A1, A2])) == ["evt-1", "evt-2"]
    assert room.parked_for([AgentKey("brokermint", "A-1")]) == []


def test_parking_is_refused_once_an_agent_is_known(room: Any, directory: Any) -> None:
    directory.add([agent("A-1")])
    with pytest.raises(Conflict):
        room.park(parked("evt-1", A1, A2))
    assert room.parked_for([A2]) == []


def test_parking_is_refused_once_the_event_is_applied(room: Any, store: Any) -> None:
    applied(store, "evt-1")
    with pytest.raises(Conflict):
        room.park(parked("evt-1"))


def test_parking_again_under_fewer_agents_forgets_the_others(room: Any) -> None:
    room.park(parked("evt-1", A1, A2))
    room.park(parked("evt-1", A2))
    assert room.parked_for([A1]) == []
    assert [waiting.missing for waiting in room.parked_for([A2])] == [frozenset({A2})]


def test_rescheduling_moves_what_waits_and_skips_what_does_not(room: Any, store: Any) -> None:
    room.defer(deferred("evt-1"))
    applied(store, "evt-2")
    room.reschedule([deferred("evt-1"), deferred("evt-2"), deferred("never")], NOW + timedelta(hours=1))
    assert due(room) == []
    assert due(room, NOW + timedelta(hours=1)) == ["evt-1"]


def test_rescheduling_leaves_an_event_alone_that_was_deferred_anew_since_it_was_read(room: Any) -> None:
    seen = deferred("evt-1")
    room.defer(seen)
    room.defer(deferred("evt-1", attempts=2, due_at=NOW + timedelta(seconds=45)))
    room.reschedule([seen], NOW + timedelta(hours=1))
    assert due(room, NOW + timedelta(seconds=45)) == ["evt-1"]


def test_a_closed_event_waits_nowhere(room: Any) -> None:
    room.park(parked("evt-1", A1, A2))
    room.close("transactions#evt-1")
    room.close("transactions#never")
    assert room.find("transactions#evt-1") is None
    assert room.parked_for([A1, A2]) == []
    assert due(room, NOW + timedelta(days=1)) == []


def test_closing_leaves_an_applied_event_applied(room: Any, store: Any) -> None:
    applied(store, "evt-1")
    room.close("transactions#evt-1")
    assert store.was_applied(envelope("evt-1"))


def test_the_deferral_of_a_parked_event_remembers_its_agents(room: Any) -> None:
    room.park(parked("evt-1", A1))
    room.defer(replace(parked("evt-1", A1), cause=Cause.PROVIDER_API, attempts=2))
    (waiting,) = room.parked_for([A1])
    assert (waiting.cause, waiting.attempts) == (Cause.PROVIDER_API, 2)


# --------------------------------------------------------------------------------------------- the rows on DynamoDB

KEY = "transactions#evt-1"


def row_of(room: DynamoWaitingRoom, key: str = KEY) -> dict[str, Any]:
    row = dynamo.get(room.client, room.events_table, event_key(key))
    assert row is not None
    return row


def put_row(room: DynamoWaitingRoom, state: str) -> dict[str, Any]:
    """A row as it is when the event is not waiting any more, with what it kept."""
    room.park(parked("evt-1", A1))
    row = {name: value for name, value in row_of(room).items() if name not in ("due_kind", "due_at")}
    row |= {"state": state, "cause": "mapping", "open_kind": f"{state}#mapping"}
    room.client.put_item(TableName=room.events_table, Item=dynamo.to_wire(row))
    return row


def test_a_waiting_row_can_be_found_by_what_operators_ask_for(dynamodb_waiting_room: DynamoWaitingRoom) -> None:
    waiting = deferred(deal="transactions/T-1", attempts=2)
    dynamodb_waiting_room.defer(waiting)
    assert row_of(dynamodb_waiting_room) == {
        "pk": f"EVENT#{KEY}",
        "sk": "EVENT",
        "state": "waiting",
        "source": "transactions",
        "event_id": "evt-1",
        "event_type": "deal.updated",
        "receipt": "r-evt-1",
        "archive_key": "2026-03-02/transactions/r-evt-1",
        "mapping_version": 1,
        "received_at": NOW.isoformat(),
        "deal": "transactions/T-1",
        "cause": "provider_api",
        "reason": "503",
        "since": NOW.isoformat(),
        "last_at": NOW.isoformat(),
        "attempts": 2,
        "missing": [],
        "envelope": waiting.envelope.to_json(),
        "open_kind": "waiting#provider_api",
        "open_at": f"{NOW.isoformat()}#{KEY}",
        "due_kind": "event",
        "due_at": int(NOW.timestamp()),
    }


def test_a_parked_row_is_open_as_parked(dynamodb_waiting_room: DynamoWaitingRoom) -> None:
    dynamodb_waiting_room.park(parked("evt-1", A1))
    row = row_of(dynamodb_waiting_room)
    assert (row["state"], row["open_kind"]) == ("parked", "parked#unknown_agent")


def test_what_an_index_reads_is_left_out_where_it_is_empty(dynamodb_waiting_room: DynamoWaitingRoom) -> None:
    dynamodb_waiting_room.defer(deferred())
    assert not {"deal", "edits"} & row_of(dynamodb_waiting_room).keys()
    found = dynamodb_waiting_room.find(KEY)
    assert found is not None
    assert found.deal == ""


def test_the_row_of_an_edited_event_counts_its_edits(dynamodb_waiting_room: DynamoWaitingRoom) -> None:
    edited = envelope("evt-1", archive_key=f"edits/transactions/{'0' * 32}/12")
    dynamodb_waiting_room.defer(replace(deferred(), envelope=edited))
    assert row_of(dynamodb_waiting_room)["edits"] == 12


@pytest.mark.parametrize("state", ["dead", "discarded"])
def test_what_is_dead_does_not_wait(dynamodb_waiting_room: DynamoWaitingRoom, state: str) -> None:
    room = dynamodb_waiting_room
    row = put_row(room, state)
    assert room.find(KEY) is None
    assert room.parked_for([A1]) == []
    assert due(room, NOW + timedelta(days=1)) == []
    room.close(KEY)
    room.reschedule([parked("evt-1", A1)], NOW + timedelta(hours=1))
    assert row_of(room) == row


@pytest.mark.parametrize("state", ["dead", "discarded"])
def test_what_was_dead_can_be_set_aside_anew(dynamodb_waiting_room: DynamoWaitingRoom, state: str) -> None:
    room = dynamodb_waiting_room
    put_row(room, state)
    room.defer(deferred())
    assert room.find(KEY) == deferred()
    put_row(room, state)
    room.park(parked("evt-1", A2))
    assert [waiting.missing for waiting in room.parked_for([A2])] == [frozenset({A2})]

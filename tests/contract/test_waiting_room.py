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

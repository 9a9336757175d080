"""The CRM store in memory and on DynamoDB keep the same promises."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.agents import AgentKey
from domain.deal import AgentShare, DealFacts
from domain.envelope import Envelope
from domain.errors import Cause, Conflict
from domain.merging import merge
from domain.money import Money
from domain.ports import Waiting
from domain.stages import Stage
from domain.terms import Role, Side
from storage import dynamo
from storage.records import event_key
from tests.builders import NOW, envelope, facts, person, wanted

ids = map(str, itertools.count(1))


def load(store: Any, event: DealFacts) -> tuple[Envelope, Any]:
    message = envelope(event.event_id)
    held = store.load(message, wanted(event))
    return message, held


def apply(store: Any, event: DealFacts) -> None:
    message, held = load(store, event)
    store.commit(merge(event, held, message, lambda: next(ids)), NOW)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_deal_store")


def full_deal() -> DealFacts:
    share = AgentShare(
        source="transactions", agent_id="A-1", side=Side.LISTING, share=Fraction(1, 3),
        name="M", licence="L", office="O", crm_user_id="u", crm_contact_id="c",
    )  # fmt: skip
    return facts(
        1,
        people=[
            person(Role.BUYER, "P1", name="Zoë 李 🏡", phone=None),
            person(Role.SELLER, name="Sam", email="s@example.com"),
        ],
        values={
            "stage": Stage.CLOSED,
            "sale_price": Money(Decimal(525000)),
            "closing_date": NOW.date(),
            "property.city": "Missoula",
            "office": None,
        },
        agents=(share, share.model_copy(update={"agent_id": "A-2", "share": Fraction(2, 3)})),
    )


def test_what_is_committed_is_what_is_loaded(store: Any) -> None:
    event = full_deal()
    message, held = load(store, event)
    assert (held.deal, held.applied) == (None, False)
    change = merge(event, held, message, lambda: next(ids))
    store.commit(change, NOW)

    _, again = load(store, event)
    assert again.applied
    assert again.deal == change.deal
    assert again.contacts == {contact.id: contact for contact, _ in change.contacts}
    assert again.aliases == dict(change.aliases)
    assert store.deal("transactions", "T-1") == change.deal
    assert store.contacts(again.contacts.keys()) == again.contacts
    assert store.stage_history(change.deal_id) == [change.observation]
    assert store.commission_due(change.deal_id) == 1


def test_an_event_is_applied_once(store: Any) -> None:
    event = facts(1, values={"reference": "A"})
    message, held = load(store, event)
    assert not store.was_applied(message)
    change = merge(event, held, message, lambda: next(ids))
    store.commit(change, NOW)
    assert store.was_applied(message)
    with pytest.raises(Conflict):
        store.commit(change, NOW)


def replayed(event: DealFacts, replay: str) -> Envelope:
    return envelope(event.event_id, replay=replay)


def apply_again(store: Any, event: DealFacts, replay: str) -> None:
    message = replayed(event, replay)
    held = store.load(message, wanted(event))
    assert not held.applied
    store.commit(merge(event, held, message, lambda: next(ids)), NOW)


def test_a_replay_applies_an_event_again_once(store: Any) -> None:
    event = facts(1, values={"reference": "A"})
    apply(store, event)
    message = replayed(event, "2026-r1")
    assert not store.was_applied(message)
    held = store.load(message, wanted(event))
    assert not held.applied
    change = merge(event, held, message, lambda: next(ids))
    store.commit(change, NOW)
    assert store.was_applied(message)
    assert store.load(message, wanted(event)).applied
    with pytest.raises(Conflict):
        store.commit(change, NOW)


def test_an_event_that_was_never_applied_can_be_applied_by_a_replay_first(store: Any) -> None:
    event = facts(1, values={"reference": "A"})
    apply_again(store, event, "2026-r1")
    assert store.was_applied(envelope(event.event_id))
    assert store.was_applied(replayed(event, "2026-r1"))
    assert not store.was_applied(replayed(event, "2026-r2"))


def test_an_older_replay_after_a_newer_one_was_applied_before(store: Any) -> None:
    event = facts(1, values={"reference": "A"})
    apply(store, event)
    older = replayed(event, "2026-r1")
    change = merge(event, store.load(older, wanted(event)), older, lambda: next(ids))
    apply_again(store, event, "2026-r2")
    assert store.was_applied(older)
    assert store.load(older, wanted(event)).applied
    with pytest.raises(Conflict):
        store.commit(change, NOW)


def test_a_delivery_that_comes_again_after_a_replay_was_applied_before(store: Any) -> None:
    event = facts(1, values={"reference": "A"})
    message, held = load(store, event)
    late = merge(event, held, message, lambda: next(ids))
    apply_again(store, event, "2026-r1")
    assert store.was_applied(message)
    assert store.load(message, wanted(event)).applied
    with pytest.raises(Conflict):
        store.commit(late, NOW)
    assert not store.was_applied(replayed(event, "2026-r2"))


def test_the_row_of_an_applied_event_tells_its_story(dynamodb_deal_store: Any) -> None:
    event = facts(1, values={"reference": "A"}, people=[])
    message = envelope(event.event_id, replay="2026-r1")
    held = dynamodb_deal_store.load(message, wanted(event))
    change = replace(merge(event, held, message, lambda: "D-1"), mapped_by=3, looked_up=("transactions/A-1",))
    dynamodb_deal_store.commit(change, NOW)
    row = dynamo.get(dynamodb_deal_store.client, "EventsTable", event_key(message.event_key))
    assert row == {
        "pk": "EVENT#transactions#evt-1",
        "sk": "EVENT",
        "state": "applied",
        "source": "transactions",
        "event_id": "evt-1",
        "event_type": "deal.updated",
        "receipt": "r-evt-1",
        "archive_key": "2026-03-02/transactions/r-evt-1",
        "mapping_version": 1,
        "received_at": NOW.isoformat(),
        "content_type": "application/json",
        "applied_at": NOW.isoformat(),
        "deal_id": "D-1",
        "deal": "transactions/T-1",
        "changed": list(change.changed),
        "mapped_by": 3,
        "looked_up": ["transactions/A-1"],
        "replay": "2026-r1",
    }
    assert "reference" in row["changed"]


def test_an_event_that_no_replay_applied_has_no_replay_in_its_row(dynamodb_deal_store: Any) -> None:
    apply(dynamodb_deal_store, facts(1, values={"reference": "A"}))
    row = dynamo.get(dynamodb_deal_store.client, "EventsTable", event_key("transactions#evt-1"))
    assert row is not None
    assert "replay" not in row


@pytest.mark.parametrize("state", ["waiting", "parked", "dead", "discarded"])
@pytest.mark.parametrize("replay", ["", "2026-r1"])
def test_applying_an_event_resolves_what_stood_in_its_row(dynamodb_deal_store: Any, state: str, replay: str) -> None:
    event = facts(1, values={"reference": "A"})
    message = envelope(event.event_id, replay=replay)
    columns = {"open_kind": f"{state}#mapping", "open_at": "x", "due_kind": "event", "due_at": 1, "missing": []}
    row = event_key(message.event_key) | {"state": state} | columns
    dynamodb_deal_store.client.put_item(TableName="EventsTable", Item=dynamo.to_wire(row))
    assert not dynamodb_deal_store.was_applied(message)
    held = dynamodb_deal_store.load(message, wanted(event))
    dynamodb_deal_store.commit(merge(event, held, message, lambda: next(ids)), NOW)
    after = dynamo.get(dynamodb_deal_store.client, "EventsTable", event_key(message.event_key))
    assert after is not None
    assert after["state"] == "applied"
    assert not columns.keys() & after.keys()


def test_of_two_writers_of_one_deal_the_second_must_decide_again(store: Any) -> None:
    apply(store, facts(1, values={"reference": "A"}))
    second, third = facts(2, values={"reference": "B"}), facts(3, values={"office": "N"})
    message, held = load(store, second)
    apply(store, third)
    with pytest.raises(Conflict):
        store.commit(merge(second, held, message, lambda: next(ids)), NOW)
    assert not store.was_applied(message)


def test_of_two_first_events_of_one_deal_one_makes_the_record(store: Any) -> None:
    one, two = facts(1, values={"reference": "A"}), facts(2, values={"reference": "B"})
    message, held = load(store, one)
    apply(store, two)
    with pytest.raises(Conflict):
        store.commit(merge(one, held, message, lambda: next(ids)), NOW)


def test_two_deals_that_change_one_contact_do_not_lose_an_update(store: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, "P1", name="Ana")]))
    elsewhere = facts(2, people=[person(Role.BUYER, "P1", phone="+14065550101")], source_id="T-2")
    message, held = load(store, elsewhere)
    apply(store, facts(3, people=[person(Role.BUYER, "P1", email="ana@example.com")]))
    with pytest.raises(Conflict):
        store.commit(merge(elsewhere, held, message, lambda: next(ids)), NOW)


def test_people_without_an_id_are_loaded_only_for_events_that_list_people(store: Any) -> None:
    apply(store, facts(1, people=[person(Role.SELLER, name="Sam", email="s@example.com")]))
    _, status_only = load(store, facts(2, values={"reference": "A"}))
    assert status_only.contacts == {}
    _, listing = load(store, facts(3, people=[]))
    assert [contact.values["name"] for contact in listing.contacts.values()] == ["Sam"]


def test_an_id_may_hold_any_character(store: Any) -> None:
    odd = "T#1/ü 🏡"
    apply(store, facts(1, source_id=odd, values={"reference": "A"}))
    assert store.deal("transactions", odd).details.reference == "A"


def test_a_cleared_value_keeps_its_mark(store: Any) -> None:
    apply(store, facts(2, people=[person(Role.BUYER, "P1", phone=None)], values={"office": None}))
    apply(store, facts(1, people=[person(Role.BUYER, "P1", phone="+14065550101")], values={"office": "North"}))
    deal = store.deal("transactions", "T-1")
    assert deal.details.office is None
    (contact,) = store.contacts([deal.participants[0].contact_id]).values()
    assert contact.values == {"phone": None}


def test_applying_a_parked_event_takes_its_parking_rows_along(store: Any, request: pytest.FixtureRequest) -> None:
    kind = "memory" if "Memory" in type(store).__name__ else "dynamodb"
    room = request.getfixturevalue(f"{kind}_waiting_room")
    event = facts(1, values={"reference": "A"})
    missing = AgentKey("transactions", "A-9")
    room.park(Waiting(envelope(event.event_id), Cause.UNKNOWN_AGENT, "r", NOW, NOW, missing=frozenset({missing})))
    message, held = load(store, event)
    assert held.parked_under == {missing}
    store.commit(merge(event, held, message, lambda: next(ids)), NOW)
    assert room.parked_for([missing]) == []
    assert room.find(message.event_key) is None


def test_links_are_kept_when_somebody_leaves_the_list(store: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, "P1", name="A"), person(Role.SELLER, "P2", name="B")]))
    apply(store, facts(2, people=[person(Role.SELLER, "P2", name="B")]))
    deal = store.deal("transactions", "T-1")
    assert [link.role for link in deal.participants] == [Role.SELLER]


def merged(order: int, into: str, *merged_ids: str) -> DealFacts:
    return facts(order, source_id=into, merged_ids=merged_ids, people=[person(Role.BUYER, "P1", name="Ana")])


def test_two_deals_that_the_source_merged_become_one(store: Any) -> None:
    apply(
        store, facts(1, source_id="OLD", values={"stage": Stage.CLOSED}, people=[person(Role.BUYER, "P9", name="Bo")])
    )
    apply(store, facts(2, source_id="NEW", values={"reference": "kept"}))
    old, new = store.deal("transactions", "OLD"), store.deal("transactions", "NEW")
    apply(store, merged(3, "NEW", "OLD"))
    assert store.deal("transactions", "OLD").id == new.id
    absorbed = store.deal_by_id(old.id)
    assert (absorbed.merged_into, absorbed.participants, absorbed.version) == (new.id, (), old.version + 1)
    assert store.commission_due(old.id) == absorbed.version
    assert store.deal("transactions", "NEW").details.reference == "kept"


def test_a_merged_deal_whose_survivor_was_never_seen_keeps_its_record(store: Any) -> None:
    apply(store, facts(1, source_id="OLD", values={"reference": "kept"}))
    apply(store, merged(2, "NEW", "OLD"))
    old, new = store.deal("transactions", "OLD"), store.deal("transactions", "NEW")
    assert (old.id, old.merged_into, old.details.reference) == (new.id, None, "kept")


def test_a_late_event_of_a_merged_id_reaches_the_survivor(store: Any) -> None:
    apply(store, merged(2, "NEW", "OLD"))
    apply(store, facts(1, source_id="OLD", values={"reference": "late"}))
    assert store.deal("transactions", "NEW").details.reference == "late"


def test_an_event_of_the_old_deal_in_flight_while_it_is_merged_must_decide_again(store: Any) -> None:
    apply(store, facts(1, source_id="OLD", values={"reference": "A"}))
    apply(store, facts(2, source_id="NEW", values={"reference": "B"}))
    late = facts(4, source_id="OLD", values={"office": "N"})
    message, held = load(store, late)
    apply(store, merged(3, "NEW", "OLD"))
    with pytest.raises(Conflict):
        store.commit(merge(late, held, message, lambda: next(ids)), NOW)

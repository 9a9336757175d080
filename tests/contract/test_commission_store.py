"""Settlements in memory and on DynamoDB keep the same promises: all or nothing, and never on what has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from domain.commission.cda import CdaState
from domain.commission.ports import CommissionStore
from domain.commission.settlement import CounterState, Head, Reason, Standing
from domain.errors import CommissionRefused, Conflict
from domain.merging import merge
from domain.stages import Stage
from storage import dynamo
from tests.builders import NOW, envelope, facts, wanted
from tests.contract.commission_world import (
    LATER,
    Books,
    as_read,
    books,
    calculation,
    cda,
    counted,
    entry,
    head,
    key,
    ledger_entry,
    line,
    mark,
    order,
    posted,
    record,
    replay,
    settlement,
)


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Books:
    return books(request.param, request)


@pytest.fixture
def store(world: Books) -> CommissionStore:
    return world.store


def listed(pages: Iterable[Sequence[Any]]) -> list[Any]:
    return [one for page in pages for one in page]


# ---------------------------------------------------------------------------------------------------------- due marks


def test_a_mark_is_read_as_it_was_set(store: CommissionStore) -> None:
    made = mark(event=envelope("evt-9"), needs="agent contact-1 has no plan", attempts=3)
    store.set_due(made)
    assert store.mark("D1") == replace(made, guard=1)
    assert store.mark("D2") is None


def test_marks_are_due_when_their_time_has_come_the_oldest_first(store: CommissionStore) -> None:
    for number in range(130):
        store.set_due(mark(f"D{number:03}", due_at=NOW - timedelta(minutes=number)))
    store.set_due(mark("later", due_at=NOW + timedelta(seconds=1)))
    pages = list(store.due(NOW))
    assert [one.deal_id for one in listed(pages)] == [f"D{number:03}" for number in reversed(range(130))]
    assert max(map(len, pages)) <= 100
    assert listed(store.due(NOW - timedelta(days=1))) == []


def test_a_mark_that_is_set_again_is_due_once_by_what_was_said_last(store: CommissionStore) -> None:
    store.set_due(mark(needs="a plan", attempts=2, due_at=LATER))
    store.set_due(mark(deal_version=2))
    assert listed(store.due(NOW)) == [mark(deal_version=2, guard=2)]


def test_a_mark_of_an_older_deal_does_not_replace_a_newer_one(store: CommissionStore) -> None:
    store.set_due(mark(deal_version=5))
    store.set_due(mark(deal_version=4, due_at=LATER))
    assert store.mark("D1") == mark(deal_version=5, guard=1)


def test_what_needs_something_waits_and_is_listed_as_blocked(store: CommissionStore) -> None:
    store.set_due(mark("D1"))
    store.set_due(mark("D2"))
    waits = mark("D1", needs="agent contact-1 has no plan", attempts=1, due_at=LATER, guard=1)
    told = head("D1", 1, number=0, standing=Standing.NEEDS, needs=waits.needs, order=None)
    store.needs(waits, told)
    assert listed(store.blocked()) == [as_read(waits, 2)]
    assert [one.deal_id for one in listed(store.due(NOW))] == ["D2"]
    assert store.head("D1") == told


def test_a_mark_that_was_set_anew_during_the_attempt_is_not_put_off(store: CommissionStore) -> None:
    store.set_due(mark())
    store.set_due(mark())  # somebody published the plan that was missing
    with pytest.raises(Conflict):
        store.needs(mark(guard=1, needs="a plan", due_at=LATER), head(number=0))
    assert listed(store.due(NOW)) == [mark(guard=2)]
    assert store.head("D1") == Head("D1")


def test_a_deal_that_was_settled_during_the_attempt_is_not_put_off(store: CommissionStore) -> None:
    store.set_due(mark())
    store.commit(settlement(settles=mark(guard=1)))
    with pytest.raises(Conflict):
        store.needs(mark(guard=1, needs="a plan", due_at=LATER), head(version=2))
    assert store.mark("D1") is None
    assert store.head("D1") == head()


def test_a_mark_with_nothing_to_post_is_cleared(store: CommissionStore) -> None:
    store.set_due(mark())
    store.clear(mark(guard=1))
    assert store.mark("D1") is None
    assert listed(store.due(LATER)) == []
    assert store.head("D1") == Head("D1")


def test_clearing_a_mark_can_say_that_nothing_is_needed_any_more(store: CommissionStore) -> None:
    store.set_due(mark())
    store.needs(mark(guard=1, needs="a plan"), head(standing=Standing.NEEDS, needs="a plan"))
    store.clear(mark(guard=2), head(version=2, number=1))
    assert store.mark("D1") is None
    assert store.head("D1") == head(version=2, number=1)


def test_a_mark_that_was_set_anew_is_not_cleared(store: CommissionStore) -> None:
    store.set_due(mark())
    store.set_due(mark(deal_version=2))
    with pytest.raises(Conflict):
        store.clear(mark(guard=1), head())
    assert store.mark("D1") == mark(deal_version=2, guard=2)
    assert store.head("D1") == Head("D1")


def test_what_was_read_before_a_mark_was_cleared_is_not_taken_for_the_next_one(store: CommissionStore) -> None:
    store.set_due(mark())
    store.clear(mark(guard=1))
    store.set_due(mark())
    with pytest.raises(Conflict):
        store.clear(mark(guard=1))
    held = store.mark("D1")
    assert held is not None
    store.clear(held)


# -------------------------------------------------------------------------------------------------------- settlements


def test_a_settlement_is_read_as_it_was_posted(store: CommissionStore) -> None:
    store.set_due(mark())
    made = settlement(
        entries=[ledger_entry(order())],
        counters={key(): counted(1_200_000, 1, order()), key("gci", period="ever"): counted(-5, 1)},
        records=[record(), record(account="contact-2", status="retired")],
        settles=mark(guard=1),
        cda=cda(),
    )
    store.commit(made)
    assert store.head("D1") == made.head
    assert store.calculation("D1", 1) == made.posted
    assert store.history("D1") == [made.posted]
    assert store.counters([key(), key("gci", period="ever"), key("units")]) == {
        key(): CounterState(1_200_000, 1, order()),
        key("gci", period="ever"): CounterState(-5, 1),
    }
    assert store.ledger("contact-1") == [ledger_entry(order())]
    assert store.records(["D1"]) == [record(), record(account="contact-2", status="retired")]
    assert store.mark("D1") is None
    assert listed(store.due(LATER)) == []


def test_what_was_never_settled_is_not_there(store: CommissionStore) -> None:
    assert store.head("D1") == Head("D1")
    assert (store.calculation("D1", 1), store.history("D1")) == (None, [])
    assert (store.counters([]), store.counters([key()])) == ({}, {})
    assert (store.records([]), store.records(["D1", "D2"])) == ([], [])
    assert store.ledger("contact-1") == []


def test_later_calculations_supersede_and_never_replace(store: CommissionStore) -> None:
    first = posted()
    adjusted = posted(number=2, made=calculation(line(amount=7), line(2, 1, raw=Fraction(2, 3))), after_payment=True)
    reversed_ = posted(number=3, calculation=None, reason=Reason.RESCINDED)
    for number, one in enumerate([first, adjusted, reversed_], start=1):
        store.commit(settlement(number=number, posted=one))
    assert store.history("D1") == [first, adjusted, reversed_]
    assert store.calculation("D1", 2) == adjusted
    with pytest.raises(Conflict):
        store.commit(settlement(posted=posted(number=2), head=head(version=4)))
    assert store.history("D1") == [first, adjusted, reversed_]


def test_records_are_read_by_deal_and_account(store: CommissionStore) -> None:
    for deal_id in ("D2", "D1", "D3"):
        made = [record(deal_id, "contact-2"), record(deal_id, "contact-1")]
        store.commit(settlement(deal_id, records=made))
    found = store.records(["D3", "D1", "D9"])
    assert [(one.deal_id, one.account) for one in found] == [
        ("D1", "contact-1"),
        ("D1", "contact-2"),
        ("D3", "contact-1"),
        ("D3", "contact-2"),
    ]


def test_a_record_is_replaced_by_that_of_a_later_calculation(store: CommissionStore) -> None:
    store.commit(settlement(records=[record()]))
    store.commit(settlement(number=2, records=[record(number=2, status="retired")]))
    assert store.records(["D1"]) == [record(number=2, status="retired")]


def unchanged(store: CommissionStore) -> bool:
    return (store.head("D1"), store.history("D1"), store.ledger("contact-1")) == (Head("D1"), [], [])


def test_of_two_settlements_of_one_deal_the_second_must_decide_again(store: CommissionStore) -> None:
    store.commit(settlement())
    with pytest.raises(Conflict):
        store.commit(settlement(posted=posted(number=2), entries=[ledger_entry(order())]))
    assert store.history("D1") == [posted()]
    assert store.ledger("contact-1") == []


@pytest.mark.parametrize(("stored", "version"), [(0, 2), (1, 1), (1, 3)], ids=["not there", "there", "changed"])
def test_two_deals_of_one_agent_never_both_spend_the_same_room(
    store: CommissionStore, stored: int, version: int
) -> None:
    if stored:
        store.commit(settlement("D2", counters={key(): counted(500, 1)}))
    with pytest.raises(Conflict):
        store.commit(
            settlement(
                entries=[ledger_entry(order())],
                counters={key("gci"): counted(1, 1), key(): counted(900, version)},
                records=[record()],
                cda=cda(),
                marks=[replay(order())],
            )
        )
    assert unchanged(store)
    assert store.counters([key(), key("gci")]) == ({key(): CounterState(500, 1)} if stored else {})
    assert store.records(["D1"]) == []
    assert listed(store.replays_due(LATER)) == []


def test_a_counter_moves_on_from_the_version_that_was_read(store: CommissionStore) -> None:
    store.commit(settlement("D1", counters={key(): counted(500, 1, order(2))}))
    store.commit(settlement("D2", counters={key(): counted(900, 2, order(3, deal="D2"))}))
    assert store.counters([key()]) == {key(): CounterState(900, 2, order(3, deal="D2"))}


def test_counters_of_other_owners_names_and_years_are_others(store: CommissionStore) -> None:
    keys = [key(), key("gci"), key(owner="team:north"), key(owner="shared:a#b"), key(period="2026-03")]
    store.commit(settlement(counters={one: counted(number, 1) for number, one in enumerate(keys)}))
    assert store.counters(keys) == {one: CounterState(number, 1) for number, one in enumerate(keys)}


def test_a_mark_that_was_set_anew_meanwhile_is_settled_anew(store: CommissionStore) -> None:
    store.set_due(mark())
    store.set_due(mark(deal_version=2))
    with pytest.raises(Conflict):
        store.commit(settlement(settles=mark(guard=1)))
    assert unchanged(store)
    store.commit(settlement(settles=mark(deal_version=2, guard=2)))
    assert store.mark("D1") is None


def test_a_settlement_without_a_mark_leaves_the_mark(store: CommissionStore) -> None:
    store.set_due(mark())
    store.commit(settlement())
    assert store.mark("D1") == mark(guard=1)


def test_a_cda_that_was_signed_meanwhile_is_decided_upon_again(world: Books) -> None:
    world.store.commit(settlement(cda=cda()))
    with pytest.raises(Conflict):
        world.store.commit(settlement(number=2, cda=cda(guard=3, number=2)))
    assert world.desk.row("D1") == cda()
    assert world.store.history("D1") == [posted()]


def test_a_settlement_marks_the_signed_cda_as_superseded(world: Books) -> None:
    signed = cda(guard=2, version=1, state=CdaState.APPROVED, digest="ab", approved_by="Bea", approved_at=NOW)
    world.store.commit(settlement(cda=cda()))
    world.desk.save(signed, head(version=2, number=1), entry(subject="CDA#D1"))
    draft, old = cda(guard=3, version=1, number=2), signed.model_copy(update={"superseded_by": 2})
    world.store.commit(settlement(posted=posted(number=2), head=head(version=3, number=2), cda=draft, superseded=old))
    assert world.desk.row("D1") == draft
    assert world.desk.versions("D1") == [old]


# ------------------------------------------------------------------------------------------------ the hundred items


def ten_agents(counters: int) -> dict[str, Any]:
    agents = [f"contact-{number:02}" for number in range(10)]
    return {
        "entries": [ledger_entry(order(), agent) for agent in agents],
        "counters": {key(f"counter_{n}", agent): counted(n, 1) for agent in agents for n in range(counters)},
        "records": [record(account=agent) for agent in agents],
        "settles": mark(guard=1),
        "cda": cda(),
        "superseded": cda(version=1, state=CdaState.SENT, superseded_by=1),
    }


def test_a_deal_of_ten_agents_with_six_counters_each_is_one_transaction(store: CommissionStore) -> None:
    store.set_due(mark())
    made = settlement(**ten_agents(6), marks=[replay(order(), "contact-00"), replay(order(), "contact-01")])
    store.commit(made)
    assert store.counters(made.counters) == {one: state for one, (state, _) in made.counters.items()}
    assert len(store.records(["D1"])) == 10


def test_more_than_one_transaction_holds_is_refused_and_nothing_is_written(store: CommissionStore) -> None:
    store.set_due(mark())
    with pytest.raises(CommissionRefused, match="100"):
        store.commit(settlement(**ten_agents(8)))
    assert unchanged(store)
    assert store.mark("D1") == mark(guard=1)


# ------------------------------------------------------------------------------------------------------------- ledgers


def ledgered(store: CommissionStore, *places: Any, owner: str = "contact-1") -> None:
    for place in places:
        deal_id = place[2]
        version = store.head(deal_id).version + 1
        made = ledger_entry(place, owner)
        store.commit(settlement(deal_id, version, entries=[made]))


def test_a_ledger_is_in_closing_order_whatever_characters_numbers_hold(store: CommissionStore) -> None:
    numbers = ["", "1", "10", "2", "1 b", "1!", "1#", "12", "1\t", "a", "Z", "é", "🏡", "1/2"]
    places = [order(2, number, f"D{place}") for place, number in enumerate(numbers)]
    places += [order(10, "0", "D98"), order(1, "9", "D99"), order(2, "1", "D"), order(2, "1", "D 1")]
    ledgered(store, *places)
    assert [one.order for one in store.ledger("contact-1")] == sorted(places)
    assert store.ledger("contact-1")[0] == ledger_entry(order(1, "9", "D99"))


def test_the_neighbours_of_a_place_are_the_next_entries_on_either_side(store: CommissionStore) -> None:
    first, second, third = order(1, deal="D1"), order(3, deal="D2"), order(5, deal="D3")
    ledgered(store, third, first, second)
    ledgered(store, order(2, deal="D7"), owner="contact-2")
    assert store.entry_before("contact-1", second) == ledger_entry(first)
    assert store.entry_after("contact-1", second) == ledger_entry(third)
    assert store.entry_before("contact-1", order(4)) == ledger_entry(second)
    assert store.entry_after("contact-1", order(2)) == ledger_entry(second)
    assert store.entry_before("contact-1", first) is None
    assert store.entry_after("contact-1", third) is None
    assert store.entry_before("contact-9", first) is None


def test_an_entry_that_left_the_ledger_is_passed_over(store: CommissionStore) -> None:
    places = [order(day, deal=f"D{day}") for day in range(1, 6)]
    ledgered(store, *places)
    gone = [("contact-1", place) for place in places[1:4]]
    store.commit(settlement("D2", 2, removed=gone))
    assert [one.order for one in store.ledger("contact-1")] == [places[0], places[4]]
    assert store.entry_before("contact-1", places[4]) == ledger_entry(places[0])
    assert store.entry_after("contact-1", places[0]) == ledger_entry(places[4])
    ledgered(store, places[2])
    assert store.entry_after("contact-1", places[0]) == ledger_entry(places[2])


def test_the_places_that_deals_have_left_are_told_in_order(store: CommissionStore) -> None:
    numbers = ["", "1 b", "1!", "a", "é 🏡", "!!  "]
    places = [order(day, number, f"D {day}!") for day, number in enumerate(numbers, 1)]
    ledgered(store, *places)
    ledgered(store, order(2, deal="D7"), owner="contact-2")
    assert store.gone("contact-1") == []
    store.commit(settlement("D 2!", 2, removed=[("contact-1", place) for place in reversed(places[1:])]))
    assert store.gone("contact-1") == places[1:]
    assert store.gone("contact-1", since=date(2026, 3, 3), until=date(2026, 3, 5)) == places[2:5]
    assert store.gone("contact-2") == []
    ledgered(store, places[3])  # it is back
    assert store.gone("contact-1", until=date(2026, 3, 5)) == [places[1], places[2], places[4]]


def test_a_deal_that_moved_in_the_order_stands_where_it_is_now(store: CommissionStore) -> None:
    before, after = order(2), order(9)
    ledgered(store, before)
    store.commit(settlement(number=2, entries=[ledger_entry(after)], removed=[("contact-1", before)]))
    assert store.ledger("contact-1") == [ledger_entry(after)]


def test_an_entry_that_is_both_removed_and_put_stays(store: CommissionStore) -> None:
    ledgered(store, order())
    store.commit(settlement(number=2, entries=[ledger_entry(order(), number=2)], removed=[("contact-1", order())]))
    assert store.ledger("contact-1") == [ledger_entry(order(), number=2)]


def test_a_part_of_a_ledger_includes_both_days(store: CommissionStore) -> None:
    places = [order(day, "~", f"D{day}") for day in range(1, 7)]
    ledgered(store, *places)
    second, fifth = date(2026, 3, 2), date(2026, 3, 5)

    def days(**bounds: date) -> list[str]:
        return [one.order[0][-2:] for one in store.ledger("contact-1", **bounds)]

    assert days(since=second, until=fifth) == ["02", "03", "04", "05"]
    assert days(since=fifth) == ["05", "06"]
    assert days(until=second) == ["01", "02"]
    assert days(since=second, until=second) == ["02"]


# ------------------------------------------------------------------------------------------------------------- replays


def test_a_replay_mark_is_due_when_its_time_has_come(store: CommissionStore) -> None:
    store.set_replay(replay(order()))
    store.set_replay(replay(order(), "team:north", due_at=LATER))
    assert listed(store.replays_due(NOW)) == [replay(order(), version=1)]
    assert len(listed(store.replays_due(LATER))) == 2


@pytest.mark.parametrize(("first", "second"), [(2, 5), (5, 2), (2, 2)])
def test_a_mark_that_is_set_again_moves_back_to_the_earlier_place(
    store: CommissionStore, first: int, second: int
) -> None:
    store.set_replay(replay(order(first)))
    store.set_replay(replay(order(second), due_at=NOW + timedelta(minutes=5)))
    assert listed(store.replays_due(LATER)) == [replay(order(2), version=2)]


def test_a_settlement_sets_replay_marks_and_moves_back_those_that_are_set(store: CommissionStore) -> None:
    store.set_replay(replay(order(5)))
    store.set_replay(replay(order(1), "contact-2"))
    owners = ("contact-1", "contact-2", "contact-3")
    store.commit(settlement(marks=[replay(order(3), owner) for owner in owners]))
    held = {one.owner: (one.after, one.version) for one in listed(store.replays_due(LATER))}
    assert held == {"contact-1": (order(3), 2), "contact-2": (order(1), 2), "contact-3": (order(3), 1)}


def test_a_replay_moves_on_with_the_settlement_of_each_deal(store: CommissionStore) -> None:
    store.set_replay(replay(order(1)))
    step = replay(order(1), version=1)
    store.commit(settlement(advanced=step, marks=[replay(order(2), "contact-2")]))
    held = {one.owner: one for one in listed(store.replays_due(NOW))}
    assert held == {
        "contact-1": replay(order(2), version=2),
        "contact-2": replay(order(2), "contact-2", version=1),
    }


def test_a_step_that_also_sets_its_own_owner_back_goes_to_the_earlier_place(store: CommissionStore) -> None:
    store.set_replay(replay(order(1), "contact-1"))
    store.commit(settlement(advanced=replay(order(1), version=1), marks=[replay(order(0))]))
    assert [one.after for one in listed(store.replays_due(NOW))] == [order(0)]


def test_a_step_from_a_mark_that_was_set_back_meanwhile_is_decided_again(store: CommissionStore) -> None:
    store.set_replay(replay(order(1)))
    store.set_replay(replay(order(0)))
    with pytest.raises(Conflict):
        store.commit(settlement(advanced=replay(order(1), version=1)))
    assert unchanged(store)
    assert [one.after for one in listed(store.replays_due(NOW))] == [order(0)]


def test_a_replay_ends_unless_it_was_set_back_meanwhile(store: CommissionStore) -> None:
    store.set_replay(replay(order(5)))
    store.set_replay(replay(order(3)))
    store.end_replay(replay(order(5), version=1))
    (held,) = listed(store.replays_due(NOW))
    assert held == replay(order(3), version=2)
    store.end_replay(held)
    assert listed(store.replays_due(LATER)) == []
    store.end_replay(held)


def test_what_was_read_before_a_replay_ended_is_not_taken_for_the_next_one(store: CommissionStore) -> None:
    store.set_replay(replay(order(1)))
    (stale,) = listed(store.replays_due(NOW))
    store.end_replay(stale)
    store.set_replay(replay(order(7)))
    with pytest.raises(Conflict):
        store.commit(settlement(advanced=stale))
    store.end_replay(stale)
    assert [one.after for one in listed(store.replays_due(NOW))] == [order(7)]


# --------------------------------------------------------------------------------------- what the CRM store hands over


def test_a_closing_leaves_a_mark_with_the_event_that_set_it(request: pytest.FixtureRequest) -> None:
    deals, held = request.getfixturevalue("dynamodb_deal_store"), books("dynamodb", request)
    message = envelope("evt-1", body=b"{}")
    event = facts(1, values={"stage": Stage.CLOSED}, people=[])
    change = merge(event, deals.load(message, wanted(event)), message, lambda: "D1")
    deals.commit(change, NOW)
    assert held.store.mark("D1") == mark(event=message.without_body())
    assert listed(held.store.due(NOW)) == [mark(event=message.without_body())]
    held.store.commit(settlement(settles=mark()))
    assert deals.commission_due("D1") is None
    assert held.store.mark("D1") is None


def test_a_mark_of_older_days_without_an_event_is_settled_too(request: pytest.FixtureRequest) -> None:
    held = books("dynamodb", request)
    row = {"pk": "DEAL#D1", "sk": "COMMISSION#DUE", "due_kind": "commission", "due_at": 1, "deal_version": 3}
    request.getfixturevalue("dynamodb").put_item(TableName="RecordsTable", Item=dynamo.to_wire(row))
    (found,) = listed(held.store.due(NOW))
    assert (found.deal_version, found.event, found.guard) == (3, None, 0)
    held.store.commit(settlement(settles=found))
    assert held.store.mark("D1") is None

"""Sync rows in memory and on DynamoDB keep the same promises (architecture: "Delivery: the invariants")."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.crm.ports import Finish, Records
from domain.crm.rows import Kind, Owed, Question, RowKey, Standing, SyncRow
from domain.errors import Unavailable
from storage.contacts import DynamoContacts
from storage.records import DynamoDealStore
from tests.builders import NOW, facts
from tests.contract.sync_world import (
    ANA,
    DEAL,
    LATER,
    LINK,
    SAM,
    SHARE,
    SyncWorld,
    confirmation,
    full,
    intent,
    world_on,
)
from tests.fakes.contacts import MemoryContacts

SECOND = timedelta(seconds=1)
OVER = LATER + SECOND


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> SyncWorld:
    return world_on(request.param, request)


# ----------------------------------------------------------------------------------------------------- owed is durable


def test_an_event_that_changes_records_marks_them_in_the_same_write(world: SyncWorld) -> None:
    deal = world.apply()
    records = world.sync.load([DEAL, ANA])
    assert records.owed == {DEAL: Owed(deal.version), ANA: Owed(records.contacts["c1"].version)}
    assert set(world.sync.due(NOW, 10)) == {DEAL, ANA}


def test_a_settlement_marks_the_commission_records_that_it_writes(world: SyncWorld) -> None:
    world.settle()
    assert world.owed(SHARE) == Owed(1)
    assert world.sync.due(NOW, 10) == [SHARE]
    world.settle()
    assert world.owed(SHARE) == Owed(2)


def test_a_deal_that_was_absorbed_is_owed_too(world: SyncWorld) -> None:
    world.apply()
    world.confirm(DEAL)
    world.apply(2, deal="T-2")
    world.applied(facts(3, source_id="T-2", merged_ids=("T-1",), values={"title_file_number": "3"}))
    absorbed = world.deals.deal_by_id("d1")
    assert absorbed is not None
    assert absorbed.merged_into is not None
    assert world.owed(DEAL) == Owed(absorbed.version)


def test_a_replay_is_owed_behind_what_is_live(world: SyncWorld) -> None:
    world.apply()
    world.confirm(DEAL)
    deal = world.apply(2, replayed="r1")
    assert world.owed(DEAL) == Owed(deal.version, backfill=True)
    assert DEAL not in world.sync.due(NOW, 10)
    assert world.sync.due(NOW, 10, backfill=True) == [DEAL]


def test_a_replay_does_not_put_off_what_is_live(world: SyncWorld) -> None:
    world.apply()
    deal = world.apply(2, replayed="r1")
    assert world.owed(DEAL) == Owed(deal.version)


def test_a_live_change_takes_a_record_out_of_the_backfill(world: SyncWorld) -> None:
    world.apply(replayed="r1")
    deal = world.apply(2)
    assert world.owed(DEAL) == Owed(deal.version)
    assert world.sync.due(NOW, 10, backfill=True) == []


def test_a_record_that_changes_again_keeps_its_place_in_the_line(world: SyncWorld) -> None:
    world.apply()
    world.settle(now=NOW + SECOND)
    world.apply(2, now=NOW + 5 * SECOND)
    assert world.sync.due(OVER, 10)[-1] == SHARE


def test_who_forgets_a_person_has_the_crm_told(world: SyncWorld) -> None:
    world.apply()
    world.confirm(ANA)
    world.confirm(DEAL)
    contacts: Any = (
        DynamoContacts(world.deals.client, world.deals.records_table, world.deals.pause)
        if isinstance(world.deals, DynamoDealStore)
        else MemoryContacts(world.deals)  # type: ignore[arg-type] # the world in memory has the store in memory
    )
    contacts.forget("c1", now=LATER)
    assert world.owed(ANA) == Owed(world.sync.load([ANA]).contacts["c1"].version)
    contacts.forget("c1", now=LATER)
    world.confirm(ANA)
    contacts.forget("c1", now=LATER)
    assert world.owed(ANA) is None


# ------------------------------------------------------------------------------------------------------- what is due


def test_what_is_due_comes_oldest_first_each_once_and_no_more_than_asked_for(world: SyncWorld) -> None:
    world.apply(now=NOW - 3 * SECOND)
    world.sync.ring([LINK], NOW - 2 * SECOND)
    world.settle(now=NOW - SECOND)
    world.sync.ring([SHARE], NOW)
    world.sync.ring([SAM], NOW + SECOND)
    found = world.sync.due(NOW, 10)
    assert set(found[:2]) == {DEAL, ANA}
    assert found[2:] == [LINK, SHARE]
    assert world.sync.due(NOW, 3) == found[:3]


def test_a_row_is_due_at_the_very_moment_and_not_a_moment_before(world: SyncWorld) -> None:
    at = NOW + timedelta(microseconds=500_001)
    world.sync.ring([LINK], at)
    assert world.row(LINK).due_at == at
    assert world.sync.due(at - timedelta(microseconds=1), 10) == []
    assert world.sync.due(at, 10) == [LINK]


def test_the_due_rows_of_deals_are_theirs_and_those_of_their_people(world: SyncWorld) -> None:
    world.apply(people=2, now=NOW - 4 * SECOND)
    world.confirm(ANA)
    world.settle(now=NOW - 2 * SECOND)
    world.sync.ring([ANA], NOW - SECOND)
    world.sync.ring([LINK], NOW)
    world.sync.ring([RowKey(Kind.LINK, "d1", "c2")], OVER)
    world.sync.ring([RowKey(Kind.LINK, "d2", "c1"), RowKey(Kind.CONTACT, "c3")], NOW)
    found = world.sync.due_of_deals(["d1"], NOW)
    assert set(found[:2]) == {DEAL, SAM}
    assert found[2:] == [SHARE, ANA, LINK]
    assert world.sync.due_of_deals(["d3"], NOW) == []


def test_the_due_rows_of_deals_are_of_both_lanes(world: SyncWorld) -> None:
    world.apply(replayed="r1")
    assert set(world.sync.due_of_deals(["d1"], NOW)) == {DEAL, ANA}


# --------------------------------------------------------------------------------------------------------- one writer


def test_a_row_comes_into_being_when_it_is_leased(world: SyncWorld) -> None:
    row = world.lease(LINK)
    assert row == SyncRow(LINK, lease="w1", lease_until=LATER)
    assert world.row(LINK) == row
    assert world.sync.due(OVER, 10) == []


def test_a_row_that_somebody_holds_is_nobody_elses(world: SyncWorld) -> None:
    world.lease(DEAL)
    assert world.sync.lease([DEAL, SHARE], "w2", now=LATER, until=OVER).keys() == {SHARE}


def test_many_rows_are_leased_at_once(world: SyncWorld) -> None:
    keys = [RowKey(Kind.CONTACT, f"c{number}") for number in range(30)]
    held = world.sync.lease([*keys, *keys], "w1", now=NOW, until=LATER)
    assert held.keys() == set(keys)
    assert {row.lease for row in held.values()} == {"w1"}


def test_a_lease_that_is_over_is_anybodys(world: SyncWorld) -> None:
    world.lease(DEAL)
    taken = world.lease(DEAL, "w2", now=OVER, until=OVER + SECOND)
    assert (taken.lease, taken.lease_until) == ("w2", OVER + SECOND)


def test_a_worker_may_lease_its_own_row_again(world: SyncWorld) -> None:
    world.lease(DEAL)
    assert world.lease(DEAL, now=NOW, until=OVER).lease_until == OVER


def test_who_lost_the_lease_can_neither_save_nor_finish_nor_release(world: SyncWorld) -> None:
    world.apply()
    old = world.lease(DEAL)
    new = world.lease(DEAL, "w2", now=OVER, until=OVER + 60 * SECOND)
    assert not world.save(replace(old, reason="late"), now=OVER)
    assert not world.finish(replace(old, reason="late"), seen=world.owed(DEAL), now=OVER)
    world.sync.release([old])
    assert world.row(DEAL) == new
    assert world.owed(DEAL) is not None


def test_who_lost_the_lease_is_fenced_off_a_row_that_was_rung_too(world: SyncWorld) -> None:
    old = world.lease(DEAL)
    world.lease(DEAL, "w2", now=OVER, until=OVER + 60 * SECOND)
    world.sync.ring([DEAL], OVER)
    assert not world.save(replace(old, reason="late"), now=OVER)
    assert not world.finish(replace(old, reason="late"), seen=None, now=OVER)
    assert world.row(DEAL).reason == ""


def test_nothing_is_saved_under_a_lease_that_is_over_though_nobody_took_it(world: SyncWorld) -> None:
    row = world.lease(DEAL)
    assert world.save(replace(row, reason="in time"), now=LATER)
    assert not world.save(replace(row, reason="late"), now=LATER + timedelta(microseconds=1))
    world.sync.ring([DEAL], NOW)
    assert not world.save(replace(row, reason="late"), now=OVER)
    assert world.row(DEAL).reason == "in time"


def test_what_was_done_under_a_lease_that_is_over_is_finished_unless_somebody_took_it(world: SyncWorld) -> None:
    row = world.lease(DEAL)
    assert world.finish(replace(row, standing=Standing.CLEAN), seen=None, now=OVER)
    assert world.row(DEAL) == SyncRow(DEAL, standing=Standing.CLEAN)


def test_of_many_rows_each_is_written_on_its_own(world: SyncWorld) -> None:
    keys = [RowKey(Kind.CONTACT, f"c{number}") for number in range(20)]
    held = world.sync.lease(keys, "w1", now=NOW, until=LATER)
    lost, kept = set(keys[::3]), set(keys) - set(keys[::3])
    world.sync.release([held[key] for key in lost])
    assert set(world.sync.save([replace(row, reason="x") for row in held.values()], now=NOW)) == kept
    assert {key for key, row in world.sync.rows(keys).items() if row.reason == "x"} == kept
    done = [Finish(replace(row, reason="y"), None) for row in held.values()]
    assert set(world.sync.finish(done, now=NOW)) == kept
    assert {key for key, row in world.sync.rows(keys).items() if row.reason == "y"} == kept
    assert not any(row.lease for row in world.sync.rows(keys).values())
    assert not world.sync.save([], now=NOW)
    assert not world.sync.finish([], now=NOW)


def test_a_row_without_a_lease_is_nobodys_to_write(world: SyncWorld) -> None:
    world.sync.ring([DEAL], NOW)
    row = world.row(DEAL)
    assert not world.save(replace(row, reason="x"), now=NOW)
    assert not world.finish(replace(row, reason="x"), seen=None, now=NOW)
    world.sync.release([row])
    assert world.row(DEAL) == row


def test_who_releases_a_row_changes_nothing_else(world: SyncWorld) -> None:
    world.sync.ring([DEAL], NOW)
    before = world.row(DEAL)
    world.sync.release([replace(world.lease(DEAL), reason="x", due_at=OVER)])
    assert world.row(DEAL) == before


def test_of_workers_who_want_a_row_at_once_one_gets_it(world: SyncWorld) -> None:

    def run(number: int) -> int:
        held = world.sync.lease([DEAL], f"w{number}", now=NOW, until=LATER)
        return len(held)

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(run, range(64))) == 1


# ---------------------------------------------------------------------------------------------- what is kept of a row


@pytest.mark.parametrize("key", [DEAL, ANA, LINK, SHARE], ids=str)
def test_what_is_saved_is_what_is_read(world: SyncWorld, key: RowKey) -> None:
    row = full(world.lease(key), due_at=OVER)
    assert world.save(row, now=NOW)
    assert world.row(key) == row
    done = replace(row, confirmed=confirmation(), before=None, intent=None, lease="", lease_until=None, sight=False)
    assert world.finish(
        replace(row, confirmed=confirmation(), before=None, intent=None, sight=False), seen=None, now=NOW
    )
    assert world.row(key) == done


def test_what_is_no_longer_true_of_a_row_is_gone(world: SyncWorld) -> None:
    row = world.lease(DEAL)
    asking = {"standing": Standing.ASKS, "question": Question.GONE}
    assert world.save(full(row, due_at=NOW, **asking), now=NOW)
    assert world.finish(row, seen=None, now=NOW)
    assert world.row(DEAL) == SyncRow(DEAL)
    assert world.sync.due(OVER, 10) == world.sync.due(OVER, 10, backfill=True) == []
    assert world.sync.asking(10) == []


def test_an_empty_list_of_fields_that_are_ours_is_not_all_of_them(world: SyncWorld) -> None:
    row = replace(world.lease(ANA), owns=frozenset[str]())
    assert world.save(row, now=NOW)
    assert world.row(ANA).owns == frozenset()


def test_an_open_write_is_due_when_the_lease_ends_if_nothing_else_is_said(world: SyncWorld) -> None:
    row = replace(world.lease(DEAL), intent=intent())
    assert world.save(row, now=NOW)
    assert world.row(DEAL).due_at == LATER
    assert world.sync.due(LATER, 10) == [DEAL]


def test_children_of_a_deal_are_all_that_were_ever_looked_at(world: SyncWorld) -> None:
    world.apply(people=2)
    world.confirm(LINK)
    world.sync.ring([RowKey(Kind.LINK, "d1", "c9"), RowKey(Kind.LINK, "d2", "c1"), SHARE], NOW)
    assert {row.key for row in world.sync.children_of("d1")} == {LINK, RowKey(Kind.LINK, "d1", "c9"), SHARE}
    assert world.sync.rows([LINK, SAM]).keys() == {LINK}


# ------------------------------------------------------------------------------------------- loading, clear by compare


def test_rows_are_loaded_with_the_records_that_they_are_drawn_from(world: SyncWorld) -> None:
    deal = world.apply(people=2)
    world.settle()
    records = world.sync.load([LINK])
    assert records.deals == {"d1": deal}
    assert records.contacts.keys() == {"c1"}
    assert records.owed.keys() == {DEAL, ANA}
    assert not records.commissions
    records = world.sync.load([SHARE])
    assert records.deals == {"d1": deal}
    assert records.commissions.keys() == {("d1", SHARE.other)}
    assert records.owed.keys() == {DEAL, SHARE}
    assert not records.contacts
    assert world.sync.load([SAM]).contacts.keys() == {"c2"}
    empty = world.sync.load([RowKey(Kind.LINK, "d9", "c9"), RowKey(Kind.COMMISSION, "d9", "a")])
    assert empty == Records()


@pytest.mark.parametrize("key", [DEAL, ANA, SHARE], ids=str)
def test_finishing_takes_the_mark_off_the_version_that_was_loaded(world: SyncWorld, key: RowKey) -> None:
    world.apply()
    world.settle()
    seen = world.owed(key)
    assert world.finish(world.lease(key), seen=seen, now=NOW)
    assert world.owed(key) is None
    assert key not in world.sync.due(OVER, 10)


@pytest.mark.parametrize("key", [DEAL, ANA, SHARE], ids=str)
def test_finishing_leaves_the_mark_of_a_newer_version(world: SyncWorld, key: RowKey) -> None:
    world.apply()
    world.settle()
    seen, row = world.owed(key), world.lease(key)
    world.apply(2)
    world.settle()
    newer = world.owed(key)
    assert newer != seen
    assert world.finish(row, seen=seen, now=NOW)
    assert world.owed(key) == newer
    assert key in world.sync.due(NOW, 10)


def test_a_mark_that_was_not_seen_stays(world: SyncWorld) -> None:
    world.apply()
    assert world.finish(world.lease(DEAL), seen=None, now=NOW)
    assert world.owed(DEAL) is not None


def test_a_mark_that_is_off_stays_off_and_the_record_is_as_it_was(world: SyncWorld) -> None:
    deal = world.apply()
    seen = world.owed(DEAL)
    world.confirm(DEAL)
    assert world.finish(world.lease(DEAL), seen=seen, now=NOW)
    assert world.owed(DEAL) is None
    assert world.deals.deal_by_id("d1") == deal


def test_a_link_has_no_mark_of_its_own(world: SyncWorld) -> None:
    world.apply()
    assert world.finish(world.lease(LINK), seen=Owed(1), now=NOW)
    assert world.owed(DEAL) is not None


# -------------------------------------------------------------------------------------------------------------- bells


def test_who_rings_a_row_during_a_lease_has_it_due_at_once(world: SyncWorld) -> None:
    row = world.lease(DEAL)
    world.sync.ring([DEAL], OVER)
    assert world.finish(replace(row, standing=Standing.CLEAN), seen=None, now=NOW + SECOND)
    done = world.row(DEAL)
    assert (done.due_at, done.lease, done.standing) == (NOW + SECOND, "", Standing.CLEAN)
    assert world.sync.due(NOW + SECOND, 10) == [DEAL]


def test_who_leases_after_the_bell_finishes_it(world: SyncWorld) -> None:
    world.sync.ring([DEAL], NOW)
    world.sync.ring([DEAL], NOW)
    assert world.finish(replace(world.lease(DEAL), due_at=None), seen=None, now=NOW)
    assert world.row(DEAL).due_at is None


def test_a_save_leaves_a_row_that_was_rung_as_due_as_it_is(world: SyncWorld) -> None:
    row = world.lease(DEAL)
    world.sync.ring([DEAL], NOW)
    assert world.save(full(row, due_at=OVER), now=NOW)
    saved = world.row(DEAL)
    assert (saved.due_at, saved.backfill, saved.reason, saved.rung) == (NOW, False, "waits for contact", row.rung + 1)
    assert world.finish(replace(row, due_at=OVER), seen=None, now=NOW)
    assert world.row(DEAL).due_at == NOW


def test_a_bell_hurries_a_row_and_never_puts_it_off(world: SyncWorld) -> None:
    world.sync.ring([DEAL], LATER)
    world.sync.ring([DEAL], NOW)
    assert world.row(DEAL).due_at == NOW
    world.sync.ring([DEAL], LATER)
    assert world.row(DEAL) == SyncRow(DEAL, rung=3, due_at=NOW)


def test_the_backfill_neither_hurries_nor_slows_what_is_live(world: SyncWorld) -> None:
    world.sync.ring([DEAL], LATER)
    world.sync.ring([DEAL], NOW, backfill=True)
    assert world.row(DEAL) == SyncRow(DEAL, rung=2, due_at=LATER)


def test_a_live_bell_takes_a_row_out_of_the_backfill(world: SyncWorld) -> None:
    world.sync.ring([DEAL], LATER, backfill=True)
    world.sync.ring([DEAL], NOW + SECOND, backfill=True)
    assert world.sync.due(OVER, 10) == []
    assert world.sync.due(NOW + SECOND, 10, backfill=True) == [DEAL]
    world.sync.ring([DEAL], OVER)
    assert world.row(DEAL) == SyncRow(DEAL, rung=3, due_at=NOW + SECOND)
    assert world.sync.due(OVER, 10, backfill=True) == []


def test_the_lane_of_who_rang_during_a_lease_is_kept(world: SyncWorld) -> None:
    world.sync.ring([DEAL], NOW, backfill=True)
    row = world.lease(DEAL)
    world.sync.ring([DEAL], NOW)
    assert world.finish(row, seen=None, now=NOW)
    assert world.sync.due(NOW, 10) == [DEAL]


def test_who_wants_the_crm_read_is_heard_by_the_next_worker(world: SyncWorld) -> None:
    row = world.lease(DEAL)
    world.sync.ring([DEAL], NOW, sight=True)
    assert world.save(row, now=NOW)
    assert world.finish(row, seen=None, now=NOW)
    assert world.row(DEAL).sight
    assert world.finish(replace(world.lease(DEAL), sight=False), seen=None, now=NOW)
    assert not world.row(DEAL).sight


def test_many_rows_are_rung_at_once(world: SyncWorld) -> None:
    keys = [RowKey(Kind.CONTACT, f"c{number}") for number in range(30)]
    world.sync.ring([*keys, *keys], NOW)
    assert {row.rung for row in world.sync.rows(keys).values()} == {1}
    assert set(world.sync.due(NOW, 40)) == set(keys)


def insisting(do: Callable[[], object]) -> None:
    """As whoever is told that others keep changing a row: once more."""
    for _ in range(100):
        with suppress(Unavailable):
            do()
            return
    raise AssertionError("it is refused again and again")


def test_no_bell_is_lost_among_workers(world: SyncWorld) -> None:

    def run(number: int) -> None:
        token = f"w{number}"
        for _ in range(12):
            insisting(lambda: world.sync.ring([DEAL], NOW))
            held = world.sync.lease([DEAL], token, now=NOW, until=LATER)
            for row in held.values():
                done = replace(row, due_at=None, generation=row.rung)
                insisting(lambda done=done: world.finish(done, seen=None, now=NOW))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    row = world.row(DEAL)
    assert (row.rung, row.lease) == (96, "")
    assert (row.generation == row.rung) is (row.due_at is None)


# ------------------------------------------------------------------------------------------ parents before children


def behind(world: SyncWorld, key: RowKey, parent: RowKey) -> None:
    row = replace(world.lease(key), standing=Standing.BEHIND, behind=parent, due_at=OVER)
    assert world.finish(row, seen=None, now=NOW)


@pytest.mark.parametrize(("child", "parent"), [(LINK, DEAL), (LINK, ANA), (SHARE, DEAL)], ids=str)
def test_a_parent_wakes_the_children_behind_it(world: SyncWorld, child: RowKey, parent: RowKey) -> None:
    world.apply()
    world.confirm(ANA)
    world.confirm(DEAL)
    behind(world, child, parent)
    world.sync.wake([parent], NOW)
    assert world.row(child).due_at == NOW
    assert world.sync.due(NOW, 10) == [child]


@pytest.mark.parametrize("parent", [DEAL, ANA], ids=str)
def test_a_parent_wakes_a_child_that_was_looked_at_before_it_was_there(world: SyncWorld, parent: RowKey) -> None:
    world.apply()
    row = world.lease(LINK)
    world.sync.wake([parent], NOW)
    late = replace(row, standing=Standing.BEHIND, behind=parent, due_at=OVER)
    assert world.finish(late, seen=None, now=NOW)
    assert world.row(LINK).due_at == NOW


def test_a_parent_leaves_other_rows_alone(world: SyncWorld) -> None:
    world.apply(people=2)
    world.confirm(SHARE)
    behind(world, LINK, ANA)
    other = RowKey(Kind.LINK, "d1", "c2")
    behind(world, other, SAM)
    held = world.lease(DEAL), world.lease(SAM)
    before = world.sync.rows([LINK, other, SHARE])
    world.sync.wake([DEAL], NOW)
    world.sync.wake([RowKey(Kind.CONTACT, "c9")], NOW)
    assert world.sync.rows([LINK, other, SHARE]) == before
    assert (world.row(DEAL), world.row(SAM)) == held
    world.sync.wake([SAM], NOW)
    assert (world.row(other).due_at, world.row(LINK).due_at) == (NOW, OVER)


def test_several_parents_wake_the_children_of_each(world: SyncWorld) -> None:
    world.apply(people=2)
    other = RowKey(Kind.LINK, "d1", "c2")
    behind(world, LINK, ANA)
    behind(world, other, SAM)
    behind(world, SHARE, DEAL)
    world.sync.wake([], NOW)
    assert world.row(LINK).due_at == OVER
    world.sync.wake([ANA, SAM, DEAL], NOW)
    assert {world.row(key).due_at for key in (LINK, other, SHARE)} == {NOW}


# ------------------------------------------------------------------------------------------------- a person must decide


def asks(world: SyncWorld, key: RowKey, at: Any, **changes: Any) -> SyncRow:
    fields = {"standing": Standing.ASKS, "question": Question.GONE, "due_at": None} | changes
    row = replace(world.lease(key, now=at, until=at + SECOND), **fields)
    assert world.finish(row, seen=None, now=at)
    return world.row(key)


def test_rows_that_ask_are_listed_oldest_first_until_they_are_answered(world: SyncWorld) -> None:
    newer = asks(world, DEAL, LATER)
    older = asks(world, ANA, NOW, due_at=OVER, backfill=True)
    assert world.sync.asking(10) == [older, newer]
    assert world.sync.asking(1) == [older]
    asks(world, ANA, OVER)
    assert [row.key for row in world.sync.asking(10)] == [ANA, DEAL]
    assert world.sync.answer(replace(older, standing=Standing.OPEN, question=None, due_at=NOW), older.rung)
    assert world.sync.asking(10) == [newer]


def test_a_row_that_asks_is_looked_at_when_it_is_due_and_asks_on(world: SyncWorld) -> None:
    asks(world, DEAL, NOW, backfill=True)
    assert world.sync.due(OVER + timedelta(days=9000), 10) == []
    world.sync.ring([DEAL], OVER)
    assert world.sync.due(LATER, 10) == []
    assert world.sync.due(OVER, 10) == [DEAL]
    assert world.sync.due_of_deals(["d1"], OVER) == [DEAL]
    assert world.sync.due(OVER, 10, backfill=True) == []
    assert [row.key for row in world.sync.asking(10)] == [DEAL]


def test_a_row_may_begin_or_cease_to_ask_while_it_is_rung(world: SyncWorld) -> None:
    row = world.lease(DEAL)
    world.sync.ring([DEAL], NOW, backfill=True)
    assert world.finish(replace(row, standing=Standing.ASKS), seen=None, now=NOW)
    assert [one.key for one in world.sync.asking(10)] == world.sync.due(NOW, 10) == [DEAL]
    row = world.lease(DEAL)
    world.sync.ring([DEAL], NOW)
    assert world.finish(replace(row, standing=Standing.CLEAN), seen=None, now=NOW)
    assert (world.sync.asking(10), world.sync.due(NOW, 10)) == ([], [DEAL])


def test_an_answer_counts_if_nobody_rang_the_row_nor_holds_it(world: SyncWorld) -> None:
    seen = asks(world, DEAL, NOW)
    answer = replace(seen, standing=Standing.LEFT, question=None)
    world.sync.ring([DEAL], NOW)
    assert not world.sync.answer(answer, seen.rung)
    seen = world.row(DEAL)
    row = world.lease(DEAL)
    assert not world.sync.answer(answer, seen.rung)
    world.sync.release([row])
    assert world.sync.answer(answer, seen.rung)
    assert world.row(DEAL) == replace(answer, rung=seen.rung + 1)
    assert not world.sync.answer(replace(seen, decided=True), seen.rung)
    assert not world.sync.answer(SyncRow(SAM), 0)


def test_a_worker_sees_that_the_row_was_answered(world: SyncWorld) -> None:
    seen = asks(world, ANA, NOW)
    assert world.sync.answer(replace(seen, standing=Standing.OPEN, decided=True, due_at=LATER), seen.rung)
    row = world.lease(ANA)
    assert (row.decided, row.due_at, row.standing) == (True, LATER, Standing.OPEN)
    assert world.sync.due(LATER, 10) == [ANA]


# ------------------------------------------------------------------------------------------------------------- claims


def test_search_terms_are_claimed_all_or_none(world: SyncWorld) -> None:
    assert world.claim(["mail", "phone"], ANA) is None
    assert world.claim(["phone", "mail"], ANA) is None
    assert world.claim(["new", "phone"], SAM) == ANA
    assert world.claim(["new"], RowKey(Kind.CONTACT, "c3")) is None
    assert world.claim([], SAM) is None


def test_a_holder_that_needs_its_claim_no_more_is_displaced_and_nobody_else(world: SyncWorld) -> None:
    third = RowKey(Kind.CONTACT, "c3")
    assert world.claim(["mail"], ANA) is None
    assert world.claim(["phone"], third) is None
    assert world.claim(["mail", "phone"], SAM, displace=ANA) == third
    assert world.claim(["mail"], third) == ANA
    assert world.claim(["mail"], SAM, displace=ANA) is None
    assert world.claim(["mail"], ANA) == SAM


def test_of_contacts_that_claim_together_those_are_told_whose_terms_another_holds(world: SyncWorld) -> None:
    third = RowKey(Kind.CONTACT, "c3")
    assert world.claim(["mail"], ANA) is None
    assert world.sync.claim({SAM: ["mail", "phone"], third: ["phone"], ANA: ["mail"]}) == {SAM: ANA}
    assert world.sync.claim({}) == {}


def test_of_contacts_that_claim_at_once_one_gets_the_term(world: SyncWorld) -> None:
    keys = [RowKey(Kind.CONTACT, f"c{number}") for number in range(32)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda key: world.claim(["mail"], key), keys))
    assert answers.count(None) == 1
    assert set(answers) == {None, keys[answers.index(None)]}

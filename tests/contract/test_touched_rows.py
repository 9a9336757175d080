"""The list that reconcile walks, and the counts of what is owed: in memory and on DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.crm.ports import Debts
from domain.crm.rows import Kind, Question, RowKey, Standing
from storage.delivery.debts import DynamoDebts
from storage.delivery.sync import DynamoSyncStore
from tests.builders import NOW
from tests.conftest import no_pause
from tests.contract.sync_world import ANA, DEAL, LATER, LINK, SAM, SHARE, SyncWorld, confirmation, world_on
from tests.fakes.delivery import MemoryDebts, MemorySyncStore

HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> SyncWorld:
    return world_on(request.param, request)


def debts_of(world: SyncWorld) -> Debts:
    if isinstance(world.sync, MemorySyncStore):
        return MemoryDebts(world.sync)
    assert isinstance(world.sync, DynamoSyncStore)
    return DynamoDebts(world.sync.client, world.sync.records_table, no_pause)


def confirmed(world: SyncWorld, key: RowKey, at: datetime) -> None:
    """The CRM is seen to hold the row."""
    row = world.lease(key, "w0", now=at, until=at + HOUR)
    clean = replace(row, standing=Standing.CLEAN, confirmed=confirmation(at), due_at=None)
    assert world.finish(clean, seen=world.owed(key), now=at)


def refused(world: SyncWorld, key: RowKey) -> None:
    """The CRM refuses the row."""
    row = world.lease(key, "w0", until=LATER)
    assert world.finish(replace(row, standing=Standing.REFUSED, refused="77", letter="crm:x@1"), seen=None, now=NOW)


def asks(world: SyncWorld, key: RowKey, due_at: datetime | None) -> None:
    """A person must decide about the row."""
    row = world.lease(key, "w0", until=LATER)
    gone = replace(row, standing=Standing.ASKS, question=Question.GONE, due_at=due_at)
    assert world.finish(gone, seen=None, now=NOW)


def listed(world: SyncWorld, since: datetime = NOW, limit: int = 100) -> list[RowKey]:
    return [one.row for one in world.sync.touched(since, limit=limit)]


def test_what_is_owed_asks_or_is_refused_is_listed_since_whenever(world: SyncWorld) -> None:
    world.apply()
    world.sync.ring([SAM], NOW, backfill=True)
    asks(world, LINK, LATER)
    refused(world, SHARE)
    rows = listed(world, LATER + HOUR)
    assert set(rows[:2]) == {DEAL, ANA}
    assert rows[2:] == [SAM, LINK, SHARE]


def test_what_was_confirmed_is_listed_from_then_on_and_no_longer_due(world: SyncWorld) -> None:
    for number, key in enumerate([DEAL, ANA, SAM]):
        confirmed(world, key, NOW + number * HOUR)
    assert listed(world) == [DEAL, ANA, SAM]
    assert listed(world, NOW + HOUR) == [ANA, SAM]
    assert listed(world, NOW + 3 * HOUR) == []
    assert world.sync.due(LATER + 9 * HOUR, 10) == []
    assert world.sync.due_of_deals(["d1"], LATER + 9 * HOUR) == []
    assert world.row(DEAL).due_at is None


def test_a_row_that_never_was_there_and_one_that_was_left_are_not_listed(world: SyncWorld) -> None:
    for key, standing in ((DEAL, Standing.CLEAN), (ANA, Standing.LEFT)):
        row = world.lease(key)
        assert world.finish(replace(row, standing=standing), seen=None, now=NOW)
    assert listed(world) == []


def test_a_row_says_since_when_it_is_due_where_it_is(world: SyncWorld) -> None:
    world.apply()
    asks(world, LINK, LATER)
    refused(world, SHARE)
    confirmed(world, SAM, NOW)
    told = {one.row: one.due_at for one in world.sync.touched(NOW, limit=10)}
    assert told == {DEAL: NOW, ANA: NOW, LINK: None, SHARE: None, SAM: None}


def test_the_list_goes_on_behind_any_of_its_rows(world: SyncWorld) -> None:
    world.apply()
    asks(world, LINK, None)
    refused(world, SHARE)
    for number in range(3):
        confirmed(world, RowKey(Kind.CONTACT, f"x{number}"), NOW + number * HOUR)
    whole = world.sync.touched(NOW, limit=100)
    assert len(whole) == 7
    for number, one in enumerate(whole):
        assert world.sync.touched(NOW, after=one.after, limit=100) == whole[number + 1 :]
    assert world.sync.touched(NOW, limit=3) == whole[:3]
    assert world.sync.touched(NOW, after=whole[2].after, limit=3) == whole[3:6]


@pytest.mark.parametrize("after", ["nonsense", "{}", '["crm"]', '["other","1","a","b"]'])
def test_a_place_that_is_none_of_ours_is_refused(world: SyncWorld, after: str) -> None:
    with pytest.raises(ValueError, match="not from a page before"):
        world.sync.touched(NOW, after=after, limit=10)


def test_a_row_that_was_confirmed_or_refused_can_be_rung_and_worked_on(world: SyncWorld) -> None:
    confirmed(world, DEAL, NOW)
    refused(world, SHARE)
    world.sync.ring([DEAL, SHARE], LATER, sight=True)
    assert set(world.sync.due(LATER, 10)) == {DEAL, SHARE}
    row = world.lease(DEAL, now=LATER, until=LATER + HOUR)
    assert row.sight
    assert world.finish(replace(row, standing=Standing.CLEAN, due_at=None, sight=False), seen=None, now=LATER)
    assert world.sync.due(LATER, 10) == [SHARE]
    assert world.row(SHARE).letter == "crm:x@1"


def test_since_when_a_person_is_asked_is_told(world: SyncWorld) -> None:
    asks(world, LINK, LATER)
    assert world.row(LINK).asked_at == NOW
    asks(world, LINK, LATER)
    assert [row.asked_at for row in world.sync.asking(10)] == [NOW]


def test_debts_are_counted_up_to_a_limit(world: SyncWorld) -> None:
    world.apply()
    confirmed(world, SAM, NOW)
    world.sync.ring([LINK], NOW + HOUR, backfill=True)
    refused(world, SHARE)
    debts = debts_of(world)
    assert (debts.owed(NOW, 10), debts.owed(NOW, 1), debts.owed(NOW - HOUR, 10)) == (2, 1, 0)
    assert (debts.owed(NOW, 10, backfill=True), debts.owed(NOW + HOUR, 10, backfill=True)) == (0, 1)
    assert (debts.refused(10), debts.asking(10)) == (1, 0)
    assert debts.oldest() == NOW
    assert debts.oldest(backfill=True) == NOW + HOUR
    assert debts.marks([DEAL, LINK]).keys() == {DEAL}

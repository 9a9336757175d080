"""Which rows a round takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from domain.crm.rows import Confirmation, Kind, RowKey, Standing, SyncRow
from flows.delivery.gathering import Gathering
from tests.fakes.delivery import MemorySyncStore

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LEAST, MOST = 5, 20


def deal(number: int) -> RowKey:
    return RowKey(Kind.DEAL, f"d{number:03d}")


def a_store(*, changed: Iterable[RowKey] = (), new: Iterable[RowKey] = ()) -> MemorySyncStore:
    """Deals that changed are there, new ones are not; all are owed."""
    rows = MemorySyncStore()
    for key in changed:
        known = Confirmation(NOW, 1, {}, {})
        rows.sync[key] = SyncRow(key, standing=Standing.CLEAN, remote_id="there", confirmed=known)
        rows.deals.owed.set(key, 2, NOW)
    for key in new:
        rows.deals.owed.set(key, 1, NOW)
    return rows


def taken(rows: MemorySyncStore, begun: Iterable[RowKey] = (), had: Iterable[RowKey] = ()) -> list[RowKey]:
    gathering = Gathering(rows, LEAST, MOST, lambda: 0.0)
    done = set(had)
    return gathering.filled(begun, lambda keys: [key for key in keys if key not in done], NOW)


def test_what_was_asked_for_is_taken_whatever_the_room() -> None:
    begun = [deal(number) for number in range(MOST + 3)]
    assert set(taken(MemorySyncStore(), begun)) == set(begun)


def test_many_deals_that_changed_fill_all_lanes_of_a_round() -> None:
    rows = a_store(changed=map(deal, range(300)))
    assert len(taken(rows)) == MOST


def test_of_little_a_round_takes_one_call_and_leaves_the_rest_to_others() -> None:
    rows = a_store(changed=map(deal, range(30)))
    assert len(taken(rows)) == LEAST


def test_new_deals_come_first_and_changed_ones_fill_the_call_that_they_leave_half_empty() -> None:
    new = [deal(number) for number in range(7)]
    rows = a_store(changed=map(deal, range(100, 400)), new=new)
    found = taken(rows)
    assert set(new) <= set(found)
    assert len(found) == MOST


def test_a_deal_that_somebody_has_is_left_to_them() -> None:
    rows = a_store(new=[deal(1), deal(2)])
    rows.lease([deal(1)], "theirs", now=NOW, until=NOW.replace(hour=10))
    assert taken(rows) == [deal(2)]


def test_a_new_deal_of_which_nothing_is_left_keeps_no_changed_one_waiting() -> None:
    rows = a_store(changed=map(deal, range(100, 400)), new=[deal(1)])
    assert len(taken(rows, had=[deal(1)])) == MOST


def test_a_deal_that_no_round_can_hold_is_left_to_its_bell_and_stops_nobody() -> None:
    rows = a_store(changed=map(deal, range(100, 400)), new=[deal(1)])
    for number in range(MOST + 1):
        link = RowKey(Kind.LINK, deal(1).id, f"c{number}")
        rows.sync[link] = SyncRow(link, due_at=NOW)
    found = taken(rows)
    assert not any(key.id == deal(1).id and key.kind is Kind.DEAL for key in found)
    assert sum(key.kind is Kind.DEAL for key in found) == MOST

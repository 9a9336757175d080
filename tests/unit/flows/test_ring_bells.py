"""Bells: at once for what changed, each minute for what is due, and next to none while the CRM is to be left alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from domain.crm.rows import Kind, Owed, RowKey
from domain.crm.standing import LineState, Passage
from flows import ring_bells
from flows.ring_bells import DuePorts, RingPorts, ring_changed, ring_due
from flows.watch_delivery import DeliveryWatch, delivery_gauges
from tests.builders import NOW
from tests.fakes.debts import MemoryDebts
from tests.fakes.delivery import MemoryBells, MemorySyncStore
from tests.fakes.depths import MemoryDepths


class MarksOnly(MemoryDebts):
    """Marks without the records that bear them."""

    def marks(self, keys: Collection[RowKey]) -> Mapping[RowKey, Owed]:
        found = {key: self.sync.deals.owed.owed(key) for key in keys}
        return {key: owed for key, owed in found.items() if owed is not None}


FREE = LineState(Passage.FREE)
LIVE, REPLAYED = ([RowKey(Kind.DEAL, f"{name}{number}") for number in range(3)] for name in ("live", "replayed"))


@dataclass
class Tower:
    """Three live rows and three of a backfill are due since NOW; `state` is how the CRM stands."""

    state: LineState = FREE
    sync: MemorySyncStore = field(default_factory=MemorySyncStore)
    bells: MemoryBells = field(default_factory=MemoryBells)
    depths: MemoryDepths = field(default_factory=MemoryDepths)

    def __post_init__(self) -> None:
        self.sync.ring(LIVE, NOW)
        self.sync.ring(REPLAYED, NOW, backfill=True)

    def ring(self, now: datetime = NOW) -> list[RowKey]:
        self.bells.rung.clear()
        assert ring_due(DuePorts(self.sync, self.bells, self.depths, lambda _now: self.state), now) == len(
            self.bells.rung
        )
        return [key for key, _ in self.bells.rung]


def test_what_is_due_rings_live_rows_first() -> None:
    rung = Tower().ring()
    assert (set(rung[:3]), set(rung[3:])) == (set(LIVE), set(REPLAYED))


def test_what_is_not_due_yet_rings_nobody() -> None:
    assert Tower().ring(NOW - timedelta(seconds=1)) == []


def test_the_same_row_rings_again_in_the_next_minute_and_not_twice_in_one() -> None:
    tower = Tower()
    said = []
    for seconds in (0, 30, 60):
        tower.ring(NOW + timedelta(seconds=seconds))
        said.append(dict(tower.bells.rung)[LIVE[0]])
    assert said[0] == said[1] != said[2]  # the queue drops what it has heard


def test_a_full_queue_gets_no_more_and_one_with_room_gets_live_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring_bells, "MOST_QUEUED", 10)
    tower = Tower()
    for waiting, rung in ((10, 0), (12, 0), (8, 2), (6, 4)):
        tower.depths.found = {"crm_sync": (waiting, 100)}
        found = tower.ring()
        assert len(found) == rung
        assert set(found[:3]) <= set(LIVE)


@pytest.mark.parametrize("passage", [Passage.WAITS, Passage.BROKEN])
def test_while_the_crm_is_left_alone_nothing_rings_and_then_one_finds_out(passage: Passage) -> None:
    tower = Tower(LineState(passage, NOW + timedelta(minutes=5), "why"))
    assert tower.ring() == []
    assert len(tower.ring(NOW + timedelta(minutes=5))) == 1
    tower.depths.found = {"crm_sync": (1, 0)}  # which may be under way already
    assert tower.ring(NOW + timedelta(minutes=6)) == []


def test_where_we_are_refused_one_row_looks_whether_the_secret_is_another() -> None:
    assert len(Tower(LineState(Passage.STOPPED, None, "invalid login")).ring()) == 1


def test_a_change_rings_by_its_version_and_of_a_backfill_not_at_all() -> None:
    tower = Tower()
    tower.sync.deals.owed.set(LIVE[0], 7, NOW)
    tower.sync.deals.owed.set(REPLAYED[0], 3, NOW, backfill=True)
    debts = MarksOnly(tower.sync)
    asked = [LIVE[0], REPLAYED[0], RowKey(Kind.DEAL, "not-owed")]
    assert ring_changed(asked, RingPorts(debts, tower.bells)) == 1
    assert tower.bells.rung == [(LIVE[0], "7")]
    assert ring_changed([], RingPorts(debts, tower.bells)) == 0


@pytest.mark.parametrize(
    ("state", "gauges"),
    [
        (FREE, (0, 0)),
        (LineState(Passage.WAITS, NOW), (0, 0)),
        (LineState(Passage.BROKEN, NOW), (1, 0)),
        (LineState(Passage.STOPPED, None, "invalid login"), (0, 1)),
    ],
)
def test_the_watch_sees_how_the_crm_stands(state: LineState, gauges: tuple[int, int]) -> None:
    seen = delivery_gauges(DeliveryWatch(MemoryDebts(MemorySyncStore()), lambda _now: state), NOW)
    assert (seen["CrmCircuitOpen"], seen["CrmAuthDenied"]) == gauges
    assert (seen["OldestOwedSeconds"], seen["OldestBackfillSeconds"], seen["CrmRowsAsking"]) == (0, 0, 0)


def test_the_watch_sees_how_long_rows_are_overdue_and_not_those_that_wait_their_time() -> None:
    watch = DeliveryWatch(MemoryDebts(Tower().sync), lambda _now: FREE)
    for minutes, seconds in ((-5, 0), (0, 0), (2, 120)):
        seen = delivery_gauges(watch, NOW + timedelta(minutes=minutes))
        assert (seen["OldestOwedSeconds"], seen["OldestBackfillSeconds"]) == (seconds, seconds)

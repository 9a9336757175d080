"""Which rows a round takes: those that it must, and whatever else is due until its lanes are full.

A call to the CRM costs the same with one row as with fifty, and the CRM counts calls. So lanes are filled, with whole
deals first: what hangs together is then there in time, and no link waits for a contact of another round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from domain.crm.rows import Kind, RowKey

if TYPE_CHECKING:
    from domain.crm.ports import SyncStore
    from domain.crm.rows import SyncRow

#: How many times what a lane takes the index is asked for: many of the oldest are in other workers' hands.
_WINDOWS = 8

#: So many deals are looked at together for what else of them is due.
_DEALS = 4

#: For each row that a lane takes, so many are looked at whether somebody has them.
_LOOKED_AT = 2


@dataclass
class Gathering:
    """Gathers rows of one run.

    Attributes:
        rows: the sync rows.
        most: rows of one lane.
        chance: from [0, 1).
    """

    rows: SyncStore
    most: int
    chance: Callable[[], float]

    def filled(
        self, begun: Iterable[RowKey], usable: Callable[[Iterable[RowKey]], list[RowKey]], now: datetime
    ) -> list[RowKey]:
        """These rows, and with them what is due, until each lane is full or nothing more is known to be due.

        Args:
            begun: rows that come first.
            usable: leaves out what this run had already.
            now: aware UTC.
        """
        lanes = _Lanes(self.most)
        lanes.take(begun)
        window = usable(self.rows.due(now, self.most * _WINDOWS))
        # Workers who ask at the same time begin at other places, and meet less.
        start = int(self.chance() * len(window))
        window = [*window[start:], *window[:start]]
        new, changed = self._free_deals(window, lanes, now)
        self._take_whole(new, lanes, usable, now)
        if few := changed[: max(lanes.room(Kind.DEAL), 0)]:
            lanes.take(usable(self.rows.due_of_deals(few, now)))
        people = [key for key in window if key.kind is Kind.CONTACT and key not in lanes.rows]
        lanes.take(self._free(people[: _LOOKED_AT * lanes.room(Kind.CONTACT)], now))
        return list(lanes.rows)

    def _free_deals(self, window: Sequence[RowKey], lanes: _Lanes, now: datetime) -> tuple[list[str], list[str]]:
        """Deals that nobody works on: those that are new to the CRM, and those that changed."""
        known = {key.id for key in lanes.rows}
        ids = dict.fromkeys(key.id for key in window if key.kind is not Kind.CONTACT and key.id not in known)
        deals = [RowKey(Kind.DEAL, deal_id) for deal_id in islice(ids, _LOOKED_AT * self.most)]
        held = self.rows.rows(deals) if deals else {}
        free = [key for key in deals if not _is_leased(held.get(key), now)]
        there = {key for key in free if key in held and held[key].is_there}
        return [key.id for key in free if key not in there], [key.id for key in free if key in there]

    def _take_whole(
        self,
        deals: Sequence[str],
        lanes: _Lanes,
        usable: Callable[[Iterable[RowKey]], list[RowKey]],
        now: datetime,
    ) -> None:
        """Take deals with their people, until one does not fit: half a deal would leave links behind."""
        for some in _in_steps(deals):
            due = usable(self.rows.due_of_deals(some, now))
            if lanes.fit(due):
                lanes.take(due)
                continue
            for deal_id in some:
                due = usable(self.rows.due_of_deals([deal_id], now))
                if not lanes.fit(due):
                    return
                lanes.take(due)

    def _free(self, keys: Sequence[RowKey], now: datetime) -> list[RowKey]:
        """Those that nobody works on."""
        held = self.rows.rows(keys) if keys else {}
        return [key for key in keys if not _is_leased(held.get(key), now)]


def _is_leased(row: SyncRow | None, now: datetime) -> bool:
    return row is not None and row.lease_until is not None and row.lease_until >= now


def _in_steps(deals: Sequence[str]) -> Iterator[Sequence[str]]:
    """A few at a time."""
    return (deals[start : start + _DEALS] for start in range(0, len(deals), _DEALS))


class _Lanes:
    """Rows in the order in which they were taken, as many of each kind as there is room for."""

    def __init__(self, most: int) -> None:
        self.rows: dict[RowKey, None] = {}
        self._most = most
        self._taken: Counter[Kind] = Counter()

    def room(self, kind: Kind) -> int:
        """How many more of a kind are taken."""
        return self._most - self._taken[kind]

    def fit(self, keys: Iterable[RowKey]) -> bool:
        """Whether there is room for all of these."""
        wanted = Counter(key.kind for key in keys if key not in self.rows)
        return all(count <= self.room(kind) for kind, count in wanted.items())

    def take(self, keys: Iterable[RowKey]) -> None:
        """Take these, as far as there is room."""
        for key in keys:
            if key not in self.rows and self.room(key.kind) > 0:
                self.rows[key] = None
                self._taken[key.kind] += 1

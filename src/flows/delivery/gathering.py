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

#: How many times what a lane takes the index is asked for: many of the oldest are in other workers' hands.
_WINDOWS = 8

#: So many deals are looked at together for what else of them is due.
_DEALS = 4

#: For each row that a lane has room for, so many are looked at whether somebody has them.
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
        for deals in self._free_deals(window, lanes, now):
            if lanes.room(Kind.CONTACT) <= 0 or lanes.room(Kind.DEAL) <= 0:
                break
            lanes.take(usable(self.rows.due_of_deals(deals, now)))
        lanes.take(self._free(lanes.candidates(window), now))
        return list(lanes.rows)

    def _free_deals(self, window: Sequence[RowKey], lanes: _Lanes, now: datetime) -> Iterator[list[str]]:
        """Deals that nobody works on, a few at a time."""
        known = {key.id for key in lanes.rows}
        deals = dict.fromkeys(key.id for key in window if key.kind is not Kind.CONTACT and key.id not in known)
        free = iter(self._free([RowKey(Kind.DEAL, deal_id) for deal_id in islice(deals, self.most)], now))
        while few := [key.id for key in islice(free, _DEALS)]:
            yield few

    def _free(self, keys: Sequence[RowKey], now: datetime) -> list[RowKey]:
        """Those that nobody has leased just now."""
        held = self.rows.rows(keys) if keys else {}
        busy = {key for key, row in held.items() if row.lease_until is not None and row.lease_until >= now}
        return [key for key in keys if key not in busy]


class _Lanes:
    """Rows in the order in which they were taken, as many of each kind as there is room for."""

    def __init__(self, most: int) -> None:
        self.rows: dict[RowKey, None] = {}
        self._most = most
        self._taken: Counter[Kind] = Counter()

    def room(self, kind: Kind) -> int:
        """How many more of a kind are taken."""
        return self._most - self._taken[kind]

    def take(self, keys: Iterable[RowKey]) -> None:
        """Take these, as far as there is room."""
        for key in keys:
            if key not in self.rows and self.room(key.kind) > 0:
                self.rows[key] = None
                self._taken[key.kind] += 1

    def candidates(self, keys: Sequence[RowKey]) -> list[RowKey]:
        """Of each kind some more than there is room for."""
        found = []
        for kind in Kind:
            others = (key for key in keys if key.kind is kind and key not in self.rows)
            found += islice(others, _LOOKED_AT * self.room(kind))
        return found

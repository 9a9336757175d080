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

#: How many times what a lane takes the index is asked for: most of the oldest are in other workers' hands.
_WINDOWS = 8

#: So many deals are looked at together for what else of them is due.
_DEALS = 4


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
            begun: rows that are taken in any case.
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
            if lanes.is_full(Kind.CONTACT) or lanes.is_full(Kind.DEAL):
                break
            lanes.top_up(usable(self.rows.due_of_deals(deals, now)))
        lanes.top_up(window)
        return list(lanes.rows)

    def _free_deals(self, window: Sequence[RowKey], lanes: _Lanes, now: datetime) -> Iterator[list[str]]:
        """Deals that nobody works on, a few at a time."""
        known = {key.id for key in lanes.rows}
        deals = iter(dict.fromkeys(key.id for key in window if key.kind is not Kind.CONTACT and key.id not in known))
        while several := list(islice(deals, self.most)):
            held = self.rows.rows([RowKey(Kind.DEAL, deal_id) for deal_id in several])
            busy = {key.id for key, row in held.items() if row.lease_until is not None and row.lease_until > now}
            free = iter(deal_id for deal_id in several if deal_id not in busy)
            while few := list(islice(free, _DEALS)):
                yield few


class _Lanes:
    """Rows in the order in which they were taken, and how many of each kind."""

    def __init__(self, most: int) -> None:
        self.rows: dict[RowKey, None] = {}
        self._most = most
        self._taken: Counter[Kind] = Counter()

    def is_full(self, kind: Kind) -> bool:
        """Whether the lane of this kind takes no more."""
        return self._taken[kind] >= self._most

    def take(self, keys: Iterable[RowKey]) -> None:
        """Take all of these."""
        for key in keys:
            if key not in self.rows:
                self.rows[key] = None
                self._taken[key.kind] += 1

    def top_up(self, keys: Iterable[RowKey]) -> None:
        """Take these as far as there is room."""
        self.take(key for key in keys if not self.is_full(key.kind))

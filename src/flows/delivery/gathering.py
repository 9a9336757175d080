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
        for deals in self._deals(window, lanes, now):
            lanes.take(usable(self.rows.due_of_deals(deals, now)))
        people = [key for key in window if key.kind is Kind.CONTACT and key not in lanes.rows]
        lanes.take(self._free(people[: _LOOKED_AT * lanes.room(Kind.CONTACT)], now))
        return list(lanes.rows)

    def _deals(self, window: Sequence[RowKey], lanes: _Lanes, now: datetime) -> Iterator[list[str]]:
        """Deals that nobody works on: new ones while there is room for their people, then those that changed."""
        known = {key.id for key in lanes.rows}
        ids = dict.fromkeys(key.id for key in window if key.kind is not Kind.CONTACT and key.id not in known)
        deals = [RowKey(Kind.DEAL, deal_id) for deal_id in islice(ids, _LOOKED_AT * self.most)]
        held = self.rows.rows(deals) if deals else {}
        free = [key for key in deals if not _is_leased(held.get(key), now)]
        new = iter([key.id for key in free if key not in held or not held[key].is_there])
        while lanes.room(Kind.CONTACT) > 0 and lanes.room(Kind.DEAL) > 0 and (few := list(islice(new, _DEALS))):
            yield few
        changed = [key.id for key in free if key in held and held[key].is_there]
        if changed and lanes.room(Kind.DEAL) > 0:
            yield changed[: lanes.room(Kind.DEAL)]

    def _free(self, keys: Sequence[RowKey], now: datetime) -> list[RowKey]:
        """Those that nobody works on."""
        held = self.rows.rows(keys) if keys else {}
        return [key for key in keys if not _is_leased(held.get(key), now)]


def _is_leased(row: SyncRow | None, now: datetime) -> bool:
    return row is not None and row.lease_until is not None and row.lease_until >= now


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

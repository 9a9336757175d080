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

#: How many rows the index is asked for: many of the oldest are in other workers' hands.
_WINDOW = 8000

#: A round takes such a part of what is due at most: as many runs share a backlog, and towards its end none of them must
#: sit on all that is left.
_PART = 10

#: So many deals are looked at together for what else of them is due.
_DEALS = 4

#: For each row that a lane takes, so many are looked at whether somebody has them.
_LOOKED_AT = 2


@dataclass
class Gathering:
    """Gathers rows of one run.

    Attributes:
        rows: the sync rows.
        least: rows that a call carries.
        most: rows of one kind that a round takes: a lane for each side.
        chance: from [0, 1).
    """

    rows: SyncStore
    least: int
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
        window = usable(self.rows.due(now, _WINDOW))
        part = max(Counter(key.kind for key in window).values(), default=0) // _PART
        lanes = _Lanes(self.least * max(1, min(self.most, part) // self.least))
        lanes.must_take(begun)
        # Workers who ask at the same time begin at other places, and meet less.
        start = int(self.chance() * len(window))
        window = [*window[start:], *window[:start]]
        new, changed = self._free_deals(window, lanes, now)
        all_fit = self._take_whole(new, lanes, usable, now)
        # A deal that changed fits into a call that new ones leave half empty; with no more new ones, into its own.
        room = lanes.room(Kind.DEAL)
        if few := changed[: room if all_fit else room % self.least]:
            lanes.take(usable(self.rows.due_of_deals(few, now)))
        people = [key for key in window if key.kind is Kind.CONTACT and key not in lanes.rows]
        lanes.take(self._free(people[: _LOOKED_AT * lanes.room(Kind.CONTACT)], now))
        return list(lanes.rows)

    def _free_deals(self, window: Sequence[RowKey], lanes: _Lanes, now: datetime) -> tuple[list[str], list[str]]:
        """Deals that nobody works on: those that are not complete in the CRM yet, and those that only changed."""
        known = {key.id for key in lanes.rows}
        ids = dict.fromkeys(key.id for key in window if key.kind is not Kind.CONTACT and key.id not in known)
        deals = [RowKey(Kind.DEAL, deal_id) for deal_id in islice(ids, _LOOKED_AT * lanes.most)]
        held = self.rows.rows(deals) if deals else {}
        free = [key for key in deals if not _is_leased(held.get(key), now)]
        whole = {key for key in free if key in held and held[key].is_there and held[key].due_at is None}
        return [key.id for key in free if key not in whole], [key.id for key in free if key in whole]

    def _take_whole(
        self,
        deals: Sequence[str],
        lanes: _Lanes,
        usable: Callable[[Iterable[RowKey]], list[RowKey]],
        now: datetime,
    ) -> bool:
        """Take deals with their people, until one does not fit: half a deal would leave links behind.

        Returns whether none was left for that. One that no round can hold is left to its own bell.
        """
        for some in _in_steps(deals):
            due = usable(self.rows.due_of_deals(some, now))
            if lanes.fit(due):
                lanes.take(due)
                continue
            for deal_id in some:
                due = usable(self.rows.due_of_deals([deal_id], now))
                if lanes.fit(due):
                    lanes.take(due)
                elif _Lanes(lanes.most).fit(due):
                    return False
        return True

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
        self.most = most
        self._taken: Counter[Kind] = Counter()

    def room(self, kind: Kind) -> int:
        """How many more of a kind are taken."""
        return max(self.most - self._taken[kind], 0)

    def fit(self, keys: Iterable[RowKey]) -> bool:
        """Whether there is room for all of these."""
        wanted = Counter(key.kind for key in keys if key not in self.rows)
        return all(count <= self.room(kind) for kind, count in wanted.items())

    def take(self, keys: Iterable[RowKey]) -> None:
        """Take these, as far as there is room."""
        self.must_take(key for key in keys if self.room(key.kind))

    def must_take(self, keys: Iterable[RowKey]) -> None:
        """Take these."""
        for key in keys:
            if key not in self.rows:
                self.rows[key] = None
                self._taken[key.kind] += 1

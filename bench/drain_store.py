"""Sync rows of a large brokerage in memory: the twin of the tests, with the indexes and the latency of the table."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from math import ceil
from typing import Any
from zlib import crc32

from domain.crm.ports import Finish, Records, SharedRow
from domain.crm.rows import Kind, Owed, RowKey, Standing, SyncRow
from tests.fakes.commissions import FakeCommissionStore
from tests.fakes.deals import MemoryDealStore
from tests.fakes.delivery import MemorySharedRows, MemorySyncStore

#: A request to DynamoDB, in seconds; and so many single ones a worker has under way at once.
REQUEST_S = 0.005
AT_ONCE = 8
#: A thousand entries of the index, read and parsed, in seconds.
PAGE_S = 0.03
#: Items of one page of a query by keys alone, and of one batch that is read.
_PAGE, _BATCH = 1000, 100

#: Lets so many seconds pass.
Spend = Callable[[float], None]


class Dues:
    """The index `due`: what is due since when, oldest first; of one second in no order that means anything."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, int, str, RowKey]] = []
        self._since: dict[tuple[str, RowKey], datetime] = {}

    def put(self, whose: str, key: RowKey, since: datetime | None) -> None:
        """The record's mark, or its sync row, is due then; None: not."""
        before = self._since.pop((whose, key), None)
        if before is not None:
            del self._entries[bisect_left(self._entries, _entry(before, whose, key))]
        if since is not None:
            self._since[whose, key] = since
            insort(self._entries, _entry(since, whose, key))

    def until(self, now: datetime) -> Iterator[tuple[datetime, RowKey]]:
        """All that are due, oldest first."""
        for since, _, _, key in self._entries:
            if since > now:
                return
            yield since, key

    def __len__(self) -> int:
        return len(self._entries)

    def of(self, key: RowKey, now: datetime) -> datetime | None:
        """Since when the row is due, by its mark or its sync row."""
        found = [self._since.get((whose, key)) for whose in ("mark", "row")]
        return min((at for at in found if at is not None and at <= now), default=None)


def _entry(since: datetime, whose: str, key: RowKey) -> tuple[datetime, int, str, RowKey]:
    return since, crc32(str(key).encode()), whose, key


class _MarkedRows(dict[RowKey, tuple[Owed, datetime]]):
    """Marks that are entered into the index."""

    def __init__(self, dues: Dues) -> None:
        super().__init__()
        self._dues = dues

    def __setitem__(self, key: RowKey, mark: tuple[Owed, datetime]) -> None:
        if key not in self:
            self._dues.put("mark", key, mark[1])
        super().__setitem__(key, mark)

    def __delitem__(self, key: RowKey) -> None:
        self._dues.put("mark", key, None)
        super().__delitem__(key)


class _SyncRows(dict[RowKey, SyncRow]):
    """Sync rows that are entered into the index, and found by their parents."""

    def __init__(self, dues: Dues) -> None:
        super().__init__()
        self._dues = dues
        self.children: dict[RowKey, list[RowKey]] = {}

    def __setitem__(self, key: RowKey, row: SyncRow) -> None:
        before = self.get(key)
        if before is None:
            for parent in key.parents:
                self.children.setdefault(parent, []).append(key)
        if (before.due_at if before else None) != row.due_at:
            self._dues.put("row", key, row.due_at)
        super().__setitem__(key, row)


class LargeSyncStore(MemorySyncStore):
    """`MemorySyncStore` for tens of thousands of rows; each request takes its time. It keeps no backfill.

    Attributes:
        unsettled: rows that the CRM does not hold yet as the store has them.
        on_settled: called when there is none any more.
    """

    def __init__(self, spend: Spend) -> None:
        self.dues = Dues()
        self._spend = spend
        self._rows = _SyncRows(self.dues)
        super().__init__(MemoryDealStore(), FakeCommissionStore(), self._rows)
        for marks in (self.deals.owed, self.commissions.owed):
            marks.rows = _MarkedRows(self.dues)
        self.unsettled: set[RowKey] = set()
        self.on_settled: Callable[[], None] = lambda: None

    def due(self, now: datetime, limit: int, *, backfill: bool = False) -> Sequence[RowKey]:
        self._spend(REQUEST_S + PAGE_S * (min(limit, len(self.dues)) // _PAGE))
        if backfill:
            return []
        with self.lock:
            return list(dict.fromkeys(key for _, key in islice(self.dues.until(now), limit)))

    def due_of_deals(self, deal_ids: Collection[str], now: datetime) -> Sequence[RowKey]:
        self._spend(_singly(2 * len(deal_ids)) + REQUEST_S)
        with self.lock:
            found = [(at, key) for key in self._of(deal_ids) if (at := self.dues.of(key, now)) is not None]
        return [key for _, key in sorted(found)]

    def _of(self, deal_ids: Collection[str]) -> Iterator[RowKey]:
        for deal_id in deal_ids:
            deal = self.deals.deals[deal_id]
            parent = RowKey(Kind.DEAL, deal_id)
            accounts = {agent.crm_contact_id for agent in deal.agents}
            ours = {parent, *self._rows.children.get(parent, ())}
            ours |= {RowKey(Kind.COMMISSION, deal_id, account) for account in accounts}
            ours |= {RowKey(Kind.CONTACT, link.contact_id) for link in deal.participants}
            yield from ours

    def everything(self) -> Records:
        """All records as they are, at once."""
        return Records(self.deals.people, self.deals.deals, self.commissions.record_rows)

    def lease(
        self, keys: Collection[RowKey], token: str, *, now: datetime, until: datetime
    ) -> Mapping[RowKey, SyncRow]:
        self._spend(_singly(len(keys)))
        return super().lease(keys, token, now=now, until=until)

    def load(self, keys: Collection[RowKey]) -> Records:
        self._spend(_in_batches(len(keys)))
        return super().load(keys)

    def rows(self, keys: Collection[RowKey]) -> Mapping[RowKey, SyncRow]:
        self._spend(_in_batches(len(keys)))
        return super().rows(keys)

    def children_of(self, deal_id: str) -> Sequence[SyncRow]:
        self._spend(REQUEST_S)
        with self.lock:
            return [self._read(key) for key in self._rows.children.get(RowKey(Kind.DEAL, deal_id), ())]

    def save(self, rows: Collection[SyncRow], *, now: datetime) -> Collection[RowKey]:
        self._spend(_singly(len(rows)))
        return super().save(rows, now=now)

    def finish(self, rows: Collection[Finish], *, now: datetime) -> Collection[RowKey]:
        self._spend(_singly(len(rows)) + _singly(sum(one.seen is not None for one in rows)))
        kept = super().finish(rows, now=now)
        there = [one.row.key for one in rows if one.row.standing is Standing.CLEAN and one.row.key in kept]
        self.unsettled.difference_update(key for key in there if key not in self._marks(key).rows)
        if there and not self.unsettled:
            self.on_settled()
        return kept

    def release(self, rows: Collection[SyncRow]) -> None:
        self._spend(_singly(len(rows)))
        super().release(rows)

    def wake(self, parents: Collection[RowKey], at: datetime) -> None:
        self._spend(_singly(len(parents)))
        super().wake(parents, at)

    def _children(self, parent: RowKey) -> Iterator[RowKey]:
        return iter(list(self._rows.children.get(parent, ())))

    def claim(
        self, wanted: Mapping[RowKey, Collection[str]], *, displace: RowKey | None = None
    ) -> Mapping[RowKey, RowKey]:
        self._spend(2 * _singly(len(wanted)))
        return super().claim(wanted, displace=displace)


class SlowSharedRows:
    """Shared rows whose requests take their time."""

    def __init__(self, spend: Spend) -> None:
        self._spend = spend
        self._rows = MemorySharedRows()
        self.reads = 0
        self.writes = 0

    def read(self, name: str) -> SharedRow:
        self._spend(REQUEST_S)
        self.reads += 1
        return self._rows.read(name)

    def write(self, name: str, document: Mapping[str, Any], guard: int) -> None:
        self._spend(REQUEST_S)
        self.writes += 1
        self._rows.write(name, document, guard)


def _singly(requests: int) -> float:
    """How long so many single requests take, several at once."""
    return REQUEST_S * ceil(requests / AT_ONCE)


def _in_batches(items: int) -> float:
    return REQUEST_S * ceil(items / _BATCH)

"""What delivering to a CRM needs from the outside, in memory: the same conditions as on DynamoDB, under a lock."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from domain.crm.ports import Finish, Records, SharedRow, Touched
from domain.crm.rows import Kind, Owed, RowKey, Standing, SyncRow
from domain.errors import Conflict
from tests.fakes.commissions import FakeCommissionStore
from tests.fakes.deals import MemoryDealStore
from tests.fakes.marks import MemoryMarks

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
#: Text and guard of what is not stored yet.
_NOTHING = "{}", 0


@dataclass
class MemorySharedRows:
    """Implements `domain.crm.ports.SharedRows`."""

    rows: dict[str, tuple[str, int]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def read(self, name: str) -> SharedRow:
        text, guard = self.rows.get(name, _NOTHING)
        return SharedRow(json.loads(text), guard)

    def write(self, name: str, document: Mapping[str, Any], guard: int) -> None:
        with self.lock:
            if self.rows.get(name, _NOTHING)[1] != guard:
                raise Conflict(f"{name} was written by somebody else")
            self.rows[name] = (json.dumps(document), guard + 1)


@dataclass
class MemoryBells:
    """Implements `domain.crm.ports.Bells`; what was rung is public for the tests to read."""

    rung: list[tuple[RowKey, str]] = field(default_factory=list)

    def ring(self, bells: Sequence[tuple[RowKey, str]]) -> None:
        self.rung += bells


@dataclass
class MemorySyncStore:
    """Implements `domain.crm.ports.SyncStore` over records in memory.

    Locks are taken in this order: its own, that of the deals, that of the commissions.
    """

    deals: MemoryDealStore = field(default_factory=MemoryDealStore)
    commissions: FakeCommissionStore = field(default_factory=FakeCommissionStore)
    sync: dict[RowKey, SyncRow] = field(default_factory=dict)
    #: Rows whose bell asked for a look at the CRM, until somebody who saw that finishes them.
    looks: set[RowKey] = field(default_factory=set)
    asked_at: dict[RowKey, datetime] = field(default_factory=dict)
    claims: dict[str, RowKey] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def due(self, now: datetime, limit: int, *, backfill: bool = False) -> Sequence[RowKey]:
        with self.lock, self.deals.lock, self.commissions.lock:
            found = [*self.deals.owed.due(backfill=backfill), *self.commissions.owed.due(backfill=backfill)]
            rows = [row for row in self.sync.values() if row.due_at is not None and row.due_at <= now]
            found += [(row.due_at, row.key) for row in rows if row.due_at and _is_backfill(row) is backfill]
        return _oldest_first([one for one in found if one[0] <= now])[:limit]

    def due_of_deals(self, deal_ids: Collection[str], now: datetime) -> Sequence[RowKey]:
        with self.lock, self.deals.lock, self.commissions.lock:
            known = [self.deals.deals[i] for i in deal_ids if i in self.deals.deals]
            people = {link.contact_id for deal in known for link in deal.participants}
            marks = [*self.deals.owed.rows.items(), *self.commissions.owed.rows.items()]
            found = [(since, key) for key, (_, since) in marks]
            found += [(row.due_at, key) for key, row in self.sync.items() if row.due_at is not None]
        ours = [(at, key) for at, key in found if key.id in (people if key.kind is Kind.CONTACT else deal_ids)]
        return _oldest_first([one for one in ours if one[0] <= now])

    def lease(
        self, keys: Collection[RowKey], token: str, *, now: datetime, until: datetime
    ) -> Mapping[RowKey, SyncRow]:
        with self.lock:
            free = [key for key in keys if self._is_free(self.sync.get(key), token, now)]
            for key in free:
                self.sync[key] = replace(self.sync.get(key, SyncRow(key)), lease=token, lease_until=until)
            return {key: self._read(key) for key in free}

    @staticmethod
    def _is_free(held: SyncRow | None, token: str, now: datetime) -> bool:
        return held is None or held.lease_until is None or held.lease_until < now or held.lease == token

    def load(self, keys: Collection[RowKey]) -> Records:
        deal_ids = {key.id for key in keys if key.kind is not Kind.CONTACT}
        people = {key.id for key in keys if key.kind is Kind.CONTACT}
        people |= {key.other for key in keys if key.kind is Kind.LINK}
        with self.deals.lock, self.commissions.lock:
            contacts = {i: self.deals.people[i] for i in people if i in self.deals.people}
            deals = {i: self.deals.deals[i] for i in deal_ids if i in self.deals.deals}
            pairs = {(key.id, key.other) for key in keys if key.kind is Kind.COMMISSION}
            records = {pair: self.commissions.record_rows[pair] for pair in pairs & self.commissions.record_rows.keys()}
            loaded = [*(RowKey(Kind.CONTACT, i) for i in contacts), *(RowKey(Kind.DEAL, i) for i in deals)]
            loaded += [RowKey(Kind.COMMISSION, *pair) for pair in records]
            owed = {key: owes for key in loaded if (owes := self._marks(key).owed(key)) is not None}
        return Records(contacts, deals, records, owed)

    def rows(self, keys: Collection[RowKey]) -> Mapping[RowKey, SyncRow]:
        with self.lock:
            return {key: self._read(key) for key in keys if key in self.sync}

    def children_of(self, deal_id: str) -> Sequence[SyncRow]:
        with self.lock:
            return [self._read(key) for key in self._children(RowKey(Kind.DEAL, deal_id))]

    def save(self, rows: Collection[SyncRow], *, now: datetime) -> Collection[RowKey]:
        return {row.key for row in rows if self._save(row, now)}

    def _save(self, row: SyncRow, now: datetime) -> bool:
        with self.lock:
            held = self._held(row)
            if held is None or held.lease_until is None or held.lease_until < now:
                return False
            due_at, backfill = row.due_at, row.backfill
            if due_at is None and row.intent is not None:
                due_at = row.lease_until
            if held.rung != row.rung:
                due_at, backfill = held.due_at, held.backfill
            self._put(replace(row, rung=held.rung, lease_until=held.lease_until, due_at=due_at, backfill=backfill), now)
            return True

    def finish(self, rows: Collection[Finish], *, now: datetime) -> Collection[RowKey]:
        return {row.key for row, seen in rows if self._finish(row, seen, now)}

    def _finish(self, row: SyncRow, seen: Owed | None, now: datetime) -> bool:
        with self.lock:
            held = self._held(row)
            if held is None:
                return False
            ended = replace(row, rung=held.rung, lease="", lease_until=None)
            if held.rung != row.rung:
                ended = replace(ended, due_at=now, backfill=held.backfill)
            else:
                self.looks.discard(row.key)
            self._put(ended, now)
            if seen is not None:
                with self.deals.lock, self.commissions.lock:
                    self._marks(row.key).clear(row.key, seen.version)
            return True

    def release(self, rows: Collection[SyncRow]) -> None:
        with self.lock:
            for row in rows:
                if (held := self._held(row)) is not None:
                    self.sync[row.key] = replace(held, lease="", lease_until=None)

    def ring(self, keys: Collection[RowKey], at: datetime, *, backfill: bool = False, sight: bool = False) -> None:
        with self.lock:
            for key in dict.fromkeys(keys):
                held = self.sync.get(key, SyncRow(key))
                self.sync[key] = replace(_rung(held, at, backfill=backfill), rung=held.rung + 1)
                if sight:
                    self.looks.add(key)

    def wake(self, parents: Collection[RowKey], at: datetime) -> None:
        with self.lock:
            for parent in parents:
                self.ring([key for key in self._children(parent) if self._waits(self.sync[key], parent)], at)

    def _children(self, parent: RowKey) -> Iterator[RowKey]:
        related = sorted(key for key in self.sync if parent.id in (key.id, key.other))
        return (key for key in related if parent in key.parents)

    @staticmethod
    def _waits(row: SyncRow, parent: RowKey) -> bool:
        return row.behind == parent or bool(row.lease)

    def answer(self, row: SyncRow, rung: int) -> bool:
        with self.lock:
            held = self.sync.get(row.key)
            if held is None or held.rung != rung or held.lease:
                return False
            self.looks.discard(row.key)
            self._put(replace(row, rung=rung + 1, lease="", lease_until=None), row.due_at or _LONG_AGO)
            return True

    def asking(self, limit: int) -> Sequence[SyncRow]:
        with self.lock:
            found = sorted(self.asked_at, key=lambda key: self.asked_at[key])
            return [self._read(key) for key in found[:limit]]

    def touched(self, since: datetime, *, after: str = "", limit: int) -> Sequence[Touched]:
        with self.lock, self.deals.lock, self.commissions.lock:
            found = [
                ("1" if owed.backfill else "0", at, key)
                for marks in (self.deals.owed, self.commissions.owed)
                for key, (owed, at) in marks.rows.items()
            ]
            found += [one for row in self.sync.values() if (one := _place(row)) is not None]
        listed = [
            Touched(key, at if kind in "01" else None, f"{kind}{at.timestamp():017.6f}{key}")
            for kind, at, key in sorted(found)
            if kind != "4" or at >= since
        ]
        if after and after[0] not in "01234":
            raise ValueError("`after` is not from a page before")
        return [one for one in listed if one.after > after][:limit]

    def claim(
        self, wanted: Mapping[RowKey, Collection[str]], *, displace: RowKey | None = None
    ) -> Mapping[RowKey, RowKey]:
        holders = {key: self._claim(terms, key, displace) for key, terms in wanted.items()}
        return {key: holder for key, holder in holders.items() if holder is not None}

    def _claim(self, terms: Collection[str], key: RowKey, displace: RowKey | None) -> RowKey | None:
        with self.lock:
            for term in sorted(terms):
                if self.claims.get(term) not in (None, key, displace):
                    return self.claims[term]
            self.claims |= dict.fromkeys(terms, key)
            return None

    # -- how rows are kept

    def _held(self, row: SyncRow) -> SyncRow | None:
        held = self.sync.get(row.key)
        return held if held is not None and row.lease and held.lease == row.lease else None

    def _read(self, key: RowKey) -> SyncRow:
        row, asked_at, look = self.sync[key], self.asked_at.get(key), key in self.looks
        if row.asked_at == asked_at and row.sight >= look:
            return row
        return replace(row, sight=row.sight or look, asked_at=asked_at)

    def _put(self, row: SyncRow, now: datetime) -> None:
        self.sync[row.key] = row
        if row.standing is not Standing.ASKS:
            self.asked_at.pop(row.key, None)
        else:
            self.asked_at.setdefault(row.key, now)

    def _marks(self, key: RowKey) -> MemoryMarks:
        return self.commissions.owed if key.kind is Kind.COMMISSION else self.deals.owed


def _place(row: SyncRow) -> tuple[str, datetime, RowKey] | None:
    """Kind and time under which a sync row is listed as touched: live, backfill, asking, refused, confirmed."""
    if row.standing is Standing.ASKS:
        return "2", row.due_at or _LONG_AGO, row.key
    if row.due_at is not None:
        return "1" if row.backfill else "0", row.due_at, row.key
    if row.standing is Standing.REFUSED:
        return "3", _LONG_AGO, row.key
    if row.standing is Standing.CLEAN and row.confirmed is not None:
        return "4", row.confirmed.at, row.key
    return None


@dataclass
class MemoryDebts:
    """Implements `domain.crm.ports.Debts` over sync rows and marks in memory."""

    store: MemorySyncStore

    def marks(self, keys: Collection[RowKey]) -> Mapping[RowKey, Owed]:
        found = {key: self.store._marks(key).owed(key) for key in keys}
        return {key: owed for key, owed in found.items() if owed is not None}

    def oldest(self, *, backfill: bool = False) -> datetime | None:
        found = [*self.store.deals.owed.due(backfill=backfill), *self.store.commissions.owed.due(backfill=backfill)]
        times = [at for at, _ in found] + [at for kind, at, _ in self._rows() if kind == ("1" if backfill else "0")]
        return min(times, default=None)

    def asking(self, most: int) -> int:
        return min(most, sum(kind == "2" for kind, _, _ in self._rows()))

    def owed(self, now: datetime, most: int, *, backfill: bool = False) -> int:
        found = [*self.store.deals.owed.due(backfill=backfill), *self.store.commissions.owed.due(backfill=backfill)]
        times = [at for at, _ in found] + [at for kind, at, _ in self._rows() if kind == ("1" if backfill else "0")]
        return min(most, sum(at <= now for at in times))

    def refused(self, most: int) -> int:
        return min(most, sum(kind == "3" for kind, _, _ in self._rows()))

    def _rows(self) -> list[tuple[str, datetime, RowKey]]:
        return [one for row in self.store.sync.values() if (one := _place(row)) is not None]


def _is_backfill(row: SyncRow) -> bool:
    """Rows that ask a person are few, and go with the live ones."""
    return row.backfill and row.standing is not Standing.ASKS


def _rung(held: SyncRow, at: datetime, *, backfill: bool) -> SyncRow:
    """The row as it waits after it was rung: what is live stays live, and is never put off or hurried by a backfill."""
    if held.due_at is None:
        return replace(held, due_at=at, backfill=backfill)
    if backfill and not held.backfill:
        return held
    return replace(held, due_at=min(held.due_at, at), backfill=backfill)


def _oldest_first(found: Sequence[tuple[datetime, RowKey]]) -> list[RowKey]:
    return list(dict.fromkeys(key for _, key in sorted(found)))

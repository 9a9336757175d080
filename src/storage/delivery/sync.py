"""Sync rows and the records they are drawn from, in the records table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from heapq import merge
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from domain.crm.ports import Records
from domain.crm.rows import Kind, RowKey, SyncRow
from domain.errors import Conflict, Unavailable
from storage import dynamo
from storage.codec import contact_from, deal_from
from storage.commissions.keys import RECORDS, deal_partition
from storage.commissions.records import record_from
from storage.delivery import changes
from storage.delivery.claims import claim
from storage.delivery.items import ATTEMPTS, SyncItems, unchanged
from storage.delivery.keys import SYNC, record_key, row_of, sync_key
from storage.delivery.marks import ASKS, BACKFILL, DUE, LIVE, owed_by
from storage.delivery.rows import row_from, seconds
from storage.delivery.touched import touched

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from domain.crm.ports import Finish, Touched

#: Rows that are written, and deals that are read, at once; and from how many on threads are worth their start.
_THREADS, _ENOUGH = 8, 3

#: What tells whether an item is due, and who is on a deal.
_DUE = "pk, sk, due_kind, due_at, deal.participants"

#: Since when a person is asked, of a row that a person wants to be asked and has not said since when.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_OneT = TypeVar("_OneT")
_FoundT = TypeVar("_FoundT")


@dataclass(frozen=True, slots=True)
class DynamoSyncStore:
    """Sync rows on DynamoDB; implements `domain.crm.ports.SyncStore`."""

    client: DynamoDBClient
    records_table: str
    pause: Callable[[float], None]

    # -- what is due

    def due(self, now: datetime, limit: int, *, backfill: bool = False) -> Sequence[RowKey]:
        """Rows to look at, oldest first, each once: one pass over the index, which may lag a moment."""
        # Rows that ask are looked at now and then too, and never crowd: a person works on them.
        kinds = (BACKFILL,) if backfill else (LIVE, ASKS)
        until = {":now": seconds(now)}
        which = "due_kind = :kind AND due_at <= :now"
        listed = [self._index("due", which, until | {":kind": kind}, limit) for kind in kinds]
        found: dict[RowKey, None] = {}
        for item in merge(*listed, key=lambda item: item["due_at"]):
            found[row_of(item)] = None
            if len(found) == limit:
                break
        return list(found)

    def due_of_deals(self, deal_ids: Collection[str], now: datetime) -> Sequence[RowKey]:
        """Rows of these deals and of the contacts on them that are due, oldest first; read consistently."""
        items = list(chain.from_iterable(_together(self._dues_of_deal, set(deal_ids))))
        people = {link["contact_id"] for item in items if "deal" in item for link in item["deal"]["participants"]}
        contacts = [RowKey(Kind.CONTACT, contact_id) for contact_id in people]
        items += self._batch([*map(sync_key, contacts), *filter(None, map(record_key, contacts))])
        due = [item for item in items if item.get("due_kind") in DUE and item["due_at"] <= seconds(now)]
        in_order = sorted((item["due_at"], row_of(item)) for item in due)
        return list(dict.fromkeys(key for _, key in in_order))

    def asking(self, limit: int) -> Sequence[SyncRow]:
        """Rows that wait for a person, oldest first."""
        listed = [row_of(item) for item in self._index("due", "due_kind = :kind", {":kind": ASKS})]
        asking = [item for item in self._batch(map(sync_key, listed)) if "asked_at" in item]
        found = sorted(asking, key=lambda item: item["asked_at"])
        return [row_from(row_of(item), item) for item in found[:limit]]

    def touched(self, since: datetime, *, after: str = "", limit: int) -> Sequence[Touched]:
        """What is owed, asks or is refused, and what was confirmed since; `ValueError` if `after` is none of ours."""
        return touched(self.client, self.records_table, since, after, limit)

    # -- working on a row

    def lease(
        self, keys: Collection[RowKey], token: str, *, now: datetime, until: datetime
    ) -> Mapping[RowKey, SyncRow]:
        """Those of the rows that are free, leased, as they are; a write for each, several at once."""
        change, values = changes.leasing(token, until)
        free = "attribute_not_exists(lease_until) OR lease_until < :now OR lease = :token"

        def taken(key: RowKey) -> SyncRow | None:
            item = self._items.update(key, change, free, values | {":now": seconds(now)})
            return row_from(key, item) if item else None

        return {row.key: row for row in _together(taken, set(keys)) if row is not None}

    def save(self, rows: Collection[SyncRow], *, now: datetime) -> Collection[RowKey]:
        """Write the rows under their leases, but those whose lease is somebody else's by now, or over."""
        ours = "lease = :lease AND lease_until >= :now"

        def save(row: SyncRow) -> RowKey | None:
            return self._items.write(row, partial(changes.saved, row), now, ours, {":now": seconds(now)})

        return _those(_together(save, rows))

    def finish(self, rows: Collection[Finish], *, now: datetime) -> Collection[RowKey]:
        """Write the rows and end their leases, then take the marks off the records; not where the lease is not ours.

        In this order: who dies in between leaves a mark too many, and the next worker finds nothing to send. The other
        way about, a row could stay unwritten that nothing calls for any more.
        """

        def finish(one: Finish) -> RowKey | None:
            row = one.row
            finished = self._items.write(row, partial(changes.finished, row, now=now), now, "lease = :lease", {})
            if finished is not None and one.seen is not None:
                self._items.take_off_mark(row.key, one.seen)
            return finished

        return _those(_together(finish, rows))

    def release(self, rows: Collection[SyncRow]) -> None:
        """Give the leases back that are still ours."""

        def release(row: SyncRow) -> None:
            self._items.update(row.key, "REMOVE lease, lease_until", "lease = :lease", {":lease": row.lease})

        _together(release, rows)

    def answer(self, row: SyncRow, rung: int) -> bool:
        """Write the row as a person wants it, unless it was rung since they saw it, or a worker has it.

        It counts as rung, so that a second answer to the same question is refused.
        """
        answered = replace(row, lease="", lease_until=None)
        change, values = changes.writing(answered, row.due_at or _LONG_AGO, rung=False)
        values |= {":rung": rung, ":one": 1}
        where = "rung = :rung AND attribute_not_exists(lease)"
        return self._items.update(row.key, f"{change} ADD rung :one", where, values) is not None

    # -- bells

    def ring(self, keys: Collection[RowKey], at: datetime, *, backfill: bool = False, sight: bool = False) -> None:
        """Have these rows looked at.

        Raises:
            Unavailable: others kept changing when a row is due.
        """
        left = set(keys)
        for _ in range(ATTEMPTS):
            held = self.rows(left)

            def ring(key: RowKey, held: Mapping[RowKey, SyncRow] = held) -> bool:
                before = held.get(key)
                row = changes.rung(before or SyncRow(key), at, backfill=backfill)
                change, values = changes.ringing(row, sight=sight)
                where, seen = unchanged(before)
                return self._items.update(key, change, where, values | seen) is not None

            asked = list(left)
            left = {key for key, done in zip(asked, _together(ring, asked), strict=True) if not done}
            if not left:
                return
        raise Unavailable(f"cannot ring {', '.join(map(str, sorted(left)))} now: others keep changing when it is due")

    def wake(self, parents: Collection[RowKey], at: datetime) -> None:
        """Ring the children of rows that are behind them, or that a worker has: it may have looked before."""
        contacts, deals = (
            {one.id for one in parents if (one.kind is Kind.CONTACT) is wanted} for wanted in (True, False)
        )
        # The index has no link that was added this very moment; such a link is looked at after its contact anyway.
        links = chain.from_iterable(_together(self._links_of_contact, contacts))
        children = chain(self.rows(list(links)).values(), *_together(self._rows_of_deal, deals))
        waiting = [row for row in children if not set(parents).isdisjoint(row.key.parents)]
        self.ring([row.key for row in waiting if row.lease or row.behind in parents], at)

    def _links_of_contact(self, contact_id: str) -> list[RowKey]:
        listed = self._index("by_contact", "gsi_contact_pk = :contact", {":contact": f"CONTACT#{contact_id}"})
        deal_ids = {row_of_deal["pk"].removeprefix(deal_partition("")) for row_of_deal in listed}
        return [RowKey(Kind.LINK, deal_id, contact_id) for deal_id in deal_ids]

    # -- reading

    def load(self, keys: Collection[RowKey]) -> Records:
        """The records that these rows are drawn from, with their marks: of a link its ends, of the others theirs."""
        wanted = {parent for key in keys for parent in key.parents} | {key for key in keys if key.kind is not Kind.LINK}
        items = {row_of(item): item for item in self._batch(filter(None, map(record_key, wanted)))}
        return Records(
            contacts={key.id: contact_from(item["contact"]) for key, item in items.items() if "contact" in item},
            deals={key.id: deal_from(item["deal"]) for key, item in items.items() if "deal" in item},
            commissions={(k.id, k.other): record_from(i) for k, i in items.items() if k.kind is Kind.COMMISSION},
            owed={key: owed for key, item in items.items() if (owed := owed_by(item)) is not None},
        )

    def rows(self, keys: Collection[RowKey]) -> Mapping[RowKey, SyncRow]:
        """Sync rows as they are, those that exist."""
        found = {row_of(item): item for item in self._batch(map(sync_key, set(keys)))}
        return {key: row_from(key, item) for key, item in found.items()}

    def children_of(self, deal_id: str) -> Sequence[SyncRow]:
        """Every link and commission of the deal that was ever looked at."""
        return [row for row in self._rows_of_deal(deal_id) if row.key.kind is not Kind.DEAL]

    def claim(
        self, wanted: Mapping[RowKey, Collection[str]], *, displace: RowKey | None = None
    ) -> Mapping[RowKey, RowKey]:
        """Claim these search terms, of each contact all or none; returns who holds one, where others do.

        Raises:
            Unavailable: others kept claiming and giving up the same terms.
        """
        holders = _together(partial(self._claim, displace), list(wanted.items()))
        return {key: holder for key, holder in zip(wanted, holders, strict=True) if holder is not None}

    def _claim(self, displace: RowKey | None, wanted: tuple[RowKey, Collection[str]]) -> RowKey | None:
        key, terms = wanted
        for attempt in range(ATTEMPTS):
            with suppress(Conflict):
                return claim(self.client, self.records_table, terms, key, displace)
            self.pause(0.05 * 2**attempt)
        raise Unavailable(f"cannot claim search terms for {key} now: others keep claiming them")

    # -- how it is read and written

    def _dues_of_deal(self, deal_id: str) -> list[dict[str, Any]]:
        """What of the deal's partition may be due: its own item, its commission records, its sync rows."""
        deal = {":deal": deal_partition(deal_id)}
        records = self._partition("sk BETWEEN :first AND :last", deal | {":first": RECORDS, ":last": "DEAL"})
        return [*records, *self._partition("begins_with(sk, :sync)", deal | {":sync": SYNC})]

    def _rows_of_deal(self, deal_id: str) -> list[SyncRow]:
        values = {":deal": deal_partition(deal_id), ":beginning": SYNC}
        found = self._partition("begins_with(sk, :beginning)", values, whole=True)
        return [row_from(row_of(item), item) for item in found]

    def _partition(self, which: str, values: dynamo.Item, *, whole: bool = False) -> Iterator[dict[str, Any]]:
        request = {
            "TableName": self.records_table,
            "KeyConditionExpression": f"pk = :deal AND {which}",
            "ConsistentRead": True,
        }
        return dynamo.query(self.client, request if whole else request | {"ProjectionExpression": _DUE}, values)

    def _index(self, name: str, which: str, values: dynamo.Item, page: int = 100) -> Iterator[dict[str, Any]]:
        request = {
            "TableName": self.records_table,
            "IndexName": name,
            "KeyConditionExpression": which,
            "PaginationConfig": {"PageSize": page},
        }
        return dynamo.query(self.client, request, values)

    def _batch(self, wanted: Iterable[dict[str, str]]) -> list[dict[str, Any]]:
        return dynamo.batch_get(self.client, {self.records_table: wanted}, self.pause)[self.records_table]

    @property
    def _items(self) -> SyncItems:
        return SyncItems(self.client, self.records_table)


def _together(do: Callable[[_OneT], _FoundT], each: Collection[_OneT]) -> list[_FoundT]:
    """Do it for each, several at once: a request to DynamoDB is a wait of some milliseconds."""
    if len(each) < _ENOUGH:
        return [do(one) for one in each]
    with ThreadPoolExecutor(min(_THREADS, len(each))) as pool:
        return list(pool.map(do, each))


def _those(found: Iterable[_OneT | None]) -> frozenset[_OneT]:
    return frozenset(one for one in found if one is not None)

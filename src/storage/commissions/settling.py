"""Where closings are settled: due marks, heads, ledgers, counters, records and replay marks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from domain.commission.settlement import Head
from domain.errors import Conflict
from storage import dynamo
from storage.commissions import keys, rows
from storage.commissions.codec import posted_from_json
from storage.commissions.records import record_from
from storage.commissions.writes import head_write, mark_settled, mark_waits, replay_write, settlement_writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from domain.commission.calculation import CounterKey
    from domain.commission.settlement import (
        CommissionRecord,
        CounterState,
        DueMark,
        LedgerEntry,
        Order,
        PostedCalculation,
        ReplayMark,
        Settlement,
    )

logger = logging.getLogger(__name__)

#: Marks of one page; each is one small row.
PAGE = 100

#: Deals whose records are read at once.
_THREADS = 8

_MarkT = TypeVar("_MarkT", "DueMark", "ReplayMark")


@dataclass(frozen=True, slots=True)
class DynamoCommissionStore:
    """Settlements on DynamoDB; implements `domain.commission.ports.CommissionStore`."""

    client: DynamoDBClient
    records_table: str
    pause: Callable[[float], None]

    # -- due marks

    def due(self, now: datetime) -> Iterator[Sequence[DueMark]]:
        """The marks whose time has come, oldest first, page by page.

        One pass over the index, which lags behind the table: each mark is read again, and what was dealt with or put
        off meanwhile is left out.
        """
        for marks in self._waiting(keys.DUE, now, rows.mark_from):
            yield sorted(marks, key=lambda mark: (mark.due_at, mark.deal_id))

    def mark(self, deal_id: str) -> DueMark | None:
        """The mark of this deal, if there is one."""
        row = self._get(keys.mark_key(deal_id))
        return rows.mark_from(row) if row else None

    def set_due(self, mark: DueMark) -> None:
        """Set or replace the mark, unless a newer version of the deal has set one meanwhile."""
        columns = rows.mark_columns(mark)
        change = ", ".join(f"{name} = :{name}" for name in columns)
        values = {f":{name}": value for name, value in columns.items()}
        try:
            with dynamo.translated(f"set deal {mark.deal_id} due"):
                self.client.update_item(
                    TableName=self.records_table,
                    Key=dynamo.to_wire(keys.mark_key(mark.deal_id)),
                    UpdateExpression=f"SET {change} ADD guard :one",
                    ConditionExpression="attribute_not_exists(due_kind) OR deal_version <= :deal_version",
                    ExpressionAttributeValues=dynamo.to_wire(values | {":one": 1}),
                )
        except Conflict:  # the newer one will be settled, and with it this one
            return

    def clear(self, mark: DueMark, head: Head | None = None) -> None:
        """Nothing is to be posted: the mark goes, and the head stands so, where one is given.

        Raises:
            Conflict: the mark was set anew, or the head has changed.
        """
        writes = [mark_settled(mark, self.records_table)]
        if head is not None:
            writes.append(head_write(head, self.records_table))
        dynamo.write_all(self.client, f"clear the mark of deal {mark.deal_id}", writes)

    def blocked(self) -> Iterator[Sequence[DueMark]]:
        """Every mark whose last attempt lacked something, page by page."""
        for marks in self._waiting(keys.DUE, None, rows.mark_from):
            if blocked := [mark for mark in marks if mark.needs]:
                yield sorted(blocked, key=lambda mark: (mark.due_at, mark.deal_id))

    def needs(self, mark: DueMark, head: Head) -> None:
        """The mark waits on, with what it needs; the head says so too.

        Raises:
            Conflict: somebody else settled it meanwhile, or set the mark anew.
        """
        writes = [mark_waits(mark, self.records_table), head_write(head, self.records_table)]
        dynamo.write_all(self.client, f"put off deal {mark.deal_id}", writes)

    # -- what is posted

    def head(self, deal_id: str) -> Head:
        """How the deal's commission stands; one of version 0 where there is nothing yet."""
        row = self._get(keys.head_key(deal_id))
        return rows.head_from(deal_id, row) if row else Head(deal_id)

    def calculation(self, deal_id: str, number: int) -> PostedCalculation | None:
        """One of the deal's calculations."""
        row = self._get(keys.calculation_key(deal_id, number))
        return posted_from_json(row["calculation"]) if row else None

    def history(self, deal_id: str) -> Sequence[PostedCalculation]:
        """All of them, by number."""
        found = self._under(keys.deal_partition(deal_id), keys.CALCULATIONS)
        return [posted_from_json(row["calculation"]) for row in found]

    def counters(self, counters: Collection[CounterKey]) -> Mapping[CounterKey, CounterState]:
        """Those that are stored: one batch read for up to a hundred."""
        asked = {(row["pk"], row["sk"]): key for key in counters for row in [keys.counter_key(key)]}
        found = self._batch([keys.counter_key(key) for key in asked.values()])
        return {asked[row["pk"], row["sk"]]: rows.counter_from(row) for row in found}

    def entry_before(self, owner: str, order: Order) -> LedgerEntry | None:
        """The last entry of the owner before that place in the order."""
        return self._neighbour(owner, order, "<")

    def entry_after(self, owner: str, order: Order) -> LedgerEntry | None:
        """The first entry of the owner behind that place in the order."""
        return self._neighbour(owner, order, ">")

    def ledger(self, owner: str, *, since: date | None = None, until: date | None = None) -> Sequence[LedgerEntry]:
        """The owner's entries with closing days from `since` up to and including `until`, in order."""
        return [rows.entry_from(row) for row in self._places(owner, since, until, _STAYS)]

    def gone(self, owner: str, *, since: date | None = None, until: date | None = None) -> Sequence[Order]:
        """The places, of these closing days, that deals have left, in order."""
        return [keys.order_of(row["sk"]) for row in self._places(owner, since, until, _GONE)]

    def records(self, deals: Collection[str]) -> Sequence[CommissionRecord]:
        """The commission records of these deals, retired ones included, by deal and account."""
        asked = sorted(set(deals))
        if len(asked) < 2:
            return [record for deal_id in asked for record in self._records_of(deal_id)]
        with ThreadPoolExecutor(min(_THREADS, len(asked))) as pool:
            return [record for found in pool.map(self._records_of, asked) for record in found]

    def commit(self, settlement: Settlement) -> None:
        """Write it all in one transaction.

        Raises:
            Conflict: something it was based on has changed; load and decide again.
            CommissionRefused: it would take more than the 100 items of one transaction, or an item is too large.
        """
        stored = self._replay_rows({mark.owner for mark in settlement.marks})
        writes = settlement_writes(settlement, self.records_table, stored)
        dynamo.write_all(self.client, f"settle deal {settlement.posted.deal_id}", writes)

    # -- replays

    def replays_due(self, now: datetime) -> Iterator[Sequence[ReplayMark]]:
        """The replay marks whose time has come, page by page."""
        for marks in self._waiting(keys.REPLAY_DUE, now, rows.replay_from):
            yield sorted(marks, key=lambda mark: (mark.due_at, mark.owner))

    def set_replay(self, mark: ReplayMark) -> None:
        """Set a mark; one that exists moves back to the earlier of both.

        Raises:
            Conflict: somebody else moved it in the same moment; set it again.
        """
        stored = self._replay_rows([mark.owner])
        write = replay_write(mark, stored.get(mark.owner), self.records_table)
        dynamo.write_all(self.client, f"mark {mark.owner} for a replay", [write])

    def end_replay(self, mark: ReplayMark) -> None:
        """The owner's ledger is right again. A mark that was moved meanwhile stays."""
        ended = dynamo.update(
            self.records_table,
            keys.replay_key(mark.owner),
            "ADD version :one REMOVE due_kind, due_at, behind",
            "#version = :read",
            {":read": mark.version, ":one": 1},
        )
        try:
            dynamo.write_all(self.client, f"end the replay of {mark.owner}", [ended])
        except Conflict:
            return

    # -- how it is read

    def _waiting(
        self, kind: str, now: datetime | None, read: Callable[[Mapping[str, Any]], _MarkT | None]
    ) -> Iterator[list[_MarkT]]:
        """The marks of one kind that the index holds, as they are now, page by page; all of them without `now`."""
        condition, values = "due_kind = :kind", dict[str, Any]({":kind": kind})
        if now is not None:
            condition, values = f"{condition} AND due_at <= :now", values | {":now": rows.seconds(now)}
        pages = self.client.get_paginator("query").paginate(
            TableName=self.records_table,
            IndexName="due",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=dynamo.to_wire(values),
            PaginationConfig={"PageSize": PAGE},
        )
        with dynamo.translated("read due commissions"):
            for page in pages:
                held = self._batch([_key(dynamo.from_wire(item)) for item in page["Items"]])
                marks = [mark for row in held if (mark := _readable(row, read)) is not None]
                if found := [mark for mark in marks if now is None or mark.due_at <= now]:
                    yield found

    def _neighbour(self, owner: str, order: Order, side: str) -> LedgerEntry | None:
        request = self._query(f"pk = :owner AND sk {side} :here") | {
            "FilterExpression": _STAYS,
            "ScanIndexForward": side == ">",
            "PaginationConfig": {"MaxItems": 1, "PageSize": 1},
        }
        values = {":owner": keys.ledger_partition(owner), ":here": keys.entry_key(owner, order)["sk"]}
        found = next(dynamo.query(self.client, request, values), None)
        return rows.entry_from(found) if found else None

    def _places(self, owner: str, since: date | None, until: date | None, which: str) -> Iterator[dict[str, Any]]:
        first, last = keys.entries_between(since, until)
        request = self._query("pk = :owner AND sk BETWEEN :first AND :last") | {"FilterExpression": which}
        values = {":owner": keys.ledger_partition(owner), ":first": first, ":last": last}
        return dynamo.query(self.client, request, values)

    def _records_of(self, deal_id: str) -> list[CommissionRecord]:
        found = self._under(keys.deal_partition(deal_id), keys.RECORDS)
        return [record_from(row) for row in found]

    def _replay_rows(self, owners: Collection[str]) -> dict[str, Mapping[str, Any]]:
        by_key = {keys.replay_key(owner)["pk"]: owner for owner in owners}
        return {by_key[row["pk"]]: row for row in self._batch([keys.replay_key(owner) for owner in sorted(owners)])}

    def _under(self, partition: str, beginning: str) -> Iterator[dict[str, Any]]:
        request = self._query("pk = :partition AND begins_with(sk, :beginning)")
        return dynamo.query(self.client, request, {":partition": partition, ":beginning": beginning})

    def _query(self, condition: str) -> dict[str, Any]:
        return {"TableName": self.records_table, "KeyConditionExpression": condition, "ConsistentRead": True}

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        return dynamo.get(self.client, self.records_table, key)

    def _batch(self, wanted: Collection[dict[str, str]]) -> list[dict[str, Any]]:
        return dynamo.batch_get(self.client, {self.records_table: wanted}, self.pause)[self.records_table]


#: An entry that left the ledger is passed over, unless just those are asked for.
_STAYS, _GONE = "attribute_not_exists(gone)", "attribute_exists(gone)"


def _key(row: Mapping[str, Any]) -> dict[str, str]:
    return {"pk": row["pk"], "sk": row["sk"]}


def _readable(row: Mapping[str, Any], read: Callable[[Mapping[str, Any]], _MarkT | None]) -> _MarkT | None:
    """The mark, if it can be read; one that cannot must not hold up the others."""
    try:
        return read(row)
    except (KeyError, ValueError):
        logger.exception("mark %s %s cannot be read; correct it in the records table", row["pk"], row["sk"])
        return None

"""The transaction of one settlement, as the API takes it, and the guards of marks and heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain.errors import CommissionRefused
from storage import dynamo
from storage.commissions import keys, rows
from storage.commissions.codec import posted_to_json
from storage.commissions.records import record_columns
from storage.delivery.marks import Owing, write_owed
from storage.records import ITEM_BYTES, TRANSACTION_ITEMS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from domain.commission.calculation import CounterKey
    from domain.commission.cda import CdaRow
    from domain.commission.settlement import (
        CommissionRecord,
        CounterState,
        DueMark,
        Head,
        LedgerEntry,
        Order,
        PostedCalculation,
        ReplayMark,
        Settlement,
    )

#: DynamoDB's limit of one sort key.
SORT_KEY_BYTES = 1024

_NEW = "attribute_not_exists(pk)"


def settlement_writes(
    settlement: Settlement, table: str, stored_marks: Mapping[str, Mapping[str, Any]]
) -> list[TransactWriteItemTypeDef]:
    """Everything that the settlement writes.

    Args:
        settlement: what to write.
        table: where.
        stored_marks: owner to the row of their replay mark as it is stored, of the owners in `settlement.marks`.

    Raises:
        CommissionRefused: it is more than one transaction, one item or one key holds.
    """
    writes = [_posted(settlement.posted, table), head_write(settlement.head, table)]
    writes += _entries(settlement.entries, settlement.removed, table)
    writes += [_counter(key, *counter, table) for key, counter in settlement.counters.items()]
    owing = Owing(settlement.posted.at)
    writes += [_record(record, owing, table) for record in settlement.records]
    writes += _replays(settlement, table, stored_marks)
    if settlement.settles is not None:
        writes.append(mark_settled(settlement.settles, table))
    if settlement.cda is not None:
        writes.append(cda_write(settlement.cda, table))
    if settlement.superseded is not None:
        # Guarded by the head: every change of a CDA moves it.
        writes.append(dynamo.put(table, rows.cda_version_item(settlement.superseded)))
    if len(writes) > TRANSACTION_ITEMS:
        raise CommissionRefused(
            f"deal {settlement.posted.deal_id} changes {len(writes)} items ({len(settlement.counters)} of them "
            f"counters), and one transaction holds {TRANSACTION_ITEMS}; give its agents plans with fewer counters, or "
            "close it as two deals with fewer agents each"
        )
    return writes


def head_write(head: Head, table: str) -> TransactWriteItemTypeDef:
    """The write of a head, provided that it still has the version before `head.version`."""
    before = head.version - 1
    condition, values = (_NEW, None) if before == 0 else ("#version = :before", {":before": before})
    return dynamo.put(table, rows.head_item(head), condition, values)


def cda_write(row: CdaRow, table: str) -> TransactWriteItemTypeDef:
    """The write of a deal's CDA as it stands, provided that it still has the guard before `row.guard`."""
    before = row.guard - 1
    condition, values = (_NEW, None) if before == 0 else ("guard = :before", {":before": before})
    return dynamo.put(table, rows.cda_item(row), condition, values)


def mark_settled(mark: DueMark, table: str) -> TransactWriteItemTypeDef:
    """The mark is dealt with, provided that it is as it was read.

    A mark that was set anew fails the whole transaction: what was computed is older than what is to be settled now,
    or than the plan that was mended, so it is decided again. Its guard counts on, so it is not taken for the next one.
    """
    change = "SET guard = :next REMOVE due_kind, due_at, needs, attempts, event"
    return _mark_update(mark, change, {}, table)


def mark_waits(mark: DueMark, table: str) -> TransactWriteItemTypeDef:
    """The mark as it should be now, provided that it still has the guard it was read with."""
    columns = rows.mark_columns(mark)
    del columns["deal_version"]  # the condition's
    change = ", ".join(["SET guard = :next", *(f"{name} = :{name}" for name in columns)])
    return _mark_update(mark, change, {f":{name}": value for name, value in columns.items()}, table)


def replay_write(mark: ReplayMark, stored: Mapping[str, Any] | None, table: str) -> TransactWriteItemTypeDef:
    """Set a replay mark, or move it back to the earlier of both, provided that it still is as it is stored.

    Args:
        mark: what to set; its version does not matter.
        stored: the row that it is based on; None if there is none.
        table: where.
    """
    version = int(stored["version"]) if stored else 0
    held = rows.replay_from(stored) if stored else None
    if held is not None:
        mark = replace(mark, after=min(mark.after, held.after), due_at=min(mark.due_at, held.due_at))
    return _replay_put(mark, version, table)


def _posted(posted: PostedCalculation, table: str) -> TransactWriteItemTypeDef:
    text = posted_to_json(posted)
    size = len(text.encode())
    if size > ITEM_BYTES:
        raise CommissionRefused(
            f"the calculation of deal {posted.deal_id} would be {size:,} bytes, and one item holds {ITEM_BYTES:,}; "
            "give its agents plans with fewer rules, or close it as two deals with fewer agents each"
        )
    item = keys.calculation_key(posted.deal_id, posted.number) | {"calculation": text}
    return dynamo.put(table, item, _NEW)


def _entries(
    entries: Sequence[LedgerEntry], removed: Sequence[tuple[str, Order]], table: str
) -> list[TransactWriteItemTypeDef]:
    # Neither is guarded: an owner's counters are, and the deal's head.
    put = {(entry.owner, entry.order): rows.entry_item(entry) for entry in entries}
    gone = {(owner, order): rows.gone_item(owner, order) for owner, order in removed}
    items = gone | put
    for item in items.values():
        if len(item["sk"].encode()) > SORT_KEY_BYTES:
            raise CommissionRefused(
                f"the deal's place in the ledger, {item['sk'][:80]!r}..., is longer than {SORT_KEY_BYTES:,} bytes; "
                "shorten the deal's number"
            )
    return [dynamo.put(table, item) for item in items.values()]


def _record(record: CommissionRecord, owing: Owing, table: str) -> TransactWriteItemTypeDef:
    # Not guarded: every settlement of the deal moves its head.
    key = keys.record_key(record.deal_id, record.account)
    return write_owed(table, key, record_columns(record), owing, based_on=None)


def _counter(key: CounterKey, state: CounterState, based_on: int, table: str) -> TransactWriteItemTypeDef:
    item = rows.counter_item(key, state)
    if based_on == 0:
        return dynamo.put(table, item, _NEW)
    return dynamo.put(table, item, "#version = :before", {":before": based_on})


def _replays(
    settlement: Settlement, table: str, stored_marks: Mapping[str, Mapping[str, Any]]
) -> list[TransactWriteItemTypeDef]:
    """Marks to set, and the one that this step moves on; one write for each owner, whatever is asked for them."""
    wanted: dict[str, ReplayMark] = {}
    for mark in settlement.marks:
        other = wanted.get(mark.owner)
        wanted[mark.owner] = mark if other is None else min(mark, other, key=lambda one: one.after)
    writes = []
    if (advanced := settlement.advanced) is not None:
        moved = replace(advanced, after=settlement.posted.order)
        if (back := wanted.pop(advanced.owner, None)) is not None:
            moved = replace(moved, after=min(moved.after, back.after))
        writes.append(_replay_put(moved, advanced.version, table))
    return writes + [replay_write(mark, stored_marks.get(mark.owner), table) for mark in wanted.values()]


def _replay_put(mark: ReplayMark, based_on: int, table: str) -> TransactWriteItemTypeDef:
    item = rows.replay_item(replace(mark, version=based_on + 1))
    if based_on == 0:
        return dynamo.put(table, item, _NEW)
    return dynamo.put(table, item, "#version = :before", {":before": based_on})


def _mark_update(mark: DueMark, change: str, values: dict[str, Any], table: str) -> TransactWriteItemTypeDef:
    # Marks of older days have no guard.
    untouched = "(guard = :guard OR attribute_not_exists(guard))" if mark.guard == 0 else "guard = :guard"
    condition = f"attribute_exists(due_kind) AND deal_version = :deal_version AND {untouched}"
    read = {":deal_version": mark.deal_version, ":guard": mark.guard, ":next": mark.guard + 1}
    return dynamo.update(table, keys.mark_key(mark.deal_id), change, condition, values | read)

"""Rows of settlements, as stored and as read; calculations are in codec.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from domain.commission.cda import CdaRow
from domain.commission.settlement import (
    CounterState,
    DueMark,
    Head,
    LedgerEntry,
    ReplayMark,
    Standing,
)
from domain.envelope import Envelope
from storage.commissions import keys

if TYPE_CHECKING:
    from domain.commission.calculation import CounterKey
    from domain.commission.cda import CdaState
    from domain.commission.settlement import Order


def seconds(moment: datetime) -> int:
    """An instant as the index `due` sorts it; fractions of a second are dropped."""
    return int(moment.timestamp())


def mark_columns(mark: DueMark) -> dict[str, Any]:
    """What a due mark says, its guard left out: that belongs to who writes it."""
    return {
        "due_kind": keys.DUE,
        "due_at": seconds(mark.due_at),
        "deal_version": mark.deal_version,
        "needs": mark.needs,
        "attempts": mark.attempts,
        "event": mark.event.without_body().to_json() if mark.event else "",
    }


def mark_from(row: Mapping[str, Any]) -> DueMark | None:
    """The due mark; None for one that was dealt with."""
    if "due_kind" not in row:
        return None
    event = row.get("event", "")
    return DueMark(
        deal_id=row["pk"].removeprefix(keys.deal_partition("")),
        deal_version=int(row["deal_version"]),
        due_at=datetime.fromtimestamp(int(row["due_at"]), tz=UTC),
        needs=row.get("needs", ""),
        attempts=int(row.get("attempts", 0)),
        event=Envelope.from_json(event) if event else None,
        guard=int(row.get("guard", 0)),
    )


def head_item(head: Head) -> dict[str, Any]:
    """The head as it is stored."""
    row = keys.head_key(head.deal_id) | {
        "version": head.version,
        "current": head.number,
        "standing": head.standing.value,
        "needs": head.needs,
        "paid": head.paid,
    }
    return row | ({"closing_order": list(head.order)} if head.order else {})


def head_from(deal_id: str, row: Mapping[str, Any]) -> Head:
    """The head that `head_item` stored."""
    return Head(
        deal_id=deal_id,
        version=int(row["version"]),
        number=int(row["current"]),
        standing=Standing(row["standing"]),
        needs=row["needs"],
        order=order_from(row["closing_order"]) if "closing_order" in row else None,
        paid=bool(row["paid"]),
    )


def entry_item(entry: LedgerEntry) -> dict[str, Any]:
    """A ledger entry as it is stored."""
    return keys.entry_key(entry.owner, entry.order) | {
        "closing_order": list(entry.order),
        "deal_id": entry.deal_id,
        "calculation": entry.number,
        "values_before": {name: list(held) for name, held in entry.before.items()},
        "values_after": {name: list(held) for name, held in entry.after.items()},
    }


def gone_item(owner: str, order: Order) -> dict[str, Any]:
    """What stays of an entry that left the ledger; readers pass over it."""
    return keys.entry_key(owner, order) | {"gone": True}


def entry_from(row: Mapping[str, Any]) -> LedgerEntry:
    """The ledger entry that `entry_item` stored."""
    return LedgerEntry(
        owner=row["pk"].removeprefix(keys.ledger_partition("")),
        order=order_from(row["closing_order"]),
        deal_id=row["deal_id"],
        number=int(row["calculation"]),
        before=_held(row["values_before"]),
        after=_held(row["values_after"]),
    )


def counter_item(key: CounterKey, state: CounterState) -> dict[str, Any]:
    """A counter as it is stored."""
    row = keys.counter_key(key) | {"held": state.value, "version": state.version}
    return row | ({"moved_by": list(state.last)} if state.last else {})


def counter_from(row: Mapping[str, Any]) -> CounterState:
    """The counter that `counter_item` stored."""
    last = order_from(row["moved_by"]) if "moved_by" in row else None
    return CounterState(value=int(row["held"]), version=int(row["version"]), last=last)


def replay_item(mark: ReplayMark) -> dict[str, Any]:
    """A replay mark as it is stored."""
    return keys.replay_key(mark.owner) | {
        "version": mark.version,
        "behind": list(mark.after),
        "due_kind": keys.REPLAY_DUE,
        "due_at": seconds(mark.due_at),
    }


def replay_from(row: Mapping[str, Any]) -> ReplayMark | None:
    """The replay mark that `replay_item` stored; None for one that was worked off."""
    if "due_kind" not in row:
        return None
    return ReplayMark(
        owner=row["pk"].removeprefix(keys.replay_key("")["pk"]),
        after=order_from(row["behind"]),
        version=int(row["version"]),
        due_at=datetime.fromtimestamp(int(row["due_at"]), tz=UTC),
    )


def cda_item(row: CdaRow) -> dict[str, Any]:
    """A deal's CDA as it stands; it is listed by its state and its closing day."""
    closes = datetime.combine(row.closing_date, time(), tzinfo=UTC)
    listed = {"due_kind": cda_kind(row.state), "due_at": seconds(closes)}
    return keys.cda_key(row.deal_id) | listed | {"guard": row.guard, "cda": cda_document(row)}


def cda_version_item(row: CdaRow) -> dict[str, Any]:
    """A version of a CDA; it is not listed."""
    return keys.cda_version_key(row.deal_id, row.version) | {"cda": cda_document(row)}


def cda_document(row: CdaRow) -> dict[str, Any]:
    """A CDA's row as a map; what is unset is left out."""
    return row.model_dump(mode="json", exclude_none=True)


def cda_from(row: Mapping[str, Any]) -> CdaRow:
    """The row that `cda_item` or `cda_version_item` stored."""
    return CdaRow.model_validate(row["cda"])


def cda_kind(state: CdaState) -> str:
    """Where the index `due` holds CDAs of this state."""
    return f"cda_{state.value}"


def order_from(stored: Sequence[str]) -> Order:
    """A deal's place in closing order."""
    day, number, deal_id = stored
    return (day, number, deal_id)


def _held(stored: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, int]]:
    return {name: (period, int(value)) for name, (period, value) in stored.items()}

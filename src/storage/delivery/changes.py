"""What a write to a sync row leaves there: the row as it should be, and the update expression that makes it so.

The conditions stand with the writes, in sync.py.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from domain.crm.rows import Standing
from storage.delivery.marks import ASKS, BACKFILL, CLEAN, LIVE, REFUSED
from storage.delivery.rows import NEVER, columns, seconds

if TYPE_CHECKING:
    from datetime import datetime

    from domain.crm.rows import SyncRow

#: An update expression and its values.
Change = tuple[str, dict[str, Any]]


def saved(row: SyncRow, held: SyncRow | None) -> SyncRow:
    """The row in the middle of its work. An open write is due when the lease ends, if nothing else is said.

    Args:
        row: as its worker wants it.
        held: as it is stored, if it was rung since it was leased: when it is due stays as those wanted it who rang.
    """
    if held is not None:
        return replace(row, due_at=held.due_at, backfill=held.backfill)
    if row.due_at is None and row.intent is not None:
        return replace(row, due_at=row.lease_until)
    return row


def finished(row: SyncRow, held: SyncRow | None, now: datetime) -> SyncRow:
    """The row at the end of its work; arguments as for `saved`. If it was rung meanwhile, it is due at once."""
    ended = replace(row, lease="", lease_until=None)
    return ended if held is None else replace(ended, due_at=now, backfill=held.backfill)


def rung(held: SyncRow, at: datetime, *, backfill: bool) -> SyncRow:
    """The row once it was rung. What is live is never put off by a backfill, nor hurried: it may be backing off."""
    if held.due_at is None:
        return replace(held, due_at=at, backfill=backfill)
    if backfill and not held.backfill:
        return held
    return replace(held, due_at=min(held.due_at, at), backfill=backfill)


def leasing(token: str, until: datetime) -> Change:
    """The row goes into the hands of a worker."""
    change = "SET lease = :token, lease_until = :until, rung = if_not_exists(rung, :none)"
    return change, {":token": token, ":until": seconds(until), ":none": 0}


def writing(row: SyncRow, now: datetime, *, rung: bool) -> Change:
    """Everything but `rung` as the row says, and the lease only where it has none.

    Args:
        row: as it should be.
        now: since when a person is asked, if that is new.
        rung: it was rung since it was leased: who rang may want the CRM read, and nobody has yet.
    """
    asks = row.standing is Standing.ASKS
    wanted = columns(row) | due(row)
    sets, removes, values = _parts(wanted)
    if asks:
        sets.append("asked_at = if_not_exists(asked_at, :asked)")
        values[":asked"] = seconds(now)
    else:
        removes.append("asked_at")
    if not row.lease:
        removes += ["lease", "lease_until"]
        removes += [] if rung else ["look"]
    return _change(sets, removes), values


def ringing(row: SyncRow, *, sight: bool) -> Change:
    """When the row is due, and that one more asked for it."""
    sets, removes, values = _parts(due(row) | ({"look": True} if sight else {}))
    return f"{_change(sets, removes)} ADD rung :one", values | {":one": 1}


def due(row: SyncRow) -> dict[str, Any]:
    """What the index `due` has of the row; one that asks, is refused or was confirmed is always listed."""
    listed: tuple[str | None, Decimal | None] = (None, None)
    if row.standing is Standing.ASKS:
        listed = ASKS, NEVER if row.due_at is None else seconds(row.due_at)
    elif row.due_at is not None:
        listed = BACKFILL if row.backfill else LIVE, seconds(row.due_at)
    elif row.standing is Standing.REFUSED:
        listed = REFUSED, NEVER
    elif row.standing is Standing.CLEAN and row.confirmed is not None:
        listed = CLEAN, seconds(row.confirmed.at)
    return {"due_kind": listed[0], "due_at": listed[1], "backfill": row.backfill or None}


def _parts(wanted: dict[str, Any]) -> tuple[list[str], list[str], dict[str, Any]]:
    """What to set, what to remove, and the values: None is not stored."""
    held = {name: value for name, value in wanted.items() if value is not None}
    removes = [name for name in wanted if name not in held]
    return [f"{name} = :{name}" for name in held], removes, {f":{name}": value for name, value in held.items()}


def _change(sets: list[str], removes: list[str]) -> str:
    clauses = (("SET", sets), ("REMOVE", removes))
    return " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses if parts)

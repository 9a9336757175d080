"""Sync rows as stored and as read.

What a person may want to see in the console is a plain map, `known`. The digests of the row's fields, several maps
with the same names and mostly the same values, are one compressed JSON text: as maps they would make each write of a
deal cost ten write units in place of two.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.crm.rows import Confirmation, Intent, Question, RowKey, Standing, SyncRow, Verb
from domain.marks import microseconds
from storage.delivery.marks import DUE

#: Of a value that the CRM altered, and of a reason, the characters that are kept: people read them, nothing else does.
SHOWN = 1_000

#: Attributes of a row that are stored as they are, where they say something.
_PLAIN = ("remote_id", "refused", "letter", "generation", "attempts", "decided", "sight")

#: When a row is due that is listed because it asks, and waits for nothing else; it sorts behind every instant.
NEVER = Decimal(10**12)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = 6


def seconds(moment: datetime) -> Decimal:
    """An instant as an index sorts it and a condition compares it: exact to the microsecond."""
    return Decimal(microseconds(moment)).scaleb(-_MICRO)


def moment_of(stored: Decimal) -> datetime:
    """The instant that `seconds` wrote, or a mark in whole seconds."""
    return _EPOCH + timedelta(microseconds=int(stored.scaleb(_MICRO)))


def columns(row: SyncRow) -> dict[str, Any]:
    """What is known of the row, as attributes of its item; those that are None are not to be there.

    Left out are the lease, `rung` and when the row is due: conditions and the index need them by themselves.
    """
    return {"known": _known(row), "digests": _packed(row)}


def row_from(key: RowKey, item: Mapping[str, Any]) -> SyncRow:
    """The sync row that an item holds."""
    known: Mapping[str, Any] = item.get("known", {})
    maps = _unpacked(item.get("digests"))
    return SyncRow(
        key=key,
        lease=item.get("lease", ""),
        lease_until=_moment(item.get("lease_until")),
        rung=int(item.get("rung", 0)),
        standing=Standing(known.get("standing", Standing.OPEN)),
        generation=int(known.get("generation", 0)),
        remote_id=known.get("remote_id", ""),
        owns=frozenset(known["owns"]) if "owns" in known else None,
        decided=bool(known.get("decided", False)),
        confirmed=_confirmation(known.get("confirmed"), maps.get("confirmed")),
        before=_confirmation(known.get("before"), maps.get("before")),
        intent=_intent(known.get("intent"), maps.get("intent")),
        doubted_at=_instant(known.get("doubted_at")),
        sight=bool(known.get("sight", False) or item.get("look", False)),
        question=Question(known["question"]) if "question" in known else None,
        candidates=tuple(known.get("candidates", ())),
        behind=RowKey.parse(known["behind"]) if "behind" in known else None,
        reason=known.get("reason", ""),
        attempts=int(known.get("attempts", 0)),
        refused=known.get("refused", ""),
        letter=known.get("letter", ""),
        due_at=due_at_of(item),
        backfill=bool(item.get("backfill", False)),
        asked_at=_moment(item.get("asked_at")),
    )


def due_at_of(item: Mapping[str, Any]) -> datetime | None:
    """When an item of the records table, or of its index `due`, is due for the CRM; None if it is not."""
    if item.get("due_kind") not in DUE or item["due_at"] == NEVER:
        return None
    return moment_of(item["due_at"])


def _known(row: SyncRow) -> dict[str, Any]:
    said: dict[str, Any] = {
        "owns": None if row.owns is None else sorted(row.owns),
        "confirmed": None if row.confirmed is None else _when(row.confirmed),
        "before": None if row.before is None else _when(row.before),
        "intent": None if row.intent is None else _when(row.intent) | {"verb": row.intent.verb.value},
        "doubted_at": None if row.doubted_at is None else row.doubted_at.isoformat(),
        "question": None if row.question is None else row.question.value,
        "candidates": list(row.candidates) or None,
        "behind": None if row.behind is None else str(row.behind),
    }
    said |= {name: getattr(row, name) or None for name in _PLAIN} | {"reason": row.reason[:SHOWN] or None}
    return {"standing": row.standing.value} | {name: value for name, value in said.items() if value is not None}


def _when(write: Confirmation | Intent) -> dict[str, Any]:
    return {"at": write.at.isoformat(), "version": write.version}


def _packed(row: SyncRow) -> bytes | None:
    maps: dict[str, Any] = {}
    for name, held in (("confirmed", row.confirmed), ("before", row.before)):
        if held is not None:
            altered = {field: [one[:SHOWN], other[:SHOWN]] for field, (one, other) in held.altered.items()}
            maps[name] = [dict(held.sent), dict(held.held), altered]
    if row.intent is not None:
        maps["intent"] = dict(row.intent.sent)
    return zlib.compress(json.dumps(maps, separators=(",", ":")).encode()) if maps else None


def _unpacked(packed: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(zlib.decompress(bytes(packed))) if packed is not None else {}
    return found


def _confirmation(when: Mapping[str, Any] | None, maps: Any) -> Confirmation | None:
    if when is None:
        return None
    sent, held, altered = maps
    shown = {field: (one, other) for field, (one, other) in altered.items()}
    return Confirmation(datetime.fromisoformat(when["at"]), int(when["version"]), sent, held, shown)


def _intent(when: Mapping[str, Any] | None, sent: Any) -> Intent | None:
    if when is None:
        return None
    return Intent(Verb(when["verb"]), datetime.fromisoformat(when["at"]), int(when["version"]), sent)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _moment(stored: Decimal | None) -> datetime | None:
    return None if stored is None else moment_of(stored)

"""Links that are one link there, because two contacts of ours are one record: all of their rows hold the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.crm.rows import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from domain.crm.ports import SyncStore
    from domain.crm.rows import RowKey, SyncRow
    from flows.delivery.case import Case
    from flows.delivery.content import Content


def ring_siblings(
    ended: Iterable[SyncRow], cases: Mapping[RowKey, Case], rows: SyncStore, now: datetime, *, backfill: bool
) -> None:
    """Have those drawn again that do not know yet what was just confirmed.

    One that was drawn before it became known who is the same person says less. It may be written any moment, and over
    what is right; or it may be on its own again one day, and nobody would know that the link says too much.

    Args:
        ended: rows as they rest. They are finished after this, or a run that stops in between would not ring again.
        cases: what is being delivered together with them; what says the same there needs no bell.
        rows: the sync rows.
        now: aware UTC.
        backfill: whose share of the rate is used.
    """
    others: dict[RowKey, Content] = {}
    for row in ended:
        content = cases[row.key].content
        if row.standing is Standing.CLEAN and content is not None and content.siblings:
            others |= {key: content for key in content.siblings if not _says(cases.get(key), content)}
    held = rows.rows(others) if others else {}
    stale = [key for key, row in held.items() if _is_stale(row, others[key])]
    if stale:
        rows.ring(stale, now, backfill=backfill)


def _says(case: Case | None, content: Content) -> bool:
    return case is not None and case.content is not None and case.content.digests == content.digests


def _is_stale(row: SyncRow, content: Content) -> bool:
    if row.standing is Standing.LEFT:
        return False
    return bool(row.lease) or row.confirmed is None or row.confirmed.sent != content.digests

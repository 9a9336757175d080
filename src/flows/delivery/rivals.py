"""Two contacts that may be one person, and are new to the CRM at the same time: one of them goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.crm.rows import Standing
from transforms.crm_record import claims, terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from domain.crm.ports import SyncStore
    from domain.crm.rows import RowKey
    from domain.crm.sink import Terms


def find_rivals(wanted: Iterable[Terms], rows: SyncStore, now: datetime) -> Mapping[RowKey, RowKey]:
    """Claim what these contacts would be found by; returns whom those must wait for that must wait.

    Args:
        wanted: what each would be found by.
        rows: the sync rows, where claims are kept.
        now: aware UTC.
    """
    digests = {one.key: found for one in wanted if (found := claims(one))}
    held_up = rows.claim(digests)
    waits = {key: _rival(key, found, rows, now) for key, found in digests.items() if key in held_up}
    rivals = {key: other for key, other in waits.items() if other is not None}
    # One of these may have displaced another that had its claim already.
    alone = {key: found for key, found in digests.items() if key not in rivals}
    return {**rivals, **rows.claim(alone)}


def _rival(key: RowKey, digests: Iterable[str], rows: SyncStore, now: datetime) -> RowKey | None:
    for term in sorted(digests):  # always in this order, so that two never hold what the other wants next
        other = rows.claim({key: [term]}).get(key)
        if other is not None and not _goes_first(other, key, term, rows, now):
            other = rows.claim({key: [term]}, displace=other).get(key)
        if other is not None:
            return other
    return None


def _goes_first(other: RowKey, key: RowKey, term: str, rows: SyncStore, now: datetime) -> bool:
    """Whether the holder of a claim still is to be created under it. Of two who wait for each other one goes on."""
    held = rows.rows([other]).get(other)
    if held is None or held.is_there or (held.behind == key and key < other):
        return False
    is_at_work = held.lease_until is not None and held.lease_until >= now
    if held.standing not in {Standing.OPEN, Standing.BEHIND} and not is_at_work:
        return False
    contact = rows.load([other]).contacts.get(other.id)
    return contact is not None and term in claims(terms(contact))

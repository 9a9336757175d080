"""Two contacts that may be one person, and are new to the CRM at the same time: one of them goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.crm.rows import Standing
from transforms.crm_record import claims, terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain.crm.ports import SyncStore
    from domain.crm.rows import RowKey
    from domain.crm.sink import Terms


def find_rivals(wanted: Iterable[Terms], rows: SyncStore) -> Mapping[RowKey, RowKey]:
    """Claim what these contacts would be found by; returns whom those must wait for that must wait.

    Args:
        wanted: what each would be found by.
        rows: the sync rows, where claims are kept.
    """
    digests = {one.key: found for one in wanted if (found := claims(one))}
    held_up = rows.claim(digests)
    rivals = {key: _rival(key, found, rows) for key, found in digests.items() if key in held_up}
    return {key: other for key, other in rivals.items() if other is not None}


def _rival(key: RowKey, digests: Iterable[str], rows: SyncStore) -> RowKey | None:
    for term in sorted(digests):  # always in this order, so that two never hold what the other wants next
        other = rows.claim({key: [term]}).get(key)
        if other is not None and not _goes_first(other, key, term, rows):
            other = rows.claim({key: [term]}, displace=other).get(key)
        if other is not None:
            return other
    return None


def _goes_first(other: RowKey, key: RowKey, term: str, rows: SyncStore) -> bool:
    """Whether the holder of a claim still is to be created under it. Of two who wait for each other one goes on."""
    held = rows.rows([other]).get(other)
    if held is None or held.standing not in {Standing.OPEN, Standing.BEHIND} or held.is_there:
        return False
    if held.behind == key and key < other:
        return False
    contact = rows.load([other]).contacts.get(other.id)
    return contact is not None and term in claims(terms(contact))

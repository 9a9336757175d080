"""Keys of what delivering to a CRM keeps, and the CRM row that a key of the records table stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.crm.rows import Kind, RowKey
from storage.commissions import keys as commissions
from storage.records import contact_key, deal_key

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How sort keys of the sync rows of a deal begin; and those of its links.
SYNC, LINKS = "SYNC#", "SYNC#LINK#"

_DEAL, _CONTACT = "DEAL#", "CONTACT#"
_COMMISSIONS = "SYNC#COMMISSION#"


def sync_key(key: RowKey) -> dict[str, str]:
    """Key of a sync row: it stands beside the record, the sync row of a link beside its deal."""
    if key.kind is Kind.CONTACT:
        return {"pk": f"{_CONTACT}{key.id}", "sk": "SYNC"}
    below = {Kind.DEAL: "SYNC#DEAL", Kind.COMMISSION: f"{_COMMISSIONS}{key.other}", Kind.LINK: f"{LINKS}{key.other}"}
    return {"pk": f"{_DEAL}{key.id}", "sk": below[key.kind]}


def record_key(key: RowKey) -> dict[str, str] | None:
    """Key of the record that the row is drawn from and that bears its mark; None for a link, which has none."""
    if key.kind is Kind.CONTACT:
        return contact_key(key.id)
    if key.kind is Kind.DEAL:
        return deal_key(key.id)
    return commissions.record_key(key.id, key.other) if key.kind is Kind.COMMISSION else None


def row_of(item: Mapping[str, str]) -> RowKey:
    """The CRM row that an item of the records table is about: a sync row, or a record with a mark.

    Raises:
        ValueError: it is neither.
    """
    pk, sk = item["pk"], item["sk"]
    if pk.startswith(_CONTACT) and sk in {"SYNC", "CONTACT"}:
        return RowKey(Kind.CONTACT, pk.removeprefix(_CONTACT))
    if pk.startswith(_DEAL):
        deal_id = pk.removeprefix(_DEAL)
        if sk in {"SYNC#DEAL", "DEAL"}:
            return RowKey(Kind.DEAL, deal_id)
        for kind, start in _STARTS:
            if sk.startswith(start):
                return RowKey(kind, deal_id, sk.removeprefix(start))
    raise ValueError(f"item {pk} {sk} is about no CRM row; expected a record or a sync row")


_STARTS = ((Kind.LINK, LINKS), (Kind.COMMISSION, _COMMISSIONS), (Kind.COMMISSION, commissions.RECORDS))


def claim_key(term: str) -> dict[str, str]:
    """Key of the claim of a search term, from its digest."""
    return {"pk": f"CLAIM#{term}", "sk": "CLAIM"}


def shared_key(name: str) -> dict[str, str]:
    """Key of a document that all workers share."""
    return {"pk": "CRM#SHARED", "sk": name}

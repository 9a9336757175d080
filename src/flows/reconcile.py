"""Reconcile: our store against the external CRM, field by field, page by page. It changes nothing.

Rows are taken in the order in which they were touched: what is owed first, then what was confirmed since. Each row is
compared when its own turn comes; with a deal come those of its people, links and commissions that have no turn of
their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.crm.faults import CrmFaulted, Fault
from domain.crm.rows import Kind, RowKey, Standing
from flows.reconciling.census import Census, CrmSide, ReconcilePorts
from flows.reconciling.judging import is_pending

if TYPE_CHECKING:
    from domain.crm.ports import Touched
    from domain.crm.reconciling import Finding
    from domain.crm.rows import SyncRow
    from domain.deal import Deal

__all__ = ["CrmSide", "Page", "ReconcilePorts", "Walk", "reconcile_page"]

#: Rows of one lot, and deals among them: some nine calls to the CRM, 11 s at the 1.2 s that one takes.
LOT_ROWS = 50
LOT_DEALS = 12

#: Seconds that must be left to begin another lot.
LOT_S = 14.0

#: What is owed for longer than this is a difference: delivering takes seconds, and half a day after an outage as long.
OVERDUE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk over everything that was touched stands.

    Attributes:
        since: rows that were confirmed earlier are left out; aware UTC.
        after: where it goes on; empty: at the beginning.
    """

    since: datetime
    after: str = ""


@dataclass(slots=True)
class Page:
    """What one page of the walk found.

    Attributes:
        rows: that were compared; without an external CRM, that are held.
        deals: those of the rows that are deals, merged ones left out.
        findings: what does not agree, or not yet.
        after: where the next page begins; empty: this was the last.
        fault: why the page ends early: the CRM does not answer. `after` is behind what was compared.
    """

    rows: list[RowKey] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    after: str = ""
    fault: Fault | None = None


def reconcile_page(
    walk: Walk, ports: ReconcilePorts, *, now: datetime, time_left: Callable[[], float], most: int = 500
) -> Page:
    """Compare the next rows of a walk, as many as there is time for; one lot at least.

    Args:
        walk: where it stands.
        ports: everything outside.
        now: aware UTC.
        time_left: seconds until the run is cut off.
        most: rows after which no further lot begins.

    Raises:
        ValueError: `walk.after` is none of ours.
        Unavailable: our storage does not answer.
    """
    page = Page(after=walk.after)
    while True:
        listed = ports.rows.touched(walk.since, after=page.after, limit=LOT_ROWS)
        lot = _lot(listed)
        try:
            if lot:
                _compare(lot, walk, ports, page, now)
        except CrmFaulted as error:
            page.fault = error.fault
            return page
        page.after = lot[-1].after if lot else ""
        if len(lot) == len(listed) < LOT_ROWS:
            page.after = ""
            return page
        if len(page.rows) >= most or time_left() < LOT_S:
            return page


def _lot(listed: Sequence[Touched]) -> list[Touched]:
    """The first of the rows, up to as many deals as go together."""
    deals: set[str] = set()
    lot: list[Touched] = []
    for one in listed:
        if one.row.kind is Kind.DEAL:
            deals.add(one.row.id)
        if len(deals) > LOT_DEALS:
            break
        lot.append(one)
    return lot


def _compare(lot: Sequence[Touched], walk: Walk, ports: ReconcilePorts, page: Page, now: datetime) -> None:
    keys = list(dict.fromkeys(one.row for one in lot))
    wanted = [key for key in keys if key.kind is Kind.DEAL]
    deals = list(ports.rows.load(wanted).deals.values()) if wanted else []
    if ports.crm is not None:
        keys = list(dict.fromkeys([*keys, *_without_a_turn(deals, walk, ports)]))
        overdue = {one.row for one in lot if one.due_at is not None and one.due_at <= now - OVERDUE}
        page.findings += Census(ports, ports.crm, overdue).compare(keys)
    page.rows += keys
    page.deals += [deal for deal in deals if deal.merged_into is None]


def _without_a_turn(deals: Iterable[Deal], walk: Walk, ports: ReconcilePorts) -> list[RowKey]:
    """The rows of these deals that the walk does not list by themselves."""
    keys: list[RowKey] = []
    for deal in deals:
        people = [link.contact_id for link in deal.participants]
        keys += [RowKey(Kind.CONTACT, contact_id) for contact_id in people]
        keys += [RowKey(Kind.LINK, deal.id, contact_id) for contact_id in people]
        keys += [row.key for row in ports.rows.children_of(deal.id)]
    found = ports.commissions.records([deal.id for deal in deals]) if keys or deals else ()
    keys += [RowKey(Kind.COMMISSION, record.deal_id, record.account) for record in found]
    rows, owed = ports.rows.rows(keys), ports.rows.load(keys).owed
    return [key for key in dict.fromkeys(keys) if key not in owed and not _has_a_turn(rows.get(key), walk.since)]


def _has_a_turn(row: SyncRow | None, since: datetime) -> bool:
    if row is None or row.standing is Standing.LEFT:
        return False
    if row.standing in {Standing.ASKS, Standing.REFUSED} or is_pending(row, owed=False):
        return True
    return row.confirmed is not None and row.confirmed.at >= since

"""What a change of plans or accounts sets going: closings that lacked something, and settled deals that it reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.commission.settlement import DueMark
from domain.operate.plans import Aftermath
from flows.operate.errors import BadRequest

if TYPE_CHECKING:
    from flows.operate.desk import Desk

#: Settled deals that one change may reach back to; a call may take 29 s, and each of them takes a read and a write.
MOST_AGAIN = 1_000


#: By how much the clock of whoever set a mark may be ahead, and how long the change itself may have taken.
_SKEW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reach:
    """The settled deals that a change reaches.

    Attributes:
        deals: our ids, in the order of their closings.
    """

    deals: tuple[str, ...] = ()


def reach(owners: Iterable[str], since: date, until: date | None, desk: Desk) -> Reach:
    """Find the settled deals of these owners that closed between two days, both included.

    Raises:
        BadRequest: they are too many for one change.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for owner in owners:
        for entry in desk.ports.commissions.ledger(owner, since=since, until=until):
            found[entry.deal_id] = entry.order
            if len(found) > MOST_AGAIN:
                raise BadRequest(
                    f"more than {MOST_AGAIN:,} settled deals closed on {since} or later and would be computed again; "
                    "choose a later day"
                )
    return Reach(tuple(sorted(found, key=lambda deal_id: found[deal_id])))


def overtake(desk: Desk) -> None:
    """Have closings that are being settled this moment decided again: they may have read what was before the change.

    Between the change and `reach`: a closing that is in no ledger yet is still due, and what is not due is in one.
    """
    store = desk.ports.commissions
    for page in store.due(desk.now + _SKEW):
        for mark in page:
            store.set_due(mark)


def settle_again(reached: Reach, desk: Desk) -> Aftermath:
    """Have them computed again, and every closing that lacked something tried again.

    Each is settled by itself within a minute; what changes is posted as an adjustment, and nothing is written where
    nothing changes. Doing it twice is harmless.
    """
    from flows.settle.releasing import release_blocked  # only these few actions need it

    store = desk.ports.commissions
    for deal_id in reached.deals:
        set_due(deal_id, desk)
    return Aftermath(released=release_blocked(store, desk.now), again=len(reached.deals))


def set_due(deal_id: str, desk: Desk) -> None:
    """Have one deal settled with what has just been stored, also if it is being settled this moment."""
    store = desk.ports.commissions
    mark = store.mark(deal_id)
    # Setting a mark anew makes an attempt that is under way decide again: it may have read what was before the change.
    # Where there is none, version 0 gives way to one that an event sets meanwhile: that one reads the change.
    store.set_due(DueMark(deal_id, 0, desk.now) if mark is None else replace(mark, due_at=desk.now))


def office_day(desk: Desk) -> date:
    """Today, where the office is."""
    return desk.now.astimezone(ZoneInfo(desk.policy.zone)).date()

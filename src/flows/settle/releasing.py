"""What was mended is settled by itself: closings that needed something are due again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.commission.ports import CommissionStore


def release_blocked(store: CommissionStore, now: datetime) -> int:
    """Make every closing that needed something due now: a plan was published or assigned, or counters were brought.

    Args:
        store: where closings are settled.
        now: aware UTC.

    Returns:
        How many were due later.

    Raises:
        Unavailable: storage does not answer; what was released by then stays so.
    """
    released = 0
    for page in store.blocked():
        for mark in page:
            store.set_due(replace(mark, due_at=now))
            released += 1
    return released

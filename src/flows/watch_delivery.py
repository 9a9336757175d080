"""What the delivery to an external CRM is watched by: how late it is, whether the CRM answers, who must decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.crm.standing import Passage

if TYPE_CHECKING:
    from domain.crm.ports import Debts
    from domain.crm.standing import LineState

#: Rows that wait for a person are counted up to here; beyond it the exact number helps nobody.
MOST_COUNTED = 500


@dataclass(frozen=True, slots=True)
class DeliveryWatch:
    """What watching the delivery needs.

    Attributes:
        debts: what is owed.
        state: how the CRM stands at this time.
    """

    debts: Debts
    state: Callable[[datetime], LineState]


def delivery_gauges(ports: DeliveryWatch, now: datetime) -> dict[str, float]:
    """Metric to value; ages in seconds, of what is overdue.

    Raises:
        Unavailable: storage does not answer.
    """
    passage = ports.state(now).passage
    return {
        "OldestOwedSeconds": _overdue(ports.debts.oldest(), now),
        "OldestBackfillSeconds": _overdue(ports.debts.oldest(backfill=True), now),
        "CrmRowsAsking": ports.debts.asking(MOST_COUNTED),
        "CrmCircuitOpen": int(passage is Passage.BROKEN),
        "CrmAuthDenied": int(passage is Passage.STOPPED),
    }


def _overdue(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0

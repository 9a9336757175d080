"""What one process knows of a credential between two reads of the shared row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crm.budget_row import BudgetRow

#: A worker that did not call for so long begins a slice anew, in microseconds.
_IDLE_US = 10_000_000

#: How much the last call weighs in what is known of a worker's calls.
_WEIGHT = 0.3

#: Something that was learnt: the budget before to the budget after.
News = Callable[[BudgetRow], BudgetRow]


@dataclass(slots=True)
class Worker:
    """What one process knows of the credential, whatever it calls for.

    Attributes:
        seen: the budget as it was last read or written.
        epoch: of the last permit.
        probe: number of the probe that it holds; 0 if none.
        news: what was learnt and is not written yet.
        calls: good answers that nobody was told of yet.
        took_ms: how long they took together.
        started_us: when the last call was let through.
        fingerprint: of the credentials of that call.
    """

    seen: BudgetRow = field(default_factory=BudgetRow)
    epoch: int = 0
    probe: int = 0
    news: list[News] = field(default_factory=list)
    calls: int = 0
    took_ms: float = 0.0
    started_us: int = 0
    fingerprint: str = ""


@dataclass(slots=True)
class Rhythm:
    """How often a worker calls, and so how many permits it will use.

    Attributes:
        period_us: from one of its calls to the next, in microseconds.
        spread_us: by how much that differs.
        count: permits of its next slice.
    """

    period_us: float = 0.0
    spread_us: float = 0.0
    count: int = 1

    def beat(self, period_us: int) -> None:
        """It wants to call again, so long after its last call."""
        if period_us > _IDLE_US:
            self.count = 1
        elif not self.period_us:
            self.period_us = period_us
        else:
            off = abs(period_us - self.period_us)
            self.spread_us += (off - self.spread_us) * _WEIGHT
            self.period_us += (period_us - self.period_us) * _WEIGHT

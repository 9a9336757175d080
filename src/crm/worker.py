"""What one process knows of a credential between two reads of the shared row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crm.budget_row import BudgetRow

#: Between an answer and the call that follows it, in microseconds.
_BETWEEN_US = 30_000

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
class Pace:
    """How long the calls of a worker take: so far apart lie those that follow each other.

    Attributes:
        took_us: of its calls, in microseconds; 0 before the first.
        spread_us: by how much that differs.
    """

    took_us: float = 0.0
    spread_us: float = 0.0

    def took(self, took_us: int) -> None:
        """A call took so long."""
        if not self.took_us:
            self.took_us = took_us
            return
        self.spread_us += (abs(took_us - self.took_us) - self.spread_us) * _WEIGHT
        self.took_us += (took_us - self.took_us) * _WEIGHT

    @property
    def stride_us(self) -> int:
        """From one call to the next, so that nearly all are over by then; 0 if that is not known."""
        return int(self.took_us + 2 * self.spread_us) + _BETWEEN_US if self.took_us else 0

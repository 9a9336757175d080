"""What settling needs from the outside, and what it says it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from domain.commission.ports import Accounts, CdaDesk, CommissionStore, PlanShelf
    from domain.ports import DeadLetters, DealStore


@dataclass(frozen=True, slots=True)
class SettlePorts:
    """Everything outside that settling needs.

    Attributes:
        deals: the CRM store.
        accounts: what was agreed with whom.
        plans: published versions.
        store: where closings are settled.
        cdas: how each deal's CDA stands.
        dead: the door for closings that cannot be settled.
    """

    deals: DealStore
    accounts: Accounts
    plans: PlanShelf
    store: CommissionStore
    cdas: CdaDesk
    dead: DeadLetters


@dataclass(frozen=True, slots=True)
class World:
    """Time and randomness, as parameters.

    Attributes:
        now: aware UTC.
        jitter: from [0, 1).
        pause: waits that many seconds.
        time_left: seconds until the run is cut off, finished or not.
    """

    now: Callable[[], datetime]
    jitter: Callable[[], float]
    pause: Callable[[float], None]
    time_left: Callable[[], float]


class Ended(StrEnum):
    """How an attempt to settle one deal ended."""

    SETTLED = "settled"
    REVERSED = "reversed"
    UNCHANGED = "unchanged"
    NEEDS = "needs"
    CONTENDED = "contended"


@dataclass(slots=True)
class Report:
    """What a run did, for the log line and the metrics.

    Attributes:
        settled: closings computed, the first time or anew.
        reversed: closings that were rescinded, or whose deal became part of another.
        unchanged: marks without anything to post.
        needs: closings that could not be computed.
        contended: deals that other writers kept changing; the next run takes them.
        replayed: later deals computed again.
        ledgers: replays that came to their end.
        told: why each closing could not be computed, by deal id.
    """

    settled: int = 0
    reversed: int = 0
    unchanged: int = 0
    needs: int = 0
    contended: int = 0
    replayed: int = 0
    ledgers: int = 0
    told: dict[str, str] = field(default_factory=dict)

    def count(self, ended: Ended) -> None:
        """Add one of these."""
        setattr(self, ended.value, getattr(self, ended.value) + 1)

    def counts(self) -> dict[str, int]:
        """The numbers alone."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "told"}

    def __iadd__(self, other: Report) -> Self:
        for name, value in other.counts().items():
            setattr(self, name, getattr(self, name) + value)
        self.told |= other.told
        return self

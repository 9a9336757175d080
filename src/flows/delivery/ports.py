"""What delivering needs from around it, and what it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from domain.crm.faults import OF_THE_SINK, FaultClass

if TYPE_CHECKING:
    from domain.crm.faults import Fault
    from domain.crm.ports import SyncStore
    from domain.crm.rows import RowKey
    from domain.crm.sink import CrmSink
    from domain.ports import DeadLetters, DealStore
    from flows.delivery.content import Drawing


#: Words of `Tally.counts` beside those of outcomes and standings: rows that wait until people set the CRM up for them,
#: and rows that the CRM fails to read.
NOT_SET_UP: Final = "not_set_up"
UNREAD: Final = "unread"


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that delivering obeys.

    Attributes:
        lease: how long a worker may write a row; at least the function's time-out and the clocks' skew.
        max_request: how long the CRM may still execute a request that we gave up.
        lane_s: seconds that must be left of a run to begin a lane.
        most: rows that one lane takes, as many as a call carries.
        sides: lanes that a run has under way at once.
        letters_source: the source that letters are filed under about people who are on no deal we know.
    """

    lease: timedelta
    max_request: timedelta
    lane_s: float
    most: int
    sides: int
    letters_source: str


@dataclass(frozen=True, slots=True)
class World:
    """Time, chance and threads, as parameters.

    Attributes:
        now: aware UTC.
        new_token: of a lease; nothing else has it.
        jitter: from [0, 1).
        time_left: seconds until the run is cut off, finished or not.
        together: runs all of these, at the same time where it can.
    """

    now: Callable[[], datetime]
    new_token: Callable[[], str]
    jitter: Callable[[], float]
    time_left: Callable[[], float]
    together: Callable[[Sequence[Callable[[], None]]], None]


class DeliveryPorts(Protocol):
    """Everything outside that delivering needs."""

    @property
    def rows(self) -> SyncStore:
        """Sync rows and records."""
        ...

    @property
    def dead(self) -> DeadLetters:
        """Where letters go about rows that the CRM refuses."""
        ...

    @property
    def deals(self) -> DealStore:
        """Where such a letter is closed."""
        ...

    def drawing(self) -> Drawing:
        """What rows are drawn with.

        Raises:
            CrmFaulted: the CRM must be asked what it can hold, and does not answer.
        """
        ...

    def sink(self, side: int, *, backfill: bool) -> CrmSink:
        """The CRM, under the share of live rows or of the backfill; each side uses its own, all at the same time."""
        ...


@dataclass(slots=True)
class Tally:
    """What a lane or a run did.

    Attributes:
        counts: what became of rows, by word.
        done: rows that are settled as far as they can be now; whatever they wait for stands on their sync row.
        later: rows that a run leaves to the share of the backfill.
        waits: row to when it is due again.
        altered: row to the fields that the CRM keeps otherwise than they were given, where that is news.
        refusals: rows that the CRM refused.
        stop: why nothing more can be sent now.
    """

    counts: Counter[str] = field(default_factory=Counter)
    done: set[RowKey] = field(default_factory=set)
    later: set[RowKey] = field(default_factory=set)
    waits: dict[RowKey, datetime] = field(default_factory=dict)
    altered: dict[RowKey, list[str]] = field(default_factory=dict)
    refusals: list[RowKey] = field(default_factory=list)
    stop: Fault | None = None

    def put_off(self, fault: Fault) -> None:
        """A row was not written: the run stops if that is not about the row, and people hear of what they must mend."""
        if fault.kind in OF_THE_SINK:
            self.stop = self.stop or fault
        elif fault.kind is FaultClass.CONFIG:
            self.counts[NOT_SET_UP] += 1

    def unread(self, fault: Fault) -> None:
        """A row was not read: because of itself, for lack of set-up there, or because reading had to stop."""
        if fault.kind in OF_THE_SINK and not fault.answered:
            self.stop = self.stop or fault
        else:
            self.counts[NOT_SET_UP if fault.kind is FaultClass.CONFIG else UNREAD] += 1

    def add(self, other: Tally) -> None:
        """What another did, too."""
        self.counts += other.counts
        self.done |= other.done
        self.later |= other.later
        self.waits |= other.waits
        self.altered |= other.altered
        self.refusals += other.refusals
        self.stop = self.stop or other.stop

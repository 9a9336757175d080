"""What settling a closing reads and writes: marks, heads, ledgers, counters, commission records.

A deal's calculations are numbered. The *head* says which one is current. Each owner of counters (agent, team, shared
group) has a *ledger*: one entry for each deal, in closing order, with the counters before and after it. The counters
themselves stand apart, one item each, so that two deals of one agent can never both spend the same room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.commission.calculation import Calculation, CounterKey, Line, Movement
    from domain.commission.cda import CdaRow
    from domain.envelope import Envelope
    from domain.money import Money

#: The total order of deals: closing day, number, id (`Closing.order`).
Order = tuple[str, str, str]


class Reason(StrEnum):
    """Why a deal was computed (again)."""

    CLOSED = "closed"
    AMENDED = "amended"
    RESCINDED = "rescinded"
    LATE = "late"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class DueMark:
    """Something to settle.

    Attributes:
        deal_id: our id of the deal.
        deal_version: that set the mark.
        due_at: when to look at it.
        needs: what the last attempt was missing; empty if none was made.
        attempts: that failed.
        event: the event that set the mark, without body; None for a mark of older days.
        guard: counts changes of the mark since the event set it: what was read is not taken for what was set anew.
    """

    deal_id: str
    deal_version: int
    due_at: datetime
    needs: str = ""
    attempts: int = 0
    event: Envelope | None = None
    guard: int = 0


class Standing(StrEnum):
    """Where a deal's commission stands. `needs`: it could not be computed; the last good calculation stays current."""

    SETTLED = "settled"
    NEEDS = "needs"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """New less old, of one line that a later calculation changed.

    Attributes:
        line: the newer of the two; the older where the newer has none.
        before: what was posted, or None.
        after: what is right now, or None.
        delta: of the amount.
        moves: deltas of the counters.
    """

    line: Line
    before: Money | None
    after: Money | None
    delta: Money
    moves: tuple[Movement, ...] = ()


@dataclass(frozen=True, slots=True)
class PostedCalculation:
    """A calculation as it stands in the store.

    Attributes:
        deal_id: our id of the deal.
        number: from 1.
        deal_version: of the deal that it was computed from.
        calculation: None where the closing was rescinded: nothing is due.
        reason: why it was made.
        adjustments: to the one before it, line by line.
        at: when it was posted.
        supersedes: number of the one before it; 0 if none.
        after_payment: the one before it had been paid: what changed is owed by an adjustment statement.
        order: of its deal.
    """

    deal_id: str
    number: int
    deal_version: int
    calculation: Calculation | None
    reason: Reason
    adjustments: tuple[Adjustment, ...]
    at: datetime
    supersedes: int
    after_payment: bool
    order: Order

    @property
    def id(self) -> str:
        """How people name it: `deal id/3`."""
        return f"{self.deal_id}/{self.number}"


@dataclass(frozen=True, slots=True)
class Head:
    """A deal's commission as it stands.

    Attributes:
        deal_id: our id of the deal.
        version: counts changes; guards concurrent writes. 0: there is none yet.
        number: of the current calculation; 0 if there is none.
        standing: where it stands.
        needs: what is missing, in one line that says what to do.
        order: of the deal in the ledgers, where it has a current calculation.
        paid: the CDA of the current or an earlier calculation was sent: the closing agent pays or has paid.
    """

    deal_id: str
    version: int = 0
    number: int = 0
    standing: Standing = Standing.NEEDS
    needs: str = ""
    order: Order | None = None
    paid: bool = False


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One deal in the ledger of one owner.

    Attributes:
        owner: agent account, `team:NAME` or `shared:NAME`.
        order: of the deal.
        deal_id: our id of it.
        number: of the calculation.
        before: counter name to (period, value in hundredths) before this deal: of all that the owner ever had.
        after: the same, after it.
    """

    owner: str
    order: Order
    deal_id: str
    number: int
    before: Mapping[str, tuple[str, int]]
    after: Mapping[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class CounterState:
    """A counter as it stands.

    Attributes:
        value: in hundredths.
        version: guards it; 0: not stored yet.
        last: the last deal in closing order that moved or read it; None if none did.
    """

    value: int = 0
    version: int = 0
    last: Order | None = None


@dataclass(frozen=True, slots=True)
class CommissionRecord:
    """One agent's commission of one deal, as it stands in the CRM store and goes to the CRM.

    Attributes:
        deal_id: our id of the deal.
        account: the agent's.
        name: of the agent.
        number: of the calculation.
        closing_date: of the deal.
        side: `listing`, `buying`, ...
        plan: `keller-williams@2026-01-01`.
        gci: the agent's part of the commission.
        company_dollar: what the company got by the split.
        fees: what else was taken from the agent.
        net: what the agent gets.
        status: `active`, or `retired` with zero amounts when the agent or the closing is gone.
    """

    deal_id: str
    account: str
    name: str
    number: int
    closing_date: date
    side: str
    plan: str
    gci: Money
    company_dollar: Money
    fees: Money
    net: Money
    status: str = "active"


@dataclass(frozen=True, slots=True)
class ReplayMark:
    """The later deals of this owner must be computed again, in closing order: an earlier one changed.

    Attributes:
        owner: whose ledger.
        after: the deal from behind which; itself it is right.
        version: guards it; 0: not stored yet.
        due_at: when to look at it.
    """

    owner: str
    after: Order
    version: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything one settlement writes, all or nothing.

    Attributes:
        posted: the calculation.
        head: as it should be; guarded by the version before it, `head.version - 1`.
        entries: ledger entries to put.
        removed: (owner, order) of entries that go: the deal moved in the order, or the owner left it.
        counters: key to (the counter as it should be, the version it is based on).
        records: commission records to put, retired ones included.
        marks: replay marks to set; a mark that exists moves back to the earlier of both.
        advanced: the replay mark that this step dealt with, as it was read: moved on to this deal. None: not a replay.
        settles: the due mark that this deals with, as it was read; gone afterwards. One that was set anew meanwhile is
            a conflict: what it asks for, or the plan that was mended, is newer than what was computed.
        cda: the deal's CDA as it should be: a draft of this calculation; guarded by `cda.guard - 1`.
        superseded: the version that was approved or sent before, with the mark that it is superseded.
    """

    posted: PostedCalculation
    head: Head
    entries: Sequence[LedgerEntry] = ()
    removed: Sequence[tuple[str, Order]] = ()
    counters: Mapping[CounterKey, tuple[CounterState, int]] = field(default_factory=dict)
    records: Sequence[CommissionRecord] = ()
    marks: Sequence[ReplayMark] = ()
    advanced: ReplayMark | None = None
    settles: DueMark | None = None
    cda: CdaRow | None = None
    superseded: CdaRow | None = None

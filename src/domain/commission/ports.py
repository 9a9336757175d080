"""What commissions need from the outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.commission.account import Account, PlanVersion
    from domain.commission.agreement import HeldAgreement
    from domain.commission.calculation import CounterKey
    from domain.commission.cda import Brokerage, CdaRow, CdaState
    from domain.commission.settlement import (
        CommissionRecord,
        CounterState,
        DueMark,
        Head,
        LedgerEntry,
        Order,
        PostedCalculation,
        ReplayMark,
        Settlement,
    )
    from domain.event_log import AuditEntry


class PlanShelf(Protocol):
    """Published plan versions."""

    def publish(self, version: PlanVersion, entry: AuditEntry) -> None:
        """Store a version.

        Raises:
            Conflict: this plan has a version of that day or number already; versions are never edited.
        """
        ...

    def versions(self, plans: Collection[str]) -> Mapping[str, Sequence[PlanVersion]]:
        """Every version of these plans, by their days; plans without any are left out."""
        ...

    def names(self) -> Sequence[str]:
        """The plans that have a version, sorted."""
        ...


class Accounts(Protocol):
    """Commission accounts, and what is agreed for single deals."""

    def load(self, accounts: Collection[str]) -> Mapping[str, Account]:
        """Those that are stored."""
        ...

    def save(self, account: Account, entry: AuditEntry) -> None:
        """Store it, provided that it still has the version before `account.version`.

        Raises:
            Conflict: somebody else changed it.
        """
        ...

    def all(self) -> Sequence[Account]:
        """Every account, by id."""
        ...

    def load_for(self, deal_id: str, accounts: Collection[str]) -> tuple[HeldAgreement | None, Mapping[str, Account]]:
        """What is agreed for a deal, and those of these accounts that are stored: one read of both."""
        ...

    def agreement(self, deal_id: str) -> HeldAgreement | None:
        """What is agreed for a deal; None where nothing ever was."""
        ...

    def save_agreement(self, held: HeldAgreement, entry: AuditEntry) -> None:
        """Store what is agreed for a deal, provided that it still has the version before `held.version`.

        Raises:
            Conflict: somebody else changed it.
            CommissionRefused: it is too large for one item.
        """
        ...

    def brokerage(self) -> Brokerage | None:
        """The brokerage as its CDAs name it."""
        ...

    def set_brokerage(self, brokerage: Brokerage, entry: AuditEntry) -> None:
        """Replace it."""
        ...


class CommissionStore(Protocol):
    """Where closings are settled. Every read is consistent, except `due` and `replays_due`."""

    def due(self, now: datetime) -> Iterable[Sequence[DueMark]]:
        """The marks whose time has come, oldest first, page by page."""
        ...

    def mark(self, deal_id: str) -> DueMark | None:
        """The mark of this deal, if there is one."""
        ...

    def set_due(self, mark: DueMark) -> None:
        """Set or replace the mark, unless a newer version of the deal has set one meanwhile."""
        ...

    def clear(self, mark: DueMark, head: Head | None = None) -> None:
        """Nothing is to be posted: the mark goes; the head, where one is given, is guarded as in `Settlement.head`.

        Raises:
            Conflict: the mark is not as it was read, or the head has changed.
        """
        ...

    def blocked(self) -> Iterable[Sequence[DueMark]]:
        """Every mark whose last attempt lacked something, page by page."""
        ...

    def head(self, deal_id: str) -> Head:
        """How the deal's commission stands; one of version 0 where there is nothing yet."""
        ...

    def needs(self, mark: DueMark, head: Head) -> None:
        """The mark waits on, with what it needs; the head says so too, guarded as in `Settlement.head`.

        Args:
            mark: as it should be, with the guard that it was read with.
            head: as it should be.

        Raises:
            Conflict: somebody else settled it meanwhile, or set the mark anew.
        """
        ...

    def calculation(self, deal_id: str, number: int) -> PostedCalculation | None:
        """One of the deal's calculations."""
        ...

    def history(self, deal_id: str) -> Sequence[PostedCalculation]:
        """All of them, by number."""
        ...

    def counters(self, keys: Collection[CounterKey]) -> Mapping[CounterKey, CounterState]:
        """Those that are stored."""
        ...

    def entry_before(self, owner: str, order: Order) -> LedgerEntry | None:
        """The last entry of the owner before that place in the order."""
        ...

    def entry_after(self, owner: str, order: Order) -> LedgerEntry | None:
        """The first entry of the owner behind that place in the order."""
        ...

    def ledger(self, owner: str, *, since: date | None = None, until: date | None = None) -> Sequence[LedgerEntry]:
        """The owner's entries with closing days from `since` up to and including `until`, in order."""
        ...

    def gone(self, owner: str, *, since: date | None = None, until: date | None = None) -> Sequence[Order]:
        """The places, of these closing days, that deals have left: reversed, moved, or no longer of this owner."""
        ...

    def records(self, deals: Collection[str]) -> Sequence[CommissionRecord]:
        """The commission records of these deals, retired ones included."""
        ...

    def commit(self, settlement: Settlement) -> None:
        """Write it all in one transaction.

        Raises:
            Conflict: something it was based on has changed; load and decide again.
            CommissionRefused: it would take more than the 100 items of one transaction.
        """
        ...

    def replays_due(self, now: datetime) -> Iterable[Sequence[ReplayMark]]:
        """The replay marks whose time has come, page by page."""
        ...

    def set_replay(self, mark: ReplayMark) -> None:
        """Set a mark; one that exists moves back to the earlier of both. Its version is counted by the store.

        Raises:
            Conflict: somebody else moved it in the same moment; set it again.
        """
        ...

    def end_replay(self, mark: ReplayMark) -> None:
        """The owner's ledger is right again. A mark that was moved meanwhile stays."""
        ...


class CdaDesk(Protocol):
    """The CDAs' way to the closing agent."""

    def row(self, deal_id: str) -> CdaRow | None:
        """The deal's CDA as it stands; None where the deal was never settled (settling makes the draft)."""
        ...

    def versions(self, deal_id: str) -> Sequence[CdaRow]:
        """Every version that was approved, by number, with what became of it."""
        ...

    def save(self, row: CdaRow, head: Head, entry: AuditEntry) -> None:
        """Store it, guarded by `row.guard - 1`; and the head as it should be, guarded as in `Settlement.head`.

        A sent CDA marks the head as paid.

        Raises:
            Conflict: somebody else changed it, or the deal was settled anew meanwhile.
        """
        ...

    def listed(self, state: CdaState, *, limit: int = 100) -> Sequence[CdaRow]:
        """CDAs in this state, the earliest closing first."""
        ...


class DocumentShelf(Protocol):
    """Where rendered documents lie, under keys that contain their hash."""

    def put(self, key: str, body: bytes) -> None:
        """Store them; storing the same again is harmless."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes again.

        Raises:
            LookupError: there are none under that key.
        """
        ...

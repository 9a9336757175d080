"""What delivering to a CRM needs from the outside, beside the CRM itself (`domain.crm.sink`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from domain.crm.rows import RowKey
from domain.crm.sink import CrmSink

if TYPE_CHECKING:
    from domain.commission.settlement import CommissionRecord
    from domain.crm.rows import Owed, SyncRow
    from domain.deal import Contact, Deal

__all__ = ["Bells", "CrmSink", "Debts", "Finish", "Records", "SharedRow", "SharedRows", "SyncStore", "Touched"]


@dataclass(frozen=True, slots=True)
class Records:
    """Records of the CRM store, read consistently, and what is owed of each.

    Attributes:
        contacts: by our id.
        deals: by our id.
        commissions: by (deal id, account).
        owed: row key to the mark on the record's own item; a record without a mark is not in it. Links have none: what
            is owed of a link is owed of its deal.
    """

    contacts: Mapping[str, Contact] = field(default_factory=dict)
    deals: Mapping[str, Deal] = field(default_factory=dict)
    commissions: Mapping[tuple[str, str], CommissionRecord] = field(default_factory=dict)
    owed: Mapping[RowKey, Owed] = field(default_factory=dict)


class Touched(NamedTuple):
    """A row in the list of those that were touched.

    Attributes:
        row: which.
        due_at: since when it is due, or from when on; None for a row that is not.
        after: where the list goes on behind it.
    """

    row: RowKey
    due_at: datetime | None
    after: str


class Finish(NamedTuple):
    """A row as it is to rest.

    Attributes:
        row: with the lease that is given back.
        seen: the mark on its record as it was loaded; None: it had none.
    """

    row: SyncRow
    seen: Owed | None


class SyncStore(Protocol):
    """Sync rows, and the records they are drawn from. Of several rows each is written on its own: some may fail."""

    def due(self, now: datetime, limit: int, *, backfill: bool = False) -> Sequence[RowKey]:
        """Rows to look at, oldest first: records with a mark, and sync rows whose `due_at` has come. Each once.

        Read from an index that may lag a moment; whoever takes a row looks again. Live rows, or those of the backfill.
        """
        ...

    def due_of_deals(self, deal_ids: Collection[str], now: datetime) -> Sequence[RowKey]:
        """Rows of these deals that are due, the contacts of their people included; read consistently."""
        ...

    def lease(
        self, keys: Collection[RowKey], token: str, *, now: datetime, until: datetime
    ) -> Mapping[RowKey, SyncRow]:
        """Those of the rows that nobody else holds now, leased to `token`, as they are; new ones come into being.

        A row whose lease ended before `now` is free.
        """
        ...

    def load(self, keys: Collection[RowKey]) -> Records:
        """The records that these rows are drawn from: of links and commissions their deals too, of links contacts."""
        ...

    def rows(self, keys: Collection[RowKey]) -> Mapping[RowKey, SyncRow]:
        """Sync rows as they are, read consistently, without a lease; those that exist."""
        ...

    def children_of(self, deal_id: str) -> Sequence[SyncRow]:
        """Every link and commission of the deal that was ever looked at, be they still of the deal or not."""
        ...

    def save(self, rows: Collection[SyncRow], *, now: datetime) -> Collection[RowKey]:
        """Write these rows and keep their leases (`row.lease`), each if its lease is still ours and not over.

        `rung` is left as it is stored.

        Returns:
            Those that were written.
        """
        ...

    def finish(self, rows: Collection[Finish], *, now: datetime) -> Collection[RowKey]:
        """Write these rows and give their leases back, each if its lease is still ours.

        The mark on the record is taken off if the record still has the version `seen`. If the row was rung since it
        was leased (`row.rung` is not what is stored), it is due at once, whatever `row.due_at` says.

        Returns:
            Those that were written.
        """
        ...

    def release(self, rows: Collection[SyncRow]) -> None:
        """Give the leases back and change nothing, each if it is still ours."""
        ...

    def ring(self, keys: Collection[RowKey], at: datetime, *, backfill: bool = False, sight: bool = False) -> None:
        """Have these rows looked at; one that does not exist comes into being. `sight`: the CRM is read first."""
        ...

    def wake(self, parents: Collection[RowKey], at: datetime) -> None:
        """The parents are confirmed: ring every row that is behind one of them, or is being looked at now."""
        ...

    def answer(self, row: SyncRow, rung: int) -> bool:
        """A person's decision: write the row as it is, if nobody rang it since (`rung`) and nobody holds its lease."""
        ...

    def asking(self, limit: int) -> Sequence[SyncRow]:
        """Rows that wait for a person, oldest first."""
        ...

    def touched(self, since: datetime, *, after: str = "", limit: int) -> Sequence[Touched]:
        """Rows that were confirmed at `since` or later; and whatever is owed, asks or is refused, since whenever.

        What is owed comes first; a record's mark and its sync row may both be listed. Where there is no external CRM,
        every record is owed. Read from an index that may lag a moment.

        Args:
            since: aware UTC.
            after: of a row, to go on behind it.
            limit: the most rows; fewer: the list is at its end.

        Raises:
            ValueError: `after` is none of ours.
        """
        ...

    def claim(
        self, wanted: Mapping[RowKey, Collection[str]], *, displace: RowKey | None = None
    ) -> Mapping[RowKey, RowKey]:
        """Claim search terms for contacts that are to be created, of each contact all or none.

        Args:
            wanted: the contact's row to its terms: digests of e-mail address, of phone and last name.
            displace: a holder that was seen not to need its claim any more.

        Returns:
            Of contacts that got none of theirs, another contact's row that holds one.
        """
        ...


class Debts(Protocol):
    """What the CRM is owed, told from marks and indexes alone: for those who ask often and load nothing."""

    def marks(self, keys: Collection[RowKey]) -> Mapping[RowKey, Owed]:
        """The marks of these records, read consistently; those that have one."""
        ...

    def oldest(self, *, backfill: bool = False) -> datetime | None:
        """Since when the row that has been due the longest is due; None if nothing ever will be.

        It may lie in the future. Read from an index that may lag a moment.
        """
        ...

    def asking(self, most: int) -> int:
        """How many rows wait for a person; counted up to `most`."""
        ...

    def owed(self, now: datetime, most: int, *, backfill: bool = False) -> int:
        """How many rows are due; counted up to `most`, a record's mark and its sync row each."""
        ...

    def refused(self, most: int) -> int:
        """How many rows the CRM refuses; counted up to `most`."""
        ...


class Bells(Protocol):
    """The queue to `deliver`. A bell says which row, and nothing else."""

    def ring(self, bells: Sequence[tuple[RowKey, str]]) -> None:
        """Send (row, what tells this bell from others of the row); raises `Unavailable` if any was not taken."""
        ...


@dataclass(frozen=True, slots=True)
class SharedRow:
    """Something that all workers share.

    Attributes:
        document: texts, whole numbers, booleans, lists and maps of them; empty if nothing is stored.
        guard: counts its changes; 0: not stored yet.
    """

    document: Mapping[str, Any]
    guard: int = 0


class SharedRows(Protocol):
    """Small documents shared by all workers: the session, the rate budget, the schema."""

    def read(self, name: str) -> SharedRow:
        """As it is stored, read consistently.

        Raises:
            Unavailable: storage does not answer.
        """
        ...

    def write(self, name: str, document: Mapping[str, Any], guard: int) -> None:
        """Store it with guard + 1, provided that it still has this guard.

        Raises:
            Conflict: somebody else wrote it meanwhile.
            Unavailable: storage does not answer.
        """
        ...

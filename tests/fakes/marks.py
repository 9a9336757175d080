"""What records in memory owe to the CRM, beside the records: what the items of the table say themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from domain.crm.rows import Owed, RowKey


@dataclass
class MemoryMarks:
    """Marks by the row of the record; the lock of the store that holds the records guards them."""

    rows: dict[RowKey, tuple[Owed, datetime]] = field(default_factory=dict)

    def set(self, key: RowKey, version: int, at: datetime, *, backfill: bool = False) -> None:
        """The record has this version now. What waits already waits on as long as it did, and stays live if it is."""
        held, since = self.rows.get(key, (Owed(version, backfill), at.replace(microsecond=0)))
        self.rows[key] = Owed(version, backfill and held.backfill), since

    def clear(self, key: RowKey, version: int) -> None:
        """Off with the mark, unless the record has changed since it had that version."""
        if key in self.rows and self.rows[key][0].version == version:
            del self.rows[key]

    def owed(self, key: RowKey) -> Owed | None:
        """What the record owes."""
        return self.rows[key][0] if key in self.rows else None

    def due(self, *, backfill: bool) -> Iterator[tuple[datetime, RowKey]]:
        """Live marks, or those of the backfill, and since when."""
        return ((since, key) for key, (owed, since) in self.rows.items() if owed.backfill is backfill)

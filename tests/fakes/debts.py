"""What the CRM is owed, told over sync rows and records in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.crm.rows import Owed, RowKey
from tests.fakes.delivery import MemorySyncStore

#: Far beyond everything that is due.
_EVER = datetime(2999, 1, 1, tzinfo=UTC)


@dataclass
class MemoryDebts:
    """Implements `domain.crm.ports.Debts`."""

    sync: MemorySyncStore

    def marks(self, keys: Collection[RowKey]) -> Mapping[RowKey, Owed]:
        return {key: owed for key, owed in self.sync.load(keys).owed.items() if key in keys}

    def oldest(self, *, backfill: bool = False) -> datetime | None:
        for key in self.sync.due(_EVER, 1, backfill=backfill):
            row = self.sync.sync.get(key)
            marked = [since for since, other in self._marks(backfill=backfill) if other == key]
            return min([*marked, *([row.due_at] if row and row.due_at else [])])
        return None

    def asking(self, most: int) -> int:
        return len(self.sync.asking(most))

    def _marks(self, *, backfill: bool) -> list[tuple[datetime, RowKey]]:
        stores = (self.sync.deals, self.sync.commissions)
        return [mark for store in stores for mark in store.owed.due(backfill=backfill)]

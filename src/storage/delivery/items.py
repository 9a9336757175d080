"""One item at a time: a sync row as it is written under conditions, and the mark that comes off its record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.crm.rows import Kind, Owed, RowKey, SyncRow
from domain.errors import Unavailable
from storage import dynamo
from storage.delivery import changes
from storage.delivery.keys import record_key, sync_key
from storage.delivery.rows import row_from

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: How often a row is written or rung, or a term claimed, while others keep changing what that is based on.
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class SyncItems:
    """Writes single sync rows.

    Attributes:
        client: to write with.
        table: of the records.
    """

    client: DynamoDBClient
    table: str

    def update(self, key: RowKey, change: str, condition: str, values: dynamo.Item) -> dict[str, Any] | None:
        """The row's item as it is after the change; None where the condition does not hold."""
        return dynamo.update_where(self.client, self.table, sync_key(key), change, where=condition, values=values)

    def write(
        self,
        row: SyncRow,
        written: Callable[[SyncRow | None], SyncRow],
        now: datetime,
        ours: str,
        values: dict[str, Any],
    ) -> RowKey | None:
        """Write what `written` makes of the row as it is stored, if it was rung since it was leased, else of None.

        Args:
            row: with its lease.
            written: what is to be stored.
            now: aware UTC.
            ours: the condition that the lease is.
            values: of the condition.

        Returns:
            The row's key; None if it is not `ours`.

        Raises:
            Unavailable: others kept ringing it.
        """
        held: SyncRow | None = None
        for _ in range(ATTEMPTS):
            change, columns = changes.writing(written(held), now, rung=held is not None)
            counted = (held or row).rung
            seen = {":lease": row.lease, ":rung": counted}
            if self.update(row.key, change, f"{ours} AND rung = :rung", columns | values | seen) is not None:
                return row.key
            item = dynamo.get(self.client, self.table, sync_key(row.key))
            held = row_from(row.key, item) if item else None
            if held is None or held.lease != row.lease or held.rung == counted:
                return None
        raise Unavailable(f"cannot write {row.key} now: it is rung again and again")

    def take_off_mark(self, key: RowKey, seen: Owed) -> None:
        """The record is owed no more, if it still has the version that was seen."""
        record = record_key(key)
        if record is None:
            return
        version = "calculation" if key.kind is Kind.COMMISSION else "#version"
        where, values = f"{version} = :seen AND attribute_exists(due_kind)", {":seen": seen.version}
        dynamo.update_where(self.client, self.table, record, "REMOVE due_kind, due_at", where=where, values=values)


def unchanged(row: SyncRow | None) -> tuple[str, dict[str, Any]]:
    """The condition that nobody has rung the row, nor changed when it is due, since it was read; with its values."""
    if row is None:
        return "attribute_not_exists(pk)", {}
    held = {name: value for name, value in changes.due(row).items() if name != "backfill"}
    same = [f"{name} = :seen_{name}" if held[name] is not None else f"attribute_not_exists({name})" for name in held]
    seen = {f":seen_{name}": value for name, value in held.items() if value is not None}
    return f"rung = :seen_rung AND {' AND '.join(same)}", seen | {":seen_rung": row.rung}

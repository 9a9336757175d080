"""Who did what, in a table of its own: rows are put, never changed and never deleted.

| pk | sk | what | index |
|---|---|---|---|
| subject | `time#id` | one entry | `by_day`: UTC day, `time#id` |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.event_log import AuditEntry
from domain.operate.ports import Page
from storage import dynamo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


@dataclass(frozen=True, slots=True)
class DynamoAudit:
    """The audit trail on DynamoDB; implements `domain.operate.ports.AuditTrail`."""

    client: DynamoDBClient
    table: str

    def put(self, entry: AuditEntry) -> None:
        """Write an entry that belongs to no other write.

        Raises:
            Conflict: there is such an entry already.
        """
        # A transaction of one: unlike a plain put, it is safe when the connection is lost and botocore tries again.
        dynamo.write_all(self.client, f"write audit entry {entry.id}", [audit_put(self.table, entry)])

    def about(self, subject: str) -> Sequence[AuditEntry]:
        """The entries about one subject, oldest first."""
        request = {"TableName": self.table, "KeyConditionExpression": "pk = :subject", "ConsistentRead": True}
        return [_entry(row) for row in dynamo.query(self.client, request, {":subject": subject})]

    def on(self, day: str, *, after: str = "", limit: int = 100) -> Page[AuditEntry]:
        """The entries of one UTC day, newest first."""
        request = {
            "TableName": self.table,
            "IndexName": "by_day",
            "KeyConditionExpression": "#day = :day AND #at < :after",
            "ExpressionAttributeNames": {"#day": "day", "#at": "at"},
            "ScanIndexForward": False,
            "PaginationConfig": {"MaxItems": limit + 1, "PageSize": limit + 1},
        }
        # "~" sorts behind every time: the end of the day.
        rows = list(dynamo.query(self.client, request, {":day": day, ":after": after or "~"}))
        shown = rows[:limit]
        return Page([_entry(row) for row in shown], shown[-1]["at"] if len(rows) > limit else "")


def audit_put(table: str, entry: AuditEntry) -> TransactWriteItemTypeDef:
    """The write of one entry, for the transaction of what it tells of. It never replaces another."""
    at = entry.at.astimezone(UTC)
    place = f"{at.isoformat()}#{entry.id}"
    row = {
        "pk": entry.subject,
        "sk": place,
        "day": at.date().isoformat(),
        "at": place,
        "who": entry.who,
        "action": entry.action,
        "why": entry.why,
        "details": entry.details,
    }
    return dynamo.put(table, row, "attribute_not_exists(pk)")


def _entry(row: Mapping[str, Any]) -> AuditEntry:
    at, _, entry_id = row["sk"].partition("#")
    return AuditEntry(
        id=entry_id,
        at=datetime.fromisoformat(at),
        who=row["who"],
        action=row["action"],
        subject=row["pk"],
        why=row["why"],
        details=row["details"],
    )

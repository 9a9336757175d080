"""`Debts`: what the external CRM is owed, from the marks on records and the index `due`; no record is transferred."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.crm.rows import Owed, RowKey
from domain.errors import Unavailable
from storage import dynamo
from storage.delivery.keys import record_key, row_of
from storage.delivery.marks import ASKS, BACKFILL, LIVE, REFUSED, owed_by
from storage.delivery.rows import seconds

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class DynamoDebts:
    """`Debts` in the records table."""

    client: DynamoDBClient
    table: str
    pause: Callable[[float], None]

    def marks(self, keys: Collection[RowKey]) -> Mapping[RowKey, Owed]:
        """The marks of these records, read consistently; those that have one.

        Raises:
            Unavailable: DynamoDB does not answer.
        """
        asked = [dynamo.to_wire(key) for key in map(record_key, dict.fromkeys(keys)) if key is not None]
        found: dict[RowKey, Owed] = {}
        for start in range(0, len(asked), dynamo.BATCH_GET):
            for item in self._read(asked[start : start + dynamo.BATCH_GET]):
                owed = owed_by(item)
                if owed is not None:
                    found[row_of(item)] = owed
        return found

    def oldest(self, *, backfill: bool = False) -> datetime | None:
        """Since when the row that has been due the longest is due; None if nothing ever will be.

        Raises:
            Unavailable: DynamoDB does not answer.
        """
        request = self._of(BACKFILL if backfill else LIVE) | {"Limit": 1}
        with dynamo.translated(f"read {self.table}"):
            items = self.client.query(**request)["Items"]
        return datetime.fromtimestamp(float(dynamo.from_wire(items[0])["due_at"]), UTC) if items else None

    def asking(self, most: int) -> int:
        """How many rows wait for a person; counted up to `most`.

        Raises:
            Unavailable: DynamoDB does not answer.
        """
        return self._count(self._of(ASKS), most)

    def owed(self, now: datetime, most: int, *, backfill: bool = False) -> int:
        """How many rows are due; counted up to `most`, a record's mark and its sync row each.

        Raises:
            Unavailable: DynamoDB does not answer.
        """
        request = self._of(BACKFILL if backfill else LIVE)
        request["KeyConditionExpression"] += " AND due_at <= :now"
        request["ExpressionAttributeValues"] |= dynamo.to_wire({":now": seconds(now)})
        return self._count(request, most)

    def refused(self, most: int) -> int:
        """How many rows the CRM refuses; counted up to `most`.

        Raises:
            Unavailable: DynamoDB does not answer.
        """
        return self._count(self._of(REFUSED), most)

    def _count(self, request: dict[str, Any], most: int) -> int:
        with dynamo.translated(f"read {self.table}"):
            return self.client.query(**request, Limit=most, Select="COUNT")["Count"]

    def _of(self, kind: str) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "IndexName": "due",
            "KeyConditionExpression": "due_kind = :kind",
            "ExpressionAttributeValues": dynamo.to_wire({":kind": kind}),
        }

    def _read(self, keys: list[Any]) -> list[dict[str, Any]]:
        """The marks of these items, asked again for what DynamoDB leaves unprocessed."""
        found: list[dict[str, Any]] = []
        for attempt in range(dynamo.UNPROCESSED_ROUNDS):
            wanted: Any = {
                "Keys": keys,
                "ConsistentRead": True,
                "ProjectionExpression": "pk, sk, #version, calculation, due_kind",
                "ExpressionAttributeNames": {"#version": "version"},
            }
            with dynamo.translated(f"read {self.table}"):
                answer = self.client.batch_get_item(RequestItems={self.table: wanted})
            found += map(dynamo.from_wire, answer["Responses"].get(self.table, []))
            left: Any = answer.get("UnprocessedKeys", {})
            keys = left.get(self.table, {}).get("Keys", [])
            if not keys:
                return found
            self.pause(0.05 * 2**attempt)
        raise Unavailable(f"cannot read {self.table} now: DynamoDB left keys unprocessed")

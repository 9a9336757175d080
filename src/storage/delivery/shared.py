"""Small documents that all workers share, in the records table: the session, the rate budget, the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.crm.ports import SharedRow
from domain.errors import Conflict
from storage import dynamo
from storage.delivery.keys import shared_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class DynamoSharedRows:
    """Shared documents on DynamoDB; implements `domain.crm.ports.SharedRows`."""

    client: DynamoDBClient
    records_table: str

    def read(self, name: str) -> SharedRow:
        """The document as it is stored, read consistently."""
        item = dynamo.get(self.client, self.records_table, shared_key(name))
        # One text: a schema of a thousand fields as a map of maps would take longer to read than the CRM to answer.
        return SharedRow(json.loads(item["document"]), int(item["guard"])) if item else SharedRow({})

    def write(self, name: str, document: Mapping[str, Any], guard: int) -> None:
        """Store the document, provided that it still has this guard.

        Raises:
            Conflict: somebody else wrote it meanwhile.
        """
        text = json.dumps(document, separators=(",", ":"))
        condition = "attribute_not_exists(pk)" if guard == 0 else "guard = :guard"
        values = {":document": text, ":next": guard + 1} | ({":guard": guard} if guard else {})
        change = "SET document = :document, guard = :next"
        key = shared_key(name)
        if dynamo.update_where(self.client, self.records_table, key, change, where=condition, values=values) is None:
            raise Conflict(f"cannot store {name}: another worker was first")

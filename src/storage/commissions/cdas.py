"""The CDAs: how each deal's stands, and every version that was approved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.commission.cda import CdaRow, CdaState
from storage import dynamo
from storage.audit import audit_put
from storage.commissions import keys, rows
from storage.commissions.writes import cda_write, head_write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from domain.commission.settlement import Head
    from domain.event_log import AuditEntry


#: States of a version that somebody has approved.
_SIGNED = frozenset({CdaState.APPROVED, CdaState.SENT})


@dataclass(frozen=True, slots=True)
class DynamoCdaDesk:
    """CDAs on DynamoDB; implements `domain.commission.ports.CdaDesk`."""

    client: DynamoDBClient
    records_table: str
    audit_table: str
    pause: Callable[[float], None]

    def row(self, deal_id: str) -> CdaRow | None:
        """The deal's CDA as it stands; None where the deal was never settled."""
        found = dynamo.get(self.client, self.records_table, keys.cda_key(deal_id))
        return rows.cda_from(found) if found else None

    def versions(self, deal_id: str) -> Sequence[CdaRow]:
        """Every version that was approved, by number."""
        request = {
            "TableName": self.records_table,
            "KeyConditionExpression": "pk = :deal AND begins_with(sk, :version)",
            "ConsistentRead": True,
        }
        values = {":deal": keys.deal_partition(deal_id), ":version": keys.CDAS}
        return [rows.cda_from(found) for found in dynamo.query(self.client, request, values)]

    def save(self, row: CdaRow, head: Head, entry: AuditEntry) -> None:
        """Store it, guarded by `row.guard - 1`, and the head, guarded by `head.version - 1`; a sent CDA is paid.

        Raises:
            Conflict: somebody else changed it, or the deal was settled anew meanwhile.
        """
        writes = [cda_write(row, self.records_table), head_write(head, self.records_table)]
        if self._is_of_version(row):
            writes.append(dynamo.put(self.records_table, rows.cda_version_item(row)))
        writes.append(audit_put(self.audit_table, entry))
        dynamo.write_all(self.client, f"save the CDA of deal {row.deal_id}", writes)

    def listed(self, state: CdaState, *, limit: int = 100) -> Sequence[CdaRow]:
        """CDAs in this state, the earliest closing first; one of this very moment may be missing."""
        found: list[CdaRow] = []
        for page in self._listed(state, limit):
            held = dynamo.batch_get(self.client, {self.records_table: page}, self.pause)[self.records_table]
            found += [row for row in map(rows.cda_from, held) if row.state is state]
            if len(found) >= limit:
                break
        return sorted(found, key=lambda row: (row.closing_date, row.deal_id))[:limit]

    def _listed(self, state: CdaState, limit: int) -> Iterator[list[dict[str, str]]]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.records_table,
            IndexName="due",
            KeyConditionExpression="due_kind = :kind",
            ExpressionAttributeValues=dynamo.to_wire({":kind": rows.cda_kind(state)}),
            PaginationConfig={"PageSize": limit},
        )
        with dynamo.translated("list CDAs"):
            for page in pages:
                yield [_key(dynamo.from_wire(item)) for item in page["Items"]]

    def _is_of_version(self, row: CdaRow) -> bool:
        """Whether this is what became of a signed version: a draft that follows on one only bears its number."""
        if row.state in _SIGNED:
            return True
        # Read apart from the write, which fails unless this row's guard is still the one before.
        held = self.row(row.deal_id) if row.version else None
        return held is not None and held.state in _SIGNED


def _key(row: dict[str, Any]) -> dict[str, str]:
    return {"pk": row["pk"], "sk": row["sk"]}

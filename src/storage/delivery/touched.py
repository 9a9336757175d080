"""What was touched, page by page: the list that reconcile walks. It is the index `due`, kind by kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from domain.crm.ports import Touched
from storage import dynamo
from storage.delivery.keys import row_of
from storage.delivery.marks import ASKS, BACKFILL, CLEAN, LIVE, REFUSED
from storage.delivery.rows import due_at_of, seconds

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

#: In this order: what may be wrong comes first.
_KINDS = (LIVE, BACKFILL, ASKS, REFUSED, CLEAN)
#: Attributes of a place in the index.
_PLACE = ("due_kind", "due_at", "pk", "sk")


def touched(client: DynamoDBClient, table: str, since: datetime, after: str, limit: int) -> Sequence[Touched]:
    """A page of the list, as `domain.crm.ports.SyncStore.touched`.

    Raises:
        ValueError: `after` is none of ours.
    """
    place = _place(after)
    found: list[Touched] = []
    for kind in _KINDS[_KINDS.index(place["due_kind"]) if place else 0 :]:
        while len(found) < limit:
            with dynamo.translated(f"read {table}"):
                answer = client.query(**_request(table, kind, since, place), Limit=limit - len(found))
            found += [_touched(dynamo.from_wire(item)) for item in answer["Items"]]
            place = dynamo.from_wire(answer["LastEvaluatedKey"]) if "LastEvaluatedKey" in answer else None
            if place is None:
                break
    return found


def _request(table: str, kind: str, since: datetime, place: dict[str, Any] | None) -> Any:
    values: dict[str, Any] = {":kind": kind}
    which = "due_kind = :kind"
    if kind == CLEAN:
        which, values = f"{which} AND due_at >= :since", values | {":since": seconds(since)}
    request: Any = {
        "TableName": table,
        "IndexName": "due",
        "KeyConditionExpression": which,
        "ExpressionAttributeValues": dynamo.to_wire(values),
    }
    return request if place is None else request | {"ExclusiveStartKey": dynamo.to_wire(place)}


def _touched(item: dict[str, Any]) -> Touched:
    due_at = None if item["due_kind"] == ASKS else due_at_of(item)
    return Touched(row_of(item), due_at, json.dumps([str(item[name]) for name in _PLACE]))


def _place(after: str) -> dict[str, Any] | None:
    if not after:
        return None
    try:
        kind, due_at, pk, sk = map(str, json.loads(after))
        place = {"due_kind": kind, "due_at": Decimal(due_at), "pk": pk, "sk": sk}
    except (InvalidOperation, TypeError, ValueError) as error:
        raise ValueError("`after` is not from a page before") from error
    if kind not in _KINDS:
        raise ValueError("`after` is not from a page before")
    return place

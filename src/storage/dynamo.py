"""DynamoDB as our adapters use it: typed items, consistent batch reads, transactions, errors in our own words.

Every read is consistent: a decision is only as good as what it was based on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from domain.errors import Conflict, Unavailable
from storage import aws_faults

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

#: An item in Python's own types: str, int, Decimal, bool, None, list, dict.
Item = Mapping[str, Any]

#: The primary key of an item.
Key = Mapping[str, Any]

#: DynamoDB's limit of one BatchGetItem.
BATCH_GET = 100

#: DynamoDB's limit of one BatchWriteItem.
BATCH_WRITE = 25

#: How often a batch read or write asks again for what DynamoDB left unprocessed before it counts as unavailable.
UNPROCESSED_ROUNDS = 5

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def to_wire(item: Item) -> dict[str, AttributeValueTypeDef]:
    """An item as the API takes it."""
    return {name: _serialize(value) for name, value in item.items()}


def from_wire(item: Mapping[str, AttributeValueTypeDef]) -> dict[str, Any]:
    """An item as Python reads it; numbers are `Decimal`."""
    return {name: _deserialize(value) for name, value in item.items()}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn DynamoDB's errors into ours, once, here.

    Raises:
        Conflict: a condition failed, or another transaction holds an item.
        ValueError: an item of a transaction is malformed or too large, which is a bug of ours.
        ConfigurationError, ClientError, Unavailable: as `storage.aws_faults.translated`.
    """
    with aws_faults.translated(doing, "check the table's name and the function's policy in template.yaml"):
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] in _TAKEN or _cancelled_by_others(error):
                raise Conflict(f"cannot {doing}: another writer was first") from error
            if "ValidationError" in _cancellation_reasons(error):
                raise ValueError(f"cannot {doing}: an item is malformed or larger than 400 KB") from error
            raise


_TAKEN = {"ConditionalCheckFailedException", "TransactionConflictException"}


def _cancellation_reasons(error: ClientError) -> set[str]:
    reasons = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
    return reasons - {"None"}


def _cancelled_by_others(error: ClientError) -> bool:
    reasons = _cancellation_reasons(error)
    return bool(reasons) and reasons <= {"ConditionalCheckFailed", "TransactionConflict"}


def get(client: DynamoDBClient, table: str, key: Key) -> dict[str, Any] | None:
    """One item, read consistently; None if there is none."""
    with translated(f"read {table}"):
        found = client.get_item(TableName=table, Key=to_wire(key), ConsistentRead=True).get("Item")
    return from_wire(found) if found else None


def batch_get(
    client: DynamoDBClient, wanted: Mapping[str, Iterable[Key]], pause: Callable[[float], None]
) -> dict[str, list[dict[str, Any]]]:
    """The items that exist among the keys wanted of each table, read consistently, in no order.

    Raises:
        Unavailable: DynamoDB kept leaving keys unprocessed (it throttles us).
    """
    asked = [(table, to_wire(key)) for table, keys in wanted.items() for key in keys]
    found: dict[str, list[dict[str, Any]]] = {table: [] for table in wanted}
    for start in range(0, len(asked), BATCH_GET):
        left = asked[start : start + BATCH_GET]
        for attempt in range(UNPROCESSED_ROUNDS):
            left = _batch(client, left, found)
            if not left:
                break
            pause(0.05 * 2**attempt)
        else:
            raise Unavailable(f"cannot read {', '.join(wanted)} now: DynamoDB left keys unprocessed")
    return found


def _batch(
    client: DynamoDBClient, keys: Sequence[tuple[str, Any]], found: dict[str, list[dict[str, Any]]]
) -> list[tuple[str, Any]]:
    """One BatchGetItem: adds what exists to `found`, returns the keys that DynamoDB left unprocessed."""
    request: Any = {}
    for table, key in keys:
        request.setdefault(table, {"Keys": [], "ConsistentRead": True})["Keys"].append(key)
    with translated(f"read {', '.join(request)}"):
        answer = client.batch_get_item(RequestItems=request)
    for table, items in answer["Responses"].items():
        found[table].extend(from_wire(item) for item in items)
    return [(table, key) for table, rest in answer.get("UnprocessedKeys", {}).items() for key in rest["Keys"]]


def batch_put(client: DynamoDBClient, table: str, items: Sequence[Item], pause: Callable[[float], None]) -> None:
    """Put the items, whatever stands there, in batches; each key once.

    Raises:
        Unavailable: DynamoDB did not take all of them; putting them again is harmless.
    """
    for start in range(0, len(items), BATCH_WRITE):
        left: Any = {table: [{"PutRequest": {"Item": to_wire(i)}} for i in items[start : start + BATCH_WRITE]]}
        for attempt in range(UNPROCESSED_ROUNDS):
            with translated(f"write {table}"):
                left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                break
            pause(0.05 * 2**attempt)
        else:
            raise Unavailable(f"cannot write {table} now: DynamoDB left items unwritten")


def query(client: DynamoDBClient, request: Mapping[str, Any], values: Item) -> Iterator[dict[str, Any]]:
    """The items of a Query, read page by page as they are asked for; `values` are those of its expressions."""
    pages = client.get_paginator("query").paginate(**request, ExpressionAttributeValues=to_wire(values))
    with translated(f"read {request['TableName']}"):
        for page in pages:
            yield from map(from_wire, page["Items"])


def write_all(client: DynamoDBClient, doing: str, writes: Sequence[TransactWriteItemTypeDef]) -> None:
    """Write everything or nothing.

    Raises:
        Conflict: a condition failed or another transaction was at work on an item.
        ValueError: an item is malformed or too large, which is a bug of ours.
        Unavailable: DynamoDB did not take it; nothing was written, as far as it says.
    """
    with translated(doing):
        client.transact_write_items(TransactItems=writes)


def update_where(
    client: DynamoDBClient, table: str, key: Key, change: str, *, where: str, values: Item
) -> dict[str, Any] | None:
    """Update one item where the condition holds; it comes into being if the condition allows that.

    Args:
        client: to write with.
        table: where.
        key: of the item.
        change: `SET ...`, `REMOVE ...`, `ADD ...`.
        where: the condition. Names as for `put`, in here only.
        values: of both.

    Returns:
        The whole item as it is now; None where the condition does not hold.
    """
    try:
        with translated(f"write {table}"):
            answer = client.update_item(
                TableName=table,
                Key=to_wire(key),
                UpdateExpression=change,
                ReturnValues="ALL_NEW",
                **_conditions(where, values),
            )
    except Conflict:
        return None
    return from_wire(answer["Attributes"])


def put(table: str, item: Item, condition: str | None = None, values: Item | None = None) -> TransactWriteItemTypeDef:
    """A Put of a transaction. `#state`, `#version` and `#replay` may be used in the condition."""
    request: Any = {"TableName": table, "Item": to_wire(item)}
    return {"Put": request | _conditions(condition, values)}


def update(table: str, key: Key, change: str, condition: str, values: Item) -> TransactWriteItemTypeDef:
    """An Update of a transaction: `SET ...` where the condition holds. Names as for `put`, in the condition only."""
    request: Any = {"TableName": table, "Key": to_wire(key), "UpdateExpression": change}
    return {"Update": request | _conditions(condition, values)}


def delete(table: str, key: Key) -> TransactWriteItemTypeDef:
    """A Delete of a transaction."""
    return {"Delete": {"TableName": table, "Key": to_wire(key)}}


def absent(table: str, key: Key) -> TransactWriteItemTypeDef:
    """A check of a transaction that no such item exists."""
    name = next(iter(key))
    condition = "attribute_not_exists(#key)"
    names = {"#key": name}
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": to_wire(key),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
        }
    }


def unchanged(table: str, key: Key, version: int) -> TransactWriteItemTypeDef:
    """A check of a transaction that the item still has the version that the decision was based on."""
    check: Any = {"TableName": table, "Key": to_wire(key)}
    return {"ConditionCheck": check | _conditions("#version = :version", {":version": version})}


def _conditions(condition: str | None, values: Item | None) -> dict[str, Any]:
    if condition is None:
        return {}
    request: dict[str, Any] = {"ConditionExpression": condition}
    names = {f"#{name}": name for name in ("state", "version", "replay") if f"#{name}" in condition}
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = to_wire(values)
    return request

"""The mark on a record that the CRM is owed it: two attributes of the record's own item, written with the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.crm.rows import Owed
from storage import dynamo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

#: What stands in the index `due`: live, of a replay or a reconcile, and waiting for a person.
LIVE, BACKFILL, ASKS = "crm", "crm_backfill", "crm_asks"
#: What stands there for people and for reconcile alone, and is never due: what the CRM refuses, and what it confirmed.
REFUSED, CLEAN = "crm_refused", "crm_clean"
DUE = frozenset({LIVE, BACKFILL, ASKS})


@dataclass(frozen=True, slots=True)
class Owing:
    """Why a record is owed to the CRM.

    Attributes:
        since: when it was changed.
        backfill: a replay changed it: what is live goes first.
    """

    since: datetime
    backfill: bool = False


def write_owed(
    table: str, key: dynamo.Key, columns: dynamo.Item, owing: Owing, *, based_on: int | None
) -> TransactWriteItemTypeDef:
    """The write of a record with its mark, in one item.

    What waits already keeps its time, so that a record that changes all day does not go to the end of the line each
    time; and a replay does not turn a live mark into one that waits for the live ones.

    Args:
        table: where.
        key: of the record.
        columns: the whole record, its key left out.
        owing: why it is owed.
        based_on: the version that it must still have; 0: it must not exist; None: whatever stands there.
    """
    names = {f"#{name}": name for name in columns}
    values = {f":{name}": value for name, value in columns.items()}
    values |= {":since": int(owing.since.timestamp()), ":kind": BACKFILL if owing.backfill else LIVE}
    kind = "if_not_exists(due_kind, :kind)" if owing.backfill else ":kind"
    sets = [f"#{name} = :{name}" for name in columns]
    change = ", ".join([*sets, "due_at = if_not_exists(due_at, :since)", f"due_kind = {kind}"])
    request: Any = {"TableName": table, "Key": dynamo.to_wire(key), "UpdateExpression": f"SET {change}"}
    if based_on is not None:
        request["ConditionExpression"] = "attribute_not_exists(pk)" if based_on == 0 else "#version = :before"
        values |= {":before": based_on} if based_on else {}
    names_and_values = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": dynamo.to_wire(values)}
    return {"Update": request | names_and_values}


def owed_by(item: Mapping[str, Any]) -> Owed | None:
    """What the item of a record says is owed of it."""
    if "due_kind" not in item:
        return None
    # The calculation is what counts the changes of a commission record.
    version = item["version"] if "version" in item else item["calculation"]
    return Owed(int(version), backfill=item["due_kind"] == BACKFILL)

"""Claims of search terms: of contacts with one e-mail address, only one at a time may be created in the CRM."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from domain.crm.rows import RowKey
from domain.errors import Conflict
from storage import dynamo
from storage.delivery.keys import claim_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def claim(
    client: DynamoDBClient, table: str, terms: Collection[str], key: RowKey, displace: RowKey | None
) -> RowKey | None:
    """Claim all terms in one transaction, as `domain.crm.ports.SyncStore.claim`.

    Raises:
        Conflict: others were claiming the same terms in the same moment, and nobody else has them now.
    """
    wanted = sorted(set(terms))
    allowed = {f":holder{number}": str(one) for number, one in enumerate([key, displace]) if one is not None}
    condition = f"attribute_not_exists(pk) OR holder IN ({', '.join(allowed)})"
    try:
        if wanted:
            writes = [dynamo.put(table, claim_key(term) | {"holder": str(key)}, condition, allowed) for term in wanted]
            dynamo.write_all(client, f"claim search terms for {key}", writes)
    except Conflict:
        holder = _other_holder(client, table, wanted, set(allowed.values()))
        if holder is None:
            raise
        return holder
    return None


def _other_holder(client: DynamoDBClient, table: str, terms: Collection[str], allowed: set[str]) -> RowKey | None:
    for term in terms:
        held = dynamo.get(client, table, claim_key(term))
        if held is not None and held["holder"] not in allowed:
            return RowKey.parse(held["holder"])
    return None

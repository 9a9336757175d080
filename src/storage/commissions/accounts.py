"""Commission accounts, and the brokerage that they belong to."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.commission.account import Account
from domain.commission.cda import Brokerage
from domain.errors import CommissionRefused
from storage import dynamo
from storage.audit import audit_put
from storage.commissions import keys
from storage.records import ITEM_BYTES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from domain.event_log import AuditEntry


@dataclass(frozen=True, slots=True)
class DynamoAccounts:
    """Commission accounts on DynamoDB; implements `domain.commission.ports.Accounts`."""

    client: DynamoDBClient
    records_table: str
    audit_table: str
    pause: Callable[[float], None]

    def load(self, accounts: Collection[str]) -> Mapping[str, Account]:
        """Those that are stored: one batch read for up to a hundred."""
        wanted = {self.records_table: [keys.account_key(account) for account in sorted(set(accounts))]}
        rows = dynamo.batch_get(self.client, wanted, self.pause)[self.records_table]
        return {account.account: account for account in map(_account, rows)}

    def save(self, account: Account, entry: AuditEntry) -> None:
        """Store it, provided that it still has the version before `account.version`.

        Raises:
            Conflict: somebody else changed it.
            CommissionRefused: it is too large for one item.
        """
        writes = [_write(account, self.records_table)]
        if account.version == 1:
            writes.append(dynamo.put(self.records_table, keys.account_listed(account.account)))
        writes.append(audit_put(self.audit_table, entry))
        dynamo.write_all(self.client, f"save account {account.account}", writes)

    def all(self) -> Sequence[Account]:
        """Every account, by id."""
        request = {"TableName": self.records_table, "KeyConditionExpression": "pk = :list", "ConsistentRead": True}
        listed = [str(row["sk"]) for row in dynamo.query(self.client, request, {":list": keys.ACCOUNT_LIST})]
        held = self.load(listed)
        return [held[account] for account in sorted(held)]

    def brokerage(self) -> Brokerage | None:
        """The brokerage as its CDAs name it."""
        row = dynamo.get(self.client, self.records_table, keys.brokerage_key())
        return Brokerage.model_validate(row["brokerage"]) if row else None

    def set_brokerage(self, brokerage: Brokerage, entry: AuditEntry) -> None:
        """Replace it."""
        document = brokerage.model_dump(mode="json", exclude_none=True)
        put = dynamo.put(self.records_table, keys.brokerage_key() | {"brokerage": document})
        dynamo.write_all(self.client, "set the brokerage", [put, audit_put(self.audit_table, entry)])


def _write(account: Account, table: str) -> TransactWriteItemTypeDef:
    document = account.model_dump(mode="json", exclude_none=True)
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size > ITEM_BYTES:
        raise CommissionRefused(
            f"account {account.account} would be {size:,} bytes, and one item holds {ITEM_BYTES:,}; remove deductions, "
            "terms and openings that have ended"
        )
    item = keys.account_key(account.account) | {"version": account.version, "account": document}
    if account.version <= 1:
        return dynamo.put(table, item, "attribute_not_exists(pk)")
    return dynamo.put(table, item, "#version = :before", {":before": account.version - 1})


def _account(row: Mapping[str, Any]) -> Account:
    return Account.model_validate(row["account"])

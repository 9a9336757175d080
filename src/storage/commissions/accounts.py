"""Commission accounts, what is agreed for single deals, and the brokerage that they belong to."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.commission.account import Account
from domain.commission.agreement import DealAgreement, HeldAgreement
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
        rows = self._rows([keys.account_key(account) for account in sorted(set(accounts))])
        return {account.account: account for account in map(_account, rows)}

    def load_for(self, deal_id: str, accounts: Collection[str]) -> tuple[HeldAgreement | None, Mapping[str, Account]]:
        """What is agreed for a deal, and those of these accounts that are stored: one batch read of both."""
        agreed = keys.agreement_key(deal_id)
        rows = self._rows([agreed, *(keys.account_key(account) for account in sorted(set(accounts)))])
        held = next((_agreement(row) for row in rows if row["pk"] == agreed["pk"]), None)
        found = map(_account, (row for row in rows if row["pk"] != agreed["pk"]))
        return held, {account.account: account for account in found}

    def agreement(self, deal_id: str) -> HeldAgreement | None:
        """What is agreed for a deal; None where nothing ever was."""
        row = dynamo.get(self.client, self.records_table, keys.agreement_key(deal_id))
        return _agreement(row) if row else None

    def save_agreement(self, held: HeldAgreement, entry: AuditEntry) -> None:
        """Store what is agreed for a deal, provided that it still has the version before `held.version`.

        Raises:
            Conflict: somebody else changed it.
            CommissionRefused: it is too large for one item.
        """
        document = held.agreement.model_dump(mode="json", exclude_none=True)
        _check_size(document, f"what is agreed for deal {held.deal_id}", "terms and charges that hold no longer")
        item = keys.agreement_key(held.deal_id) | {
            "version": held.version,
            "agreement": document,
            "recorded_by": held.by,
            "recorded_at": held.at.isoformat(),
        }
        writes = [_guarded_put(item, held.version, self.records_table), audit_put(self.audit_table, entry)]
        dynamo.write_all(self.client, f"save what is agreed for deal {held.deal_id}", writes)

    def _rows(self, wanted: Collection[dict[str, str]]) -> list[dict[str, Any]]:
        return dynamo.batch_get(self.client, {self.records_table: wanted}, self.pause)[self.records_table]

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
    _check_size(document, f"account {account.account}", "deductions, terms and openings that have ended")
    item = keys.account_key(account.account) | {"version": account.version, "account": document}
    return _guarded_put(item, account.version, table)


def _check_size(document: Mapping[str, Any], what: str, remove: str) -> None:
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size > ITEM_BYTES:
        raise CommissionRefused(f"{what} would be {size:,} bytes, and one item holds {ITEM_BYTES:,}; remove {remove}")


def _guarded_put(item: dict[str, Any], version: int, table: str) -> TransactWriteItemTypeDef:
    """The write of an item, provided that what is stored has the version before this."""
    if version <= 1:
        return dynamo.put(table, item, "attribute_not_exists(pk)")
    return dynamo.put(table, item, "#version = :before", {":before": version - 1})


def _account(row: Mapping[str, Any]) -> Account:
    return Account.model_validate(row["account"])


def _agreement(row: Mapping[str, Any]) -> HeldAgreement:
    return HeldAgreement(
        deal_id=row["pk"].removeprefix(keys.deal_partition("")),
        version=int(row["version"]),
        agreement=DealAgreement.model_validate(row["agreement"]),
        by=row["recorded_by"],
        at=datetime.fromisoformat(row["recorded_at"]),
    )

"""Published plan versions: put once, never changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from domain.commission.account import PlanVersion
from domain.commission.plan import Plan
from domain.errors import CommissionRefused
from storage import dynamo
from storage.audit import audit_put
from storage.commissions import keys
from storage.records import ITEM_BYTES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from domain.event_log import AuditEntry


@dataclass(frozen=True, slots=True)
class DynamoPlanShelf:
    """Plan versions on DynamoDB; implements `domain.commission.ports.PlanShelf`."""

    client: DynamoDBClient
    records_table: str
    audit_table: str

    def publish(self, version: PlanVersion, entry: AuditEntry) -> None:
        """Store a version, its place in the list, and the audit entry.

        Raises:
            Conflict: this plan has a version of that day already, or one of that number or a later one.
            CommissionRefused: the file is too large for one item.
        """
        listed = keys.plan_listed(version.plan.plan) | {"latest": version.number}
        writes = [
            dynamo.put(self.records_table, _item(version), "attribute_not_exists(pk)"),
            dynamo.put(
                self.records_table, listed, "attribute_not_exists(pk) OR latest < :latest", {":latest": version.number}
            ),
            audit_put(self.audit_table, entry),
        ]
        dynamo.write_all(self.client, f"publish plan {version.id}", writes)

    def versions(self, plans: Collection[str]) -> Mapping[str, Sequence[PlanVersion]]:
        """Every version of these plans, by their days: one query for each plan."""
        found = {plan: self._of(plan) for plan in sorted(set(plans))}
        return {plan: versions for plan, versions in found.items() if versions}

    def names(self) -> Sequence[str]:
        """The plans that have a version, sorted."""
        request = {"TableName": self.records_table, "KeyConditionExpression": "pk = :list", "ConsistentRead": True}
        return [str(row["sk"]) for row in dynamo.query(self.client, request, {":list": keys.PLAN_LIST})]

    def _of(self, plan: str) -> list[PlanVersion]:
        request = {"TableName": self.records_table, "KeyConditionExpression": "pk = :plan", "ConsistentRead": True}
        rows = dynamo.query(self.client, request, {":plan": keys.plan_partition(plan)})
        return [_version(row) for row in rows]


def _item(version: PlanVersion) -> dict[str, Any]:
    # Defaults are stored too: what a field means when it is left out must not change under a published version.
    # No field means something else by None than by being left out.
    plan = version.plan.model_dump_json(exclude_none=True)
    size = len(plan.encode()) + len(version.text.encode())
    if size > ITEM_BYTES:
        raise CommissionRefused(
            f"plan {version.plan.plan} would be {size:,} bytes, and one version holds {ITEM_BYTES:,}; shorten its "
            "comments and sources, or make two plans of it"
        )
    return keys.version_key(version.plan.plan, version.effective) | {
        "plan": plan,
        "ordinal": version.number,
        "file": version.text,
        "digest": version.digest,
        "published_by": version.by,
        "published_at": version.at.isoformat(),
    }


def _version(row: Mapping[str, Any]) -> PlanVersion:
    return PlanVersion(
        plan=Plan.model_validate_json(row["plan"]),
        effective=date.fromisoformat(row["sk"].removeprefix("VERSION#")),
        number=int(row["ordinal"]),
        text=row["file"],
        digest=row["digest"],
        by=row["published_by"],
        at=datetime.fromisoformat(row["published_at"]),
    )

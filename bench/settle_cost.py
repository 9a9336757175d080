"""What settling one closing costs in DynamoDB: requests and items read, counted on tables built from template.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import boto3
import yaml
from moto import mock_aws

from bench.apply_cost import Meter
from bench.commissions import CAPPED
from commissions.files.reading import read_plan
from domain.commission.account import Account, AccountDetails, Assignment, PlanVersion
from domain.commission.settlement import DueMark, LedgerEntry
from domain.event_log import AuditEntry
from flows.settle.ports import SettlePorts, World
from flows.settle.settling import settle_due
from storage import dynamo
from storage.commissions import rows
from storage.commissions.accounts import DynamoAccounts
from storage.commissions.cdas import DynamoCdaDesk
from storage.commissions.plans import DynamoPlanShelf
from storage.commissions.settling import DynamoCommissionStore
from storage.delivery.marks import Owing
from storage.records import DynamoDealStore, deal_key, write_of_deal
from tests.builders import NOW
from tests.fakes.queues import MemoryQueues
from tests.template import tables
from tests.unit.flows.settle.office import deal_of

AGENTS = ("ann", "bob", "cid")
SHARES = dict.fromkeys(AGENTS, Fraction(1, 3))
CLOSING = date(2026, 6, 1)


def settle_cost(stored: int) -> tuple[int, int]:
    """Requests and items read of settling one closing of three agents, among so many settled ones of theirs.

    Args:
        stored: deals in the table, each with its entry in the ledger of one of the three agents.

    Raises:
        AssertionError: the closing was not settled.
    """
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        names = {logical: table["TableName"] for logical, table in tables().items()}
        for table in tables().values():
            client.create_table(**table)
        ports = _ports(client, names)
        _agree(ports)
        deal = deal_of("the-deal", CLOSING, SHARES, price=400_000, contract_date=date(2026, 4, 1))
        dynamo.write_all(client, "put the deal", [write_of_deal(deal, None, names["RecordsTable"], Owing(NOW))])
        _fill(client, names["RecordsTable"], stored)
        ports.store.set_due(DueMark(deal.id, deal.version, NOW - timedelta(minutes=1)))
        meter = Meter()
        client.meta.events.register("after-call.dynamodb", meter.count)
        report = settle_due(ports, World(lambda: NOW, lambda: 0.5, _no_pause, lambda: 300.0))
        if report.settled != 1:
            raise AssertionError(report)
        return meter.requests, meter.items_read


def _ports(client: Any, names: dict[str, str]) -> SettlePorts:
    records, events, audit = names["RecordsTable"], names["EventsTable"], names["AuditTable"]
    return SettlePorts(
        DynamoDealStore(client, records, events, _no_pause),
        DynamoAccounts(client, records, audit, _no_pause),
        DynamoPlanShelf(client, records, audit),
        DynamoCommissionStore(client, records, _no_pause),
        DynamoCdaDesk(client, records, audit, _no_pause),
        MemoryQueues(),
    )


def _agree(ports: SettlePorts) -> None:
    """The plan is published, and each of the three has it."""
    text = yaml.safe_dump(CAPPED, sort_keys=False)
    plan = read_plan(text, "capped.yaml")
    ports.plans.publish(PlanVersion(plan, date(2020, 1, 1), 1, text, "digest", "bench", NOW), _entry("plan"))
    for agent in AGENTS:
        details = AccountDetails(anniversary=date(2019, 3, 15), licence_expires=date(2039, 12, 31))
        assignments = (Assignment(plan=plan.plan, starts=date(2020, 1, 1)),)
        account = Account(
            account=agent, version=1, name=agent, licence="FA.1", details=details, assignments=assignments
        )
        ports.accounts.save(account, _entry(agent))


def _fill(client: Any, table: str, count: int) -> None:
    """Settled deals of these agents; small rows, since moto copies the whole table for each transaction."""
    writes = [{"PutRequest": {"Item": dynamo.to_wire(row)}} for number in range(1, count) for row in _settled(number)]
    for start in range(0, len(writes), 25):
        client.batch_write_item(RequestItems={table: writes[start : start + 25]})


def _settled(number: int) -> Iterator[dict[str, Any]]:
    deal_id = f"stored-{number}"
    order = ((CLOSING - timedelta(days=1 + number % 60)).isoformat(), f"{number:06d}", deal_id)
    yield deal_key(deal_id) | {"version": 1}
    yield rows.entry_item(LedgerEntry(AGENTS[number % 3], order, deal_id, 1, {}, {}))


def _entry(subject: str) -> AuditEntry:
    return AuditEntry(f"a-{subject}", NOW, "arn:bench", "publish", subject, "to be measured")


def _no_pause(_seconds: float) -> None:
    """Nothing is throttled here."""

"""What one event costs in DynamoDB: requests and items read, counted on tables built from template.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import boto3
from moto import mock_aws

from bench.throughput import EVENTS, forty_field_deals
from flows.outcome import Result
from flows.process_event import Policy, process_event
from storage import dynamo
from storage.agents import DynamoAgentDirectory
from storage.records import DynamoDealStore, alias_key, deal_key
from storage.waiting import DynamoWaitingRoom
from tests.fakes.archive import MemoryArchive
from tests.fakes.ports import MemoryPorts
from tests.fakes.queues import MemoryQueues
from tests.fakes.world import Clock
from tests.template import tables
from transforms.agents_csv import parse_agents


@dataclass
class Meter:
    """Counts what a client asks for."""

    requests: int = 0
    items_read: int = 0
    calls: list[str] = field(default_factory=list)

    def count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        """One answer of DynamoDB."""
        self.requests += 1
        self.calls.append(model.name)
        responses = parsed.get("Responses", {})
        lists = responses.values() if isinstance(responses, dict) else []
        self.items_read += sum(len(items) for items in lists) + len(parsed.get("Items", [])) + ("Item" in parsed)


def apply_cost(stored: int) -> tuple[int, int]:
    """Requests and items read of one update of one deal, among so many stored ones.

    Args:
        stored: deals in the table, each with its alias.
    """
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        names = {logical: table["TableName"] for logical, table in tables().items()}
        for table in tables().values():
            client.create_table(**table)
        records, events, agents = names["RecordsTable"], names["EventsTable"], names["AgentDirectoryTable"]
        ports = MemoryPorts(
            MemoryArchive(),
            DynamoAgentDirectory(client, agents, _no_pause, lambda: 0.0),
            DynamoDealStore(client, records, events, _no_pause),
            DynamoWaitingRoom(client, events, agents, _no_pause),
            MemoryQueues(),
            None,
        )
        ports.directory.add(parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8")))
        first, second = forty_field_deals(1)[0], forty_field_deals(1)[0]
        policy, world = Policy("America/Denver", timedelta(hours=24)), Clock().world()
        _applied(process_event(first, ports, policy, world))
        _fill(client, records, stored)
        meter = Meter()
        client.meta.events.register("after-call.dynamodb", meter.count)
        cold = replace(ports, directory=DynamoAgentDirectory(client, agents, _no_pause, lambda: 0.0))
        _applied(process_event(_newer(second), cold, policy, world))
        return meter.requests, meter.items_read


def _applied(outcome: Any) -> None:
    if outcome.result is not Result.APPLIED:
        raise AssertionError(outcome)


def _newer(envelope: Any) -> Any:
    body = envelope.body.replace(b'"id": "evt-0"', b'"id": "evt-1"')
    return replace(envelope, event_id="evt-1", receipt="r-1", body=body)


def _fill(client: Any, table: str, count: int) -> None:
    """Other deals with their aliases; small ones, since moto copies the whole table for each transaction."""
    writes = []
    for number in range(1, count):
        item = deal_key(f"stored-{number}") | {"version": 1}
        alias = alias_key(("deal", "transactions", f"S-{number}")) | {"record_id": f"stored-{number}"}
        writes += [{"PutRequest": {"Item": dynamo.to_wire(row)}} for row in (item, alias)]
    for start in range(0, len(writes), 25):
        client.batch_write_item(RequestItems={table: writes[start : start + 25]})


def _no_pause(_seconds: float) -> None:
    """Nothing is throttled here."""

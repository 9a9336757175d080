"""Deals per second on one core: parse, map, validate and apply the forty-field deal, everything outside in memory."""

from __future__ import annotations

import json
import statistics
import time
from datetime import timedelta
from pathlib import Path

from domain.envelope import Envelope
from flows.outcome import Result
from flows.process_event import Policy, process_event
from tests.builders import NOW
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.archive import MemoryArchive
from tests.fakes.deals import MemoryDealStore
from tests.fakes.ports import MemoryPorts
from tests.fakes.queues import MemoryQueues
from tests.fakes.waiting import MemoryWaitingRoom
from tests.fakes.world import Clock
from transforms.agents_csv import parse_agents

EVENTS = Path(__file__).resolve().parents[1] / "events"
FORTY_FIELDS = EVENTS / "transactions" / "deal.updated__forty_fields.json"


def forty_field_deals(count: int) -> list[Envelope]:
    """As many deals as asked, each its own: ids, people's ids and phone numbers differ."""
    text = FORTY_FIELDS.read_text(encoding="utf-8")
    envelopes = []
    for number in range(count):
        document = json.loads(text)
        document["id"] = f"evt-{number}"
        document["data"]["id"] = f"T-{number}"
        for person in document["data"]["participants"]:
            if "id" in person:
                person["id"] = f"{person['id']}-{number}"
            if "phone" in person:
                person["phone"] = f"406-555-{number % 10_000:04d}"
        envelopes.append(
            Envelope(
                receipt=f"r-{number}",
                source="transactions",
                event_type="deal.updated",
                event_id=f"evt-{number}",
                received_at=NOW,
                mapping_version=1,
                content_type="application/json",
                archive_key=f"k-{number}",
                body=json.dumps(document).encode(),
            )
        )
    return envelopes


def deals_per_second(rounds: int = 40, deals: int = 200) -> tuple[float, float]:
    """Deals a second, and the cost of a deal over that of `json.loads` of its body.

    The first is the best of the rounds, the second the median: machines differ, and one machine from minute to minute.
    Each round starts with an empty store: what a real one holds is in DynamoDB, not in the memory of the process.
    """
    directory = MemoryAgentDirectory()
    directory.add(parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8")))
    policy = Policy(zone="America/Denver", longest_deferral=timedelta(hours=24))
    envelopes = forty_field_deals(deals)
    costs, ratios = [], []
    for _ in range(rounds):
        room = MemoryWaitingRoom(directory=directory)
        ports = MemoryPorts(MemoryArchive(), directory, MemoryDealStore(waiting=room), room, MemoryQueues(), None)
        world = Clock().world()
        began = time.process_time()
        for envelope in envelopes:
            outcome = process_event(envelope, ports, policy, world)
            if outcome.result is not Result.APPLIED:
                raise AssertionError(f"{outcome} for {envelope.event_id}")
        applied = time.process_time()
        for envelope in envelopes:
            json.loads(envelope.body or b"")
        costs.append((applied - began) / deals)
        ratios.append((applied - began) / (time.process_time() - applied))
    return 1 / min(costs), statistics.median(ratios)

"""A storm: many deals' events shuffled, some twice, from several senders at once. Nothing may be lost or applied twice.

The oracle is the same flow over ports in memory, which gets each event once and in order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from domain.merging import transitions
from flows.outcome import Result
from flows.process_event import Policy, process_event
from tests.builders import NOW, envelope
from tests.e2e.conftest import Cloud, unique
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.archive import MemoryArchive
from tests.fakes.deals import MemoryDealStore
from tests.fakes.ports import MemoryPorts
from tests.fakes.queues import MemoryQueues
from tests.fakes.waiting import MemoryWaitingRoom
from tests.fakes.world import Clock

SEED, DEALS, EVENTS_EACH, REPEATED, SENDERS = 7, 12, 10, 30, 8

STATUSES = ("Active", "Under Contract", "Contingency Released", "Delayed", "Closed", "Fell Through")


def person(rng: random.Random) -> dict[str, Any]:
    """Somebody of a few people, so that they meet on several deals and lists; with an id or without."""
    found: dict[str, Any] = {
        "role": rng.choice(["buyer", "seller"]),
        "name": rng.choice(["Ann Lee", "Bob Ray", "Cy Moe"]),
    }
    if rng.random() < 0.5:
        found["id"] = f"P-{rng.randint(1, 12)}"
    if rng.random() < 0.6:
        found["email"] = rng.choice(["x@example.com", "y@example.com"])
    if rng.random() < 0.5:
        found["phone"] = f"406-555-01{rng.randint(10, 19)}"
    return found


def event(rng: random.Random, deal: str, version: int, minute: int) -> dict[str, Any]:
    """A partial event: each field only sometimes."""
    data: dict[str, Any] = {"id": deal, "version": version}
    if rng.random() < 0.5:
        data |= {"status": rng.choice(STATUSES), "status_reason": f"reason {version}"}
    if rng.random() < 0.5:
        data["reference"] = rng.choice(["A", "B", None])
    if rng.random() < 0.4:
        data["list_price"] = rng.choice([100_000, "250,000.00"])
    if rng.random() < 0.5:
        data["participants"] = [person(rng) for _ in range(rng.randint(0, 4))]
    happened = NOW + timedelta(minutes=minute)
    return {"id": f"{deal}-{version}", "type": "deal.updated", "occurred_at": happened.isoformat(), "data": data}


def in_order(events: Sequence[dict[str, Any]]) -> MemoryDealStore:
    """What the deals must be."""
    room = MemoryWaitingRoom()
    store, world = MemoryDealStore(waiting=room), Clock().world()
    ports = MemoryPorts(MemoryArchive(), MemoryAgentDirectory(), store, room, MemoryQueues(), None)
    policy = Policy("America/Denver", timedelta(hours=24))
    for one in events:
        message = envelope(one["id"], body=json.dumps(one).encode())
        assert process_event(message, ports, policy, world).result is Result.APPLIED
    return store


def seen(store: Any, deal_id: str) -> Any:
    """A deal as a broker sees it: without our ids and version numbers."""
    deal = store.deal("transactions", deal_id)
    if deal is None:
        return None
    held = store.contacts({link.contact_id for link in deal.participants})
    people = sorted(((link.role, sorted(held[link.contact_id].values.items())) for link in deal.participants), key=repr)
    history = [(one.stage, one.reason, change) for one, change in transitions(store.stage_history(deal.id))]
    return deal.details, deal.marks, deal.ever_closed, people, history


@pytest.mark.e2e
def test_a_storm_of_shuffled_and_repeated_events_ends_in_the_same_deals(cloud: Cloud) -> None:
    rng = random.Random(SEED)
    deals = [unique("storm") for _ in range(DEALS)]
    events = [event(rng, deal, v, v * 100 + i) for v in range(1, EVENTS_EACH + 1) for i, deal in enumerate(deals)]
    expected = in_order(events)
    storm = events + rng.sample(events, REPEATED)
    rng.shuffle(storm)
    with ThreadPoolExecutor(SENDERS) as senders:
        sent = senders.map(lambda one: cloud.deliver("transactions", json.dumps(one).encode(), one["id"]), storm)
        assert set(sent) == {202}
    store = cloud.stack.deals()
    pending = {one["id"] for one in events}

    def all_applied() -> bool:
        pending.difference_update([one for one in pending if store.was_applied(envelope(one))])
        return not pending

    cloud.until(all_applied, seconds=90)
    for deal in deals:
        assert seen(store, deal) == seen(expected, deal)

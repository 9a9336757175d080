"""The CRM store with its sync rows, in memory or on moto, and ready-made rows for its tests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.commission.ports import CommissionStore
from domain.crm.ports import Finish, SyncStore
from domain.crm.rows import Confirmation, Intent, Kind, Owed, RowKey, SyncRow, Verb
from domain.deal import Deal, DealFacts
from domain.merging import merge
from domain.ports import DealStore
from domain.terms import Role
from storage.commissions.settling import DynamoCommissionStore
from storage.delivery.sync import DynamoSyncStore
from storage.records import DynamoDealStore
from tests.builders import NOW, envelope, facts, person, wanted
from tests.conftest import no_pause
from tests.contract.commission_world import head, posted, record, settlement
from tests.fakes.commissions import FakeCommissionStore
from tests.fakes.deals import MemoryDealStore
from tests.fakes.delivery import MemorySyncStore
from tests.template import tables

LATER = NOW + timedelta(minutes=2)
DEAL, ANA, SAM = RowKey(Kind.DEAL, "d1"), RowKey(Kind.CONTACT, "c1"), RowKey(Kind.CONTACT, "c2")
LINK, SHARE = RowKey(Kind.LINK, "d1", "c1"), RowKey(Kind.COMMISSION, "d1", "contact-1/x")

#: Who is on the deal, in the order in which they get their ids.
PEOPLE = (("P1", "Ana Bell"), ("P2", "Sam Poe"))


@dataclass
class SyncWorld:
    """What one of these writes, the others read."""

    deals: DealStore
    commissions: CommissionStore
    sync: SyncStore
    settled: dict[str, int] = field(default_factory=dict)

    def apply(
        self, order: int = 1, *, deal: str = "T-1", replayed: str = "", now: datetime = NOW, people: int = 1
    ) -> Deal:
        """Event number `order` of a deal with so many people; the deal and the people all change."""
        listed = [person(Role.BUYER, source_id, name=f"{name} {order}") for source_id, name in PEOPLE[:people]]
        event = facts(order, source_id=deal, people=listed, values={"title_file_number": str(order)})
        return self.applied(event, replayed=replayed, now=now)

    def applied(self, event: DealFacts, *, replayed: str = "", now: datetime = NOW) -> Deal:
        """The deal once the event is applied; new deals get the ids d1, d2, new people c1, c2."""
        message = envelope(event.event_id, replay=replayed)
        held = self.deals.load(message, wanted(event))
        deals = [] if held.deal else [f"d{number}" for number in (1, 2) if self.deals.deal_by_id(f"d{number}") is None]
        people = [f"c{number}" for number in (1, 2) if not self.deals.contacts([f"c{number}"])]
        ids = iter([*deals[:1], *people])
        change = merge(event, held, message, lambda: next(ids))
        self.deals.commit(change, now)
        deal = self.deals.deal("transactions", event.source_id)
        assert deal is not None
        return deal

    def settle(self, *, deal_id: str = "d1", account: str = SHARE.other, now: datetime = NOW) -> None:
        """Post the next calculation of the deal, with the agent's record."""
        number = self.settled.get(deal_id, 0) + 1
        self.settled[deal_id] = number
        made = settlement(
            deal_id,
            number,
            posted=posted(deal_id, number, at=now),
            head=head(deal_id, number),
            records=(record(deal_id, account, number=number),),
        )
        self.commissions.commit(made)

    def owed(self, key: RowKey) -> Owed | None:
        """The mark on the record."""
        return self.sync.load([key]).owed.get(key)

    def lease(self, key: RowKey, token: str = "w1", *, now: datetime = NOW, until: datetime = LATER) -> SyncRow:
        """The row, leased."""
        return self.sync.lease([key], token, now=now, until=until)[key]

    def row(self, key: RowKey) -> SyncRow:
        """The row as it is stored."""
        return self.sync.rows([key])[key]

    def confirm(self, key: RowKey, *, now: datetime = NOW) -> None:
        """A whole run of one row."""
        row = self.lease(key, "w0", now=now, until=now + timedelta(minutes=2))
        assert self.finish(row, seen=self.owed(key), now=now)

    def save(self, row: SyncRow, *, now: datetime = NOW) -> bool:
        """Whether the row is written and its lease kept."""
        return row.key in self.sync.save([row], now=now)

    def finish(self, row: SyncRow, *, seen: Owed | None = None, now: datetime = NOW) -> bool:
        """Whether the row is written and its lease given back."""
        return row.key in self.sync.finish([Finish(row, seen)], now=now)

    def claim(self, terms: Collection[str], key: RowKey, *, displace: RowKey | None = None) -> RowKey | None:
        """Who else holds one of these terms; None: they are the contact's."""
        return self.sync.claim({key: terms}, displace=displace).get(key)


def world_on(kind: str, request: pytest.FixtureRequest) -> SyncWorld:
    """The one on `dynamodb`, or in `memory`."""
    if kind == "memory":
        deals, commissions = MemoryDealStore(), FakeCommissionStore()
        return SyncWorld(deals, commissions, MemorySyncStore(deals, commissions))
    return dynamo_world(request.getfixturevalue("dynamodb"))


def dynamo_world(client: Any) -> SyncWorld:
    """The one on the tables of this client."""
    records, events = (tables()[name]["TableName"] for name in ("RecordsTable", "EventsTable"))
    return SyncWorld(
        DynamoDealStore(client, records, events, no_pause),
        DynamoCommissionStore(client, records, no_pause),
        DynamoSyncStore(client, records, no_pause),
    )


def intent(at: datetime = NOW, verb: Verb = Verb.UPDATE) -> Intent:
    """A write that was announced."""
    return Intent(verb, at, 3, {"name": "0f", "amount": "a1"})


def confirmation(at: datetime = NOW) -> Confirmation:
    """What the CRM was seen to hold."""
    altered = {"name": ("O'Brien 🏡", "O'Brien ????")}
    return Confirmation(at, 3, {"name": "0f", "amount": "a1"}, {"name": "0e", "amount": "a1"}, altered)


def full(row: SyncRow, **changes: Any) -> SyncRow:
    """The row with something in every attribute that does not decide when it is looked at."""
    fields: dict[str, Any] = {
        "generation": 2,
        "remote_id": "5f0c1a52-0000-4f9a-9d5c-1f6f0c3f2a77",
        "owns": frozenset({"amount", "name"}),
        "decided": True,
        "before": confirmation(),
        "intent": intent(),
        "doubted_at": NOW + timedelta(microseconds=7),
        "sight": True,
        "candidates": ("r-1", "r-2"),
        "behind": SAM,
        "reason": "waits for contact",
        "attempts": 3,
        "refused": "77",
        "letter": "crm#deal:d1#77",
        "backfill": True,
    }
    return replace(row, **{**fields, **changes})

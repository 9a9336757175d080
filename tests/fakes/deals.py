"""The CRM store in memory: the same conditions as the DynamoDB one, atomic under a lock."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.agents import AgentKey
from domain.crm.rows import Kind, RowKey
from domain.deal import Contact, Deal, DealRole, StageObservation
from domain.envelope import Envelope
from domain.errors import Conflict
from domain.ports import Change, Snapshot, Wanted
from tests.fakes.marks import MemoryMarks
from tests.fakes.waiting import MemoryWaitingRoom


@dataclass
class MemoryDealStore:
    """Implements `domain.ports.DealStore`; what it holds is public for the tests to read."""

    waiting: MemoryWaitingRoom = field(default_factory=MemoryWaitingRoom)
    events: set[str] = field(default_factory=set)
    replays: dict[str, str] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)
    people: dict[str, Contact] = field(default_factory=dict)
    aliases: dict[tuple[str, str, str], str] = field(default_factory=dict)
    links: dict[tuple[str, DealRole], str] = field(default_factory=dict)
    observations: dict[tuple[str, str], StageObservation] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)
    owed: MemoryMarks = field(default_factory=MemoryMarks)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def was_applied(self, envelope: Envelope) -> bool:
        key = envelope.event_key
        return key in self.events and self.replays.get(key, "") >= envelope.replay

    def load(self, envelope: Envelope, wanted: Wanted) -> Snapshot:
        with self.lock:
            deal_aliases = [("deal", wanted.source, i) for i in (wanted.deal, *wanted.merged)]
            asked = [*deal_aliases, *(("contact", wanted.source, i) for i in wanted.contacts)]
            aliases = {alias: self.aliases[alias] for alias in asked if alias in self.aliases}
            deal_ids = list(dict.fromkeys(aliases[alias] for alias in deal_aliases if alias in aliases))
            deals = list({deal.id: deal for deal in map(self._survivor, deal_ids)}.values())
            held = deals[0] if deals else None
            ids = {record for (kind, _, _), record in aliases.items() if kind == "contact"}
            if held and wanted.people:
                ids |= {i for deal in deals for i in deal.contact_ids()}
            parked = self.waiting.rows.get(envelope.event_key)
            return Snapshot(
                applied=self.was_applied(envelope),
                parked_under=parked.missing if parked else frozenset[AgentKey](),
                deal=held,
                absorbed=tuple(deals[1:]),
                aliases=aliases,
                contacts={i: self.people[i] for i in ids if i in self.people},
            )

    def commit(self, change: Change, now: datetime) -> None:
        with self.lock:
            self._check(change)
            self.events.add(change.envelope.event_key)
            self.replays[change.envelope.event_key] = change.envelope.replay
            self.waiting.applied.add(change.envelope.event_key)
            self.waiting.rows.pop(change.envelope.event_key, None)
            if change.deal is not None:
                self.deals[change.deal_id] = change.deal
                if change.commission_due:
                    self.due[change.deal_id] = change.deal.version
            for absorbed, _ in change.absorbed:
                self.deals[absorbed.id] = absorbed
                if absorbed.ever_closed:
                    self.due[absorbed.id] = absorbed.version
            self.aliases |= {**change.aliases, **change.repointed}
            self.people |= {contact.id: contact for contact, _ in change.contacts}
            self.links |= {(change.deal_id, _link(role)): "active" for role in change.roles_added}
            self.links |= {(change.deal_id, _link(role)): "retired" for role in change.roles_retired}
            if change.observation is not None:
                self.observations[change.deal_id, str(change.observation.mark)] = change.observation
            deals = [change.deal, *(absorbed for absorbed, _ in change.absorbed)]
            people = [contact for contact, _ in change.contacts]
            self.owe([deal for deal in deals if deal], people, now, backfill=bool(change.envelope.replay))

    def owe(self, deals: Iterable[Deal], people: Iterable[Contact], now: datetime, *, backfill: bool = False) -> None:
        """Mark these records, as every write of one does."""
        for deal in deals:
            self.owed.set(RowKey(Kind.DEAL, deal.id), deal.version, now, backfill=backfill)
        for contact in people:
            self.owed.set(RowKey(Kind.CONTACT, contact.id), contact.version, now, backfill=backfill)

    def _check(self, change: Change) -> None:
        held = self.deals.get(change.deal_id)
        stale_deal = held != change.deal_before
        stale_deal |= any(self.deals[before.id] != before for _, before in change.absorbed)
        stale_people = any(
            (self.people[contact.id].version if contact.id in self.people else 0) != based_on
            for contact, based_on in change.contacts
        )
        if self.was_applied(change.envelope) or stale_deal or stale_people or change.aliases.keys() & self.aliases:
            raise Conflict(change.envelope.event_key)

    def _survivor(self, deal_id: str) -> Deal:
        deal = self.deals[deal_id]
        return self._survivor(deal.merged_into) if deal.merged_into else deal

    def deal(self, source: str, source_id: str) -> Deal | None:
        return self.deals.get(self.aliases.get(("deal", source, source_id), ""))

    def deal_by_id(self, deal_id: str) -> Deal | None:
        return self.deals.get(deal_id)

    def contacts(self, contact_ids: Collection[str]) -> dict[str, Contact]:
        return {i: self.people[i] for i in contact_ids if i in self.people}

    def stage_history(self, deal_id: str) -> list[StageObservation]:
        held = self.deals.get(deal_id)
        ids = {deal_id, *held.absorbed_ids} if held else {deal_id}
        mine = [seen for (deal, _), seen in self.observations.items() if deal in ids]
        return sorted(mine, key=lambda seen: seen.mark)

    def commission_due(self, deal_id: str) -> int | None:
        return self.due.get(deal_id)


def _link(role: DealRole) -> DealRole:
    """As the table keeps it: who in which role, under whatever alias."""
    return replace(role, known_as=None)

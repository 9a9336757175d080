"""Contacts and their deals in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.deal import Deal
from domain.forgetting import (
    cleared_on_contact,
    cleared_on_deal,
    deal_without,
    family,
    forgotten_contact,
    person_of,
)
from tests.fakes.deals import MemoryDealStore


@dataclass
class MemoryContacts:
    """Implements `domain.operate.ports.Contacts` over a CRM store in memory."""

    store: MemoryDealStore = field(default_factory=MemoryDealStore)

    def contact_of(self, source: str, source_id: str) -> str | None:
        return self.store.aliases.get(("contact", source, source_id))

    def deals_of(self, contact_id: str) -> Sequence[str]:
        return sorted({deal for deal, role in self.store.links if role.contact_id == contact_id})

    def forget(self, contact_id: str, *, now: datetime) -> tuple[str, ...]:
        with self.store.lock:
            if contact_id not in self.store.people:
                raise LookupError(f"there is no contact {contact_id!r}")
            contact, deals = self.store.people[contact_id], self._deals(contact_id)
            person = person_of(contact, deals)
            after = [deal_without(deal, person, now) for deal in deals]
            forgotten = forgotten_contact(contact, now)
            self.store.deals |= {deal.id: deal for deal in after}
            self.store.people[contact_id] = forgotten
            changed = [new for new, old in zip(after, deals, strict=True) if new is not old]
            self.store.owe(changed, [forgotten] if forgotten is not contact else [], now)
            names = cleared_on_contact(contact).union(*map(cleared_on_deal, deals, after))
            return tuple(sorted(names))

    def _deals(self, contact_id: str) -> list[Deal]:
        ids, wanted = set[str](), set(self.deals_of(contact_id))
        while wanted:
            ids |= wanted
            wanted = {other for i in wanted for other in family(self.store.deals[i])} - ids
        return [self.store.deals[i] for i in sorted(ids)]

"""Contacts and the deals they stand on, for privacy requests; in the table of storage/records.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from domain.errors import Conflict
from domain.forgetting import (
    cleared_on_contact,
    cleared_on_deal,
    deal_without,
    family,
    forgotten_contact,
    person_of,
)
from storage import dynamo
from storage.codec import contact_from, deal_from
from storage.delivery.marks import Owing
from storage.records import alias_key, contact_key, deal_key, write_of_contact, write_of_deal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from domain.deal import Contact, Deal
    from domain.forgetting import Person

#: How often a record is read and written anew because an event changed it in between.
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class DynamoContacts:
    """Contacts on DynamoDB; implements `domain.operate.ports.Contacts`."""

    client: DynamoDBClient
    records_table: str
    pause: Callable[[float], None]

    def contact_of(self, source: str, source_id: str) -> str | None:
        """Our id of the contact whom the source knows by that id."""
        row = dynamo.get(self.client, self.records_table, alias_key(("contact", source, source_id)))
        return str(row["record_id"]) if row else None

    def deals_of(self, contact_id: str) -> Sequence[str]:
        """Our ids of the deals that the contact stands or stood on, sorted."""
        request = {
            "TableName": self.records_table,
            "IndexName": "by_contact",
            "KeyConditionExpression": "gsi_contact_pk = :contact",
        }
        rows = dynamo.query(self.client, request, {":contact": f"CONTACT#{contact_id}"})
        return sorted({row["pk"].removeprefix("DEAL#") for row in rows})

    def forget(self, contact_id: str, *, now: datetime) -> tuple[str, ...]:
        """Clear what is held about the contact, the contact itself last: by its values it is found on the deals.

        Returns:
            Names of the fields that were cleared; none if all was cleared before.

        Raises:
            LookupError: there is no such contact.
            Conflict: events kept changing a record; forgetting again goes on where this stopped.
        """
        deals = self._deals(contact_id)
        person = person_of(self._contact(contact_id), deals)
        cleared: set[str] = set()
        for deal in deals:
            cleared |= self._retried(partial(self._clear_deal, deal.id, person, now))
        return tuple(sorted(cleared | self._retried(partial(self._clear_contact, contact_id, now))))

    def _clear_deal(self, deal_id: str, person: Person, now: datetime) -> frozenset[str]:
        (before,) = self._read_deals({deal_id})
        after = deal_without(before, person, now)
        if after is not before:
            write = write_of_deal(after, before, self.records_table, Owing(now))
            self._write(f"forget a person on deal {deal_id}", write)
        return cleared_on_deal(before, after)

    def _clear_contact(self, contact_id: str, now: datetime) -> frozenset[str]:
        before = self._contact(contact_id)
        after = forgotten_contact(before, now)
        if after is not before:
            write = write_of_contact(after, before.version, self.records_table, Owing(now))
            self._write(f"forget contact {contact_id}", write)
        return cleared_on_contact(before)

    def _retried(self, clear: Callable[[], frozenset[str]]) -> frozenset[str]:
        for attempt in range(1, ATTEMPTS):
            try:
                return clear()
            except Conflict:  # an event changed the record since it was read
                self.pause(0.05 * attempt)
        return clear()

    def _contact(self, contact_id: str) -> Contact:
        row = dynamo.get(self.client, self.records_table, contact_key(contact_id))
        if row is None:
            raise LookupError(
                f"there is no contact {contact_id!r}; look its id up on the deal, or name it by source/id"
            )
        return contact_from(row["contact"])

    def _deals(self, contact_id: str) -> list[Deal]:
        """The contact's deals, and those that the source merged with them: they hold copies of what was said."""
        found: dict[str, Deal] = {}
        wanted = set(self.deals_of(contact_id))
        while wanted:
            deals = self._read_deals(wanted)
            found |= {deal.id: deal for deal in deals}
            wanted = {other for deal in deals for other in family(deal)} - found.keys()
        return [found[deal_id] for deal_id in sorted(found)]

    def _read_deals(self, deal_ids: set[str]) -> list[Deal]:
        keys = [deal_key(deal_id) for deal_id in sorted(deal_ids)]
        rows = dynamo.batch_get(self.client, {self.records_table: keys}, self.pause)[self.records_table]
        return [deal_from(row["deal"]) for row in rows]

    def _write(self, doing: str, write: TransactWriteItemTypeDef) -> None:
        dynamo.write_all(self.client, doing, [write])

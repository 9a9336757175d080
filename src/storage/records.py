"""The CRM store: deals, contacts, links, stage history and commission-due marks in one table; event identities beside.

| pk | sk | what | read by |
|---|---|---|---|
| `DEAL#id` | `DEAL` | the deal with its marks, guarded by `version` | id; `due`: storage/delivery |
| `DEAL#id` | `LINK#role#contact` | a contact's role, `active` or `retired` | deal; `by_contact`: `CONTACT#id` |
| `DEAL#id` | `STAGE#order#event` | one event's stage observation, never changed | deal, in order |
| `DEAL#id` | `COMMISSION#DUE` | something to settle since `deal_version` | deal; `due`: kind `commission` |
| `CONTACT#id` | `CONTACT` | the contact with its marks, guarded by `version` | id; `due`: storage/delivery |
| `ALIAS#kind#source#id` | `ALIAS` | a source's id of a record → `record_id`, made once | source id |

The identity row of an event, `EVENT#source#event id` in the events table, is written in the same transaction; it never
expires, so an event is applied once however late it comes again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.agents import AgentKey
from domain.deal import Contact, Deal, DealRole, StageObservation
from domain.errors import ValidationFailed
from domain.ports import Change, Snapshot, Wanted
from storage import dynamo
from storage.codec import (
    applied_document,
    applied_passage,
    contact_document,
    contact_from,
    deal_document,
    deal_from,
    observation_document,
    observation_from,
    passage_document,
)
from storage.delivery.marks import Owing, write_owed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from domain.envelope import Envelope

#: Of the 400 KB that DynamoDB's item may have; the rest is for names and types of attributes.
ITEM_BYTES = 350_000

#: DynamoDB's limit of one transaction.
TRANSACTION_ITEMS = 100

#: The state of an identity row whose event stands in the CRM store.
APPLIED = "applied"


def deal_key(deal_id: str) -> dict[str, str]:
    """Key of a deal."""
    return {"pk": f"DEAL#{deal_id}", "sk": "DEAL"}


def contact_key(contact_id: str) -> dict[str, str]:
    """Key of a contact."""
    return {"pk": f"CONTACT#{contact_id}", "sk": "CONTACT"}


def alias_key(alias: tuple[str, str, str]) -> dict[str, str]:
    """Key of an alias: (kind, source, source id). The id comes last, so it may hold any character."""
    return {"pk": f"ALIAS#{'#'.join(alias)}", "sk": "ALIAS"}


def parking_key(agent: AgentKey, event: str) -> dict[str, str]:
    """Key of the row that says that an event, by its `Envelope.event_key`, is parked for this agent."""
    return {"pk": f"AGENT#{agent.source}#{agent.agent_id}", "sk": f"EVENT#{event}"}


def event_key(key: str) -> dict[str, str]:
    """Key of an event's row in the events table, from `Envelope.event_key`."""
    return {"pk": f"EVENT#{key}", "sk": "EVENT"}


@dataclass(frozen=True, slots=True)
class DynamoDealStore:
    """The CRM store on DynamoDB; implements `domain.ports.DealStore`."""

    client: DynamoDBClient
    records_table: str
    events_table: str
    pause: Callable[[float], None]

    def was_applied(self, envelope: Envelope) -> bool:
        """Whether this event was applied before."""
        row = dynamo.get(self.client, self.events_table, event_key(envelope.event_key))
        return row is not None and _was_applied(row, envelope)

    def load(self, envelope: Envelope, wanted: Wanted) -> Snapshot:
        """Two batch reads: what the source's ids stand for, then those records; a third where the deal knows more."""
        deal_aliases = [("deal", wanted.source, i) for i in (wanted.deal, *wanted.merged)]
        asked = [*deal_aliases, *(("contact", wanted.source, i) for i in wanted.contacts)]
        row, aliases = self._identities(envelope, asked)
        deal_ids = list(dict.fromkeys(aliases[alias] for alias in deal_aliases if alias in aliases))
        contact_ids = {record_id for (kind, _, _), record_id in aliases.items() if kind == "contact"}

        records = self._records([*map(contact_key, contact_ids), *map(deal_key, deal_ids)])
        deals = self._survivors(deal_ids, records)
        held = deals[0] if deals else None
        if held and wanted.people:
            known = {i for deal in deals for i in deal.contact_ids()}
            records += self._records([contact_key(i) for i in known - contact_ids])
        people = [contact_from(item["contact"]) for item in records if item["sk"] == "CONTACT"]
        return Snapshot(
            applied=_was_applied(row, envelope),
            parked_under=frozenset(AgentKey(*pair) for pair in row.get("missing", [])),
            applied_before=applied_passage(row) if row.get("state") == APPLIED and envelope.replay else None,
            deal=held,
            absorbed=tuple(deals[1:]),
            aliases=aliases,
            contacts={contact.id: contact for contact in people},
        )

    def commit(self, change: Change, now: datetime) -> None:
        """Write the event's change and its identity in one transaction."""
        writes = build_writes(change, now, self.records_table, self.events_table)
        dynamo.write_all(self.client, f"apply {change.envelope.event_key}", writes)

    def deal(self, source: str, source_id: str) -> Deal | None:
        """The deal of that source id, for people who ask."""
        alias = dynamo.get(self.client, self.records_table, alias_key(("deal", source, source_id)))
        return self.deal_by_id(alias["record_id"]) if alias else None

    def deal_by_id(self, deal_id: str) -> Deal | None:
        """The deal of our id."""
        item = dynamo.get(self.client, self.records_table, deal_key(deal_id))
        return deal_from(item["deal"]) if item else None

    def contacts(self, contact_ids: Collection[str]) -> dict[str, Contact]:
        """These contacts by id."""
        found = [contact_from(item["contact"]) for item in self._records([contact_key(i) for i in contact_ids])]
        return {contact.id: contact for contact in found}

    def stage_history(self, deal_id: str) -> list[StageObservation]:
        """Every stage that events reported for the deal and for those that became part of it, in their order."""
        deal = self.deal_by_id(deal_id)
        ids = (deal_id, *deal.absorbed_ids) if deal else (deal_id,)
        return sorted((seen for one in ids for seen in self._observations(one)), key=lambda seen: seen.mark)

    def _observations(self, deal_id: str) -> list[StageObservation]:
        observations: list[StageObservation] = []
        request: dict[str, Any] = {
            "TableName": self.records_table,
            "KeyConditionExpression": "pk = :deal AND begins_with(sk, :stage)",
            "ExpressionAttributeValues": dynamo.to_wire({":deal": f"DEAL#{deal_id}", ":stage": "STAGE#"}),
            "ConsistentRead": True,
        }
        with dynamo.translated("read the stage history"):
            for page in self.client.get_paginator("query").paginate(**request):
                observations += [observation_from(dynamo.from_wire(item)["observation"]) for item in page["Items"]]
        return observations

    def commission_due(self, deal_id: str) -> int | None:
        """The deal version that waits to be settled, if one does."""
        item = dynamo.get(self.client, self.records_table, {"pk": f"DEAL#{deal_id}", "sk": "COMMISSION#DUE"})
        # A mark that was dealt with stays, without a kind (storage/commissions).
        return int(item["deal_version"]) if item and "due_kind" in item else None

    def _survivors(self, deal_ids: Collection[str], records: list[dict[str, Any]]) -> list[Deal]:
        """The deals of these ids, in order, each once; one that was merged stands for what it became part of."""
        found = {item["deal"]["id"]: deal_from(item["deal"]) for item in records if item["sk"] == "DEAL"}
        survivors: dict[str, Deal] = {}
        for deal_id in deal_ids:
            deal = found[deal_id]
            while deal.merged_into is not None:
                (item,) = self._records([deal_key(deal.merged_into)])
                deal = deal_from(item["deal"])
            survivors.setdefault(deal.id, deal)
        return list(survivors.values())

    def _identities(
        self, envelope: Envelope, asked: Collection[tuple[str, str, str]]
    ) -> tuple[dict[str, Any], dict[tuple[str, str, str], str]]:
        """The event's own row, and what record each alias stands for."""
        by_key = {alias_key(alias)["pk"]: alias for alias in asked}
        keys = [alias_key(alias) for alias in asked]
        found = self._read({self.events_table: [event_key(envelope.event_key)], self.records_table: keys})
        aliases = {by_key[item["pk"]]: item["record_id"] for item in found[self.records_table]}
        return next(iter(found[self.events_table]), {}), aliases

    def _records(self, keys: Collection[dict[str, str]]) -> list[dict[str, Any]]:
        return self._read({self.records_table: keys})[self.records_table] if keys else []

    def _read(self, wanted: Any) -> dict[str, list[dict[str, Any]]]:
        return dynamo.batch_get(self.client, wanted, self.pause)


def build_writes(change: Change, now: datetime, records: str, events: str) -> list[TransactWriteItemTypeDef]:
    """The transaction of one event, as the API takes it.

    Raises:
        ValidationFailed: it would be too large; twenty new people in the place of twenty others still fit.
    """
    owing = Owing(now, backfill=bool(change.envelope.replay))
    writes = [_identity(change, now, events)]
    writes += [
        dynamo.delete(events, parking_key(key, change.envelope.event_key)) for key in sorted(change.parked_under)
    ]
    if change.applied_before is not None:
        writes.append(
            dynamo.put(events, event_key(change.envelope.event_key) | passage_document(change.applied_before))
        )
    if change.deal is not None:
        writes.append(write_of_deal(change.deal, change.deal_before, records, owing))
    elif change.deal_before is not None:
        writes.append(dynamo.unchanged(records, deal_key(change.deal_id), change.deal_before.version))
    for alias, record_id in change.aliases.items():
        writes.append(dynamo.put(records, alias_key(alias) | {"record_id": record_id}, "attribute_not_exists(pk)"))
    writes += [_repointed(alias, record_id, records) for alias, record_id in change.repointed.items()]
    for absorbed, before in change.absorbed:
        writes += _absorbed(absorbed, before, change.envelope, owing, records)
    writes += [write_of_contact(contact, based_on, records, owing) for contact, based_on in change.contacts]
    writes += [_link(change.deal_id, role, "active", records) for role in change.roles_added]
    writes += [_link(change.deal_id, role, "retired", records) for role in change.roles_retired]
    if change.observation is not None:
        writes.append(_stage(change.deal_id, change.observation, records))
    if change.commission_due and change.deal is not None:
        writes.append(_commission_due(change.deal, change.envelope, now, records))
    if len(writes) > TRANSACTION_ITEMS:
        raise ValidationFailed(
            f"the event changes {len(writes)} items, and one transaction holds {TRANSACTION_ITEMS}; "
            "split the change into several events, for instance the people first"
        )
    return writes


def _identity(change: Change, now: datetime, events: str) -> TransactWriteItemTypeDef:
    # A row that waits or is dead is replaced whole: applying the event resolves it.
    row = event_key(change.envelope.event_key) | {"state": APPLIED} | applied_document(change, now)
    condition, values = "attribute_not_exists(pk) OR #state <> :applied", {":applied": APPLIED}
    if change.envelope.replay:
        condition += " OR attribute_not_exists(#replay) OR #replay < :replay"
        values[":replay"] = change.envelope.replay
    return dynamo.put(events, row, condition, values)


def _was_applied(row: dynamo.Item, envelope: Envelope) -> bool:
    """Whether it stands in the CRM store; for a replay: by that replay or a later one."""
    return row.get("state") == APPLIED and row.get("replay", "") >= envelope.replay


def write_of_deal(deal: Deal, before: Deal | None, records: str, owing: Owing) -> TransactWriteItemTypeDef:
    """The write of a deal that is owed to the CRM, provided that it still is as it was before (None: not there)."""
    document = deal_document(deal)
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size > ITEM_BYTES:
        raise ValidationFailed(
            f"the record of the deal would be {size:,} bytes, and one item holds {ITEM_BYTES:,}; {len(deal.people)} "
            "people without an id are on it: have the source send ids, or shorten their names"
        )
    columns = {"version": deal.version, "deal": document}
    return write_owed(records, deal_key(deal.id), columns, owing, based_on=before.version if before else 0)


def _repointed(alias: tuple[str, str, str], record_id: str, records: str) -> TransactWriteItemTypeDef:
    # Guarded by the version of the deal that it pointed to, which is written in the same transaction.
    return dynamo.put(records, alias_key(alias) | {"record_id": record_id})


def _absorbed(
    deal: Deal, before: Deal, envelope: Envelope, owing: Owing, records: str
) -> list[TransactWriteItemTypeDef]:
    # Its links stay as they are: whoever finds one reads on the deal what it was merged into.
    writes = [write_of_deal(deal, before, records, owing)]
    if deal.ever_closed:
        writes.append(_commission_due(deal, envelope, owing.since, records))
    return writes


def write_of_contact(contact: Contact, based_on: int, records: str, owing: Owing) -> TransactWriteItemTypeDef:
    """The write of a contact that is owed to the CRM, provided that it still has the version that it is based on."""
    columns = {"version": contact.version, "contact": contact_document(contact)}
    return write_owed(records, contact_key(contact.id), columns, owing, based_on=based_on)


def _link(deal_id: str, role: DealRole, state: str, records: str) -> TransactWriteItemTypeDef:
    # Guarded by the deal's version, which every change of its list of people moves.
    item = {
        "pk": f"DEAL#{deal_id}",
        "sk": f"LINK#{role.role}#{role.contact_id}",
        "gsi_contact_pk": f"CONTACT#{role.contact_id}",
        "gsi_contact_sk": f"DEAL#{deal_id}#{role.role}",
        "state": state,
    }
    return dynamo.put(records, item)


def _stage(deal_id: str, seen: StageObservation, records: str) -> TransactWriteItemTypeDef:
    # Zero-padded so that the key's order is the marks' order, up to 10^20 microseconds.
    key = {"pk": f"DEAL#{deal_id}", "sk": f"STAGE#{seen.mark.order:020d}#{seen.mark.tie}"}
    return dynamo.put(records, key | {"observation": observation_document(seen)})


def _commission_due(deal: Deal, envelope: Envelope, now: datetime, records: str) -> TransactWriteItemTypeDef:
    # With the event that set it: a fault of the settlement is filed as a dead letter of that event's deal.
    return dynamo.put(
        records,
        {
            "pk": f"DEAL#{deal.id}",
            "sk": "COMMISSION#DUE",
            "due_kind": "commission",
            "due_at": int(now.timestamp()),
            "deal_version": deal.version,
            "event": envelope.without_body().to_json(),
        },
    )

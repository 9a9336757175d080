"""What a second run over unchanged data writes: names that a CRM escapes, cuts or cannot hold must not differ for ever.

Every record is owed again, at a new version with the same content, and every row is looked at in the CRM.
"""

from __future__ import annotations

from dataclasses import replace

from bench.drain_cloud import Delivery
from bench.drain_office import PEOPLE, ROWS, Brokerage, agent_contacts, contact_of, deal_of
from dev.crm.schema import CONTACTS
from domain.crm.rows import RowKey
from domain.deal import Contact

#: Last names of people, each on a deal of its own with five others.
NAMES = (
    "O'Brien",
    "N" * 300,
    "Zoë 🏡 Müller",
    "<tags> & <b>more</b>",
    'Lee "Chip" Park\\Roe',
    "a &amp; b &#039;c&#039;",
)

_WRITES = frozenset({"set_entry", "set_entries", "set_relationships"})
_LONGEST_S = 600.0


def resync_writes() -> int:
    """Rows that the second run writes.

    Raises:
        AssertionError: a run did not end, or the second one did not read what the first one wrote.
    """
    delivery = Delivery(seed=1)
    for agent in agent_contacts():
        delivery.crm.model.enter(CONTACTS, {"last_name": agent}, agent)
    delivery.warm()
    rung: list[tuple[RowKey, str]] = []
    brokerage = Brokerage(delivery.store, delivery.virtual.clock, lambda key, number: rung.append((key, str(number))))
    for number, name in enumerate(NAMES):
        brokerage.put_bundle(number)
        brokerage.put_contact(_named(contact_of(number, 0), name, version=2))
    _settle(delivery, rung)
    delivery.crm.model.calls.clear()
    rows = dict(delivery.store.sync)
    for number, name in enumerate(NAMES):
        for person in range(PEOPLE):
            contact = contact_of(number, person)
            brokerage.put_contact(_named(contact, name if person == 0 else contact.values["last_name"], version=3))
        brokerage.put_deal(replace(deal_of(number), version=2))
    delivery.store.ring(list(rows), delivery.virtual.clock(), sight=True)
    _settle(delivery, rung)
    delivery.virtual.close()
    read = sum(call.rows for call in delivery.crm.model.calls if call.operation == "get_entries")
    if len(rows) != len(NAMES) * ROWS or read < len(NAMES) * (1 + PEOPLE):
        raise AssertionError(f"{len(rows)} rows, of which {read} records were read again")
    return sum(call.rows for call in delivery.crm.model.calls if call.operation in _WRITES)


def _named(contact: Contact, name: str | None, *, version: int) -> Contact:
    return Contact(contact.id, version, {**contact.values, "last_name": name})


def _settle(delivery: Delivery, rung: list[tuple[RowKey, str]]) -> None:
    def end() -> None:
        delivery.over = True

    delivery.over = False
    delivery.store.on_settled = end
    delivery.bells.ring(rung)
    rung.clear()
    delivery.start(1)
    delivery.virtual.run(delivery.virtual.now + _LONGEST_S)
    if not delivery.over:
        raise AssertionError(f"{len(delivery.store.unsettled)} rows are not settled")

"""A backlog of 2,000 deals goes to a slow CRM that allows 20 calls a second, while it changes; and a naive worker.

What the CRM is to hold is new to it, which is the hard case: a deal of three agents and six people is 16 rows (one
deal, six people, three commission records, six links), every person is searched for by address and by phone, everything
is read back. All of it is owed at once. In the first minute each deal changes ten times, and with each third change a
person on it. Of writes in this minute one in a hundred is done although its answer is lost.

The floor is what the adapter must call to carry every row once, each call as full as it makes them: searches, writes,
and a read for each call that wrote. Rows that must be written again, because they changed when they were written
already, are no part of it; nor are partly filled calls, waits, the first calls of the workers and the last.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import ceil

from bench.drain_cloud import Delivery
from bench.drain_crm import QUOTA
from bench.drain_naive import Naive
from bench.drain_office import AGENTS, CHANGING_S, PEOPLE, ROWS, Brokerage, agent_contacts, changes
from crm.suitecrm.modules import Batches
from dev.crm.model import CrmModel
from dev.crm.schema import COMMISSIONS, CONTACTS, OPPORTUNITIES
from domain.crm.rows import Kind, RowKey
from flows.delivery.content import Drawing
from mappings.crm.loader import crm_mapping
from runtime.wiring.suitecrm import SIDES
from transforms.crm_record import comparable

DEALS = 2000
#: Runs at once, as template.yaml has it. A quota of 20 calls of 1.2 s each keeps 24 calls under way.
WORKERS = 10
#: From when on 429s count: by then a worker knows what the CRM allows.
_LEARNT_S = 60.0
#: Virtual seconds after which a drain has failed; and at a time.
_LONGEST_S, _STEP_S = 1800.0, 5.0

_MODULES = {Kind.CONTACT: CONTACTS, Kind.DEAL: OPPORTUNITIES, Kind.COMMISSION: COMMISSIONS}
_WRITES = frozenset({"set_entry", "set_entries", "set_relationships"})


@dataclass(frozen=True, slots=True)
class Drained:
    """A drain.

    Attributes:
        time_ratio: the time that the fewest calls take at the quota, over the time that it took.
        throttled_ratio: 429s over calls, from the second minute on.
        writes_per_record: rows written over rows.
        permit_writes_per_call: writes of the shared rate budget over calls.
    """

    time_ratio: float
    throttled_ratio: float
    writes_per_record: float
    permit_writes_per_call: float


@dataclass(frozen=True, slots=True)
class NaivelyDrained:
    """The same by a naive worker.

    Attributes:
        time_ratio: as of a drain.
        throttled_ratio: as of a drain.
        duplicates: records that the CRM has twice afterwards.
    """

    time_ratio: float
    throttled_ratio: float
    duplicates: int


def drain(deals: int = DEALS, workers: int = WORKERS, seed: int = 1) -> Drained:
    """Deliver a backlog.

    Raises:
        AssertionError: the CRM does not hold afterwards what the store does, or not once.
    """
    delivery = Delivery(seed)
    model, store = delivery.crm.model, delivery.store
    _enter_agents(model)
    delivery.warm()
    brokerage = Brokerage(store, delivery.virtual.clock, lambda key, number: delivery.bells.ring([(key, str(number))]))
    begins = delivery.virtual.now
    for number in range(deals):
        brokerage.put_bundle(number)
    settled: list[float] = []

    def change() -> None:
        for one in changes(deals, random.Random(seed)):
            delivery.virtual.spend(max(0.0, begins + one.at - delivery.virtual.now))
            brokerage.apply(one)

    def note() -> None:
        if delivery.virtual.now >= begins + CHANGING_S:
            settled.append(delivery.virtual.now - begins)
            delivery.over = True

    store.on_settled = note
    delivery.virtual.spawn(change, at=begins)
    delivery.start(workers)
    try:
        until = begins
        while not delivery.over and until < _LONGEST_S:
            until += _STEP_S
            delivery.virtual.run(until)
    finally:
        delivery.virtual.close()
    _check(delivery, deals)
    calls, refused = delivery.crm.made(_LEARNT_S)
    written = sum(call.rows for call in model.calls if call.operation in _WRITES)
    return Drained(
        time_ratio=floor_calls(deals) / QUOTA / settled[0],
        throttled_ratio=refused / calls if calls else 0.0,
        writes_per_record=written / (deals * ROWS),
        permit_writes_per_call=delivery.shared.writes / delivery.crm.made()[0],
    )


def drain_naively(deals: int = DEALS, workers: int = WORKERS * SIDES, seed: int = 1) -> NaivelyDrained:
    """The same backlog and the same changes, by as many naive workers as our runs have sides."""
    naive = Naive(seed)
    naive.run(deals, changes(deals, random.Random(seed)), workers)
    model = naive.crm.model
    rows = {OPPORTUNITIES: deals, CONTACTS: deals * PEOPLE + len(agent_contacts()), COMMISSIONS: deals * AGENTS}
    calls, refused = naive.crm.made(_LEARNT_S)
    return NaivelyDrained(
        time_ratio=floor_calls(deals) / QUOTA / naive.done_at,
        throttled_ratio=refused / calls if calls else 0.0,
        duplicates=sum(len(model.live(module)) - count for module, count in rows.items()),
    )


def calls_per_bundle() -> int:
    """Calls of one run that brings a new deal of three agents and six people to the CRM."""
    delivery = Delivery(seed=1)
    _enter_agents(delivery.crm.model)
    delivery.warm()
    brokerage = Brokerage(delivery.store, delivery.virtual.clock, lambda _key, _number: None)
    brokerage.put_bundle(0)
    delivery.bells.ring([(RowKey(Kind.DEAL, "d00000"), "1")])
    delivery.store.on_settled = lambda: setattr(delivery, "over", True)
    delivery.start(1)
    try:
        delivery.virtual.run(delivery.virtual.now + _LONGEST_S)
    finally:
        delivery.virtual.close()
    _check(delivery, 1)
    return delivery.crm.made()[0]


def floor_calls(deals: int, batches: Batches | None = None) -> int:
    """The fewest calls that carry so many new deals at the adapter's batch sizes."""
    sizes = batches or Batches()
    people, shares = deals * PEOPLE, deals * AGENTS
    searches = ceil(people / sizes.read) + ceil(people / sizes.phones)
    records = sum(ceil(rows / sizes.write) + ceil(rows / sizes.read) for rows in (people, deals, shares))
    return searches + records + 2 * ceil(people / sizes.links)


def _enter_agents(model: CrmModel) -> None:
    for agent in agent_contacts():
        model.enter(CONTACTS, {"last_name": agent}, agent)


def _check(delivery: Delivery, deals: int) -> None:
    """The CRM holds what the store does, each record once; it is asked, not the sync rows."""
    model, store = delivery.crm.model, delivery.store
    if store.unsettled or delivery.killed:
        raise AssertionError(f"{len(store.unsettled)} rows are not settled, {delivery.killed} runs were cut off")
    keys = list(store.sync)
    if delivery.schema is None:
        raise AssertionError("the CRM was not described")
    drawing = Drawing(crm_mapping(), delivery.schema)
    rows, records = store.sync, store.everything()
    counts = {kind: sum(key.kind is kind for key in keys) for kind in Kind}
    expected = {Kind.CONTACT: PEOPLE, Kind.DEAL: 1, Kind.COMMISSION: AGENTS, Kind.LINK: PEOPLE}
    if counts != {kind: deals * each for kind, each in expected.items()}:
        raise AssertionError(f"{counts} rows of {deals} deals")
    for kind, module in _MODULES.items():
        agents = len(agent_contacts()) if kind is Kind.CONTACT else 0
        if len(model.live(module)) != counts[kind] + agents:
            raise AssertionError(
                f"{len(model.live(module))} {module}, of which {agents} were there; {counts[kind]} rows"
            )
    for key in keys:
        content = drawing.content(key, records, rows)
        if content is None:
            raise AssertionError(f"{key} has no record")
        held = _held(model, key, rows[key].remote_id)
        wrong = {
            name for name, text in content.fields.items() if name in held and comparable(text) != comparable(held[name])
        }
        if wrong or not held:
            raise AssertionError(f"{key}: {sorted(wrong)} differ" if held else f"{key} is not there")


def _held(model: CrmModel, key: RowKey, remote_id: str) -> dict[str, str]:
    """What the CRM holds of the row, a link as its columns."""
    if key.kind is not Kind.LINK:
        return model.shown(_MODULES[key.kind], remote_id)
    deal_id, _, contact_id = remote_id.partition("/")
    columns = model.linked(OPPORTUNITIES, deal_id, "contacts").get(contact_id)
    return {"role": columns["contact_role"]} if columns is not None else {}

"""How settlements become transactions: their sort keys, their limits, and how few requests they take."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commission.account import Account
from domain.commission.settlement import Settlement
from domain.errors import CommissionRefused
from storage import dynamo
from storage.commissions import keys
from storage.commissions.accounts import DynamoAccounts
from storage.commissions.plans import DynamoPlanShelf
from storage.commissions.settling import DynamoCommissionStore
from storage.commissions.writes import settlement_writes
from tests.builders import NOW
from tests.conftest import no_pause
from tests.contract.commission_world import (
    calculation,
    cda,
    counted,
    entry,
    key,
    ledger_entry,
    line,
    mark,
    order,
    plan_version,
    posted,
    record,
    replay,
    settlement,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.text(' !"#~\t01', max_size=4)
orders = st.tuples(st.dates().map(str), texts, texts)


def writes_of(made: Settlement) -> list[Any]:
    return settlement_writes(made, "RecordsTable", {})


# ---------------------------------------------------------------------------------------------------------- sort keys


@given(orders, orders)
def test_sort_keys_compare_as_the_orders_do(one: Any, other: Any) -> None:
    # DynamoDB compares the bytes of UTF-8.
    first, second = (keys.entry_key("contact-1", each)["sk"].encode() for each in (one, other))
    assert (first < second) is (one < other)
    assert (first == second) is (one == other)


@given(orders, st.dates(), st.dates())
def test_a_day_encloses_its_entries_and_no_others(place: Any, since: Any, until: Any) -> None:
    first, last = (each.encode() for each in keys.entries_between(since, until))
    here = keys.entry_key("contact-1", place)["sk"].encode()
    assert (first <= here <= last) is (since.isoformat() <= place[0] <= until.isoformat())


# ------------------------------------------------------------------------------------------------------------- limits


def test_a_settlement_says_how_many_items_are_too_many_and_what_to_do() -> None:
    moved = {key(f"counter_{number}"): counted(1, 1) for number in range(99)}
    with pytest.raises(CommissionRefused, match=r"deal D1 changes 101 items \(99 of them counters\).*100.*fewer"):
        writes_of(settlement(counters=moved))
    del moved[key("counter_0")]
    assert len(writes_of(settlement(counters=moved))) == 100


def test_a_calculation_that_is_too_large_for_an_item_is_refused_with_its_size() -> None:
    huge = calculation(*(line(number, title="t" * 4000) for number in range(1, 100)))
    with pytest.raises(CommissionRefused, match=r"deal D1 would be 4\d\d,\d\d\d bytes.*350,000"):
        writes_of(settlement(posted=posted(made=huge)))


def test_a_calculation_of_ten_agents_with_thirty_lines_each_that_were_all_adjusted_fits() -> None:
    made = calculation(*(line(number, title="Company share of the commission") for number in range(1, 301)))
    adjustments = posted(number=2, made=made).adjustments * 300
    assert writes_of(settlement(posted=posted(number=2, made=made, adjustments=adjustments)))


def test_a_number_that_is_too_long_for_a_sort_key_is_refused() -> None:
    long = order(number="é" * 600)
    with pytest.raises(CommissionRefused, match="shorten the deal's number"):
        writes_of(settlement(entries=[ledger_entry(long)]))


def test_a_plan_that_is_too_large_is_refused_with_its_size(dynamodb: Any) -> None:
    shelf = DynamoPlanShelf(dynamodb, "RecordsTable", "AuditTable")
    made = plan_version()
    object.__setattr__(made, "text", "#" * 360_000)
    with pytest.raises(CommissionRefused, match=r"plan graduated would be 36\d,\d\d\d bytes"):
        shelf.publish(made, entry())
    assert shelf.names() == []


def test_an_account_that_is_too_large_is_refused_with_its_size(dynamodb: Any) -> None:
    accounts = DynamoAccounts(dynamodb, "RecordsTable", "AuditTable", no_pause)
    with pytest.raises(CommissionRefused, match=r"account contact-1 would be 4\d\d,\d\d\d bytes"):
        accounts.save(Account(account="contact-1", version=1, licence="L" * 400_000), entry())
    assert accounts.all() == []


# ----------------------------------------------------------------------------------------------- what is never written


def everything() -> Settlement:
    return settlement(
        entries=[ledger_entry(order())],
        removed=[("contact-1", order(1))],
        counters={key(): counted(1, 1)},
        records=[record()],
        marks=[replay(order())],
        advanced=replay(order(), "contact-2", 1),
        settles=mark(guard=1),
        cda=cda(),
        superseded=cda(version=1),
    )


def test_a_settlement_deletes_no_record() -> None:
    kinds = Counter(kind for write in writes_of(everything()) for kind in write)
    assert kinds == {"Put": 9, "Update": 2}


def test_a_settlement_writes_each_item_once() -> None:
    made = writes_of(everything())
    puts = [write["Put"]["Item"] for write in made if "Put" in write]
    touched = [(item["pk"]["S"], item["sk"]["S"]) for item in puts]
    touched += [
        (write["Update"]["Key"]["pk"]["S"], write["Update"]["Key"]["sk"]["S"]) for write in made if "Update" in write
    ]
    assert len(set(touched)) == len(touched) == 11


# --------------------------------------------------------------------------------------------------------- its reading


@dataclass
class Meter:
    """Counts the requests of a client and the items that they evaluate."""

    requests: Counter[str] = field(default_factory=Counter)
    items: int = 0

    def saw(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        self.requests[model.name] += 1
        self.items += parsed.get("ScannedCount", 0) + sum(map(len, parsed.get("Responses", {}).values()))
        self.items += "Item" in parsed


def stored(client: Any, count: int) -> DynamoCommissionStore:
    """A store with so many deals of one agent."""
    store = DynamoCommissionStore(client, "RecordsTable", no_pause)
    rows = []
    for number in range(count):
        place = order(1 + number % 28, f"{number:05}", f"D{number}")
        rows += [write["Put"]["Item"] for write in writes_of(settlement(f"D{number}", entries=[ledger_entry(place)]))]
    dynamo.batch_put(client, "RecordsTable", [dynamo.from_wire(row) for row in rows], no_pause)
    return store


def read_for_a_settlement(store: DynamoCommissionStore) -> Meter:
    store.set_due(mark("D7"))
    meter = Meter()
    store.client.meta.events.register("after-call.dynamodb", meter.saw)
    (due,) = [one for page in store.due(NOW) for one in page]
    place = order(14, "00007", "D7")
    before, _ = store.entry_before("contact-1", place), store.entry_after("contact-1", place)
    assert before is not None
    counters = store.counters([key(), key("gci"), key("units")])
    head = store.head("D7")
    store.calculation("D7", head.number)
    assert counters == {}
    assert due.deal_id == "D7"
    store.client.meta.events.unregister("after-call.dynamodb", meter.saw)
    return meter


def test_settling_reads_as_much_among_many_deals_as_among_few(dynamodb: Any) -> None:
    few = read_for_a_settlement(stored(dynamodb, 40))
    many = read_for_a_settlement(stored(dynamodb, 400))
    assert many.requests == few.requests == {"Query": 3, "BatchGetItem": 2, "GetItem": 2}
    assert many.items == few.items == 6

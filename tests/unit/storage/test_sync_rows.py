"""How sync rows are stored: keys that tell rows apart, small items; and what happens between a read and its write."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.crm.ports import Finish
from domain.crm.rows import Confirmation, Intent, Kind, Question, RowKey, Standing, SyncRow, Verb
from domain.errors import Unavailable
from storage import dynamo
from storage.delivery.claims import claim
from storage.delivery.keys import record_key, row_of, sync_key
from storage.delivery.rows import SHOWN, columns, moment_of, row_from, seconds
from storage.delivery.sync import DynamoSyncStore
from tests.builders import NOW
from tests.conftest import no_pause
from tests.contract.sync_world import DEAL, LATER, LINK, confirmation, dynamo_world, full
from tests.template import tables

RECORDS = tables()["RecordsTable"]["TableName"]

ids = st.uuids().map(str)
accounts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
keys = st.one_of(
    st.builds(RowKey, st.sampled_from([Kind.CONTACT, Kind.DEAL]), ids, st.just("")),
    st.builds(RowKey, st.just(Kind.LINK), ids, ids),
    st.builds(RowKey, st.just(Kind.COMMISSION), ids, accounts),
)


@given(keys)
def test_a_key_stands_for_its_row_and_no_other(key: RowKey) -> None:
    assert row_of(sync_key(key)) == key
    record = record_key(key)
    assert (record is None) is (key.kind is Kind.LINK)
    assert record is None or row_of(record) == key


@pytest.mark.parametrize(
    ("pk", "sk"), [("DEAL#d1", "CDA"), ("DEAL#d1", "COMMISSION#DUE"), ("CONTACT#c1", "SYNC#DEAL"), ("CLAIM#x", "CLAIM")]
)
def test_an_item_about_no_row_is_named(pk: str, sk: str) -> None:
    with pytest.raises(ValueError, match=f"item {pk} {sk} is about no CRM row"):
        row_of({"pk": pk, "sk": sk})


@given(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 # hypothesis wants naive bounds
def test_instants_are_kept_to_the_microsecond(moment: datetime) -> None:
    assert moment_of(seconds(moment)) == moment


def fields(digest: Callable[[int], str]) -> dict[str, str]:
    return {f"dw_some_field_name_{number}_c": digest(number) for number in range(60)}


def test_a_row_of_sixty_fields_is_two_write_units() -> None:
    sent, held = fields(lambda n: f"{n * 2654435761 % 2**64:016x}"), fields(lambda n: f"{n * 2654435761 % 2**64:016x}")
    row = SyncRow(
        DEAL, remote_id="x" * 36, confirmed=Confirmation(NOW, 7, sent, held | {"dw_some_field_name_1_c": "0"})
    )
    stored = {name: value for name, value in columns(row).items() if value is not None}
    assert (
        len(json.dumps(dynamo.to_wire(stored["known"] and {"known": stored["known"]}))) + len(stored["digests"]) < 2048
    )
    written = replace(row, before=row.confirmed, confirmed=None, intent=Intent(Verb.UPDATE, NOW, 8, sent))
    assert len(columns(written)["digests"]) < 2 * len(stored["digests"])


def test_every_attribute_of_a_row_is_stored() -> None:
    row = full(SyncRow(DEAL), confirmed=confirmation(), question=Question.GONE, standing=Standing.ASKS, backfill=False)
    elsewhere = {"key", "lease", "lease_until", "rung", "due_at", "backfill", "asked_at"}
    fresh = SyncRow(DEAL)
    said = {name for name in SyncRow.__slots__ if getattr(row, name) != getattr(fresh, name)}
    assert said == set(SyncRow.__slots__) - elsewhere
    assert row_from(DEAL, dynamo.from_wire(dynamo.to_wire(columns(row)))) == row


def test_what_people_read_is_cut_to_a_length_that_fits() -> None:
    altered = {"name": ("a" * SHOWN + "b", "c" * 5_000), "note": ("", "")}
    row = SyncRow(DEAL, reason="why " * 1_000, confirmed=Confirmation(NOW, 1, {}, {}, altered))
    read = row_from(DEAL, dynamo.from_wire(dynamo.to_wire(columns(row))))
    assert len(read.reason) == SHOWN
    assert read.confirmed is not None
    assert read.confirmed.altered == {"name": ("a" * SHOWN, "c" * SHOWN), "note": ("", "")}


# ------------------------------------------------------------------------------------- between a read and its write


class Onlooker:
    """A client that does something before its writes, one thing before each; and counts them."""

    def __init__(self, client: Any, *before: Callable[[], object]) -> None:
        self._client, self._before = client, list(before)
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **request: Any) -> Any:
        self._meet()
        return self._client.update_item(**request)

    def transact_write_items(self, **request: Any) -> Any:
        self._meet()
        return self._client.transact_write_items(**request)

    def _meet(self) -> None:
        self.writes += 1
        if self._before:
            self._before.pop(0)()


def store(client: Any) -> DynamoSyncStore:
    return DynamoSyncStore(client, RECORDS, no_pause)


def test_a_quiet_row_is_leased_and_finished_in_two_writes(dynamodb: Any) -> None:
    onlooker = Onlooker(dynamodb)
    sync = store(onlooker)
    row = sync.lease([DEAL], "w1", now=NOW, until=LATER)[DEAL]
    assert sync.finish([Finish(row, None)], now=NOW)
    assert onlooker.writes == 2


def test_a_row_that_is_finished_while_it_is_rung_is_due(dynamodb: Any) -> None:
    sync = store(dynamodb)
    sync.ring([LINK], NOW)
    row = sync.lease([LINK], "w1", now=NOW, until=LATER)[LINK]
    done = replace(row, standing=Standing.CLEAN, due_at=None)
    onlooker = Onlooker(dynamodb, lambda: sync.finish([Finish(done, None)], now=NOW))
    store(onlooker).ring([LINK], LATER)
    assert onlooker.writes == 2
    assert sync.rows([LINK])[LINK] == replace(done, lease="", lease_until=None, rung=2, due_at=LATER)


def test_a_row_that_two_ring_at_once_is_rung_twice(dynamodb: Any) -> None:
    sync = store(dynamodb)
    store(Onlooker(dynamodb, lambda: sync.ring([LINK], NOW, sight=True))).ring([LINK], LATER)
    assert sync.rows([LINK])[LINK] == SyncRow(LINK, rung=2, due_at=NOW, sight=True)


def test_a_row_that_is_rung_while_it_is_finished_is_due_at_once(dynamodb: Any) -> None:
    sync = store(dynamodb)
    row = sync.lease([LINK], "w1", now=NOW, until=LATER)[LINK]
    ring = [lambda: sync.ring([LINK], LATER, backfill=True)] * 2
    assert store(Onlooker(dynamodb, *ring)).finish([Finish(row, None)], now=NOW)
    assert sync.rows([LINK])[LINK] == SyncRow(LINK, rung=2, due_at=NOW, backfill=True)


def test_a_row_that_is_taken_over_while_it_is_finished_is_the_others(dynamodb: Any) -> None:
    sync = store(dynamodb)
    row = sync.lease([LINK], "w1", now=NOW, until=LATER)[LINK]
    over = LATER + timedelta(seconds=1)

    def taken() -> None:
        sync.ring([LINK], NOW)
        sync.lease([LINK], "w2", now=over, until=over)

    assert not store(Onlooker(dynamodb, taken)).finish([Finish(replace(row, reason="late"), None)], now=over)
    assert sync.rows([LINK])[LINK].lease == "w2"


def test_a_row_that_rings_without_end_is_told(dynamodb: Any) -> None:
    sync = store(dynamodb)
    row = sync.lease([LINK], "w1", now=NOW, until=LATER)[LINK]
    ring = [lambda: sync.ring([LINK], NOW)] * 5
    with pytest.raises(Unavailable, match=r"cannot write link:d1/c1 now: it is rung again and again"):
        store(Onlooker(dynamodb, *ring)).save([row], now=NOW)
    with pytest.raises(Unavailable, match=r"cannot ring link:d1/c1 now"):
        store(Onlooker(dynamodb, *ring)).ring([LINK], NOW)


def test_a_worker_that_dies_before_the_mark_is_off_leaves_a_mark_too_many(dynamodb: Any) -> None:
    world = dynamo_world(dynamodb)
    world.apply()

    def dies() -> None:
        raise KeyboardInterrupt

    onlooker = Onlooker(dynamodb, lambda: None, lambda: None, dies)
    sync = store(onlooker)
    row = sync.lease([DEAL], "w1", now=NOW, until=LATER)[DEAL]
    with pytest.raises(KeyboardInterrupt):
        sync.finish([Finish(replace(row, standing=Standing.CLEAN), world.owed(DEAL))], now=NOW)
    assert world.row(DEAL).standing is Standing.CLEAN
    assert DEAL in world.sync.due(NOW, 10)


def test_terms_that_others_claim_and_give_up_are_claimed_after_all(dynamodb: Any) -> None:
    ana, sam = RowKey(Kind.CONTACT, "c1"), RowKey(Kind.CONTACT, "c2")

    def gone() -> None:
        dynamodb.delete_item(TableName=RECORDS, Key={"pk": {"S": "CLAIM#mail"}, "sk": {"S": "CLAIM"}})

    assert claim(dynamodb, RECORDS, ["mail"], ana, None) is None
    assert store(Meanwhile(dynamodb, gone)).claim({sam: ["mail"]}) == {}


class Meanwhile(Onlooker):
    """A client that does something once, after a transaction was refused."""

    def transact_write_items(self, **request: Any) -> Any:
        try:
            return self._client.transact_write_items(**request)
        except self._client.exceptions.TransactionCanceledException:
            self._meet()
            raise

"""Rows of the events table: what is stored is read again, in the order in which things happened."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.agents import AgentKey
from domain.errors import Cause
from domain.event_log import BodyVersion, EventRecord, Filing, State
from storage import dynamo
from storage.event_rows import (
    edits_of,
    filing_from,
    filing_item,
    is_place,
    open_at,
    open_item,
    readable,
    record_from,
    version_from,
    version_item,
)
from storage.jobs import PART, PART_BYTES, part_size
from tests.builders import NOW, envelope
from tests.contract.logbook import dead, filing, version

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
IDS = st.text("abcXYZ019-_.:#/", min_size=1, max_size=30)
TIMES = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
)
AGENTS = st.frozensets(st.builds(AgentKey, st.just("transactions"), IDS), max_size=3)
ENVELOPES = st.builds(
    lambda event_id, at, headers: envelope(event_id, received_at=at, headers=headers),
    IDS,
    TIMES,
    st.dictionaries(IDS, TEXT, max_size=2),
)


@st.composite
def open_records(draw: st.DrawFn) -> EventRecord:
    state = draw(st.sampled_from([State.WAITING, State.PARKED, State.DEAD, State.DISCARDED]))
    waits = state in (State.WAITING, State.PARKED)
    message = draw(ENVELOPES)
    return EventRecord(
        key=message.event_key,
        state=state,
        envelope=message,
        since=draw(TIMES),
        last_at=draw(TIMES),
        cause=draw(st.sampled_from(Cause)),
        reason=draw(TEXT),
        deal=draw(TEXT),
        attempts=draw(st.integers(0, 10_000)),
        missing=draw(AGENTS),
        due_at=draw(TIMES).replace(microsecond=0).astimezone(UTC) if waits else None,
        edits=draw(st.integers(0, 9999)),
    )


@given(open_records())
def test_an_open_event_is_read_as_it_was_stored(record: EventRecord) -> None:
    assert record_from(dynamo.from_wire(dynamo.to_wire(open_item(record)))) == record


@given(
    st.builds(
        Filing,
        message_id=TEXT,
        queue=TEXT,
        at=TIMES,
        sent_at=TIMES,
        cause=st.sampled_from(Cause),
        reason=TEXT,
        receives=st.integers(1),
        receipt=TEXT,
        mapping_version=st.integers(1),
        archive_key=TEXT,
        deal=TEXT,
    )
)
def test_a_filing_is_read_as_it_was_stored(made: Filing) -> None:
    assert filing_from(filing_item("transactions#e", made)) == made


@given(st.builds(BodyVersion, st.integers(1, 99_999), TEXT, TIMES, TEXT, TEXT))
def test_an_edited_body_is_read_as_it_was_stored(made: BodyVersion) -> None:
    assert version_from(version_item("transactions#e", made)) == made


@given(TIMES, TIMES, IDS, IDS)
def test_places_sort_as_their_times_do(one: datetime, other: datetime, key: str, other_key: str) -> None:
    assert (open_at(one, key) < open_at(other, other_key)) == ((one, key) < (other, other_key))


@given(TIMES, IDS)
def test_a_place_is_known_as_one_of_ours(since: datetime, event_id: str) -> None:
    assert is_place(open_at(since, f"transactions#{event_id}"))


@given(st.lists(st.text(min_size=1, max_size=900), min_size=1, max_size=50))
def test_a_part_of_a_list_fits_an_item_and_holds_at_least_one_key(keys: list[str]) -> None:
    size = part_size(keys)
    assert 1 <= size <= PART
    assert size * (max(len(key.encode()) for key in keys) + 4) <= PART_BYTES


def test_attributes_of_an_index_are_left_out_where_they_are_empty() -> None:
    row = open_item(dead(deal=""))
    assert not {"deal", "edits", "due_at", "due_kind"} & row.keys()
    assert row["open_kind"] == "dead#mapping"
    assert row["open_at"] == "2026-03-02T09:00:00+00:00#transactions#evt-1"


def test_an_event_that_waits_no_longer_is_not_due_whatever_its_record_says() -> None:
    assert "due_kind" not in open_item(dead(due_at=NOW))


def test_neither_a_filing_nor_an_edit_stands_in_an_index() -> None:
    indexed = {"due_kind", "open_kind", "received_at", "delivery_day"}
    assert not indexed & filing_item("transactions#e", filing()).keys()
    assert not indexed & version_item("transactions#e", version()).keys()


@pytest.mark.parametrize("changes", [{"cause": None}, {"state": State.APPLIED}])
def test_what_is_not_open_is_not_written_as_open(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="only open events"):
        open_item(dead(**changes))


@pytest.mark.parametrize(
    ("key", "edits"),
    [("edits/transactions/abc/12", 12), ("2026-03-02/transactions/7", 0), ("edits/transactions/abc/x", 0), ("", 0)],
)
def test_the_key_of_an_edited_body_tells_its_number(key: str, edits: int) -> None:
    assert edits_of(key) == edits


@pytest.mark.parametrize("broken", [{"state": "asleep"}, {"envelope": "{}"}, {"cause": "fate"}, {"since": "soon"}])
def test_a_row_that_cannot_be_read_does_not_hide_the_others(
    broken: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    rows = [open_item(dead("evt-1")) | broken, open_item(dead("evt-2"))]
    with caplog.at_level(logging.ERROR):
        assert readable(rows) == [dead("evt-2")]
    assert "EVENT#transactions#evt-1" in caplog.text

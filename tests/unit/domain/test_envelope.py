"""A receipt tells when it was given, and receipts sort by that; what is no envelope of ours is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.envelope import Envelope, received_at_of
from runtime.wiring.edges import new_time_id
from tests.builders import envelope

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone and adds it
    max_value=datetime(9999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))


def receipt_of(moment: datetime, rest: str = "0" * 20) -> str:
    return f"{(moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1):012x}{rest}"


@given(MOMENTS)
def test_a_receipt_tells_the_millisecond_it_was_given(moment: datetime) -> None:
    assert received_at_of(receipt_of(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_receipts_sort_by_their_time_whatever_chance_adds(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    if earlier < later:
        assert receipt_of(earlier, "f" * 20) < receipt_of(later, "0" * 20)


@pytest.mark.parametrize(
    "receipt",
    [
        "",
        "r-1",
        "019f2c3d4e5f",
        "019f2c3d4e5f" + "0" * 21,
        "019F2C3D4E5F" + "0" * 20,
        "g19f2c3d4e5f" + "0" * 20,
        "f" * 32,
        "019f2c3d4e5f" + "0" * 20 + "\n",
    ],
)
def test_what_is_no_receipt_of_ours_tells_no_time(receipt: str) -> None:
    assert received_at_of(receipt) is None


def test_new_ids_tell_the_time_they_were_made_for_and_no_two_are_alike() -> None:
    at = datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)
    made = [new_time_id(at) for _ in range(1000)]
    assert {received_at_of(receipt) for receipt in made} == {at}
    assert len(set(made)) == 1000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, value)
            for name in ("receipt", "source", "event_id", "archive_key", "replay")
            for value in (5, None, [])
        ),
        ("mapping_version", "1"),
        ("pinned", "no"),
        ("headers", []),
    ],
)
def test_a_message_with_a_field_of_another_kind_is_no_envelope_of_ours(name: str, value: Any) -> None:
    fields = json.loads(envelope().to_json())
    assert Envelope.from_json(json.dumps(fields)) == envelope()
    with pytest.raises(ValueError, match="not a Dealwire envelope"):
        Envelope.from_json(json.dumps(fields | {name: value}))

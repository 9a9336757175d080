"""Which event it is: the type and the identity are read where the source's row says."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from domain.errors import BadPayload
from sources.catalog import Part, catalog
from sources.identify import event_id_of, event_type_of

BROKERMINT, TRANSACTIONS = catalog()["brokermint"], catalog()["transactions"]


def sha(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def test_the_first_name_that_is_present_wins() -> None:
    assert event_type_of(BROKERMINT, {}, {"event_type": "b", "event": "a"}) == "a"
    assert event_type_of(BROKERMINT, {}, {"event_type": "b", "event": None}) == "b"
    either = replace(BROKERMINT, identity=(Part("path", "event_id"), Part("path", "id")))
    assert event_id_of(either, {}, {"event_id": "", "id": 7}, b"", receipt="r-1") == "7"


def test_the_id_of_a_brokermint_body_is_not_the_events_because_it_may_be_the_transactions() -> None:
    first, second = ({"event": "transaction.updated", "id": 123456} for _ in range(2))
    assert event_id_of(BROKERMINT, {}, first, b"", receipt="r-1") != event_id_of(
        BROKERMINT, {}, second, b"", receipt="r-2"
    )


def test_a_signed_header_is_an_identity_and_the_body_has_no_say() -> None:
    assert event_id_of(TRANSACTIONS, {"webhook-id": ["msg_1"]}, {"id": "evt_1"}, b"{}", receipt="r-1") == "msg_1"


def test_an_event_without_a_name_is_known_by_its_bytes() -> None:
    without_fetch = replace(BROKERMINT, fetch={})
    assert event_id_of(without_fetch, {}, {"event": "ping"}, b"bytes", receipt="r-1") == sha(b"bytes")


def test_a_thin_webhook_without_an_id_is_an_event_of_its_own_each_time() -> None:
    assert event_id_of(BROKERMINT, {}, {"event": "ping"}, b"bytes", receipt="r-1") == "receipt:r-1"
    assert event_id_of(BROKERMINT, {}, {"event": "ping"}, b"bytes", receipt="r-2") == "receipt:r-2"


@pytest.mark.parametrize("value", ["x" * 201, "é", "a\nb", " a", "a\0"])
def test_an_identity_that_is_long_or_not_plain_stands_as_its_digest(value: str) -> None:
    assert event_id_of(BROKERMINT, {}, {"event_id": value}, b"", receipt="r-1") == sha(value.encode())
    assert event_id_of(BROKERMINT, {}, {"event_id": "x" * 200}, b"", receipt="r-1") == "x" * 200


@pytest.mark.parametrize("value", [True, 1.5, {"a": 1}, ["a"]])
def test_an_identity_that_is_neither_text_nor_whole_number_is_not_the_providers_shape(value: Any) -> None:
    with pytest.raises(BadPayload, match="event_id is not a text or a whole number"):
        event_id_of(BROKERMINT, {}, {"event_id": value}, b"", receipt="r-1")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "not a JSON object"),
        ("deal.updated", "not a JSON object"),
        (None, "not a JSON object"),
        ({}, "no event type; expected it at event or event_type"),
        ({"event": 5}, "not a short plain text"),
        ({"event": "x" * 101}, "not a short plain text"),
        ({"event": "\u202edeal"}, "not a short plain text"),
        ({"event": "a\0b"}, "not a short plain text"),
        ({"event": {"marker": 1}}, "not a short plain text"),
    ],
)
def test_a_body_without_a_plain_event_type_is_not_the_providers_shape(document: Any, message: str) -> None:
    with pytest.raises(BadPayload, match=message) as refused:
        event_type_of(BROKERMINT, {}, document)
    assert "marker" not in str(refused.value)

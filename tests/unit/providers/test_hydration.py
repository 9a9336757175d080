"""What a thin webhook makes us ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadPayload
from sources.catalog import catalog
from sources.hydration import fetch_paths, hydrated

DOTLOOP, BROKERMINT, TRANSACTIONS = (catalog()[name] for name in ("dotloop", "brokermint", "transactions"))


def test_a_source_that_says_it_all_fetches_nothing() -> None:
    assert fetch_paths(TRANSACTIONS, {"anything": 1}) == {}


def test_a_loop_is_fetched_with_its_detail_and_its_participants() -> None:
    assert fetch_paths(DOTLOOP, {"profileId": "7", "event": {"id": "34308"}}) == {
        "loop": "/profile/7/loop/34308",
        "detail": "/profile/7/loop/34308/detail",
        "participants": "/profile/7/loop/34308/participant",
    }


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"profileId": 7, "event": {"id": 1}}, "/profile/7/loop/1"),
        ({"event": {"id": "9", "loopId": "1", "profileId": "7"}}, "/profile/7/loop/1"),
        ({"profileId": "7", "event": {"id": "1", "participantId": "9"}}, "/profile/7/loop/1"),
        ({"profileId": "7", "event": {"id": "2", "fromId": "2", "toId": "1"}}, "/profile/7/loop/1"),
        ({"profileId": "", "event": {"id": "1", "loopId": None, "profileId": "7"}}, "/profile/7/loop/1"),
    ],
)
def test_every_envelope_of_dotloop_leads_to_the_loop(payload: dict[str, Any], path: str) -> None:
    assert fetch_paths(DOTLOOP, payload)["loop"] == path


@pytest.mark.parametrize(
    "payload",
    [{"object": {"id": 5}}, {"data": {"id": 5}}, {"object": {"id": 9, "transaction_id": 5}}, {"object": {"id": "5"}}],
)
def test_every_envelope_of_brokermint_leads_to_the_transaction(payload: dict[str, Any]) -> None:
    assert fetch_paths(BROKERMINT, payload)["transaction"] == "/v1/transactions/5"


@pytest.mark.parametrize("payload", [{}, [], None, "x", {"profileId": "7"}, {"profileId": "7", "event": "x"}])
def test_a_webhook_that_does_not_say_what_changed_is_bad(payload: Any) -> None:
    with pytest.raises(BadPayload, match=r"there is no (profileId or event\.profileId|event\.loopId or )"):
        fetch_paths(DOTLOOP, payload)


@pytest.mark.parametrize("value", [True, 1.5, {}, [], ".", "..", "x" * 101])
def test_what_is_no_id_is_bad_and_named(value: Any) -> None:
    with pytest.raises(BadPayload, match=r"profileId is not"):
        fetch_paths(DOTLOOP, {"profileId": value, "event": {"id": "1"}})


@given(st.text(min_size=1, max_size=100).filter(lambda text: text.strip(".")))
def test_whatever_an_id_holds_it_stays_one_segment_of_the_path(text: str) -> None:
    row = replace(DOTLOOP, fetch={"it": "/loop/{id}/detail"})
    path = fetch_paths(row, {"id": text})["it"]
    before, inside, after = path.split("/")[1:]
    assert (before, unquote(inside), after) == ("loop", text, "detail")
    assert path.isascii()
    assert not set(path) & set("?# \r\n\\")


def test_the_mapping_reads_the_webhook_beside_the_documents() -> None:
    assert hydrated({"a": 1}, {"loop": {"b": 2}}) == {"event": {"a": 1}, "loop": {"b": 2}}

"""A body means one thing only, or it is refused in a sentence that shows nothing of it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadPayload
from sources.strict_json import MAX_DEPTH, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_what_json_can_say_is_read_as_it_was_said(document: Any, ascii_only: bool) -> None:
    assert parse(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


def test_numbers_that_may_be_money_stay_exact() -> None:
    document = parse(b'{"price": 450000.10, "big": 1e400, "whole": 12345678901234567890}')
    assert document == {"price": Decimal("450000.10"), "big": Decimal("1e400"), "whole": 12345678901234567890}
    assert str(document["price"]) == "450000.10"


def test_emoji_and_nul_are_characters_like_others() -> None:
    assert parse(b'["\\ud83d\\ude00", "a\\u0000b"]') == ["\N{GRINNING FACE}", "a\0b"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b"marker", "not JSON"),
        (b'{"marker": 1} x', "not JSON"),
        (b'{"marker": 1,}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ('{"marker": "é"}'.encode("latin-1"), "not UTF-8"),
        ('{"marker": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"marker": NaN}', "NaN or Infinity"),
        (b'{"marker": -Infinity}', "NaN or Infinity"),
        (b'{"marker": 1, "marker": 2}', "same key twice"),
        (b'{"a": [{"marker": 1, "\\u006darker": 2}]}', "same key twice"),
        (b'{"marker": ' + b"9" * 5000 + b"}", "more than 4300 digits"),
        (b'{"marker": 0.' + b"9" * 5000 + b"}", "more than 4300 digits"),
        (b'{"marker": 1e999999999}', "more than 4300 digits"),
        (b'{"marker": 1e99999999999999999999}', "more than 4300 digits"),
        (b'{"marker": 0e-999999999}', "more than 4300 digits"),
        (b'{"marker": "\\ud800"}', "half a character"),
        (b'{"marker": "\\uDFFFx"}', "half a character"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b'{"marker":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested too deeply"),
    ],
)
def test_what_two_readers_could_take_differently_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(BadPayload, match=message) as refused:
        parse(body)
    assert "marker" not in refused.value.reason()


def test_wide_is_not_deep() -> None:
    assert len(parse(b"[" + b"[1]," * 1000 + b"[2]]")) == 1001
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)

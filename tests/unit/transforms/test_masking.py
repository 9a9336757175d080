"""Masked payloads: their shape can be seen, what they say cannot."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.strict_json import parse
from transforms.masking import LINES_AROUND, masked, masked_around, masked_json, masked_text, masked_value

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Dana O'Neil", "Aaaa A'Aaaa"),
        ("dana@example.com", "aaaa@aaaaaaa.aaa"),
        ("(406) 555-0123 x12", "(999) 999-9999 a99"),
        ("Þórður Ægir", "Aaaaaa Aaaa"),
        ("李小龍", "aaa"),
        ("प्रिया", "aaaaaa"),  # its vowel signs are marks, not letters
        ("٤٠٦ ½ Ⅳ", "999 9 9"),
        ("", ""),
    ],
)
def test_letters_and_digits_of_every_script_are_hidden(text: str, shown: str) -> None:
    assert masked_text(text) == shown


def test_a_long_text_is_cut() -> None:
    assert masked_text("x" * 201) == "a" * 200 + "…"
    assert masked_text("x" * 200) == "a" * 200


def test_keys_booleans_and_nulls_stay() -> None:
    assert masked({"Seller 1": [True, False, None, "Ann"]}) == {"Seller 1": [True, False, None, "Aaa"]}


def test_a_key_that_is_an_address_or_a_number_of_somebody_is_hidden_and_none_of_them_is_lost() -> None:
    by_person = {"ann@example.com": 1, "bob@example.com": 2, "+1 406-555-0123": 3, "buyer_2": 4, "2026-11-22": 5}
    shown = masked(by_person)
    assert not shown.keys() & {"ann@example.com", "bob@example.com", "+1 406-555-0123", "2026-11-22"}
    assert list(shown.values()) == [9, 9, 9, 9, 9]
    assert {"aaa@aaaaaaa.aaa", "aaa@aaaaaaa.aaa (2)", "+9 999-999-9999", "buyer_2"} <= shown.keys()


def test_around_a_key_that_is_hidden_nothing_of_it_is_shown() -> None:
    payload = {"people": {"ann@example.com": {"role": "Buyer"}, **{f"key {number}": 1 for number in range(60)}}}
    for path in ('people."ann@example.com"', 'people."ann@example.com".role'):
        shown = masked_around(payload, path, "participants.role")
        assert "ann@" not in shown
        assert "aaa@aaaaaaa.aaa" in shown or '"role": "Buyer"' in shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, 9),
        (Decimal("5.00"), 9.99),
        (-525000, -999999),
        (Decimal("2.5"), 9.9),
        (Decimal("-0.25"), -9.99),
        (Decimal("1E+5"), 999999),
        (Decimal("1E+4000"), 9e99),
        (10**4000, 999_999_999_999_999),
        (Decimal("0E-9"), 9.999999999),
    ],
)
def test_a_number_stays_a_number_of_the_same_length(number: Any, shown: float) -> None:
    assert masked(number) == shown
    assert type(masked(number)) is type(shown)


@given(VALUES)
def test_what_is_masked_keeps_its_structure_and_no_letter_or_digit_but_a_and_9(value: Any) -> None:
    _check(value, masked(value))
    json.loads(masked_json(value))


def _check(value: Any, shown: Any) -> None:
    if isinstance(value, dict):
        assert len(value) == len(shown)
        for (key, held), (name, hidden) in zip(value.items(), shown.items(), strict=True):
            assert name == key or "@" in key or sum(one.isdigit() for one in key) > 5
            _check(held, hidden)
    elif isinstance(value, list):
        assert len(value) == len(shown)
        for held, hidden in zip(value, shown, strict=True):
            _check(held, hidden)
    elif value is None or isinstance(value, bool):
        assert shown is value
    else:
        assert {one for one in str(shown) if one.isalnum()} <= set("aA9e+")


@pytest.mark.parametrize(
    "field", ["stage", "participants[2].role", "agents[0].side", "property.type", "referral.direction"]
)
def test_an_unknown_word_of_a_closed_list_can_be_read(field: str) -> None:
    assert masked_value("'Sold - Recorded'", field) == "'Sold - Recorded'"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("'Ann Meyer'", "participants[0].name"),
        ("'Ann Meyer'", "type"),
        ("'call 4065550123'", "stage"),
        ("'ann@example.com'", "participants[0].role"),
        (f"'{'x' * 41}'", "stage"),
        ("'- Sold'", "stage"),
    ],
)
def test_what_is_no_word_of_a_closed_list_is_hidden(value: str, field: str) -> None:
    shown = masked_value(value, field)
    assert shown != value
    assert {one for one in shown if one.isalnum()} <= set("aA9")


@pytest.mark.parametrize("ours", ["absent", "empty", "True", "an object of 3", "a list of 12", "a number of 300 bits"])
def test_our_own_words_about_a_value_stay(ours: str) -> None:
    assert masked_value(ours, "participants[0].name") == ours


def test_a_text_that_is_spelt_as_our_own_words_is_hidden() -> None:
    assert masked_value("'absent'", "reference") == "'aaaaaa'"


PAYLOAD = {
    "data": {
        "status": "Sold out",
        "Sale Price": "1a",
        "participants": [{"phone": "1"}, {"phone": "2"}, {"name": "Ann", "phone": "406"}, "Bob"],
    }
}


@pytest.mark.parametrize(
    ("path", "holder"),
    [
        ("data.participants[2].phone", {"name": "Aaa", "phone": "999"}),
        ("$.data.participants[2].phone", {"name": "Aaa", "phone": "999"}),
        ("data.participants[3]", [{"phone": "9"}, {"phone": "9"}, {"name": "Aaa", "phone": "999"}, "Aaa"]),
        ("data.participants[9].phone", [{"phone": "9"}, {"phone": "9"}, {"name": "Aaa", "phone": "999"}, "Aaa"]),
        ('data.participants[2]."phone"', {"name": "Aaa", "phone": "999"}),
    ],
)
def test_what_is_around_is_the_object_that_holds_the_path(path: str, holder: Any) -> None:
    assert json.loads(masked_around(PAYLOAD, path, "participants[2].phone")) == holder


def test_the_unknown_word_can_be_read_in_its_surroundings_and_nothing_else() -> None:
    around = json.loads(masked_around(PAYLOAD, "data.status", "stage"))
    assert (around["status"], around["Sale Price"]) == ("Sold out", "9a")


@pytest.mark.parametrize(
    "path",
    ["", "(the whole body)", "nowhere.at.all", "[?x=='1'] | [0]", "data[*].x + data.y", '"', "[99999999999999]", "$"],
)
@pytest.mark.parametrize("payload", [PAYLOAD, [], "text", None, 5])
def test_a_path_that_leads_nowhere_shows_as_much_as_there_is(path: str, payload: Any) -> None:
    json.loads(masked_around(payload, path, "reference"))


def test_a_large_object_is_cut_around_the_field_that_fails() -> None:
    large = {"data": {f"key{number}": "secret" for number in range(200)}}
    lines = masked_around(large, "data.key150", "reference").split("\n")
    assert len(lines) == LINES_AROUND
    assert (lines[0], lines[-1]) == ("…", "…")
    assert '  "key150": "aaaaaa",' in lines
    assert masked_around(large, "data.key0", "reference").startswith("{\n")
    assert masked_around(large, "data.key199", "reference").endswith("\n}")


def test_a_body_as_it_is_parsed_can_be_shown() -> None:
    body = b'{"price": 525000.00, "big": 12345678901234567890.5, "name": "Ann", "ok": true}'
    assert json.loads(masked_json(parse(body))) == {"price": 999999.99, "big": 9e99, "name": "Aaa", "ok": True}

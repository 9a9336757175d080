"""Each converter: what it takes, what it gives, and what it refuses with which words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigurationError
from domain.marks import microseconds
from domain.money import Money
from domain.stages import Stage
from mappings.compiler.vocabulary import CONVERTERS
from transforms.converters.amounts import LARGEST_AMOUNT
from transforms.converters.moments import zone_named
from transforms.converters.people import split_name
from transforms.converters.registry import NAMES, converter
from transforms.converters.texts import clean
from transforms.converters.unfit import Unfit, shown

DENVER = ZoneInfo("America/Denver")
#: More digits than Python is willing to print.
HUGE = pytest.param(10**5000, id="huge")
TABLES = {"stages": {"closed": "closed", "under contract": "under_contract"}}


def converted(name: str, raw: Any, **options: Any) -> Any:
    codes = Stage if name == "enum" else None
    convert = converter(name, options, TABLES, codes)
    return convert.run(raw, DENVER) if convert.zoned else convert.run(raw)


def usd(amount: str) -> Money:
    return Money(Decimal(amount))


def test_every_name_of_the_vocabulary_has_its_function_and_no_function_is_without_a_name() -> None:
    assert set(CONVERTERS) == NAMES


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        (525000, "525000.00"),
        ("525000", "525000.00"),
        ("$525,000.00", "525000.00"),
        (" $ 525,000 ", "525000.00"),
        ("740000.0", "740000.00"),
        ("740000.000", "740000.00"),
        (Decimal("740000.000"), "740000.00"),
        ("0", "0.00"),
        ("12.", "12.00"),
        ("USD 1,234.50", "1234.50"),
        ("1,234.50 USD", "1234.50"),
        (Decimal("123456.78"), "123456.78"),
        ("-$5.25", "-5.25"),
        ("$-5.25", "-5.25"),
        (-7, "-7.00"),
        ("999,999,999,999.99", "999999999999.99"),
    ],
)
def test_money_is_read_exactly(raw: object, amount: str) -> None:
    assert converted("money", raw) == usd(amount)


@pytest.mark.parametrize(
    "raw",
    [
        "1.234,56", "1,23", "12,3456", "1 250", "$1,250 /mo", "abc",
        "NaN", "Infinity", "-Infinity", "1e5", "1e400", "--5",

        "-$-5", "\u0665\u0660", "5.005", Decimal("5.005"), Decimal("1e400"), Decimal("1e-400"), Decimal("NaN"),
        525000.0, True,
        "1" * 30, int("1" * 30), HUGE, LARGEST_AMOUNT + Decimal("0.01"), {}, [], "9" * 400,
    ],
)  # fmt: skip
def test_money_refuses_what_is_not_exactly_an_amount_and_names_the_format(raw: object) -> None:
    with pytest.raises(Unfit, match=r"an amount in USD such as 525000, 525000\.00 or \$525,000\.00 \(decimal point"):
        converted("money", raw)


def test_money_counts_cents_where_the_mapping_says_so() -> None:
    assert converted("money", 1099, minor_units=True) == usd("10.99")
    assert converted("money", "1099", minor_units=True, currency="CAD") == Money(Decimal("10.99"), "CAD")
    with pytest.raises(Unfit, match="whole number of cents"):
        converted("money", "10.5", minor_units=True)


@given(st.decimals(min_value=-LARGEST_AMOUNT, max_value=LARGEST_AMOUNT, places=2, allow_nan=False))
def test_money_survives_the_way_through_text(amount: Decimal) -> None:
    for text in (str(amount), f"{amount:,}", f"${amount:,}", f"{amount}000"):
        assert converted("money", text.replace("$-", "-$")) == Money(amount)


@pytest.mark.parametrize(
    ("raw", "of", "percent"),
    [
        (Decimal("2.5"), "hundred", "2.5"),
        ("2.5", "hundred", "2.5"),
        ("2.5%", "hundred", "2.5"),
        ("2.5 %", "hundred", "2.5"),
        ("3.000", "hundred", "3"),
        (100, "hundred", "100"),
        (0, "hundred", "0"),
        (".5", "hundred", "0.5"),
        (Decimal("0.025"), "one", "2.5"),
        ("2.5 %", "one", "2.5"),
    ],
)
def test_a_percentage_is_of_a_hundred_and_equal_ones_look_equal(raw: object, of: str, percent: str) -> None:
    assert str(converted("percent", raw, of=of)) == percent


@pytest.mark.parametrize(
    "raw",
    [
        "101",
        "-1",
        "2,5",
        "NaN",
        "1e1",
        "2.5 percent",
        2.5,
        True,
        "0.0000001",
        Decimal("2." + "0" * 30 + "1"),
        Decimal("1e-400"),
        Decimal("1e400"),
    ],
)
def test_a_percentage_outside_0_to_100_or_not_exact_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="a percentage from 0 to 100"):
        converted("percent", raw)


@pytest.mark.parametrize(
    ("raw", "of", "part"),
    [
        ("1/3", "one", Fraction(1, 3)),
        (" 2 / 3 ", "one", Fraction(2, 3)),
        ("50%", "one", Fraction(1, 2)),
        ("0.5", "one", Fraction(1, 2)),
        (Decimal("0.25"), "one", Fraction(1, 4)),
        (1, "one", Fraction(1)),
        (50, "hundred", Fraction(1, 2)),
        ("33.33 %", "hundred", Fraction(3333, 10000)),
    ],
)
def test_a_fraction_is_exact(raw: object, of: str, part: Fraction) -> None:
    assert converted("fraction", raw, of=of) == part


@pytest.mark.parametrize("raw", ["0", "1/0", "0/3", "4/3", "-1/2", 50, "1/3/2", "half", 0.5, None, True, "NaN"])
def test_a_fraction_is_more_than_nothing_and_at_most_the_whole(raw: object) -> None:
    with pytest.raises(Unfit, match="a part of the whole"):
        converted("fraction", raw)


@pytest.mark.parametrize(
    ("raw", "formats"),
    [
        ("2026-10-27", ["iso"]),
        (" 2026-10-27 ", ["iso"]),
        ("10/27/2026", ["iso", "MM/DD/YYYY"]),
        ("27.10.2026", ["DD.MM.YYYY"]),
        ("October 27, 2026", ["MMMM D, YYYY"]),
        ("oct. 27 2026", ["MMM D YYYY"]),
        ("20261027", ["YYYYMMDD"]),
        (20261027, ["YYYYMMDD"]),
        (1793102400, ["unix_seconds"]),
        ("1793102400000", ["unix_millis"]),
        (Decimal("1793102400.5"), ["unix_seconds"]),
        ("2026-10-27T12:00:00", ["iso"]),
        # The evening in Denver, when Greenwich has the next day already.
        ("2026-10-28T05:59:59.9999999Z", ["iso"]),
        ("2026-10-28T05:59:59.999999999+0000", ["iso"]),
        ("2026-10-28 05:59+00:00", ["iso"]),
        ("2026-10-27T00:00:00-06", ["iso"]),
    ],
)
def test_a_day_is_the_day_in_the_office(raw: object, formats: list[str]) -> None:
    assert converted("day", raw, formats=formats) == date(2026, 10, 27)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (1793059200000, 27),  # midnight in Greenwich, the evening before in Denver
        (1793080800000, 27),  # midnight in Denver
        ("2026-10-27T18:30:00-06:00", 28),
        ("2026-10-27T18:30:00", 27),  # without an offset it is written in that zone
        ("2026-10-27", 27),
        ("10/27/2026", 27),
    ],
)
def test_a_day_can_be_that_of_another_zone_than_the_offices(raw: object, expected: int) -> None:
    formats = ["unix_millis", "iso", "MM/DD/YYYY"]
    assert converted("day", raw, formats=formats, zone="UTC") == date(2026, 10, expected)


@given(
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.sampled_from(["UTC", "America/New_York", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu"]),
)
def test_read_in_utc_a_midnight_in_utc_or_america_is_the_right_day(day: date, midnight_of: str) -> None:
    moment = datetime.combine(day, time(), ZoneInfo(midnight_of))
    count = microseconds(moment) // 1000
    assert converted("day", count, formats=["unix_millis"], zone="UTC") == day


@pytest.mark.parametrize(
    "raw",
    [
        "2026-02-30", "02/30/2026", "2026-13-01", "13/01/2026", "2026-2-3", "27/10/2026", "2026-W01-1", "20261027",
        "0001-01-01",
        "9999-12-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-10-27T25:00:00Z",
        "2026-10-27T10:00:60Z",
        "2026-10-27T10:00:00+99:99", "\uff12026-10-27", "tomorrow", 20261027, True, {}, HUGE, Decimal("1e400"),
    ],
)  # fmt: skip
def test_a_day_that_does_not_exist_or_is_written_otherwise_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match=r"a day that exists.* written as 2026-10-27 .* or MM/DD/YYYY"):
        converted("day", raw, formats=["iso", "MM/DD/YYYY"])


@pytest.mark.parametrize(
    ("raw", "options"),
    [
        ("2023-10-27T10:00:00Z", {}),
        ("2023-10-27T10:00:00.0000000Z", {}),
        ("2023-10-27T10:00:00.000000000+00:00", {}),
        ("2023-10-27T10:00:00+0000", {}),
        ("2023-10-27T03:00:00-0700", {}),
        ("2023-10-27t10:00z", {}),
        ("2023-10-27T04:00:00", {}),
        ("2023-10-27T06:00:00", {"zone": "America/New_York"}),
        (1698400800, {"formats": ["unix_seconds"]}),
        (1698400800000, {"formats": ["unix_millis"]}),
        ("1698400800", {"formats": ["iso", "unix_seconds"]}),
        (Decimal("1698400800.0"), {"formats": ["unix_seconds"]}),
    ],
)
def test_an_instant_keeps_the_moment_in_utc(raw: object, options: dict[str, Any]) -> None:
    moment = converted("instant", raw, **options)
    assert moment == datetime(2023, 10, 27, 10, tzinfo=UTC)
    assert moment.utcoffset().total_seconds() == 0
    assert microseconds(moment) == 1698400800000000


@pytest.mark.parametrize("raw", ["2026-10-27", "27.10.2026 10:00", "", 1e9, True, None, 10**30, "9" * 15, "-9" * 9])
def test_what_is_no_instant_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="an instant"):
        converted("instant", raw, formats=["iso", "unix_seconds"])


def test_an_unknown_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(ConfigurationError, match="America/Denver"):
        zone_named("Mars/Olympus")


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  Ana   Cruz ", "Ana Cruz"),
        ("a\x00b\x07c", "abc"),
        ("line\r\n\tnext", "line next"),
        ("Cafe\u0301", "Café"),
        ("\u202egrace\u202c", "grace"),
        ("\u2066x\u2069\u200b\ufeff", "x"),
        ("family 👨‍👩‍👧 ❤️", "family 👨‍👩‍👧 ❤️"),
        ("דוד כהן", "דוד כהן"),
        ("می‌خواهم", "می‌خواهم"),
        ("half \ud83d", "half \ufffd"),
        (12, "12"),
        (Decimal("2.50"), "2.50"),
        ("\x00\x01", None),
        ("x" * 500, "x" * 500),
    ],
)
def test_text_keeps_every_script_and_loses_what_no_store_takes(raw: object, kept: str | None) -> None:
    assert converted("text", raw) == kept


@pytest.mark.parametrize("raw", ["x" * 1001, "x" * 10**6, True, {}, [], Decimal("1e400"), HUGE])
def test_text_that_is_too_long_or_none_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="text of at most 1000 characters"):
        converted("text", raw)


@given(st.text())
def test_clean_text_stays_as_it_is_when_cleaned_again(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode()


@pytest.mark.parametrize(("raw", "kept"), [(17, "17"), (" A-1 ", "A-1"), (2**60, str(2**60)), ("00012", "00012")])
def test_an_identifier_is_kept_as_it_is(raw: object, kept: str) -> None:
    assert converted("identifier", raw) == kept


@pytest.mark.parametrize(
    "raw", ["", " ", "a\x00b", "a\nb", "x" * 201, True, 1.0, -1, None, {}, Decimal("1.5"), "\ud83d"]
)
def test_an_identifier_that_could_not_be_a_key_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="an id of 1 to 200"):
        converted("identifier", raw)


@pytest.mark.parametrize(("raw", "number"), [(7, 7), ("7", 7), (" -7 ", -7), ("7.0", 7), (Decimal("7.00"), 7)])
def test_whole_numbers(raw: object, number: int) -> None:
    assert converted("integer", raw) == number


@pytest.mark.parametrize(
    "raw", ["7.5", Decimal("7.5"), "x", True, 10**18, Decimal("1e400"), Decimal("NaN"), "1" * 19, []]
)
def test_what_is_no_whole_number_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="a whole number"):
        converted("integer", raw)


@pytest.mark.parametrize(("raw", "truth"), [(True, True), ("YES", True), (1, True), (" n ", False), ("0", False)])
def test_true_and_false(raw: object, truth: bool) -> None:
    assert converted("boolean", raw) is truth


@pytest.mark.parametrize("raw", ["maybe", 2, None, [], Decimal(1)])
def test_what_is_neither_true_nor_false_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="one of true, yes"):
        converted("boolean", raw)


@pytest.mark.parametrize("raw", ["Closed", " UNDER   contract "])
def test_codes_are_looked_up_in_any_letter_case(raw: str) -> None:
    assert isinstance(converted("enum", raw, table="stages"), Stage)


@pytest.mark.parametrize("raw", ["Clozed", "", 7, True, None, {}, HUGE])
def test_an_unknown_code_is_refused_with_all_that_are_known(raw: object) -> None:
    with pytest.raises(Unfit, match="one of: closed, under contract"):
        converted("enum", raw, table="stages")


def test_an_unknown_code_can_have_a_code_of_its_own() -> None:
    assert converted("enum", "Clozed", table="stages", otherwise="active") is Stage.ACTIVE


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("(406) 555-0123", "+14065550123"),
        ("406.555.0123", "+14065550123"),
        ("406-555-0123", "+14065550123"),
        ("4065550123", "+14065550123"),
        (4065550123, "+14065550123"),
        ("+1 406 555 0123", "+14065550123"),
        ("1-406-555-0123", "+14065550123"),
        ("(406) 555-0123 ext. 12", "+14065550123;ext=12"),
        ("406-555-0123 x12", "+14065550123;ext=12"),
        ("+14065550123;ext=12", "+14065550123;ext=12"),
        ("+44 20 7946 0958", "+442079460958"),
        ("tel: 406 555 0123", "+14065550123"),
    ],
)
def test_a_phone_number_becomes_e164(raw: object, number: str) -> None:
    assert converted("phone", raw) == number
    assert converted("phone", number) == number


def test_a_phone_number_without_country_code_is_of_the_region() -> None:
    assert converted("phone", "020 7946 0958", region="GB") == "+442079460958"


@pytest.mark.parametrize("raw", ["not given", "555-0123", "12345", "", "020 7946 0958", "1" * 101, True, {}, 12])
def test_what_is_no_possible_phone_number_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="a phone number with area code"):
        converted("phone", raw)


def test_an_address_is_kept_in_lower_case() -> None:
    assert converted("email", " Melissa.Grant@Example.COM ") == "melissa.grant@example.com"


@pytest.mark.parametrize(
    "raw",
    ["ana", "ana@", "ana@localhost", "a b@example.com", "a@b@example.com", "a@x..com", 7, "x" * 250 + "@example.com"],
)
def test_what_is_no_address_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="an e-mail address"):
        converted("email", raw)


@pytest.mark.parametrize(
    ("raw", "code"),
    [("MT", "MT"), (" montana ", "MT"), ("District of  Columbia", "DC"), ("Québec", "QC"), ("pr", "PR")],
)
def test_states_and_provinces_by_name_or_code(raw: str, code: str) -> None:
    assert converted("state", raw) == code


@pytest.mark.parametrize("raw", ["ZZ", "Bavaria", 7, None])
def test_an_unknown_state_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="such as MT or Montana"):
        converted("state", raw)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("59803", "59803"),
        ("59803-1234", "59803-1234"),
        ("598031234", "59803-1234"),
        (2134, "02134"),
        (21341234, "02134-1234"),
        ("t2p1j9", "T2P 1J9"),
    ],
)
def test_postal_codes(raw: object, code: str) -> None:
    assert converted("zip", raw) == code


@pytest.mark.parametrize("raw", ["5980", "59803-12", "D2P 1J9", "SW1A 1AA", True, 0, 10**9, None])
def test_what_is_no_postal_code_is_refused(raw: object) -> None:
    with pytest.raises(Unfit, match="a ZIP code such as"):
        converted("zip", raw)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Tom Becker", "Tom", "Becker"),
        ("Ana de la Cruz", "Ana", "de la Cruz"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Mary Ann Smith", "Mary Ann", "Smith"),
        ("John Smith Jr.", "John", "Smith Jr."),
        ("John Smith, Jr.", "John", "Smith, Jr."),
        ("Cruz, Ana", "Ana", "Cruz"),
        ("De Vries", "De", "Vries"),
        ("Cher", "Cher", ""),
        ("Cher,", "Cher,", ""),
    ],
)
def test_names_are_split_where_people_split_them(name: str, first: str, last: str) -> None:
    assert split_name(name) == (first, last)
    assert converted("name_split", f" {name} ", part="first") == first
    assert converted("name_split", name, part="last") == (last or None)


@given(st.text(min_size=1).map(clean).filter(lambda name: bool(name) and "," not in name))
def test_no_letter_of_a_name_is_lost_by_splitting(name: str) -> None:
    assert " ".join(part for part in split_name(name) if part) == name


@pytest.mark.parametrize("raw", [7, None, "x" * 1001])
def test_what_is_no_name_is_not_split(raw: object) -> None:
    with pytest.raises(Unfit, match="a full name"):
        converted("name_split", raw, part="first")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x" * 500, "'" + "x" * 78 + "…"),
        ("a\x00\n\u202e", r"'a\x00\n\u202e'"),
        ({"a": 1}, "an object of 1"),
        ([1, 2], "a list of 2"),
        pytest.param(10**5000, "a number of 16610 bits", id="huge"),
        (Decimal("2.50"), "2.50"),
    ],
)
def test_a_value_is_shown_short_and_on_one_line(value: object, text: str) -> None:
    assert shown(value) == text

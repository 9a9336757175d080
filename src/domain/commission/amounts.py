"""Exact numbers as they stand in plan and deal files. No float: a percentage is a fraction, an amount is whole cents.

Files and JSON carry text (`"18000.00"`, `"2.875"`, `"1/3"`); whole numbers may stand without quotes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_AMOUNT = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,2})?")
_NUMBER = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,9})?")
#: Denominators of what files may write with decimals, nine at most, divide this.
_MOST_DECIMALS = 10**9
_FRACTION = re.compile(r"([0-9]{1,9})\s*/\s*([1-9][0-9]{0,8})")


def cents_of(value: Any) -> int:
    """An amount (`18000`, `"-12.5"`) in hundredths: cents of money, hundredths of a count.

    Raises:
        ValueError: not such an amount.
    """
    text = _text(value)
    if not _AMOUNT.fullmatch(text):
        raise ValueError("expected an amount with at most two decimals, such as 18000 or 285.50")
    return int(Decimal(text) * 100)


def amount_text(cents: int) -> str:
    """The amount as files carry it.

    Examples:
        >>> amount_text(28550), amount_text(-5)
        ('285.50', '-0.05')
    """
    sign, whole = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def percent_of(value: Any) -> Fraction:
    """A percentage, of 100: `6`, `"2.875"`, `"100/3"`.

    Raises:
        ValueError: not such a number.
    """
    text = _text(value).removesuffix("%").strip()
    if _NUMBER.fullmatch(text):
        return Fraction(text)
    if match := _FRACTION.fullmatch(text):
        return Fraction(int(match[1]), int(match[2]))
    raise ValueError("expected a percentage of 100 such as 6 or 2.875, or a fraction of them such as 100/3")


def share_of(value: Any) -> Fraction:
    """A part of a whole: `"1/3"`, `"55.5%"` or `1`.

    Raises:
        ValueError: not such a part; a bare `0.5` or `50` could mean either, so neither is taken.
    """
    text = _text(value)
    if match := _FRACTION.fullmatch(text):
        return Fraction(int(match[1]), int(match[2]))
    if text.endswith("%") and _NUMBER.fullmatch(text[:-1].strip()):
        return Fraction(text[:-1].strip()) / 100
    if text in ("0", "1"):
        return Fraction(int(text))
    raise ValueError('expected a fraction such as "1/3", a percentage such as "55.5%", or 1 for the whole')


def number_text(number: Fraction) -> str:
    """A fraction as text: as a decimal where that is exact, else `a/b`.

    Examples:
        >>> number_text(Fraction(23, 8)), number_text(Fraction(1, 3))
        ('2.875', '1/3')
    """
    if number.denominator == 1:
        return str(number.numerator)
    if _MOST_DECIMALS % number.denominator:
        return f"{number.numerator}/{number.denominator}"
    text = format(Decimal(number.numerator) / Decimal(number.denominator), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def share_text(share: Fraction) -> str:
    """A part of a whole as files carry it: `1/3`, or `1`."""
    return f"{share.numerator}/{share.denominator}" if share.denominator != 1 else str(share.numerator)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("expected a number; write it as it is, or in quotes")  # noqa: TRY004 - pydantic reports it
    return format(value, "f").strip() if isinstance(value, Decimal) else str(value).strip()


def _cents(value: Any) -> int:
    return cents_of(value)


def _fraction(read: Any) -> Any:
    return BeforeValidator(lambda value: value if isinstance(value, Fraction) else read(value))


_NUMBER_SCHEMA = {"anyOf": [{"type": "number"}, {"type": "string"}]}

#: An amount of money, or a count, in hundredths; as text with two decimals in files and JSON.
#: Validation reads units: a model that is built from a value already in cents must be given `amount_text(cents)` (or a
#: `Decimal` of units); the bare whole number would come out a hundred times too large.
Cents = Annotated[
    int, BeforeValidator(_cents), PlainSerializer(amount_text, return_type=str), WithJsonSchema(_NUMBER_SCHEMA)
]
#: A percentage: `Fraction(30)` is 30 %.
Percent = Annotated[
    Fraction, _fraction(percent_of), PlainSerializer(number_text, return_type=str), WithJsonSchema(_NUMBER_SCHEMA)
]
#: A part of a whole: `Fraction(1, 3)`.
Share = Annotated[
    Fraction, _fraction(share_of), PlainSerializer(share_text, return_type=str), WithJsonSchema(_NUMBER_SCHEMA)
]

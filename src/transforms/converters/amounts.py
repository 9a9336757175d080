"""Numbers that decide money: amounts, percentages, exact fractions. Floats are refused, nothing is rounded."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.money import CURRENCY_DIGITS, Money
from transforms.converters.unfit import Unfit

#: More than any deal; a longer number is a mistake or an attack.
LARGEST_AMOUNT = Decimal("999999999999.99")
#: Enough for any commission rate, few enough to compare and to store.
PERCENT_DECIMALS = 6

_AMOUNT = re.compile(
    r"(?P<sign>-?)\$? ?(?P<sign2>-?)(?P<number>(?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d{0,30})?)", re.ASCII
)
# At most 27 digits: Decimal computes with 28 before it would round.
_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{0,18})?|-?\.\d{1,18}", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}(?:\.0{1,9})?", re.ASCII)
_RATIO = re.compile(r"(\d{1,9}) ?/ ?(\d{1,9})", re.ASCII)


def money(currency: str = "USD", *, minor_units: bool = False) -> Callable[[Any], Money]:
    """A converter to `Money` of one currency; `minor_units` counts cents."""
    digits = CURRENCY_DIGITS[currency]
    fits = (
        f"an amount in {currency} such as 525000, 525000.00 or $525,000.00 "
        f"(decimal point, at most {digits} decimals, at most {LARGEST_AMOUNT:,})"
    )

    def convert(raw: Any) -> Money:
        amount = _plain_amount(raw, currency, fits)
        if not -LARGEST_AMOUNT <= amount <= LARGEST_AMOUNT:
            raise Unfit(fits)
        if minor_units:
            if amount != amount.to_integral_value():
                raise Unfit(f"a whole number of cents in {currency}, such as 52500000")
            amount = amount.scaleb(-digits)
        try:
            return Money(amount, currency)
        except ValueError as error:  # more decimals than the currency has
            raise Unfit(fits) from error

    return convert


def _plain_amount(raw: Any, currency: str, fits: str) -> Decimal:
    if type(raw) is int:
        return Decimal(raw)
    if isinstance(raw, Decimal) and raw.is_finite():
        return raw
    if not isinstance(raw, str):
        raise Unfit(fits)
    text = raw.strip()
    if text.isdecimal() and text.isascii() and len(text) <= 30:
        return Decimal(text)
    match = _AMOUNT.fullmatch(text.removeprefix(currency).removesuffix(currency).strip())
    if match is None or (match["sign"] and match["sign2"]):
        raise Unfit(fits)
    amount = Decimal(match["number"].replace(",", ""))
    return -amount if match["sign"] or match["sign2"] else amount


def percent(of: str = "hundred") -> Callable[[Any], Decimal]:
    """A converter to a percentage from 0 to 100; `of="one"` reads 0.025 as 2.5."""
    example = "2.5 or 2.5 %" if of == "hundred" else "0.025 or 2.5 %"
    fits = f"a percentage from 0 to 100 such as {example}, at most {PERCENT_DECIMALS} decimals"
    unit = Decimal(1).scaleb(-PERCENT_DECIMALS)

    def convert(raw: Any) -> Decimal:
        number, signed = _number(raw, fits)
        if of == "one" and not signed:
            number *= 100
        if not 0 <= number <= 100:
            raise Unfit(fits)
        exact = number.quantize(unit)
        if exact != number:
            raise Unfit(fits)
        plain = exact.normalize()  # 3.000 is 3: equal values must look equal
        return plain if plain.as_tuple().exponent <= 0 else plain.quantize(Decimal(1))  # type: ignore[operator] # finite

    return convert


def fraction(of: str = "one") -> Callable[[Any], Fraction]:
    """A converter to an exact part of a whole: more than 0, at most 1."""
    example = "0.5" if of == "one" else "50"
    fits = f"a part of the whole, more than 0 and at most 1, such as 1/3, 50% or {example}"

    def convert(raw: Any) -> Fraction:
        ratio = _RATIO.fullmatch(raw.strip()) if isinstance(raw, str) else None
        if ratio is not None:
            if int(ratio[2]) == 0:
                raise Unfit(fits)
            part = Fraction(int(ratio[1]), int(ratio[2]))
        else:
            number, signed = _number(raw, fits)
            part = Fraction(number) / (100 if signed or of == "hundred" else 1)
        if not 0 < part <= 1:
            raise Unfit(fits)
        return part

    return convert


def _number(raw: Any, fits: str) -> tuple[Decimal, bool]:
    """The number, and whether a % sign stood behind it. Never longer than what is safe to compute with."""
    signed = False
    if isinstance(raw, str):
        text = raw.strip()
        signed = text.endswith("%")
        text = text.removesuffix("%").rstrip()
        if not _NUMBER.fullmatch(text):
            raise Unfit(fits)
        return Decimal(text), signed
    number = Decimal(raw) if type(raw) is int else raw
    if not isinstance(number, Decimal) or not number.is_finite() or not -18 <= number.adjusted() <= 9:
        raise Unfit(fits)
    if len(number.as_tuple().digits) > 27:
        raise Unfit(fits)
    return number, signed


def integer() -> Callable[[Any], int]:
    """A converter to a whole number of at most 18 digits."""
    fits = "a whole number of at most 18 digits, such as 7"

    def convert(raw: Any) -> int:
        if type(raw) is int:
            if -(10**18) < raw < 10**18:
                return raw
        elif isinstance(raw, str) and _WHOLE.fullmatch(raw.strip()):
            return int(raw.strip().partition(".")[0])
        elif isinstance(raw, Decimal) and raw.is_finite() and raw.adjusted() < 18 and raw == raw.to_integral_value():
            return int(raw)
        raise Unfit(fits)

    return convert


_TRUTH = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


def boolean() -> Callable[[Any], bool]:
    """A converter to true or false."""

    def convert(raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        text = str(raw) if type(raw) is int and raw in {0, 1} else raw
        known = _TRUTH.get(text.strip().casefold()) if isinstance(text, str) else None
        if known is None:
            raise Unfit(f"one of {', '.join(_TRUTH)}")
        return known

    return convert

"""One value as the CRM takes it: exact text, or what is wrong with it. Pure.

What a CRM would garble without a word (research: crm.md §1a) is a problem here, before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

from domain.money import Money
from mappings.crm.model import FieldLine, Form
from transforms.converters.texts import clean

if TYPE_CHECKING:
    from domain.deal import Value

#: A DOUBLE shows 14 digits, and PHP writes numbers with as many.
_DIGITS = 14

#: Digits before the point of a percentage, DECIMAL(9,6).
_PERCENT_DIGITS = 9

#: SuiteCRM empties a custom day of 1900-01-01, and MySQL's DATE is not made for days before.
_FIRST_DAY = date(1900, 1, 2)

_NOT_XML = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_LOCAL = r"[a-z0-9!#$&'*+/=?^_`{}~-]+(?:\.[a-z0-9!#$&'*+/=?^_`{}~-]+)*"
_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}"
_ADDRESS = re.compile(f"{_LOCAL}@{_DOMAIN}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Written:
    """A value in the CRM's form.

    Attributes:
        text: what is sent; None: the CRM cannot hold it, and the field is left out.
        cut: to how much it was cut; None if it was not.
    """

    text: str | None
    cut: int | None = None


class NotFitError(Exception):
    """The CRM would garble the value.

    Attributes:
        expected: what it takes.
    """

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def written(line: FieldLine, value: Value | Fraction, tables: Mapping[str, Mapping[str, str]]) -> Written:
    """The value as this field takes it; no value is the empty text, which clears the field.

    Raises:
        NotFitError: the CRM would garble it.
    """
    if value is None or value == "":
        value = line.default
    if value == "":
        return Written("")
    if line.form is Form.ENUM:
        return Written(_translated(str(value), tables[line.table]))
    if line.form is Form.EMAIL:
        return _address(str(value))
    if line.form in {Form.MONEY, Form.DECIMAL}:
        return _number(value, line)
    return Written(_PLAIN[line.form](value))


def plain(text: str) -> str:
    """The text on one line, composed, without what XML cannot carry."""
    return _NOT_XML.sub("", clean(text))


def rounded(number: Decimal | Fraction, scale: int) -> Decimal:
    """The number with so many decimals, half up."""
    with localcontext() as exact:
        exact.prec = 60
        if isinstance(number, Fraction):
            scaled = number * 10**scale
            doubled = 2 * abs(scaled.numerator) + scaled.denominator
            whole = doubled // (2 * scaled.denominator)
            return Decimal(whole if scaled >= 0 else -whole).scaleb(-scale)
        return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


def unix_seconds(value: date | datetime) -> int:
    """Seconds since 1970 UTC: an instant keeps the instant, a day is noon UTC.

    Examples:
        >>> unix_seconds(datetime(2023, 10, 27, 10, tzinfo=UTC)), unix_seconds(date(2023, 10, 27))
        (1698400800, 1698408000)
    """
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(12), UTC)
    return (moment - _EPOCH) // timedelta(seconds=1)


def _translated(code: str, table: Mapping[str, str]) -> str:
    if code not in table:
        raise NotFitError(f"one of {', '.join(table)}; add the code to the table of src/mappings/crm and deploy")
    return table[code]


def _address(text: str) -> Written:
    address = plain(text).lower()
    # SuiteCRM drops what it does not take for an address, and the one it had with it.
    return Written(address) if _ADDRESS.fullmatch(address) else Written(None, 0)


def _number(value: object, line: FieldLine) -> Written:
    number = value.amount if isinstance(value, Money) else value
    if not isinstance(number, Decimal | Fraction):
        raise NotFitError("a number; name another form in the mapping")
    exact = rounded(number, line.scale)
    digits = _DIGITS if line.form is Form.MONEY else _PERCENT_DIGITS
    limit = Decimal(10) ** (digits - line.scale)
    if abs(exact) >= limit:
        raise NotFitError(
            f"an amount below {limit:,}, because the CRM drops digits beyond; correct it at its source"
            if line.form is Form.MONEY
            else f"a percentage below {limit:,}; correct it at its source"
        )
    cut = line.scale if isinstance(number, Decimal) and exact != number else None
    return Written(format(abs(exact) if exact == 0 else exact, "f"), cut)


def _day(value: object) -> str:
    if not isinstance(value, date):
        raise NotFitError("a day; name another form in the mapping")
    day = value.date() if isinstance(value, datetime) else value
    if day < _FIRST_DAY:
        raise NotFitError("a day after 1900-01-01, because the CRM drops earlier ones; correct it at its source")
    return day.isoformat()


def _seconds(value: object) -> str:
    if not isinstance(value, date):
        raise NotFitError("a day or an instant; name another form in the mapping")
    return str(unix_seconds(value))


_PLAIN: Mapping[Form, Callable[[object], str]] = {
    Form.TEXT: lambda value: plain(str(value)),
    Form.INTEGER: str,
    Form.BOOL: lambda value: "1" if value else "0",
    Form.DATE: _day,
    Form.UNIX_SECONDS: _seconds,
}

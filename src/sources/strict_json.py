"""JSON that means one thing only: what two readers could take differently, or what only harms, is refused.

No NaN, no duplicate keys, no half characters, no depth or number that would hurt whoever handles it next. Numbers with
a fraction or an exponent come as `Decimal`, because they may be money.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from domain.errors import BadPayload

#: Deeper than any provider's body (the deepest known has 9); shallow enough for every recursive reader after us.
MAX_DEPTH = 64
#: Digits, and powers of ten, beyond which a number is an attack on whoever turns it into an integer.
MAX_DIGITS = 4300


def parse(body: bytes) -> Any:
    """Read a body.

    Raises:
        BadPayload: says what is wrong and what is accepted, and shows nothing of the body.
    """
    try:
        document = json.loads(
            body.decode("utf-8"),
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise BadPayload(f"the body is not UTF-8 (byte {error.start}); send JSON in UTF-8") from error
    except json.JSONDecodeError as error:
        raise BadPayload(
            f"the body is not JSON (line {error.lineno}, column {error.colno}); send one JSON value"
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    _check_depth(body, document)
    _check_characters(body, document)
    return document


def _too_deep() -> BadPayload:
    return BadPayload(f"the body is nested too deeply; send at most {MAX_DEPTH} levels")


def _constant(_: str) -> NoReturn:
    raise BadPayload("the body holds NaN or Infinity, which JSON does not know; send a number or null")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _too_large()
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise _too_large()
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise _too_large() from error
    if abs(number.adjusted()) > MAX_DIGITS:
        raise _too_large()
    return number


def _too_large() -> BadPayload:
    return BadPayload(
        f"the body holds a number of more than {MAX_DIGITS} digits; send an amount that someone could pay"
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadPayload("an object in the body has the same key twice; send each key once")
    return fields


def _check_depth(body: bytes, document: Any) -> None:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise _too_deep()


def _children(value: Any) -> list[Any]:
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in values if isinstance(child, (dict, list))]


def _check_characters(body: bytes, document: Any) -> None:
    """Refuse half of a surrogate pair: it is no character, and no store or queue takes it."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return
    try:
        json.dumps(document, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise BadPayload(
            "a text in the body holds half a character (a lone surrogate); send whole characters"
        ) from error

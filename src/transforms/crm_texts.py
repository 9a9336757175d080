"""How texts of a CRM are compared: what a CRM always does to them is folded, what it really changes is not. Pure."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b

#: A plain number: no sign but minus, no leading zeros (a postal code is no number), no exponent.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_LONGEST_NUMBER = 40

#: What a run compares it compares several times: what it holds, sends and reads back. So many short texts are kept.
_KEPT = 8192
_SHORT = 64

#: The most of a column's characters that one takes.
_WIDEST = 5


def comparable(text: str) -> str:
    r"""The text as it is compared: composed Unicode, line ends as one, no white space behind, numbers by value.

    Characters that the CRM cannot hold and tags that it takes away are not folded: those are real alterations.

    Examples:
        >>> comparable("1000.00"), comparable("1000"), comparable("050 "), comparable("a\r\nb")
        ('1000', '1000', '050', 'a\nb')
    """
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).rstrip()
    if len(plain) <= _LONGEST_NUMBER and _NUMBER.fullmatch(plain):
        return _plain_number(Decimal(plain))
    return plain


def digest(text: str) -> str:
    """A short stable digest of the text as it is compared: 16 hexadecimal digits."""
    return _kept_digest(text) if len(text) <= _SHORT else _digest(text)


def width(character: str) -> int:
    """How many of a column's characters SuiteCRM 7.14 spends on this one.

    It keeps `&` as `&amp;`, and four question marks for what takes four bytes in UTF-8 (utf8mb3).
    """
    if character == "&":
        return _WIDEST
    return 4 if ord(character) > 0xFFFF else 1


def shortened(text: str, length: int) -> str:
    """As much of the text as a column of this length keeps, without white space at the end."""
    if text.isascii() and len(text) + (_WIDEST - 1) * text.count("&") <= length:
        return text
    used = 0
    for position, character in enumerate(text):
        used += width(character)
        if used > length:
            return text[:position].rstrip()
    return text


def _digest(text: str) -> str:
    return blake2b(comparable(text).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


_kept_digest = lru_cache(maxsize=_KEPT)(_digest)


def _plain_number(number: Decimal) -> str:
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text

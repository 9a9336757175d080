"""Text as people typed it, made comparable and safe to store, and codes looked up in tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from transforms.converters.unfit import Unfit

#: Stores and queues take neither controls nor half characters. Bidirectional overrides and isolates can make a name
#: show as another one, and invisible spaces make equal names differ; letters, marks and joiners of every script stay.
_REMOVED = dict.fromkeys(
    [
        *range(0x09),
        *range(0x0E, 0x20),
        *range(0x7F, 0xA0),
        0x200B,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
#: DynamoDB keys hold 2048 bytes; four bytes a character leave room for what stands around an id.
LONGEST_IDENTIFIER = 200


def clean(text: str) -> str:
    """NFC, without control characters, white space trimmed and collapsed to single spaces."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _LONE_SURROGATE.sub("\ufffd", text).translate(_REMOVED))
    return " ".join(text.split())


def text(max: int = 1000) -> Callable[[Any], str | None]:  # noqa: A002 # the option's name in mappings
    """A converter to clean text; None where nothing is left of it."""
    fits = f"text of at most {max} characters"

    def convert(raw: Any) -> str | None:
        written = raw if isinstance(raw, str) else _as_text(raw, fits)
        if len(written) > 10 * max:  # no use to clean what cannot fit
            raise Unfit(fits)
        cleaned = clean(written)
        if len(cleaned) > max:
            raise Unfit(fits)
        return cleaned or None

    return convert


def identifier() -> Callable[[Any], str]:
    """A converter to an id, kept as it is."""
    fits = f"an id of 1 to {LONGEST_IDENTIFIER} printable characters, or a whole number"

    def convert(raw: Any) -> str:
        if type(raw) is int and 0 <= raw < 10**LONGEST_IDENTIFIER:
            return str(raw)
        written = raw.strip() if isinstance(raw, str) else ""
        if not 1 <= len(written) <= LONGEST_IDENTIFIER or not written.isprintable():
            raise Unfit(fits)
        return written

    return convert


def _as_text(raw: Any, fits: str) -> str:
    if type(raw) is int and raw.bit_length() <= 128:
        return str(raw)
    if isinstance(raw, Decimal) and raw.is_finite() and abs(raw.adjusted()) < 40:
        return format(raw, "f")
    raise Unfit(fits)


def enum(table: Mapping[str, str], codes: Callable[[str], str], otherwise: str | None = None) -> Callable[[Any], str]:
    """A converter from their codes to ours, by a table of folded texts."""
    ours = {theirs: codes(code) for theirs, code in table.items()}
    fallback = None if otherwise is None else codes(otherwise)
    fits = f"one of: {', '.join(table)}"

    def convert(raw: Any) -> str:
        code = ours.get(folded(raw), fallback)
        if code is None:
            raise Unfit(fits)
        return code

    return convert


def folded(raw: Any) -> str:
    """A code as tables and conditions compare it: trimmed, in any letter case; numbers as their digits."""
    if isinstance(raw, str):
        return " ".join(raw.split()).casefold()
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int) and raw.bit_length() <= 128:
        return str(raw)
    return "\0"  # no table holds it

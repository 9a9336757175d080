"""The functions behind the converter names of the mapping vocabulary, each ready to run with its options.

A converter takes the raw value, and the office's zone if it needs to know where the office is; it gives the canonical
value, or None where nothing is left of the value, or raises `Unfit`, which says what would have been accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from domain.deal import Value
from transforms.converters import amounts, moments, people, places, texts

_ZONED: Mapping[str, Callable[..., Callable[..., Value]]] = {"day": moments.day, "instant": moments.instant}

_PLAIN: Mapping[str, Callable[..., Callable[..., Value]]] = {
    "money": amounts.money,
    "percent": amounts.percent,
    "fraction": amounts.fraction,
    "integer": amounts.integer,
    "boolean": amounts.boolean,
    "text": texts.text,
    "identifier": texts.identifier,
    "phone": people.phone,
    "email": people.email,
    "name_split": people.name_split,
    "state": places.state,
    "zip": places.zip_code,
}

#: Every name this room can run; a test compares it with the vocabulary.
NAMES = frozenset({*_ZONED, *_PLAIN, "enum"})


class Converter(NamedTuple):
    """A converter with its options: `run(raw)`, or `run(raw, zone)` if it is `zoned`."""

    run: Callable[..., Value]
    zoned: bool


def converter(
    name: str, options: Mapping[str, Any], tables: Mapping[str, Mapping[str, str]], codes: type[StrEnum] | None = None
) -> Converter:
    """The converter of a rule.

    Args:
        name: of the vocabulary.
        options: its options.
        tables: the mapping's tables, for `enum`.
        codes: our codes that an `enum` gives; without them it gives the table's text.
    """
    if name == "enum":
        return Converter(texts.enum(tables[options["table"]], codes or str, options.get("otherwise")), zoned=False)
    if name in _ZONED:
        return Converter(_ZONED[name](**options), zoned=True)
    return Converter(_PLAIN[name](**options), zoned=False)

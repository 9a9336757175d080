"""Plain data as the arguments of a SOAP call: arrays as SOAP 1.1 section 5 marks them, and texts that XML can carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: What zeep takes for an array: its items, and the attribute that marks it as one even if it is empty.
Array = dict[str, Any]

#: What XML 1.0 cannot carry, not even escaped: control characters, lone surrogates, two non-characters.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: str) -> str:
    """The text without the characters that XML cannot carry; reading back tells what they became."""
    return _NOT_XML.sub("", value)


def texts(values: Iterable[str]) -> Array:
    """`select_fields`: an array of texts."""
    return _array("xsd:string", [text(value) for value in values])


def lists_of_texts(rows: Iterable[Sequence[str]]) -> Array:
    """`new_set_relationhip_ids`: an array of arrays of texts."""
    return _array("tns:select_fields", [texts(row) for row in rows])


def numbers(values: Iterable[int]) -> Array:
    """`deleted_array`: an array of numbers."""
    return _array("xsd:int", list(values))


def name_values(fields: Mapping[str, str]) -> Array:
    """`name_value_list`: the fields of one record."""
    pairs = [{"name": text(name), "value": text(value)} for name, value in fields.items()]
    return _array("tns:name_value", pairs)


def lists_of_name_values(rows: Iterable[Mapping[str, str]]) -> Array:
    """`name_value_lists`: the fields of many records."""
    return _array("tns:name_value_list", [name_values(row) for row in rows])


def wanted_links(links: Mapping[str, Sequence[str]]) -> Array:
    """`link_names_to_fields_array`: per link the fields to return of the linked records."""
    wanted = [{"name": name, "value": texts(fields)} for name, fields in links.items()]
    return _array("tns:link_name_to_fields_array", wanted)


def _array(of: str, items: list[Any]) -> Array:
    return {"item": items, "arrayType": f"{of}[{len(items)}]"}

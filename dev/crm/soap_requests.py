"""SOAP requests as plain data, read as SuiteCRM's server library reads them (include/nusoap/class.soap_parser.php).

An element with an array type is a list, one with children a struct, any other a text; the children of the operation are
its arguments by position, whatever they are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree

ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
_ARRAY_TYPE = "{http://schemas.xmlsoap.org/soap/encoding/}arrayType"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class Unreadable(Exception):
    """It is no SOAP request."""


@dataclass(frozen=True)
class Request:
    """A call.

    Attributes:
        operation: its name.
        arguments: texts, lists and dictionaries.
    """

    operation: str
    arguments: list[Any]


def request(body: bytes) -> Request:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        envelope = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"XML error parsing SOAP payload on line {error.lineno}") from error
    if envelope.getroottree().docinfo.doctype:
        raise Unreadable("a document type is not welcome")
    call = envelope.find(f"{ENVELOPE}Body/*")
    if call is None:
        raise Unreadable("no operation in it")
    return Request(etree.QName(call).localname, [_plain(each) for each in call])


def _plain(element: Any) -> Any:
    if element.get(_NIL) in {"true", "1"}:
        return None
    if element.get(_ARRAY_TYPE) is not None:
        return [_plain(each) for each in element]
    if len(element):
        return {etree.QName(each).localname: _plain(each) for each in element}
    return element.text or ""


def fields(pairs: Any) -> dict[str, str]:
    """`name_value_list` as a dictionary."""
    return {each["name"]: each["value"] or "" for each in pairs or []}


def number(text: Any) -> int:
    """A number as PHP takes it from a text."""
    return int(text) if str(text).lstrip("-").isdecimal() else 0


def truth(text: Any) -> bool:
    """As PHP takes it: the text `false` is true."""
    return text not in ("", "0", None)

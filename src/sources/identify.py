"""Which event is this? Its type and its identity, read from where the source's row says they stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import BadPayload
from sources.catalog import Part, Source

#: Printable ASCII without space at either end: fits object metadata, message attributes and table keys as it is.
_PLAIN_TYPE = re.compile(r"[!-~](?:[ -~]{0,98}[!-~])?")
_PLAIN_ID = re.compile(r"[!-~](?:[ -~]{0,198}[!-~])?")


def event_type_of(source: Source, headers: Mapping[str, Sequence[str]], document: Any) -> str:
    """The provider's word for what happened.

    Raises:
        BadPayload: there is none, or it is not a short plain text.
    """
    if not isinstance(document, dict):
        raise BadPayload("the body is not a JSON object; send one event as one object")
    where = " or ".join(place.name for place in source.event_type)
    value = _first(source.event_type, headers, document)
    if value is None:
        raise BadPayload(f"there is no event type; expected it at {where}")
    if not isinstance(value, str) or not _PLAIN_TYPE.fullmatch(value):
        raise BadPayload(f"the event type at {where} is not a short plain text; expected up to 100 ASCII characters")
    return value


def event_id_of(
    source: Source, headers: Mapping[str, Sequence[str]], document: Any, body: bytes, *, receipt: str
) -> str:
    """The event's identity: the same for every delivery of one event, whatever else changes.

    Where the provider gives none, it is the digest of the bytes; one that is too long or not plain stands as its own
    digest. A thin webhook without an id says nothing but "look again", and says it in the same bytes each time: there
    each delivery is its own event, which fetches what is true by then and changes nothing if nothing changed.

    Args:
        source: the row that says where the id stands.
        headers: lower-case name to all values.
        document: the parsed body, or None if it could not be parsed.
        body: as it came.
        receipt: of this delivery.

    Raises:
        BadPayload: what stands there is neither a text nor a whole number.
    """
    value = _first(source.identity, headers, document)
    if value is None:
        return f"receipt:{receipt}" if source.fetch else digest(body)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        where = " or ".join(place.name for place in source.identity)
        raise BadPayload(f"the event id at {where} is not a text or a whole number; send it as one of these")
    text = str(value)
    return text if _PLAIN_ID.fullmatch(text) else digest(text.encode())


def digest(content: bytes) -> str:
    """The identity of what has no name of its own."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _first(places: Sequence[Part], headers: Mapping[str, Sequence[str]], document: Any) -> Any:
    for place in places:
        value = next(iter(headers.get(place.name, ())), None) if place.kind == "header" else _at(place.name, document)
        if value is not None and value != "":
            return value
    return None


def _at(path: str, document: Any) -> Any:
    for key in path.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document

"""What files that people write are checked with, whichever language they are in: nearest words, locations, schemas."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

Schema = Mapping[str, Any]

#: Where an entry stands: keys and list positions from the outside in.
Location = tuple[str | int, ...]


def suggestion(given: str, accepted: Iterable[str]) -> str:
    """The closest accepted word, else all of them."""
    accepted = sorted(accepted)
    close = difflib.get_close_matches(given, accepted, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"accepted: {', '.join(accepted) or 'nothing'}"


def shown(value: object) -> str:
    """A value of the file, short enough for one line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def in_file(location: Iterable[str | int], data: Any, members: Collection[str]) -> Location:
    """The part of a pydantic location that stands in the file.

    Args:
        location: as pydantic tells it.
        data: of the file.
        members: names of union members, which pydantic's locations carry and the file does not.
    """
    found: list[str | int] = []
    parts = list(location)
    for position, part in enumerate(parts):
        if isinstance(data, dict) and part in data:
            data = data[str(part)]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        elif part == "[key]" or position < len(parts) - 1:
            continue
        elif not (isinstance(part, str) and part in members):
            found.append(part)  # a key that is missing
            continue
        else:
            continue
        found.append(part)
    return tuple(found)


def resolved(schema: Schema, root: Schema) -> Schema:
    """Follow references, and the one member of an optional entry."""
    while True:
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
            continue
        members = [member for member in schema.get("anyOf", []) if member != {"type": "null"}]
        if len(members) != 1:
            return schema
        schema = members[0]

"""What files that people write are checked with, whichever language they are in: nearest words, locations, schemas."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

Schema = Mapping[str, Any]

#: Where an entry stands: keys and list positions from the outside in.
Location = tuple[str | int, ...]


#: How alike two words must be to be taken for each other, and by how many letters they may differ in length: `house` is
#: no slip of the pen for `townhouse`.
_ALIKE, _LONGER = 0.66, 2


def nearest(given: str, accepted: Iterable[str]) -> str:
    """The accepted word that somebody probably meant; empty if none is near.

    Examples:
        >>> nearest("payor", ["payer", "flat"]), nearest("house", ["townhouse", "land"])
        ('payer', '')
    """
    near = [word for word in sorted(accepted) if abs(len(word) - len(given)) <= _LONGER]
    return next(iter(difflib.get_close_matches(given, near, n=1, cutoff=_ALIKE)), "")


def suggestion(given: str, accepted: Iterable[str]) -> str:
    """The accepted word that was probably meant, else all of them."""
    accepted = sorted(accepted)
    near = nearest(given, accepted)
    return f"did you mean {near!r}?" if near else f"accepted: {', '.join(accepted) or 'nothing'}"


def shown(value: object) -> str:
    """A value of the file, short enough for one line, as its writer would call it.

    Examples:
        >>> shown(["a"]), shown({"a": 1}), shown(None), shown(True), shown("a")
        ('a list', 'keys and values', 'nothing', 'true', "'a'")
    """
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "keys and values"
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

"""What to ask the provider's API for when its webhook only names what changed.

A source's row holds the paths as templates (`fetch` in `sources.yaml`). A `{place}` in one is a dotted field of the
webhook, or several with `|` between them, of which the first present wins: `{event.toId|event.id}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from domain.errors import BadPayload
from sources.catalog import Source

_PLACE = re.compile(r"\{([^{}]+)\}")

#: Longer than any provider's id; what is longer is not an id.
_LONGEST_ID = 100


def fetch_paths(source: Source, payload: Any) -> dict[str, str]:
    """The paths to fetch for this webhook, by document name; none where the webhook says it all.

    Raises:
        BadPayload: the webhook lacks a field that a path needs, or holds something there that is not an id.
    """
    return {name: _PLACE.sub(lambda place: _filled(place[1], payload), path) for name, path in source.fetch.items()}


def hydrated(payload: Any, documents: Mapping[str, Any]) -> dict[str, Any]:
    """What the mapping of a thin source reads: the webhook as `event`, and each fetched document under its name."""
    return {"event": payload, **documents}


def _filled(place: str, payload: Any) -> str:
    for path in place.split("|"):
        value = _at(path, payload)
        if value is not None and value != "":
            return _id(value, path)
    raise BadPayload(f"there is no {' or '.join(place.split('|'))}, which says what to fetch; send it with each event")


def _id(value: Any, path: str) -> str:
    """An id as one segment of a URL path, whatever it holds."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise BadPayload(f"{path} is not a text or a whole number; send the id as one of these")
    text = str(value)
    # A segment of dots alone would name another place in the provider's API.
    if len(text) > _LONGEST_ID or not text.strip("."):
        raise BadPayload(f"{path} is not an id; send up to {_LONGEST_ID} characters that are not only dots")
    return quote(text, safe="")


def _at(path: str, payload: Any) -> Any:
    for key in path.split("."):
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload

"""`dealwire send`: a webhook, signed as its provider would sign it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from domain.errors import ConfigurationError
from sources.catalog import catalog
from sources.verify import sign

if TYPE_CHECKING:
    import httpx

#: The signing secrets of the local cloud, source to secret; fictional, and of no use anywhere else.
DEMO_SECRETS = Path(__file__).resolve().parents[2] / "events" / "secrets.demo.json"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the API answered."""

    status: int
    body: str


def demo_secret(source: str) -> str:
    """The local cloud's signing secret of a source.

    Raises:
        ConfigurationError: there is none.
    """
    secrets: dict[str, str] = json.loads(DEMO_SECRETS.read_text(encoding="utf-8"))
    if source not in secrets:
        text = f"no demo secret for source {source!r}; known: {', '.join(secrets)}; or give one with --secret-file"
        raise ConfigurationError(text)
    return secrets[source]


def signed_headers(source: str, body: bytes, secret: str, event_id: str | None = None) -> dict[str, str]:
    """The headers with which the provider would send these bytes now.

    Raises:
        ConfigurationError: there is no such source, or the event's id cannot stand in a header.
    """
    row = catalog().get(source)
    if row is None:
        text = f"source {source!r} is unknown; expected one of {', '.join(catalog())}; rows are in sources.yaml"
        raise ConfigurationError(text)
    if event_id is not None and not _is_plain(event_id):
        text = f"event id {event_id!r} cannot be sent; it must be plain ASCII without spaces, such as evt-1"
        raise ConfigurationError(text)
    message_id = event_id or _own_id(body) or f"msg_{uuid4().hex}"
    signed = sign(row.scheme, secret, body, now=datetime.now(UTC), message_id=message_id)
    return {"content-type": "application/json", **signed}


def post(client: httpx.Client, url: str, body: bytes, headers: dict[str, str]) -> Sent:
    """Post it.

    Raises:
        ConfigurationError: nothing answers at that address.
    """
    import httpx

    try:
        answer = client.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        text = f"{url} does not answer ({type(error).__name__}); is the stack up? (`dealwire up`)"
        raise ConfigurationError(text) from error
    return Sent(answer.status_code, answer.text)


def _own_id(body: bytes) -> str | None:
    """The body's own event id: sending one file twice is the same event twice."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    own = document.get("id") if isinstance(document, dict) else None
    return own if isinstance(own, str) and _is_plain(own) else None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and bool(text) and " " not in text

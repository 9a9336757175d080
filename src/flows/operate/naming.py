"""How people name events: `source/event id`, or the receipt of a delivery."""

from __future__ import annotations

import re
from datetime import MAXYEAR, timedelta
from typing import TYPE_CHECKING

from domain.envelope import received_at_of
from flows.operate.errors import BadRequest, NotFound
from sources.catalog import catalog

if TYPE_CHECKING:
    from domain.event_log import EventRecord
    from flows.operate.desk import Desk

_RECEIPT = re.compile(r"[0-9a-f]{32}")
#: What ingest lets through as an event id; what is longer or odder never came in.
_EVENT_ID = re.compile(r"[!-~](?:[ -~]{0,198}[!-~])?")
#: The receipt is made a moment after the clock was read for the archive key: at midnight their days differ.
_MIDNIGHT = timedelta(minutes=5)


def resolve(name: str, desk: Desk) -> str:
    """Find the key (`source#event id`) of what somebody calls `source/event id` or by a receipt.

    An event of a known source need not exist; of another source (unreadable messages have their queue's name) it must.

    Raises:
        BadRequest: it is neither of the two.
        NotFound: no such source, or no delivery with that receipt.
    """
    if is_receipt(name):
        return key_of_receipt(name, desk)
    source, slash, event_id = name.partition("/")
    if not slash or not source or not _EVENT_ID.fullmatch(event_id):
        message = (
            f"{name!r} is no event; give source/event id or a receipt of 32 hex digits (see `dealwire events list`)"
        )
        raise BadRequest(message)
    key = f"{source}#{event_id}"
    if source not in catalog() and key not in desk.ports.log.find([key]):
        raise NotFound(f"there is no source {source!r} and no message filed as {name!r}; sources: {known_sources()}")
    return key


def is_receipt(name: str) -> bool:
    """Whether it looks like a receipt."""
    return _RECEIPT.fullmatch(name) is not None


def key_of_receipt(receipt: str, desk: Desk) -> str:
    """Find the key of the event that was delivered under this receipt.

    Raises:
        NotFound: the archive holds no such delivery.
    """
    found = desk.ports.shelf.facts(archive_keys_of(receipt))
    for delivery in found:
        return delivery.key
    message = f"the archive holds no delivery with receipt {receipt}; check it, or look with `dealwire events list`"
    raise NotFound(message)


def archive_keys_of(receipt: str) -> list[str]:
    """Everywhere in the archive that a delivery with this receipt may lie."""
    at = received_at_of(receipt)
    if at is None or at.year == MAXYEAR:  # not one of ours; and the day after could not be written
        return []
    days = dict.fromkeys(f"{moment:%Y-%m-%d}" for moment in (at, at - _MIDNIGHT, at + _MIDNIGHT))
    return [f"{day}/{source}/{receipt}" for day in days for source in catalog()]


def record_of(name: str, desk: Desk) -> EventRecord:
    """The state of the event that somebody names.

    Raises:
        BadRequest: it is no name of an event.
        NotFound: no such event, or it has no state yet.
    """
    key = resolve(name, desk)
    record = desk.ports.log.find([key]).get(key)
    if record is None:
        raise without_state(key)
    return record


def without_state(key: str) -> NotFound:
    """The answer about an event that has no state: an error to raise."""
    event = key.replace("#", "/", 1)
    return NotFound(f"{event} has no state: it is still queued, or was never received; try `dealwire trace {event}`")


def known_sources() -> str:
    """The sources of the catalog, for messages."""
    return ", ".join(sorted(catalog()))

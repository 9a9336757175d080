"""The dead letter of a row that the CRM refuses: an event of our own, listed and replayed as any other.

It closes by itself when the row is confirmed. Replaying it has the row looked at again.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from domain.crm.rows import RowKey
from domain.envelope import CRM_REJECTED, Envelope

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["CRM_REJECTED", "event_id_of", "letter_of", "row_of"]

_EVENT_ID = re.compile(r"crm:(.+)@[0-9a-f]+")


def letter_of(key: RowKey, event_id: str, source: str, now: datetime) -> Envelope:
    """The letter about a row.

    Args:
        key: of the row.
        event_id: from `event_id_of`.
        source: that it is filed under.
        now: aware UTC.
    """
    return Envelope(
        receipt="",
        source=source,
        event_type=CRM_REJECTED,
        event_id=event_id,
        received_at=now,
        mapping_version=0,
        content_type="application/json",
        archive_key=f"{now:%Y-%m-%d}/{source}/{event_id}",
        body=json.dumps({"row": str(key)}).encode(),
    )


def event_id_of(key: RowKey, refused: str, rung: int) -> str:
    """One for each refusal: of this content, after the row was asked for this often."""
    return f"crm:{key}@{refused}{rung:04x}"


def row_of(letter: Envelope) -> RowKey | None:
    """The row that the letter is about; None if it is no such letter."""
    found = _EVENT_ID.fullmatch(letter.event_id)
    if found is None or letter.event_type != CRM_REJECTED:
        return None
    try:
        return RowKey.parse(found[1])
    except ValueError:
        return None

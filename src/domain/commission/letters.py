"""The letter of a closing that cannot be settled: an event of our own, so that it is listed and replayed as any other.

Its identity names the calculation that it waits for. So a deal has at most one open letter, the letter closes when that
calculation is posted, and the next fault is the next letter.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING

from domain.envelope import Envelope

if TYPE_CHECKING:
    from domain.commission.settlement import DueMark, Head
    from domain.deal import Deal

#: The event type of such letters; no provider's.
COMMISSION_DUE = "commission.due"

_EVENT_ID = re.compile(r"commission:(.+):([0-9]+)")


def letter_of(deal: Deal, head: Head, mark: DueMark | None, now: datetime) -> Envelope:
    """The letter of this deal, while the calculation after `head.number` cannot be made.

    Args:
        deal: that cannot be settled.
        head: of its commission.
        mark: that asked for it; the event that set it lends its receipt.
        now: aware UTC.
    """
    return _letter(deal, head.number + 1, mark, now)


def letter_answered(deal: Deal, number: int, now: datetime) -> Envelope:
    """The letter that this calculation answers, if ever there was one."""
    return _letter(deal, number, None, now)


def deal_of(letter: Envelope) -> str:
    """Our id of the deal that the letter is about; empty if it is no such letter."""
    found = _EVENT_ID.fullmatch(letter.event_id)
    return found[1] if found and letter.event_type == COMMISSION_DUE else ""


def _letter(deal: Deal, number: int, mark: DueMark | None, now: datetime) -> Envelope:
    event_id = f"commission:{deal.id}:{number}"
    event = mark.event if mark else None
    return Envelope(
        receipt=event.receipt if event else "",
        source=deal.source,
        event_type=COMMISSION_DUE,
        event_id=event_id,
        received_at=now,
        mapping_version=event.mapping_version if event else 0,
        content_type="application/json",
        archive_key=f"{now:%Y-%m-%d}/{deal.source}/{event_id}",
        body=json.dumps({"deal_id": deal.id}).encode(),
    )

"""A replayed letter of a row that the CRM refused: it has the row looked at again, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.crm.letters import row_of
from domain.errors import Cause, PermanentError
from flows.outcome import Outcome, Result

if TYPE_CHECKING:
    from datetime import datetime

    from domain.crm.ports import SyncStore
    from domain.envelope import Envelope
    from domain.ports import DealStore


def ring_again(letter: Envelope, deals: DealStore, rows: SyncStore, now: datetime) -> Outcome:
    """Make the letter's row due. The letter waits until the row is confirmed, or comes back dead with the CRM's words.

    Raises:
        PermanentError: it names no row.
        Unavailable: storage does not answer.
    """
    if deals.was_applied(letter.afresh()):
        return Outcome(Result.REPEATED)
    key = row_of(letter)
    if key is None:
        raise PermanentError(f"{letter.event_id} names no row of the CRM; discard it", cause=Cause.BAD_PAYLOAD)
    rows.ring([key], now, sight=True)
    return Outcome(Result.DEFERRED, cause=Cause.CRM_REJECTED, reason="the row is delivered again now")

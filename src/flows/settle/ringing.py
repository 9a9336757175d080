"""A replayed letter of a closing that could not be settled: it makes the closing due again, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.commission.letters import deal_of
from domain.commission.settlement import DueMark
from domain.errors import Cause, PermanentError
from flows.outcome import Outcome, Result

if TYPE_CHECKING:
    from datetime import datetime

    from domain.commission.ports import CommissionStore
    from domain.envelope import Envelope
    from domain.ports import DealStore


def ring(letter: Envelope, deals: DealStore, store: CommissionStore, now: datetime) -> Outcome:
    """Make the letter's deal due. The letter waits until it is settled, or comes back dead with what it needs then.

    Raises:
        PermanentError: there is no such deal.
        Unavailable: storage does not answer.
    """
    if deals.was_applied(letter.afresh()):
        return Outcome(Result.REPEATED)
    deal = deals.deal_by_id(deal_of(letter))
    if deal is None:
        raise PermanentError(f"{letter.event_id} names no deal of ours; discard it", cause=Cause.BAD_PAYLOAD)
    held = store.mark(deal.id)
    attempts = held.attempts if held else 0
    mark = DueMark(deal.id, deal.version, now, attempts=attempts, event=letter.without_body())
    store.set_due(mark)
    return Outcome(Result.DEFERRED, deal_id=deal.id, cause=Cause.COMMISSION, reason="the closing is settled again now")

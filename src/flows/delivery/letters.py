"""Dead letters of rows: filed when the CRM refuses one, closed when it is confirmed after all."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.crm.letters import event_id_of, letter_of
from domain.crm.rows import Kind, Standing
from domain.errors import Conflict
from domain.ports import Change

if TYPE_CHECKING:
    from datetime import datetime

    from domain.crm.rows import SyncRow
    from flows.delivery.case import Step
    from flows.delivery.content import Content
    from flows.delivery.ports import DeliveryPorts


def lettered(step: Step, content: Content | None, ports: DeliveryPorts, filed_under: str, now: datetime) -> SyncRow:
    """The row with its letter.

    The letter is filed before the row says so: if we stop in between, the same letter is filed again, which is one.

    Args:
        step: how the row rests, and the reason if it was refused.
        content: what it should hold.
        ports: where letters go, and where they are closed.
        filed_under: the source of letters about people who are on no deal that we know.
        now: aware UTC.
    """
    row = step.row
    if not step.refusal and (row.standing is not Standing.CLEAN or not row.letter):
        return row
    source = (content.source if content else "") or filed_under
    about = content.deal if content else ""
    event_id = event_id_of(row.key, row.refused, row.rung) if step.refusal else ""
    if step.refusal and event_id != row.letter:
        letter = letter_of(row.key, event_id, source, now)
        reason = f"{row.key} is not delivered: {step.refusal}"
        ports.dead.bury(letter, step.cause, reason, deal=about, receives=row.attempts + 1)
    if row.letter and row.letter != event_id:
        answered = letter_of(row.key, row.letter, source, now).without_body()
        deal_id = "" if row.key.kind is Kind.CONTACT else row.key.id
        with suppress(Conflict):  # it was closed before
            ports.deals.commit(Change(answered, deal_id, about, deal=None, deal_before=None, changed=("crm",)), now)
    return replace(row, letter=event_id)

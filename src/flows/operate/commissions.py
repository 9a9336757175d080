"""Commissions of deals: how they stand, how they were computed, and what a deal would come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.commission.settlement import Head, Standing
from domain.operate.commissions import (
    CommissionAnswer,
    CommissionExplainAnswer,
    StepTold,
)
from flows.operate.errors import NotFound
from flows.operate.parties import calculation_named, called, deal_named
from flows.operate.telling import calculation_told, posted_row, record_told

if TYPE_CHECKING:
    from domain.operate.commissions import CommissionExplainRequest, CommissionRequest
    from flows.operate.desk import Desk

#: Deals that lack something are counted up to this many.
MOST_COUNTED = 1_000


def commission(request: CommissionRequest, desk: Desk) -> CommissionAnswer:
    """Tell how a deal's commission stands: what it needs, the current lines, and what later calculations changed.

    Raises:
        NotFound: there is no such deal.
    """
    deal = deal_named(request.deal, desk)
    store = desk.ports.commissions
    head, mark, row = store.head(deal.id), store.mark(deal.id), desk.ports.cdas.row(deal.id)
    history = store.history(deal.id)
    current = next((posted for posted in history if posted.number == head.number), None)
    return CommissionAnswer(
        deal=deal.id,
        name=called(deal),
        standing="none" if head.version == 0 else head.standing.value,
        needs=head.needs,
        due=mark is not None,
        paid=head.paid,
        cda="" if row is None else row.state.value,
        calculation=calculation_told(current.calculation) if current and current.calculation else None,
        history=tuple(posted_row(posted) for posted in history),
        records=tuple(record_told(record) for record in store.records([deal.id])),
    )


def standing(head: Head) -> str:
    """A deal's commission in one line; empty where there is nothing to say yet."""
    if head.version == 0:
        return ""
    if head.standing is Standing.NEEDS:
        former = f"; calculation {head.number} stands until then" if head.number else ""
        return f"commission: needs {head.needs}{former}"
    if head.standing is Standing.REVERSED:
        return "commission: reversed, the closing was rescinded"
    return f"commission: settled by calculation {head.number}{', CDA sent' if head.paid else ''}"


def lacking(desk: Desk) -> int:
    """How many closings lack something, counted up to `MOST_COUNTED`."""
    found = 0
    for page in desk.ports.commissions.blocked():
        found += len(page)
        if found >= MOST_COUNTED:
            return MOST_COUNTED
    return found


def commission_explain(request: CommissionExplainRequest, desk: Desk) -> CommissionExplainAnswer:
    """Tell a calculation in words, stage by stage.

    Raises:
        NotFound: there is no such calculation, or nothing was due in it.
    """
    from commissions.wording import explain_calculation

    _, posted = calculation_named(request.calculation, desk)
    if posted.calculation is None:
        raise NotFound(f"calculation {posted.id} took everything back: the closing was rescinded, nothing is due")
    agents = [one.agent for one in posted.calculation.governing]
    names = {account: held.name for account, held in desk.ports.accounts.load(agents).items() if held.name}
    steps = explain_calculation(posted.calculation, names)
    return CommissionExplainAnswer(
        id=posted.id,
        steps=tuple(
            StepTold(stage=one.stage.value if one.stage else "", heading=one.heading, sentences=one.sentences)
            for one in steps
        ),
    )

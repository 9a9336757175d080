"""What a deal of the store would come to; nothing is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain.operate.commissions import DealPreviewAnswer
from flows.operate.parties import called, deal_named
from flows.operate.telling import calculation_told

if TYPE_CHECKING:
    from domain.operate.commissions import DealPreviewRequest
    from flows.operate.desk import Desk
    from flows.settle.ports import SettlePorts


def commission_preview(request: DealPreviewRequest, desk: Desk) -> DealPreviewAnswer:
    """Compute a deal as settling would now: with its agents' plans, and the counters at its place in the order.

    Args:
        request: the deal; `as_of` takes the place of its closing day.
        desk: the outside.

    Raises:
        NotFound: there is no such deal.
        CommissionRefused: something is missing; lists every problem with what to do.
    """
    from flows.settle.computing import Ledgers, computed
    from flows.settle.preparing import prepared

    deal = deal_named(request.deal, desk)
    as_if = deal
    if request.as_of is not None:
        as_if = replace(deal, details=deal.details.model_copy(update={"closing_date": request.as_of}))
    ports = settle_ports(desk)
    made = computed(prepared(as_if, ports), Ledgers(deal.id, ports), (), ports)
    return DealPreviewAnswer(deal=deal.id, name=called(deal), calculation=calculation_told(made.calculation))


def settle_ports(desk: Desk) -> SettlePorts:
    """The ports of settling, out of the desk's."""
    from flows.settle.ports import SettlePorts

    ports = desk.ports
    return SettlePorts(
        deals=ports.process.deals,
        accounts=ports.accounts,
        plans=ports.plans,
        store=ports.commissions,
        cdas=ports.cdas,
        dead=ports.process.dead,
    )

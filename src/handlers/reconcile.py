"""Reconcile, each hour: a part of the daily check of our store against the external CRM. It mends nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.daily_reconcile import daily_reconcile
from runtime.observability import logger, metrics
from runtime.reconciling import record_reconcile
from runtime.wiring import reconcile as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Entry point; the schedule's event says nothing that matters. Without an external CRM there is nothing to do."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    ports = wiring.ports(time_left)
    if ports is None:
        return {"pages": 0}
    try:
        report = daily_reconcile(ports, wiring.shared(), now=wiring.now, time_left=time_left)
    finally:
        wiring.release()
    record_reconcile(report, wiring.now())
    return {"pages": report.pages, "differences": report.differences}

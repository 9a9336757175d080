"""Settle: closings whose mark is due are computed and posted; later deals are computed again where one before changed.

The stream of the records table only rings: what is due is read from the table. Each minute a schedule rings too, for
what waits its time, what a run before had to leave, and bells that were lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.settle.replaying import replay_due
from flows.settle.settling import settle_due
from runtime.observability import logger, metrics, record_settling
from runtime.wiring import settle as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Entry point; neither the stream's event nor the schedule's says anything that matters."""
    ports, world = wiring.ports(), wiring.world(context)
    report = settle_due(ports, world)
    report += replay_due(ports, world)
    record_settling(report)
    return report.counts()

"""Watch: each minute the archive against what became of it, and gauges for the alarms; each hour the books tied out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.tally import tally, tie_out
from runtime.observability import logger, metrics, record_tally
from runtime.wiring import watch as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, float]:
    """Entry point; `{"task": "tie_out"}` ties the books out, anything else is the look of each minute."""
    look = tie_out if event.get("task") == "tie_out" else tally
    seen = look(
        wiring.ports(),
        wiring.rules(),
        now=wiring.now(),
        time_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    record_tally(seen)
    for fault in seen.faults:
        raise fault  # the run counts as failed, but what it could measure is measured
    return {**seen.gauges, "SentAgain": seen.sent_again}

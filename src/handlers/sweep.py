"""Sweep, each minute: whatever waits and is due is queued again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.release_waiting import sweep
from runtime.observability import logger, metrics
from runtime.wiring import sweep as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_METRICS = {"queued": "EventQueuedAgain", "still_parked": "EventStillParked", "stuck": "EventStuck"}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Entry point; the schedule's event says nothing that matters."""
    released = sweep(wiring.ports(), now=wiring.now(), time_left=lambda: context.get_remaining_time_in_millis() / 1000)
    counts = asdict(released)
    for name, metric in _METRICS.items():
        metrics.add_metric(name=metric, unit="Count", value=counts[name])
    logger.info("swept", extra=counts)
    return counts

"""Sweep, each minute: whatever waits and is due is queued again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.release_waiting import sweep
from runtime.observability import logger, metrics
from runtime.wiring import sweep as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Entry point; the schedule's event says nothing that matters."""
    ports = wiring.ports()
    released = sweep(waiting=ports.waiting, directory=ports.directory, queue=ports.queue, now=wiring.now())
    metrics.add_metric(name="EventQueuedAgain", unit="Count", value=released.queued)
    metrics.add_metric(name="EventStillParked", unit="Count", value=released.still_parked)
    logger.info("swept", extra={"queued": released.queued, "still_parked": released.still_parked})
    return {"queued": released.queued, "still_parked": released.still_parked}

"""Sweep, each minute: whatever waits and is due is queued again, and rows that the CRM is owed ring again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from domain.errors import ConfigurationError, DealwireError, Unavailable
from flows.release_waiting import sweep
from flows.ring_bells import ring_due
from runtime.observability import logger, metrics
from runtime.wiring import sweep as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_METRICS = {"queued": "EventQueuedAgain", "still_parked": "EventStillParked", "stuck": "EventStuck", "rung": "RowsRung"}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Entry point; the schedule's event says nothing that matters."""
    rung, fault = _ring()
    released = sweep(wiring.ports(), now=wiring.now(), time_left=lambda: context.get_remaining_time_in_millis() / 1000)
    if fault is not None:
        raise fault  # the run counts as failed, but events were queued again
    counts = asdict(released) | {"rung": rung}
    for name, metric in _METRICS.items():
        metrics.add_metric(name=metric, unit="Count", value=counts[name])
    logger.info("swept", extra=counts)
    return counts


def _ring() -> tuple[int, DealwireError | None]:
    ports = wiring.due_ports()
    try:
        return (ring_due(ports, wiring.now()) if ports else 0), None
    except (ConfigurationError, Unavailable) as fault:
        return 0, fault

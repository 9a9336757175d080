"""Notify: an alarm of CloudWatch, by SNS, to people. It fails only if neither Slack nor e-mail took it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.errors import ConfigurationError, Unavailable
from flows.tell_alarm import tell_alarm
from runtime.observability import logger, metrics
from runtime.wiring import notify as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Entry point; SNS hands over one message at a time. What fails is repeated by Lambda, then kept in the queue."""
    for record in event["Records"]:
        _tell(record["Sns"]["Message"])


def _tell(message: str) -> None:
    try:
        told = tell_alarm(message, wiring.ports())
    except (ConfigurationError, Unavailable) as fault:
        _failed(f"by e-mail neither: {fault}")
        raise
    if told.fault:
        _failed(told.fault)
    metrics.add_metric("AlarmTold", unit="Count", value=int(told.channel != "none"))
    logger.info("alarm told", extra={"alarm": told.name, "state": told.state, "channel": told.channel})


def _failed(detail: str) -> None:
    logger.warning("Slack did not take an alarm", extra={"detail": detail})
    metrics.add_metric("NotifyFailed", unit="Count", value=1)

"""The one logger and the one set of metrics of a function. Ids and outcomes go in; payloads never do."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics

from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from flows.accept_event import Reply

NAMESPACE = "Dealwire"

#: The function's name comes from POWERTOOLS_SERVICE_NAME.
logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

_WEBHOOK_FACTS = ("source", "outcome", "status", "receipt", "event_type", "event_id", "detail")
#: Expected ends are `info`, what a person should look at is `warning`, what keeps webhooks out is `error`.
_WEBHOOK_LEVELS = {"accepted": logger.info, "ignored": logger.info, "failed": logger.error}


def record_webhook(reply: Reply) -> None:
    """Leave one log line and the counts of one webhook: what came of it, and how it was signed."""
    log = _WEBHOOK_LEVELS.get(reply.outcome, logger.warning)
    log("webhook", extra={name: getattr(reply, name) for name in _WEBHOOK_FACTS})
    metrics.add_dimension("source", reply.source)
    metrics.add_metric("Webhook" + reply.outcome.title().replace("_", ""), unit="Count", value=1)
    if reply.old_secret:
        metrics.add_metric("OldSecretUsed", unit="Count", value=1)
    if reply.variant is not None:
        metrics.add_metric(f"SignatureVariant{reply.variant}", unit="Count", value=1)


def record_crash(error: Exception) -> None:
    """Leave one log line and a count of what nobody understood: its type and place, for its text may hold payload."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    facts = {
        "error": type(error).__name__,
        "at": "".join(f"{frame.filename}:{frame.lineno}" for frame in frames),
        "detail": str(error) if isinstance(error, ConfigurationError) else None,
    }
    logger.error("crashed", extra=facts)
    metrics.add_metric("Crashed", unit="Count", value=1)

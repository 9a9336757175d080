"""The one logger and the one set of metrics of a function. Ids and outcomes go in; payloads never do."""

from __future__ import annotations

import traceback
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from domain.errors import ConfigurationError, Conflict, Unavailable

if TYPE_CHECKING:
    from datetime import timedelta

    from flows.accept_event import Reply
    from flows.outcome import Outcome

NAMESPACE = "Dealwire"

#: The function's name comes from POWERTOOLS_SERVICE_NAME.
logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

# Rooms below log by the standard library; their lines carry the request and the receipt all the same.
_ROOMS = {name for name in ("flows", "providers", "storage") if getLogger(name)}
copy_config_to_registered_loggers(source_logger=logger, include=_ROOMS)

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
    logger.error("crashed", extra={"detail": _told(error), **_place(error)})
    metrics.add_metric("Crashed", unit="Count", value=1)


def record_failed_attempt(error: Exception, receives: int) -> None:
    """Leave one log line and a count of an attempt that the queue will repeat, or that was the last."""
    logger.warning("attempt failed", extra={"receives": receives, "detail": _told(error), **_place(error)})
    metrics.add_metric("EventAttemptFailed", unit="Count", value=1)


def record_event(outcome: Outcome, waited: timedelta) -> None:
    """Leave one log line and the counts of one processed event."""
    metrics.add_metric(f"Event{outcome.result.capitalize()}", unit="Count", value=1)
    if outcome.result == "applied":
        metrics.add_metric("ReceivedToApplied", unit="Milliseconds", value=waited.total_seconds() * 1000)
    facts = {"outcome": outcome.result, "deal_id": outcome.deal_id, "cause": outcome.cause, "reason": outcome.reason}
    logger.info("event processed", extra={name: value for name, value in facts.items() if value})


def _told(error: Exception) -> str | None:
    """The text of our own errors says what to do and holds no payload; that of others may."""
    return str(error) if isinstance(error, ConfigurationError | Unavailable | Conflict) else None


def _place(error: Exception) -> dict[str, str]:
    """The type and the way to it; frames name files and functions, never values."""
    frames = traceback.extract_tb(error.__traceback__)
    way = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames)
    return {"error": type(error).__name__, "at": way}

"""The one logger and the one set of metrics of a function. Ids and outcomes go in; payloads never do."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from domain.errors import ConfigurationError, Conflict, Unavailable

if TYPE_CHECKING:
    from datetime import timedelta

    from flows.accept_event import Reply
    from flows.file_dead_letters import Filed
    from flows.outcome import Outcome
    from flows.settle.ports import Report
    from flows.tally import Tally

#: One for each stack of an account: else two stacks would raise, and end, one another's alarms.
NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Dealwire")


class _Emf(AmazonCloudWatchEMFProvider):
    """Powertools' metrics, of which some have no dimension: an alarm watches exactly one series."""

    plain = frozenset[str]()

    def serialize_metric_set(self, *given: Any, **named: Any) -> Any:
        """The line for CloudWatch; metrics without dimensions stand under a directive of their own."""
        line: dict[str, Any] = dict(super().serialize_metric_set(*given, **named))
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        plain = [metric for metric in directive["Metrics"] if metric["Name"] in self.plain]
        other = [metric for metric in directive["Metrics"] if metric["Name"] not in self.plain]
        parts = (directive | {"Metrics": other}, directive | {"Metrics": plain, "Dimensions": [[]]})
        line["_aws"]["CloudWatchMetrics"] = [part for part in parts if part["Metrics"]]
        return line


#: The function's name comes from POWERTOOLS_SERVICE_NAME.
logger = Logger()
_emf = _Emf(namespace=NAMESPACE)
metrics = Metrics(provider=_emf)

# Rooms below log by the standard library; their lines carry the request and the receipt all the same.
_ROOMS = {name for name in ("crm", "flows", "providers", "storage") if getLogger(name)}
copy_config_to_registered_loggers(source_logger=logger, include=_ROOMS)

_WEBHOOK_FACTS = ("source", "outcome", "status", "receipt", "event_type", "event_id", "detail")
#: Expected ends are `info`, what a person should look at is `warning`, what keeps webhooks out is `error`.
_WEBHOOK_LEVELS = {"accepted": logger.info, "ignored": logger.info, "failed": logger.error}

#: What a run over due closings counts; docs/operating.md says each in a sentence.
_SETTLING = {
    "settled": "CommissionSettled",
    "reversed": "CommissionReversed",
    "needs": "CommissionNeeds",
    "replayed": "CommissionReplayed",
    "contended": "CommissionContended",
}


def record_webhook(reply: Reply) -> None:
    """Leave one log line and the counts of one webhook: what came of it, and how it was signed."""
    log = _WEBHOOK_LEVELS.get(reply.outcome, logger.warning)
    log("webhook", extra={name: getattr(reply, name) for name in _WEBHOOK_FACTS})
    metrics.add_dimension("source", reply.source)
    metrics.add_metric("Webhook" + reply.outcome.title().replace("_", ""), unit="Count", value=1)
    # Also 0: an alarm is over as soon as honest webhooks say so.
    add_plain("SignatureRefused", int(reply.outcome == "refused"))
    if reply.receipt is not None:
        add_plain("OldSecretMatched", int(reply.old_secret))
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


def record_filing(filed: Filed, gauge: str) -> None:
    """Leave one log line and the counts of one message out of a dead-letter queue.

    Args:
        filed: what was filed.
        gauge: the metric that counts the dead of its cause; raised at once, the next count is a minute away.
    """
    facts = {"new": filed.new, "state": filed.state, "cause": filed.cause, "reason": filed.reason}
    logger.warning("dead letter filed", extra=facts)
    if filed.new:
        add_plain("DeadLetterFiled")
    if filed.state == "dead":
        add_plain(gauge)
    if filed.added:
        add_plain("DeadLetterAdded")


def record_settling(report: Report) -> None:
    """Leave one log line and the counts of one run over closings that are due."""
    counts = report.counts()
    for name, metric in _SETTLING.items():
        metrics.add_metric(metric, unit="Count", value=counts[name])
    for deal_id, needs in report.told.items():
        logger.warning("commission needs something", extra={"deal_id": deal_id, "reason": needs})
    logger.info("settled", extra=counts)


def record_failed_filing(error: Exception) -> None:
    """Leave one log line and a count of a dead letter that stays in its queue."""
    logger.error("dead letter not filed", extra={"detail": _told(error), **_place(error)})
    add_plain("FilingFailed")


def record_tally(tally: Tally) -> None:
    """Leave one log line and the gauges of one look at everything that is open."""
    logger.info("tally", extra={"gauges": tally.gauges, "pending": tally.pending, "sent_again": tally.sent_again})
    for name, value in tally.gauges.items():
        add_plain(name, value, unit="Seconds" if name.endswith("Seconds") else "Count")
    if tally.sent_again:
        add_plain("EventSentAgain", tally.sent_again)
    for fault in tally.faults:
        logger.error("a part of the tally failed", extra={"detail": _told(fault), **_place(fault)})
    _record_silence(tally.silence_hours)


def _record_silence(hours: Mapping[str, float]) -> None:
    for source, value in hours.items():
        emf = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="")
        emf.add_dimension("source", source)
        emf.add_metric("SilenceHours", unit="Count", value=value)
        emf.flush_metrics()


def add_plain(name: str, value: float = 1, *, unit: str = "Count") -> None:
    """A metric without dimensions, wherever it comes from."""
    _emf.plain |= {name}
    metrics.add_metric(name, unit=unit, value=value)


def _told(error: Exception) -> str | None:
    """The text of our own errors says what to do and holds no payload; that of others may."""
    return str(error) if isinstance(error, ConfigurationError | Unavailable | Conflict) else None


def _place(error: Exception) -> dict[str, str]:
    """The type and the way to it; frames name files and functions, never values."""
    frames = traceback.extract_tb(error.__traceback__)
    way = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames)
    return {"error": type(error).__name__, "at": way}

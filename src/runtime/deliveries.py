"""What the log and the metrics keep of a run of `deliver`: rows by their outcome, calls, and why it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.crm.faults import FaultClass
from flows.delivery.ports import NOT_SET_UP, UNREAD
from runtime.observability import add_plain, logger, metrics

if TYPE_CHECKING:
    from flows.deliver_rows import Delivered

#: What became of a row to the metric that counts it; docs/operating.md says each in a sentence.
ROWS = {
    "created": "RowsCreated",
    "adopted": "RowsAdopted",
    "updated": "RowsUpdated",
    "unchanged": "RowsUnchanged",
    "unknown": "RowsUnknown",
    "deferred": "RowsDeferred",
    "rejected": "RowsRefused",
    "refused": "RowsRefused",
    "asks": "RowsAsking",
    "behind": "RowsBehind",
    "taken_by_others": "RowsTaken",
    "fenced": "RowsFenced",
    NOT_SET_UP: "RowsNotSetUp",
    UNREAD: "RowsUnread",
}

#: Why a run stopped, to the metric that counts such runs.
STOPS = {
    FaultClass.THROTTLED: "CrmThrottled",
    FaultClass.QUOTA: "CrmThrottled",
    FaultClass.UNAVAILABLE: "CrmUnavailable",
    FaultClass.AUTH_DENIED: "CrmRefusesUs",
}

#: Rows that one log line names.
_MOST_NAMED = 20


def record_delivery(delivered: Delivered, calls: int) -> None:
    """Leave one log line and the counts of one run: ids and outcomes, never what a row holds.

    Args:
        delivered: what the run did.
        calls: to the CRM.
    """
    tally = delivered.tally
    for word, count in tally.counts.items():
        if word in ROWS and count:
            metrics.add_metric(ROWS[word], unit="Count", value=count)
    metrics.add_metric("CrmCalls", unit="Count", value=calls)
    facts = {"rows": {str(word): count for word, count in tally.counts.items() if count}, "calls": calls}
    if delivered.again:
        facts["again"] = len(delivered.again)
    for key in tally.refusals[:_MOST_NAMED]:
        logger.warning("the CRM refuses a row", extra={"row": str(key)})
    stop = tally.stop
    if stop is None:
        logger.info("delivered", extra=facts)
        return
    metrics.add_metric(STOPS.get(stop.kind, "CrmStopped"), unit="Count", value=1)
    if stop.kind is FaultClass.AUTH_DENIED:
        add_plain("CrmAuthDenied")  # raised at once; the next measure is a minute away
    logger.warning("delivery stopped", extra=facts | {"fault": stop.kind, "detail": stop.words, "wait_s": stop.wait_s})


def record_outage(fault: Exception) -> None:
    """Leave one log line and a count of a run that met an outage of our own storage."""
    logger.warning("delivery met an outage of ours", extra={"detail": str(fault)})
    metrics.add_metric("DeliveryOutage", unit="Count", value=1)


def record_stranger(receives: int) -> None:
    """Leave one log line and a count of a message that is no bell of ours; what it says is not ours to repeat."""
    logger.error("no bell of ours", extra={"receives": receives})
    metrics.add_metric("BellUnreadable", unit="Count", value=1)

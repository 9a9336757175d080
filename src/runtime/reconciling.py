"""What the log and the metrics keep of a run of the daily check: counts and ids, never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.observability import add_plain, logger

if TYPE_CHECKING:
    from datetime import datetime

    from flows.daily_reconcile import DailyReport


def record_reconcile(report: DailyReport, now: datetime) -> None:
    """Leave one log line and the gauges of one run of the daily check."""
    standing = report.standing
    facts = {
        "pages": report.pages,
        "rows": standing.rows,
        "found": dict(standing.counts),
        "complete": not standing.under_way,
    }
    if report.named:
        logger.warning("our store and the CRM differ", extra={"rows": report.named})
    if report.fault is not None:
        facts |= {"fault": report.fault.kind, "detail": report.fault.words}
    (logger.info if report.fault is None else logger.warning)("reconciled", extra=facts)
    add_plain("ReconcileDifferences", report.differences)
    add_plain("ReconcilePagesFailed", int(report.fault is not None))
    add_plain("ReconcileAgeSeconds", report.age_s(now), unit="Seconds")

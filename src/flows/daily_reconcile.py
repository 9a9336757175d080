"""The daily check: once a day what was touched in the last two days, a few pages each hour. It mends nothing.

Where it stands is a shared document, so that a pass goes on where the hour before it ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flows.reconcile import ReconcilePorts, Walk, reconcile_page

if TYPE_CHECKING:
    from domain.crm.faults import Fault
    from domain.crm.ports import SharedRows
    from domain.crm.reconciling import Finding

#: Name of the shared document.
DOCUMENT = "reconcile"

#: A pass begins so long after the one before began: a little less than a day, for it is looked at once an hour.
EVERY = timedelta(hours=23, minutes=30)

#: What a pass looks at: with a day to spare, so that one that was missed leaves no gap.
LOOKS_BACK = timedelta(days=2)

#: Seconds that must be left of a run to begin a page: one lot at least, and a call to the CRM that hangs.
PAGE_S = 45.0

#: Findings that one run names in the log.
MOST_NAMED = 20


@dataclass(slots=True)
class Pass:
    """Where the daily check stands.

    Attributes:
        began: the pass that is under way, or was the last.
        after: where it goes on.
        rows: that it compared so far.
        counts: what it found so far to how often.
        differences: how many of that are differences.
        completed_at: when a pass was last complete; None: never.
        last: differences of that pass.
    """

    began: datetime
    after: str = ""
    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    differences: int = 0
    completed_at: datetime | None = None
    last: int = 0

    @property
    def under_way(self) -> bool:
        """Whether it goes on."""
        return self.completed_at is None or self.completed_at < self.began

    def begin(self, now: datetime) -> None:
        """A new pass begins."""
        self.began, self.after, self.rows, self.counts, self.differences = now, "", 0, Counter(), 0

    def add(self, findings: list[Finding]) -> None:
        """What one page found."""
        self.counts.update(one.what.value for one in findings)
        self.differences += sum(one.what.is_difference for one in findings)


@dataclass(slots=True)
class DailyReport:
    """What one run did.

    Attributes:
        standing: where the check stands now.
        pages: that were compared.
        named: some of the differences: row, what and field; never a value.
        fault: why it ended early.
    """

    standing: Pass
    pages: int = 0
    named: list[str] = field(default_factory=list)
    fault: Fault | None = None

    @property
    def differences(self) -> int:
        """Of the last complete pass, or of the one under way if it has found more already."""
        running = self.standing.differences if self.standing.under_way else 0
        return max(running, self.standing.last)

    def age_s(self, now: datetime) -> float:
        """Seconds since a pass was complete; before the first, since it began."""
        return (now - (self.standing.completed_at or self.standing.began)).total_seconds()


def daily_reconcile(
    ports: ReconcilePorts, shared: SharedRows, *, now: Callable[[], datetime], time_left: Callable[[], float]
) -> DailyReport:
    """Go on with the daily check, as far as this run has time for.

    Args:
        ports: everything outside.
        shared: where it stands.
        now: aware UTC.
        time_left: seconds until the run is cut off.

    Raises:
        Conflict: another run is at it.
        Unavailable: our storage does not answer.
    """
    stored = shared.read(DOCUMENT)
    guard = stored.guard
    standing = _parsed(stored.document) or Pass(now())
    report = DailyReport(standing)
    if not standing.under_way:
        if now() - standing.began < EVERY:
            return report
        standing.begin(now())
    while standing.under_way and report.fault is None and time_left() > PAGE_S:
        _one_page(report, ports, now(), time_left)
        shared.write(DOCUMENT, _document(standing), guard)
        guard += 1
    return report


def _one_page(report: DailyReport, ports: ReconcilePorts, now: datetime, time_left: Callable[[], float]) -> None:
    standing = report.standing
    walk = Walk(standing.began - LOOKS_BACK, standing.after)
    page = reconcile_page(walk, ports, now=now, time_left=lambda: time_left() - PAGE_S)
    standing.add(page.findings)
    standing.rows += len(page.rows)
    standing.after = page.after
    report.named += [f"{one.row} {one.what} {one.field}".strip() for one in page.findings if one.what.is_difference]
    del report.named[MOST_NAMED:]
    report.fault = page.fault
    report.pages += page.fault is None
    if page.fault is None and not page.after:
        standing.completed_at, standing.last = now, standing.differences


def _document(standing: Pass) -> dict[str, Any]:
    return {
        "began": standing.began.isoformat(),
        "after": standing.after,
        "rows": standing.rows,
        "counts": dict(standing.counts),
        "differences": standing.differences,
        "completed_at": standing.completed_at.isoformat() if standing.completed_at else "",
        "last": standing.last,
    }


def _parsed(document: Mapping[str, Any]) -> Pass | None:
    if not document:
        return None
    completed = document["completed_at"]
    return Pass(
        began=datetime.fromisoformat(document["began"]),
        after=document["after"],
        rows=document["rows"],
        counts=Counter(document["counts"]),
        differences=document["differences"],
        completed_at=datetime.fromisoformat(completed) if completed else None,
        last=document["last"],
    )

"""A comparison, page by page: what the operators' API tells of the CRM and of an export, gathered into one report."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.failures import CommandFailed, Passing, Status
from domain.crm.reconciling import Against, What
from domain.operate.base import MOST_IDS
from domain.operate.reconciles import (
    MOST_EXPORT_ROWS,
    FindingTold,
    ReconcileAnswer,
    ReconcileExportAnswer,
    ReconcileFixAnswer,
)

if TYPE_CHECKING:
    from cli.operator import Operator

#: Attempts of one page while the CRM does not answer, and the longest wait between two, in seconds.
ATTEMPTS = 5
LONGEST_WAIT_S = 60.0


@dataclass
class Report:
    """Everything that a comparison told.

    Attributes:
        crm: the external CRM; empty: there is none.
        rows: keys that were compared with it.
        deals: our id to (source, name) of the deals that our store holds.
        findings: each once, in the order in which they were found.
        exported: rows of the export that were compared; None: none was given.
        unnamed: rows of it without a deal's id, which cannot be compared.
        fields: canonical fields of the export that were compared.
        ignored: columns of the export that nothing is known of.
        named: our ids of deals that the export names, and how often.
        rung: rows that are looked at again; None: nobody asked for that.
    """

    crm: str = ""
    rows: set[str] = field(default_factory=set)
    deals: dict[str, tuple[str, str]] = field(default_factory=dict)
    findings: list[FindingTold] = field(default_factory=list)
    exported: int | None = None
    unnamed: int = 0
    fields: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    named: Counter[str] = field(default_factory=Counter)
    rung: int | None = None

    def add(self, findings: Sequence[FindingTold]) -> None:
        """Add what was not found before: two pages may look at one row."""
        known = {_identity(one) for one in self.findings}
        self.findings += [one for one in findings if _identity(one) not in known]

    @property
    def differences(self) -> int:
        """How many findings say that two sides do not agree."""
        return sum(one.difference for one in self.findings)


def compare_crm(operator: Operator, report: Report, since: datetime | None, *, values: bool, why: str) -> None:
    """Compare our store with the CRM, page after page, with patience while the CRM does not answer.

    Raises:
        CommandFailed: it does not answer for long, or the request was refused.
    """
    action, after = "reconcile-values" if values else "reconcile", ""
    stopped = 0
    while True:
        page = _page(operator, action, since, after, why)
        report.crm = page.crm
        report.rows |= set(page.rows) if page.crm else set()
        report.deals |= {deal.id: (deal.source, deal.name) for deal in page.deals}
        report.add(page.findings)
        if page.stopped:
            stopped = stopped + 1 if page.next == after else 1
            if stopped == ATTEMPTS:
                raise CommandFailed(f"the CRM cannot be asked now ({page.stopped}); see `dealwire crm status`")
            time.sleep(min(max(page.wait_s, 1.0), LONGEST_WAIT_S))
            after = page.next
            continue
        after, stopped = page.next, 0
        if not after:
            return


def _page(operator: Operator, action: str, since: datetime | None, after: str, why: str) -> ReconcileAnswer:
    for attempt in range(1, ATTEMPTS):
        try:
            return operator.call(action, ReconcileAnswer, since=since, after=after, why=why)
        except Passing:
            time.sleep(min(2.0**attempt, LONGEST_WAIT_S))
    return operator.call(action, ReconcileAnswer, since=since, after=after, why=why)


def compare_export(operator: Operator, report: Report, file: Path, source: str, *, values: bool, why: str) -> None:
    """Compare the export with our store, some rows at a time.

    Raises:
        CommandFailed: the file cannot be read or names no deal, or the request was refused.
    """
    action = "reconcile-export-values" if values else "reconcile-export"
    lines = _lines(file)
    header = next(lines, None)
    if header is None:
        raise CommandFailed(f"{file} is empty; expected a header and a row for each deal", Status.USAGE)
    report.exported = 0
    for rows in _lots(lines):
        answer = operator.call(action, ReconcileExportAnswer, source=source, header=header, rows=rows, why=why)
        report.exported += answer.rows
        report.unnamed += len(rows) - answer.rows
        report.fields, report.ignored = answer.fields, answer.ignored
        report.named.update(answer.deals)
        report.add(answer.findings)
    if not report.exported:
        told = "holds no row with a deal's id; expected a header and a row for each deal: export it again"
        raise CommandFailed(f"--source {file} {told}", Status.USAGE)


def _lines(file: Path) -> Iterator[list[str]]:
    from mappings.compiler.files import text_of

    text = text_of(file)
    try:
        yield from (line for line in csv.reader(text.splitlines(keepends=True), strict=True) if any(line))
    except csv.Error as error:
        raise CommandFailed(f"{file} is no CSV ({error}); save it as CSV in UTF-8", Status.USAGE) from error


def _lots(lines: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    lot: list[list[str]] = []
    for line in lines:
        lot.append(line)
        if len(lot) == MOST_EXPORT_ROWS:
            yield lot
            lot = []
    if lot:
        yield lot


def find_unexported(report: Report, source: str) -> None:
    """What our store holds of the source and its export does not name; and what the export names twice."""
    if report.exported is None:
        return
    extra = [
        (deal_id, name) for deal_id, (of, name) in report.deals.items() if of == source and deal_id not in report.named
    ]
    told = "in our store, and not in the export"
    report.add([_of_deal(What.EXTRA, deal_id, name, told) for deal_id, name in extra])
    twice = [deal_id for deal_id, count in report.named.items() if count > 1]
    names = {deal_id: name for deal_id, (_, name) in report.deals.items()}
    told = "named by several rows of the export"
    report.add([_of_deal(What.DUPLICATED, deal_id, names.get(deal_id, ""), told) for deal_id in twice])


def _of_deal(what: What, deal_id: str, name: str, detail: str) -> FindingTold:
    return FindingTold(
        against=Against.SOURCE, what=what, row=f"deal:{deal_id}", name=name, detail=detail, difference=True
    )


def fix(operator: Operator, report: Report, why: str) -> None:
    """Have the rows that differ looked at again; nothing else is changed.

    Raises:
        CommandFailed: the request was refused.
    """
    rows = list(dict.fromkeys(one.row for one in report.findings if one.fixable and one.row))
    report.rung = 0
    for start in range(0, len(rows), MOST_IDS):
        part = rows[start : start + MOST_IDS]
        report.rung += operator.call("reconcile-fix", ReconcileFixAnswer, rows=part, why=why).rung


def _identity(finding: FindingTold) -> tuple[Any, ...]:
    return finding.against, finding.what, finding.row, finding.name, finding.field

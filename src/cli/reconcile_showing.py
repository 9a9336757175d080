"""What a comparison found, for people (a table), for a spreadsheet (CSV) and for programs (JSON)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING

from cli import output
from domain.crm.reconciling import What

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from cli.filters import Place
    from cli.reconciling import Report
    from domain.operate.reconciles import FindingTold

COLUMNS = ("against", "what", "difference", "row", "deal", "field", "ours", "theirs", "detail")

#: Rows of the table; the CSV file has them all.
_MOST_SHOWN = 200

#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "@", "\t")


def as_csv(report: Report) -> str:
    """Every finding, one line each."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([_harmless(cell) for cell in _cells(one)] for one in report.findings)
    return text.getvalue()


def put(report: Report, place: Place, file: Path | None, *, masked: bool, as_json: bool) -> None:
    """Print the report, as one JSON object or for people."""
    if as_json:
        output.put_json(
            {
                "agree": not report.differences,
                "differences": report.differences,
                "crm": report.crm,
                "rows_compared": len(report.rows),
                "deals_held": len(report.deals),
                "export_rows": report.exported,
                "export_fields": report.fields,
                "export_ignored": report.ignored,
                "counts": _counts(report),
                "rung": report.rung,
                "masked": masked,
                "findings": [one.model_dump(mode="json") for one in report.findings],
            }
        )
        return
    console = output.report_console()
    _show(report, place, console, masked=masked)
    if file is not None:
        _line(console, f"{len(report.findings):,} findings are in {file}")


def _show(report: Report, place: Place, console: Console, *, masked: bool) -> None:
    compared = [f"{len(report.rows):,} rows with {report.crm}"] if report.crm else ["no external CRM"]
    if report.exported is not None:
        compared.append(f"{report.exported:,} rows of the export, {len(report.fields)} fields each")
    _line(console, f"Compared: {'; '.join(compared)}")
    if report.unnamed:
        _line(console, f"Rows of the export without a deal's id, not compared: {report.unnamed:,}")
    if report.ignored:
        _line(console, f"Columns that nothing is known of: {', '.join(report.ignored)}")
    if report.findings:
        shown = sorted(report.findings, key=lambda one: (not one.difference, one.what, one.row))[:_MOST_SHOWN]
        title = f"Findings{' (values masked; --values shows them)' if masked else ''}"
        columns = ("found", "row", "deal", "field", "ours", "theirs", "detail")
        made = output.table(title, *columns, whole=("row", "deal", "ours", "theirs", "detail"))
        for one in shown:
            found = f"{one.against}: {one.what}" if report.crm and report.exported is not None else one.what.value
            output.add(made, found, one.row, one.name, one.field, one.ours, one.theirs, one.detail)
        console.print(made)
        if len(report.findings) > len(shown):
            _line(console, f"and {len(report.findings) - len(shown):,} more; --csv FILE writes all of them")
    _verdict(report, place, console)


def _verdict(report: Report, place: Place, console: Console) -> None:
    counts = ", ".join(f"{count:,} {what}" for what, count in _counts(report).items())
    if not report.differences:
        _line(console, f"All agree{f' ({counts})' if counts else ''}.")
    else:
        noun = "difference" if report.differences == 1 else "differences"
        _line(console, f"{report.differences:,} {noun}: {counts}.")
    if report.rung is not None:
        _line(console, f"{report.rung:,} rows are looked at again, behind everything that is live")
        return
    found = {one.what for one in report.findings}
    if What.ASKS in found:
        _line(console, f"Next: {place.command('crm', 'asks')}")
    if What.REFUSED in found:
        _line(console, f"Next: {place.command('dlq', 'list', '--cause', 'crm_rejected')}")
    if any(one.fixable and one.difference for one in report.findings):
        _line(console, f"Next: {place.command('reconcile', '--fix')} with the same options delivers what differs again")


def _counts(report: Report) -> dict[str, int]:
    counted = Counter(one.what for one in report.findings)
    return {what.value: counted[what] for what in What if counted[what]}


def _cells(one: FindingTold) -> tuple[str, ...]:
    difference = "yes" if one.difference else "no"
    head = (one.against.value, one.what.value, difference, one.row, one.name)
    return (*head, one.field, one.ours, one.theirs, one.detail)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _line(console: Console, text: str) -> None:
    console.print(output.cell(text), soft_wrap=True)

"""The money of a CDA: who pays it in, whom the closing agent pays, and the proof that both are equal."""

from __future__ import annotations

from documents.layout import (
    BODY,
    CONTENT,
    MARGIN,
    SMALL,
    STRONG,
    Sheet,
    amount,
    check,
    wrap,
)
from documents.tables import Column, Row, table
from domain.commission.cda import CdaDocument
from domain.money import Money

_SOURCES = (Column("SIDE", 90), Column("PAID BY", 120), Column("FOR", CONTENT - 300), Column("AMOUNT", 90, "right"))
_LINES = (
    Column("#", 22),
    Column("PAYEE", 160),
    Column("ROLE", 138),
    Column("FOR", CONTENT - 398),
    Column("AMOUNT", 78, "right"),
)


def sources(sheet: Sheet, document: CdaDocument) -> None:
    """Draw who pays which side, less what the brokerage already holds: what comes from closing."""
    sheet.section("Commission due to the brokerage")
    rows = [
        Row((_side(source.side), source.payer.replace("_", " ").capitalize(), source.title, amount(source.amount)))
        for source in document.sources
    ]
    kept = document.earnest_money
    rows.append(Row(("", "", "Total commission", amount(document.gross)), STRONG, ruled=True))
    if kept.cents:
        less = Money.of_cents(-kept.cents, kept.currency)
        rows.append(Row(("", "", "Earnest money held and retained by the brokerage", amount(less))))
        rows.append(Row(("", "", "Due from closing", amount(document.from_closing)), STRONG, ruled=True))
    table(sheet, _SOURCES, rows)
    remitted = (document.held.cents if document.held else 0) - kept.cents
    if remitted > 0:
        sheet.y -= 2
        sheet.paragraph(
            f"Of the earnest money that it holds, the brokerage remits"
            f" {amount(Money.of_cents(remitted, kept.currency))} to the closing agent."
        )


def disbursement(sheet: Sheet, document: CdaDocument) -> None:
    """Draw whom the closing agent pays, their total, and that it equals what is due.

    Raises:
        ArithmeticError: the lines do not add up to what is due from closing; such a document is never printed.
    """
    total = sum(line.amount.cents for line in document.lines)
    if total != document.from_closing.cents:
        raise ArithmeticError(f"CDA lines of {document.calculation} come to {total} cents, due {document.from_closing}")
    sheet.section("Disbursement")
    rows = []
    for number, line in enumerate(document.lines, start=1):
        about = ", ".join(filter(None, (line.role, f"license {line.licence}" if line.licence else "")))
        rows.append(
            Row((str(number), ((line.payee, STRONG),), ((about, SMALL),), ((line.memo, SMALL),), amount(line.amount)))
        )
    if not rows:
        rows.append(Row(("", "Nothing is due from closing.", "", "", amount(document.from_closing))))
    rows.append(Row(("", "TOTAL", "", "", f"${amount(document.from_closing)}"), STRONG, ruled=True))
    table(sheet, _LINES, rows)
    _equality(sheet, document, Money.of_cents(total, document.gross.currency))


def _equality(sheet: Sheet, document: CdaDocument, total: Money) -> None:
    text = f"Due from closing ${amount(document.from_closing)} = total disbursed ${amount(total)}"
    sheet.ensure(BODY.leading + 4)
    sheet.y -= BODY.leading + 3
    for line in wrap(text, BODY, CONTENT):
        sheet.text(MARGIN + 14, sheet.y + 3, line, BODY)
    check(sheet, MARGIN + 1, sheet.y + 2.5)


def _side(side: str) -> str:
    return "Both sides" if side == "both" else f"{side.capitalize()} side" if side else ""

"""An agent's statement as PDF: the year at a glance, then every deal with every line and why it is what it is."""

from __future__ import annotations

from documents.band import band
from documents.layout import (
    BODY,
    CONTENT,
    INK,
    MARGIN,
    NOTE,
    PAGE,
    SMALL,
    STRONG,
    Sheet,
    Style,
    amount,
    currency_words,
    day,
    drawn,
)
from documents.tables import Column, Row, table
from domain.commission.calculation import CounterKey
from domain.commission.statement import DealStanding, StatementCap, StatementDeal, StatementDocument
from domain.money import Money

#: Counters of things rather than money.
_COUNTS = frozenset({"units", "deal_count"})

_STANDINGS = {
    DealStanding.PENDING: "pending: settled, not sent to the closing agent yet",
    DealStanding.PAID: "paid: sent to the closing agent",
    DealStanding.NEEDS: "on hold",
    DealStanding.REVERSED: "reversed: the closing was rescinded, nothing is due",
}

_SUMMARY = Style(size=13, bold=True)


def render(document: StatementDocument) -> bytes:
    """The PDF of a statement.

    Args:
        document: what it says.

    Returns:
        The PDF; equal documents give equal bytes, on any machine and in any process.

    Raises:
        CommissionRefused: it says something in letters that no packaged font has.
    """
    return drawn(lambda pages: _draw(document, pages))


def _draw(document: StatementDocument, pages: int) -> Sheet:
    title = f"Commission statement {document.year}, {document.name}"
    sheet = Sheet(title, document.brokerage or "Dealwire", f"As of {document.as_of}", pages)
    sheet.head = lambda at: _running_head(at, document)
    sheet.foot = lambda at: _foot(at, document)
    sheet.start()
    _band(sheet, document)
    _summary(sheet, document)
    _caps(sheet, document)
    for deal in document.deals:
        _deal(sheet, deal)
    if not document.deals:
        sheet.section("Deals")
        sheet.paragraph(f"No deal of yours closed in {document.year}.")
    _adjustments(sheet, document)
    _debts(sheet, document)
    if document.rounding:
        sheet.section("Rounding")
        for policy in document.rounding:
            sheet.paragraph(policy, SMALL)
    return sheet


def _band(sheet: Sheet, document: StatementDocument) -> None:
    left = [
        (document.name, _SUMMARY),
        (f"License {document.licence}" if document.licence else "", SMALL),
        (document.brokerage, SMALL),
    ]
    right = [
        (f"COMMISSION STATEMENT {document.year}", Style(size=11, bold=True)),
        (f"As of {day(document.as_of)}", SMALL),
        (f"All amounts in {currency_words(document.currency)}", SMALL),
    ]
    band(sheet, left, right)


def _running_head(sheet: Sheet, document: StatementDocument) -> None:
    sheet.y -= STRONG.leading
    sheet.text(MARGIN, sheet.y + 3, document.name, STRONG)
    sheet.text(PAGE[0] - MARGIN, sheet.y + 3, f"Commission statement {document.year}", BODY, "right")
    sheet.rule(sheet.y - 1, INK, 0.8)
    sheet.y -= 6


def _foot(sheet: Sheet, document: StatementDocument) -> None:
    sheet.rule(43)
    sheet.text(MARGIN, 33, f"Account {document.account}"[:100], NOTE)
    sheet.text(PAGE[0] - MARGIN, 33, f"Page {sheet.page} of {sheet.pages}", NOTE, "right")


def _summary(sheet: Sheet, document: StatementDocument) -> None:
    """The year in two rows of figures."""
    sheet.section("Year to date")
    earned = [
        ("Your commission (GCI)", document.gci),
        ("Company's share", document.company_dollar),
        ("Fees and deductions", document.fees),
        ("Net to you", document.net),
    ]
    paid = [("Paid", document.paid), ("Pending", document.pending), ("Adjusted since", document.adjusted)]
    for figures in (earned, paid):
        sheet.ensure(34)
        for index, (label, money) in enumerate(figures):
            x = MARGIN + index * CONTENT / 4
            sheet.text(x, sheet.y - 11, label, NOTE)
            sheet.text(x, sheet.y - 26, amount(money), _SUMMARY)
        sheet.y -= 34


def _caps(sheet: Sheet, document: StatementDocument) -> None:
    if not document.caps:
        return
    sheet.section("Caps and counters")
    columns = (
        Column("COUNTER", 150),
        Column("YEAR FROM", CONTENT - 390),
        Column("SO FAR", 80, "right"),
        Column("CAP", 80, "right"),
        Column("LEFT", 80, "right"),
    )
    table(sheet, columns, [_cap_row(cap, document) for cap in document.caps])


def _cap_row(cap: StatementCap, document: StatementDocument) -> Row:
    def shown(value: int | None) -> str:
        if value is None:
            return "no cap"
        return _hundredths(cap.key, value, document.currency)

    name = "GCI" if cap.key.counter == "gci" else cap.key.counter.replace("_", " ").capitalize()
    owner = cap.key.owner.partition(":")
    shared = f" ({owner[0]} {owner[2]})" if owner[1] else ""
    left = "" if cap.left is None else "reached" if cap.left == 0 else shown(cap.left)
    return Row((f"{name}{shared}", cap.key.period, shown(cap.used), shown(cap.cap), left))


def _hundredths(key: CounterKey, value: int, currency: str) -> str:
    money = Money.of_cents(value, currency)
    if key.counter not in _COUNTS and not key.counter.endswith(("_count", "_deals")):
        return amount(money)
    return amount(money).removesuffix(".00")


def _deal(sheet: Sheet, deal: StatementDeal) -> None:
    sheet.section(f"{deal.reference} · closed {day(deal.closing_date)}", keep=110)
    standing = _STANDINGS[deal.standing] + (f": {deal.needs}" if deal.needs else "")
    about = " · ".join(
        filter(None, (standing, f"plan {deal.plan}" if deal.plan else "", f"calculation {deal.calculation}"))
    )
    sheet.paragraph(about, NOTE)
    columns = (Column("LINE", CONTENT - 160), Column("AMOUNT", 80, "right"), Column("TO YOU", 80, "right"))
    rows = [
        Row(
            (
                ((line.title, STRONG), (line.sentence, NOTE)),
                amount(line.amount),
                "" if line.yours is None else amount(line.yours),
            )
        )
        for line in deal.lines
    ]
    rows.append(Row(("Net to you", "", amount(deal.net)), STRONG, ruled=True))
    table(sheet, columns, rows)
    for exception in deal.exceptions:
        sheet.y -= 2
        sheet.paragraph(f"Exception. {exception}", SMALL)


def _adjustments(sheet: Sheet, document: StatementDocument) -> None:
    if not document.adjustments:
        return
    sheet.section("Changed after payment", keep=90)
    columns = (
        Column("LINE", CONTENT - 240),
        Column("PAID", 80, "right"),
        Column("RIGHT", 80, "right"),
        Column("DIFFERENCE", 80, "right"),
    )
    rows = [
        Row((
            ((one.title, BODY), (f"{one.deal} · calculation {one.calculation} of {day(one.posted)}", NOTE)),
            amount(one.before),
            amount(one.after),
            amount(one.delta),
        ))
        for one in document.adjustments
    ]  # fmt: skip
    verdict = "Owed back by you" if document.adjusted.cents < 0 else "Still to be paid to you"
    rows.append(Row((verdict, "", "", amount(document.adjusted)), STRONG, ruled=True))
    table(sheet, columns, rows)


def _debts(sheet: Sheet, document: StatementDocument) -> None:
    if not document.debts:
        return
    sheet.section("What you still owe", keep=80)
    columns = (Column("DEAL", 170), Column("TO", 120), Column("FOR", CONTENT - 370), Column("AMOUNT", 80, "right"))
    rows = [Row((debt.deal, debt.owed_to, debt.what, amount(debt.amount))) for debt in document.debts]
    total = Money.of_cents(sum(debt.amount.cents for debt in document.debts), document.currency)
    rows.append(Row(("Total", "", "", amount(total)), STRONG, ruled=True))
    table(sheet, columns, rows)

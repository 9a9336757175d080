"""Pages of US Letter with running heads and feet; text that wraps, tables, and blocks that are never torn apart.

Everything is drawn from the top down. A document is drawn twice: once to learn how many pages it has, and once with
`page 1 of 2` at its foot. The bytes depend on nothing but what is drawn: reportlab's invariant mode sets the dates, and
nothing is compressed, so that no version of zlib can change them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Literal

from reportlab.pdfgen.canvas import Canvas

from documents.fonts import BOLD, REGULAR, clean, runs, width
from domain.money import Money

#: US Letter, in points of 1/72 inch.
PAGE = (612.0, 792.0)
MARGIN = 44.0
#: Where the first line of a page begins.
TOP = PAGE[1] - 36.0
CONTENT = PAGE[0] - 2 * MARGIN
#: Where the foot begins; nothing else is drawn below.
FLOOR = 52.0
#: What a page with a running head has room for.
PAGE_ROOM = TOP - FLOOR - 60.0

INK = (0.11, 0.13, 0.16)
SOFT = (0.38, 0.41, 0.45)
RULE = (0.72, 0.75, 0.79)
BAND = (0.925, 0.94, 0.955)
MARK = (0.90, 0.62, 0.60)

_MONTHS = ("January", "February", "March", "April", "May", "June", "July")
_MONTHS += ("August", "September", "October", "November", "December")
_CURRENCIES = {"USD": "US dollars", "CAD": "Canadian dollars", "MXN": "Mexican pesos"}


def day(value: date | None) -> str:
    """A day as letters have it: `November 2, 2026`; `not given` where there is none."""
    return "not given" if value is None else f"{_MONTHS[value.month - 1]} {value.day}, {value.year}"


def amount(money: Money) -> str:
    """An amount with thousands and cents; negative amounts in parentheses.

    Examples:
        >>> amount(Money.of_cents(-1234567)), amount(Money.of_cents(0))
        ('(12,345.67)', '0.00')
    """
    text = f"{abs(money.amount):,.2f}"
    return f"({text})" if money.cents < 0 else text


def currency_words(currency: str) -> str:
    """The currency in words, once for the whole page."""
    return _CURRENCIES[currency]


@dataclass(frozen=True, slots=True)
class Style:
    """How text is set: font, size and leading in points, colour."""

    size: float = 9.0
    bold: bool = False
    color: tuple[float, float, float] = INK

    @property
    def font(self) -> str:
        """The packaged font."""
        return BOLD if self.bold else REGULAR

    @property
    def leading(self) -> float:
        """From one line to the next."""
        return self.size * 1.28


BODY = Style()
STRONG = Style(bold=True)
SMALL = Style(size=7.6)
NOTE = Style(size=7.6, color=SOFT)
HEAD = Style(size=7.2, bold=True, color=SOFT)
SECTION = Style(size=9.4, bold=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, its width in points, and where its text stands."""

    head: str
    width: float
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: a cell for each column, each text or several paragraphs with their styles.

    Attributes:
        cells: of the row.
        style: of cells that are plain text.
        ruled: a stronger rule above it, for totals.
    """

    cells: tuple[str | tuple[tuple[str, Style], ...], ...]
    style: Style = BODY
    ruled: bool = False


def wrap(text: str, style: Style, room: float) -> list[str]:
    """The text in lines that fit the room; a word that is too long for a line is broken."""
    lines: list[str] = []
    line = ""
    for word in clean(text).split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, style.font, style.size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        pieces = _pieces(word, style, room)
        lines += pieces[:-1]
        line = pieces[-1]
    return [*lines, line]


def _pieces(word: str, style: Style, room: float) -> list[str]:
    pieces = [""]
    for mark in word:
        if pieces[-1] and width(pieces[-1] + mark, style.font, style.size) > room:
            pieces.append("")
        pieces[-1] += mark
    return pieces


def _nothing(sheet: Sheet) -> None:
    """No head, no foot."""


class Sheet:
    """The pages of one document, drawn from the top down.

    Attributes:
        y: where the next thing is drawn; it grows downwards to `FLOOR`.
        page: the number of the current page, from 1.
    """

    def __init__(self, title: str, author: str, subject: str, pages: int) -> None:
        """Begin the first page; `pages` is how many there will be, 0 while that is not known."""
        self._buffer = BytesIO()
        # Not compressed: the bytes of zlib differ between versions, and the hash of the document must not.
        self.canvas = Canvas(self._buffer, pagesize=PAGE, invariant=1, pageCompression=0, initialFontName="Helvetica")
        self.canvas.setTitle(clean(title))
        self.canvas.setAuthor(clean(author))
        self.canvas.setSubject(clean(subject))
        self.canvas.setCreator("Dealwire")
        self.canvas.setProducer("Dealwire")
        self.canvas.setCatalogEntry("Lang", "en-US")
        self.pages = pages
        self.page = 1
        self.y = TOP
        self.head: Callable[[Sheet], None] = _nothing
        self.foot: Callable[[Sheet], None] = _nothing
        self.mark = ""

    def start(self) -> None:
        """Draw what every page has; call it once `head`, `foot` and `mark` are set."""
        if self.mark:
            self._watermark()
        self.foot(self)

    def next_page(self) -> None:
        """Begin another page, with its running head."""
        self.canvas.showPage()
        self.page += 1
        self.y = TOP
        self.start()
        self.head(self)

    def ensure(self, height: float) -> None:
        """Go to the next page unless that much room is left on this one."""
        if not self.fits(height):
            self.next_page()

    def fits(self, height: float) -> bool:
        """Whether that much room is left on this page."""
        return self.y - height >= FLOOR

    def finish(self) -> bytes:
        """The document."""
        self.canvas.showPage()
        self.canvas.save()
        return self._buffer.getvalue()

    def text(self, x: float, y: float, text: str, style: Style, align: Literal["left", "right"] = "left") -> None:
        """Draw one line of text with its baseline at `y`; `x` is its left or right end."""
        shown = clean(text)
        if align == "right":
            x -= width(shown, style.font, style.size)
        self.canvas.setFillColorRGB(*style.color)
        for face, run in runs(shown, style.font):
            self.canvas.setFont(face, style.size)
            self.canvas.drawString(x, y, run)
            x += width(run, style.font, style.size)

    def paragraph(self, text: str, style: Style = BODY, *, x: float = MARGIN, room: float = CONTENT) -> None:
        """Draw text that wraps, line by line, and go below it."""
        for line in wrap(text, style, room):
            self.ensure(style.leading)
            self.y -= style.leading
            self.text(x, self.y + style.leading - style.size, line, style)

    def rule(self, y: float, color: tuple[float, float, float] = RULE, weight: float = 0.5) -> None:
        """Draw a rule across the page."""
        self.canvas.setStrokeColorRGB(*color)
        self.canvas.setLineWidth(weight)
        self.canvas.line(MARGIN, y, PAGE[0] - MARGIN, y)

    def section(self, title: str, keep: float = 60.0) -> None:
        """Draw the title of a section, together with the room that its beginning needs."""
        self.ensure(keep)
        self.y -= 6
        self.y -= SECTION.leading
        self.text(MARGIN, self.y + 2, title, SECTION)
        self.rule(self.y - 2.5, INK, 0.8)
        self.y -= 4

    def _watermark(self) -> None:
        self.canvas.saveState()
        size = min(104.0, 104.0 * 560 / width(self.mark, BOLD, 104.0))
        self.canvas.translate(PAGE[0] / 2, PAGE[1] / 2)
        self.canvas.rotate(52)
        self.canvas.setFillAlpha(0.45)
        half = width(self.mark, BOLD, size) / 2
        self.text(-half, -size / 3, self.mark, Style(size=size, bold=True, color=MARK))
        self.canvas.restoreState()


def check(sheet: Sheet, x: float, y: float) -> None:
    """Draw a check mark: no font of ours needs to have one."""
    sheet.canvas.saveState()
    sheet.canvas.setStrokeColorRGB(*INK)
    sheet.canvas.setLineWidth(1.4)
    sheet.canvas.setLineCap(1)
    sheet.canvas.lines([(x, y + 3, x + 2.6, y + 0.4), (x + 2.6, y + 0.4, x + 7.5, y + 7)])
    sheet.canvas.restoreState()


def drawn(draw: Callable[[int], Sheet]) -> bytes:
    """Draw a document twice, the second time knowing how many pages it has."""
    first = draw(0)
    return draw(first.page).finish()


_PAD = 2.2


def table(sheet: Sheet, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Draw a table; its head stands again on each page that it goes on to, and no row is torn apart."""
    _head(sheet, columns)
    for index, row in enumerate(rows):
        cells = [
            _cell(cell, row.style, column.width - 2 * _PAD) for cell, column in zip(row.cells, columns, strict=True)
        ]
        height = max(sum(style.leading for _, style in cell) for cell in cells) + 2 * _PAD
        # A total never stands alone on a page: the row before it waits for it.
        total = _PAD * 2 + BODY.leading if index + 1 < len(rows) and rows[index + 1].ruled else 0.0
        if not sheet.fits(height + total):
            sheet.next_page()
            _head(sheet, columns)
        if row.ruled:
            sheet.rule(sheet.y, INK, 0.8)
        _draw(sheet, columns, cells)
        sheet.y -= height
        if not row.ruled:
            sheet.rule(sheet.y, RULE, 0.4)


def _head(sheet: Sheet, columns: Sequence[Column]) -> None:
    height = HEAD.leading + 4
    sheet.ensure(height + 2 * BODY.leading)
    x = MARGIN
    for column in columns:
        at = x + column.width - _PAD if column.align == "right" else x + _PAD
        sheet.text(at, sheet.y - height + 4, column.head, HEAD, column.align)
        x += column.width
    sheet.y -= height
    sheet.rule(sheet.y, RULE, 0.6)


def _cell(cell: str | tuple[tuple[str, Style], ...], style: Style, room: float) -> list[tuple[str, Style]]:
    parts = ((cell, style),) if isinstance(cell, str) else cell
    return [(line, part) for text, part in parts for line in wrap(text, part, room)]


def _draw(sheet: Sheet, columns: Sequence[Column], cells: Sequence[Sequence[tuple[str, Style]]]) -> None:
    x = MARGIN
    for column, cell in zip(columns, cells, strict=True):
        y = sheet.y - _PAD
        for line, style in cell:
            y -= style.leading
            at = x + column.width - _PAD if column.align == "right" else x + _PAD
            sheet.text(at, y + style.leading - style.size, line, style, column.align)
        x += column.width

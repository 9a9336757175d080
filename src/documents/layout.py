"""Pages of US Letter with running heads and feet, and text that wraps.

Everything is drawn from the top down. A document is drawn twice: once to learn how many pages it has, and once with
`page 1 of 2` at its foot. The bytes depend on nothing but what is drawn: reportlab's invariant mode sets the dates, and
nothing is compressed, so that no version of zlib can change them.
"""

from __future__ import annotations

from collections.abc import Callable
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
TOP = PAGE[1] - 34.0
CONTENT = PAGE[0] - 2 * MARGIN
#: Where the foot begins; nothing else is drawn below.
FLOOR = 48.0
#: What a page with a running head has room for.
PAGE_ROOM = TOP - FLOOR - 60.0

INK = (0.11, 0.13, 0.16)
SOFT = (0.38, 0.41, 0.45)
RULE = (0.72, 0.75, 0.79)
BAND = (0.925, 0.94, 0.955)
MARK = (0.90, 0.62, 0.60)

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
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


def wrap(text: str, style: Style, room: float) -> list[str]:
    """The text in lines that fit the room; a word that is too long for a line is broken."""
    lines: list[str] = []
    line, used = "", 0.0
    space = width(" ", style.font, style.size)
    for word in clean(text).split(" "):
        wide = width(word, style.font, style.size)
        if line and used + space + wide <= room:
            line, used = f"{line} {word}", used + space + wide
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, style, room) if wide > room else [word]
        lines += full
        used = width(line, style.font, style.size) if full else wide
    return [*lines, line]


def _pieces(word: str, style: Style, room: float) -> list[str]:
    pieces, used = [""], 0.0
    for mark in word:
        wide = width(mark, style.font, style.size)
        if pieces[-1] and used + wide > room:
            pieces.append("")
            used = 0.0
        pieces[-1] += mark
        used += wide
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
        self.canvas = Canvas(self._buffer, pagesize=PAGE, invariant=1, pageCompression=0)
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
        """Draw what lies under every page; call it once `head`, `foot` and `mark` are set."""
        if self.mark:
            self._watermark()

    def next_page(self) -> None:
        """Begin another page, with its running head."""
        self.foot(self)
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
        self.foot(self)
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
        self.y -= 5
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

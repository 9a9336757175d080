"""Facts in two columns: names at the left, what they are beside them, blocks under headings."""

from __future__ import annotations

from dataclasses import dataclass

from documents.layout import CONTENT, HEAD, MARGIN, RULE, SOFT, STRONG, Sheet, Style, wrap

_GAP = 18.0
_WIDTH = (CONTENT - _GAP) / 2
_LABEL = 74.0
_VALUE = Style(size=8.4)
_VALUE_STRONG = Style(size=8.4, bold=True)
_LABEL_STYLE = Style(size=7.6, color=SOFT)


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what it is: text in paragraphs, the first of them strong where it matters most."""

    label: str
    text: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Facts under a heading."""

    heading: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class _Set:
    label: str
    text: str
    style: Style


def two_columns(sheet: Sheet, left: Block, right: Block) -> None:
    """Draw two blocks side by side. What does not fit on the page goes on in the same columns of the next."""
    columns = [_lines(left), _lines(right)]
    sheet.ensure(80)
    while any(columns):
        top = sheet.y
        lowest = top
        for index, (block, lines) in enumerate(zip((left, right), columns, strict=True)):
            x = MARGIN + index * (_WIDTH + _GAP)
            bottom, columns[index] = _column(sheet, x, top, block.heading, lines)
            lowest = min(lowest, bottom)
        sheet.y = lowest
        if any(columns):
            sheet.next_page()


def _lines(block: Block) -> list[_Set]:
    lines: list[_Set] = []
    for fact in block.facts:
        label = fact.label
        for index, text in enumerate(fact.text):
            style = _VALUE_STRONG if fact.strong and index == 0 else _VALUE
            for line in wrap(text, style, _WIDTH - _LABEL):
                lines.append(_Set(label, line, style))
                label = ""
    return lines


def _column(sheet: Sheet, x: float, top: float, heading: str, lines: list[_Set]) -> tuple[float, list[_Set]]:
    """Draw as many of the lines as the page takes; where they end, and those that are left."""
    y = top - STRONG.leading - 2
    sheet.text(x, y + 3, heading.upper(), HEAD)
    sheet.canvas.setStrokeColorRGB(*RULE)
    sheet.canvas.setLineWidth(0.6)
    sheet.canvas.line(x, y, x + _WIDTH, y)
    y -= 3
    for index, line in enumerate(lines):
        if not sheet.fits(top - y + line.style.leading):
            return y, lines[index:]
        if line.label:
            y -= 1.2
            sheet.text(x, y - line.style.size, line.label, _LABEL_STYLE)
        sheet.text(x + _LABEL, y - line.style.size, line.text, line.style)
        y -= line.style.leading
    return y, []

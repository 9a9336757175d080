"""Tables whose heads stand again on each page, with rows and totals that are never torn apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from documents.layout import BODY, HEAD, INK, MARGIN, RULE, Sheet, Style, wrap


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


_PAD = 2.2


def table(sheet: Sheet, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Draw a table; its head stands again on each page that it goes on to, and no row is torn apart."""
    _head(sheet, columns)
    for index, row in enumerate(rows):
        cells = [
            _cell(cell, row.style, column.width - 2 * _PAD) for cell, column in zip(row.cells, columns, strict=True)
        ]
        tallest = max(cell[0][1].size for cell in cells)
        height = max(tallest - cell[0][1].size + sum(style.leading for _, style in cell) for cell in cells) + 2 * _PAD
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
    tallest = max(cell[0][1].size for cell in cells)
    for column, cell in zip(columns, cells, strict=True):
        # The first lines of all cells stand on one baseline, whatever their sizes.
        y = sheet.y - _PAD - (tallest - cell[0][1].size)
        for line, style in cell:
            y -= style.leading
            at = x + column.width - _PAD if column.align == "right" else x + _PAD
            sheet.text(at, y + style.leading - style.size, line, style, column.align)
        x += column.width

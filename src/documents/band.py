"""The band at the head of a document's first page: who sends it at the left, what it is at the right."""

from __future__ import annotations

from collections.abc import Sequence

from documents.layout import BAND, CONTENT, INK, MARGIN, PAGE, TOP, Sheet, Style, wrap

#: A line of a band: text that wraps, and how it is set.
BandLine = tuple[str, Style]

_LEFT = CONTENT * 0.55
_RIGHT = CONTENT * 0.43
_PAD = 8.0


def band(sheet: Sheet, left: Sequence[BandLine], right: Sequence[BandLine]) -> None:
    """Draw the band, as high as the longer side; lines without text are left out."""
    sides = (_wrapped(left, _LEFT), _wrapped(right, _RIGHT))
    height = max(sum(style.leading for _, style in side) for side in sides) + 2 * _PAD
    bottom = TOP + 4 - height
    sheet.canvas.setFillColorRGB(*BAND)
    sheet.canvas.rect(MARGIN - 9, bottom, CONTENT + 18, height, stroke=0, fill=1)
    sheet.canvas.setFillColorRGB(*INK)
    sheet.canvas.rect(MARGIN - 9, bottom, CONTENT + 18, 1.6, stroke=0, fill=1)
    for index, side in enumerate(sides):
        y = bottom + height - _PAD + 1
        for text, style in side:
            y -= style.leading
            baseline = y + style.leading - style.size
            if index == 0:
                sheet.text(MARGIN, baseline, text, style)
            else:
                sheet.text(PAGE[0] - MARGIN, baseline, text, style, "right")
    sheet.y = bottom - 8


def _wrapped(lines: Sequence[BandLine], room: float) -> list[BandLine]:
    return [(line, style) for text, style in lines if text for line in wrap(text, style, room)]

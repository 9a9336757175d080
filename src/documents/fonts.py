"""The fonts that documents are set in, packaged with them: what is printed looks the same on every machine.

PDF's own fonts know Western Latin only and would print boxes for Łukasz or 王. Noto Sans has Latin, Greek and Cyrillic
with figures of equal width, Droid Sans Fallback has Chinese, Japanese and Korean. What neither has is refused by name:
a payee that cannot be read is worse than a document that is late.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

from domain.errors import CommissionRefused, FieldProblem

HERE = Path(__file__).with_name("typefaces")

REGULAR = "Dealwire-Regular"
BOLD = "Dealwire-Bold"
#: Has no bold of its own: East Asian names stand in regular in bold lines too.
FALLBACK = "Dealwire-Fallback"

_FILES = {REGULAR: "NotoSans-Regular.ttf", BOLD: "NotoSans-Bold.ttf", FALLBACK: "DroidSansFallback.ttf"}


@cache
def font(name: str) -> TTFont:
    """One of the packaged fonts, read and registered with reportlab once."""
    face = TTFont(name, str(HERE / _FILES[name]))
    registerFont(face)
    return face


def clean(text: str) -> str:
    """Text as it can be set: composed accents, single spaces, no invisible marks."""
    kinds = [(mark, unicodedata.category(mark)) for mark in unicodedata.normalize("NFC", text)]
    visible = "".join(" " if kind == "Cc" else mark for mark, kind in kinds if kind != "Cf")
    return " ".join(visible.split())


def runs(text: str, name: str) -> list[tuple[str, str]]:
    """The text in runs of one font each: `(font, text)`.

    Args:
        text: cleaned.
        name: the font that is wanted.

    Raises:
        CommissionRefused: a character that no packaged font has.
    """
    if font(name).face.charToGlyph.keys() >= {ord(mark) for mark in text}:
        return [(name, text)] if text else []
    return [(face, "".join(marks)) for face, marks in groupby(text, key=lambda mark: _font_for(mark, name, text))]


def width(text: str, name: str, size: float) -> float:
    """How wide the text is, in points."""
    return sum(float(font(face).stringWidth(run, size)) for face, run in runs(text, name))


def _font_for(mark: str, name: str, text: str) -> str:
    for face in (name, FALLBACK):
        if ord(mark) in font(face).face.charToGlyph:
            return face
    expected = (
        "Latin, Greek, Cyrillic, Chinese, Japanese or Korean letters; write it in those in the transaction system"
    )
    problem = FieldProblem(
        "text", f"U+{ord(mark):04X} {unicodedata.name(mark, 'unnamed')} in {text[:60]!r}", expected, "text"
    )
    raise CommissionRefused("the document cannot be printed: no packaged font has one of its characters", [problem])

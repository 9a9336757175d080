"""Reads PDFs back: the text of their pages, as a closing agent's own software would search it."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader


def pages(pdf: bytes) -> list[str]:
    """The text of each page, in single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def text(pdf: bytes) -> str:
    """The text of all pages."""
    return " ".join(pages(pdf))

"""Percentages by level: where a measure stands, and the slices of a basis that fall into each level."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from commissions.book import Book, Part
from domain.commission.charges import Level, TierMode, Tiers
from domain.commission.plan import DEAL_MEASURES


def slices(tiers: Tiers, basis: int | Fraction, part: Part, book: Book) -> Iterator[tuple[Fraction, Level]]:
    """The basis cut by level: each slice, exact in cents, with its level.

    A slice of the measure stands for the same part of the basis. Whole-deal modes give one slice.
    """
    starts, ends = _interval(tiers, part, book)
    if tiers.mode is not TierMode.MARGINAL or ends <= starts:
        yield Fraction(basis), _level(tiers, starts, ends)
        return
    floor = 0
    for level in tiers.levels:
        top = ends if level.up_to is None else min(ends, level.up_to)
        size = top - max(floor, starts)
        if size > 0:
            yield Fraction(basis) * size / (ends - starts), level
        floor = max(floor, top)


def _interval(tiers: Tiers, part: Part, book: Book) -> tuple[int, int]:
    """From where to where this part moves the measure."""
    if tiers.by in DEAL_MEASURES:
        measures = {"price": book.closing.price or 0, "gross": part.side.gross, "part": part.amount}
        value = measures[tiers.by]
        return (0, value) if tiers.mode is TierMode.MARGINAL else (value - 1, value)
    counter = part.counters[tiers.by]
    if tiers.by == "deal_count":  # whichever part of this deal: the deal is one more than those before it
        return book.before(counter), book.before(counter) + 100
    now = book.now(counter)
    starts = part.starts.get(tiers.by)
    if starts is None:  # moved by rules: it stands where it stands
        return now, now
    return starts, starts + part.moved[tiers.by]


def _level(tiers: Tiers, starts: int, ends: int) -> Level:
    """The level in which an interval begins, or ends; one of a deal's own measures has only its end."""
    at_end = tiers.mode is TierMode.RESULTING or tiers.by in DEAL_MEASURES
    for level in tiers.levels:
        if level.up_to is None:
            return level
        if ends <= level.up_to if at_end and ends > starts else starts < level.up_to:
            return level
    return tiers.levels[-1]

"""Whether a rule applies, and what a percentage is taken of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.oracle.books import Books, Data, Part
from tests.oracle.figures import cents, rate

SHARED = {"price", "price_net", "gross", "gross_left"}


def price(deal: Data) -> int:
    """Sale price, nothing where there is none."""
    return cents(deal.get("price") or 0)


def price_net(deal: Data) -> int:
    """Less concessions."""
    return price(deal) - cents(deal.get("concessions", 0))


def within(bounds: Data, value: int) -> bool:
    """A range of a `when`."""
    if "at_least" in bounds and value < cents(bounds["at_least"]):
        return False
    if "below" in bounds and value >= cents(bounds["below"]):
        return False
    if "above" in bounds and value <= cents(bounds["above"]):
        return False
    return not ("up_to" in bounds and value > cents(bounds["up_to"]))


def deal_fits(when: Data, deal: Data, side: Data, gross: int, words: set[str]) -> bool:
    """What a `when` asks of deal and side."""
    asked = [
        ("deal_type", deal.get("type", "sale")),
        ("property_type", deal.get("property_type")),
        ("state", deal.get("state")),
        ("side", side["side"]),
    ]
    for name, value in asked:
        if when.get(name) and value not in when[name]:
            return False
    if not words.issuperset(when.get("flags", [])) or words.intersection(when.get("without", [])):
        return False
    closing = str(deal["closing_date"])
    days = when.get("closing", {})
    if closing < str(days.get("starts", closing)) or closing > str(days.get("until", closing)):
        return False
    return within(when.get("price", {}), price(deal)) and within(when.get("gross", {}), gross)


def applies(books: Books, part: Part, when: Data | None) -> bool:
    """What a `when` asks, of an agent's rule."""
    if not when:
        return True
    words = {*books.deal.get("flags", []), *part.agent.get("flags", [])}
    if not deal_fits(when, books.deal, part.side, part.gross, words):
        return False
    if when.get("role") and part.role not in when["role"]:
        return False
    if not within(when.get("part", {}), part.amount):
        return False
    for name, bounds in when.get("counter", {}).items():
        if not within(bounds, books.before(part, name)):
            return False
    return all(_cap_state(books, part, name) in states for name, states in when.get("cap", {}).items())


def _cap_state(books: Books, part: Part, name: str) -> str:
    limit = books.cap(part, name)
    if limit is None or books.now(part, name) < limit:
        return "open"
    state = "before" if books.before(part, name) >= limit else "here"
    books.seen.add(f"cap_state_{state}")
    return state


def basis(books: Books, part: Part, of: Any) -> Fraction:
    """What a percentage of an agent's rule is taken of; nothing where it has gone below zero."""
    return max(Fraction(0), signed_basis(books, part, of))


def signed_basis(books: Books, part: Part, of: Any) -> Fraction:
    """The same, whatever its sign: a term of a sum."""
    if isinstance(of, dict):
        total = sum((signed_basis(books, part, name) for name in of["plus"]), Fraction(0))
        return total - sum((signed_basis(books, part, name) for name in of.get("minus", [])), Fraction(0))
    known = {
        "price": price(books.deal),
        "price_net": price_net(books.deal),
        "gross": part.gross,
        "gross_left": part.gross_left,
        "part": part.amount,
        "part_without_bonus": max(0, part.amount - part.bonus),
        "left": part.left,
        "company_dollar": part.company_dollar,
        "after_split": part.after_split,
    }
    if part.stands_for_all is not None:
        known |= {"gross": part.stands_for_all, "gross_left": part.left}
        if of in {"price", "price_net"}:
            return known[of] * part.share
    return Fraction(known[of] if of in known else part.rules.get(of, 0))


def slices(books: Books, part: Part, tiers: Data, base: Fraction) -> list[tuple[Fraction, Fraction]]:
    """(how much of the base, the factor for it), level by level."""
    start, end, runs_on = _measure(books, part, tiers["by"])
    levels = [(None if "up_to" not in row else cents(row["up_to"]), rate(row["percent"])) for row in tiers["levels"]]
    mode = tiers.get("mode", "marginal")
    if start == end or (runs_on and mode == "entering"):
        return [(base, next(factor for top, factor in levels if top is None or top > start))]
    if mode != "marginal":
        return [(base, next(factor for top, factor in levels if top is None or top >= end))]
    widths, factors, low = [], [], start
    for top, factor in levels:
        high = end if top is None else min(top, end)
        if high > low:
            widths.append(Fraction(high - low))
            factors.append(factor)
            low = high
    if len(widths) > 1:
        books.seen.add("tiers_crossed")
    return [(base * width / sum(widths), factor) for width, factor in zip(widths, factors, strict=True)]


def _measure(books: Books, part: Part, by: str) -> tuple[int, int, bool]:
    """From where to where this part moves the measure; and whether it runs on over the year."""
    if by in {"price", "gross", "part"}:
        return 0, {"price": price(books.deal), "gross": part.gross, "part": max(0, part.amount)}[by], False
    if by == "deal_count":
        # Every part of an agent in this deal is of the same deal.
        return books.before(part, by), books.before(part, by) + 100, True
    if by not in part.deltas:
        return books.now(part, by), books.now(part, by), True
    return part.starts[by], part.starts[by] + part.deltas[by], True

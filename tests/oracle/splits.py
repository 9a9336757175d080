"""The company's share of a part (S7)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.books import Books, Data, Part
from tests.oracle.figures import cents, rate
from tests.oracle.whens import applies, basis, price, price_net, slices


@dataclass
class Cut:
    """A line of the split before it is written."""

    code: str
    amount: int


def split_part(books: Books, part: Part) -> None:
    """The stage `split` of one part."""
    split = part.plan.get("split")
    if split and applies(books, part, split.get("when")):
        real = basis(books, part, split.get("of") or "left")
        cuts = _cuts(books, part, split, _base(books, part, split, real), real)
        if "maximum" in split:
            _no_more_than(books, cuts, cents(split["maximum"]))
        if "minimum" in split:
            _no_less_than(books, part, split, cuts)
        for cut in cuts:
            _write(books, part, split, cut)
    part.after_split, part.was_split = part.left, True


def _base(books: Books, part: Part, split: Data, base: Fraction) -> Fraction:
    floor = split.get("floor")
    if not floor:
        return base
    least = Fraction(cents(floor.get("flat", 0)))
    if "percent" in floor:
        of = price(books.deal) if floor.get("of", "price") == "price" else price_net(books.deal)
        least = max(least, of * rate(floor["percent"]) * part.share)
    if least > base:
        books.seen.add("floor_applied")
    return max(base, least)


def _cuts(books: Books, part: Part, split: Data, base: Fraction, real: Fraction) -> list[Cut]:
    terms = [term for term in books.terms(part) if term.get("split") is not None]
    if terms:
        books.seen.add("term_split")
        pieces = [(base, rate(terms[0]["split"]))]
    elif split.get("tiers"):
        pieces = slices(books, part, split["tiers"], base)
    else:
        pieces = [(base, rate(split["company"]))]
    after = rate(split.get("after_cap", 0))
    room = books.room(part, split["capped_by"]) if split.get("capped_by") else None
    if room is None:
        return [Cut("split", books.round(piece * factor)) for piece, factor in pieces]
    if split.get("straddle", "clip") == "next_deal":
        return _next_deal(books, part, split, pieces, real * after)
    return _clipped(books, pieces, room, real, after)


def _clipped(
    books: Books, pieces: list[tuple[Fraction, Fraction]], room: int, real: Fraction, after: Fraction
) -> list[Cut]:
    """Slice by slice until the room is used up; what was not used of the real basis is split as after the cap."""
    cuts, used = [], Fraction(0)
    for piece, factor in pieces:
        whole = books.round(piece * factor)
        if whole <= room and room > 0:
            cuts.append(Cut("split", whole))
            used += piece
            room -= whole
            continue
        books.seen.add("clipped" if room else "capped_before")
        cuts.append(Cut("split", room))
        used += books.round(room / factor) if room else 0
        return [*cuts, Cut("split_after_cap", books.round(max(Fraction(0), real - used) * after))]
    return cuts


def _next_deal(
    books: Books, part: Part, split: Data, pieces: list[tuple[Fraction, Fraction]], after: Fraction
) -> list[Cut]:
    if not _capped_before(books, part, split):
        cuts = [Cut("split", books.round(piece * factor)) for piece, factor in pieces]
        if sum(cut.amount for cut in cuts) > (books.room(part, split["capped_by"]) or 0):
            books.seen.add("next_deal_over")
        return cuts
    books.seen.add("next_deal_capped")
    return [Cut("split_after_cap", books.round(after))]


def _capped_before(books: Books, part: Part, split: Data) -> bool:
    limit = books.cap(part, split["capped_by"])
    return limit is not None and books.before(part, split["capped_by"]) >= limit


def _no_more_than(books: Books, cuts: list[Cut], most: int) -> None:
    for cut in cuts:
        if cut.amount > most:
            books.seen.add("split_maximum")
            cut.amount = most
        most -= cut.amount


def _no_less_than(books: Books, part: Part, split: Data, cuts: list[Cut]) -> None:
    extra = cents(split["minimum"]) - sum(cut.amount for cut in cuts)
    room = books.room(part, split["capped_by"]) if split.get("capped_by") else None
    if room is not None:
        if split.get("straddle", "clip") == "clip":
            extra = min(extra, room - sum(cut.amount for cut in cuts if cut.code == "split"))
        elif _capped_before(books, part, split):
            extra = 0
    if extra > 0:
        books.seen.add("split_minimum")
        cuts.append(Cut("split_minimum", extra))


def _write(books: Books, part: Part, split: Data, cut: Cut) -> None:
    if cut.amount == 0:
        return
    if cut.code == "split_after_cap":
        books.seen.add("split_after_cap")
    capped = split.get("capped_by")
    counts = split.get("counts")
    if counts is None:
        counts = [capped] if capped else [name for name in ("company_dollar",) if name in part.plan["counters"]]
    books.pay(cut.code, part.agent["agent"], "company", cut.amount)
    part.left -= cut.amount
    part.company_dollar += cut.amount
    for name in counts:
        if not (cut.code == "split_after_cap" and name == capped):
            books.move(part, name, cut.amount)

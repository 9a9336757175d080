"""The split: what the company keeps of an agent's part, up to its cap; the rest stays the agent's.

Order and rounding: research S7. The company's line is rounded, the agent has the residual. A cap is applied to the
rounded line. Where a percentage remains after the cap, it is taken of the commission that the cap left over, not of the
company dollar that it left over (pitfall 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from commissions.bases import of_part, told
from commissions.book import Book, CounterOf, Part
from commissions.conditions import applies
from commissions.rounding import percent_of
from commissions.terms import split_term
from commissions.tiers import slices
from commissions.worth import Worth
from domain.commission.calculation import COMPANY, Code, Stage
from domain.commission.charges import Basis
from domain.commission.plan import Split


@dataclass(slots=True)
class _Room:
    """How much the company may still take: of its cap under `clip`, and of the most it gets of one deal."""

    cap: int | None
    deal: int | None

    def cut(self, amount: int) -> tuple[int, str]:
        """The amount as far as there is room for it, and what cut it."""
        limits = [(room, name) for room, name in ((self.cap, "cap"), (self.deal, "maximum")) if room is not None]
        room, name = min(limits, default=(amount, ""))
        return (room, name) if room < amount else (amount, "")

    def use(self, amount: int, *, capped: bool = True) -> None:
        if self.cap is not None and capped:
            self.cap -= amount
        if self.deal is not None:
            self.deal -= amount


def split_part(part: Part, book: Book) -> None:
    """Write the split's lines and note what the company got and what was left."""
    split = part.plan.split
    if split is not None and applies(split.when, part, book):
        _Splitting(split, part, book).run()
    part.after_split = part.left


class _Splitting:
    """One split on its way: the room that is left, and the counters that the company's share moves."""

    def __init__(self, split: Split, part: Part, book: Book) -> None:
        self._split, self._part, self._book = split, part, book
        self._term = split_term(part)
        of = split.of or Basis.LEFT
        self._real, self._of = Fraction(of_part(of, part, book)), told(of)
        self._basis = max(self._real, _floor(split, part, book))
        self._floored = "floor" if self._basis > self._real else self._of
        self._capped = part.counters[split.capped_by] if split.capped_by else None
        self._counted = _counted(split, part)
        self._room = _Room(None, split.maximum)

    def run(self) -> None:
        capped = self._capped
        if capped is not None and capped.cap is not None:
            if self._split.straddle == "clip":
                self._room.cap = self._book.room(capped)
            elif self._book.before(capped) >= capped.cap:
                self._after_cap(self._real)
                return
        used = self._before_cap()
        if used is not None:
            self._after_cap(self._real - used)
        self._minimum()

    def _before_cap(self) -> Fraction | None:
        """The company's lines up to its cap; if that cut one: how much of the basis was used up by then."""
        used = Fraction(0)
        for piece, percent in self._rates():
            if self._room.cap == 0:
                self._line(Code.SPLIT, Worth(0, Fraction(0), self._floored, self._book.rounded(piece), percent, "cap"))
                return used
            raw = percent_of(piece, percent)
            amount, limit = self._room.cut(self._book.rounded(raw))
            self._line(Code.SPLIT, Worth(amount, raw, self._floored, self._book.rounded(piece), percent, limit))
            self._room.use(amount)
            if limit == "maximum":
                return None
            if limit == "cap":
                return used + (self._book.rounded(amount * 100 / percent) if percent else 0)
            used += piece
        return None

    def _rates(self) -> list[tuple[Fraction, Fraction]]:
        """The slices of the basis, each with the company's percentage."""
        if self._term is not None and self._term.split is not None:
            return [(self._basis, self._term.split)]
        if self._split.tiers is None:
            return [(self._basis, self._split.company or Fraction(0))]
        pieces = slices(self._split.tiers, self._basis, self._part, self._book)
        return [(piece, level.percent) for piece, level in pieces]

    def _after_cap(self, rest: Fraction) -> None:
        """The percentage that remains, of the commission that the cap left over; its counter does not move by it."""
        percent = self._split.after_cap
        if not percent or rest <= 0:
            return
        raw = percent_of(rest, percent)
        amount, limit = self._book.rounded(raw), ""
        if self._room.deal is not None and self._room.deal < amount:
            amount, limit = self._room.deal, "maximum"
        self._line(Code.SPLIT_AFTER_CAP, Worth(amount, raw, self._of, self._book.rounded(rest), percent, limit))

    def _minimum(self) -> None:
        missing = (self._split.minimum or 0) - self._part.company_dollar
        if self._room.cap is not None:
            missing = min(missing, self._room.cap)
        if missing > 0:
            self._line(Code.SPLIT_MINIMUM, Worth(missing, Fraction(missing), limit="minimum"))

    def _line(self, code: Code, worth: Worth) -> None:
        if worth.amount == 0 and not worth.limit:
            return
        after = code is Code.SPLIT_AFTER_CAP
        counted = [counter for counter in self._counted if not (after and counter is self._capped)]
        self._book.take(
            self._part,
            Stage.SPLIT,
            code,
            COMPANY,
            worth.amount,
            raw=worth.raw,
            title=_TITLES[code],
            of=worth.of,
            basis=worth.basis,
            rate=worth.rate,
            limit=f"cap {self._split.capped_by}" if worth.limit == "cap" else worth.limit,
            moves=[(counter, worth.amount) for counter in counted],
            term=self._term.told if self._term and code is Code.SPLIT else "",
        )
        self._part.company_dollar += worth.amount
        if self._room.cap is not None and self._capped is not None and not after:
            self._book.check_clipped(self._capped, worth.amount)


_TITLES = {
    Code.SPLIT: "Company dollar",
    Code.SPLIT_AFTER_CAP: "Company dollar after the cap",
    Code.SPLIT_MINIMUM: "Company dollar, minimum",
}


def _counted(split: Split, part: Part) -> list[CounterOf]:
    """The counters that the company's share moves."""
    if split.counts is not None:
        names = {*split.counts, *([split.capped_by] if split.capped_by else [])}
    else:
        names = {split.capped_by or "company_dollar"}
    return [part.counters[name] for name in sorted(names) if name in part.counters]


def _floor(split: Split, part: Part, book: Book) -> Fraction:
    """The least that the split is computed on, exact; a percentage of the price goes by the agent's part of it."""
    floor = split.floor
    if floor is None:
        return Fraction(0)
    price = (book.closing.price or 0) - (book.closing.concessions if floor.of == "price_net" else 0)
    return (floor.flat or 0) + percent_of(price * part.of_price, floor.percent or Fraction(0))

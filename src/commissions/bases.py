"""What a percentage is of: the named figures of the deal, the side and the agent's part at this point."""

from __future__ import annotations

from fractions import Fraction

from commissions.book import Book, Part, Side
from domain.commission.charges import SHARED_BASES, Basis, Sum

#: Names of bases, for telling them from names of rules.
BASES = frozenset(basis.value for basis in Basis)

#: Bases of the side as far as they go with one agent's part, for off-the-top deductions that are taken of parts.
BY_SHARE = {
    Basis.PRICE: "price_by_share",
    Basis.PRICE_NET: "price_net_by_share",
    Basis.GROSS: "gross_by_share",
}


def told(of: str | Sum) -> str:
    """A basis as lines name it."""
    if isinstance(of, str):
        return of
    return " + ".join(of.plus) + "".join(f" - {name}" for name in of.minus)


def is_shared(of: str | Sum) -> bool:
    """Whether the basis belongs to the deal or the side, so that co-agents share what is charged of it."""
    return isinstance(of, str) and of in SHARED_BASES


def of_side(of: str | Sum, side: Side, book: Book) -> int:
    """A basis of the side, in cents, never below zero."""
    if isinstance(of, Sum):
        total = sum(_of_side(name, side, book) for name in of.plus) - sum(_of_side(n, side, book) for n in of.minus)
        return max(0, total)
    return max(0, _of_side(of, side, book))


def _of_side(name: str, side: Side, book: Book) -> int:
    closing = book.closing
    if name in (Basis.PRICE, Basis.PRICE_NET):
        return (closing.price or 0) - (closing.concessions if name == Basis.PRICE_NET else 0)
    if name == Basis.GROSS:
        return side.gross
    if name == Basis.GROSS_LEFT:
        return side.left
    return side.amounts.get(name, 0)


def of_part(of: str | Sum, part: Part, book: Book) -> Fraction | int:
    """A basis at this point of the agent's part, in cents, never below zero."""
    if isinstance(of, Sum):
        total = sum(_of_part(name, part, book) for name in of.plus) - sum(_of_part(n, part, book) for n in of.minus)
        return max(0, total)
    return max(0, _of_part(of, part, book))


def _of_part(name: str, part: Part, book: Book) -> Fraction | int:
    figures = {
        Basis.PART: part.amount,
        Basis.PART_WITHOUT_BONUS: part.amount - part.bonus,
        Basis.LEFT: part.left,
        Basis.COMPANY_DOLLAR: part.company_dollar,
        Basis.AFTER_SPLIT: part.left if part.after_split is None else part.after_split,
    }
    if name in figures:
        return figures[Basis(name)]
    if name == BY_SHARE[Basis.GROSS]:
        return part.allocated
    if name in BY_SHARE.values():
        price = _of_side(Basis.PRICE if name == BY_SHARE[Basis.PRICE] else Basis.PRICE_NET, part.side, book)
        return price * part.of_price  # exact: only a line is rounded
    if name in BASES:
        return _of_side(name, part.side, book)
    return part.amounts[name] if name in part.amounts else part.side.amounts.get(name, 0)

"""What an amount comes to for one part."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

#: An exact amount in cents; whole where nothing was divided, which is the usual case and the quicker one.
Exact = Fraction | int


@dataclass(frozen=True, slots=True)
class Worth:
    """An amount, exact and rounded, and what it was taken of: what a line tells.

    Attributes:
        amount: rounded and cut, in cents.
        raw: exact, in cents.
        of: the name of the basis.
        basis: in cents; None for flat amounts.
        rate: in percent; None where there is no single one.
        limit: what cut it; empty if nothing did.
    """

    amount: int
    raw: Exact
    of: str = ""
    basis: int | None = None
    rate: Fraction | None = None
    limit: str = ""


NOTHING = Worth(0, 0)

"""Numbers as plan and deal files write them, and the two ways in which cents are made of fractions.

Written from research/commission.md §1.3 (`r()` and `LR()`); shares no code with `src/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=20_000)
def cents(value: Any) -> int:
    """`"18000.5"` is 1,800,050: cents of money, hundredths of a count."""
    return int(Decimal(str(value)) * 100)


@lru_cache(maxsize=20_000)
def rate(value: Any) -> Fraction:
    """A percentage as a factor: `"30"` is 3/10."""
    return Fraction(str(value)) / 100


@lru_cache(maxsize=20_000)
def share(value: Any) -> Fraction:
    """`"1/3"`, `"55.5%"` or 1."""
    text = str(value)
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


def rounded(raw: Fraction, policy: str) -> int:
    """To the cent; the policy says where half a cent goes."""
    whole = raw.numerator // raw.denominator
    rest = raw - whole
    if rest != Fraction(1, 2):
        return whole + 1 if rest > Fraction(1, 2) else whole
    if policy == "half_up":
        return whole + 1
    if policy == "half_down":
        return whole
    return whole + whole % 2


def allotted(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Largest remainder: whole cents first, then one more each by the size of what was dropped, ties to the earlier."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [value.numerator // value.denominator for value in exact]
    by_rest = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_rest[: total - sum(parts)]:
        parts[place] += 1
    return parts

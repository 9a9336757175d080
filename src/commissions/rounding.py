"""From an exact amount to whole cents, once, by a named policy."""

from __future__ import annotations

from fractions import Fraction


def percent_of(basis: int | Fraction, percent: Fraction) -> Fraction:
    """A percentage of a basis, exact."""
    return Fraction(basis.numerator * percent.numerator, basis.denominator * percent.denominator * 100)


def to_cents(raw: Fraction | int, policy: str = "half_up") -> int:
    """The exact amount in cents, rounded to whole ones.

    Args:
        raw: in cents, exact.
        policy: of half cents: `half_up` away from zero, `half_down` towards it, `half_even` to the even cent.

    Examples:
        >>> to_cents(Fraction(5, 2)), to_cents(Fraction(5, 2), "half_even"), to_cents(Fraction(-5, 2))
        (3, 2, -3)
    """
    numerator, denominator = raw.numerator, raw.denominator
    if denominator == 1:
        return numerator
    whole, rest = divmod(abs(numerator), denominator)
    twice = 2 * rest
    up = twice > denominator or (
        twice == denominator and (policy == "half_up" or (policy == "half_even" and whole % 2 == 1))
    )
    cents = whole + up
    return cents if numerator >= 0 else -cents

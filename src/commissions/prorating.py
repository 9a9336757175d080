"""Paying claims out of a pool that does not cover them: each gets the same part of what was earned."""

from __future__ import annotations

from fractions import Fraction

from commissions.rounding import to_cents


def pool_payout(earned: int, *, pending: int, available: int, percent_decimals: int | None = None) -> int:
    """What one payee gets out of a pool.

    The exact ratio is multiplied first and rounded once: a ratio that is rounded before it is multiplied costs whole
    dollars (Real's own example prints 720.00 where 725.81 are due:
    https://support.therealbrokerage.com/hc/en-us/articles/21889085192855-How-is-the-monthly-revenue-share-payout-calculated).

    Args:
        earned: what the payee earned, in cents, at least 0.
        pending: what all payees earned together, in cents, at least `earned`.
        available: what the pool holds, in cents, at least 0.
        percent_decimals: only to retrace a figure that somebody published: decimals to which the payee's percentage of
            all that was earned is rounded first. None: exact.

    Returns:
        Cents, half up; all that was earned where the pool covers it.

    Raises:
        ValueError: an amount below zero, or one payee earned more than all of them together.

    Examples:
        >>> pool_payout(75_000, pending=62_000_000, available=60_000_000)
        72581
    """
    if not 0 <= earned <= pending:
        raise ValueError(f"earned is {earned} cents; expected 0 to the {pending} cents that all earned together")
    if available < 0:
        raise ValueError(f"available is {available} cents; expected 0 or more")
    if available >= pending:
        return earned
    percent = Fraction(earned * 100, pending)
    if percent_decimals is not None:
        scale = 10**percent_decimals
        percent = Fraction(to_cents(percent * scale), scale)
    return to_cents(available * percent / 100)

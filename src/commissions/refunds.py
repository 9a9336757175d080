"""Giving back a royalty that was charged too much: an adjustment of a deal whose commission does not change.

Keller Williams books it as a disbursement of zero gross: the franchisor's royalty is negative, the agent gets it, and
the royalty base goes back by what the refund was charged on
(https://mcasupport.kw.com/hc/en-us/articles/360038929014-Adjustment-DA-Overpayment-or-Underpayment-of-Royalty).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from commissions.rounding import to_cents


@dataclass(frozen=True, slots=True)
class RoyaltyRefund:
    """The adjustment, in cents.

    Attributes:
        royalty: what the franchisor gets: below zero.
        agent: what the agent gets back.
        base_delta: by how much the royalty base moves. Kept as a figure of its own: computing it again from the refund
            would round it a second time.
    """

    royalty: int
    agent: int
    base_delta: int

    @property
    def gross(self) -> int:
        """What the payers pay: nothing, so the two amounts cancel out."""
        return self.royalty + self.agent


def royalty_refund(overpaid: int, percent: Fraction, policy: str = "half_up") -> RoyaltyRefund:
    """The adjustment that gives an overpaid royalty back.

    Args:
        overpaid: in cents, above zero.
        percent: of the royalty, of 100; above zero.
        policy: of rounding the base.

    Raises:
        ValueError: nothing was overpaid, or the royalty has no percentage to find the base by.

    Examples:
        >>> royalty_refund(10_000, Fraction(6))
        RoyaltyRefund(royalty=-10000, agent=10000, base_delta=-166667)
    """
    if overpaid <= 0:
        raise ValueError(f"overpaid is {overpaid} cents; expected an amount above zero")
    if not 0 < percent <= 100:
        raise ValueError(f"percent is {percent}; expected the royalty's percentage, above 0 and up to 100")
    return RoyaltyRefund(-overpaid, overpaid, -to_cents(overpaid * 100 / percent, policy))

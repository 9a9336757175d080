"""Earnest money that the brokerage holds, against the commission that it earned.

Only where the contract allows it (the discussion of Ohio R.C. 4735.24,
http://ohiorealtors.org/2015/06/08/legally-speaking-can-earnest-money-be-applied-to-my-commission/): the brokerage keeps
what it holds up to the commission, the closing agent pays the rest; what it holds beyond the commission it remits to
the closing agent (https://knowledge.resware.com/knowledge-base/earnest-money/).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offset:
    """What becomes of the earnest money, in cents.

    Attributes:
        retained: what the brokerage keeps of it as commission.
        from_closing: the commission that the closing agent pays.
        remit: what the brokerage passes on to the closing agent.
    """

    retained: int
    from_closing: int
    remit: int


def offset(commission_cents: int, held_cents: int, *, allowed: bool = True) -> Offset:
    """Set the earnest money off against the commission.

    Args:
        commission_cents: the gross commission, in cents, at least 0.
        held_cents: the earnest money that the brokerage holds, in cents, at least 0.
        allowed: whether the contract lets the brokerage keep it; if not, all of it is remitted.

    Raises:
        ValueError: an amount below zero.

    Examples:
        >>> offset(1_200_000, 500_000)
        Offset(retained=500000, from_closing=700000, remit=0)
        >>> offset(1_200_000, 1_500_000)
        Offset(retained=1200000, from_closing=0, remit=300000)
    """
    for name, cents in (("commission", commission_cents), ("earnest money held", held_cents)):
        if cents < 0:
            raise ValueError(f"{name} is {cents} cents; expected zero or more")
    retained = min(commission_cents, held_cents) if allowed else 0
    return Offset(retained=retained, from_closing=commission_cents - retained, remit=held_cents - retained)

"""Money: an exact decimal amount in one currency, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

#: Minor-unit digits of ISO 4217 currencies a North American brokerage meets.
CURRENCY_DIGITS = {"USD": 2, "CAD": 2, "MXN": 2}


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in major units (dollars), quantised to its currency's cents.

    Attributes:
        amount: finite `Decimal` with exactly the currency's number of decimals.
        currency: ISO 4217 code, one of `CURRENCY_DIGITS`.

    Raises:
        TypeError: the amount is not a `Decimal`; floats would lose cents silently.
        ValueError: unknown currency, not finite, or more decimals than the currency has.
    """

    amount: Decimal
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"amount is a {type(self.amount).__name__}; expected a Decimal")
        digits = CURRENCY_DIGITS.get(self.currency)
        if digits is None:
            raise ValueError(f"currency {self.currency!r} is unknown; expected one of {', '.join(CURRENCY_DIGITS)}")
        if not self.amount.is_finite():
            raise ValueError(f"amount {self.amount} is not a finite number")
        exact = self.amount.quantize(Decimal(1).scaleb(-digits))
        if exact != self.amount:
            raise ValueError(f"amount {self.amount} has more than {digits} decimals; round it by a named rule first")
        object.__setattr__(self, "amount", exact)

    @classmethod
    def of_cents(cls, cents: int, currency: str = "USD") -> Money:
        """An amount given in hundredths of the currency's unit."""
        if currency not in CURRENCY_DIGITS:
            return cls(Decimal(cents), currency)  # which refuses it
        money = object.__new__(cls)  # whole cents need none of the checks, and an engine makes thousands a second
        object.__setattr__(money, "amount", Decimal(cents).scaleb(-2))
        object.__setattr__(money, "currency", currency)
        return money

    @property
    def cents(self) -> int:
        """The amount in hundredths of the currency's unit."""
        return int(self.amount.scaleb(2))

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

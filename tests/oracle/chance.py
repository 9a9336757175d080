"""What random plans and deals are drawn with: one seeded source, amounts and percentages as files write them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A seeded source; the same seed gives the same plans and deals."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def maybe(self, likely: float) -> bool:
        """True so often."""
        return self._random.random() < likely

    def one(self, of: Sequence[T]) -> T:
        """One of them."""
        return of[self._random.randrange(len(of))]

    def some(self, of: Sequence[T], most: int) -> list[T]:
        """Between none and so many of them."""
        return self._random.sample(list(of), self._random.randint(0, min(most, len(of))))

    def shuffled(self, of: Sequence[T]) -> list[T]:
        """All of them, in any order."""
        return self._random.sample(list(of), len(of))

    def whole(self, low: int, high: int) -> int:
        """Both ends included."""
        return self._random.randint(low, high)

    def money(self, low: int, high: int) -> str | int:
        """An amount in units: round, whole, or with odd cents."""
        units = self._random.randint(low, high)
        kind = self._random.random()
        if kind < 0.35 and units > 100:
            return units // 100 * 100
        return units if kind < 0.6 else f"{units}.{self._random.randint(0, 99):02d}"

    def percent(self, low: int, high: int) -> str | int:
        """A percentage: whole, with decimals, or a fraction."""
        units = self._random.randint(low, high)
        kind = self._random.random()
        if kind < 0.5 or units == 0:
            return units
        if kind < 0.9:
            return f"{max(units - 1, 0)}.{self.one(('5', '25', '875', '333333'))}"
        return f"{units * 3 - 1}/3"

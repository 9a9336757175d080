"""Sharing an amount out to the last cent: parts always sum to the whole.

Largest remainder, as published money libraries do it (https://www.rubydoc.info/gems/philiprehberger-money): everybody
gets their exact part cut down to whole cents, and the cents left over go to the largest cut-offs, the earlier first.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm


def allocate(total: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Share `total` cents out by weights.

    Args:
        total: whole cents; negative amounts are shared out like positive ones.
        weights: exact, none negative, not all zero.

    Returns:
        Whole cents in the order of the weights, which sum to `total`.

    Raises:
        ValueError: the weights are negative or all zero.

    Examples:
        >>> allocate(800, [1, 1, 1])
        [267, 267, 266]
    """
    scale = lcm(*(weight.denominator for weight in weights))
    sizes = [weight.numerator * (scale // weight.denominator) for weight in weights]  # whole numbers, exact and quick
    whole = sum(sizes)
    if whole <= 0 or min(sizes) < 0:
        raise ValueError("weights must not be negative, nor all zero")
    if len(weights) == 1:
        return [total]
    amount, sign = abs(total), 1 if total >= 0 else -1
    quotas = [divmod(amount * size, whole) for size in sizes]
    parts = [quota for quota, _ in quotas]
    by_cut_off = sorted(range(len(parts)), key=lambda i: (-quotas[i][1], i))
    for position in by_cut_off[: amount - sum(parts)]:
        parts[position] += 1
    return [sign * part for part in parts]

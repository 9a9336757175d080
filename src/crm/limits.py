"""The rate that a CRM allows one credential, and what follows from it.

The budget is a token bucket whose tokens have a date: a calendar of *slots*, evenly spaced, each for one call. A slot
may be used a little after its time, and later still where the calendar is thin, so `burst` is all that a span of time
can hold beyond the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, isfinite

from domain.errors import ConfigurationError

#: How late a slot may be used where few others are taken around it, in seconds.
DRIFT_S = 0.5

#: A slot may always be used this much late, whatever the rate: reading the shared row takes that long.
_LATE_S = (0.02, 0.1)

#: The lowest rate that adaptation falls to, as a part of the limit; it must stay large enough to notice a recovery.
_LOWEST_SHARE = 0.02
_LOWEST_RATE = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings of the budget of one credential.

    Attributes:
        rate: the most calls in a second, of all workers together: what the CRM allows, or what we may ask of it.
        live_share: part of the rate that replays and backfills never touch.
        slice_size: the most permits that a worker leases at once.
        horizon_s: how far ahead a worker leases, in seconds.
        skew_s: the most that clocks of two workers differ, in seconds.
        open_after: calls in a row without an answer that open the circuit.
        probe_s: how long a probe may take; longer than the time-out of a call, in seconds.
        longest_probe_wait_s: between two probes of a CRM that does not answer, in seconds.
    """

    rate: float
    live_share: float = 0.5
    slice_size: int = 6
    horizon_s: float = 8.0
    skew_s: float = 0.5
    open_after: int = 5
    probe_s: float = 60.0
    longest_probe_wait_s: float = 300.0

    def __post_init__(self) -> None:
        """Refuse what no budget can keep.

        Raises:
            ConfigurationError: names the field, its value and what is expected.
        """
        _expect(self, "rate", 0.01, 1000)
        _expect(self, "live_share", 0, 0.9)
        _expect(self, "slice_size", 1, 100)
        _expect(self, "horizon_s", 1, 60)
        _expect(self, "skew_s", 0, 60)
        _expect(self, "open_after", 1, 1000)
        _expect(self, "probe_s", 1, 900)
        _expect(self, "longest_probe_wait_s", 1, 3600)

    @property
    def pace_m(self) -> int:
        """Slots in 1,000 seconds: so many that calls late in their slots still keep to the rate in every second."""
        return pace_m(self.rate)

    @property
    def width_us(self) -> int:
        """From one slot to the next, in microseconds."""
        return ceil(10**9 / self.pace_m)

    @property
    def lowest_m(self) -> int:
        """The rate that adaptation never goes below, in calls in 1,000 seconds."""
        return min(self.pace_m, round(1000 * max(_LOWEST_RATE, self.rate * _LOWEST_SHARE)))


@lru_cache(maxsize=16)
def pace_m(rate: float) -> int:
    """The pace, in calls in 1,000 seconds, that keeps to a rate in every second though calls start late.

    Calls of a second come from slots of that second and of `late` before it, so (1 + late) * pace <= rate.
    """
    shortest, longest = _LATE_S
    return max(1, int(1000 * rate / (1 + min(max(0.5 / rate, shortest), longest))))


def late_us(rate_m: int, limits: Limits) -> int:
    """How late a slot may be used at this rate without exceeding the limit in any second, in microseconds.

    Open slots lie evenly at the pace, at half of it, at a quarter; at a rate between, here and there as densely as at
    the next one above.
    """
    densest_m = float(limits.pace_m)
    while densest_m / 2 >= rate_m:
        densest_m /= 2
    half = int(500_000_000 / densest_m)  # of the distance between two calls
    if limits.rate < 1:
        return half  # no quota counts such a rate by the second
    shortest_us = int(_LATE_S[0] * 1_000_000)
    return max(shortest_us, min(half, int(1_000_000 * (1000 * limits.rate / densest_m - 1))))


def burst(limits: Limits, workers: int) -> int:
    """How many calls any span of time may hold beyond rate * span.

    In a span of t seconds start at most `limits.rate * t + burst(limits, workers)` calls. Where the workers' clocks
    agree, a CRM that counts its rate in every sliding second sees no call too many at full load; the drift is used only
    where the calendar is thin.

    Args:
        limits: of the credential.
        workers: that run at once; each may be held up between its permit and its call.
    """
    late_s = max(DRIFT_S, late_us(limits.pace_m, limits) / 1_000_000)
    return ceil(limits.rate * (late_s + limits.skew_s)) + 2 + workers


def _expect(limits: Limits, name: str, least: float, most: float) -> None:
    value = getattr(limits, name)
    if not isfinite(value) or not least <= value <= most:
        raise ConfigurationError(
            f"the CRM budget's {name} is {value}; expected a number from {least} to {most}; put the setting right"
        )

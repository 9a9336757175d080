"""How long to wait: full-jitter exponential, and what a reply asks for. Jitter only adds to what a reply asks for."""

from __future__ import annotations

#: The first wait after a 429 that names none, and the longest, in seconds.
THROTTLED_S = (1.0, 60.0)

#: The first wait of an open circuit, in seconds; the longest is a setting.
PROBE_S = 5.0

#: The least wait where nothing is known: no jitter makes it none at all, in seconds.
LEAST_S = 0.25

#: The most that jitter adds to a wait that the CRM asked for, in seconds.
_SPREAD_S = 1.0


def full_jitter_s(first_s: float, longest_s: float, attempts: int, jitter: float) -> float:
    """Anything up to the doubled wait of the attempt before.

    Args:
        first_s: the longest wait after the first attempt.
        longest_s: the longest wait ever.
        attempts: that failed before this one.
        jitter: from 0 to below 1.
    """
    return max(LEAST_S, jitter * min(longest_s, first_s * 2.0 ** min(attempts, 30)))


def asked_s(asked: float, skew_s: float, jitter: float) -> float:
    """The wait that a reply asks for, kept by workers whose clocks differ, and never less.

    Args:
        asked: by the reply, in seconds.
        skew_s: by how much clocks may differ.
        jitter: from 0 to below 1.
    """
    return asked + skew_s + jitter * min(_SPREAD_S, asked / 10)

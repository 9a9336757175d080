"""The rate limit that a CRM enforces itself."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Quota:
    """So many calls in any window of time; a refused call counts for nothing.

    Attributes:
        calls: allowed in a window.
        window_s: length of the sliding window, in seconds.
        refused: calls that were.
    """

    calls: int
    window_s: float = 1.0
    refused: int = 0
    _taken: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> float:
        """Count a call; returns 0, or the seconds until the next one is allowed."""
        self._forget(now)
        if len(self._taken) >= self.calls:
            self.refused += 1
            return self._taken[0] + self.window_s - now
        self._taken.append(now)
        return 0.0

    def headers(self, now: float) -> dict[str, str]:
        """What a CRM that tells its limits would say now."""
        self._forget(now)
        reset = self._taken[0] + self.window_s - now if self._taken else self.window_s
        return {
            "x-ratelimit-limit": str(self.calls),
            "x-ratelimit-remaining": str(self.calls - len(self._taken)),
            "x-ratelimit-window": f"{self.window_s:g}",
            "x-ratelimit-reset": f"{reset:.3f}",
        }

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] <= now - self.window_s:
            self._taken.popleft()

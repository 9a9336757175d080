"""What goes wrong between a caller and the CRM, on request or by chance, drawn from a seed.

Forms, by what the caller sees and what the CRM has done:

    429, 503, 502_html, 500_empty     a status; nothing was done
    500_done                          500 with an empty body; it was done
    reset                             the connection is reset; nothing was done
    hang                              no reply at all; nothing was done
    lost                              it was done, then the connection is reset
    lost_hang                         it was done, and no reply comes
    late                              no reply, and it is done `late_s` later
    fault, fault_done                 Fault -1, nothing done or done
    garbage, cut, doctype, entity, huge, redirect, empty, nil, slow     done, and the reply is not as it should be
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

#: Nothing reaches the CRM.
BEFORE = frozenset({"429", "503", "502_html", "500_empty", "reset", "hang", "fault"})
#: The CRM does it, the caller does not learn it properly.
AFTER = frozenset(
    {
        *("500_done", "lost", "lost_hang", "fault_done"),
        *("garbage", "cut", "doctype", "entity", "huge", "redirect", "empty", "nil", "slow"),
    }
)
FORMS = BEFORE | AFTER | {"late"}


@dataclass(frozen=True)
class Settings:
    """How the CRM behaves.

    Attributes:
        latency_s: of each call.
        jitter_s: added to it at random, up to this.
        quota_per_s: calls that it takes per second; 0 for any number.
        burst: calls that it takes at once after a rest.
        retry_after: how a 429 tells when to come back: `seconds`, `date` or `none`.
        retry_after_s: what it tells.
        rate_headers: whether each reply tells the quota.
        chances: form to the chance of it, 0 to 1, per call.
        late_s: after which a late call is done.
        hang_s: after which a hanging connection is closed.
        slow_s: between two bytes of a slow reply.
        huge_bytes: of a huge reply.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    quota_per_s: float = 0.0
    burst: float = 1.0
    retry_after: str = "seconds"
    retry_after_s: float = 1.0
    rate_headers: bool = False
    chances: dict[str, float] = field(default_factory=dict)
    late_s: float = 2.0
    hang_s: float = 60.0
    slow_s: float = 0.05
    huge_bytes: int = 40 * 1024 * 1024

    def but(self, **changes: Any) -> Settings:
        """With these changed.

        Raises:
            ValueError: one of them is no setting.
        """
        unknown = set(changes) - {each.name for each in fields(self)}
        unknown |= {f"chances.{form}" for form in changes.get("chances", {}) if form not in FORMS}
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        return replace(self, **changes)


@dataclass
class Next:
    """What happens to the next calls.

    Attributes:
        form: of trouble.
        times: how many calls.
        operation: only of this one; `*` for any.
    """

    form: str
    times: int = 1
    operation: str = "*"

    def meets(self, operation: str) -> bool:
        return self.times > 0 and self.operation in ("*", operation)


class Troubles:
    """Decides what happens to each call.

    Args:
        seed: of chance.
        clock: seconds that only grow.
    """

    def __init__(self, seed: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self.reset(seed)

    def reset(self, seed: int = 0) -> None:
        with self._lock:
            self.settings = Settings()
            self.happened: Counter[str] = Counter()
            self._random = random.Random(seed)
            self._next: list[Next] = []
            self._tokens = self.settings.burst
            self._filled_at = self._clock()

    def change(self, changes: dict[str, Any]) -> None:
        with self._lock:
            seed = changes.pop("seed", None)
            if seed is not None:
                self._random = random.Random(seed)
            self.settings = self.settings.but(**changes)
            self._tokens, self._filled_at = self.settings.burst, self._clock()

    def plan(self, order: dict[str, Any]) -> None:
        """Raises: ValueError: it is no form."""
        if order.get("form") not in FORMS:
            raise ValueError(f"no such form: {order.get('form')}; one of {', '.join(sorted(FORMS))}")
        with self._lock:
            self._next.append(Next(**order))

    def draw(self, operation: str) -> str:
        """The form of trouble that this call meets; empty for none."""
        with self._lock:
            form = self._planned(operation) or self._over_quota() or self._by_chance()
            if form:
                self.happened[form] += 1
            return form

    def latency(self) -> float:
        with self._lock:
            return self.settings.latency_s + self._random.uniform(0, self.settings.jitter_s)

    def headers(self, form: str) -> dict[str, str]:
        """What HTTP tells beside the reply."""
        with self._lock:
            told = {}
            if self.settings.rate_headers:
                told = {
                    "X-RateLimit-Limit": f"{self.settings.quota_per_s:.0f}",
                    "X-RateLimit-Remaining": str(max(0, int(self._tokens))),
                }
            if form == "429" and self.settings.retry_after == "seconds":
                told["Retry-After"] = f"{self.settings.retry_after_s:.0f}"
            if form == "429" and self.settings.retry_after == "date":
                then = datetime.fromtimestamp(time.time() + self.settings.retry_after_s, UTC)
                told["Retry-After"] = format_datetime(then, usegmt=True)
            return told

    def _planned(self, operation: str) -> str:
        for planned in self._next:
            if planned.meets(operation):
                planned.times -= 1
                return planned.form
        return ""

    def _over_quota(self) -> str:
        if not self.settings.quota_per_s:
            return ""
        now = self._clock()
        filled = self._tokens + (now - self._filled_at) * self.settings.quota_per_s
        self._tokens, self._filled_at = min(self.settings.burst, filled), now
        if self._tokens < 1:
            return "429"
        self._tokens -= 1
        return ""

    def _by_chance(self) -> str:
        drawn = self._random.random()
        for form, chance in sorted(self.settings.chances.items()):
            if drawn < chance:
                return form
            drawn -= chance
        return ""

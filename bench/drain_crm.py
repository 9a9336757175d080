"""The CRM of a drain: it takes its time, keeps its quota, and of a few early writes its answer is lost."""

from __future__ import annotations

import random
from collections.abc import Callable

from bench.virtual import EPOCH
from dev.crm.addon import shipped
from dev.crm.faults import FaultyCalls
from dev.crm.model import CrmModel
from dev.crm.plans import Form, Injected, Seeded
from dev.crm.quota import Quota
from dev.crm.road import Way
from dev.crm.schema import with_addon

USER, PASSWORD = "dealwire", "secret"

#: Of the CRM.
LATENCY_S, QUOTA = 1.2, 20
#: Calls whose answer is lost though they are done, of those in the first minute.
LOST, LOSING_S = 0.01, 60.0


class Crm:
    """A CRM and the way to it; of a few early writes the answer is lost.

    Attributes:
        model: what it holds.
        calls: to it.
    """

    def __init__(self, seconds: Callable[[], float], sleep: Callable[[float], None], chance: random.Random) -> None:
        """Build an empty CRM with our add-on.

        Args:
            seconds: since `EPOCH`.
            sleep: lets so many pass.
            chance: which answers are lost.
        """
        self._seconds = seconds
        self._begins_s = 0.0
        self._losing = Seeded(chance, {Form("time-out", "lost"): LOST})
        self.model = CrmModel(self._now, schema=with_addon(shipped()), users={USER: PASSWORD}, idle_s=1e9)
        way = Way(
            now=self._now,
            sleep=sleep,
            later=self.model.later,
            expire=self.model.logins.expire,
            latency_s=lambda _operation, _rows: LATENCY_S,
        )
        self.calls = FaultyCalls(self.model, way, self, quota=Quota(QUOTA))

    def _now(self) -> float:
        return EPOCH.timestamp() + self._seconds()

    def begin(self, at_s: float) -> None:
        """What came before does not count."""
        self._begins_s = at_s
        self.calls.arrivals.clear()
        self.model.calls.clear()
        self.model.log.clear()

    def draw(self, operation: str, at: float, *, write: bool) -> Injected | None:
        """Implements `dev.crm.plans.Plan`."""
        is_early = 0 <= at - EPOCH.timestamp() - self._begins_s < LOSING_S
        return self._losing.draw(operation, at, write=write) if is_early else None

    def made(self, from_s: float = 0.0) -> tuple[int, int]:
        """Calls that came to its door from this second on, and those of them that it refused."""
        begins = EPOCH.timestamp() + self._begins_s + from_s
        answered = [ok for at, _, ok in self.calls.arrivals if at >= begins]
        return len(answered), answered.count(False)

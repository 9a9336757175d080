"""One call on its way to a CRM: how long it takes, where it breaks, and what has become of it then."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Generic, TypeVar

from crm.suitecrm.calls import Broke, SoapFault, WireFault
from dev.crm.plans import Form, Injected, Plan, Script
from dev.crm.quota import Quota

T = TypeVar("T")

_DIED = "Unknown error in SOAP call: service died unexpectedly"
#: A refused connection, and a 429, are noticed at once.
_REFUSED_S = 0.05
_AFTER_NEWER = Form("time-out", "late after newer")
_OVER_QUOTA = Form("throttled", "quota")
_TOO_SLOW = Form("time-out", "too slow")
#: Forms after which all of it was done, although the sender sees an error.
_ALL = frozenset({"done", "500 done", "504 done"})


@dataclass(frozen=True, slots=True)
class Way:
    """What a way to a CRM needs from around it.

    Attributes:
        now: UNIX seconds.
        sleep: lets so many seconds pass.
        later: has an effect executed at a time (`CrmModel.later`).
        expire: ends all sessions (`CrmModel.logins.expire`).
        latency_s: how long a call of this operation with so many rows takes.
        heard: told the headers of every answer that is no error of the wire.
    """

    now: Callable[[], float]
    sleep: Callable[[float], None]
    later: Callable[[float, Callable[[], object]], None]
    expire: Callable[[], None]
    latency_s: Callable[[str, int], float] = lambda _operation, _rows: 0.0
    heard: Callable[[Mapping[str, str]], None] | None = None


@dataclass(frozen=True, slots=True)
class Journey(Generic[T]):
    """One call on its way: of a write, `effect(n)` does the first n rows."""

    operation: str
    timeout_s: float
    effect: Callable[[int], T]
    rows: int
    ids: tuple[str, ...]


class Road:
    """The way itself, the same for every operation.

    Attributes:
        plan: decides what goes wrong.
        counts: (kind, form) to how often it happened.
        arrivals: (time, operation, answered) of every call that reached the CRM's door; answered: not with a 429.
        told: (time, until) of every Retry-After that was given.
        quota: enforced at the door; None: no limit.
        quota_hint: form of its 429: `no hint`, `seconds` or `date`.
        tells: rate headers are sent with every answer.
    """

    def __init__(self, way: Way, plan: Plan | None = None, *, quota: Quota | None = None, tells: bool = False) -> None:
        self._way = way
        self.plan: Plan = plan or Script()
        self.counts: Counter[Form] = Counter()
        self.arrivals: list[tuple[float, str, bool]] = []
        self.told: list[tuple[float, float]] = []
        self.quota = quota
        self.quota_hint = "seconds"
        self.tells = tells
        self._refusing: tuple[float, str] = (-math.inf, "")
        self._written: dict[str, float] = {}

    def go(self, journey: Journey[T]) -> T:
        """Let the call happen, or not, or break.

        Raises:
            SoapFault: the CRM answered so, or the plan.
            WireFault: there is no answer.
        """
        at = self._way.now()
        injected = self.plan.draw(journey.operation, at, write=bool(journey.ids))
        if injected is not None and injected.form.kind == "unsent":
            self._way.sleep(min(_REFUSED_S, journey.timeout_s))
            raise self._counted(injected.form, WireFault(Broke.UNSENT, "connection refused"))
        self._door(journey, at, injected)
        took = self._way.latency_s(journey.operation, journey.rows)
        if injected is not None and injected.form.kind == "latency":
            self.counts[injected.form] += 1
            took *= injected.times
        elif injected is not None and injected.form.kind == "session":
            self.counts[injected.form] += 1
            self._way.expire()
        elif injected is not None:
            raise self._broken(journey, injected, took)
        return self._arrived(journey, took)

    def _arrived(self, journey: Journey[T], took: float) -> T:
        """Nothing is in its way; but it may take longer than its sender waits."""
        if took >= journey.timeout_s:
            self.counts[_TOO_SLOW] += 1
            self._late(journey, self._way.now() + took / 2)
            self._way.sleep(journey.timeout_s)
            raise WireFault(Broke.CUT, "time-out")
        self._way.sleep(took / 2)
        try:
            answer = self._done(journey, journey.rows)
        finally:
            self._way.sleep(took / 2)
            if self._way.heard is not None:
                self._way.heard(self._headers())
        return answer

    def _door(self, journey: Journey[T], at: float, injected: Injected | None) -> None:
        """429, if it is one: in a storm, behind a Retry-After, over the quota."""
        form = injected.form if injected is not None and injected.form.kind in {"throttled", "storm"} else None
        if form is not None and injected is not None:
            self._refusing = (at + injected.seconds, form.form)
            self.counts[form] += 1
        until, hint = self._refusing
        if at >= until and self.quota is not None and (wait := self.quota.take(at)):
            until, hint = at + wait, self.quota_hint
            self.counts[_OVER_QUOTA] += 1
        self.arrivals.append((at, journey.operation, at >= until))
        if at < until:
            self._way.sleep(min(_REFUSED_S, journey.timeout_s))
            raise WireFault(Broke.STATUS, "HTTP 429", status=429, headers=self._hint(at, until, hint) | self._headers())

    def _hint(self, at: float, until: float, hint: str) -> dict[str, str]:
        """Retry-After in either form; whole seconds, never less than the truth."""
        if hint == "no hint":
            return {}
        self.told.append((at, until))
        if hint == "date":
            return {"retry-after": format_datetime(datetime.fromtimestamp(math.ceil(until), UTC), usegmt=True)}
        return {"retry-after": str(math.ceil(until - at))}

    def _headers(self) -> dict[str, str]:
        return self.quota.headers(self._way.now()) if self.tells and self.quota is not None else {}

    # ------------------------------------------------------------------------------------------------- what breaks

    def _broken(self, journey: Journey[T], injected: Injected, took: float) -> Exception:
        """Let it happen, and return what the sender sees."""
        kind, form = injected.form
        if kind == "time-out":
            self._given_up(journey, injected)
            return self._counted(injected.form, WireFault(Broke.CUT, "time-out"))
        self._way.sleep(min(took, journey.timeout_s))
        if form in _ALL:
            self._silently(journey, journey.rows)
        elif form == "prefix":
            self._silently(journey, self._part(journey, injected))
        return self._counted(injected.form, _seen(kind, form))

    def _given_up(self, journey: Journey[T], injected: Injected) -> None:
        form, sent = injected.form.form, self._way.now()
        if form == "late":
            self._late(journey, sent + max(injected.seconds, journey.timeout_s))
        elif form == "lost":
            self._silently(journey, journey.rows)
        elif form == "prefix":
            self._silently(journey, self._part(journey, injected))
        self._way.sleep(journey.timeout_s)

    def _late(self, journey: Journey[T], at: float) -> None:
        """Executed when its sender does not wait any more; perhaps over newer writes."""
        sent = self._way.now()

        def effect() -> None:
            if any(self._written.get(each, -math.inf) > sent for each in journey.ids):
                self.counts[_AFTER_NEWER] += 1
            journey.effect(journey.rows)

        self._way.later(at, effect)

    def _silently(self, journey: Journey[T], rows: int) -> None:
        """It happens, and nobody hears of it, of a fault neither."""
        if journey.rows and not rows:
            return
        try:
            self._done(journey, rows)
        except SoapFault:
            return

    def _done(self, journey: Journey[T], rows: int) -> T:
        answer = journey.effect(rows)
        self._written.update(dict.fromkeys(journey.ids[:rows], self._way.now()))
        return answer

    def _part(self, journey: Journey[T], injected: Injected) -> int:
        return int(journey.rows * min(injected.share, 0.999))

    def _counted(self, form: Form, error: Exception) -> Exception:
        self.counts[form] += 1
        return error


def _seen(kind: str, form: str) -> Exception:
    """What the sender sees."""
    if kind == "status":
        status = int(form.partition(" ")[0])
        return WireFault(Broke.STATUS, f"HTTP {status}", status=status, empty=status == 500)
    if kind == "died":
        return SoapFault("-1", _DIED)
    return WireFault(Broke.CUT, "connection reset by peer")

"""The document that all workers of one credential share: rate, calendar, waits and circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from crm.limits import Limits, pace_m
from crm.slots import Calendar
from domain.crm.standing import LineState, Passage


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """The budget as it is stored. Times are milliseconds since 1970; 0 stands for never or none.

    Attributes:
        epoch: permits of an older one are void.
        width_us: of the slots.
        base: first slot of the calendar.
        taken: its bits, in hexadecimal.
        rate_m: the rate now, in calls in 1,000 seconds.
        told_m: the pace that the CRM's own headers allow.
        raised_ms: when the rate was last looked at for a rise.
        cut_ms: when it was last cut because the CRM became slow.
        strikes: how many climbs ended with a 429 since the rate was at its limit; each makes the next one slower.
        blocks: 429s without a good answer between; each doubles a wait that the CRM does not name.
        blocked_until: no call before.
        blocked_quota: because an allowance of a day is used up.
        fails: calls in a row that had no answer.
        openings: probes in a row, the opening call included, that had no answer.
        probe_at: the circuit is open, and this is when the next probe is due.
        probe: number of the last probe.
        probe_until: when it counts as lost.
        ramping: the CRM is back, and the rate doubles with success.
        fast_ms: latency of the last calls.
        slow_ms: latency as it usually is.
        timed: calls that tell so, as far as the count matters.
        stopped: why a person must act.
        stopped_of: fingerprint of the credentials that the CRM refused.
    """

    epoch: int = 0
    width_us: int = 0
    base: int = 0
    taken: str = "0"
    rate_m: int = 0
    told_m: int = 0
    raised_ms: int = 0
    cut_ms: int = 0
    strikes: int = 0
    blocks: int = 0
    blocked_until: int = 0
    blocked_quota: bool = False
    fails: int = 0
    openings: int = 0
    probe_at: int = 0
    probe: int = 0
    probe_until: int = 0
    ramping: bool = False
    fast_ms: int = 0
    slow_ms: int = 0
    timed: int = 0
    stopped: str = ""
    stopped_of: str = ""

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> BudgetRow:
        """Read a stored document; what it lacks is as in a new one, so that older and newer code can share it."""
        return cls(**{name: kind(document[name]) for name, kind in _KINDS.items() if name in document})

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: getattr(self, name) for name in _KINDS}

    def fitted(self, limits: Limits) -> BudgetRow:
        """The same under these limits: with another pace the calendar begins anew, and old permits are void."""
        row = self
        if row.width_us != limits.width_us:
            scale = limits.pace_m if not row.width_us else row.rate_m * row.width_us * limits.pace_m // 10**9
            row = replace(row, width_us=limits.width_us, base=0, taken="0", rate_m=scale, epoch=row.epoch + 1)
        rate_m = max(limits.lowest_m, min(row.rate_m, row.cap_m(limits)))
        return row if rate_m == row.rate_m else replace(row, rate_m=rate_m)

    def cap_m(self, limits: Limits) -> int:
        """The most that the rate may be, in calls in 1,000 seconds."""
        return max(limits.lowest_m, min(limits.pace_m, self.told_m or limits.pace_m))

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open: only probes go through."""
        return self.probe_at > 0

    @property
    def calendar(self) -> Calendar:
        """The slots."""
        return Calendar(self.width_us, self.base, int(self.taken, 16))

    def with_calendar(self, calendar: Calendar) -> BudgetRow:
        """The same with these slots."""
        return replace(self, base=calendar.base, taken=f"{calendar.taken:x}")

    def next_probe(self) -> int:
        """When the next probe may leave; the one on its way comes first."""
        return max(self.probe_at, self.probe_until)


#: Name to type of each value; numbers may come back from storage as another type of number.
_KINDS: dict[str, Any] = {name: type(value) for name, value in asdict(BudgetRow()).items()}


def told_pace_m(rate: float) -> int:
    """The pace for a rate that a header names; 0 if it names none."""
    return pace_m(rate) if rate > 0 else 0


def standing(document: Mapping[str, Any], now: datetime, *, fingerprint: str = "") -> LineState:
    """How the credential stands, from its stored document.

    Args:
        document: `budget/<credential>` of the shared rows.
        now: the time.
        fingerprint: of the credentials in use; others than those that the CRM refused are not stopped. Empty: unknown.
    """
    row = BudgetRow.parse(document)
    now_ms = int(now.timestamp() * 1000)
    if row.stopped and fingerprint in {"", row.stopped_of}:
        return LineState(Passage.STOPPED, None, row.stopped)
    if row.is_open:
        why = f"the CRM did not answer {row.openings} times in a row"
        return LineState(Passage.BROKEN, _moment(max(row.next_probe(), row.blocked_until)), why)
    if row.blocked_until > now_ms:
        why = "its allowance is used up" if row.blocked_quota else "it asked us to wait"
        return LineState(Passage.WAITS, _moment(row.blocked_until), why)
    return LineState(Passage.FREE)


def rate_now(document: Mapping[str, Any], limits: Limits) -> float:
    """Calls a second that the stored document allows now."""
    return BudgetRow.parse(document).fitted(limits).rate_m / 1000


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)

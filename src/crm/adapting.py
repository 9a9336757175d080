"""How the shared budget changes with what workers learn: pure functions, row to row.

The rate falls at once and rises slowly (AIMD): x 0.7 with a 429, x 0.8 when the CRM's latency doubles, then by a
sixtieth of the limit each second in which it answers. After an outage it starts small and doubles each second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp

from crm import backoff
from crm.budget_row import BudgetRow, told_pace_m
from crm.headers import QUOTA_S, Told
from crm.limits import Limits

#: From nothing to the limit. The more 429s ended a climb since the rate was at its limit, the slower the next one;
#: those that follow each other within the second figure ended only one.
_CLIMB_MS = 60_000
_STORM_MS = 3_000
_MOST_STRIKES = 10

#: No more than this counts as the time of one success, in milliseconds.
_LONGEST_STEP_MS = 5_000

#: One 429 and one slowing-down: what remains of the rate.
_THROTTLED_KEEPS = 0.7
_SLOW_KEEPS = 0.8

#: Latency alone never brings the rate below this part of its limit: a batch takes longer than a look-up.
_SLOW_LEAVES = 0.25

#: The CRM is slow if it takes twice its usual time, and this much more, in milliseconds.
_SLOW_BY_MS = 500
_CUT_EVERY_MS = 5_000

#: So many calls tell how long one usually takes.
_FEW_CALLS = 100

#: The usual latency follows the last one with this time constant, in milliseconds.
_USUAL_MS = 600_000

#: The rate after an outage, as a part of the limit, and how long until it is doubled.
_RAMP_FROM = 0.05
_RAMP_MS = 1_000


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is true of everything that a worker learns.

    Attributes:
        at_ms: when, in milliseconds since 1970.
        epoch: of the permit that the call had.
        probe: number of the probe that the worker holds; 0 if none.
        jitter: from 0 to below 1.
    """

    at_ms: int
    epoch: int
    probe: int
    jitter: float


def answered(row: BudgetRow, limits: Limits, learnt: Learnt, calls: int, took_ms: int) -> BudgetRow:
    """The CRM answered.

    Args:
        row: the budget.
        limits: of the credential.
        learnt: when, and by whom.
        calls: how many answers are told together.
        took_ms: how long they took on average; 0 if that says nothing about the CRM.
    """
    row = _alive(row, limits, learnt)
    if row.is_open:
        return row
    row = _timed(row, learnt, calls, took_ms) if took_ms else row
    return _raised(replace(row, blocks=0), limits, learnt)


def heard(row: BudgetRow, limits: Limits, learnt: Learnt, told: Told) -> BudgetRow:
    """The headers of a good answer are believed."""
    row = _told(row, limits, told)
    if told.spent_s:
        row = _blocked(row, learnt.at_ms + _ms(told.spent_s), quota=told.quota)
    return row


def throttled(row: BudgetRow, limits: Limits, learnt: Learnt, told: Told, *, quota: bool) -> BudgetRow:
    """The CRM refused a call because of its rate or its quota: the whole credential waits.

    Calls that were on their way already say nothing new, but that they may ask for a longer wait.
    """
    row = _alive(row, limits, learnt)
    asked = told.wait_s or (QUOTA_S if quota else 0.0)
    if learnt.epoch >= row.epoch:
        row = replace(
            row,
            rate_m=max(limits.lowest_m, int(row.rate_m * _THROTTLED_KEEPS)),
            strikes=min(_MOST_STRIKES, row.strikes + (learnt.at_ms > row.blocked_until + _STORM_MS or not row.strikes)),
            blocks=row.blocks + 1,
            ramping=False,
            raised_ms=learnt.at_ms,
        )
        row = _void(row, learnt.at_ms)
    elif not asked:
        return row
    first_s, longest_s = backoff.THROTTLED_S
    wait_s = (
        backoff.asked_s(asked, limits.skew_s, learnt.jitter)
        if asked
        else backoff.full_jitter_s(first_s, longest_s, row.blocks - 1, learnt.jitter)
    )
    return _blocked(_told(row, limits, told), learnt.at_ms + _ms(wait_s), quota=quota or told.quota)


def unanswered(row: BudgetRow, limits: Limits, learnt: Learnt, told: Told) -> BudgetRow:
    """A call had no answer: so many in a row open the circuit, one does while the CRM comes back, or of a probe."""
    if told.retry_after_s:
        wait_s = backoff.asked_s(told.retry_after_s, limits.skew_s, learnt.jitter)
        row = _blocked(row, learnt.at_ms + _ms(wait_s), quota=False)
    if row.is_open:
        return _opened(row, limits, learnt) if learnt.probe and learnt.probe == row.probe else row
    if learnt.epoch < row.epoch:
        return row  # it left before the last opening or block
    row = replace(row, fails=row.fails + 1)
    return _opened(row, limits, learnt) if row.ramping or row.fails >= limits.open_after else row


def denied(row: BudgetRow, limits: Limits, learnt: Learnt, why: str, fingerprint: str) -> BudgetRow:
    """The CRM refuses these credentials: nothing goes on with them until a person acts."""
    return replace(_alive(row, limits, learnt), stopped=why, stopped_of=fingerprint)


def resumed(row: BudgetRow) -> BudgetRow:
    """A person acted."""
    return replace(row, stopped="", stopped_of="")


def probing(row: BudgetRow, limits: Limits, now_ms: int) -> BudgetRow:
    """A worker sets out to probe; whoever writes this first is the one."""
    return replace(row, probe=row.probe + 1, probe_until=now_ms + _ms(limits.probe_s))


def _alive(row: BudgetRow, limits: Limits, learnt: Learnt) -> BudgetRow:
    """The CRM gave an answer; while the circuit is open only that to a probe counts."""
    row = replace(row, fails=0) if learnt.epoch >= row.epoch else row
    if not row.is_open or not learnt.probe or learnt.probe != row.probe:
        return row
    rate_m = max(limits.lowest_m, int(row.cap_m(limits) * _RAMP_FROM))
    return replace(row, probe_at=0, probe_until=0, fails=0, ramping=True, rate_m=rate_m, raised_ms=learnt.at_ms)


def _opened(row: BudgetRow, limits: Limits, learnt: Learnt) -> BudgetRow:
    wait_s = backoff.full_jitter_s(backoff.PROBE_S, limits.longest_probe_wait_s, row.openings, learnt.jitter)
    row = replace(
        row,
        probe_at=learnt.at_ms + _ms(wait_s),
        probe_until=0,
        openings=row.openings + 1,
        ramping=False,
    )
    return _void(row, learnt.at_ms)


def _void(row: BudgetRow, at_ms: int) -> BudgetRow:
    """All permits are void."""
    return replace(row, epoch=row.epoch + 1).with_calendar(row.calendar.forget_after(at_ms * 1000))


def _blocked(row: BudgetRow, until_ms: int, *, quota: bool) -> BudgetRow:
    if until_ms <= row.blocked_until:
        return row
    return replace(row, blocked_until=until_ms, blocked_quota=quota)


def _told(row: BudgetRow, limits: Limits, told: Told) -> BudgetRow:
    told_m = told_pace_m(told.rate)
    if not told_m or told_m == row.told_m:
        return row
    row = replace(row, told_m=told_m)
    return replace(row, rate_m=min(row.rate_m, row.cap_m(limits)))


def _timed(row: BudgetRow, learnt: Learnt, calls: int, took_ms: int) -> BudgetRow:
    timed = row.timed + calls
    known = calls / timed  # a mean of all calls, while they are few
    fast_ms = round(row.fast_ms + (took_ms - row.fast_ms) * max(known, 1 - 0.9**calls))
    passed_ms = max(0, min(learnt.at_ms - row.raised_ms, _LONGEST_STEP_MS))
    pull = 1 - exp(-passed_ms / _USUAL_MS) if fast_ms > row.slow_ms else 0.1
    slow_ms = round(row.slow_ms + (fast_ms - row.slow_ms) * max(known if timed < _FEW_CALLS else 0.0, pull))
    return replace(row, fast_ms=fast_ms, slow_ms=max(1, slow_ms), timed=min(timed, _FEW_CALLS))


def _raised(row: BudgetRow, limits: Limits, learnt: Learnt) -> BudgetRow:
    """A success lets the rate rise by the time since the last; a slow CRM brings it down."""
    cap_m = row.cap_m(limits)
    if row.fast_ms > 2 * row.slow_ms and row.fast_ms > row.slow_ms + _SLOW_BY_MS:
        return _slowed(row, limits, learnt)
    passed_ms = learnt.at_ms - row.raised_ms
    if row.rate_m >= cap_m:
        return replace(row, raised_ms=learnt.at_ms, strikes=0, openings=0, ramping=False)
    if row.ramping:
        rate_m = row.rate_m * 2 if passed_ms >= _RAMP_MS else row.rate_m
    else:
        rate_m = row.rate_m + cap_m * min(passed_ms, _LONGEST_STEP_MS) // (_CLIMB_MS * max(1, row.strikes))
    if rate_m <= row.rate_m:
        return row
    return replace(row, rate_m=min(cap_m, rate_m), raised_ms=learnt.at_ms)


def _slowed(row: BudgetRow, limits: Limits, learnt: Learnt) -> BudgetRow:
    least_m = max(limits.lowest_m, int(row.cap_m(limits) * _SLOW_LEAVES))
    if learnt.at_ms - row.cut_ms < _CUT_EVERY_MS or row.rate_m <= least_m:
        return replace(row, raised_ms=learnt.at_ms)
    rate_m = max(least_m, int(row.rate_m * _SLOW_KEEPS))
    return replace(row, rate_m=rate_m, cut_ms=learnt.at_ms, raised_ms=learnt.at_ms)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

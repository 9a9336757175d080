"""What a worker that wants to call does next, from the shared budget and the permits that it holds: pure.

A worker leases a slice of permits: slots of the calendar as far apart as its own calls are. It gives back what it
cannot use, and takes another slot if one is free much sooner than its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm.budget_row import BudgetRow
from crm.limits import Limits
from crm.slots import Calendar, Rate
from domain.crm.faults import Fault, FaultClass

#: A slot that is free this much sooner is worth a write, in microseconds.
_SOONER_US = 150_000

#: A CRM that asks for no longer wait than this is waited for, in microseconds; whoever waits longer comes again.
_LONGEST_BLOCK_US = 1_000_000

#: How often an operator is expected to look after a sink that is stopped, in seconds.
STOPPED_S = 300.0


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to call, and how often.

    Attributes:
        limits: of the credential.
        backfill: it is not for a live event.
        patience_us: how long it may wait for a permit, in microseconds.
        stride_us: from one of its calls to the next, in microseconds; 0 if unknown.
        count: how many permits it will use, this one included.
        fingerprint: of its credentials.
    """

    limits: Limits
    backfill: bool
    patience_us: int
    stride_us: int
    count: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Hand:
    """The permits that a worker holds: slots, in order, of one epoch."""

    slots: tuple[int, ...] = ()
    epoch: int = -1


@dataclass(frozen=True, slots=True)
class Go:
    """Call now; this is what remains. `missed`: permits were lost on the way."""

    hand: Hand
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again after this time, in microseconds; until then this is held."""

    us: int
    hand: Hand


@dataclass(frozen=True, slots=True)
class Lease:
    """Write this row; once it is written this is held. `missed`: permits were lost before."""

    row: BudgetRow
    hand: Hand
    missed: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """The circuit is open and a probe is due."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """No call now."""

    fault: Fault


Step = Go | Wait | Lease | Probe | Refuse


def step(row: BudgetRow, hand: Hand, wish: Wish, now_us: int) -> Step:
    """What to do next.

    Args:
        row: the budget, just read, fitted to the limits.
        hand: what the worker holds.
        wish: what it wants.
        now_us: the time, in microseconds since 1970.
    """
    if row.stopped and row.stopped_of == wish.fingerprint:
        return Refuse(Fault(FaultClass.AUTH_DENIED, row.stopped, wait_s=STOPPED_S))
    blocked_us = row.blocked_until * 1000 - now_us
    if blocked_us > min(wish.patience_us, _LONGEST_BLOCK_US) or (blocked_us > 0 and row.is_open):
        return Refuse(_blocked(row, blocked_us))
    if row.is_open:
        probe_us = row.next_probe() * 1000 - now_us
        return Refuse(_broken(row, probe_us)) if probe_us > 0 else Probe()
    if blocked_us > 0:
        return Wait(blocked_us, hand)
    return _permit(row, hand, wish, now_us)


def _permit(row: BudgetRow, hand: Hand, wish: Wish, now_us: int) -> Step:
    rate = Rate(row.rate_m, wish.limits, wish.backfill)
    calendar = row.calendar.forget_before(now_us)
    slots = _usable(hand, row, rate, calendar, now_us)
    missed = len(slots) < len(hand.slots)
    held = Hand(slots, row.epoch)
    if slots and calendar.begins_us(slots[0]) <= now_us:
        return Go(Hand(slots[1:], row.epoch), missed)
    wait_us = calendar.begins_us(slots[0]) - now_us if slots else wish.patience_us + 1
    if wait_us <= min(_SOONER_US, wish.patience_us):
        return Wait(wait_us, held)
    mine = [slot for slot in hand.slots if hand.epoch == row.epoch and calendar.begins_us(slot) > now_us]
    calendar = calendar.give_back(mine)
    leased = _leased(calendar, rate, wish, now_us)
    if leased and calendar.begins_us(leased[0]) + _SOONER_US < now_us + wait_us:
        taken = row.with_calendar(calendar.take(leased))
        return Lease(taken, Hand(tuple(leased), row.epoch), missed)
    if wait_us <= wish.patience_us:
        return Wait(wait_us, held)
    return Refuse(_busy(calendar, rate, wish, now_us))


def _usable(hand: Hand, row: BudgetRow, rate: Rate, calendar: Calendar, now_us: int) -> tuple[int, ...]:
    """Those of the held slots that still count, the first that may be used now or later before the others."""
    if hand.epoch != row.epoch:
        return ()
    slots = [slot for slot in hand.slots if rate.is_open(slot)]
    while slots and calendar.begins_us(slots[0]) <= now_us and not rate.may_use(calendar, slots[0], now_us):
        del slots[0]
    return tuple(slots)


def _leased(calendar: Calendar, rate: Rate, wish: Wish, now_us: int) -> Sequence[int]:
    """A slice: the first free slot that the worker can wait for, and others at its own pace behind it."""
    first = next(rate.free(calendar, now_us - rate.late_us // 2, now_us + wish.patience_us), None)
    if first is None:
        return []
    slots = [first]
    stride_us = max(1, wish.stride_us)
    ends_us = now_us + int(wish.limits.horizon_s * 1_000_000)
    slack_us = max(stride_us // 2, 2 * 10**9 // rate.rate_m)
    while len(slots) < wish.count:
        from_us = calendar.begins_us(slots[-1]) + stride_us
        to_us = min(ends_us, from_us + slack_us)
        following = next(rate.free(calendar, max(from_us, calendar.begins_us(slots[-1] + 1)), to_us), None)
        if following is None:
            break
        slots.append(following)
    return slots


def _busy(calendar: Calendar, rate: Rate, wish: Wish, now_us: int) -> Fault:
    horizon_us = now_us + int(wish.limits.horizon_s * 1_000_000)
    first = next(rate.free(calendar, now_us, horizon_us), None)
    wait_us = (calendar.begins_us(first) if first is not None else horizon_us) - now_us
    words = "the rate of the CRM's credential is used up by other workers; the row goes on by itself"
    return Fault(FaultClass.THROTTLED, words, wait_s=wait_us / 1_000_000)


def _blocked(row: BudgetRow, blocked_us: int) -> Fault:
    if row.blocked_quota:
        words = "the CRM's allowance is used up; calls go on by themselves when it is there again"
        return Fault(FaultClass.QUOTA, words, wait_s=blocked_us / 1_000_000)
    words = "the CRM asked us to wait; calls go on by themselves"
    return Fault(FaultClass.THROTTLED, words, wait_s=blocked_us / 1_000_000)


def _broken(row: BudgetRow, probe_us: int) -> Fault:
    words = f"the CRM did not answer {row.openings} times in a row; one call at a time tests it until it does"
    return Fault(FaultClass.UNAVAILABLE, words, wait_s=probe_us / 1_000_000)

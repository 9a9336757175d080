"""The calendar of slots: which of them are taken. Slot number i begins i * width after 1970."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from crm.limits import DRIFT_S, Limits, late_us

_SECOND_US = 1_000_000
_DRIFT_US = int(DRIFT_S * _SECOND_US)

#: The order in which slots of a cycle open as the rate rises: numbers with their bits reversed lie evenly.
_BITS = 7
_CYCLE = 1 << _BITS
_PLACE = tuple(int(f"{slot:0{_BITS}b}"[::-1], 2) for slot in range(_CYCLE))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Slots and who of them is taken.

    Attributes:
        width_us: from one slot to the next, in microseconds.
        base: the first slot that is remembered.
        taken: bit k says that slot `base + k` is taken.
    """

    width_us: int
    base: int = 0
    taken: int = 0

    def begins_us(self, slot: int) -> int:
        """When the slot begins, in microseconds since 1970."""
        return slot * self.width_us

    def first_from(self, at_us: int) -> int:
        """The first slot that begins at that time or later."""
        return -(-at_us // self.width_us)

    def has(self, slot: int) -> bool:
        """Whether the slot is taken; what is forgotten is."""
        return slot < self.base or bool(self.taken >> (slot - self.base) & 1)

    def take(self, slots: Iterable[int]) -> Calendar:
        """The same with these taken."""
        taken = self.taken
        for slot in slots:
            taken |= 1 << (slot - self.base)
        return replace(self, taken=taken)

    def give_back(self, slots: Iterable[int]) -> Calendar:
        """The same with these free."""
        taken = self.taken
        for slot in slots:
            if slot >= self.base:
                taken &= ~(1 << (slot - self.base))
        return replace(self, taken=taken)

    def forget_before(self, at_us: int) -> Calendar:
        """The same without slots that are too old to matter."""
        base = self.first_from(at_us - 2 * _SECOND_US)
        if base <= self.base:
            return self
        return replace(self, base=base, taken=self.taken >> (base - self.base))

    def forget_after(self, at_us: int) -> Calendar:
        """The same without slots to come: their holders were told that they are void."""
        coming = self.first_from(at_us) - self.base
        return replace(self, taken=self.taken & ((1 << coming) - 1) if coming > 0 else 0)

    def crowd(self, now_us: int) -> int:
        """The most calls that any second around now can see, should every slot be used as late as it may."""
        first = self.first_from(now_us - _SECOND_US - _DRIFT_US) - self.base
        windows = _SECOND_US // self.width_us + 1
        mask = (1 << (_SECOND_US + _DRIFT_US) // self.width_us + 1) - 1
        seen = self.taken << -first if first < 0 else self.taken >> first
        return max((seen >> step & mask).bit_count() for step in range(windows + 1))


@dataclass(frozen=True, slots=True)
class Rate:
    """Which slots are open at a rate: a rising rate only adds some, a falling one only takes some away.

    Attributes:
        rate_m: the rate, in calls in 1,000 seconds; at most the pace.
        limits: whose pace the slots have.
        backfill: for calls that may not use the part reserved for live ones.
    """

    rate_m: int
    limits: Limits
    backfill: bool = False

    def is_open(self, slot: int) -> bool:
        """Whether a call may have this slot at this rate, taken or not."""
        return _PLACE[slot % _CYCLE] < self._open_places

    @property
    def _open_places(self) -> float:
        share = 1 - self.limits.live_share if self.backfill else 1.0
        return max(1.0, _CYCLE * share * self.rate_m / self.limits.pace_m)

    @property
    def late_us(self) -> int:
        """How late a slot may always be used."""
        return late_us(self.rate_m, self.limits)

    def free(self, calendar: Calendar, from_us: int, to_us: int) -> Iterator[int]:
        """Open slots that nobody has taken and that begin in this time, in order."""
        places = self._open_places
        for slot in range(calendar.first_from(from_us), to_us // calendar.width_us + 1):
            if _PLACE[slot % _CYCLE] < places and not calendar.has(slot):
                yield slot

    def may_use(self, calendar: Calendar, slot: int, now_us: int) -> bool:
        """Whether the holder of the slot, whose time has come, may still call: late only as the calendar allows."""
        late = now_us - calendar.begins_us(slot)
        if late <= self.late_us:
            return True
        return late <= _DRIFT_US and self.is_thin(calendar, now_us)

    def is_thin(self, calendar: Calendar, now_us: int) -> bool:
        """Whether every second around now has room, should all others use their slots late."""
        return calendar.crowd(now_us) * 1000 <= self.rate_m

"""The year that a counter counts in, from the day of a deal.

An anniversary of 29 February falls, in common years, on the day that the plan says: 1 March unless it says otherwise,
because only then is the year before it whole.
"""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache

from commissions.rounding import to_cents
from domain.commission.plan import CapYear, Counter

#: The period of a counter that never starts anew.
EVER = "ever"


@dataclass(frozen=True, slots=True)
class Period:
    """A counter's year (or month): `starts` inclusive, `ends` exclusive; both None for ever."""

    id: str
    starts: date | None = None
    ends: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the day is in it."""
        return self.starts is None or self.ends is None or self.starts <= day < self.ends


def period(counter: Counter, day: date, anniversary: date | None) -> Period:
    """The period of the counter that the day lies in.

    Args:
        counter: of the plan.
        day: that decides.
        anniversary: of the agent; only its month and day count. Needed for counters by anniversary.

    Raises:
        ValueError: the counter needs an anniversary, and there is none.
    """
    if counter.year is CapYear.NEVER:
        return Period(EVER)
    if counter.year is CapYear.MONTH:
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return Period(f"{day:%Y-%m}", day.replace(day=1), following)
    return _year(day, *_first_day(counter, anniversary), counter.leap_day)


@lru_cache(maxsize=1024)  # a brokerage has few years, and a deal asks for a dozen
def _year(day: date, month: int, of_month: int, leap_day: str) -> Period:
    starts = _on(day.year, month, of_month, leap_day)
    if starts > day:
        starts = _on(day.year - 1, month, of_month, leap_day)
    return Period(starts.isoformat(), starts, _on(starts.year + 1, month, of_month, leap_day))


def _first_day(counter: Counter, anniversary: date | None) -> tuple[int, int]:
    if counter.year is CapYear.CALENDAR:
        return 1, 1
    if counter.year is CapYear.CUSTOM:
        month, _, of_month = (counter.starts or "01-01").partition("-")
        return int(month), int(of_month)
    if anniversary is None:
        raise ValueError("the counter goes by anniversary, and the agent has none")
    return anniversary.month, anniversary.day


def _on(year: int, month: int, of_month: int, leap_day: str) -> date:
    if (month, of_month) == (2, 29) and not isleap(year):
        return date(year, 3, 1) if leap_day == "03-01" else date(year, 2, 28)
    return date(year, month, of_month)


def prorated(cap: int, counter: Counter, year: Period, joined: date | None) -> int:
    """The cap of a year that began before the agent joined, in hundredths.

    `monthly`: by months, the joining month whole; `daily`: by days, the joining day included.
    """
    if counter.prorate == "none" or joined is None or year.starts is None or year.ends is None:
        return cap
    if joined <= year.starts or not year.holds(joined):
        return cap
    if counter.prorate == "daily":
        return to_cents(Fraction(cap * (year.ends - joined).days, (year.ends - year.starts).days))
    begun = (joined.year - year.starts.year) * 12 + joined.month - year.starts.month
    if joined.day < year.starts.day:
        begun -= 1  # counted in the year's own months, which begin on its first day
    whole = 1 if counter.year is CapYear.MONTH else 12
    return to_cents(Fraction(cap * (whole - begun), whole))

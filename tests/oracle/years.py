"""Which year of a counter a day lies in, and what its cap is then (research §1.1 "cap year", semantics of counters)."""

from __future__ import annotations

from calendar import isleap
from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle.figures import cents, rounded


def period(counter: dict[str, Any], agent: dict[str, Any], day: date) -> str:
    """The first day of the counter's year, its month, or `ever`."""
    year = counter.get("year", "anniversary")
    if year == "never":
        return "ever"
    if year == "month":
        return day.isoformat()[:7]
    return first_day(counter, agent, day).isoformat()


def first_day(counter: dict[str, Any], agent: dict[str, Any], day: date) -> date:
    """The last start of a year of this counter that is not after the day."""
    starts = [_start(counter, agent, year) for year in (day.year - 1, day.year)]
    return max(start for start in starts if start <= day)


def cap(counter: dict[str, Any], agent: dict[str, Any], day: date) -> int | None:
    """The most that counts in this year; a first year that is not whole has less."""
    if counter.get("cap") is None:
        return None
    full = cents(counter["cap"]) + cents(counter.get("cap_per_member", 0)) * agent.get("team_members", 0)
    how = counter.get("prorate", "none")
    if how == "none" or not agent.get("joined") or counter.get("year", "anniversary") in {"month", "never"}:
        return full
    joined, start = date.fromisoformat(str(agent["joined"])), first_day(counter, agent, day)
    end = _start(counter, agent, start.year + 1)
    if not start < joined < end:
        return full
    if how == "daily":
        return rounded(Fraction(full * (end - joined).days, (end - start).days), "half_up")
    gone = (joined.year - start.year) * 12 + joined.month - start.month
    if joined.day < start.day:
        gone -= 1
    return rounded(Fraction(full * (12 - gone), 12), "half_up")


def cap_day(plan: dict[str, Any], deal: dict[str, Any]) -> date:
    """The day that decides the year."""
    which = plan.get("dates", {}).get("cap_year", "closing")
    return date.fromisoformat(str(deal[f"{which}_date"]))


def _start(counter: dict[str, Any], agent: dict[str, Any], year: int) -> date:
    kind = counter.get("year", "anniversary")
    if kind == "calendar":
        return date(year, 1, 1)
    if kind == "custom":
        month, day = (int(part) for part in counter["starts"].split("-"))
    else:
        name = counter.get("anniversary", "start")
        named = agent.get("anniversaries", {}).get(name) or agent["anniversary"]
        month, day = (int(part) for part in str(named).split("-")[1:])
    if (month, day) == (2, 29) and not isleap(year):
        return date(year, 2, 28) if counter.get("leap_day", "03-01") == "02-28" else date(year, 3, 1)
    return date(year, month, day)

"""What can be wrong with amounts, levels, bounds and conditions, wherever they stand in a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from commissions.files.problems import Found, Location, money
from domain.commission.charges import Amount, DateRange, Level, Range, When
from domain.commission.closing import Bracket

#: Days outside these years are slips of the pen.
FIRST_YEAR, LAST_YEAR = 1900, 2100

_STATE = re.compile(r"[A-Z]{2}")


def check_amount(amount: Amount, at: Location, found: Found) -> None:
    """An amount's own figures, without what they are taken of."""
    check_bounds(amount.minimum, amount.maximum, at, found)
    check_not_negative(amount.flat, (*at, "flat"), found)
    if amount.percent is not None and amount.tiers is not None:
        expected = "either `percent` or `tiers`"
        found.add((*at, "percent"), amount.percent, expected, "remove one of them")
    if amount.tiers is not None:
        check_levels(amount.tiers.levels, (*at, "tiers", "levels"), found)
    if amount.step is not None:
        check_not_negative(amount.step.flat, (*at, "step", "flat"), found)
    if amount.of is not None and amount.percent is None and amount.tiers is None:
        expected = "a `percent` or `tiers` that is taken of it"
        found.add((*at, "of"), _of_text(amount), expected, "add one of them, or remove `of`")


def _of_text(amount: Amount) -> str:
    return amount.of if isinstance(amount.of, str) else "a sum"


def has_figure(amount: Amount) -> bool:
    """Whether it says how much."""
    return any(figure is not None for figure in (amount.flat, amount.percent, amount.tiers, amount.step))


def check_bounds(minimum: int | None, maximum: int | None, at: Location, found: Found) -> None:
    """A minimum above the maximum holds for no amount."""
    if minimum is not None and maximum is not None and minimum > maximum:
        expected = f"at most the maximum of {money(maximum)}"
        found.add((*at, "minimum"), money(minimum), expected, "exchange them, or correct one")


def check_not_negative(cents: int | None, at: Location, found: Found) -> None:
    """Money flows one way: who pays and who gets is said by name, not by sign."""
    if cents is not None and cents < 0:
        found.add(at, money(cents), "0 or more", "remove the minus sign; who pays is said by `borne_by` and `payee`")


def check_levels(levels: Sequence[Level] | Sequence[Bracket], at: Location, found: Found) -> None:
    """Levels must rise without gap or overlap, and the last must have no end."""
    before: int | None = None
    each: Sequence[Level | Bracket] = [*levels]
    for position, level in enumerate(each):
        last, place = position == len(each) - 1, (*at, position, "up_to")
        if level.up_to is None:
            if not last:
                expected = "an `up_to` on every level but the last"
                found.add((*at, position), "no up_to", expected, "add `up_to`, or move this level to the end")
            continue
        if before is not None and level.up_to <= before:
            how = "the same end as" if level.up_to == before else "less than"
            expected = f"more than the {money(before)} of the level before it"
            found.add(place, money(level.up_to), expected, f"it has {how} that one; sort the levels by `up_to`")
        if last:
            remedy = f"remove `up_to` here, or add a level for what is above {money(level.up_to)}"
            found.add(place, money(level.up_to), "a last level without end", remedy)
        before = max(before or 0, level.up_to)


def check_range(bounds: Range, at: Location, found: Found) -> None:
    """Bounds that no number meets, or that bound nothing."""
    given = {name: value for name, value in bounds if value is not None}
    if not given:
        found.add(at, "{}", "one of at_least, below, above, up_to", "add a bound, or remove the condition")
        return
    if bounds.at_least is not None and bounds.above is not None:
        found.add((*at, "above"), money(bounds.above), "either `at_least` or `above`", "remove one of them")
    if bounds.below is not None and bounds.up_to is not None:
        found.add((*at, "up_to"), money(bounds.up_to), "either `below` or `up_to`", "remove one of them")
    if not _can_hold(bounds):
        low = max(value for name, value in given.items() if name in ("at_least", "above"))
        expected = "bounds that a number can meet"
        found.add(at, f"from {money(low)}", expected, "the upper bound is below it; correct one of them")


def _can_hold(bounds: Range) -> bool:
    lower = [
        value for value in (bounds.at_least, None if bounds.above is None else bounds.above + 1) if value is not None
    ]
    return not lower or bounds.holds(max(lower))


def check_days(days: DateRange, at: Location, found: Found) -> None:
    """A range of days that holds no day."""
    if days.starts is None and days.until is None:
        found.add(at, "{}", "`starts` or `until`", "add one of them, or remove the condition")
    if days.starts is not None and days.until is not None and days.until < days.starts:
        expected = f"{days.starts} or later"
        found.add((*at, "until"), days.until, expected, "exchange the days, or correct one")


def check_day(day: date, at: Location, found: Found) -> None:
    """A day in a year that no deal is of."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        expected = f"a day between {FIRST_YEAR} and {LAST_YEAR}, such as 2026-01-31"
        found.add(at, day, expected, "correct the year")


def check_state(state: str, at: Location, found: Found) -> None:
    """A state or province is two capital letters."""
    if not _STATE.fullmatch(state):
        remedy = f"write {state.upper()}" if _STATE.fullmatch(state.upper()) else "write its postal abbreviation"
        found.add(at, state, "a state's two capital letters, such as TX", remedy)


def check_when(when: When, at: Location, found: Found) -> None:
    """A condition that cannot hold, or that asks for nothing; its counters are checked with the plan's."""
    if when == When():
        found.add(at, "{}", "at least one condition", "add one, or remove `when`: the rule then always applies")
    for name in ("price", "gross", "part"):
        bounds: Range | None = getattr(when, name)
        if bounds is not None:
            check_range(bounds, (*at, name), found)
    for name, counted in when.counter.items():
        check_range(counted, (*at, "counter", name), found)
    if when.closing is not None:
        check_days(when.closing, (*at, "closing"), found)
    for position, state in enumerate(when.state):
        check_state(state, (*at, "state", position), found)
    for flag in sorted(set(when.flags) & set(when.without)):
        expected = "words that are not also in `flags`"
        found.add((*at, "without"), flag, expected, "a deal cannot both have it and not; remove it from one")

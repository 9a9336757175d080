"""The year a counter counts in: anniversaries, 29 February, caps of years that are not whole."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.years import period, prorated
from domain.commission.plan import Counter

LEAP = date(2024, 2, 29)


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        (date(2026, 3, 14), "2025-03-15"),
        (date(2026, 3, 15), "2026-03-15"),
        (date(2027, 1, 1), "2026-03-15"),
    ],
)
def test_the_anniversary_itself_is_in_the_new_year(day: date, starts: str) -> None:
    assert period(Counter(), day, date(2019, 3, 15)).id == starts


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        (date(2025, 2, 28), "2024-02-29"),
        (date(2025, 3, 1), "2025-03-01"),
        (date(2028, 2, 28), "2027-03-01"),
        (date(2028, 2, 29), "2028-02-29"),
    ],
)
def test_a_year_from_29_february_begins_on_1_march_in_common_years(day: date, starts: str) -> None:
    assert period(Counter(), day, LEAP).id == starts


def test_a_plan_may_begin_that_year_on_28_february() -> None:
    counter = Counter.model_validate({"leap_day": "02-28"})
    assert period(counter, date(2025, 2, 28), LEAP).id == "2025-02-28"
    assert period(counter, date(2025, 2, 27), LEAP).id == "2024-02-29"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"year": "calendar"}, "2026-01-01"),
        ({"year": "custom", "starts": "07-01"}, "2026-07-01"),
        ({"year": "custom", "starts": "09-01"}, "2025-09-01"),
        ({"year": "month"}, "2026-08"),
        ({"year": "never"}, "ever"),
    ],
)
def test_other_years_need_no_anniversary(facts: dict[str, str], expected: str) -> None:
    assert period(Counter.model_validate(facts), date(2026, 8, 14), None).id == expected


@given(day=st.dates(date(2000, 1, 1), date(2050, 1, 1)), start=st.dates(date(1990, 1, 1), date(2000, 1, 1)))
def test_every_day_lies_in_exactly_one_year_and_years_follow_one_another(day: date, start: date) -> None:
    year = period(Counter(), day, start)
    assert year.holds(day)
    assert year.ends is not None
    assert period(Counter(), year.ends, start).starts == year.ends
    assert period(Counter(), year.ends - timedelta(days=1), start) == year


@pytest.mark.parametrize(
    ("prorate", "joined", "cap"),
    [
        ("none", date(2026, 7, 15), 1_200_00),
        ("monthly", date(2026, 7, 15), 600_00),
        ("monthly", date(2026, 1, 1), 1_200_00),
        ("monthly", date(2025, 7, 15), 1_200_00),
        ("daily", date(2026, 12, 31), 329),  # 1,200.00 / 365, half up
    ],
)
def test_a_first_year_that_is_not_whole_has_a_part_of_the_cap(prorate: str, joined: date, cap: int) -> None:
    counter = Counter.model_validate({"year": "calendar", "prorate": prorate})
    year = period(counter, date(2026, 12, 31), None)
    assert prorated(1_200_00, counter, year, joined) == cap


def test_months_of_a_year_that_begins_within_one_begin_on_its_day() -> None:
    counter = Counter.model_validate({"prorate": "monthly"})
    year = period(counter, date(2026, 8, 14), date(2020, 3, 15))
    assert prorated(1_200_00, counter, year, date(2026, 4, 14)) == 1_200_00
    assert prorated(1_200_00, counter, year, date(2026, 4, 15)) == 1_100_00

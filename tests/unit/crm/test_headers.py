"""What replies tell about rates, in the words of each CRM that we know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.headers import LONGEST_WAIT_S, QUOTA_S, Told, told

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("Mon, 02 Mar 2026 09:02:00 GMT", 120),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("", 0),
        ("999999999", LONGEST_WAIT_S),
    ],
)
def test_retry_after_in_both_forms(text: str, seconds: float) -> None:
    assert told({"retry-after": text}, NOW).retry_after_s == seconds


def test_a_date_counts_from_the_reply_s_own_clock() -> None:
    dates = {"retry-after": "Mon, 02 Mar 2026 10:00:30 GMT", "date": "Mon, 02 Mar 2026 10:00:00 GMT"}

    assert told(dates, NOW).retry_after_s == 30


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        # Follow Up Boss: a window of seconds
        (
            {"x-ratelimit-limit": "200", "x-ratelimit-remaining": "0", "x-ratelimit-window": "10"},
            Told(rate=20, spent_s=10),
        ),
        ({"x-ratelimit-limit": "200", "x-ratelimit-remaining": "1", "x-ratelimit-window": "10"}, Told(rate=20)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "7"}, Told(spent_s=7)),
        # Lofty's sample: milliseconds, though its text says an epoch
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "21000"}, Told(spent_s=21)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1772442015"}, Told(spent_s=15)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1772442015000"}, Told(spent_s=15)),
        # IETF drafts, apart and combined
        ({"ratelimit-limit": "10", "ratelimit-remaining": "0", "ratelimit-reset": "3"}, Told(spent_s=3)),
        ({"ratelimit": "limit=100, remaining=0, reset=5"}, Told(spent_s=5)),
        (
            {"ratelimit": '"default";r=0;t=5', "ratelimit-policy": '"default";q=100;w=10'},
            Told(rate=10, spent_s=5),
        ),
        # HubSpot
        (
            {
                "x-hubspot-ratelimit-max": "190",
                "x-hubspot-ratelimit-interval-milliseconds": "10000",
                "x-hubspot-ratelimit-remaining": "0",
            },
            Told(rate=19, spent_s=10),
        ),
        (
            {"x-hubspot-ratelimit-secondly": "5", "x-hubspot-ratelimit-secondly-remaining": "0"},
            Told(rate=5, spent_s=1),
        ),
        ({"x-hubspot-ratelimit-daily-remaining": "0"}, Told(spent_s=QUOTA_S, quota=True)),
        # Salesforce
        ({"sforce-limit-info": "api-usage=100000/100000"}, Told(spent_s=QUOTA_S, quota=True)),
        ({"sforce-limit-info": "api-usage=18/100000"}, Told()),
        ({"x-ratelimit-limit": "many", "x-ratelimit-window": "0", "x-ratelimit-remaining": "0"}, Told()),
        ({"content-type": "text/xml"}, Told()),
        ({}, Told()),
    ],
)
def test_rate_headers_of_each_crm(headers: Mapping[str, str], expected: Told) -> None:
    assert told(headers, NOW) == expected


def test_retry_after_goes_before_a_reset() -> None:
    told_all = told({"retry-after": "4", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, NOW)

    assert told_all.wait_s == 4


_NAMES = st.sampled_from(
    [
        *("retry-after", "date", "x-ratelimit-limit", "x-ratelimit-window", "x-ratelimit-remaining"),
        *("x-ratelimit-reset", "ratelimit", "ratelimit-policy", "sforce-limit-info", "x-hubspot-ratelimit-max"),
    ]
)


@given(st.dictionaries(_NAMES, st.text(max_size=40) | st.integers(-9, 10**21).map(str)))
def test_no_header_breaks_us_or_silences_us_for_more_than_a_day(headers: Mapping[str, str]) -> None:
    result = told(headers, NOW)

    assert 0 <= result.wait_s <= LONGEST_WAIT_S
    assert result.rate >= 0

"""What the headers of a reply tell about rates: Retry-After, and the rate headers of the CRMs that we know.

Sources: RFC 9110 10.2.3 (Retry-After); draft-ietf-httpapi-ratelimit-headers (RateLimit-*); Follow Up Boss, Lofty
(X-RateLimit-*), HubSpot (X-HubSpot-RateLimit-*), Salesforce (Sforce-Limit-Info): research crm.md §2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: What is asked beyond a day is a mistake, or an attempt to silence us.
LONGEST_WAIT_S = 86_400.0

#: A used-up quota of a day that does not say when it ends is looked at again after this, in seconds.
QUOTA_S = 3_600.0

#: A reset beyond this is no count of seconds: Lofty's own sample is in milliseconds (research: crm.md §2, [11]).
_LONGEST_RESET_S = 3_600.0

_USAGE = re.compile(r"api-usage=(\d{1,12})/(\d{1,12})")
_PAIR = re.compile(r"\b([a-z]+)=(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Told:
    """What a reply tells.

    Attributes:
        retry_after_s: the wait that it asks for, in seconds; 0 if it asks for none.
        rate: the calls in a second that it allows; 0 if it names none.
        spent_s: until an allowance that is used up is there again, in seconds; 0 if none is used up.
        quota: the allowance that is used up is of a day.
    """

    retry_after_s: float = 0.0
    rate: float = 0.0
    spent_s: float = 0.0
    quota: bool = False

    @property
    def wait_s(self) -> float:
        """The wait that a refused call must keep, in seconds; 0 if it is not told."""
        return self.retry_after_s or self.spent_s


@dataclass(frozen=True, slots=True)
class _Allowance:
    """So many calls in a window; None for what the reply does not say."""

    limit: float | None = None
    window_s: float | None = None
    remaining: float | None = None
    reset_s: float | None = None


def told(headers: Mapping[str, str], now: datetime) -> Told:
    """Read the headers of a reply.

    Args:
        headers: names in lower case.
        now: when it came, for dates; the reply's own `Date` goes before it.
    """
    if not headers:
        return Told()
    at = _date(headers.get("date", "")) or now
    allowances = [
        _separate(headers, "x-ratelimit-", at),
        _separate(headers, "ratelimit-", at),
        _combined(headers),
        *_hubspot(headers),
    ]
    rates = [item.limit / item.window_s for item in allowances if item.limit and item.window_s]
    spent = [item.reset_s or item.window_s or 0.0 for item in allowances if item.remaining == 0]
    quota = _day_is_spent(headers)
    return Told(
        retry_after_s=_retry_after_s(headers.get("retry-after", ""), at),
        rate=min(rates, default=0.0),
        spent_s=min(LONGEST_WAIT_S, max([*spent, QUOTA_S if quota else 0.0])),
        quota=quota,
    )


def _retry_after_s(text: str, at: datetime) -> float:
    seconds = _number(text)
    if seconds is None:
        until = _date(text)
        seconds = (until - at).total_seconds() if until is not None else 0.0
    return min(max(0.0, seconds), LONGEST_WAIT_S)


def _separate(headers: Mapping[str, str], prefix: str, at: datetime) -> _Allowance:
    window = _number(headers.get(f"{prefix}window", ""))
    return _Allowance(
        limit=_number(headers.get(f"{prefix}limit", "")),
        window_s=window or None,
        remaining=_number(headers.get(f"{prefix}remaining", "")),
        reset_s=_reset_s(_number(headers.get(f"{prefix}reset", "")), at),
    )


def _combined(headers: Mapping[str, str]) -> _Allowance:
    """`RateLimit: remaining=0, reset=5` or `"default";r=0;t=5`, and `RateLimit-Policy: "default";q=100;w=10`."""
    standing: dict[str, str] = dict(_PAIR.findall(headers.get("ratelimit", "").lower()))
    policy: dict[str, str] = dict(_PAIR.findall(headers.get("ratelimit-policy", "").lower()))
    return _Allowance(
        limit=_number(policy.get("q", "")),
        window_s=_number(policy.get("w", "")) or None,
        remaining=_number(standing.get("remaining", standing.get("r", ""))),
        reset_s=_number(standing.get("reset", standing.get("t", ""))),
    )


def _hubspot(headers: Mapping[str, str]) -> list[_Allowance]:
    prefix = "x-hubspot-ratelimit-"
    interval = _number(headers.get(f"{prefix}interval-milliseconds", ""))
    remaining = _number(headers.get(f"{prefix}remaining", ""))
    in_second = _number(headers.get(f"{prefix}secondly-remaining", ""))
    return [
        _Allowance(_number(headers.get(f"{prefix}max", "")), interval / 1000 if interval else None, remaining),
        _Allowance(_number(headers.get(f"{prefix}secondly", "")), 1.0, in_second),
    ]


def _day_is_spent(headers: Mapping[str, str]) -> bool:
    usage = _USAGE.search(headers.get("sforce-limit-info", "").lower())
    if usage is not None and int(usage[1]) >= int(usage[2]):
        return True
    return _number(headers.get("x-hubspot-ratelimit-daily-remaining", "")) == 0


def _reset_s(value: float | None, at: datetime) -> float | None:
    """Seconds until a reset that is given as seconds or milliseconds, from now or since 1970."""
    if value is None:
        return None
    if value > 1e11:
        value /= 1000
    if value > 1e8:
        return max(0.0, value - at.timestamp())
    return value if value <= _LONGEST_RESET_S else value / 1000


def _number(text: str) -> float | None:
    text = text.strip()
    digits = text.replace(".", "", 1)
    return float(text) if digits.isascii() and digits.isdigit() and len(text) <= 20 else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)

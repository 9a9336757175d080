"""The words for how a provider writes days, and which of them may stand together."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

#: A piece of a day format and what it matches; longer pieces first.
DAY_TOKENS = {
    "YYYY": r"(?P<year>\d{4})",
    "MMMM": r"(?P<month_name>[^\W\d_]+)",
    "MMM": r"(?P<month_short>[^\W\d_]{3})\.?",
    "MM": r"(?P<month>\d{2})",
    "DD": r"(?P<day>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "D": r"(?P<day>\d{1,2})",
}
#: Formats that are words, not patterns.
NAMED_FORMATS = ("iso", "unix_seconds", "unix_millis")

FORMAT_HELP = (
    "Tried in order: `iso` (2026-10-27, or an ISO instant), `unix_seconds`, `unix_millis`, or a pattern of "
    "YYYY, MM or M, MMMM (October), MMM (Oct), DD or D, such as MM/DD/YYYY, DD.MM.YYYY, `MMMM D, YYYY`, YYYYMMDD."
)

_TOKEN = re.compile("|".join(DAY_TOKENS))
_YEAR, _MONTH, _DAY = {"YYYY"}, {"MMMM", "MMM", "MM", "M"}, {"DD", "D"}


def day_pattern(day_format: str) -> re.Pattern[str]:
    """The regular expression of a day format such as `MM/DD/YYYY`."""
    pattern, end = "", 0
    for token in _TOKEN.finditer(day_format):
        pattern += re.escape(day_format[end : token.start()]) + DAY_TOKENS[token.group()]
        end = token.end()
    return re.compile(pattern + re.escape(day_format[end:]), re.ASCII if "MMM" not in day_format else 0)


def check_day_format(day_format: str) -> str:
    """Refuse a format that does not name one year, one month and one day.

    Raises:
        ValueError: says what a format looks like.
    """
    tokens = _TOKEN.findall(day_format)
    rest = _TOKEN.sub("", day_format)
    whole = sorted(len([token for token in tokens if token in group]) for group in (_YEAR, _MONTH, _DAY)) == [1, 1, 1]
    if day_format not in NAMED_FORMATS and (not whole or re.search(r"[^\W_]", rest)):
        raise ValueError(f"{day_format!r} is not a format of days. {FORMAT_HELP}")
    return day_format


def check_day_formats(formats: list[str]) -> list[str]:
    """Refuse formats under which one text would be two different days.

    Raises:
        ValueError: names the two formats.
    """
    readings: dict[str, tuple[str, list[str]]] = {}
    for day_format in formats:
        if day_format in NAMED_FORMATS:
            continue
        tokens = _TOKEN.findall(day_format)
        shape = _TOKEN.sub(lambda token: "YYYY" if token.group() == "YYYY" else "N", day_format)
        order = ["".join(sorted(set(token))) for token in tokens]
        first, seen = readings.setdefault(shape, (day_format, order))
        if seen != order and "MMM" not in day_format:
            raise ValueError(
                f"{first!r} and {day_format!r} read 01/02/2026 differently; keep the one this source writes"
            )
    return formats


def check_zone(zone: str) -> str:
    """Refuse a zone that the time-zone database does not hold.

    Raises:
        ValueError: says what a zone looks like.
    """
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{zone!r} is not a time zone; expected an IANA name such as America/Denver") from error
    return zone

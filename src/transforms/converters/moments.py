"""Days and instants. A day is one in the office's zone, or in the zone a mapping names; an instant is aware, in UTC."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import ConfigurationError
from mappings.formats import NAMED_FORMATS, day_pattern
from transforms.converters.unfit import Unfit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Outside these years a date is a mistake; inside them no zone can overflow it.
YEARS = range(1900, 2200)

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)? ?([Zz]|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)
_COUNT = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
_SHORT_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_abbr) if name}


@lru_cache(maxsize=8)
def zone_named(name: str) -> ZoneInfo:
    """The time zone of an office.

    Raises:
        ConfigurationError: the time-zone database does not hold it.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(f"time zone {name!r} is unknown; set an IANA name such as America/Denver") from error


def day(formats: Iterable[str] = ("iso",), zone: str | None = None) -> Callable[[Any, tzinfo], date]:
    """A converter to the day, from any of the formats; of counts and instants the day in `zone`, else the office's."""
    formats = tuple(formats)
    own_zone = None if zone is None else zone_named(zone)
    readers = tuple(_day_reader(one) for one in formats)
    fits = f"a day that exists, {YEARS.start}-{YEARS.stop - 1}, written as {_spoken(formats)}"

    def convert(raw: Any, office_zone: tzinfo) -> date:
        text = raw.strip() if isinstance(raw, str) else raw
        for reader in readers:
            try:
                found = reader(text, own_zone or office_zone)
            except (ValueError, OverflowError):
                continue
            if found is not None and found.year in YEARS:
                return found
        raise Unfit(fits)

    return convert


def instant(formats: Iterable[str] = ("iso",), zone: str | None = None) -> Callable[[Any, tzinfo], datetime]:
    """A converter to an instant in UTC; `zone` is that of times without an offset, else the office's."""
    formats = tuple(formats)
    fits = f"an instant, {YEARS.start}-{YEARS.stop - 1}, written as {_spoken(formats, instants=True)}"
    own_zone = None if zone is None else zone_named(zone)

    def convert(raw: Any, office_zone: tzinfo) -> datetime:
        text = raw.strip() if isinstance(raw, str) else raw
        for one in formats:
            try:
                found = _instant(text, own_zone or office_zone) if one == "iso" else _counted(text, one)
                if found is not None and found.year in YEARS:
                    return found.astimezone(UTC)
            except (ValueError, OverflowError):
                continue
        raise Unfit(fits)

    return convert


def _day_reader(day_format: str) -> Callable[[Any, tzinfo], date | None]:
    if day_format == "iso":
        return _iso_day
    if day_format in NAMED_FORMATS:
        return lambda raw, zone: _local_day(_counted(raw, day_format), zone)
    pattern = day_pattern(day_format)
    return lambda raw, _zone: _written_day(pattern, raw)


def _iso_day(raw: Any, zone: tzinfo) -> date | None:
    if not isinstance(raw, str):
        return None
    if len(raw) == 10:
        return date.fromisoformat(raw) if _ISO_DAY.fullmatch(raw) else None
    return _local_day(_instant(raw, zone), zone)


def _local_day(moment: datetime | None, zone: tzinfo) -> date | None:
    if moment is None or moment.year not in YEARS:
        return None
    return moment.astimezone(zone).date()


def _written_day(pattern: re.Pattern[str], raw: Any) -> date | None:
    text = str(raw) if type(raw) is int and raw.bit_length() < 64 else raw
    match = pattern.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    parts = match.groupdict()
    if "month_name" in parts:
        month = _MONTHS.get(parts["month_name"].casefold(), 0)
    elif "month_short" in parts:
        month = _SHORT_MONTHS.get(parts["month_short"].casefold(), 0)
    else:
        month = int(parts["month"])
    return date(int(parts["year"]), month, int(parts["day"]))


def _instant(raw: Any, zone: tzinfo) -> datetime | None:
    match = _ISO_INSTANT.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        return None
    day_text, minutes, seconds, digits, offset = match.groups()
    fraction = f"{digits or '':0<6}"[:6]  # providers send 7 and 9 digits; we keep microseconds
    moment = datetime.fromisoformat(f"{day_text}T{minutes}:{seconds or '00'}.{fraction}{(offset or '').upper()}")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _counted(raw: Any, unit: str) -> datetime | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        number = Decimal(raw) if raw.bit_length() < 64 else None
    elif isinstance(raw, Decimal):
        number = raw if raw.is_finite() and -30 < raw.adjusted() < 18 else None
    else:
        number = Decimal(raw) if isinstance(raw, str) and _COUNT.fullmatch(raw) else None
    if number is None:
        return None
    per_unit = 1_000_000 if unit == "unix_seconds" else 1_000
    return _EPOCH + timedelta(microseconds=int(number * per_unit))


_SPOKEN = {
    "unix_seconds": "seconds since 1970",
    "unix_millis": "milliseconds since 1970",
}


def _spoken(formats: tuple[str, ...], *, instants: bool = False) -> str:
    iso = "2026-10-27T10:00:00Z" if instants else "2026-10-27 (or an ISO instant)"
    return " or ".join(iso if one == "iso" else _SPOKEN.get(one, one) for one in formats)

"""States, provinces and postal codes of the United States and Canada."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from transforms.converters.unfit import Unfit

_NAMES = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia
FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine
MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada
NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon
PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia
WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|AS American Samoa|GU Guam|MP Northern Mariana Islands
PR Puerto Rico|VI U.S. Virgin Islands|AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick
NL Newfoundland and Labrador|NS Nova Scotia|NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island
QC Quebec|SK Saskatchewan|YT Yukon
"""
_CODES = dict(entry.split(" ", 1) for entry in _NAMES.strip().replace("\n", "|").split("|"))
_STATES = {
    **{code.casefold(): code for code in _CODES},
    **{name.casefold(): code for code, name in _CODES.items()},
    "québec": "QC",
    "virgin islands": "VI",
    "washington dc": "DC",
    "washington, d.c.": "DC",
}

_ZIP = re.compile(r"(\d{5})(?:[ -]?(\d{4}))?", re.ASCII)
_POSTAL_CODE = re.compile(r"([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]) ?-?(\d[ABCEGHJ-NPRSTV-Z]\d)", re.ASCII)


def state() -> Callable[[Any], str]:
    """A converter to the two letters of a US state, territory or Canadian province."""
    fits = "a US state or territory or a Canadian province, by name or two-letter code, such as MT or Montana"

    def convert(raw: Any) -> str:
        code = _STATES.get(" ".join(raw.split()).casefold()) if isinstance(raw, str) else None
        if code is None:
            raise Unfit(fits)
        return code

    return convert


def zip_code() -> Callable[[Any], str]:
    """A converter to `59803`, `59803-1234` or `T2P 1J9`. A number gets back the zeros it lost at the front."""
    fits = "a ZIP code such as 59803 or 59803-1234, or a Canadian postal code such as T2P 1J9"

    def convert(raw: Any) -> str:
        if type(raw) is int and 0 < raw < 10**9:
            written = f"{raw:05d}" if raw < 10**5 else f"{raw:09d}"
        else:
            written = raw.strip().upper() if isinstance(raw, str) else ""
        if match := _ZIP.fullmatch(written):
            return f"{match[1]}-{match[2]}" if match[2] else match[1]
        if match := _POSTAL_CODE.fullmatch(written):
            return f"{match[1]} {match[2]}"
        raise Unfit(fits)

    return convert

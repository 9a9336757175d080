"""What identifies people: phone numbers, e-mail addresses, first and last names."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from transforms.converters.texts import clean
from transforms.converters.unfit import Unfit

# North American numbers by far the most, so they cost neither the library's import nor its parsing.
_NORTH_AMERICAN = re.compile(
    r"(?:\+?1[ .-]?)?(?:\(([2-9]\d\d)\) ?|([2-9]\d\d)[ .-]?)([2-9]\d\d)[ .-]?(\d{4})"
    r"(?: ?(?:,|;|x|#|ext\.?|extension|;ext=) ?(\d{1,7}))?",
    re.ASCII | re.IGNORECASE,
)
_NORTH_AMERICAN_REGIONS = {"US", "CA"}
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@[^\s@<>(),;:\"\[\]\\.]+(?:\.[^\s@<>(),;:\"\[\]\\.]+)+")
#: RFC 5321: the longest address that mail can be sent to.
LONGEST_EMAIL = 254

#: Words in small letters that belong to the last name behind them, and those that follow a last name.
_PARTICLES = frozenset(
    ("da", "de", "del", "della", "der", "di", "dos", "du", "la", "las", "le", "los", "san", "van", "von", "zu", "y")
)
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "v", "esq", "md", "phd"))


def phone(region: str = "US") -> Callable[[Any], str]:
    """A converter to E.164, with an extension as `;ext=12`; *possible* numbers pass, whether assigned or not."""
    fits = (
        f"a phone number with area code such as (406) 555-0123 ext 12 or +14065550123 "
        f"(from outside {region} with + and country code)"
    )

    def convert(raw: Any) -> str:
        text = str(raw) if type(raw) is int and raw.bit_length() < 64 else raw
        if not isinstance(text, str) or len(text) > 100:
            raise Unfit(fits)
        number = _e164(text.strip(), region)
        if number is None:
            raise Unfit(fits)
        return number

    return convert


@lru_cache(maxsize=1024)
def _e164(text: str, region: str) -> str | None:
    match = _NORTH_AMERICAN.fullmatch(text) if region in _NORTH_AMERICAN_REGIONS else None
    if match is not None:
        bare, extension = f"+1{match[1] or match[2]}{match[3]}{match[4]}", match[5]
        return f"{bare};ext={extension}" if extension else bare
    import phonenumbers  # 2 MB of metadata: only for numbers that need it

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    bare = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{bare};ext={number.extension}" if number.extension else bare


def email() -> Callable[[Any], str]:
    """A converter to a lower-case address."""
    fits = "an e-mail address such as ana@example.com"

    def convert(raw: Any) -> str:
        found = address(clean(raw)) if isinstance(raw, str) else None
        if found is None:
            raise Unfit(fits)
        return found

    return convert


def address(text: str) -> str | None:
    """The e-mail address in lower case, if the clean text is one."""
    found = text.lower()
    return found if len(found) <= LONGEST_EMAIL and _EMAIL.fullmatch(found) else None


def name_split(part: str) -> Callable[[Any], str | None]:
    """A converter to the first or the last name out of a full one; None where the name has no such part."""
    position = 0 if part == "first" else 1

    def convert(raw: Any) -> str | None:
        if not isinstance(raw, str) or len(raw) > 1000:
            raise Unfit("a full name such as Ana de la Cruz, of at most 1000 characters")
        return split_name(clean(raw))[position] or None

    return convert


@lru_cache(maxsize=64)  # a mapping asks for the first name, then for the last
def split_name(name: str) -> tuple[str, str]:
    """First and last name. A single word is the first name.

    Examples:
        >>> split_name("Ana de la Cruz")
        ('Ana', 'de la Cruz')
        >>> split_name("Cruz, Ana"), split_name("John Smith, Jr.")
        (('Ana', 'Cruz'), ('John', 'Smith, Jr.'))
    """
    before, comma, after = name.partition(",")
    if comma and after.strip() and not _is_suffix(after):
        return after.strip(), before.strip()
    words = name.split()
    start = len(words) - 1
    while start > 1 and _is_suffix(words[start]):
        start -= 1
    while start > 1 and words[start - 1] in _PARTICLES:
        start -= 1
    if start < 1:
        return name, ""
    return " ".join(words[:start]), " ".join(words[start:])


def _is_suffix(word: str) -> bool:
    return word.strip().rstrip(".").replace(".", "").casefold() in _SUFFIXES

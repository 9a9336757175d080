"""Whether two values are the same by a rule of `mappings/reconcile/tolerances.yaml`. Pure.

A rule only forgives how a value is written. What delivery takes for the same (`transforms.crm_texts`) is the same
here under every rule, so nothing is found that delivery would not send.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from transforms.converters.people import phone
from transforms.converters.texts import clean
from transforms.converters.unfit import Unfit
from transforms.crm_texts import comparable

# No more digits than Decimal computes with: nothing is rounded.
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?", re.DOTALL)
_NO = frozenset({"", "0", "false", "no", "off"})


def same(rule: str, ours: str, theirs: str) -> bool:
    """Whether the two are one value.

    Examples:
        >>> same("number", "350000.00", "350000.0"), same("number", "", "0")
        (True, False)
        >>> same("phone", "+14065550123", "(406) 555-0123"), same("words", "O'Brien ", "O'Brien")
        (True, True)
    """
    if ours == theirs or comparable(ours) == comparable(theirs):
        return True
    fold = FOLDS[rule]
    return fold(ours) == fold(theirs)


def _number(text: str) -> str:
    plain = clean(text)
    return str(Decimal(plain).normalize() + 0) if _NUMBER.fullmatch(plain) else plain


def _day(text: str) -> str:
    found = _DAY.fullmatch(clean(text))
    return found[1] if found else clean(text)


def _truth(text: str) -> str:
    return "0" if clean(text).casefold() in _NO else "1"


def _phone(text: str) -> str:
    plain = clean(text)
    try:
        return phone()(plain)
    except Unfit:
        return plain


#: Name of a rule to what two values must have in common.
FOLDS: Mapping[str, Callable[[str], str]] = {
    "exact": str,
    "words": clean,
    "any_case": lambda text: clean(text).casefold(),
    "number": _number,
    "day": _day,
    "truth": _truth,
    "phone": _phone,
}

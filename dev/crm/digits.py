"""An index of telephone numbers: whose number has these digits in this order, whatever lies between?

`LIKE '%3%0%3%...'` over ten thousand people and four columns would make the model slower than what it stands for.
"""

from __future__ import annotations

import re

_NO_DIGIT = re.compile(r"\D+")


class Digits:
    """Numbers by column and record."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], str] = {}
        self._near: dict[tuple[str, str], set[str]] = {}
        self._lengths: dict[tuple[str, int], dict[str, None]] = {}

    def put(self, column: str, record_id: str, text: str) -> None:
        """This is the record's number now; without digits it has none."""
        digits = _NO_DIGIT.sub("", text)
        former = self._held.pop((column, record_id), "")
        if former:
            del self._lengths[column, len(former)][record_id]
            for each in _near(former):
                self._near[column, each].discard(record_id)
        if digits:
            self._held[column, record_id] = digits
            self._lengths.setdefault((column, len(digits)), {})[record_id] = None
            for each in _near(digits):
                self._near.setdefault((column, each), set()).add(record_id)

    def find(self, column: str, digits: str) -> set[str]:
        """Records whose number in this column has the digits, in this order."""
        found = set(self._near.get((column, digits), ()))
        for (each, length), ids in self._lengths.items():
            if each == column and length > len(digits) + 1:
                found |= {one for one in ids if _within(digits, self._held[column, one])}
        return found


def _near(digits: str) -> set[str]:
    """The number itself, and with any one digit left out."""
    return {digits} | {digits[:index] + digits[index + 1 :] for index in range(len(digits))}


def _within(wanted: str, digits: str) -> bool:
    rest = iter(digits)
    return all(each in rest for each in wanted)

"""Order marks: what makes one event newer than another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Mark(NamedTuple):
    """What makes one event newer than another for one deal: the source's order, then the tie-breaker.

    Attributes:
        order: a version number, or microseconds since 1970 for `timestamp` and `fetched` marks.
        tie: the event's identity; for `fetched` marks when our fetch began stands before it, since of two fetches that
            carry the same time of change the later one saw at least as much.
    """

    order: int
    tie: str

    def __str__(self) -> str:
        return f"{self.order}:{self.tie}"

    @classmethod
    def at(cls, instant: datetime, tie: str) -> Mark:
        """The mark of an aware instant."""
        return cls(microseconds(instant), tie)

    @classmethod
    def parse(cls, text: str) -> Mark:
        """Read what `str` wrote; the tie-breaker may itself hold colons."""
        order, _, tie = text.partition(":")
        return cls(int(order), tie)


def beats(mark: Mark, held: Mark, again: bool) -> bool:
    """Whether what is said under `mark` replaces what stands under `held`; said again, also its own first word."""
    return mark >= held if again else mark > held


def microseconds(instant: datetime) -> int:
    """Of an aware instant, since 1970, exactly."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


#: Older than every event.
NEVER = Mark(-1, "")

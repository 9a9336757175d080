"""Reading many records although the CRM fails on some of them.

SuiteCRM answers a whole call with SOAP fault -1 if PHP dies on a single record of it, and names none. Such a call is
sent again in halves, until the records that fail are alone. If nothing at all can be read, it is the CRM that fails.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from crm.caller import is_about_rows
from domain.crm.faults import CrmFaulted, Fault, FaultClass

T = TypeVar("T")

#: Calls for one batch, 48 s of them at the 1.2 s that one takes; whatever was not read by then is left for later. They
#: find four records among fifty.
MOST_CALLS: Final = 40

#: A batch and both its halves: if none of them can be read, what is not there is read to see whether anything can.
_ENOUGH: Final = 3

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Parts(Generic[T]):
    """What was read of a batch.

    Attributes:
        replies: one for each part that could be read.
        unread: of what could not be read, the CRM's fault: nothing is known of it.
    """

    replies: list[T] = field(default_factory=list)
    unread: dict[str, Fault] = field(default_factory=dict)


@dataclass(slots=True)
class Halving(Generic[T]):
    """Reads one batch.

    Attributes:
        read: sends one call for some of the items; a fault that is about rows is not told to the gate.
        nothing: an item that the CRM has not.
        blame: tells the gate of a fault of the CRM as a whole; returns it with the wait that is kept.
    """

    read: Callable[[Sequence[str]], T]
    nothing: str
    blame: Callable[[Fault], Fault]
    _parts: Parts[T] = field(default_factory=Parts)
    _calls: int = 0
    _last: Fault | None = None
    _answers: bool = False

    def all(self, items: Sequence[str]) -> Parts[T]:
        """Read these.

        A record that cannot be read costs two calls for each time that the batch can be halved, and one.

        Raises:
            CrmFaulted: the CRM does not answer, or answers nothing but faults.
        """
        left = deque([items])
        while left:
            part = left.popleft()
            fault = self._last if self._calls >= MOST_CALLS else self._try(part)
            if fault is None:
                continue
            if len(part) > 1 and self._calls < MOST_CALLS:
                half = (len(part) + 1) // 2
                left += [part[:half], part[half:]]
            else:
                self._parts.unread |= dict.fromkeys(part, fault)
            if not self._answers and (not left or self._calls >= _ENOUGH):
                self._ask_for_nothing()
        if self._parts.unread:
            logger.warning("the CRM fails to read %d of %d records", len(self._parts.unread), len(items))
        return self._parts

    def _try(self, part: Sequence[str]) -> Fault | None:
        self._calls += 1
        try:
            self._parts.replies.append(self.read(part))
        except CrmFaulted as error:
            if not is_about_rows(error.fault):
                raise self._interrupted(error) from error
            self._last = error.fault
            return error.fault
        self._answers = True
        return None

    def _ask_for_nothing(self) -> None:
        """Nothing could be read so far: do these records fail, or does the CRM?"""
        try:
            self.read([self.nothing])
        except CrmFaulted as error:
            if is_about_rows(error.fault):
                raise CrmFaulted(self.blame(error.fault)) from error
            raise self._interrupted(error) from error
        self._answers = True

    def _interrupted(self, error: CrmFaulted) -> CrmFaulted:
        """Whoever probes whether the CRM is back has only one call, and that one counts."""
        if self._last is not None and not self._answers and error.fault.kind is FaultClass.UNAVAILABLE:
            return CrmFaulted(self.blame(self._last))
        return error

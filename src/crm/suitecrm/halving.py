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

#: Calls for one batch, if the run lasts so long; what was not read by then is left for later. They find four of fifty.
MOST_CALLS: Final = 40

#: A batch and both its halves: if none of them can be read, what is not there is read to see whether anything can.
_ENOUGH: Final = 3

#: Calls after which it is given up, if the CRM answers but reads none of these records.
_MOST_IN_VAIN: Final = 8

_NOT_NOW: Final = frozenset({FaultClass.UNAVAILABLE, FaultClass.THROTTLED, FaultClass.QUOTA})

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
    _stopped: bool = False

    def all(self, items: Sequence[str]) -> Parts[T]:
        """Read these.

        A record that cannot be read costs two calls for each time that the batch can be halved, and one.

        Raises:
            CrmFaulted: the CRM does not answer, or answers nothing but faults.
        """
        left = deque([items])
        while left and not self._is_over():
            part = left.popleft()
            fault = self._try(part)
            if fault is None:
                continue
            if len(part) > 1 and is_about_rows(fault):
                half = (len(part) + 1) // 2
                left += [part[:half], part[half:]]
            else:
                self._parts.unread |= dict.fromkeys(part, fault)
            if not self._answers and (not left or self._calls >= _ENOUGH):
                self._ask_for_nothing()
        for part in left:
            self._parts.unread |= {item: fault for item in part if (fault := self._last) is not None}
        if self._parts.unread:
            logger.warning("the CRM fails to read %d of %d records", len(self._parts.unread), len(items))
        return self._parts

    def _is_over(self) -> bool:
        return self._stopped or self._calls >= (MOST_CALLS if self._parts.replies else _MOST_IN_VAIN)

    def _try(self, part: Sequence[str]) -> Fault | None:
        self._calls += 1
        try:
            self._parts.replies.append(self.read(part))
        except CrmFaulted as error:
            self._stopped = not is_about_rows(error.fault)
            if self._stopped and not self._parts.replies:  # else what was read must not be lost
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
        """Whoever may not call again, as one who probes whether the CRM is back, tells what the last call showed."""
        if self._last is not None and not self._answers and error.fault.kind in _NOT_NOW:
            return CrmFaulted(self.blame(self._last))
        return error

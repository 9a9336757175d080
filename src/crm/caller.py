"""One call to a CRM, as the clock, the rate budget and the session allow it.

What leaves: a reply, or `CrmFaulted` with a fault of one class. The order is the rule: time (a call starts only if its
own time-out still fits into the run), session, permit, bytes; then the gate is told what became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from domain.crm.faults import CrmFaulted, Fault, FaultClass

if TYPE_CHECKING:
    from crm.gate import Gate, Sessions

T = TypeVar("T")

#: Faults that say something about the CRM or the credential, not about one request.
_OF_THE_LINE = frozenset({FaultClass.AUTH_DENIED, FaultClass.THROTTLED, FaultClass.QUOTA, FaultClass.UNAVAILABLE})

#: Sessions that one call tries. The second may be as old as the first; the third is new.
TOKENS = 3

#: Logins whose session was refused at its very first use, one after the other: then another one would not help either.
USELESS_LOGINS = 2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """What an error of the wire means.

    Attributes:
        fault: in one class.
        headers: of the reply, if there was one; names in lower case.
    """

    fault: Fault
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WireErrors:
    """How an adapter's errors are told apart.

    Attributes:
        types: of what its calls raise.
        judge: (error, whether the call writes) to what it means.
    """

    types: tuple[type[Exception], ...]
    judge: Callable[[Exception, bool], Judged]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long calls may take, in seconds.

    Attributes:
        operation_s: the longest time-out of one call.
        least_s: the shortest time-out that is worth a call; below it the call is left to the next run.
        margin_s: what must be left of the run when a call has timed out, to write down that it did.
        clock: seconds that only grow.
        time_left: seconds until the run is cut off.
    """

    operation_s: float
    least_s: float
    margin_s: float
    clock: Callable[[], float]
    time_left: Callable[[], float]

    def timeout(self, calls: int = 1) -> float:
        """The time-out of a call that starts now, as the first of so many.

        Raises:
            CrmFaulted: `unavailable`: too little time is left in this run.
        """
        fits = min(self.operation_s, self.time_left() - self.margin_s - (calls - 1) * self.least_s)
        if fits < min(self.least_s, self.operation_s):
            raise CrmFaulted(Fault(FaultClass.UNAVAILABLE, "no time is left in this run"))
        return fits

    def spare(self, calls: int = 1) -> float:
        """How long the first of so many calls may be waited for, so that each still has time."""
        return max(self.time_left() - self.margin_s - calls * min(self.least_s, self.operation_s), 0.0)


def is_about_rows(fault: Fault) -> bool:
    """Whether the CRM answered a read with a fault that says nothing: it may be one record of those asked for."""
    return fault.answered and fault.kind is FaultClass.UNAVAILABLE


class Line:
    """Calls without a session, under gate and clock.

    Attributes:
        calls: that were sent so far.
        timing: how long they may take; one run may set its own before it begins.
    """

    def __init__(self, gate: Gate, errors: WireErrors, timing: Timing) -> None:
        self._gate = gate
        self._errors = errors
        self._headers: dict[str, str] = {}
        self._expected = 0
        self.calls = 0
        self.timing = timing

    def heard(self, headers: Mapping[str, str]) -> None:
        """Headers of the reply that comes now, names in lower case; the transport tells them."""
        self._headers = dict(headers)

    def expect(self, calls: int) -> None:
        """So many calls come now, each as soon as the last is answered: their permits are leased together."""
        self._expected = calls

    def run(self, name: str, call: Callable[[float], T], *, write: bool = False, of_rows: bool = False) -> T:
        """Send one call.

        Args:
            name: of the operation, for the log.
            call: sends it, given its time-out in seconds.
            write: whether it changes something there: what is not known then is ambiguous.
            of_rows: a fault that the CRM answers may be about one of many rows. The gate is not told of it: whoever
                calls finds out, and says so (`refuse`) if it was not.

        Raises:
            CrmFaulted: it failed, or may not be sent now.
        """
        calls = 2 if write else 1  # nothing is written that could not be read back
        self.timing.timeout(calls)  # before a permit is taken that nobody would use
        self._expected = max(self._expected - 1, 0)
        self._gate.admit(self._expected, self.timing.spare(calls))
        timeout = self.timing.timeout(calls)
        started = self.timing.clock()
        self._headers = {}
        self.calls += 1
        try:
            reply = call(timeout)
        except self._errors.types as error:
            judged = self._errors.judge(error, write)
            self._expected = 0
            raise CrmFaulted(self._told(name, judged, started, of_rows=of_rows)) from error
        self._gate.answered(self.timing.clock() - started, self._headers)
        return reply

    def _told(self, name: str, judged: Judged, started: float, *, of_rows: bool) -> Fault:
        fault = judged.fault
        logger.warning("the CRM call %s ended as %s", name, fault.kind)
        if of_rows and is_about_rows(fault):
            return fault
        got_no_answer = fault.kind is FaultClass.AMBIGUOUS and not fault.answered
        if fault.kind in _OF_THE_LINE or got_no_answer:
            return self._gate.failed(fault, judged.headers)
        self._gate.answered(self.timing.clock() - started, judged.headers)
        return fault

    def refuse(self, fault: Fault) -> Fault:
        """Tell the gate of a fault that is known from more than one call."""
        return self._gate.failed(fault, {})


class FreshTokens:
    """Which sessions were never used yet: one that is refused at its first use is not worn out, it is useless."""

    def __init__(self) -> None:
        self._unused: set[str] = set()
        self._useless = 0

    def __repr__(self) -> str:
        return f"FreshTokens({len(self._unused)} unused)"

    def born(self, token: str) -> None:
        """A login of this process gave it."""
        self._unused.add(token)

    def accepted(self, token: str) -> None:
        """The CRM took it."""
        self._unused.discard(token)
        self._useless = 0

    def refused(self, token: str) -> bool:
        """The CRM did not take it; returns whether logging in has proved useless."""
        if token in self._unused:
            self._unused.discard(token)
            self._useless += 1
        return self._useless >= USELESS_LOGINS


class Caller:
    """Calls with the shared session.

    Args:
        line: what they go over.
        sessions: where tokens come from.
        fresh: told by the login of this process.
    """

    def __init__(self, line: Line, sessions: Sessions, fresh: FreshTokens) -> None:
        self.line = line
        self._sessions = sessions
        self._fresh = fresh

    def read(self, name: str, call: Callable[[str, float], T], *, of_rows: bool = False) -> T:
        """Send a call that changes nothing; it gets token and time-out. `of_rows`: as `Line.run`.

        Raises:
            CrmFaulted: it failed, or may not be sent now.
        """
        return self._with_session(name, call, write=False, of_rows=of_rows)

    def write(self, name: str, call: Callable[[str, float], T]) -> T:
        """Send a call that changes something; it gets token and time-out. It is read back right after it.

        Raises:
            CrmFaulted: it failed, or may not be sent now.
        """
        self.line.expect(2)
        return self._with_session(name, call, write=True)

    def _with_session(self, name: str, call: Callable[[str, float], T], *, write: bool, of_rows: bool = False) -> T:
        for _ in range(TOKENS):
            self.line.timing.timeout()
            token = self._sessions.token()
            try:
                reply = self.line.run(name, partial(call, token), write=write, of_rows=of_rows)
            except CrmFaulted as error:
                if error.fault.kind is not FaultClass.AUTH_EXPIRED:
                    raise
                self._expired(token)
            else:
                self._fresh.accepted(token)
                return reply
        raise CrmFaulted(Fault(FaultClass.UNAVAILABLE, f"the CRM ended {TOKENS} sessions one after the other"))

    def _expired(self, token: str) -> None:
        self._sessions.expired(token)
        if self._fresh.refused(token):
            words = (
                f"the CRM refused {USELESS_LOGINS} new sessions at their first use; look whether it ties sessions to "
                "an IP address (verify_client_ip), and where it keeps them"
            )
            raise CrmFaulted(self.line.refuse(Fault(FaultClass.AUTH_DENIED, words, answered=True)))

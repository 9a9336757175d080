"""An event that cannot be applied now is set aside, with its cause: parked, deferred or buried."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.errors import Cause, ConfigurationError, Conflict, Deferred, DeferredTooLong, PermanentError, Unavailable
from domain.ports import Waiting
from flows.outcome import Outcome, Result

if TYPE_CHECKING:
    from domain.envelope import Envelope
    from domain.errors import UnknownAgents
    from domain.ports import DeadLetters, WaitingRoom

logger = logging.getLogger(__name__)

_MENDED = "an edited body of this event waits already, and goes before the one that came again"

#: First and longest wait of a deferred event. It starts below a provider's usual blip and ends well inside the 24 h.
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 3600.0

#: How often the sweeper looks again at a parked event: imports release it at once, this only covers a lost wake-up.
PARKED_RECHECK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Aside:
    """Where one event is set aside, and by which rules.

    Attributes:
        waiting: for events that can succeed later.
        dead: for those that cannot.
        longest: how long an event may be deferred.
        now: aware UTC.
        jitter: from [0, 1).
        receives: attempts so far, this one included.
    """

    waiting: WaitingRoom
    dead: DeadLetters
    longest: timedelta
    now: datetime
    jitter: float
    receives: int = 1


def park(envelope: Envelope, unknown: UnknownAgents, aside: Aside) -> Outcome:
    """Keep the event under every missing agent; it is released when the last of them is known.

    Raises:
        Conflict: one of the agents has appeared, or the event was applied meanwhile.
    """
    now = aside.now
    before = aside.waiting.find(envelope.event_key)
    if _is_mended(before, envelope):
        return Outcome(Result.PARKED, cause=Cause.UNKNOWN_AGENT, reason=_MENDED)
    aside.waiting.park(
        Waiting(
            envelope=envelope.without_body(),
            cause=Cause.UNKNOWN_AGENT,
            reason=str(unknown),
            since=before.since if before else now,
            due_at=now + PARKED_RECHECK,
            missing=unknown.missing,
            deal=unknown.deal,
        )
    )
    # Some sources know agents by their e-mail address: the row names them, the log only counts them.
    count = f"{len(unknown.missing)} of our agents are not in the directory; the waiting event names them"
    return Outcome(Result.PARKED, cause=Cause.UNKNOWN_AGENT, reason=count)


def defer(envelope: Envelope, fault: Deferred, aside: Aside) -> Outcome:
    """Keep the event until a fault outside it has cleared; one that lasts longer than allowed makes it dead."""
    now, longest = aside.now, aside.longest
    before = aside.waiting.find(envelope.event_key)
    if _is_mended(before, envelope):
        return Outcome(Result.DEFERRED, cause=fault.cause, reason=_MENDED)
    # The days that it was parked for an agent are not days of this fault.
    again = before is not None and before.cause is not Cause.UNKNOWN_AGENT
    since, attempts = (before.since, before.attempts + 1) if before and again else (now, 1)
    if now - since >= longest:
        message = f"deferred for {longest / timedelta(hours=1):g} h and still: {fault}; mend that, then replay"
        return bury(envelope, DeferredTooLong(message, cause=fault.cause), aside)
    # Never past the end of the wait, whatever the other side asks for: then it is dead, and a person hears of it.
    left_s = (since + longest - now).total_seconds()
    wait_s = min(left_s, deferral_s(attempts, aside.jitter, at_least_s=min(left_s, fault.retry_after_s)))
    aside.waiting.defer(
        Waiting(
            envelope=envelope.without_body(),
            cause=fault.cause,
            reason=str(fault),
            since=since,
            due_at=now + timedelta(seconds=wait_s),
            attempts=attempts,
            missing=before.missing if before else frozenset(),
            deal=before.deal if before else "",
        )
    )
    return Outcome(Result.DEFERRED, cause=fault.cause, reason=str(fault))


def bury(envelope: Envelope, error: PermanentError, aside: Aside) -> Outcome:
    """Send what can never succeed to the dead-letter queue, at once."""
    # The row goes first: the letter may be filed before we go on, and then the row would be what was filed. If we stop
    # between the two, the queue still has the message.
    try:
        aside.waiting.close(envelope.event_key)
    except (ConfigurationError, Conflict, Unavailable) as fault:
        # Raised, it would keep the letter from being sent. A row that stayed is swept again.
        logger.warning("event %s is dead, and its waiting row stayed: %s", envelope.event_key, fault)
    aside.dead.bury(envelope, error.cause, error.reason(), deal=error.deal, receives=aside.receives)
    return Outcome(Result.DEAD, cause=error.cause, reason=error.reason())


def give_up(envelope: Envelope, error: Exception, aside: Aside) -> Outcome:
    """The last attempt failed: deferred if it was our own storage, else to the dead-letter queue with its cause.

    Without this the queue itself would move the message there, silent about why.
    """
    cause, reason = told(error)
    if cause is Cause.BUG:
        return bury(envelope, PermanentError(reason, cause=cause), aside)
    try:
        return defer(envelope, Deferred(str(error), cause=cause), aside)
    except (Unavailable, Conflict, ConfigurationError):
        # Not even that can be stored. An event that waited before goes on waiting; the letter is for one that did not.
        aside.dead.bury(envelope, cause, reason, receives=aside.receives)
        return Outcome(Result.DEAD, cause=cause, reason=reason)


def replay_failed(envelope: Envelope, cause: Cause, reason: str, aside: Aside) -> Outcome:
    """The replay of an applied event came to nothing: what was applied stays, and this is filed with the event."""
    message = f"replay {envelope.replay} came to nothing, what was applied stays: {reason}"
    aside.dead.bury(envelope, cause, message, receives=aside.receives)
    return Outcome(Result.DEAD, cause=cause, reason=message)


def told(error: Exception) -> tuple[Cause, str]:
    """Cause and reason of an attempt that failed by what nobody handles."""
    if not isinstance(error, Unavailable | Conflict | ConfigurationError):
        # The error's own text may quote the payload.
        return Cause.BUG, f"{type(error).__name__} while processing; see the log of this receipt, mend, replay"
    cause = Cause.CONFIG if isinstance(error, ConfigurationError) else Cause.UNAVAILABLE
    return cause, f"{error}; replay when that is mended"


def _is_mended(before: Waiting | None, envelope: Envelope) -> bool:
    """Whether what waits is a person's edit, and this is the provider's body that came again: the edit is kept."""
    return before is not None and before.envelope.edited and not envelope.edited


def deferral_s(attempt: int, jitter: float, *, at_least_s: float = 0.0) -> float:
    """How long to wait before the attempt after `attempt`: doubling, half of it jittered, never under `at_least_s`.

    Args:
        attempt: deferrals so far, from 1.
        jitter: from [0, 1).
        at_least_s: what the other side asked for (Retry-After); jitter only adds to it.
    """
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt - 1, 16))
    wait = ceiling * (0.5 + jitter / 2)
    return wait if wait >= at_least_s else at_least_s * (1 + jitter / 10)

"""Events that wait come back: when their time has come, and when the agent they were parked for appears."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.errors import ConfigurationError
from flows.set_aside import PARKED_RECHECK

if TYPE_CHECKING:
    from domain.agents import Agent
    from domain.envelope import Envelope
    from domain.ports import AgentDirectory, MessageQueue, Waiting, WaitingRoom

#: A queued event rings again after this long, unless it was applied or deferred anew: longer than three of the longest
#: visibility time-outs that the template allows, so that the sweeper does not double what is merely being retried.
QUEUED_LEASE = timedelta(hours=1)

#: Seconds of an invocation that a sweep leaves unused: one page must fit into them.
RESERVE_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did.

    Attributes:
        queued: events queued again.
        still_parked: events that must go on waiting for an agent.
        stuck: events that a mistake in our own settings keeps from being queued.
    """

    queued: int = 0
    still_parked: int = 0
    stuck: int = 0

    def __add__(self, other: Released) -> Released:
        return Released(self.queued + other.queued, self.still_parked + other.still_parked, self.stuck + other.stuck)


@dataclass(frozen=True, slots=True)
class ReleasePorts:
    """What releasing waiting events needs: where they wait, who is known, and the queue to the processing function."""

    waiting: WaitingRoom
    directory: AgentDirectory
    queue: MessageQueue


def sweep(ports: ReleasePorts, *, now: datetime, time_left: Callable[[], float]) -> Released:
    """Queue every waiting event whose time has come; parked ones only if all their agents are known by now.

    Args:
        ports: the directory is asked past its cache, so that no wake-up of an import is lost.
        now: aware UTC.
        time_left: seconds until the invocation is cut off; what is left over is due in the next.
    """
    total = Released()
    for page in ports.waiting.due(now):
        total += _release(page, ports, now)
        if time_left() < RESERVE_S:
            break
    return total


def import_agents(agents: Sequence[Agent], ports: ReleasePorts, *, now: datetime) -> Released:
    """Add agents to the directory and queue the events that were parked for the last of them."""
    ports.directory.add(agents)
    parked = ports.waiting.parked_for([agent.key for agent in agents])
    return _release(parked, ports, now)


def _release(events: Sequence[Waiting], ports: ReleasePorts, now: datetime) -> Released:
    wanted = {key for event in events for key in event.missing}
    known = ports.directory.lookup(wanted, fresh=True) if wanted else {}
    ready = [event for event in events if event.missing <= known.keys()]
    parked = [event for event in events if not event.missing <= known.keys()]
    ready.sort(key=lambda event: (event.deal, event.envelope.received_at, event.envelope.receipt))
    # Queue first: if we stop before the rescheduling, an event is queued twice, which changes nothing.
    queued = queue_each([event.envelope for event in ready], ports.queue)
    ports.waiting.reschedule(ready, now + QUEUED_LEASE)
    ports.waiting.reschedule(parked, now + PARKED_RECHECK)
    return Released(queued=queued, still_parked=len(parked), stuck=len(ready) - queued)


def queue_each(envelopes: Sequence[Envelope], queue: MessageQueue) -> int:
    """Queue them, together if possible; one that our settings know no queue for does not hold up the others.

    Returns:
        How many were queued.
    """
    try:
        if envelopes:
            queue.send(envelopes)
    except ConfigurationError as mistake:
        if len(envelopes) == 1:
            logger.warning("event %s cannot be queued: %s", envelopes[0].event_key, mistake)
            return 0
        return sum(queue_each([envelope], queue) for envelope in envelopes)
    return len(envelopes)

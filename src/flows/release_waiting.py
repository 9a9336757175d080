"""Events that wait come back: when their time has come, and when the agent they were parked for appears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flows.set_aside import PARKED_RECHECK

if TYPE_CHECKING:
    from domain.agents import Agent
    from domain.ports import AgentDirectory, MessageQueue, Waiting, WaitingRoom

#: A queued event rings again after this long, unless it was applied: longer than the queue's three visibility
#: time-outs, so that the sweeper does not double what is merely being retried.
QUEUED_LEASE = timedelta(minutes=20)

#: One page of due events; each is one small message.
PAGE = 100


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did: events queued again, and events that must go on waiting for an agent."""

    queued: int = 0
    still_parked: int = 0

    def __add__(self, other: Released) -> Released:
        return Released(self.queued + other.queued, self.still_parked + other.still_parked)


def sweep(
    *, waiting: WaitingRoom, directory: AgentDirectory, queue: MessageQueue, now: datetime, pages: int = 50
) -> Released:
    """Queue every waiting event whose time has come; parked ones only if all their agents are known by now.

    Args:
        waiting: where events wait.
        directory: looked up past its cache, so that no wake-up of an import is lost.
        queue: to the processing function.
        now: aware UTC.
        pages: the most pages of due events in one run; the rest is due in the next.
    """
    total = Released()
    for _ in range(pages):
        due = waiting.due(now, PAGE)
        total += _release(due, waiting=waiting, directory=directory, queue=queue, now=now)
        if len(due) < PAGE:
            break
    return total


def import_agents(
    agents: Sequence[Agent], *, waiting: WaitingRoom, directory: AgentDirectory, queue: MessageQueue, now: datetime
) -> Released:
    """Add agents to the directory and queue the events that were parked for the last of them."""
    directory.add(agents)
    parked = waiting.parked_for([agent.key for agent in agents])
    return _release(parked, waiting=waiting, directory=directory, queue=queue, now=now)


def _release(
    events: Sequence[Waiting], *, waiting: WaitingRoom, directory: AgentDirectory, queue: MessageQueue, now: datetime
) -> Released:
    wanted = {key for event in events for key in event.missing}
    known = directory.lookup(wanted, fresh=True) if wanted else {}
    ready = [event for event in events if event.missing <= known.keys()]
    parked = [event for event in events if not event.missing <= known.keys()]
    ready.sort(key=lambda event: (event.deal, event.envelope.received_at, event.envelope.receipt))
    # Queue first: if we stop before the rescheduling, an event is queued twice, which changes nothing.
    if ready:
        queue.send([event.envelope for event in ready])
        waiting.reschedule([event.envelope.event_key for event in ready], now + QUEUED_LEASE)
    waiting.reschedule([event.envelope.event_key for event in parked], now + PARKED_RECHECK)
    return Released(queued=len(ready), still_parked=len(parked))

"""What most scripts do, as a measure to compare with: an event at a time, each call again until it succeeds.

A worker takes an event, brings it to the CRM call by call, and waits with exponential backoff and jitter whatever went
wrong; 429s, time-outs and refusals are one to it. There is no shared budget, no batch, no read-back, and ids are the
CRM's: people are searched by address before they are made, and whatever was made is remembered. A deal's events are in
order, which not every script can say of itself. It is given a session that never ends.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bench.drain_crm import Crm
from bench.drain_office import AGENTS, Change, agent_contacts, commission_of, contact_of, deal_of
from crm.suitecrm.calls import LinkCall, WireFault
from dev.crm.schema import COMMISSIONS, CONTACTS, OPPORTUNITIES

#: Of the backoff, in seconds.
_FIRST_S, _LONGEST_S = 1.0, 60.0
#: Of a call, in seconds.
_TIMEOUT_S = 20.0

#: One call: how it is made with a session.
Call = Callable[[str], Any]
#: A piece of work: yields calls, and is sent what each gave.
Work = Iterator[Call]


class Naive:
    """Runs events against a CRM.

    Attributes:
        crm: of this run.
        now: seconds of virtual time.
        done_at: when the last event was done.
    """

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.done_at = 0.0
        self._slept = 0.0
        self._chance = random.Random(seed)
        self.crm = Crm(lambda: self.now, self._sleep, random.Random(seed + 1))
        for agent in agent_contacts():
            self.crm.model.enter(CONTACTS, {"last_name": agent}, agent)
        self._ids: dict[str, str] = {}
        self._events: dict[int, deque[Change]] = {}
        self._busy: set[int] = set()
        self._ready: deque[int] = deque()

    def run(self, deals: int, changes: list[Change], workers: int) -> None:
        """Bring so many new deals and these changes to the CRM."""
        session = self.crm.calls.login("dealwire", "secret", timeout_s=_TIMEOUT_S)
        self.crm.begin(0.0)
        coming = deque([*(Change(0.0, deal, None) for deal in range(deals)), *changes])
        queue: list[tuple[float, int, Iterator[float]]] = []
        for number in range(workers):
            heapq.heappush(queue, (self._chance.random(), number, self._worker(session)))
        while queue:
            self.now, number, worker = heapq.heappop(queue)
            while coming and coming[0].at <= self.now:
                self._come(coming.popleft())
            wait_s = next(worker, None) if self._ready else 0.1
            if wait_s is not None and (coming or self._events):
                heapq.heappush(queue, (self.now + wait_s, number, worker))

    def _come(self, event: Change) -> None:
        self._events.setdefault(event.deal, deque()).append(event)
        if event.deal not in self._busy and len(self._events[event.deal]) == 1:
            self._ready.append(event.deal)

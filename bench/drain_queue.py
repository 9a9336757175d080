"""The queue of bells as SQS FIFO behaves: a group in order, one message of it at a time; repeated ids are dropped."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from domain.crm.rows import RowKey

#: The most messages of one receive; and how long an id is remembered, in seconds.
BATCH = 10
_DEDUPLICATION_S = 300.0


class BellQueue:
    """Implements `domain.crm.ports.Bells` and `domain.operate.ports.Depths`. A group is a row.

    Args:
        now: true seconds.
        visibility_s: how long a received bell is out.
    """

    def __init__(self, now: Callable[[], float], visibility_s: float) -> None:
        self._now = now
        self._visibility_s = visibility_s
        self._bells: dict[RowKey, deque[str]] = {}
        self._ready: deque[RowKey] = deque()
        self._out: dict[RowKey, float] = {}
        self._hidden: list[tuple[float, RowKey]] = []
        self._sent: dict[tuple[RowKey, str], float] = {}

    def ring(self, bells: Sequence[tuple[RowKey, str]]) -> None:
        for key, what in bells:
            before = self._sent.get((key, what))
            if before is not None and self._now() - before < _DEDUPLICATION_S:
                continue
            self._sent[key, what] = self._now()
            if key not in self._bells:
                self._bells[key] = deque()
                self._ready.append(key)
            self._bells[key].append(what)

    def depths(self) -> Mapping[str, tuple[int, int]]:
        waiting = sum(map(len, self._bells.values())) - len(self._out)
        return {"crm_sync": (waiting, len(self._out))}

    def receive(self) -> list[RowKey]:
        """Up to ten bells, each of another row, which are out from now on."""
        while self._hidden and self._hidden[0][0] <= self._now():
            at, key = heapq.heappop(self._hidden)
            if self._out.get(key) == at:
                del self._out[key]
                self._ready.append(key)
        found = [self._ready.popleft() for _ in range(min(BATCH, len(self._ready)))]
        for key in found:
            self.hide(key, self._visibility_s)
        return found

    def hide(self, key: RowKey, seconds: float) -> None:
        """The bell of this row that is out comes again after that time."""
        self._out[key] = self._now() + seconds
        heapq.heappush(self._hidden, (self._out[key], key))

    def delete(self, key: RowKey) -> None:
        """The bell of this row that is out is done with; the next of the row may come."""
        if self._out.pop(key, None) is None:
            return
        self._bells[key].popleft()
        if self._bells[key]:
            self._ready.append(key)
        else:
            del self._bells[key]

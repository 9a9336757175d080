"""SQS as it behaves (research: reliability.md §1): at least once, no order on standard queues, groups on FIFO ones.

- A received message is invisible for a while, and comes again unless it is deleted. Each receive is counted; one that
  was received too often goes to the dead-letter queue instead of being handed out again.
- standard: any visible message may come next; one that was deleted may come once more.
- FIFO: a group is handed out in order, and nothing of it while one of its messages is out. An id that was sent within
  five minutes is accepted and dropped, even if the first was consumed since.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tests.simulation.faults import Tally

#: How long a FIFO queue remembers an id.
DEDUPLICATION_S = 300.0
#: The most messages of one call.
BATCH = 10


@dataclass(frozen=True)
class Received:
    """A message as a consumer gets it.

    Attributes:
        receives: how often it was received, this time included.
        handle: of this receive.
    """

    id: str
    body: str
    attributes: Mapping[str, str]
    group: str
    sent_at: float
    receives: int
    handle: str


@dataclass
class _Message:
    id: str
    body: str
    attributes: Mapping[str, str]
    group: str
    sent_at: float
    visible_at: float
    receives: int = 0
    handle: str = ""


@dataclass(frozen=True)
class Oddities:
    """How often a queue does what it may.

    Attributes:
        duplicate: a message is handed out twice.
        reorder: a visible message is handed out before those that were sent earlier.
        not_deleted: a message comes again though it was deleted.
    """

    duplicate: float = 0.0
    reorder: float = 0.0
    not_deleted: float = 0.0


@dataclass
class SqsQueue:
    """One queue.

    Attributes:
        name: for reports.
        visibility_s: how long a received message is invisible.
        now: true seconds.
        fifo: groups and deduplication.
        max_receives: then it goes to `dead`.
        dead: the dead-letter queue.
        oddities: what it does, on top of what it must.
        heard: told the time at which something becomes visible.
        most_receives: of any message so far.
    """

    name: str
    visibility_s: float
    now: Callable[[], float]
    chance: random.Random
    tally: Tally
    fifo: bool = False
    max_receives: int = 0
    dead: SqsQueue | None = None
    oddities: Oddities = field(default_factory=Oddities)
    heard: list[Callable[[float], None]] = field(default_factory=list)
    most_receives: int = 0

    def __post_init__(self) -> None:
        self._messages: list[_Message] = []
        self._sent: dict[tuple[str, str], float] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._messages)

    def send(self, body: str, attributes: Mapping[str, str] | None = None, *, group: str = "", dedup: str = "") -> str:
        """Take a message; returns its id."""
        now = self.now()
        self._count += 1
        message = _Message(f"{self.name}-{self._count}", body, dict(attributes or {}), group, now, now)
        if self.fifo:
            if not group or not dedup:
                raise ValueError(f"{self.name} is a FIFO queue: a message needs a group and an id")
            before = self._sent.get((group, dedup))
            if before is not None and now - before < DEDUPLICATION_S:
                return message.id
            self._sent[group, dedup] = now
        self._messages.append(message)
        self._ring(message.visible_at)
        return message.id

    def waiting(self) -> int:
        """How many are visible."""
        now = self.now()
        return sum(m.visible_at <= now for m in self._messages)

    def next_visible(self) -> float | None:
        """When something can be received at the earliest; None: when something is sent."""
        if not self.fifo:
            return min((m.visible_at for m in self._messages), default=None)
        # Whoever stands behind another of its group, or behind one that is out, waits for that.
        firsts: dict[str, float] = {}
        for message in self._messages:
            firsts.setdefault(message.group, message.visible_at)
        return min(firsts.values(), default=None)

    def receive(self, limit: int = BATCH) -> list[Received]:
        """Up to so many messages that are visible now."""
        now = self.now()
        found: list[Received] = []
        out = {m.group for m in self._messages if m.visible_at > now} if self.fifo else set[str]()
        for message in self._in_order(now):
            if len(found) >= min(limit, BATCH):
                break
            if self.fifo and message.group in out:
                continue
            if self._redriven(message):
                continue
            found.append(self._hand_out(message, now))
        return found

    def _in_order(self, now: float) -> list[_Message]:
        visible = [m for m in self._messages if m.visible_at <= now]
        if not self.fifo and len(visible) > 1 and self.chance.random() < self.oddities.reorder:
            before = list(visible)
            self.chance.shuffle(visible)
            if visible != before:
                self.tally.add("queue", "reordered")
        return visible

    def _hand_out(self, message: _Message, now: float) -> Received:
        message.receives += 1
        self.most_receives = max(self.most_receives, message.receives)
        message.visible_at = now + self.visibility_s
        if not self.fifo and self.chance.random() < self.oddities.duplicate:
            self.tally.add("queue", "duplicate")
            message.visible_at = now + self.chance.random()
        self._ring(message.visible_at)
        message.handle = f"{message.id}/{message.receives}"
        return Received(
            message.id, message.body, message.attributes, message.group, message.sent_at, message.receives,
            message.handle,
        )  # fmt: skip

    def _redriven(self, message: _Message) -> bool:
        if not self.max_receives or message.receives < self.max_receives:
            return False
        self._messages.remove(message)
        if self.dead is not None:
            self.dead.take_over(message)
        return True

    def take_over(self, message: _Message) -> None:
        """A message that another queue gave up; it keeps its id and begins to count anew."""
        now = self.now()
        self._messages.append(replace(message, sent_at=now, visible_at=now, receives=0, handle=""))
        self._ring(now)

    def delete(self, handle: str) -> None:
        """It is dealt with. On a FIFO queue only while it is not out again or visible."""
        message = self._find(handle)
        if message is None:
            return
        if self.fifo and (message.handle != handle or message.visible_at <= self.now()):
            return
        if self.chance.random() < self.oddities.not_deleted:
            self.tally.add("queue", "not_deleted")
            return
        self._messages.remove(message)
        if self.fifo:
            self._ring(self.now())

    def change_visibility(self, handle: str, seconds: float) -> None:
        """Show it again after that time, if it is still out on this handle."""
        message = self._find(handle)
        if message is not None and message.handle == handle and message.visible_at > self.now():
            message.visible_at = self.now() + seconds
            self._ring(message.visible_at)

    def _find(self, handle: str) -> _Message | None:
        name = handle.rpartition("/")[0]
        return next((m for m in self._messages if m.id == name), None)

    def _ring(self, at: float) -> None:
        for hear in self.heard:
            hear(at)

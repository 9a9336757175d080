"""Waiting events in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.agents import AgentKey
from domain.errors import Conflict
from domain.event_log import Passage, State
from domain.ports import AgentDirectory, Waiting


@dataclass
class MemoryWaitingRoom:
    """Implements `domain.ports.WaitingRoom`; give it the directory that parking is conditioned on."""

    directory: AgentDirectory | None = None
    rows: dict[str, Waiting] = field(default_factory=dict)
    applied: set[str] = field(default_factory=set)
    past: dict[str, dict[tuple[datetime, State], Passage]] = field(default_factory=dict)
    page: int = 100

    def find(self, event_key: str) -> Waiting | None:
        return self.rows.get(event_key)

    def defer(self, waiting: Waiting) -> None:
        if waiting.envelope.event_key not in self.applied:
            self._put(waiting)

    def park(self, waiting: Waiting) -> None:
        if waiting.envelope.event_key in self.applied:
            raise Conflict(waiting.envelope.event_key)
        if self.directory is not None and self.directory.lookup(waiting.missing, fresh=True):
            raise Conflict("an agent appeared")
        self._put(waiting)

    def _put(self, waiting: Waiting) -> None:
        key, passage = waiting.envelope.event_key, waiting.passage
        self.rows[key] = self._stored(waiting)
        self.past.setdefault(key, {})[passage.at, passage.state] = passage

    def due(self, now: datetime) -> Iterator[Sequence[Waiting]]:
        due = sorted((row for row in self.rows.values() if row.due_at <= now), key=lambda row: row.due_at)
        yield from (due[start : start + self.page] for start in range(0, len(due), self.page))

    def parked_for(self, keys: Collection[AgentKey]) -> Sequence[Waiting]:
        return [row for row in self.rows.values() if row.missing & set(keys)]

    def reschedule(self, events: Iterable[Waiting], due_at: datetime) -> None:
        for seen in events:
            held = self.rows.get(seen.envelope.event_key)
            if held and (held.due_at, held.attempts) == (seen.due_at, seen.attempts):
                self.rows[seen.envelope.event_key] = self._stored(replace(held, due_at=due_at))

    def close(self, event_key: str) -> None:
        self.rows.pop(event_key, None)

    @staticmethod
    def _stored(waiting: Waiting) -> Waiting:
        return replace(waiting, due_at=waiting.due_at.replace(microsecond=0))  # the table keeps whole seconds

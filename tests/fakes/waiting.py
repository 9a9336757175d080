"""Waiting events in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.agents import AgentKey
from domain.errors import Conflict
from domain.ports import AgentDirectory, Waiting


@dataclass
class MemoryWaitingRoom:
    """Implements `domain.ports.WaitingRoom`; give it the directory that parking is conditioned on."""

    directory: AgentDirectory | None = None
    rows: dict[str, Waiting] = field(default_factory=dict)
    applied: set[str] = field(default_factory=set)

    def find(self, event_key: str) -> Waiting | None:
        return self.rows.get(event_key)

    def defer(self, waiting: Waiting) -> None:
        if waiting.envelope.event_key not in self.applied:
            self.rows[waiting.envelope.event_key] = self._stored(waiting)

    def park(self, waiting: Waiting) -> None:
        if waiting.envelope.event_key in self.applied:
            raise Conflict(waiting.envelope.event_key)
        if self.directory is not None and self.directory.lookup(waiting.missing, fresh=True):
            raise Conflict("an agent appeared")
        self.rows[waiting.envelope.event_key] = self._stored(waiting)

    def due(self, now: datetime, limit: int) -> Sequence[Waiting]:
        return sorted((row for row in self.rows.values() if row.due_at <= now), key=lambda row: row.due_at)[:limit]

    def parked_for(self, keys: Collection[AgentKey]) -> Sequence[Waiting]:
        return [row for row in self.rows.values() if row.missing & set(keys)]

    def reschedule(self, event_keys: Iterable[str], due_at: datetime) -> None:
        for key in event_keys:
            if key in self.rows:
                self.rows[key] = self._stored(replace(self.rows[key], due_at=due_at))

    def close(self, event_key: str) -> None:
        self.rows.pop(event_key, None)

    @staticmethod
    def _stored(waiting: Waiting) -> Waiting:
        return replace(waiting, due_at=waiting.due_at.replace(microsecond=0))  # the table keeps whole seconds

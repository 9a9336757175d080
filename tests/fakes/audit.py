"""The audit trail in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC

from domain.errors import Conflict
from domain.event_log import AuditEntry
from domain.operate.ports import Page


@dataclass
class MemoryAudit:
    """Implements `domain.operate.ports.AuditTrail`; what it holds is public for the tests to read."""

    entries: list[AuditEntry] = field(default_factory=list)
    _taken: set[tuple[str, str]] = field(default_factory=set)

    def put(self, entry: AuditEntry) -> None:
        if (entry.subject, _place(entry)) in self._taken:
            raise Conflict(f"audit entry {entry.id} is there already")
        self._taken.add((entry.subject, _place(entry)))
        self.entries.append(entry)

    def about(self, subject: str) -> Sequence[AuditEntry]:
        return sorted((entry for entry in self.entries if entry.subject == subject), key=_place)

    def on(self, day: str, *, after: str = "", limit: int = 100) -> Page[AuditEntry]:
        of_day = [entry for entry in self.entries if _place(entry).startswith(day) and _place(entry) < (after or "~")]
        page = sorted(of_day, key=_place, reverse=True)
        return Page(page[:limit], _place(page[limit - 1]) if len(page) > limit else "")


def _place(entry: AuditEntry) -> str:
    return f"{entry.at.astimezone(UTC).isoformat()}#{entry.id}"

"""The archive as a whole, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.event_log import Delivery, Disposition
from tests.fakes.archive import MemoryArchive


@dataclass
class MemoryShelf:
    """Implements `domain.operate.ports.Shelf` over an archive in memory."""

    archive: MemoryArchive = field(default_factory=MemoryArchive)

    def keys(self, source: str, day: str, *, after: str = "") -> Iterator[str]:
        prefix = f"{day}/{source}/"
        yield from sorted(key for key in self.archive.objects if key.startswith(prefix) and key > after)

    def below(self, prefix: str) -> Sequence[str]:
        return sorted(key for key in self.archive.objects if key.startswith(prefix))

    def facts(self, keys: Sequence[str]) -> Sequence[Delivery]:
        return [
            Delivery(
                key=f"{facts['source']}#{facts['event-id']}",
                receipt=facts["receipt"],
                archive_key=key,
                received_at=datetime.fromisoformat(facts["received-at"]),
                source=facts["source"],
                event_type=facts["event-type"],
                disposition=Disposition(facts["disposition"]),
                mapping_version=int(facts["mapping-version"]),
                content_type=facts["content-type"],
            )
            for key in keys
            if key in self.archive.objects
            for _, facts in [self.archive.objects[key]]
            if "disposition" in facts
        ]

    def erase(self, keys: Sequence[str]) -> int:
        return len([self.archive.objects.pop(key) for key in dict.fromkeys(keys) if key in self.archive.objects])

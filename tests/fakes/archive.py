"""The archive in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class MemoryArchive:
    """Keeps bytes and facts; writes what it did into a journal that other fakes share; fails when told to."""

    objects: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    fault: Exception | None = None

    def put(self, key: str, body: bytes, facts: Mapping[str, str]) -> None:
        if self.fault:
            raise self.fault
        self.journal.append("archived")
        self.objects[key] = (body, dict(facts))

    def get(self, key: str) -> bytes:
        try:
            return self.objects[key][0]
        except KeyError as error:
            raise LookupError(f"nothing in the archive under {key}") from error

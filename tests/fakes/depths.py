"""Queue depths that a test decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class MemoryDepths:
    """Implements `domain.operate.ports.Depths`."""

    found: dict[str, tuple[int, int]] = field(default_factory=dict)

    def depths(self) -> Mapping[str, tuple[int, int]]:
        return dict(self.found)

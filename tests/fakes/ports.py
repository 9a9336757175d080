"""Everything outside that processing an event needs, as a test puts it together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MemoryPorts:
    """Implements `flows.process_event.Ports`; replace what should behave otherwise."""

    archive: Any
    directory: Any
    deals: Any
    waiting: Any
    dead: Any
    api: Any
    commissions: Any = None

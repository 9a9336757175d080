"""Time, ids and randomness that a test decides."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flows.process_event import World
from tests.builders import NOW


@dataclass
class Clock:
    """Stands still until it is moved; pausing moves it."""

    at: datetime = NOW
    left_s: float = 30.0
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def now(self) -> datetime:
        return self.at

    def move(self, **amount: float) -> None:
        self.at += timedelta(**amount)

    def world(self) -> World:
        return World(
            now=self.now,
            new_id=lambda: f"id-{next(self.ids)}",
            jitter=lambda: 0.5,
            pause=lambda seconds: self.move(seconds=seconds),
            time_left=lambda: self.left_s,
        )

"""Sync rows in memory and on DynamoDB do the same, whatever comes: the simulation stands on the one in memory."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.crm.rows import Kind, Owed, RowKey, Standing, SyncRow
from tests.builders import NOW
from tests.contract.sync_world import ANA, DEAL, LINK, SAM, SHARE, SyncWorld, intent, world_on


class Hands:
    """Somebody who does what a seed says, and remembers the leases that they were given."""

    def __init__(self, world: SyncWorld, seed: int) -> None:
        self.world, self.chance, self.now = world, random.Random(seed), NOW
        self.leased: list[SyncRow] = []
        self.events = 1
        world.apply(people=2)  # there are links of people who are on the deal, or were, and of nobody else

    def step(self) -> object:
        """One thing, and what came of it."""
        self.now += timedelta(seconds=self.chance.randrange(50), microseconds=self.chance.randrange(10**6))
        doing = self.chance.choice(
            [self.event, self.settle, self.lease, self.lease, self.save, self.finish, self.finish]
        )
        return self.chance.choice([doing, doing, self.ring, self.wake, self.release, self.answer, self.claim])()

    def event(self) -> object:
        self.events += 1
        replayed = self.chance.choice(["", "r1"])
        return self.world.apply(self.events, replayed=replayed, now=self.now, people=self.chance.choice([1, 2]))

    def settle(self) -> None:
        self.world.settle(now=self.now)

    def lease(self) -> object:
        asked = self.chance.sample(ROWS, self.chance.randrange(1, 4))
        token = f"w{self.chance.randrange(3)}"
        until = self.now + timedelta(seconds=self.chance.randrange(200))
        held = self.world.sync.lease(asked, token, now=self.now, until=until)
        self.leased += [held[key] for key in ROWS if key in held]
        return held

    def _row(self) -> SyncRow:
        row = self.chance.choice(self.leased) if self.leased else SyncRow(DEAL, lease="w0")
        due = self.chance.choice([None, self.now + timedelta(seconds=self.chance.randrange(-9, 100))])
        said: dict[str, Any] = {
            "standing": self.chance.choice(list(Standing)),
            "behind": self.chance.choice([None, *row.key.parents]),
            "intent": self.chance.choice([None, intent(self.now)]),
            "backfill": self.chance.choice([True, False]),
            "sight": self.chance.choice([True, False]),
        }
        return replace(row, due_at=due, **said)

    def save(self) -> object:
        return self.world.save(self._row(), now=self.now)

    def finish(self) -> object:
        row = self._row()
        seen = self.chance.choice([None, self.world.owed(row.key), Owed(1)])
        return self.world.finish(row, seen=seen, now=self.now)

    def release(self) -> None:
        self.world.sync.release([self._row()])

    def ring(self) -> None:
        at = self.now + timedelta(seconds=self.chance.randrange(-30, 60))
        backfill, sight = self.chance.choice([True, False]), self.chance.choice([True, False])
        self.world.sync.ring(self.chance.sample(ROWS, 2), at, backfill=backfill, sight=sight)

    def wake(self) -> None:
        self.world.sync.wake([self.chance.choice([DEAL, ANA, SAM])], self.now)

    def answer(self) -> object:
        row = self._row()
        held = self.world.sync.rows([row.key]).get(row.key, row)
        return self.world.sync.answer(row, self.chance.choice([held.rung, held.rung, 0]))

    def claim(self) -> object:
        terms = self.chance.sample(["mail", "phone", "other"], self.chance.randrange(3))
        me, other = self.chance.sample([ANA, SAM, RowKey(Kind.CONTACT, "c3")], 2)
        return self.world.claim(terms, me, displace=self.chance.choice([None, other]))

    def seen(self) -> dict[str, object]:
        """All that can be read now."""
        sync, now = self.world.sync, self.now + timedelta(seconds=1)
        return {
            "rows": sync.rows(ROWS),
            "owed": sync.load(ROWS).owed,
            "live": set(sync.due(now, 50)),
            "backfill": set(sync.due(now, 50, backfill=True)),
            "of the deal": set(sync.due_of_deals(["d1"], now)),
            "children": {row.key: row for row in sync.children_of("d1")},
            "asking": sync.asking(50),
        }


ROWS = [DEAL, ANA, SAM, LINK, RowKey(Kind.LINK, "d1", "c2"), SHARE]


@pytest.mark.parametrize("seed", range(4))
def test_memory_and_dynamodb_do_the_same_whatever_comes(seed: int, request: pytest.FixtureRequest) -> None:
    memory, real = (Hands(world_on(kind, request), seed) for kind in ("memory", "dynamodb"))
    for number in range(40):
        assert (number, memory.step()) == (number, real.step())
        if number % 5 == 4:
            assert (number, memory.seen()) == (number, real.seen())

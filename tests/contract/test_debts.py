"""Contract of Debts: what the CRM is owed, on DynamoDB as in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.crm.ports import Debts
from domain.crm.rows import Owed, Question, RowKey, Standing
from domain.errors import Unavailable
from storage.delivery.debts import DynamoDebts
from tests.builders import NOW
from tests.conftest import no_pause
from tests.contract.sync_world import ANA, DEAL, LATER, LINK, SAM, SHARE, SyncWorld, dynamo_world, world_on
from tests.fakes.debts import MemoryDebts
from tests.template import tables


@pytest.fixture(params=["dynamodb", "memory"])
def world(request: pytest.FixtureRequest) -> SyncWorld:
    return world_on(request.param, request)


@pytest.fixture
def debts(world: SyncWorld, request: pytest.FixtureRequest) -> Debts:
    sync: Any = world.sync
    if request.node.callspec.params["world"] == "memory":
        return MemoryDebts(sync)
    return DynamoDebts(request.getfixturevalue("dynamodb"), tables()["RecordsTable"]["TableName"], no_pause)


def test_a_record_that_was_written_is_owed_in_its_version(world: SyncWorld, debts: Debts) -> None:
    world.apply(1, people=2)
    world.settle()
    owed = {DEAL: Owed(1), ANA: Owed(1), SAM: Owed(1), SHARE: Owed(1)}
    assert debts.marks([*owed, *owed]) == owed
    world.apply(2)
    assert debts.marks([DEAL, ANA]) == {DEAL: Owed(2), ANA: Owed(2)}


def test_what_is_delivered_or_not_there_or_a_link_is_not_owed(world: SyncWorld, debts: Debts) -> None:
    world.apply(1)
    world.confirm(DEAL)
    assert debts.marks([DEAL, LINK, RowKey(DEAL.kind, "gone")]) == {}
    assert debts.marks([]) == {}


def test_what_a_replay_changed_is_told_apart(world: SyncWorld, debts: Debts) -> None:
    world.apply(1)
    world.confirm(DEAL)
    world.apply(2, replayed="job-1")
    assert debts.marks([DEAL]) == {DEAL: Owed(2, backfill=True)}


def test_the_oldest_is_a_mark_or_a_row_live_or_of_the_backfill(world: SyncWorld, debts: Debts) -> None:
    assert debts.oldest() is debts.oldest(backfill=True) is None
    world.apply(1)
    assert debts.oldest() == NOW
    for key in (DEAL, ANA):
        world.confirm(key)
    assert debts.oldest() is None
    row = world.lease(DEAL)
    world.finish(replace(row, due_at=LATER), seen=None, now=NOW)
    assert debts.oldest() == LATER
    world.apply(2, replayed="job-1", now=NOW + timedelta(minutes=1))
    assert debts.oldest(backfill=True) == NOW + timedelta(minutes=1)


def test_those_who_ask_are_counted_up_to_so_many(world: SyncWorld, debts: Debts) -> None:
    world.apply(1, people=2)
    for key in (ANA, SAM):
        asks = replace(
            world.lease(key), standing=Standing.ASKS, question=Question.CANDIDATES, candidates=("r-1", "r-2")
        )
        world.finish(asks, seen=world.owed(key), now=NOW)
    assert [debts.asking(most) for most in (10, 1)] == [2, 1]


class Stingy:
    """A DynamoDB that leaves keys unprocessed so many times."""

    def __init__(self, client: Any, times: int) -> None:
        self.client, self.times = client, times

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 # the API's name
        self.times -= 1
        if self.times >= 0:
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        return self.client.batch_get_item(RequestItems=RequestItems)


@pytest.mark.parametrize("times", [4, 5])
def test_keys_that_dynamodb_leaves_are_asked_for_again_and_not_for_ever(dynamodb: Any, times: int) -> None:
    dynamo_world(dynamodb).apply(1)
    stingy: Any = Stingy(dynamodb, times)
    debts = DynamoDebts(stingy, tables()["RecordsTable"]["TableName"], no_pause)
    if times < 5:
        assert debts.marks([DEAL]) == {DEAL: Owed(1)}
    else:
        with pytest.raises(Unavailable, match="unprocessed"):
            debts.marks([DEAL])

"""The agent directory in memory and on DynamoDB keep the same promises; the cache believes hits only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.agents import AgentKey
from storage.agents import CACHE_S, DynamoAgentDirectory
from tests.builders import agent


@pytest.fixture(params=["memory", "dynamodb"])
def directory(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_directory")


def test_only_known_agents_are_found(directory: Any) -> None:
    directory.add([agent("A-1"), agent("A-2")])
    wanted = [agent("A-1").key, agent("A-3").key]
    assert directory.lookup(wanted) == {agent("A-1").key: agent("A-1")}
    assert directory.lookup([]) == {}


def test_the_same_id_in_two_sources_is_two_rows(directory: Any) -> None:
    directory.add([agent("7", source="brokermint", name="Bo"), agent("7", source="dotloop", name="Di")])
    assert directory.lookup([AgentKey("dotloop", "7")])[AgentKey("dotloop", "7")].name == "Di"


def test_adding_again_replaces_the_row(directory: Any) -> None:
    directory.add([agent("A-1", name="Old")])
    directory.lookup([agent("A-1").key])
    directory.add([agent("A-1", name="New")])
    assert directory.lookup([agent("A-1").key])[agent("A-1").key].name == "New"


def test_a_hundred_and_fifty_agents_are_written_and_read(directory: Any) -> None:
    agents = [agent(f"A-{number}") for number in range(150)]
    directory.add(agents)
    assert len(directory.lookup([one.key for one in agents])) == 150


def test_a_source_lists_its_own_agents_by_id(directory: Any) -> None:
    directory.add([agent("A-2"), agent("A-1", name="Old"), agent("A-10"), agent("A-3", source="dotloop")])
    directory.lookup([agent("A-1").key])
    directory.add([agent("A-1", name="New")])
    listed = directory.all("transactions")
    assert [one.key.agent_id for one in listed] == ["A-1", "A-10", "A-2"]
    assert listed[0] == agent("A-1", name="New")
    assert directory.all("brokermint") == []


def test_a_source_with_more_agents_than_a_page_lists_them_all(directory: Any) -> None:
    directory.add([replace(agent(f"A-{number:04}"), office="O" * 2000) for number in range(600)])
    assert len(directory.all("transactions")) == 600


def test_a_hit_is_believed_for_a_while_and_a_miss_never(dynamodb_directory: DynamoAgentDirectory) -> None:
    now = [1000.0]
    dynamodb_directory.clock = lambda: now[0]
    other = DynamoAgentDirectory(
        dynamodb_directory.client, dynamodb_directory.table, dynamodb_directory.pause, lambda: now[0]
    )
    key = agent("A-1").key
    assert dynamodb_directory.lookup([key]) == {}
    other.add([agent("A-1", name="Old")])
    assert dynamodb_directory.lookup([key])[key].name == "Old"
    other.add([agent("A-1", name="New")])
    assert dynamodb_directory.lookup([key])[key].name == "Old"
    assert dynamodb_directory.lookup([key], fresh=True)[key].name == "New"
    other.add([agent("A-1", name="Newest")])
    now[0] += CACHE_S + 1
    assert dynamodb_directory.lookup([key])[key].name == "Newest"

"""Fixtures that several rooms' tests share: the ports in memory, and on moto built from template.yaml."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import hypothesis
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from storage.agents import DynamoAgentDirectory
from storage.records import DynamoDealStore
from storage.waiting import DynamoWaitingRoom
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.deals import MemoryDealStore
from tests.fakes.waiting import MemoryWaitingRoom
from tests.template import tables

# How long an example takes depends on what else this machine does; it says nothing about the code.
hypothesis.settings.register_profile("dealwire", deadline=None)
hypothesis.settings.load_profile("dealwire")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moto, and nothing of this machine's own AWS settings."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(BotocoreStubber, "__call__", _one_at_a_time(BotocoreStubber.__call__))
    with mock_aws():
        yield


def _one_at_a_time(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Moto checks conditions and copies tables while others write to them; the real services do not."""
    lock = threading.RLock()

    def answered(*arguments: Any, **named: Any) -> Any:
        with lock:
            return answer(*arguments, **named)

    return answered


@pytest.fixture
def dynamodb(aws: None) -> Any:
    """A client whose tables are those of template.yaml."""
    client = boto3.client("dynamodb")
    for table in tables().values():
        client.create_table(**table)
    return client


def no_pause(_seconds: float) -> None:
    """Time does not pass in these tests."""


@pytest.fixture
def dynamodb_deal_store(dynamodb: Any) -> DynamoDealStore:
    names = {logical: table["TableName"] for logical, table in tables().items()}
    return DynamoDealStore(dynamodb, names["RecordsTable"], names["EventsTable"], no_pause)


@pytest.fixture
def dynamodb_waiting_room(dynamodb: Any) -> DynamoWaitingRoom:
    names = {logical: table["TableName"] for logical, table in tables().items()}
    return DynamoWaitingRoom(dynamodb, names["EventsTable"], names["AgentDirectoryTable"], no_pause)


@pytest.fixture
def dynamodb_directory(dynamodb: Any) -> DynamoAgentDirectory:
    name = tables()["AgentDirectoryTable"]["TableName"]
    return DynamoAgentDirectory(dynamodb, name, no_pause, lambda: 0.0)


@pytest.fixture
def memory_directory() -> MemoryAgentDirectory:
    return MemoryAgentDirectory()


@pytest.fixture
def memory_waiting_room(memory_directory: MemoryAgentDirectory) -> MemoryWaitingRoom:
    return MemoryWaitingRoom(directory=memory_directory)


@pytest.fixture
def memory_deal_store(memory_waiting_room: MemoryWaitingRoom) -> MemoryDealStore:
    return MemoryDealStore(waiting=memory_waiting_room)

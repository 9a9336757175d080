"""What `sweep` is made of."""

from __future__ import annotations

import os
import time
from functools import lru_cache

from flows.release_waiting import ReleasePorts
from runtime.config import SweepSettings
from runtime.wiring.edges import client, now
from sources.catalog import catalog
from storage.agents import DynamoAgentDirectory
from storage.queues import SqsQueues
from storage.waiting import DynamoWaitingRoom

__all__ = ["now", "ports"]


@lru_cache(maxsize=1)
def ports() -> ReleasePorts:
    """The ports of `sweep`."""
    settings = SweepSettings.from_env(os.environ)
    dynamodb, agents = client("dynamodb"), settings.agent_directory_table
    return ReleasePorts(
        waiting=DynamoWaitingRoom(dynamodb, settings.events_table, agents, time.sleep),
        directory=DynamoAgentDirectory(dynamodb, agents, time.sleep, time.monotonic),
        queue=SqsQueues(client("sqs"), dict.fromkeys(catalog(), settings.transactions_queue_url), {}),
    )

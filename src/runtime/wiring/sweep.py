"""What `sweep` is made of."""

from __future__ import annotations

import os
import time
from functools import lru_cache

from runtime.config import SweepSettings
from runtime.wiring.edges import client, now
from sources.catalog import catalog
from storage.agents import DynamoAgentDirectory
from storage.queues import SqsQueues
from storage.waiting import DynamoWaitingRoom

__all__ = ["now", "ports"]


class SweepPorts:
    """Everything outside that a sweep needs."""

    def __init__(self, settings: SweepSettings) -> None:
        """Build from these settings."""
        dynamodb, directory = client("dynamodb"), settings.agent_directory_table
        self.directory = DynamoAgentDirectory(dynamodb, directory, time.sleep, time.monotonic)
        self.waiting = DynamoWaitingRoom(dynamodb, settings.events_table, directory, time.sleep)
        self.queue = SqsQueues(client("sqs"), dict.fromkeys(catalog(), settings.transactions_queue_url), {})


@lru_cache(maxsize=1)
def ports() -> SweepPorts:
    """The ports of `sweep`."""
    return SweepPorts(SweepSettings.from_env(os.environ))

"""What `sweep` is made of."""

from __future__ import annotations

import os
import time
from functools import lru_cache

from flows.release_waiting import ReleasePorts
from flows.ring_bells import DuePorts
from runtime.config import NO_CRM, SweepSettings
from runtime.wiring.circuit import state_of
from runtime.wiring.edges import client, now
from sources.catalog import catalog
from storage.agents import DynamoAgentDirectory
from storage.delivery.bells import SqsBells
from storage.delivery.sync import DynamoSyncStore
from storage.depths import SqsDepths
from storage.queues import SqsQueues
from storage.waiting import DynamoWaitingRoom

__all__ = ["due_ports", "now", "ports"]


@lru_cache(maxsize=1)
def _settings() -> SweepSettings:
    return SweepSettings.from_env(os.environ)


@lru_cache(maxsize=1)
def ports() -> ReleasePorts:
    """The ports of `sweep` for events."""
    settings = _settings()
    dynamodb, agents = client("dynamodb"), settings.agent_directory_table
    return ReleasePorts(
        waiting=DynamoWaitingRoom(dynamodb, settings.events_table, agents, time.sleep),
        directory=DynamoAgentDirectory(dynamodb, agents, time.sleep, time.monotonic),
        queue=SqsQueues(client("sqs"), dict.fromkeys(catalog(), settings.transactions_queue_url), {}),
    )


@lru_cache(maxsize=1)
def due_ports() -> DuePorts | None:
    """The ports of `sweep` for rows of the external CRM; None where there is none."""
    settings = _settings()
    if settings.crm_kind == NO_CRM:
        return None
    url, dynamodb, sqs = settings.crm_sync_queue_url, client("dynamodb"), client("sqs")
    return DuePorts(
        sync=DynamoSyncStore(dynamodb, settings.records_table, time.sleep),
        bells=SqsBells(sqs, url),
        depths=SqsDepths(sqs, {"crm_sync": url}),
        state=state_of(dynamodb, settings.records_table, settings.crm_kind),
    )

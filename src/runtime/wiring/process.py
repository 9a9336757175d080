"""What `process` is made of."""

from __future__ import annotations

import os
import random
import time
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from flows.process_event import Policy, World
from runtime.config import ProcessSettings
from runtime.wiring.edges import client, new_id, now
from sources.catalog import catalog

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from providers.api import HttpProviderApi
    from storage.agents import DynamoAgentDirectory
    from storage.archive import S3Archive
    from storage.commissions.settling import DynamoCommissionStore
    from storage.delivery.sync import DynamoSyncStore
    from storage.queues import SqsQueues
    from storage.records import DynamoDealStore
    from storage.waiting import DynamoWaitingRoom

__all__ = ["now", "policy", "ports", "settings", "world"]


@lru_cache(maxsize=1)
def settings() -> ProcessSettings:
    """The settings of `process`."""
    return ProcessSettings.from_env(os.environ)


class ProcessPorts:
    """Everything outside that processing an event needs; implements `flows.process_event.Ports`.

    Each is built when it is first used: a client costs a cold start some ten milliseconds, and an ordinary event needs
    neither the archive nor a provider nor the dead-letter queue.
    """

    def __init__(self, settings: ProcessSettings) -> None:
        """Build from these settings."""
        self._settings = settings

    @cached_property
    def archive(self) -> S3Archive:
        """Where the bodies are that a message does not carry."""
        from storage.archive import S3Archive

        return S3Archive(client("s3"), self._settings.archive_bucket)

    @cached_property
    def directory(self) -> DynamoAgentDirectory:
        """Our agents."""
        from storage.agents import DynamoAgentDirectory

        return DynamoAgentDirectory(
            client("dynamodb"), self._settings.agent_directory_table, time.sleep, time.monotonic
        )

    @cached_property
    def deals(self) -> DynamoDealStore:
        """The CRM store."""
        from storage.records import DynamoDealStore

        return DynamoDealStore(
            client("dynamodb"), self._settings.records_table, self._settings.events_table, time.sleep
        )

    @cached_property
    def commissions(self) -> DynamoCommissionStore:
        """Where closings are settled."""
        from storage.commissions.settling import DynamoCommissionStore

        return DynamoCommissionStore(client("dynamodb"), self._settings.records_table, time.sleep)

    @cached_property
    def rows(self) -> DynamoSyncStore:
        """What we know of the CRM's rows."""
        from storage.delivery.sync import DynamoSyncStore

        return DynamoSyncStore(client("dynamodb"), self._settings.records_table, time.sleep)

    @cached_property
    def waiting(self) -> DynamoWaitingRoom:
        """The events that wait."""
        from storage.waiting import DynamoWaitingRoom

        tables = (self._settings.events_table, self._settings.agent_directory_table)
        return DynamoWaitingRoom(client("dynamodb"), *tables, time.sleep)

    @cached_property
    def dead(self) -> SqsQueues:
        """The dead-letter queue of every source."""
        from storage.queues import SqsQueues

        return SqsQueues(client("sqs"), {}, dict.fromkeys(catalog(), self._settings.transactions_dlq_url))

    @cached_property
    def api(self) -> HttpProviderApi:
        """The providers' APIs."""
        from providers.api import HttpProviderApi
        from providers.urls import ProviderUrls
        from storage.secrets import SecretsManagerStore

        urls = ProviderUrls(
            dotloop_api=self._settings.dotloop_api_url,
            dotloop_auth=self._settings.dotloop_auth_url,
            brokermint_api=self._settings.brokermint_api_url,
        )
        secrets = SecretsManagerStore(client("secretsmanager"), self._settings.secrets_prefix)
        # A slow provider must end as a deferral, not as a batch that Lambda cuts off.
        return HttpProviderApi(urls, secrets, budget_s=self._settings.process_timeout_s / 3)


@lru_cache(maxsize=1)
def ports() -> ProcessPorts:
    """The ports of `process`."""
    return ProcessPorts(settings())


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The settings that processing obeys.

    A third of the time-out is a provider's; a sixth must be left to begin an event at all. So a slow provider ends as
    deferrals, and a slow store as failed records, never as a batch that Lambda cuts off and nobody can tell why.
    """
    configured = settings()
    return Policy(
        zone=configured.office_zone,
        longest_deferral=timedelta(hours=configured.defer_max_hours),
        event_s=configured.process_timeout_s / 6,
        fetch_s=configured.process_timeout_s / 2,
    )


def world(context: LambdaContext, receives: int = 1) -> World:
    """Time, ids and randomness of one invocation."""
    return World(
        now=now,
        new_id=new_id,
        jitter=random.random,
        pause=time.sleep,
        time_left=lambda: context.get_remaining_time_in_millis() / 1000,
        receives=receives,
    )

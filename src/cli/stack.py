"""Which Dealwire a command works on: the local cloud, or a deployed stack by its name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli import local_cloud
from cli.failures import CommandFailed, Status
from cli.outputs import Outputs
from domain.errors import ConfigurationError
from storage.agents import DynamoAgentDirectory
from storage.queues import SqsQueues
from storage.records import DynamoDealStore
from storage.waiting import DynamoWaitingRoom


@dataclass(frozen=True, slots=True)
class Stack:
    """A reachable Dealwire, and its ports as an operator's command uses them.

    Attributes:
        session: a boto3 session: makes AWS clients, holds the region and the credentials that requests are signed with.
        webhooks_url: what the name of a source is appended to.
        tables: `records`, `agents`, `events`, `audit` to table name.
        queues: `transactions`, `crm_sync` and the dead-letter queues (`transactions_dlq`, ...) to queue URL.
        operate_url: base of the operators' API; `/operate/{action}` is appended to it.
    """

    session: Any
    webhooks_url: str
    tables: Mapping[str, str]
    queues: Mapping[str, str]
    operate_url: str = ""

    def client(self, service: str) -> Any:
        """An AWS client of this stack."""
        return self.session.client(service)

    def directory(self) -> DynamoAgentDirectory:
        """The agent directory."""
        return DynamoAgentDirectory(self.client("dynamodb"), self.tables["agents"], time.sleep, time.monotonic)

    def waiting(self) -> DynamoWaitingRoom:
        """The events that wait."""
        return DynamoWaitingRoom(self.client("dynamodb"), self.tables["events"], self.tables["agents"], time.sleep)

    def deals(self) -> DynamoDealStore:
        """The CRM store."""
        return DynamoDealStore(self.client("dynamodb"), self.tables["records"], self.tables["events"], time.sleep)

    def queue(self) -> SqsQueues:
        """The queue to the processing function, for every source."""
        from sources.catalog import catalog

        urls = dict.fromkeys(catalog(), self.queues["transactions"])
        return SqsQueues(self.client("sqs"), urls, dict.fromkeys(catalog(), self.queues["transactions_dlq"]))


def find(name: str | None, profile: str | None) -> Stack:
    """The stack of that name, or the local cloud where there is none.

    Raises:
        ConfigurationError: nothing runs here, or the stack cannot be read; says what to do.
        CommandFailed: a profile, and no stack that it could be for.
    """
    if profile and not name:
        raise CommandFailed("--profile needs --stack; without it the local cloud is meant", Status.USAGE)
    # The local cloud's alarms name it as any other stack, and nobody's AWS is to be asked for it.
    return _deployed(name, profile) if name and name != local_cloud.STACK else _local()


def _local() -> Stack:
    cloud = local_cloud.status()
    if cloud is None:
        raise ConfigurationError("no local cloud runs here: start one with `dealwire up`, or name a stack with --stack")
    return Stack(cloud, f"{cloud.api_url}/webhooks", cloud.tables, cloud.queues, cloud.operate_url)


def _deployed(name: str, profile: str | None) -> Stack:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = boto3.Session(profile_name=profile)
        stacks = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        text = f"stack {name} cannot be read ({error}); check --stack, --profile and the region"
        raise ConfigurationError(text) from error
    out = Outputs(name, stacks[0].get("Outputs", []))
    return Stack(session, f"{out.api_url}/webhooks", out.tables, out.queues, out.operate_url)

"""The agent directory: our agents by (source, agent id), read in batches, with a short cache of hits only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from domain.agents import Agent, AgentKey
from domain.errors import Unavailable
from storage import dynamo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Seconds that a hit is believed. A corrected CRM id is picked up within a minute; a burst of closings reads once.
CACHE_S = 60.0

#: Hits kept; a brokerage has hundreds of agents, so this only bounds a mistake.
CACHE_SIZE = 5_000

#: DynamoDB's limit of one BatchWriteItem.
BATCH_WRITE = 25


@dataclass(slots=True)
class DynamoAgentDirectory:
    """The agent directory on DynamoDB; implements `domain.ports.AgentDirectory`."""

    client: DynamoDBClient
    table: str
    pause: Callable[[float], None]
    clock: Callable[[], float]
    _hits: dict[AgentKey, tuple[float, Agent]] = field(default_factory=dict)

    def lookup(self, keys: Collection[AgentKey], *, fresh: bool = False) -> Mapping[AgentKey, Agent]:
        """The rows that exist; misses are never remembered, so an import is seen at once."""
        known = {} if fresh else self._remembered(keys)
        wanted = [{"source": key.source, "agent_id": key.agent_id} for key in keys if key not in known]
        if not wanted:
            return known
        rows = dynamo.batch_get(self.client, {self.table: wanted}, self.pause)[self.table]
        found = {agent.key: agent for agent in map(_agent, rows)}
        self._remember(found)
        return known | found

    def add(self, agents: Sequence[Agent]) -> None:
        """Insert or replace the rows, in batches of 25.

        Raises:
            Unavailable: DynamoDB did not take all of them; adding again is harmless.
        """
        for start in range(0, len(agents), BATCH_WRITE):
            self._write(agents[start : start + BATCH_WRITE])
            for agent in agents[start : start + BATCH_WRITE]:
                self._hits.pop(agent.key, None)

    def all(self, source: str) -> Sequence[Agent]:
        """Every row of the source, by agent id, past the cache."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="#source = :source",
            ExpressionAttributeNames={"#source": "source"},
            ExpressionAttributeValues=dynamo.to_wire({":source": source}),
            ConsistentRead=True,
        )
        with dynamo.translated(f"read {self.table}"):
            return [_agent(dynamo.from_wire(item)) for page in pages for item in page["Items"]]

    def _write(self, agents: Sequence[Agent]) -> None:
        left: Any = {self.table: [{"PutRequest": {"Item": dynamo.to_wire(_row(agent))}} for agent in agents]}
        for attempt in range(dynamo.UNPROCESSED_ROUNDS):
            with dynamo.translated(f"write {self.table}"):
                left = self.client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                return
            self.pause(0.05 * 2**attempt)
        raise Unavailable(f"cannot write {self.table} now: DynamoDB left agents unwritten; run the import again")

    def _remembered(self, keys: Collection[AgentKey]) -> dict[AgentKey, Agent]:
        oldest = self.clock() - CACHE_S
        hits = {key: self._hits[key] for key in keys if key in self._hits}
        return {key: agent for key, (at, agent) in hits.items() if at > oldest}

    def _remember(self, found: Mapping[AgentKey, Agent]) -> None:
        if len(self._hits) + len(found) > CACHE_SIZE:
            self._hits.clear()
        now = self.clock()
        self._hits.update({key: (now, agent) for key, agent in found.items()})


def _row(agent: Agent) -> dict[str, Any]:
    row = asdict(agent)
    row.pop("key")
    return row | {"source": agent.key.source, "agent_id": agent.key.agent_id}


def _agent(row: Mapping[str, Any]) -> Agent:
    return Agent(
        key=AgentKey(row["source"], row["agent_id"]),
        name=row["name"],
        licence=row["licence"],
        office=row["office"],
        crm_user_id=row["crm_user_id"],
        crm_contact_id=row["crm_contact_id"],
    )

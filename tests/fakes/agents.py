"""The agent directory in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from domain.agents import Agent, AgentKey


@dataclass
class MemoryAgentDirectory:
    """Implements `domain.ports.AgentDirectory`."""

    rows: dict[AgentKey, Agent] = field(default_factory=dict)

    def lookup(self, keys: Collection[AgentKey], *, fresh: bool = False) -> Mapping[AgentKey, Agent]:
        return {key: self.rows[key] for key in keys if key in self.rows}

    def add(self, agents: Sequence[Agent]) -> None:
        self.rows |= {agent.key: agent for agent in agents}

    def all(self, source: str) -> Sequence[Agent]:
        return [self.rows[key] for key in sorted(self.rows) if key.source == source]

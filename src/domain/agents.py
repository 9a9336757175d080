"""Our own agents, as the directory knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class AgentKey(NamedTuple):
    """How a source names one of our agents: (source, the source's own agent id)."""

    source: str
    agent_id: str

    def __str__(self) -> str:
        return f"{self.source}/{self.agent_id}"


@dataclass(frozen=True, slots=True)
class Agent:
    """One row of the agent directory.

    Attributes:
        key: (source, agent id): the same person has one row for each source.
        name: as shown to people.
        licence: the state licence number.
        office: the office's name or code.
        crm_user_id: who owns the record in the external CRM.
        crm_contact_id: the contact that commission records are linked to there.
    """

    key: AgentKey
    name: str
    licence: str
    office: str
    crm_user_id: str
    crm_contact_id: str

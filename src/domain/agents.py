"""Our own agents, as the directory knows them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def agent_id(text: str) -> str:
    """One spelling for an agent's id, wherever it is read: an event and the agents file must meet.

    In composed Unicode, white space trimmed and collapsed; in lower case only if it is an e-mail address, because the
    letters of other ids may differ by their case alone.

    Examples:
        >>> agent_id(" Dana@Example.com "), agent_id("A  1x")
        ('dana@example.com', 'A 1x')
    """
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return unicodedata.normalize("NFC", plain.lower()) if _ADDRESS.fullmatch(plain) else plain


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

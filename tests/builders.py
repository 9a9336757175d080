"""Ready-made messages, facts and agents for the tests; everything fictional."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.agents import Agent, AgentKey
from domain.deal import DealFacts, Participant
from domain.envelope import Envelope
from domain.marks import Mark
from domain.ports import Wanted
from domain.terms import Role

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def envelope(event_id: str = "evt-1", **changes: Any) -> Envelope:
    """A queue message of the transactions source."""
    fields: dict[str, Any] = {
        "receipt": f"r-{event_id}",
        "source": "transactions",
        "event_type": "deal.updated",
        "event_id": event_id,
        "received_at": NOW,
        "mapping_version": 1,
        "content_type": "application/json",
        "archive_key": f"2026-03-02/transactions/r-{event_id}",
    }
    return Envelope(**{**fields, **changes})


def facts(order: int = 1, *, people: list[Participant] | None = None, **changes: Any) -> DealFacts:
    """What one event says about deal T-1."""
    event_id = f"evt-{order}"
    fields: dict[str, Any] = {
        "source": "transactions",
        "source_id": "T-1",
        "event_id": event_id,
        "event_type": "deal.updated",
        "mark": Mark(order, event_id),
        "occurred_at": NOW + timedelta(minutes=order),
        "values": {},
        "participants": None if people is None else tuple(people),
    }
    return DealFacts(**{**fields, **changes})


def person(role: Role = Role.BUYER, source_id: str | None = None, **fields: str | None) -> Participant:
    """Somebody on a deal."""
    return Participant(source_id=source_id, role=role, fields=fields)


def agent(agent_id: str = "A-1", source: str = "transactions", name: str = "Maya Reyes") -> Agent:
    """One of our agents."""
    return Agent(
        key=AgentKey(source, agent_id),
        name=name,
        licence=f"LIC-{agent_id}",
        office="Missoula",
        crm_user_id=f"user-{agent_id}",
        crm_contact_id=f"contact-{agent_id}",
    )


def wanted(event: DealFacts) -> Wanted:
    """What applying the event needs of the CRM store."""
    ids = frozenset(p.source_id for p in event.participants or () if p.source_id)
    return Wanted(event.source, event.source_id, event.merged_ids, ids, event.participants is not None)

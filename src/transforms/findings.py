"""What goes into a run besides the payload and its mapping, and what comes out: findings, good and bad."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from domain.deal import Participant, Value
from domain.errors import FieldProblem
from domain.marks import Mark
from domain.terms import Side


@dataclass(frozen=True, slots=True)
class EventContext:
    """What is known of an event besides its payload.

    Attributes:
        source: the name in the webhook path.
        event_type: the provider's word for what happened.
        event_id: the event's identity.
        received_at: when ingest took it (aware UTC).
        zone: of the office, e.g. `America/Denver`.
        fetched_at: when our fetch of the documents began, for hydrated sources (aware UTC).
    """

    source: str
    event_type: str
    event_id: str
    received_at: datetime
    zone: str
    fetched_at: datetime | None = None


class FieldTrace(NamedTuple):
    """Which rule gave a field its value.

    Attributes:
        field: canonical name, e.g. `sale_price` or `participants[2].phone`.
        rule: its place in the mapping, e.g. `deal.fields.sale_price`.
        line: of the rule in the YAML file.
        path: where in the payload, or `(default)`.
        raw: what stood there, shortened.
        result: the canonical value.
    """

    field: str
    rule: str
    line: int
    path: str
    raw: str
    result: Value


class NamedAgent(NamedTuple):
    """One of our agents as the payload names them.

    Attributes:
        agent_id: in the one spelling of `domain.agents.agent_id`.
        side: on which they work.
        share: of that side; None where nothing says it.
        alike: the mapping says that they share alike with whoever else is on the side.
    """

    agent_id: str
    side: Side
    share: Fraction | None
    alike: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Findings:
    """What a payload gave, good and bad."""

    source_id: str = ""
    merged_ids: tuple[str, ...] = ()
    mark: Mark | None = None
    occurred_at: datetime | None = None
    values: dict[str, Value] = field(default_factory=dict)
    stage_reason: str | None = None
    participants: list[Participant] | None = None
    agents: list[NamedAgent] | None = None
    problems: list[FieldProblem] = field(default_factory=list)
    warnings: list[FieldProblem] = field(default_factory=list)
    traces: list[FieldTrace] = field(default_factory=list)

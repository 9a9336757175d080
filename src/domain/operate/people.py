"""People: `agents`, `agents-check`, `agents-import`, `forget`."""

from __future__ import annotations

from domain.operate.base import Id, Message, Why


class AgentsRequest(Message):
    """`agents`: our agents, those of one source or all."""

    source: str | None = None


class AgentRow(Message):
    """One row of the directory, with the columns of the CSV file."""

    source: str
    agent_id: str
    name: str
    licence: str
    office: str
    crm_user_id: str
    crm_contact_id: str


class AgentsAnswer(Message):
    """The rows, sorted by source and id."""

    agents: tuple[AgentRow, ...]


class AgentsFile(Message):
    """`agents-check`: what an import of this CSV would do. `agents-import` does it."""

    csv: str
    file: str = "agents.csv"
    why: Why = "agents import"


class AgentsChange(Message):
    """What an import does: names of rows by what changes; events that were waiting for these agents."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    without_crm: tuple[str, ...]
    events_queued: int
    events_still_parked: int
    events_stuck: int = 0


class ForgetRequest(Message):
    """`forget` (operator-pii): a privacy request. `contact`: our contact id, or `source/id` of the person there.

    Erases a part at a time; go on until `complete`. With `dry_run` it only says what it would do.
    """

    contact: Id
    why: Why
    dry_run: bool = False


class ForgetAnswer(Message):
    """What was erased so far in this call; ids and amounts stay."""

    contact_id: str
    deals: tuple[str, ...]
    objects_erased: int
    fields_erased: tuple[str, ...]
    complete: bool

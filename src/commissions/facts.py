"""An agent on both sides is one agent: what one entry says of them holds for the other too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from commissions.problems import problem
from domain.commission.closing import Closing, DealAgent
from domain.errors import CommissionRefused

#: What belongs to one entry alone.
_OF_ENTRY = frozenset({"agent", "share", "flat"})
#: What adds up over the entries.
_ADDS_UP = frozenset({"terms", "deductions", "flags"})


def with_facts_together(closing: Closing) -> Closing:
    """The deal with the same facts in every entry of an agent.

    Raises:
        CommissionRefused: two entries contradict each other; names the fact and both values.
    """
    entries: dict[str, list[DealAgent]] = {}
    for side in closing.sides:
        for agent in side.agents:
            entries.setdefault(agent.agent, []).append(agent)
    several = {name: _facts(found) for name, found in entries.items() if len(found) > 1}
    if not several:
        return closing
    sides = [
        side.model_copy(
            update={
                "agents": tuple(agent.model_copy(update=several.get(agent.agent, {})) for agent in side.agents),
            }
        )
        for side in closing.sides
    ]
    return closing.model_copy(update={"sides": tuple(sides)})


def _facts(entries: Sequence[DealAgent]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, field in DealAgent.model_fields.items():
        if name in _OF_ENTRY:
            continue
        said = [getattr(entry, name) for entry in entries if getattr(entry, name) != field.get_default()]
        if name in _ADDS_UP:
            together = [one for values in said for one in values]
            facts[name] = tuple(one for place, one in enumerate(together) if one not in together[:place])
            continue
        for other in said[1:]:
            if other != said[0]:
                _refuse(entries[0].agent, name, f"{said[0]} and {other}")
        if said:
            facts[name] = said[0]
    return facts


def _refuse(agent: str, name: str, values: str) -> None:
    told = problem(
        f"agents {agent}.{name}", values, "the same in every entry of the agent; correct one, or leave it out"
    )
    raise CommissionRefused("an agent's entries contradict each other", [told])

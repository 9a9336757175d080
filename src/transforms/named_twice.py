"""Who is named twice counts once, and who shares alike has an equal part."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from domain.deal import Participant
from domain.terms import Side
from transforms.findings import NamedAgent


def people_once(people: Iterable[Participant]) -> list[Participant]:
    """The people with those named twice in one role taken together; of two values the later one stands."""
    found: dict[object, Participant] = {}
    for person in people:
        key: object = (person.source_id, person.role)
        if person.source_id is None:
            key = (person.role, tuple(sorted((name, value or "") for name, value in person.fields.items())))
        found[key] = _together(found[key], person) if key in found else person
    return list(found.values())


def _together(before: Participant, person: Participant) -> Participant:
    later = {name: value for name, value in person.fields.items() if value is not None}
    return Participant(source_id=person.source_id, role=person.role, fields={**before.fields, **later})


def agents_once(named: Iterable[NamedAgent]) -> list[NamedAgent]:
    """Our agents, those named twice in the same words once, with the equal parts of a side that shares alike.

    A side shares alike if all of its agents do. One among others whose parts are given has no part; the rules say so.
    """
    agents = list(dict.fromkeys(named))
    if not any(agent.alike for agent in agents):
        return agents
    parts: dict[Side, Fraction] = {}
    for side in Side:
        ours = [agent for agent in agents if agent.side is side]
        if ours and all(agent.alike for agent in ours):
            parts[side] = Fraction(1, len(ours))
    return [agent._replace(share=parts[agent.side]) if agent.side in parts else agent for agent in agents]

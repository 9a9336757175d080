"""Facts into records: any order of arrival of the same events ends in the same deal.

Each current value is a last-writer-wins register: it holds what the event with the greatest order mark said, among the
events that carry the field. Stage observations are kept apart, one per event, and sorted by mark when they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from domain.deal import DEAL_FIELDS, Deal, DealDetails, DealFacts, DealRole, StageObservation, Value
from domain.marks import NEVER, beats
from domain.people import PeopleChange, known_together, merge_people
from domain.ports import Change, Snapshot
from domain.stages import Stage, Transition, transition

if TYPE_CHECKING:
    from domain.envelope import Envelope


def merge(facts: DealFacts, held: Snapshot, envelope: Envelope, new_id: Callable[[], str]) -> Change:
    """Decide everything that one event changes; pure, so it can be decided again after a conflict.

    Args:
        facts: what the event says.
        held: what the CRM store holds.
        envelope: the event, for its identity row.
        new_id: makes the id of a record at first sight.

    Returns:
        The change to commit. Its `deal` is None when the event adds nothing to the deal (a late, older one).
    """
    before = held.deal
    start = before or Deal(id=new_id(), source=facts.source, source_id=facts.source_id)
    deal = reduce(_folded, held.absorbed, start)
    ids = [("deal", facts.source, source_id) for source_id in (facts.source_id, *facts.merged_ids)]
    aliases = {alias: deal.id for alias in ids if alias not in held.aliases}

    again = bool(envelope.replay)
    people = merge_people(deal, held, facts, new_id, again=again)
    newer = _newer_values(deal, facts, again=again) | _newer_people(deal, facts, people, again=again)
    changed = bool(newer) or deal is not before
    after = replace(deal, **newer, version=deal.version + 1) if changed else deal
    listed, listed_before = _roles(after), _roles(start)
    observation = _observation(facts)
    return Change(
        envelope=envelope,
        deal_id=deal.id,
        about=f"{facts.source}/{facts.source_id}",
        deal=after if changed else None,
        deal_before=before,
        contacts=people.contacts,
        aliases=aliases | people.aliases,
        repointed={alias: deal.id for alias in ids if held.aliases.get(alias, deal.id) != deal.id},
        absorbed=[(_absorbed(other, deal.id), other) for other in held.absorbed],
        roles_added=[role for pair, role in listed.items() if pair not in listed_before],
        roles_retired=[role for pair, role in listed_before.items() if pair not in listed],
        observation=observation,
        commission_due=changed and after.ever_closed,
        parked_under=held.parked_under,
        applied_before=held.applied_before,
        changed=_changed(start, after, contacts=bool(people.contacts), stage=observation is not None, again=again),
    )


def _changed(before: Deal, after: Deal, *, contacts: bool, stage: bool, again: bool) -> tuple[str, ...]:
    """Names for people: what an event changed, not how."""
    names = {
        name
        for name in before.marks.keys() | after.marks.keys()
        if before.marks.get(name) != after.marks.get(name)
        or (again and _value(before.details, name) != _value(after.details, name))
    }
    names |= {"participants"} if before.participants != after.participants else set()
    names |= {"agents"} if before.agents != after.agents else set()
    names |= {"contacts"} if contacts else set()
    names |= {"stage history"} if stage else set()
    return tuple(sorted(names))


def _roles(deal: Deal) -> dict[tuple[str, str], DealRole]:
    return {(role.contact_id, role.role): role for role in deal.participants}


def _absorbed(other: Deal, into: str) -> Deal:
    """A deal that turned out to be part of another: what was said of it stands there now."""
    return replace(other, version=other.version + 1, participants=(), agents=(), merged_into=into)


def _folded(deal: Deal, other: Deal) -> Deal:
    """The deal with all that was said of another which turned out to be the same: register by register, newest wins."""
    marks, theirs = deal.marks, other.marks
    newer = {name: mark for name, mark in theirs.items() if name not in marks or mark > marks[name]}
    update: dict[str, Any] = {
        "details": _details(deal.details, {name: _value(other.details, name) for name in newer}),
        "marks": marks | newer,
        "people": known_together(deal.people, other.people),
        "ever_closed": deal.ever_closed or other.ever_closed,
        "absorbed_ids": (*deal.absorbed_ids, other.id, *other.absorbed_ids),
    }
    if other.participants_mark > deal.participants_mark:
        update |= {"participants": other.participants, "participants_mark": other.participants_mark}
    if other.agents_mark > deal.agents_mark:
        update |= {"agents": other.agents, "agents_mark": other.agents_mark}
    return replace(deal, **update)


def _value(details: DealDetails, name: str) -> Any:
    group, inner = _PLACES[name]
    return getattr(getattr(details, group) if group else details, inner)


def transitions(observations: Iterable[StageObservation]) -> list[tuple[StageObservation, Transition]]:
    """The deal's stage history: each observation that changed the stage, in order, with what the change means."""
    history: list[tuple[StageObservation, Transition]] = []
    stage: Stage | None = None
    for observation in sorted(observations, key=lambda seen: seen.mark):
        change = transition(stage, observation.stage)
        if change is not None:
            history.append((observation, change))
        stage = observation.stage
    return history


def _observation(facts: DealFacts) -> StageObservation | None:
    stage = facts.values.get("stage")
    if not isinstance(stage, Stage):
        return None
    return StageObservation(
        stage=stage,
        reason=facts.stage_reason,
        occurred_at=facts.occurred_at,
        mark=facts.mark,
        source=facts.source,
        event_type=facts.event_type,
    )


def _newer_values(deal: Deal, facts: DealFacts, *, again: bool) -> dict[str, Any]:
    """The attributes of the deal that the event's values change.

    An event that is replayed takes back what it said the first time: what it still says replaces it, what it says no
    more is cleared, and free for whatever an older event says when that is replayed too.
    """
    mark, marks = facts.mark, deal.marks
    newer = {n: value for n, value in facts.values.items() if n not in marks or beats(mark, marks[n], again)}
    taken_back = set[str]()
    if again:
        taken_back = {name for name, held in marks.items() if held == mark and name not in newer}
        newer = {n: v for n, v in newer.items() if marks.get(n) != mark or _value(deal.details, n) != v}
    update: dict[str, Any] = {}
    if newer or taken_back:
        kept = {name: held for name, held in marks.items() if name not in taken_back} if taken_back else marks
        update |= {
            "details": _details(deal.details, dict.fromkeys(taken_back) | newer),
            "marks": kept | dict.fromkeys(newer, mark),
        }
    if facts.values.get("stage") is Stage.CLOSED and not deal.ever_closed:
        update["ever_closed"] = True
    return update


def _details(details: DealDetails, newer: Mapping[str, Value]) -> DealDetails:
    nested: dict[str, Any] = dict(details.__dict__)
    opened: dict[str, dict[str, Any]] = {}
    for name, value in newer.items():
        group, inner = _PLACES[name]
        if group is None:
            nested[inner] = value
            continue
        if group not in opened:
            opened[group] = nested[group] = dict(nested[group].__dict__)
        opened[group][inner] = value
    return DealDetails.model_validate(nested)


#: Each field of a deal: the group of `DealDetails` that it stands in, if any, and its name there.
_PLACES = {name: (group or None, inner) for name in DEAL_FIELDS for group, _, inner in [name.rpartition(".")]}


def _newer_people(deal: Deal, facts: DealFacts, people: PeopleChange, *, again: bool) -> dict[str, Any]:
    """The attributes of the deal that the event's people and agents change, marks of theirs included."""
    mark = facts.mark
    people_now, agents_now = (deal.participants, deal.participants_mark), (deal.agents, deal.agents_mark)
    people_then, agents_then = people_now, agents_now
    if people.participants is not None:
        people_then = (people.participants, mark)
    elif again and facts.participants is None and deal.participants_mark == mark:  # it lists nobody any more
        people_then = ((), NEVER)
    if facts.agents is not None and beats(mark, deal.agents_mark, again):
        agents_then = (facts.agents, mark)
    elif again and facts.agents is None and deal.agents_mark == mark:
        agents_then = ((), NEVER)
    update: dict[str, Any] = {}
    if people_then != people_now:
        update |= {"participants": people_then[0], "participants_mark": people_then[1]}
    if agents_then != agents_now:
        update |= {"agents": agents_then[0], "agents_mark": agents_then[1]}
    if people.people is not deal.people:
        update["people"] = people.people
    return update

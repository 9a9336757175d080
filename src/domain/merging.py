"""Facts into records: any order of arrival of the same events ends in the same deal.

Each current value is a last-writer-wins register: it holds what the event with the greatest order mark said, among the
events that carry the field. Stage observations are kept apart, one per event, and sorted by mark when they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from domain.deal import Contact, Deal, DealDetails, DealFacts, DealRole, Mark, Participant, StageObservation, Value
from domain.ports import Change, Snapshot
from domain.stages import Stage, Transition, transition
from domain.terms import Role

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
    deal = before or Deal(id=new_id(), source=facts.source, source_id=facts.source_id)
    ids = [("deal", facts.source, source_id) for source_id in (facts.source_id, *facts.merged_ids)]
    aliases = {alias: deal.id for alias in ids if alias not in held.aliases}

    people = _People(deal, held, facts, new_id)
    roles = people.resolve(facts.participants or ())
    aliases |= people.new_aliases

    after = _with_people(_with_values(deal, facts), facts, roles, people.known_by())
    changed = after is not deal or before is None
    if changed:
        after = replace(after, version=deal.version + 1)
    return Change(
        envelope=envelope,
        deal_id=deal.id,
        deal=after if changed else None,
        deal_before=before,
        contacts=people.changed_contacts(),
        aliases=aliases,
        repointed={alias: deal.id for alias in ids if held.aliases.get(alias, deal.id) != deal.id},
        absorbed=[(_absorbed(other, deal.id), other) for other in held.absorbed],
        roles_added=[role for role in after.participants if role not in deal.participants],
        roles_retired=[role for role in deal.participants if role not in after.participants],
        observation=_observation(facts),
        commission_due=changed and after.ever_closed,
        parked_under=held.parked_under,
    )


def _absorbed(other: Deal, into: str) -> Deal:
    """A deal that turned out to be part of another: its people and agents are on that one now."""
    return replace(other, version=other.version + 1, participants=(), agents=(), merged_into=into)


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


def _with_values(deal: Deal, facts: DealFacts) -> Deal:
    newer = {name: value for name, value in facts.values.items() if facts.mark > deal.marks.get(name, _NEVER)}
    ever_closed = deal.ever_closed or facts.values.get("stage") is Stage.CLOSED
    if not newer and ever_closed == deal.ever_closed:
        return deal
    return replace(
        deal,
        details=_details(deal.details, newer),
        marks=deal.marks | dict.fromkeys(newer, facts.mark),
        ever_closed=ever_closed,
    )


def _details(details: DealDetails, newer: Mapping[str, Value]) -> DealDetails:
    nested: dict[str, Any] = dict(details.__dict__)
    for name, value in newer.items():
        group, dot, inner = name.partition(".")
        if not dot:
            nested[name] = value
            continue
        if nested[group] is getattr(details, group):
            nested[group] = dict(nested[group].__dict__)
        nested[group][inner] = value
    return DealDetails.model_validate(nested)


def _with_people(deal: Deal, facts: DealFacts, roles: tuple[DealRole, ...], people: dict[str, str]) -> Deal:
    update: dict[str, Any] = {}
    marks = dict(deal.marks)
    if facts.participants is not None and facts.mark > marks.get("participants", _NEVER):
        update["participants"] = roles
        marks["participants"] = facts.mark
    if facts.agents is not None and facts.mark > marks.get("agents", _NEVER):
        update["agents"] = facts.agents
        marks["agents"] = facts.mark
    if people != deal.people:
        update["people"] = people
    if not update:
        return deal
    return replace(deal, **update, marks=marks)


_NEVER = Mark(-1, "")


#: What identifies a person without an id, strongest first.
_KINDS = ("email+name", "email", "phone", "name")


class _Listed:
    """One participant of the event, with the names it can be known by."""

    def __init__(self, person: Participant) -> None:
        self.person = person

    @cached_property
    def names(self) -> dict[str, str]:
        """Kind to deal-scoped alias, strongest first; made only for people who have no id of their own."""
        parts = {part: _normalised(self.person.fields, part) for part in ("email", "phone", "name")}
        values = {kind: [parts[part] for part in kind.split("+")] for kind in _KINDS}
        return {k: f"{self.person.role}|{k}:{'+'.join(found)}" for k, found in values.items() if all(found)}


@dataclass
class _People:
    """Finds the contact that each participant of one event is, and what the event adds to it.

    A participant with a source id is that id's contact. One without is found on the deal by role and e-mail, else
    phone, else name; a single one left over beside a single person left over in that role is a correction of that
    person's identity, and keeps the record. A contact is used once per role: two buyers who share an e-mail stay two.
    """

    deal: Deal
    held: Snapshot
    facts: DealFacts
    new_id: Callable[[], str]
    names: dict[str, str] = field(default_factory=dict)
    new_aliases: dict[tuple[str, str, str], str] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    taken: dict[tuple[Role, str], _Listed] = field(default_factory=dict)
    adopted: set[str] = field(default_factory=set)

    def resolve(self, participants: Iterable[Participant]) -> tuple[DealRole, ...]:
        """The event's list of people as links, without repeats, sorted so that the order of listing does not matter."""
        mark = self.facts.person_mark
        everyone = [_Listed(person) for person in participants]
        found = [self._by_source_id(listed) if listed.person.source_id is not None else None for listed in everyone]
        for kind in _KINDS if self.deal.people else ():
            for position, listed in enumerate(everyone):
                found[position] = found[position] or self._by_name(listed, kind)
        for position, listed in enumerate(everyone):
            if found[position] is None:
                left_over = [other for i, other in enumerate(everyone) if found[i] is None]
                found[position] = self._twin(listed) or self._corrected(listed, left_over) or self._newcomer(listed)
        links = set()
        for listed, contact_id in zip(everyone, found, strict=True):
            assert contact_id is not None  # noqa: S101 - the third pass left nobody out
            self._add_fields(contact_id, listed.person, mark)
            links.add(DealRole(contact_id, listed.person.role))
        return tuple(sorted(links, key=lambda link: (link.role, link.contact_id)))

    def known_by(self) -> dict[str, str]:
        """The deal-scoped aliases as they should be."""
        if not self.names and not self.adopted:
            return self.deal.people
        kept = {name: i for name, i in self.deal.people.items() if i not in self.adopted}
        return kept | self.names

    def changed_contacts(self) -> list[tuple[Contact, int]]:
        """Each contact the event changes, with the version it was based on."""
        changed = []
        for contact in self.contacts.values():
            based_on = self.held.contacts.get(contact.id)
            if contact is not based_on:
                version = based_on.version if based_on else 0
                changed.append((Contact(contact.id, version + 1, contact.values, contact.marks), version))
        return changed

    def _by_source_id(self, listed: _Listed) -> str:
        alias = ("contact", self.facts.source, str(listed.person.source_id))
        contact_id = self.held.aliases.get(alias) or self.new_aliases.get(alias)
        if contact_id is None:
            contact_id = self._listed_before_without_id(listed) or self.new_id()
            self.new_aliases[alias] = contact_id
        return self._take(listed, contact_id)

    def _listed_before_without_id(self, listed: _Listed) -> str | None:
        # The system gave an id to somebody it had listed without one: keep the record; from now on the id names it.
        if not self.deal.people:
            return None
        for kind in ("email+name", "email", "name"):
            contact_id = self.deal.people.get(listed.names.get(kind, ""))
            if contact_id and (listed.person.role, contact_id) not in self.taken and contact_id not in self.adopted:
                self.adopted.add(contact_id)
                return contact_id
        return None

    def _by_name(self, listed: _Listed, kind: str) -> str | None:
        contact_id = self.deal.people.get(listed.names.get(kind, ""))
        if contact_id is None or contact_id in self.adopted:
            return None
        other = self.taken.get((listed.person.role, contact_id))
        return self._take(listed, contact_id) if other is None or other.names == listed.names else None

    def _twin(self, listed: _Listed) -> str | None:
        """The same person once more on the same list."""
        contact_id = self.names.get(next(iter(listed.names.values()), ""))
        other = self.taken.get((listed.person.role, contact_id)) if contact_id else None
        return contact_id if other is not None and other.names == listed.names else None

    def _corrected(self, listed: _Listed, left_over: list[_Listed]) -> str | None:
        role = listed.person.role
        nameless = {i for name, i in self.deal.people.items() if name.startswith(f"{role}|")} - self.adopted
        links = [link for link in self.deal.participants if link.role is role and link.contact_id in nameless]
        free = [link.contact_id for link in links if (role, link.contact_id) not in self.taken]
        alone = len([other for other in left_over if other.person.role is role]) == 1
        return self._take(listed, free[0]) if alone and len(free) == 1 else None

    def _newcomer(self, listed: _Listed) -> str:
        return self._take(listed, self.new_id())

    def _take(self, listed: _Listed, contact_id: str) -> str:
        self.taken.setdefault((listed.person.role, contact_id), listed)
        if listed.person.source_id is None:
            # The strongest name is this person's alone and is re-pointed; a weaker one (a shared phone) stays as it is.
            for rank, name in enumerate(listed.names.values()):
                if rank == 0:
                    self.names[name] = contact_id
                elif name not in self.deal.people:
                    self.names.setdefault(name, contact_id)
        return contact_id

    def _add_fields(self, contact_id: str, person: Participant, mark: Mark) -> None:
        held = self.contacts.get(contact_id) or self.held.contacts.get(contact_id) or Contact(contact_id)
        marks = held.marks
        newer = {name: value for name, value in person.fields.items() if name not in marks or mark > marks[name]}
        if newer or contact_id not in self.held.contacts:
            held = Contact(held.id, held.version, held.values | newer, marks | dict.fromkeys(newer, mark))
        self.contacts[contact_id] = held


def _normalised(fields: Mapping[str, str | None], part: str) -> str:
    if part != "name":
        return (fields.get(part) or "").casefold()
    whole = fields.get("name") or " ".join(filter(None, (fields.get("first_name"), fields.get("last_name"))))
    return " ".join((whole or fields.get("company") or "").casefold().split())

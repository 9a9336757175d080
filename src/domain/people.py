"""Who the people of an event are: which contact each one is, and what the event adds to it.

A person with a source id is that id's contact, whatever deals they are on; each field holds what was said last.

A person without one is known within the deal by an alias made of their own data: role, and e-mail with name, else
e-mail, else phone, else name. All that the deal's events said under one alias is kept there (`Deal.people`). So what we
know of the people on the newest list does not depend on the order in which events arrived, and never holds what was
said about somebody else. A *correction* (the alias changes, the person stays) keeps the record: its contact id passes
on to the new alias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain.deal import Contact, Deal, DealFacts, DealRole, Known, Participant
from domain.marks import Mark, beats

if TYPE_CHECKING:
    from domain.ports import Snapshot

#: What a corrected person is recognised by among those who left the list, strongest first.
_TRAITS = ("email", "phone", "name")


@dataclass(frozen=True, slots=True)
class PeopleChange:
    """What one event changes about people.

    Attributes:
        participants: the deal's list as it should be; None where the event's list is not the newest.
        people: the deal-scoped aliases; the very object of the deal where nothing changed.
        contacts: each changed contact with the version it is based on.
        aliases: new aliases of source ids.
    """

    participants: tuple[DealRole, ...] | None
    people: dict[str, Known]
    contacts: list[tuple[Contact, int]] = field(default_factory=list)
    aliases: dict[tuple[str, str, str], str] = field(default_factory=dict)


def merge_people(
    deal: Deal, held: Snapshot, facts: DealFacts, new_id: Callable[[], str], *, again: bool = False
) -> PeopleChange:
    """Decide what an event's list of people changes.

    Args:
        deal: as it is held.
        held: what the CRM store holds besides: aliases of the people's ids, their contacts and the deal's.
        facts: what the event says.
        new_id: makes the id of a contact at first sight.
        again: the event is replayed, and may correct what it said itself.
    """
    if facts.participants is None:
        return PeopleChange(None, deal.people)
    return _Merge(deal, held, facts, new_id, again=again).change()


def known_together(ours: Mapping[str, Known], theirs: Mapping[str, Known]) -> dict[str, Known]:
    """Two deals' aliases as one: under each, the newest of what either knew; a contact of ours stays."""
    together = dict(ours)
    for alias, other in theirs.items():
        known = together.get(alias, Known())
        newer = {n: mark for n, mark in other.marks.items() if n not in known.marks or mark > known.marks[n]}
        together[alias] = Known(
            known.contact_id or other.contact_id,
            known.values | {name: other.values[name] for name in newer},
            known.marks | newer,
        )
    return together


class _Entry:
    """One entry of the event's list."""

    __slots__ = ("alias", "contact_id", "known_as", "person")

    def __init__(self, person: Participant, source: str) -> None:
        self.person = person
        self.alias = ("contact", source, person.source_id) if person.source_id is not None else None
        self.known_as = None if self.alias else _alias(person)
        self.contact_id = ""


def _entries(facts: DealFacts) -> list[_Entry]:
    """The event's list, each person once in each role; what a repeat adds is kept."""
    entries: dict[tuple[str, object], _Entry] = {}
    for person in facts.participants or ():
        entry = _Entry(person, facts.source)
        first = entries.setdefault((person.role, entry.alias or entry.known_as), entry)
        if first is not entry:
            said = {name: value for name, value in first.person.fields.items() if value is not None}
            first.person = replace(first.person, fields={**first.person.fields, **person.fields, **said})
    return sorted(entries.values(), key=lambda entry: entry.alias is None)  # ids first: they are certain


class _Merge:
    def __init__(self, deal: Deal, held: Snapshot, facts: DealFacts, new_id: Callable[[], str], *, again: bool) -> None:
        self.again = again
        self.deal, self.held, self.facts, self.new_id = deal, held, facts, new_id
        self.entries = _entries(facts)
        self.person_mark = facts.person_mark
        self.known = dict(deal.people)
        self.contacts: dict[str, Contact] = {}
        self.aliases: dict[tuple[str, str, str], str] = {}
        self.renewed: set[str] = set()

    def change(self) -> PeopleChange:
        nameless = [entry for entry in self.entries if entry.known_as]
        for entry in nameless:
            self._learn(str(entry.known_as), entry.person.fields)
        participants = self._list() if beats(self.facts.mark, self.deal.participants_mark, self.again) else None
        if participants is None:
            for entry in self.entries:
                entry.contact_id = self._by_id(entry) or (self._named(entry, self.new_id()) if entry.alias else "")
        for entry in self.entries:
            if entry.alias:
                self._say(entry.contact_id, entry.person.fields)
        for link in self.deal.participants if participants is None else participants:
            if link.known_as:
                self._show(link.contact_id, self.known[link.known_as])
        people = self.deal.people if self.known == self.deal.people else self.known
        return PeopleChange(participants, people, list(self._changed()), self.aliases)

    # -- which contact each entry of the newest list is ---------------------------------------------------------------

    def _list(self) -> tuple[DealRole, ...]:
        taken = _Taken(self.deal, self.entries)
        for entry in self.entries:
            taken.offer(entry, self._by_id(entry) or taken.still_listed.get(entry.known_as or ""))
        for entry in self.entries:
            taken.offer(entry, self.known[entry.known_as].contact_id if entry.known_as else None)
        if taken.left:
            self._correct(taken)
        for entry in self.entries:
            taken.offer(entry, self._by_id(entry))  # the same id in another role
            if not entry.contact_id:
                taken.offer(entry, self.new_id())
            self._named(entry, entry.contact_id)
        links = {DealRole(entry.contact_id, entry.person.role, entry.known_as) for entry in self.entries}
        return tuple(sorted(links, key=lambda link: (link.role, link.contact_id)))

    def _correct(self, taken: _Taken) -> None:
        for trait in _TRAITS:
            for entry, alias in taken.recognised(trait, self.known):
                self._pass_on(alias, entry, taken)
        for entry, alias in taken.left_alone():
            self._pass_on(alias, entry, taken)

    def _by_id(self, entry: _Entry) -> str | None:
        return (self.held.aliases.get(entry.alias) or self.aliases.get(entry.alias)) if entry.alias else None

    def _pass_on(self, alias: str, entry: _Entry, taken: _Taken) -> None:
        """A correction: the record of somebody who left the list is that of somebody who appeared on it."""
        contact_id = self._by_id(entry) or self.known[alias].contact_id
        taken.offer(entry, contact_id)
        if entry.alias and contact_id and entry.contact_id == contact_id and entry.alias not in self.aliases:
            self._forget(contact_id)  # from now on the id names it
            self.aliases[entry.alias] = contact_id
            self.renewed.add(contact_id)

    def _forget(self, contact_id: str) -> None:
        for alias, known in self.known.items():
            if known.contact_id == contact_id:
                self.known[alias] = replace(known, contact_id=None)

    def _named(self, entry: _Entry, contact_id: str) -> str:
        entry.contact_id = contact_id
        if entry.known_as:
            self.known[entry.known_as] = replace(self.known[entry.known_as], contact_id=contact_id)
        elif entry.alias and entry.alias not in self.held.aliases:
            self.aliases[entry.alias] = contact_id
        return contact_id

    # -- what is known of each contact --------------------------------------------------------------------------------

    def _learn(self, alias: str, fields: Mapping[str, str | None]) -> None:
        known = self.known.get(alias) or Known()
        values, marks = _latest(known.values, known.marks, fields, self.facts.mark, again=self.again)
        self.known[alias] = Known(known.contact_id, values, marks)

    def _say(self, contact_id: str, fields: Mapping[str, str | None]) -> None:
        contact = self.contacts.get(contact_id) or self._held(contact_id)
        values, marks = _latest(contact.values, contact.marks, fields, self.person_mark, again=self.again)
        self.contacts[contact_id] = Contact(contact_id, contact.version, values, marks)

    def _show(self, contact_id: str, known: Known) -> None:
        self.contacts[contact_id] = Contact(contact_id, self._held(contact_id).version, known.values, known.marks)

    def _held(self, contact_id: str) -> Contact:
        held = self.held.contacts.get(contact_id) or Contact(contact_id)
        return Contact(contact_id, held.version) if contact_id in self.renewed else held

    def _changed(self) -> Iterator[tuple[Contact, int]]:
        for contact in self.contacts.values():
            held = self.held.contacts.get(contact.id)
            if contact != held:
                yield Contact(contact.id, contact.version + 1, contact.values, contact.marks), contact.version


class _Taken:
    """Who on the newest list has a contact yet, and whose contacts are free: a contact has each role once."""

    def __init__(self, deal: Deal, entries: Sequence[_Entry]) -> None:
        self.entries = entries
        listed = {entry.known_as for entry in entries if entry.known_as}
        before = {link.known_as: link for link in deal.participants if link.known_as}
        self.still_listed = {alias: link.contact_id for alias, link in before.items() if alias in listed}
        self.left = {alias: link for alias, link in before.items() if alias not in listed}
        self.owner: dict[tuple[str, str], object] = {}

    def offer(self, entry: _Entry, contact_id: str | None) -> None:
        """Give the contact to the entry, unless it has one or the contact is somebody else's in that role."""
        if contact_id is None or entry.contact_id:
            return
        person = entry.alias or entry.known_as
        if self.owner.setdefault((entry.person.role, contact_id), person) == person:
            entry.contact_id = contact_id

    def recognised(self, trait: str, known: Mapping[str, Known]) -> list[tuple[_Entry, str]]:
        """Newcomers and those who left that share a trait, one with one."""
        pairs = []
        for entry in self._newcomers():
            value = _trait(entry.person.fields, trait)
            same_role = [alias for alias in self._free(entry) if value and _trait(known[alias].values, trait) == value]
            if len(same_role) == 1:
                pairs.append((entry, same_role[0]))
        aliases = [alias for _, alias in pairs]
        return [(entry, alias) for entry, alias in pairs if aliases.count(alias) == 1]

    def left_alone(self) -> list[tuple[_Entry, str]]:
        """A single newcomer without an id beside a single person who left, in one role."""
        newcomers = [entry for entry in self._newcomers() if entry.known_as]
        alone = []
        for entry in newcomers:
            free = self._free(entry)
            rivals = {other.known_as for other in newcomers if other.person.role is entry.person.role}
            if len(rivals) == 1 and len(free) == 1:
                alone.append((entry, free[0]))
        return alone

    def _newcomers(self) -> list[_Entry]:
        return [entry for entry in self.entries if not entry.contact_id]

    def _free(self, entry: _Entry) -> list[str]:
        role = entry.person.role
        return [a for a, link in self.left.items() if link.role is role and (role, link.contact_id) not in self.owner]


def _latest(
    values: Mapping[str, str | None],
    marks: Mapping[str, Mark],
    said: Mapping[str, str | None],
    mark: Mark,
    *,
    again: bool,
) -> tuple[dict[str, str | None], dict[str, Mark]]:
    if not marks:
        return dict(said), dict.fromkeys(said, mark)
    newer = {name: value for name, value in said.items() if name not in marks or beats(mark, marks[name], again)}
    taken_back = {name for name, held in marks.items() if again and held == mark and name not in said}
    marks = {name: held for name, held in marks.items() if name not in taken_back}
    values = {name: value for name, value in values.items() if name not in taken_back}
    return {**values, **newer}, {**marks, **dict.fromkeys(newer, mark)}


def _alias(person: Participant) -> str:
    """The deal-scoped alias of a person without an id; a function of their own data alone."""
    email, phone, name = (_trait(person.fields, trait) for trait in _TRAITS)
    if email and name:
        return f"{person.role}|email+name:{email}+{name}"
    for trait, value in (("email", email), ("phone", phone), ("name", name)):
        if value:
            return f"{person.role}|{trait}:{value}"
    return f"{person.role}|licence:{(person.fields.get('licence') or '').casefold()}"


def _trait(fields: Mapping[str, str | None], trait: str) -> str:
    if trait != "name":
        return (fields.get(trait) or "").casefold()
    whole = fields.get("name") or " ".join(filter(None, (fields.get("first_name"), fields.get("last_name"))))
    return " ".join((whole or fields.get("company") or "").casefold().split())

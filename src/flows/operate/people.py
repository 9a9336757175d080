"""People: who our agents are, and what a privacy request erases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from domain.deal import PERSON_FIELDS
from domain.errors import ConfigurationError
from domain.event_log import State
from domain.operate.people import AgentRow, AgentsAnswer, AgentsChange, ForgetAnswer
from flows.operate.deal_events import LONGEST_NAME, events_of, family
from flows.operate.errors import BadRequest, NotFound, Taken
from flows.operate.naming import known_sources
from flows.release_waiting import ReleasePorts, import_agents
from sources.catalog import catalog
from transforms.agents_csv import parse_agents

if TYPE_CHECKING:
    from domain.agents import Agent, AgentKey
    from domain.event_log import EventRecord
    from domain.operate.people import AgentsFile, AgentsRequest, ForgetRequest
    from flows.operate.desk import Desk

#: Rows of one file; a call may take 29 s, and each new agent takes a query for the events that are parked for them.
MOST_AGENTS = 2_000

#: Archive objects that one `forget` erases; the caller goes on until nothing is left.
MOST_OBJECTS = 200

#: Objects that are looked up together.
_LOOK_UP = 100

#: An event in one of these states will still be processed, or wait for a person: its body is needed.
_UNFINISHED = (State.WAITING, State.PARKED, State.DEAD)


def agents(request: AgentsRequest, desk: Desk) -> AgentsAnswer:
    """List our agents, of one source or of all.

    Raises:
        BadRequest: there is no such source.
    """
    if request.source is not None and request.source not in catalog():
        raise BadRequest(f"source {request.source!r} is unknown; expected one of {known_sources()}")
    sources = [request.source] if request.source is not None else sorted(catalog())
    held = [agent for source in sources for agent in desk.ports.process.directory.all(source)]
    return AgentsAnswer(agents=tuple(_row(agent) for agent in sorted(held, key=lambda agent: agent.key)))


def agents_check(request: AgentsFile, desk: Desk) -> AgentsChange:
    """Tell what an import of this file would do; agents without their CRM ids are named, and an import refuses them.

    Raises:
        BadRequest: the file cannot be read; lists every mistake.
    """
    change = _change(request, desk, crm_ids=False)
    parked = desk.ports.process.waiting.parked_for([agent.key for agent in change.written])
    awaited = {key for event in parked for key in event.missing}
    known = desk.ports.process.directory.lookup(awaited, fresh=True).keys() | change.keys
    ready = sum(event.missing <= known for event in parked)
    return change.answer(queued=ready, parked=len(parked) - ready)


def agents_import(request: AgentsFile, desk: Desk) -> AgentsChange:
    """Add the agents to the directory and queue the events that waited for the last of them.

    Rows that are held already are not written again. Their events, should an import have been cut off before it
    released them, are released by the next sweep that looks at them.

    Raises:
        BadRequest: the file cannot be read; lists every mistake, and nothing was written.
    """
    change = _change(request, desk, crm_ids=True)
    counts = {"added": len(change.added), "changed": len(change.changed), "unchanged": change.unchanged}
    details = {name: str(count) for name, count in counts.items()}
    desk.ports.audit.put(desk.entry("agents-import", "AGENTS", request.why, **details))
    process = desk.ports.process
    ports = ReleasePorts(process.waiting, process.directory, desk.ports.queue)
    released = import_agents(change.written, ports, now=desk.now)
    return change.answer(queued=released.queued, parked=released.still_parked, stuck=released.stuck)


@dataclass(frozen=True, slots=True)
class _Change:
    """A file beside the directory."""

    added: tuple[Agent, ...]
    changed: tuple[Agent, ...]
    unchanged: int
    without_crm: tuple[Agent, ...]

    @property
    def written(self) -> tuple[Agent, ...]:
        """The rows that an import writes."""
        return (*self.added, *self.changed)

    @property
    def keys(self) -> frozenset[AgentKey]:
        """Whom the directory holds afterwards and may not hold now."""
        return frozenset(agent.key for agent in self.written)

    def answer(self, *, queued: int, parked: int, stuck: int = 0) -> AgentsChange:
        return AgentsChange(
            added=_names(self.added),
            changed=_names(self.changed),
            unchanged=self.unchanged,
            without_crm=_names(self.without_crm),
            events_queued=queued,
            events_still_parked=parked,
            events_stuck=stuck,
        )


def _change(request: AgentsFile, desk: Desk, *, crm_ids: bool) -> _Change:
    try:
        rows = parse_agents(request.csv, sources=catalog().keys(), file=request.file, crm_ids=crm_ids)
    except ConfigurationError as mistakes:  # of the caller's file, not of our settings
        raise BadRequest("; ".join(str(mistakes).splitlines())) from mistakes
    if len(rows) > MOST_AGENTS:
        message = f"{request.file} has {len(rows):,} agents; split it into files of at most {MOST_AGENTS:,}"
        raise BadRequest(message)
    held = desk.ports.process.directory.lookup([row.key for row in rows], fresh=True)
    return _Change(
        added=tuple(row for row in rows if row.key not in held),
        changed=tuple(row for row in rows if row.key in held and held[row.key] != row),
        unchanged=sum(held.get(row.key) == row for row in rows),
        without_crm=tuple(row for row in rows if not (row.crm_user_id and row.crm_contact_id)),
    )


def _names(rows: Iterable[Agent]) -> tuple[str, ...]:
    return tuple(sorted(str(row.key) for row in rows))


def _row(agent: Agent) -> AgentRow:
    return AgentRow(
        source=agent.key.source,
        agent_id=agent.key.agent_id,
        name=agent.name,
        licence=agent.licence,
        office=agent.office,
        crm_user_id=agent.crm_user_id,
        crm_contact_id=agent.crm_contact_id,
    )


def forget(request: ForgetRequest, desk: Desk) -> ForgetAnswer:
    """Erase what is held about a person: the personal fields, and the archived bodies of their deals' events.

    Ids, amounts and the states of the events stay. The bodies go a part at a time, fields first. A dry run changes
    nothing: it names the fields that would be cleared and counts all the bodies that would go.

    Raises:
        NotFound: nobody of that id stands on a deal.
        Taken: an event of these deals still needs its body.
    """
    contact_id = _contact(request.contact, desk)
    deals = desk.ports.contacts.deals_of(contact_id)
    if not deals:
        raise NotFound("nobody of that id stands on a deal; give our contact id, or source/id of the person")
    kin = family(deals, desk)
    events = events_of(kin, desk)
    _check_finished(events)
    answer = ForgetAnswer(
        contact_id=contact_id,
        deals=tuple(sorted({*deals, *(deal.id for deal in kin)})),
        objects_erased=0,
        fields_erased=PERSON_FIELDS,
        complete=False,
    )
    there = _objects(events, desk)
    if request.dry_run:
        count = sum(1 for _ in there)
        return answer.model_copy(update={"objects_erased": count, "complete": count == 0})
    desk.ports.audit.put(
        desk.entry("forget", f"CONTACT#{contact_id}", request.why, deals=str(len(deals)), events=str(len(events)))
    )
    fields = desk.ports.contacts.forget(contact_id, now=desk.now)
    keys = list(islice(there, MOST_OBJECTS + 1))
    desk.ports.shelf.erase(keys[:MOST_OBJECTS])
    update = {
        "objects_erased": min(len(keys), MOST_OBJECTS),
        "fields_erased": fields,
        "complete": len(keys) <= MOST_OBJECTS,
    }
    return answer.model_copy(update=update)


def _contact(named: str, desk: Desk) -> str:
    if len(named.encode()) > LONGEST_NAME:
        raise BadRequest(f"contact has {len(named):,} characters; expected our contact id, or source/id of the person")
    source, slash, source_id = named.partition("/")
    if not slash:
        return named
    if source not in catalog() or not source_id:
        raise BadRequest(f"contact names no known source; expected source/id with one of {known_sources()}")
    contact_id = desk.ports.contacts.contact_of(source, source_id)
    if contact_id is None:
        raise NotFound(f"{source} knows no contact by that id; check it, or give our contact id")
    return contact_id


def _check_finished(events: Sequence[EventRecord]) -> None:
    """Refuse while an event may still be applied: it would need its body, and bring the person back."""
    unfinished = [event for event in events if event.state in _UNFINISHED]
    if not unfinished:
        return
    named = ", ".join(f"{event.id} ({event.state})" for event in unfinished[:5])
    more = f" and {len(unfinished) - 5} more" if len(unfinished) > 5 else ""
    raise Taken(
        f"events of this person's deals are not finished: {named}{more}; `dealwire dlq replay` or "
        "`dealwire dlq discard` each that is dead, let those that wait be applied, then forget"
    )


def _objects(events: Sequence[EventRecord], desk: Desk) -> Iterator[str]:
    """The archive keys of these events' bodies that are still there: of every delivery and every edit."""
    keys = (key for event in events for key in _keys(event, desk))
    while part := list(islice(keys, _LOOK_UP)):
        yield from (fact.archive_key for fact in desk.ports.shelf.facts(part))


def _keys(event: EventRecord, desk: Desk) -> list[str]:
    story = desk.ports.log.story(event.key)
    keys = [event.envelope.archive_key]
    keys += [delivery.archive_key for delivery in story.deliveries]
    keys += [filing.archive_key for filing in story.filings]
    keys += desk.ports.shelf.below(event.envelope.edits_prefix)
    return list(dict.fromkeys(key for key in keys if key))

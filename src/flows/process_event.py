"""One event of the transaction system: in comes a queue message, out goes a deal in the CRM store, exactly once.

What can go wrong decides what happens next, by the type of the error (domain/errors.py):

- a fault outside the message defers it; the sweeper queues it again;
- an agent of ours who is not in the directory parks it under each missing id;
- what can never succeed goes to the dead-letter queue at once, with its cause;
- anything else is raised: the queue redelivers, three times in all.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Found
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from domain.commission.letters import COMMISSION_DUE
from domain.envelope import CRM_REJECTED, UNKNOWN_TYPE
from domain.errors import Cause, ConfigurationError, Conflict, Deferred, PermanentError, Unavailable, UnknownAgents
from domain.merging import merge
from domain.ports import Wanted
from flows.outcome import Outcome, Result
from flows.set_aside import Aside, bury, defer, give_up, park, replay_failed, told
from mappings.loader import mapping as load_mapping
from sources.catalog import catalog
from sources.hydration import fetch_paths, hydrated
from sources.strict_json import parse
from transforms.deal_facts import EventContext, Reading, read

if TYPE_CHECKING:
    from domain.agents import Agent, AgentKey
    from domain.commission.ports import CommissionStore
    from domain.crm.ports import SyncStore
    from domain.deal import DealFacts
    from domain.envelope import Envelope
    from domain.ports import AgentDirectory, Archive, DeadLetters, DealStore, ProviderApi, Snapshot, WaitingRoom
    from mappings.model import Mapping

#: Attempts to commit one event against other writers of the same deal within one invocation. Each loser reloads what
#: the winner wrote, so one of N writers always gets through; ten covers a full batch on one deal.
COMMIT_ATTEMPTS = 10


class Ports(Protocol):
    """Everything outside that processing an event needs; an adapter may be built when it is first used."""

    @property
    def archive(self) -> Archive:
        """Where the bodies are that a message does not carry."""
        ...

    @property
    def directory(self) -> AgentDirectory:
        """Our agents."""
        ...

    @property
    def deals(self) -> DealStore:
        """The CRM store."""
        ...

    @property
    def waiting(self) -> WaitingRoom:
        """The events that wait."""
        ...

    @property
    def dead(self) -> DeadLetters:
        """The dead-letter queue."""
        ...

    @property
    def api(self) -> ProviderApi:
        """The providers' APIs."""
        ...

    @property
    def commissions(self) -> CommissionStore:
        """Where closings are settled, for a letter about one that is replayed."""
        ...

    @property
    def rows(self) -> SyncStore:
        """What we know of the CRM's rows, for a letter about one that is replayed."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that processing obeys.

    Attributes:
        zone: the office's time zone, IANA name: contract, closing and funded are days there.
        longest_deferral: after which a deferred event is dead.
        event_s: seconds that must be left of an invocation to begin an event.
        fetch_s: seconds that must be left to ask a provider's API besides.
    """

    zone: str
    longest_deferral: timedelta
    event_s: float = 0.0
    fetch_s: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """Time, ids and randomness, as parameters.

    Attributes:
        now: aware UTC.
        new_id: an id that nothing else has.
        jitter: from [0, 1).
        pause: waits that many seconds.
        time_left: seconds until the invocation is cut off, finished or not.
        receives: how often the queue has handed the message out, this time included.
    """

    now: Callable[[], datetime]
    new_id: Callable[[], str]
    jitter: Callable[[], float]
    pause: Callable[[float], None]
    time_left: Callable[[], float]
    receives: int = 1


class Repeated(Exception):
    """The event was applied before: nothing of it is looked at again."""


def process_event(envelope: Envelope, ports: Ports, policy: Policy, world: World) -> Outcome:
    """Apply the event to its deal, or store it with the cause for which it cannot be applied now.

    Raises:
        Unavailable: our own storage failed, or no time is left; the queue keeps the message.
        Conflict: other writers were first again and again; the queue keeps the message.
    """
    if world.time_left() < policy.event_s:
        raise Unavailable("no time is left in this batch; the queue brings the event again")
    try:
        return _apply_or_park(envelope, ports, policy, world)
    except Repeated:
        return Outcome(Result.REPEATED)
    except ConfigurationError as mistake:
        return _deferred(envelope, Deferred(str(mistake), cause=Cause.CONFIG), ports, policy, world)
    except Deferred as fault:
        return _deferred(envelope, fault, ports, policy, world)
    except PermanentError as error:
        if _is_again(envelope, ports):
            return replay_failed(envelope, error.cause, error.reason(), _aside(ports, policy, world))
        if ports.deals.was_applied(envelope):  # by an earlier delivery, under an earlier mapping
            return Outcome(Result.REPEATED)
        return bury(envelope, error, _aside(ports, policy, world))


def _deferred(envelope: Envelope, fault: Deferred, ports: Ports, policy: Policy, world: World) -> Outcome:
    if _is_again(envelope, ports):
        return replay_failed(envelope, fault.cause, str(fault), _aside(ports, policy, world))
    return defer(envelope, fault, _aside(ports, policy, world))


def _is_again(envelope: Envelope, ports: Ports) -> bool:
    """Whether it is the replay of an event that was applied before, be it by an earlier replay."""
    return bool(envelope.replay) and ports.deals.was_applied(envelope.afresh())


def last_attempt_failed(envelope: Envelope, error: Exception, ports: Ports, policy: Policy, world: World) -> Outcome:
    """Keep what would otherwise leave the queue in silence: see `flows.set_aside.give_up`."""
    aside = _aside(ports, policy, world)
    try:
        again = _is_again(envelope, ports)
    except (ConfigurationError, Unavailable):  # nobody can tell now; a letter keeps it either way
        again = True
    # An event that is applied takes no deferral: its replay would be gone without a word.
    return replay_failed(envelope, *told(error), aside) if again else give_up(envelope, error, aside)


def _aside(ports: Ports, policy: Policy, world: World) -> Aside:
    return Aside(ports.waiting, ports.dead, policy.longest_deferral, world.now(), world.jitter(), world.receives)


def _apply_or_park(envelope: Envelope, ports: Ports, policy: Policy, world: World) -> Outcome:
    if envelope.event_type == COMMISSION_DUE:
        from flows.settle.ringing import ring  # hardly ever needed, and a cold start is paid by every event

        return ring(envelope, ports.deals, ports.commissions, world.now())
    if envelope.event_type == CRM_REJECTED:
        from flows.delivery.ringing import ring_again  # as rare

        return ring_again(envelope, ports.deals, ports.rows, world.now())
    payload, context = fetched(envelope, ports, policy, world)
    reading = read(payload, mapping_of(envelope), context)
    for attempt in range(COMMIT_ATTEMPTS):
        try:
            return _attempt(envelope, reading, ports, policy, world, fresh=attempt > 0)
        except Conflict:
            world.pause(world.jitter() * 0.02 * (attempt + 1))
    raise Conflict(f"{envelope.event_key}: other writers of its deal or agents were first {COMMIT_ATTEMPTS} times")


def _attempt(
    envelope: Envelope, reading: Reading, ports: Ports, policy: Policy, world: World, *, fresh: bool
) -> Outcome:
    try:
        facts = reading.facts(look_up(reading.needs, ports, fresh=fresh))
    except UnknownAgents as unknown:
        if _is_again(envelope, ports):
            return replay_failed(envelope, Cause.UNKNOWN_AGENT, unknown.counted(), _aside(ports, policy, world))
        if ports.deals.was_applied(envelope):  # when the directory still held them
            raise Repeated from unknown
        return park(envelope, unknown, _aside(ports, policy, world))
    held = load(facts, envelope, ports)
    if held.applied:
        return Outcome(Result.REPEATED, deal_id=held.deal.id if held.deal else "")
    change = merge(facts, held, envelope, world.new_id)
    looked_up = tuple(map(str, sorted(reading.needs)))
    ports.deals.commit(replace(change, mapped_by=reading.mapped_by, looked_up=looked_up), world.now())
    return Outcome(Result.APPLIED, deal_id=change.deal_id)


def mapping_of(envelope: Envelope) -> Mapping:
    """The mapping of the event's source: as it is now, or as it was when a pinned event was received.

    Raises:
        ConfigurationError: there is none, or that version was not kept.
    """
    return load_mapping(envelope.source, envelope.mapping_version if envelope.pinned else None)


def fetched(envelope: Envelope, ports: Ports, policy: Policy, world: World) -> tuple[Any, EventContext]:
    """The event's whole payload, what a thin webhook only names included, and what is known besides.

    Raises:
        PermanentError: the body is gone or is not JSON, or the provider does not have the thing.
        Deferred: the archive or the provider does not answer now.
        Repeated: a thin webhook whose event was applied before; its provider is not asked.
        ConfigurationError: the source is not ours any more.
    """
    payload, fetched_at = _payload(envelope, ports, policy, world)
    return payload, EventContext(
        source=envelope.source,
        event_type=_event_type(envelope, payload),
        event_id=envelope.event_id,
        received_at=envelope.received_at,
        zone=policy.zone,
        fetched_at=fetched_at,
    )


def _event_type(envelope: Envelope, payload: Any) -> str:
    """As ingest read it; where it could not, the body may have been edited since."""
    if envelope.event_type != UNKNOWN_TYPE:
        return envelope.event_type
    from sources.identify import event_type_of  # hardly ever needed, and a cold start is paid by every event

    headers = {name: [value] for name, value in envelope.headers.items()}
    found = event_type_of(catalog()[envelope.source], headers, payload)
    if found not in catalog()[envelope.source].used:
        raise PermanentError(f"events of type {found} are not used; discard it", cause=Cause.BAD_PAYLOAD)
    return found


def _payload(envelope: Envelope, ports: Ports, policy: Policy, world: World) -> tuple[Any, datetime | None]:
    source = catalog().get(envelope.source)
    if source is None:
        raise ConfigurationError(f"source {envelope.source!r} is not in sources.yaml any more; put its row back")
    payload = parse(_body(envelope, ports.archive))
    paths = fetch_paths(source, payload)
    if not paths:
        return payload, None
    if ports.deals.was_applied(envelope):  # spare the provider's API the repeats
        raise Repeated
    if world.time_left() < policy.fetch_s:
        raise Deferred("no time is left in this batch to ask the provider's API", cause=Cause.PROVIDER_API)
    began = world.now()
    try:
        return hydrated(payload, ports.api.fetch(envelope.source, paths)), began
    except Unavailable as outage:
        raise Deferred(f"the provider's credentials cannot be read: {outage}", cause=Cause.UNAVAILABLE) from outage


def _body(envelope: Envelope, archive: Archive) -> bytes:
    if envelope.body is not None:
        return envelope.body
    try:
        return archive.get(envelope.archive_key)
    except LookupError as error:
        message = f"the archive holds nothing under {envelope.archive_key}; ask the provider to send the event again"
        raise PermanentError(message, cause=Cause.BAD_PAYLOAD) from error
    except Unavailable as outage:
        raise Deferred(f"the archive does not answer: {outage}", cause=Cause.UNAVAILABLE) from outage


def look_up(wanted: frozenset[AgentKey], ports: Ports, *, fresh: bool) -> Found[AgentKey, Agent]:
    """Our agents among those wanted.

    Raises:
        Deferred: the directory does not answer now.
    """
    if not wanted:
        return {}
    try:
        return ports.directory.lookup(wanted, fresh=fresh)
    except Unavailable as outage:
        raise Deferred(f"the agent directory does not answer: {outage}", cause=Cause.UNAVAILABLE) from outage


def load(facts: DealFacts, envelope: Envelope, ports: Ports) -> Snapshot:
    """What the CRM store holds that the event may change."""
    people = facts.participants or ()
    wanted = Wanted(
        source=facts.source,
        deal=facts.source_id,
        merged=facts.merged_ids,
        contacts=frozenset(person.source_id for person in people if person.source_id is not None),
        people=facts.participants is not None,
    )
    return ports.deals.load(envelope, wanted)

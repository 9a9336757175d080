"""What the flows need from the outside, in the words of the business.

Adapters implement these Protocols; the fakes of the tests pass the same contract suites.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from domain.agents import Agent, AgentKey
from domain.envelope import Envelope
from domain.errors import Cause

if TYPE_CHECKING:
    from domain.deal import Contact, Deal, DealRole, StageObservation
    from domain.event_log import Passage


class SecretStore(Protocol):
    """Secrets by name, cached for a while."""

    def secret(self, name: str, *, fresh: bool = False) -> str:
        """The secret text. `fresh` asks past the cache, at most once a minute for each name.

        Raises:
            ConfigurationError: there is no such secret, or we may not read it.
        """
        ...


class Archive(Protocol):
    """The verified bytes, kept as they came."""

    def put(self, key: str, body: bytes, facts: Mapping[str, str]) -> None:
        """Store the bytes with their facts (receipt, event identity, ...) as object metadata."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes again.

        Raises:
            LookupError: no object under that key.
        """
        ...


class MessageQueue(Protocol):
    """Where accepted events go."""

    def send(self, envelopes: Sequence[Envelope]) -> None:
        """Queue the envelopes, in order, each to the queue of its source; raises if any was not taken."""
        ...


class DeadLetters(Protocol):
    """The dead-letter queue, for what we know can never succeed."""

    def bury(self, envelope: Envelope, cause: Cause, reason: str, *, deal: str = "", receives: int = 1) -> None:
        """Send the event to its dead-letter queue with what is to be filed about it as attributes.

        Args:
            envelope: the event.
            cause: to file it under.
            reason: with every failing field and no value of the payload.
            deal: `source/source id`, where known.
            receives: attempts so far.
        """
        ...


class AgentDirectory(Protocol):
    """Our agents by (source, agent id)."""

    def lookup(self, keys: Collection[AgentKey], *, fresh: bool = False) -> Mapping[AgentKey, Agent]:
        """The rows that exist. Hits may be cached for a short while; misses never are. `fresh` skips the cache."""
        ...

    def add(self, agents: Sequence[Agent]) -> None:
        """Insert or replace the rows."""
        ...

    def all(self, source: str) -> Sequence[Agent]:
        """Every row of the source, by agent id."""
        ...


class ProviderApi(Protocol):
    """A provider's API, for webhooks that only name what changed."""

    def fetch(self, source: str, paths: Mapping[str, str]) -> Mapping[str, Any]:
        """GET each path; returns name to decoded JSON document.

        Raises:
            Deferred: down, slow, 401 after a token refresh, 429, or an answer that is not JSON.
            PermanentError: the provider says the thing does not exist (404, 410).
        """
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records an event may touch, by the source's own ids.

    Attributes:
        source: whose ids these are.
        deal: of its deal.
        merged: other ids of the same deal, from before the source merged deals of its own.
        contacts: of the people it lists.
        people: whether it lists people, so that those without an id on the deal are wanted too.
    """

    source: str
    deal: str
    merged: tuple[str, ...] = ()
    contacts: frozenset[str] = frozenset()
    people: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the CRM store holds that an event may change, read consistently.

    Attributes:
        applied: this event was applied before.
        parked_under: the agents that the event is parked for, if it is.
        applied_before: how it was applied the last time, if this is a replay.
        deal: the deal, if it was seen before, be it under one of its merged ids.
        absorbed: deals of ours that its other merged ids stand for.
        aliases: (kind, source, source id) to record id, of those asked for that exist. Kind is `deal` or `contact`.
        contacts: by id: those of the aliases, and where asked for all that the deal knows without an id.
    """

    applied: bool
    deal: Deal | None
    aliases: Mapping[tuple[str, str, str], str]
    contacts: Mapping[str, Contact]
    absorbed: tuple[Deal, ...] = ()
    parked_under: frozenset[AgentKey] = frozenset()
    applied_before: Passage | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Everything one event writes, all or nothing.

    Attributes:
        envelope: the event; its identity row is written with it.
        deal_id: the deal it is about.
        about: the same in the source's words, `source/source id`.
        parked_under: the agents that the event was parked for; those rows go with the write.
        deal: the deal as it should be, or None when the event leaves it as it is.
        deal_before: the deal the decision was based on (None: it must not exist yet).
        contacts: each changed contact with the version it is based on (0: must not exist yet).
        aliases: new (kind, source, source id) to record id; none may exist yet.
        repointed: aliases of absorbed deals, which from now on mean this one.
        absorbed: each deal that became part of this one, as it should be and as it was.
        roles_added: links that are new.
        roles_retired: links that are no longer true; kept, marked retired.
        observation: the stage that the event states, if it states one.
        commission_due: whether to leave a *commission due* mark on the deal.
        applied_before: how the event was applied the last time, for its story.
        mapped_by: the version of the mapping that read the event.
        looked_up: the agents of ours that it names, `source/agent id`.
        changed: names of what it changes, sorted: deal fields, `participants`, `agents`, `contacts`, `stage history`.
    """

    envelope: Envelope
    deal_id: str
    about: str
    deal: Deal | None
    deal_before: Deal | None
    contacts: Sequence[tuple[Contact, int]] = ()
    aliases: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    roles_added: Sequence[DealRole] = ()
    roles_retired: Sequence[DealRole] = ()
    observation: StageObservation | None = None
    commission_due: bool = False
    parked_under: frozenset[AgentKey] = frozenset()
    repointed: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    absorbed: Sequence[tuple[Deal, Deal]] = ()
    changed: tuple[str, ...] = ()
    mapped_by: int = 0
    looked_up: tuple[str, ...] = ()
    applied_before: Passage | None = None


class DealStore(Protocol):
    """The CRM store, as far as an event needs it."""

    def was_applied(self, envelope: Envelope) -> bool:
        """Whether this event was applied before; one small read."""
        ...

    def load(self, envelope: Envelope, wanted: Wanted) -> Snapshot:
        """Read what the event may change."""
        ...

    def commit(self, change: Change, now: datetime) -> None:
        """Write it all in one transaction.

        Raises:
            Conflict: something it was based on has changed, or the event was applied meanwhile; load and decide again.
        """
        ...

    def deal(self, source: str, source_id: str) -> Deal | None:
        """The deal that the source knows by this id, be it one of its merged ids."""
        ...

    def deal_by_id(self, deal_id: str) -> Deal | None:
        """The deal of our id, for people who ask; one that was merged says into which."""
        ...

    def contacts(self, contact_ids: Collection[str]) -> Mapping[str, Contact]:
        """Those of the contacts that exist, by our ids of them."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is stored because it cannot be applied now.

    Attributes:
        envelope: without body; the archive holds it.
        cause: `unknown_agent` when parked, else why it is deferred.
        reason: what to do about it, for people.
        since: when it was first stored.
        due_at: when the sweeper looks at it again.
        attempts: how often it was deferred.
        missing: the agents it is parked for; empty when deferred.
        deal: `source/source id` of its deal, where known.
    """

    envelope: Envelope
    cause: Cause
    reason: str
    since: datetime
    due_at: datetime
    attempts: int = 1
    missing: frozenset[AgentKey] = frozenset()
    deal: str = ""

    @property
    def passage(self) -> Passage:
        """What stays in the event's story when it waits no more."""
        from domain.event_log import Passage, State  # an event that is applied at once needs none of it

        if self.cause is Cause.UNKNOWN_AGENT:
            names = ", ".join(map(str, sorted(self.missing)))
            return Passage(State.PARKED, self.since, f"for {len(self.missing)} of our agents: {names}")
        often = "once" if self.attempts == 1 else f"{self.attempts} times"
        return Passage(State.WAITING, self.since, f"{self.cause}: {self.reason}; deferred {often}")


class WaitingRoom(Protocol):
    """Events deferred by a fault outside them, and events parked for an agent of ours."""

    def find(self, event_key: str) -> Waiting | None:
        """The event, if it waits."""
        ...

    def defer(self, waiting: Waiting) -> None:
        """Store (or store again) a deferred event. An event that was applied meanwhile is left alone."""
        ...

    def park(self, waiting: Waiting) -> None:
        """Store the event under every missing agent, provided that the directory still lacks each of them.

        Raises:
            Conflict: one of the agents has appeared; try the event again instead.
        """
        ...

    def due(self, now: datetime) -> Iterable[Sequence[Waiting]]:
        """The events whose time has come, oldest first, page by page."""
        ...

    def parked_for(self, keys: Collection[AgentKey]) -> Sequence[Waiting]:
        """The events parked under any of these agents."""
        ...

    def close(self, event_key: str) -> None:
        """The event waits no longer and was not applied: it is dead. Its rows here go; the dead letter remains."""
        ...

    def reschedule(self, events: Iterable[Waiting], due_at: datetime) -> None:
        """Look at these again at `due_at`; those that changed since they were read are left as they are."""
        ...

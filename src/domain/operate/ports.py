"""What operating Dealwire needs from the outside, beside `domain.ports`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from domain.errors import Cause
    from domain.event_log import (
        AuditEntry,
        BodyVersion,
        Delivery,
        EventRecord,
        Filing,
        Job,
        State,
        Story,
    )
    from domain.operate.letters import Filter
    from domain.operate.replays import EventsFilter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list; `next` is what to ask for to go on, empty at the end."""

    items: Sequence[T]
    next: str = ""


class EventLog(Protocol):
    """The state of each event, and the open ones by state, cause and time."""

    def find(self, keys: Collection[str]) -> Mapping[str, EventRecord]:
        """The events that have a state, by key."""
        ...

    def open(self, wanted: Filter, *, after: str = "", limit: int = 50, newest_first: bool = True) -> Page[EventRecord]:
        """Open events by `since`. Reads in proportion to the page, not to the table (`deal` and `source` excepted).

        A page may hold less than `limit`, and still have a next one: where `source` is rare among many others.

        Raises:
            ValueError: `after` is not a `next` of ours.
        """
        ...

    def count(self, state: State, cause: Cause, *, most: int) -> int:
        """How many are open with this state and cause, counted up to `most`."""
        ...

    def of_deal(self, deal: str) -> Sequence[EventRecord]:
        """Every event of `source/source id` that has a state, oldest first."""
        ...

    def story(self, key: str) -> Story:
        """Everything filed about one event."""
        ...


class Filings(Protocol):
    """Where the dead are filed."""

    def file(self, filing: Filing, record: EventRecord) -> bool:
        """Write the filing, and the event's state from `record`, in one transaction; False if it was filed before.

        An event that is applied, or parked for an agent, keeps its state: only the filing is added. `attempts` of
        what is held already are added to, `since` of a dead letter stays that of the first filing.

        Raises:
            Conflict: somebody else is writing this event; try again.
        """
        ...


class Mending(Protocol):
    """What operators change about open events; each change and its audit entry are one transaction.

    Raises (all of them):
        Conflict: the event is not as it was read (another operator, or it was applied meanwhile).
    """

    def release(self, record: EventRecord, *, now: datetime, due_at: datetime, entry: AuditEntry) -> None:
        """Dead, discarded or parked: to `waiting`, counting afresh. The caller rings the queue afterwards."""
        ...

    def discard(self, record: EventRecord, *, now: datetime, entry: AuditEntry) -> None:
        """Dead or parked: to `discarded`."""
        ...

    def edit(self, record: EventRecord, version: BodyVersion, entry: AuditEntry) -> None:
        """Dead, discarded or parked: add the version; from now on its bytes are the event's. The state stays."""
        ...


class AuditTrail(Protocol):
    """Who did what. Entries are put, never changed and never deleted."""

    def put(self, entry: AuditEntry) -> None:
        """Write an entry that belongs to no other write."""
        ...

    def about(self, subject: str) -> Sequence[AuditEntry]:
        """The entries about one subject, oldest first."""
        ...

    def on(self, day: str, *, after: str = "", limit: int = 100) -> Page[AuditEntry]:
        """The entries of one UTC day (`2026-11-22`), newest first."""
        ...


class Jobs(Protocol):
    """Replays under way, each over a frozen list of event keys."""

    def create(self, job: Job, keys: Sequence[str], entry: AuditEntry) -> None:
        """Store the job and its list; the job appears last, so that a half-written one is not there at all."""
        ...

    def load(self, job_id: str) -> Job | None:
        """The job as it stands."""
        ...

    def keys(self, job_id: str, start: int, limit: int) -> Sequence[str]:
        """The event keys from the `start`-th."""
        ...

    def advance(self, job_id: str, seen: int, done: int) -> None:
        """Set how many are done, provided that it was `seen`.

        Raises:
            Conflict: another run of the same job has advanced it.
        """
        ...


class DeliveryLog(Protocol):
    """The index of the archive: every verified delivery, by event, by day, and those without an outcome yet."""

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Write rows; adding one again is harmless."""
        ...

    def pending(self, *, limit: int) -> Sequence[Delivery]:
        """Those that have no outcome yet, oldest first."""
        ...

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """These have an outcome."""
        ...

    def page(
        self, wanted: EventsFilter, *, after: str = "", limit: int = 50, newest_first: bool = True
    ) -> Page[Delivery]:
        """Deliveries by time of receipt. Without `since` and `until`: the last seven days, of a deal all.

        Raises:
            ValueError: `after` is not a `next` of ours.
        """
        ...

    def receipts(self, source: str, day: str) -> frozenset[str]:
        """The receipts of one source and UTC day that have a row."""
        ...


class Walk(Protocol):
    """How far the archive was walked, for each source."""

    def last_seen(self, source: str) -> str:
        """The archive key of the newest delivery that was filed; empty at first."""
        ...

    def seen(self, source: str, archive_key: str, received_at: datetime) -> None:
        """Remember it. A step back is ignored."""
        ...

    def last_received(self) -> Mapping[str, datetime]:
        """Source to when its newest filed delivery was received."""
        ...


class Shelf(Protocol):
    """The archive as a whole: what is in it, in order, and its removal."""

    def keys(self, source: str, day: str, *, after: str = "") -> Iterator[str]:
        """The archive keys of one source and UTC day, in the order of their receipts, from behind `after`."""
        ...

    def below(self, prefix: str) -> Sequence[str]:
        """Every archive key that begins so."""
        ...

    def facts(self, keys: Sequence[str]) -> Sequence[Delivery]:
        """What is known of each; objects that are gone are left out."""
        ...

    def erase(self, keys: Sequence[str]) -> int:
        """Remove the objects with all their versions; how many there were."""
        ...


class Depths(Protocol):
    """How many messages the queues hold."""

    def depths(self) -> Mapping[str, tuple[int, int]]:
        """Name of queue to (waiting, in flight)."""
        ...


class Contacts(Protocol):
    """Contacts and the deals they stand on, for privacy requests."""

    def contact_of(self, source: str, source_id: str) -> str | None:
        """Our id of the contact whom the source knows by that id."""
        ...

    def deals_of(self, contact_id: str) -> Sequence[str]:
        """Our ids of the deals that the contact stands or stood on."""
        ...

    def forget(self, contact_id: str, *, now: datetime) -> tuple[str, ...]:
        """Clear every personal value of the contact, and what its deals keep about it under aliases; names of fields.

        Cleared values are as new as `now`: an older event that arrives late does not bring them back.
        """
        ...


class Announcements(Protocol):
    """Where alarms are told."""

    def post(self, text: str, blocks: Sequence[Mapping[str, object]]) -> None:
        """Tell people, in Block Kit with a plain-text fallback.

        Raises:
            Unavailable: it was not taken.
            ConfigurationError: there is no address, or the other side knows none such.
        """
        ...

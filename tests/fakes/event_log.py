"""The event log, the filings and their mending in memory, over the waiting room and the CRM store in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.errors import Cause, Conflict
from domain.event_log import STANDING, AuditEntry, BodyVersion, Delivery, EventRecord, Filing, State, Story
from domain.operate.letters import Filter
from domain.operate.ports import Page
from domain.ports import Change, Waiting
from storage.event_rows import edits_of, is_place, open_at
from storage.filings import refiled
from storage.mending import discarded, edited, released
from tests.fakes.audit import MemoryAudit
from tests.fakes.deals import MemoryDealStore
from tests.fakes.deliveries import MemoryDeliveryLog
from tests.fakes.waiting import MemoryWaitingRoom


@dataclass
class MemoryEventLog:
    """Implements `EventLog`, `Filings` and `Mending` of `domain.operate.ports`.

    What waits or is parked lives in `waiting.rows`, what is applied in `waiting.applied`; dead and discarded events,
    filings and edited bodies live here.

    Attributes:
        waiting: the same room that processing uses.
        audit: where mending writes its entries.
        known: the records of applied events; `LoggedDealStore` fills it, and a test may with `apply`.
        deliveries: for stories: a log, which learns from here the deal of each event, or what gives those of an event.
    """

    waiting: MemoryWaitingRoom = field(default_factory=MemoryWaitingRoom)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    known: dict[str, EventRecord] = field(default_factory=dict)
    deliveries: MemoryDeliveryLog | Callable[[str], Iterable[Delivery]] = field(default_factory=MemoryDeliveryLog)
    shut: dict[str, EventRecord] = field(default_factory=dict)
    filings: dict[str, list[Filing]] = field(default_factory=dict)
    versions: dict[str, list[BodyVersion]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.deliveries, MemoryDeliveryLog):
            self.deliveries.deal_of = self.deal_of

    def deal_of(self, key: str) -> str:
        """`source/source id` of the event's deal, where known."""
        record = self._record(key)
        return record.deal if record else ""

    def apply(self, record: EventRecord) -> None:
        """As if the event had been applied."""
        self.known[record.key] = record
        self.waiting.applied.add(record.key)
        self.waiting.rows.pop(record.key, None)

    # ------------------------------------------------------------------------------------------------------ EventLog

    def find(self, keys: Collection[str]) -> Mapping[str, EventRecord]:
        found = {key: self._record(key) for key in keys}
        return {key: record for key, record in found.items() if record is not None}

    def open(self, wanted: Filter, *, after: str = "", limit: int = 50, newest_first: bool = True) -> Page[EventRecord]:
        if after and not is_place(after):
            raise ValueError(f"after = {after!r} is not a next of ours")
        fitting = [record for record in self._all() if _fits(record, wanted)]
        fitting.sort(key=_place, reverse=newest_first)
        if after:
            fitting = [one for one in fitting if (_place(one) < after if newest_first else _place(one) > after)]
        return Page(fitting[:limit], _place(fitting[limit - 1]) if len(fitting) > limit else "")

    def count(self, state: State, cause: Cause, *, most: int) -> int:
        return min(most, sum((record.state, record.cause) == (state, cause) for record in self._all()))

    def of_deal(self, deal: str) -> Sequence[EventRecord]:
        mine = [record for record in self._all() if record.deal == deal]
        return sorted(mine, key=lambda record: record.envelope.received_at)

    def story(self, key: str) -> Story:
        return Story(
            record=self._record(key),
            deliveries=tuple(sorted(self._deliveries(key), key=lambda delivery: delivery.received_at)),
            filings=tuple(sorted(self.filings.get(key, ()), key=lambda filing: filing.at)),
            versions=tuple(sorted(self.versions.get(key, ()), key=lambda version: version.number)),
            passages=tuple(passage for _, passage in sorted(self.waiting.past.get(key, {}).items())),
            audit=tuple(self.audit.about(f"EVENT#{key}")),
        )

    def _deliveries(self, key: str) -> Iterable[Delivery]:
        if isinstance(self.deliveries, MemoryDeliveryLog):
            return [delivery for delivery in self.deliveries.rows.values() if delivery.key == key]
        return self.deliveries(key)

    # ------------------------------------------------------------------------------------------------------- Filings

    def file(self, filing: Filing, record: EventRecord) -> bool:
        key = record.key
        if any(held.message_id == filing.message_id for held in self.filings.get(key, ())):
            return False
        held = self._record(key)
        if held is None or held.state not in STANDING:
            self._store(refiled(held, record, max(self.versions.get(key, ()), key=_number, default=None)))
        self.filings.setdefault(key, []).append(filing)
        return True

    # ------------------------------------------------------------------------------------------------------- Mending

    def release(self, record: EventRecord, *, now: datetime, due_at: datetime, entry: AuditEntry) -> None:
        after = released(record, now, due_at)
        self._check(record)
        self.audit.put(entry)
        self._store(after)

    def discard(self, record: EventRecord, *, now: datetime, entry: AuditEntry) -> None:
        after = discarded(record, now)
        self._check(record)
        self.audit.put(entry)
        self._store(after)

    def edit(self, record: EventRecord, version: BodyVersion, entry: AuditEntry) -> None:
        edited(record, version)
        held = self._record(record.key)
        seen = (record.state, record.envelope.receipt, record.edits)
        if held is None or (held.state, held.envelope.receipt, held.edits) != seen:
            raise Conflict(f"{record.id} is not as it was read")
        self.audit.put(entry)
        self.versions.setdefault(record.key, []).append(version)
        self._store(edited(held, version))

    def _check(self, seen: EventRecord) -> None:
        if self._record(seen.key) != seen:
            raise Conflict(f"{seen.id} is not as it was read")

    def _store(self, record: EventRecord) -> None:
        self.waiting.rows.pop(record.key, None)
        self.shut.pop(record.key, None)
        if record.state in (State.DEAD, State.DISCARDED):
            self.shut[record.key] = record
            return
        if record.cause is None or record.due_at is None:
            raise ValueError(f"{record.key} waits without a cause or without a time")
        self.waiting.rows[record.key] = Waiting(
            envelope=record.envelope,
            cause=record.cause,
            reason=record.reason,
            since=record.since,
            due_at=record.due_at.replace(microsecond=0),
            attempts=record.attempts,
            missing=record.missing,
            deal=record.deal,
        )

    # ------------------------------------------------------------------------------------------------------- reading

    def _all(self) -> list[EventRecord]:
        keys = {*self.waiting.applied, *self.waiting.rows, *self.shut}
        return list(self.find(keys).values())

    def _record(self, key: str) -> EventRecord | None:
        if key in self.waiting.applied:
            if key not in self.known:
                raise LookupError(f"{key} was applied by a store that tells the log nothing: use LoggedDealStore")
            return self.known[key]
        if key in self.waiting.rows:
            return _waiting_record(self.waiting.rows[key])
        return self.shut.get(key)


@dataclass
class LoggedDealStore(MemoryDealStore):
    """A CRM store in memory, over the log's waiting room, that tells the log what it applied.

    Make it with `LoggedDealStore(log=log)`. The identity rows of the real store say the same.
    """

    log: MemoryEventLog = field(default_factory=MemoryEventLog)

    def __post_init__(self) -> None:
        self.waiting = self.log.waiting

    def commit(self, change: Change, now: datetime) -> None:
        key, record = change.envelope.event_key, _applied_record(change, now)
        with self.lock:
            # Before it counts as applied: whoever reads meanwhile takes no lock.
            before = self.log.known.get(key)
            self.log.known[key] = record
            try:
                super().commit(change, now)
            except BaseException:
                self.log.known.pop(key)
                if before is not None:
                    self.log.known[key] = before
                raise
            self.log.shut.pop(key, None)


def _applied_record(change: Change, now: datetime) -> EventRecord:
    envelope = replace(change.envelope.without_body(), headers={}, replay="", pinned=False)
    return EventRecord(
        key=envelope.event_key,
        state=State.APPLIED,
        envelope=envelope,
        since=now,
        last_at=now,
        deal=change.about,
        deal_id=change.deal_id,
        changed=change.changed,
        edits=edits_of(envelope.archive_key),
        replay=change.envelope.replay,
        mapped_by=change.mapped_by,
        looked_up=change.looked_up,
    )


def _waiting_record(waiting: Waiting) -> EventRecord:
    parked = waiting.cause is Cause.UNKNOWN_AGENT and waiting.missing
    return EventRecord(
        key=waiting.envelope.event_key,
        state=State.PARKED if parked else State.WAITING,
        envelope=waiting.envelope,
        since=waiting.since,
        last_at=waiting.since,
        cause=waiting.cause,
        reason=waiting.reason,
        deal=waiting.deal,
        attempts=waiting.attempts,
        missing=waiting.missing,
        due_at=waiting.due_at,
        edits=edits_of(waiting.envelope.archive_key),
    )


def _fits(record: EventRecord, wanted: Filter) -> bool:
    return (
        record.state in wanted.states
        and record.state is not State.APPLIED
        and wanted.cause in (None, record.cause)
        and wanted.source in (None, record.envelope.source)
        and wanted.deal in (None, record.deal)
        and (wanted.since is None or record.since >= wanted.since)
        and (wanted.until is None or record.since < wanted.until)
    )


def _place(record: EventRecord) -> str:
    return open_at(record.since, record.key)


def _number(version: BodyVersion) -> int:
    return version.number

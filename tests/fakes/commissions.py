"""What commissions need from the outside, in memory: the same conditions as the DynamoDB ones, atomic under a lock."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from domain.commission.account import Account, PlanVersion
from domain.commission.agreement import HeldAgreement
from domain.commission.calculation import CounterKey
from domain.commission.cda import Brokerage, CdaRow, CdaState
from domain.commission.settlement import (
    CommissionRecord,
    CounterState,
    DueMark,
    Head,
    LedgerEntry,
    Order,
    PostedCalculation,
    ReplayMark,
    Settlement,
)
from domain.crm.rows import Kind, RowKey
from domain.errors import CommissionRefused, Conflict
from domain.event_log import AuditEntry
from tests.fakes.audit import MemoryAudit
from tests.fakes.marks import MemoryMarks

TRANSACTION_ITEMS = 100
#: A version of a CDA is one that somebody signed.
SIGNED = frozenset({CdaState.APPROVED, CdaState.SENT})


@dataclass
class FakePlanShelf:
    """Implements `domain.commission.ports.PlanShelf`."""

    audit: MemoryAudit = field(default_factory=MemoryAudit)
    rows: dict[str, list[PlanVersion]] = field(default_factory=dict)

    def publish(self, version: PlanVersion, entry: AuditEntry) -> None:
        held = self.rows.get(version.plan.plan, [])
        if any(version.effective == one.effective or version.number == one.number for one in held):
            raise Conflict(f"{version.id} is published already")
        self.audit.put(entry)
        self.rows[version.plan.plan] = sorted([*held, version], key=lambda one: one.effective)

    def versions(self, plans: Collection[str]) -> Mapping[str, Sequence[PlanVersion]]:
        return {name: list(self.rows[name]) for name in plans if name in self.rows}

    def names(self) -> Sequence[str]:
        return sorted(self.rows)


@dataclass
class FakeAccounts:
    """Implements `domain.commission.ports.Accounts`."""

    audit: MemoryAudit = field(default_factory=MemoryAudit)
    rows: dict[str, Account] = field(default_factory=dict)
    agreements: dict[str, HeldAgreement] = field(default_factory=dict)
    brokerage_row: Brokerage | None = None

    def load(self, accounts: Collection[str]) -> Mapping[str, Account]:
        return {i: self.rows[i] for i in accounts if i in self.rows}

    def save(self, account: Account, entry: AuditEntry) -> None:
        held = self.rows.get(account.account)
        if (held.version if held else 0) != account.version - 1:
            raise Conflict(f"account {account.account} was changed by somebody else")
        self.audit.put(entry)
        self.rows[account.account] = account

    def load_for(self, deal_id: str, accounts: Collection[str]) -> tuple[HeldAgreement | None, Mapping[str, Account]]:
        return self.agreement(deal_id), self.load(accounts)

    def agreement(self, deal_id: str) -> HeldAgreement | None:
        return self.agreements.get(deal_id)

    def save_agreement(self, held: HeldAgreement, entry: AuditEntry) -> None:
        before = self.agreements.get(held.deal_id)
        if (before.version if before else 0) != held.version - 1:
            raise Conflict(f"what is agreed for deal {held.deal_id} was changed by somebody else")
        self.audit.put(entry)
        self.agreements[held.deal_id] = held

    def all(self) -> Sequence[Account]:
        return [self.rows[i] for i in sorted(self.rows)]

    def brokerage(self) -> Brokerage | None:
        return self.brokerage_row

    def set_brokerage(self, brokerage: Brokerage, entry: AuditEntry) -> None:
        self.audit.put(entry)
        self.brokerage_row = brokerage


@dataclass
class FakeCommissionStore:
    """Implements `domain.commission.ports.CommissionStore`; what it holds is public for the tests to read."""

    marks: dict[str, DueMark] = field(default_factory=dict)
    guards: dict[str, int] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    calculations: dict[str, list[PostedCalculation]] = field(default_factory=dict)
    counter_rows: dict[CounterKey, CounterState] = field(default_factory=dict)
    entries: dict[tuple[str, Order], LedgerEntry] = field(default_factory=dict)
    left: set[tuple[str, Order]] = field(default_factory=set)
    record_rows: dict[tuple[str, str], CommissionRecord] = field(default_factory=dict)
    owed: MemoryMarks = field(default_factory=MemoryMarks)
    replays: dict[str, ReplayMark] = field(default_factory=dict)
    replay_versions: dict[str, int] = field(default_factory=dict)
    cdas: dict[str, CdaRow] = field(default_factory=dict)
    cda_versions: dict[tuple[str, int], CdaRow] = field(default_factory=dict)
    page: int = 100
    lock: threading.RLock = field(default_factory=threading.RLock)

    def due(self, now: datetime) -> Iterator[Sequence[DueMark]]:
        found = sorted((mark for mark in self.marks.values() if mark.due_at <= now), key=lambda mark: mark.due_at)
        yield from (found[start : start + self.page] for start in range(0, len(found), self.page))

    def mark(self, deal_id: str) -> DueMark | None:
        return self.marks.get(deal_id)

    def set_due(self, mark: DueMark) -> None:
        with self.lock:
            held = self.marks.get(mark.deal_id)
            if held is None or held.deal_version <= mark.deal_version:
                self._put_mark(mark)

    def _put_mark(self, mark: DueMark) -> None:
        # Guards count on over marks that are gone, and the table keeps whole seconds.
        guard = self.guards.get(mark.deal_id, 0) + 1
        self.guards[mark.deal_id] = guard
        self.marks[mark.deal_id] = replace(mark, due_at=mark.due_at.replace(microsecond=0), guard=guard)

    def check_mark(self, mark: DueMark) -> None:
        """Raises `Conflict` unless the stored mark is the one that was read."""
        held = self.marks.get(mark.deal_id)
        if held is None or (held.deal_version, held.guard) != (mark.deal_version, mark.guard):
            raise Conflict(f"the mark of deal {mark.deal_id} was set anew")

    def clear(self, mark: DueMark, head: Head | None = None) -> None:
        with self.lock:
            self.check_mark(mark)
            if head is not None:
                self.check_head(head)
                self.heads[head.deal_id] = head
            del self.marks[mark.deal_id]

    def blocked(self) -> Iterator[Sequence[DueMark]]:
        found = sorted((mark for mark in self.marks.values() if mark.needs), key=lambda mark: mark.due_at)
        yield from (found[start : start + self.page] for start in range(0, len(found), self.page))

    def head(self, deal_id: str) -> Head:
        return self.heads.get(deal_id, Head(deal_id))

    def needs(self, mark: DueMark, head: Head) -> None:
        with self.lock:
            self.check_mark(mark)
            self.check_head(head)
            self.heads[head.deal_id] = head
            self._put_mark(mark)

    def calculation(self, deal_id: str, number: int) -> PostedCalculation | None:
        return next((one for one in self.calculations.get(deal_id, []) if one.number == number), None)

    def history(self, deal_id: str) -> Sequence[PostedCalculation]:
        return list(self.calculations.get(deal_id, []))

    def counters(self, keys: Collection[CounterKey]) -> Mapping[CounterKey, CounterState]:
        with self.lock:
            return {key: self.counter_rows[key] for key in keys if key in self.counter_rows}

    def entry_before(self, owner: str, order: Order) -> LedgerEntry | None:
        earlier = [entry for entry in self._of(owner) if entry.order < order]
        return earlier[-1] if earlier else None

    def entry_after(self, owner: str, order: Order) -> LedgerEntry | None:
        return next((entry for entry in self._of(owner) if entry.order > order), None)

    def ledger(self, owner: str, *, since: date | None = None, until: date | None = None) -> Sequence[LedgerEntry]:
        first, last = (since.isoformat() if since else ""), (until.isoformat() if until else "~")
        return [entry for entry in self._of(owner) if first <= entry.order[0] <= last]

    def gone(self, owner: str, *, since: date | None = None, until: date | None = None) -> Sequence[Order]:
        first, last = (since.isoformat() if since else ""), (until.isoformat() if until else "~")
        return sorted(order for whose, order in self.left if whose == owner and first <= order[0] <= last)

    def _of(self, owner: str) -> list[LedgerEntry]:
        with self.lock:
            return sorted((e for (whose, _), e in self.entries.items() if whose == owner), key=lambda e: e.order)

    def records(self, deals: Collection[str]) -> Sequence[CommissionRecord]:
        return [record for (deal_id, _), record in sorted(self.record_rows.items()) if deal_id in deals]

    def commit(self, settlement: Settlement) -> None:
        with self.lock:
            self._check(settlement)
            posted = settlement.posted
            self.heads[posted.deal_id] = settlement.head
            self.calculations.setdefault(posted.deal_id, []).append(posted)
            for removed in settlement.removed:
                self.entries.pop(removed, None)
            self.entries |= {(entry.owner, entry.order): entry for entry in settlement.entries}
            self.left = (self.left | set(settlement.removed)) - self.entries.keys()
            self.counter_rows |= {key: state for key, (state, _) in settlement.counters.items()}
            self.record_rows |= {(record.deal_id, record.account): record for record in settlement.records}
            for record in settlement.records:
                self.owed.set(RowKey(Kind.COMMISSION, record.deal_id, record.account), record.number, posted.at)
            for mark in settlement.marks:
                if settlement.advanced is None or mark.owner != settlement.advanced.owner:
                    self.set_replay(mark)
            self._move_on(settlement)
            self._put_cdas(settlement)

    def _check(self, settlement: Settlement) -> None:
        items = 2 + sum(map(len, (settlement.entries, settlement.removed, settlement.counters, settlement.records)))
        items += len(settlement.marks) + sum(
            one is not None for one in (settlement.advanced, settlement.settles, settlement.cda, settlement.superseded)
        )
        if items > TRANSACTION_ITEMS:
            raise CommissionRefused(f"{items} items, and one transaction holds {TRANSACTION_ITEMS}")
        self.check_head(settlement.head)
        if self.calculation(settlement.posted.deal_id, settlement.posted.number) is not None:
            raise Conflict(f"calculation {settlement.posted.id} is there already")
        stored = {key: self.counter_rows.get(key, CounterState()).version for key in settlement.counters}
        if any(stored[key] != based_on for key, (_, based_on) in settlement.counters.items()):
            raise Conflict("a counter was moved by somebody else")
        advanced = settlement.advanced
        replaying = self.replays.get(advanced.owner) if advanced is not None else None
        if advanced is not None and (replaying is None or replaying.version != advanced.version):
            raise Conflict("the replay mark was moved by somebody else")
        if settlement.settles is not None:
            self.check_mark(settlement.settles)
        if settlement.cda is not None:
            self.check_cda(settlement.cda)

    def check_head(self, head: Head) -> None:
        """Raises `Conflict` unless the stored head is the one before this."""
        if self.head(head.deal_id).version != head.version - 1:
            raise Conflict(f"deal {head.deal_id} was settled by somebody else")

    def check_cda(self, row: CdaRow) -> None:
        """Raises `Conflict` unless the stored row is the one before this."""
        held = self.cdas.get(row.deal_id)
        if (held.guard if held else 0) != row.guard - 1:
            raise Conflict(f"the CDA of deal {row.deal_id} was changed by somebody else")

    def _move_on(self, settlement: Settlement) -> None:
        if (advanced := settlement.advanced) is not None:
            backs = [mark.after for mark in settlement.marks if mark.owner == advanced.owner]
            after = min([settlement.posted.order, *backs])
            self._put_replay(replace(advanced, after=after))
        if settlement.settles is not None:
            del self.marks[settlement.settles.deal_id]

    def _put_cdas(self, settlement: Settlement) -> None:
        if settlement.cda is not None:
            self.cdas[settlement.cda.deal_id] = settlement.cda
        if (old := settlement.superseded) is not None:
            self.cda_versions[old.deal_id, old.version] = old

    def replays_due(self, now: datetime) -> Iterator[Sequence[ReplayMark]]:
        found = sorted((mark for mark in self.replays.values() if mark.due_at <= now), key=lambda mark: mark.due_at)
        yield from (found[start : start + self.page] for start in range(0, len(found), self.page))

    def set_replay(self, mark: ReplayMark) -> None:
        with self.lock:
            held = self.replays.get(mark.owner, mark)
            after, due_at = min(held.after, mark.after), min(held.due_at, mark.due_at).replace(microsecond=0)
            self._put_replay(ReplayMark(mark.owner, after, 0, due_at))

    def _put_replay(self, mark: ReplayMark) -> None:
        version = self.replay_versions.get(mark.owner, 0) + 1  # counts on over marks that have ended
        self.replay_versions[mark.owner] = version
        self.replays[mark.owner] = replace(mark, version=version)

    def end_replay(self, mark: ReplayMark) -> None:
        with self.lock:
            held = self.replays.get(mark.owner)
            if held is not None and held.version == mark.version:
                del self.replays[mark.owner]
                self.replay_versions[mark.owner] += 1


@dataclass
class FakeCdaDesk:
    """Implements `domain.commission.ports.CdaDesk`, over the rows that settling writes."""

    store: FakeCommissionStore = field(default_factory=FakeCommissionStore)
    audit: MemoryAudit = field(default_factory=MemoryAudit)

    def row(self, deal_id: str) -> CdaRow | None:
        return self.store.cdas.get(deal_id)

    def versions(self, deal_id: str) -> Sequence[CdaRow]:
        return [row for (deal, _), row in sorted(self.store.cda_versions.items()) if deal == deal_id]

    def save(self, row: CdaRow, head: Head, entry: AuditEntry) -> None:
        with self.store.lock:
            self.store.check_cda(row)
            self.store.check_head(head)
            self.audit.put(entry)
            self.store.cdas[row.deal_id] = row
            self.store.heads[head.deal_id] = head
            # A draft bears the number of the last signed version; of another calculation it leaves that as it was.
            signed = self.store.cda_versions.get((row.deal_id, row.version))
            if row.version and (row.state in SIGNED or (signed is not None and signed.number == row.number)):
                self.store.cda_versions[row.deal_id, row.version] = row

    def listed(self, state: CdaState, *, limit: int = 100) -> Sequence[CdaRow]:
        found = sorted((row for row in self.store.cdas.values() if row.state is state), key=lambda r: r.closing_date)
        return found[:limit]


@dataclass
class FakeDocumentShelf:
    """Implements `domain.commission.ports.DocumentShelf`."""

    bodies: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, body: bytes) -> None:
        self.bodies[key] = body

    def get(self, key: str) -> bytes:
        if key not in self.bodies:
            raise LookupError(f"no document under {key}")
        return self.bodies[key]

"""Decide everything that settling one deal writes: the calculation, ledgers, counters, records, marks and the CDA.

A posted calculation is never edited. What changes is posted as a new one with its adjustments; its counters move by new
less old; and every owner whose ledger has later deals gets a replay mark, if what those begin with has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from commissions.adjusting import adjustments
from domain.commission.calculation import CounterKey
from domain.commission.settlement import (
    CounterState,
    LedgerEntry,
    Order,
    PostedCalculation,
    Reason,
    ReplayMark,
    Settlement,
    Standing,
)
from domain.errors import Conflict
from flows.settle.chain import entry_of, value_of
from flows.settle.computing import carried
from flows.settle.recording import cda_rows, records_of, retired

if TYPE_CHECKING:
    from domain.commission.calculation import Calculation
    from domain.commission.settlement import CommissionRecord, DueMark, Head
    from domain.deal import Deal
    from flows.settle.computing import Computed, Ledgers
    from flows.settle.ports import SettlePorts


@dataclass(frozen=True, slots=True)
class Held:
    """How the deal stands in the store.

    Attributes:
        deal: as the CRM store has it now.
        head: of its commission.
        former: the current calculation, if there is one.
        mark: that asked for this; None in a replay.
        replay: the mark that this is a step of.
    """

    deal: Deal
    head: Head
    former: PostedCalculation | None
    mark: DueMark | None = None
    replay: ReplayMark | None = None

    @property
    def calculation(self) -> Calculation | None:
        """What is posted; None where nothing is due."""
        return self.former.calculation if self.former else None


def is_same(made: Calculation, held: Calculation | None) -> bool:
    """Whether a computation says nothing new; what it was computed from may have changed without effect."""
    return held is not None and replace(made, inputs="") == replace(held, inputs="")


def settled(held: Held, made: Computed, ledgers: Ledgers, ports: SettlePorts, now: datetime) -> Settlement:
    """Everything that a calculation writes.

    Raises:
        Conflict: a ledger changed while it was read.
        Unavailable: storage does not answer.
    """
    number, order = held.head.number + 1, made.closing.order
    records = records_of(made.calculation, made.closing, number)
    owners = {key.owner for key in made.calculation.opening} | {record.account for record in records}
    entries = {
        owner: entry_of(
            owner,
            made.calculation,
            ledgers.values(owner, order),
            deal_id=held.deal.id,
            number=number,
            order=order,
        )
        for owner in sorted(owners)
    }
    return _Decision(held, ledgers, ports, now).settlement(made, order, entries, records)


def reversed_(held: Held, ledgers: Ledgers, ports: SettlePorts, now: datetime) -> Settlement:
    """Everything that taking a closing back writes.

    Raises:
        Unavailable: storage does not answer.
    """
    order = held.former.order if held.former else _place_of(held.deal)
    return _Decision(held, ledgers, ports, now).settlement(None, order, {}, [])


def _place_of(deal: Deal) -> Order:
    details = deal.details
    return (str(details.closing_date or ""), details.reference or "", deal.id)


@dataclass(slots=True)
class _Decision:
    held: Held
    ledgers: Ledgers
    ports: SettlePorts
    now: datetime

    def settlement(
        self,
        made: Computed | None,
        order: Order,
        entries: Mapping[str, LedgerEntry],
        records: list[CommissionRecord],
    ) -> Settlement:
        held = self.held
        number = held.head.number + 1
        old_records = self.ports.store.records([held.deal.id]) if held.former else ()
        before = self._former_entries(old_records)
        gone = {owner: entry for owner, entry in before.items() if owner not in entries or entry.order != order}
        late = self._marks(order, entries, before, gone)
        # A deal that moved in the order is not where the replay found it: the mark stays, and the walk begins again.
        advanced = held.replay if held.former is not None and held.former.order == order else None
        posted = self._posted(made.calculation if made else None, number, order, late=bool(late))
        cda, superseded = cda_rows(posted, held.deal, self.ports.cdas.row(held.deal.id))
        return Settlement(
            posted=posted,
            head=replace(
                held.head,
                version=held.head.version + 1,
                number=number,
                standing=Standing.SETTLED if made else Standing.REVERSED,
                needs="",
                order=order if made else None,
            ),
            entries=tuple(entries.values()),
            removed=tuple((owner, entry.order) for owner, entry in gone.items()),
            counters=self._counters(made, order, entries),
            records=(*records, *retired(old_records, records, number)),
            marks=tuple(ReplayMark(owner, after, 0, self.now) for owner, after in late.items()),
            advanced=advanced,
            settles=held.mark,
            cda=cda,
            superseded=superseded,
        )

    def _posted(self, made: Calculation | None, number: int, order: Order, *, late: bool) -> PostedCalculation:
        held = self.held
        return PostedCalculation(
            deal_id=held.deal.id,
            number=number,
            deal_version=held.deal.version,
            calculation=made,
            reason=self._reason(made, late=late),
            adjustments=adjustments(held.calculation, made) if held.former else (),
            at=self.now,
            supersedes=held.former.number if held.former else 0,
            after_payment=held.head.paid and held.former is not None,
            order=order,
        )

    def _reason(self, made: Calculation | None, *, late: bool) -> Reason:
        if made is None:
            return Reason.RESCINDED
        if self.held.replay is not None:
            return Reason.REPLAYED
        if self.held.calculation is not None:
            return Reason.AMENDED
        return Reason.LATE if late else Reason.CLOSED

    # -------------------------------------------------------------------------------------------------------- ledgers

    def _former_entries(self, records: Iterable[CommissionRecord]) -> dict[str, LedgerEntry]:
        """The deal's entries as they are stored."""
        former, calculation = self.held.former, self.held.calculation
        if former is None or calculation is None:
            return {}
        owners = {key.owner for key in calculation.opening}
        owners |= {record.account for record in records if record.status == "active"}
        found = {owner: self.ledgers.own(owner, former.order) for owner in sorted(owners)}
        return {owner: entry for owner, entry in found.items() if entry is not None}

    def _marks(
        self,
        order: Order,
        entries: Mapping[str, LedgerEntry],
        before: Mapping[str, LedgerEntry],
        gone: Mapping[str, LedgerEntry],
    ) -> dict[str, Order]:
        """Owner to the place behind which their deals begin with something else now, if there are any."""
        found: dict[str, Order] = {}
        for owner, entry in entries.items():
            same_place = owner in before and owner not in gone
            then = before[owner].after if same_place else self.ledgers.values(owner, order)
            if entry.after != then and self.ledgers.has_later(owner, order):
                found[owner] = order
        for owner, entry in gone.items():
            if self.ledgers.has_later(owner, entry.order):
                found[owner] = min(entry.order, found.get(owner, entry.order))
        if self.held.replay is not None and self.held.replay.owner not in gone:
            found.pop(self.held.replay.owner, None)  # the walk itself goes on from here
        return found

    # ------------------------------------------------------------------------------------------------------- counters

    def _counters(
        self, made: Computed | None, order: Order, entries: Mapping[str, LedgerEntry]
    ) -> dict[CounterKey, tuple[CounterState, int]]:
        """Every counter of the deal, before and now, and those that its entries carry on: that guards the ledgers."""
        old = self.held.calculation.movements if self.held.calculation else {}
        new = made.calculation.movements if made else {}
        states = dict(made.states) if made else dict(self.ports.store.counters(old.keys()))
        also = self._carried(order, entries, {*old, *new})
        states |= self.ports.store.counters(also) if also else {}
        for owner in {key.owner for key in also}:
            # Their versions were read after the ledger: what came in between must not be overwritten.
            if not self.ledgers.is_as_read(owner, order):
                raise Conflict(f"the ledger of {owner} was changed by another settlement")
        found = {}
        for key in sorted({*old, *new, *also}, key=str):
            state = states.get(key)
            if state is None:
                value = made.bases.get(key, 0) if made else 0
                state = CounterState(value=value)
            value = state.value + new.get(key, 0) - old.get(key, 0) + self._shift(key, made, order, state)
            last = order if state.last is None else max(order, state.last)
            found[key] = (CounterState(value=value, version=state.version + 1, last=last), state.version)
        return found

    def _carried(self, order: Order, entries: Mapping[str, LedgerEntry], used: Iterable[CounterKey]) -> set[CounterKey]:
        known = frozenset(used)
        return {key for owner in entries for key in carried(owner, self.ledgers.values(owner, order), known)}

    def _shift(self, key: CounterKey, made: Computed | None, order: Order, state: CounterState) -> int:
        """By how much the start of the counter's period was moved since it was stored: openings may come later."""
        if made is None or state.version == 0 or key not in made.bases:
            return 0
        if value_of(self.ledgers.values(key.owner, order), key) is not None:
            return 0
        # Added up over the year: while a replay is under way, what the entries carry may be older than what they moved.
        moved = 0
        for entry in self.ledgers.of_period(key):
            before, after = value_of(entry.before, key), value_of(entry.after, key)
            moved += after - before if before is not None and after is not None else 0
        return made.bases[key] - (state.value - moved)

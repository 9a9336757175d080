"""Writing rows in batches, and finding out what became of each: the decisions after a write.

SuiteCRM names no row when a batch fails, keeps what was written before the bad one and does not try the rest (crm.md
§1a). So:

- answered without a fault: read back, and what is read decides, never the reply;
- answered with a fault: the request is over. What holds what was sent is done, the rest goes one by one;
- no answer: every row of the batch is in doubt (`unknown`), or surely not done (`deferred`), and no further batch goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from crm.suitecrm.faults import without_values
from crm.suitecrm.reading import in_chunks
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.rows import RowKey
from domain.crm.sink import CrmRow, Outcome, Result


class State(StrEnum):
    """How a record, or a link, was seen."""

    LIVE = "live"
    DELETED = "deleted"
    ABSENT = "absent"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Sight:
    """What reading showed of one row.

    Attributes:
        state: how it was seen.
        held: of a live one its fields.
        missing: of a link that is absent the end that is not live, in words; empty if both are.
        fault: of one that the CRM fails to read what it answers.
    """

    state: State
    held: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""
    fault: Fault | None = None


class Task(Protocol):
    """What differs between records and links. Methods that call the CRM raise `CrmFaulted`."""

    def before(self, row: CrmRow) -> Result | None:
        """The result of a row that is not to be sent at all."""
        ...

    def send(self, rows: Sequence[CrmRow]) -> Fault | None:
        """Write all; returns what the reply says against those that are then not found."""
        ...

    def send_alone(self, row: CrmRow) -> Fault | None:
        """Write one; returns as `send`."""
        ...

    def look(self, rows: Sequence[CrmRow]) -> Mapping[RowKey, Sight]:
        """Read all, after a write that was answered without a fault."""
        ...

    def look_after_fault(self, rows: Sequence[CrmRow]) -> Mapping[RowKey, Sight]:
        """Read all, and tell apart what is deleted and what never was."""
        ...

    def written(self, row: CrmRow, seen: Sight) -> Result:
        """The result after a write that was answered without a fault."""
        ...

    def settled(self, row: CrmRow, seen: Sight) -> Result | None:
        """The result after a fault, where what was seen decides it: it is done, or it is gone."""
        ...

    def refused(self, row: CrmRow, seen: Sight, fault: Fault) -> Result:
        """The result after a fault on this row alone."""
        ...


@dataclass(slots=True)
class Batching:
    """Writes the rows of one call to the sink.

    Attributes:
        task: records or links.
        size: the most rows of one call.
    """

    task: Task
    size: int
    _results: dict[RowKey, Result] = field(default_factory=dict)

    def write(self, rows: Sequence[CrmRow]) -> list[Result]:
        """One result for each row, in order."""
        sent: list[CrmRow] = []
        for row in rows:
            result = self.task.before(row)
            if result is None:
                sent.append(row)
            else:
                self._results[row.key] = result
        stop: Fault | None = None
        for batch in in_chunks(sent, self.size):
            if stop is None:
                stop = self._batch(batch)
            else:
                self._not_sent(batch, stop)
        return [self._results[row.key] for row in rows]

    def _batch(self, rows: Sequence[CrmRow]) -> Fault | None:
        """Write one batch; returns the fault that stops those behind it."""
        try:
            note = self.task.send(rows)
        except CrmFaulted as error:
            if _is_refusal(error.fault):
                return self._one_by_one(rows)
            self._keep(in_doubt(row, error.fault) for row in rows)
            return error.fault
        return self._read_back(rows, dict.fromkeys((row.key for row in rows), note))

    def _read_back(self, rows: Sequence[CrmRow], notes: Mapping[RowKey, Fault | None]) -> Fault | None:
        try:
            seen = self.task.look(rows)
        except CrmFaulted as error:
            self._unread(rows, error.fault)
            return error.fault
        readable = self._readable(rows, seen)
        self._keep(_noted(self.task.written(row, seen[row.key]), notes[row.key]) for row in readable)
        return next((note for note in notes.values() if note is not None), None)

    def _one_by_one(self, rows: Sequence[CrmRow]) -> Fault | None:
        """The request is over, whatever it did: see what it did, and send the rest row by row."""
        try:
            seen = self.task.look_after_fault(rows)
        except CrmFaulted as error:
            self._unread(rows, error.fault)
            return error.fault
        left: list[CrmRow] = []
        for row in self._readable(rows, seen):
            result = self.task.settled(row, seen[row.key])
            if result is None:
                left.append(row)
            else:
                self._keep([result])
        return self._alone(left, seen)

    def _alone(self, rows: Sequence[CrmRow], seen: Mapping[RowKey, Sight]) -> Fault | None:
        written: list[CrmRow] = []
        notes: dict[RowKey, Fault | None] = {}
        refusals: list[tuple[CrmRow, Fault]] = []
        stop: Fault | None = None
        for row in rows:
            if stop is not None:
                self._not_sent([row], stop)
                continue
            try:
                # A create of what is there by now, by a rival or by a late request of ours, becomes an update.
                is_there = seen[row.key].state is State.LIVE
                notes[row.key] = self.task.send_alone(replace(row, create=row.create and not is_there))
                written.append(row)
            except CrmFaulted as error:
                if _is_refusal(error.fault):
                    refusals.append((row, error.fault))
                else:
                    self._keep([in_doubt(row, error.fault)])
                    stop = error.fault
        if written:
            stop = self._read_back(written, notes) or stop
        if refusals:
            stop = self._refusals(refusals) or stop
        return stop

    def _refusals(self, refusals: Sequence[tuple[CrmRow, Fault]]) -> Fault | None:
        rows = [row for row, _ in refusals]
        try:
            seen = self.task.look_after_fault(rows)
        except CrmFaulted as error:
            self._unread(rows, error.fault)
            return error.fault
        readable = {row.key for row in self._readable(rows, seen)}
        self._keep(self.task.refused(row, seen[row.key], fault) for row, fault in refusals if row.key in readable)
        return None

    def _readable(self, rows: Sequence[CrmRow], seen: Mapping[RowKey, Sight]) -> list[CrmRow]:
        """Those of the rows that were seen; of the others nobody knows, and they alone are in doubt."""
        for row in rows:
            fault = seen[row.key].fault
            if fault is not None:
                self._unread([row], fault)
        return [row for row in rows if seen[row.key].fault is None]

    def _unread(self, rows: Iterable[CrmRow], fault: Fault) -> None:
        """Written or not, it could not be read: nobody knows."""
        unread = replace(fault, answered=False)
        self._keep(Result(row.key, Outcome.UNKNOWN, unread) for row in rows)

    def _not_sent(self, rows: Iterable[CrmRow], stop: Fault) -> None:
        kind = FaultClass.UNAVAILABLE if stop.kind is FaultClass.AMBIGUOUS else stop.kind
        self._keep(Result(row.key, Outcome.DEFERRED, replace(stop, kind=kind)) for row in rows)

    def _keep(self, results: Iterable[Result]) -> None:
        self._results.update((result.key, result) for result in results)


def in_doubt(row: CrmRow, fault: Fault) -> Result:
    """The result of a row whose call failed as a whole."""
    maybe_done = fault.kind is FaultClass.AMBIGUOUS
    told = replace(fault, words=without_values(fault.words, row.fields.values()))
    return Result(row.key, Outcome.UNKNOWN if maybe_done else Outcome.DEFERRED, told)


def _noted(result: Result, note: Fault | None) -> Result:
    """What the reply said against the rows counts for those that are not found."""
    if note is None or result.outcome is not Outcome.UNKNOWN:
        return result
    return Result(result.key, Outcome.DEFERRED, note)


def _is_refusal(fault: Fault) -> bool:
    """Whether the CRM answered with a fault that says nothing: it may be any row, or none."""
    return fault.answered and fault.kind is FaultClass.AMBIGUOUS

"""Writing contacts, deals and commission records: existence first, own ids, and what is read back is what counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from crm.suitecrm.batching import Sight, State, in_doubt
from crm.suitecrm.calls import LinkCall
from crm.suitecrm.modules import ModuleOf
from crm.suitecrm.reading import ID, Reader, Seen, altered
from domain.crm.faults import Fault, FaultClass
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import CrmRow, Outcome, Result


@dataclass(frozen=True, slots=True)
class RecordTask:
    """Implements `batching.Task` for the records of one kind.

    Attributes:
        kind: of the records.
        reader: reads them, and has the service.
    """

    kind: Kind
    reader: Reader

    @property
    def _of(self) -> ModuleOf:
        return self.reader.modules.of(self.kind)

    def before(self, row: CrmRow) -> Result | None:
        """Refuse what SuiteCRM would take without a word: a record without an id, or without its required fields."""
        if not ID.fullmatch(row.remote_id):
            words = "is no id of a record; expected 1 to 36 letters, digits, - or _"
            return Result(row.key, Outcome.REJECTED, Fault(FaultClass.REJECTED, words, field="id"))
        given = _given(row)
        for name in sorted(self._of.required):
            if name in given and not given[name].strip():
                words = (
                    f"{self._of.module} needs it, though the CRM would take the record without; fill it at the source"
                )
                return Result(row.key, Outcome.REJECTED, Fault(FaultClass.REJECTED, words, field=name))
        if not row.create and not row.send:
            return Result(row.key, Outcome.UNCHANGED)
        return None

    def send(self, rows: Sequence[CrmRow]) -> Fault | None:
        """One `set_entries`. The ids it returns prove nothing: an update of what is not there returns its id too."""
        values = [self._values(row) for row in rows]
        self.reader.caller.write(
            "set_entries",
            lambda token, timeout: self.reader.calls.set_entries(token, self._of.module, values, timeout_s=timeout),
        )
        return None

    def send_alone(self, row: CrmRow) -> Fault | None:
        """One `set_entry`."""
        values = self._values(row)
        self.reader.caller.write(
            "set_entry",
            lambda token, timeout: self.reader.calls.set_entry(token, self._of.module, values, timeout_s=timeout),
        )
        return None

    def _values(self, row: CrmRow) -> dict[str, str]:
        values = {"id": row.remote_id, **_given(row)}
        if not row.create:
            return values
        told = {name: text for name, text in values.items() if text or name not in self._of.numbers}
        return {**told, "new_with_id": "1"}

    def look(self, rows: Sequence[CrmRow]) -> Mapping[RowKey, Sight]:
        """Read the records back; a link to a parent that we took off, and that stayed, is taken off by name."""
        seen = self.reader.live(self.kind, [row.remote_id for row in rows])
        again = self._unlinked([row for row in rows if row.remote_id in seen.held], seen.held)
        seen = Seen(seen.held | again.held, seen.unread | again.unread)
        return {row.key: _sight(row, seen, ()) for row in rows}

    def look_after_fault(self, rows: Sequence[CrmRow]) -> Mapping[RowKey, Sight]:
        """Read the records, and whether those that are not live were deleted."""
        seen = self.reader.live(self.kind, [row.remote_id for row in rows])
        missing = [one for row in rows if (one := row.remote_id) not in seen.held and one not in seen.unread]
        deleted = self.reader.deleted(self.kind, missing)
        seen = Seen(seen.held, seen.unread | deleted.unread)
        return {row.key: _sight(row, seen, deleted.held) for row in rows}

    def _unlinked(self, rows: Sequence[CrmRow], held: Mapping[str, Mapping[str, str]]) -> Seen[dict[str, str]]:
        """An empty link column does not take a link off; `set_relationships` does."""
        stayed = [
            LinkCall(self._of.module, row.remote_id, parent.link, held[row.remote_id][column], delete=True)
            for row in rows
            for column, parent in self._of.parents.items()
            if _given(row).get(column) == "" and held[row.remote_id].get(column)
        ]
        if not stayed:
            return Seen()
        self.reader.caller.write(
            "set_relationships",
            lambda token, timeout: self.reader.calls.set_relationships(token, stayed, timeout_s=timeout),
        )
        return self.reader.live(self.kind, [call.id for call in stayed])

    def written(self, row: CrmRow, seen: Sight) -> Result:
        """What was read back decides."""
        if seen.state is State.LIVE:
            return self._live(row, seen.held)
        if row.create:
            words = f"{self._of.module} {row.remote_id} was accepted and is not there"
            return Result(row.key, Outcome.UNKNOWN, Fault(FaultClass.AMBIGUOUS, words, answered=True))
        return self._gone(row)

    def settled(self, row: CrmRow, seen: Sight) -> Result | None:
        """After a fault: what holds what was sent is done; what is deleted, or was there and is not, is gone."""
        if seen.state is State.LIVE:
            is_done = not altered(_given(row), seen.held)
            return self._live(row, seen.held) if is_done else None
        if seen.state is State.DELETED or not row.create:
            return self._gone(row)
        return None

    def refused(self, row: CrmRow, seen: Sight, fault: Fault) -> Result:
        """Twice a fault, the second time alone: only the CRM's words are left to tell."""
        result = self.settled(row, seen)
        if result is not None:
            return result
        if row.create and seen.state is State.LIVE:
            words = "somebody else created the record at the same moment"
            return Result(row.key, Outcome.DEFERRED, Fault(FaultClass.CONTENTION, words, answered=True))
        return in_doubt(row, fault)

    def _live(self, row: CrmRow, held: Mapping[str, str]) -> Result:
        given = _given(row)
        for column in self._of.parents:
            if given.get(column) and not held.get(column):
                return self._without_parent(row, column, given[column])
        outcome = Outcome.CREATED if row.create else Outcome.UPDATED
        return Result(row.key, outcome, held=held, altered=altered(given, held))

    def _without_parent(self, row: CrmRow, column: str, parent_id: str) -> Result:
        """A link to what is not there is dropped without a word."""
        parent = self._of.parents[column]
        words = f"{parent.module} {parent_id} is not there, live"
        if parent.ours:
            return Result(row.key, Outcome.DEFERRED, Fault(FaultClass.DEFERRED, words, column, answered=True))
        words += "; correct the agent's CRM ids with `dealwire agents import`, and look with `dealwire crm preflight`"
        return Result(row.key, Outcome.REJECTED, Fault(FaultClass.REJECTED, words, column, answered=True))

    def _gone(self, row: CrmRow) -> Result:
        words = f"{self._of.module} {row.remote_id} was deleted or merged in the CRM"
        return Result(row.key, Outcome.DEFERRED, Fault(FaultClass.GONE, words, answered=True))


def _sight(row: CrmRow, seen: Seen[dict[str, str]], deleted: Collection[str]) -> Sight:
    if row.remote_id in seen.unread:
        return Sight(State.UNREAD, fault=seen.unread[row.remote_id])
    if row.remote_id in seen.held:
        return Sight(State.LIVE, seen.held[row.remote_id])
    return Sight(State.DELETED if row.remote_id in deleted else State.ABSENT)


def _given(row: CrmRow) -> dict[str, str]:
    return {name: text for name, text in row.fields.items() if row.create or name in row.send}

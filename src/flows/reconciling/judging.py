"""What one row's comparison finds: ours as it should be, theirs as it was read back. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain.crm.reconciling import Against, Finding, What
from domain.crm.rows import Kind, Question, Standing
from domain.crm.sink import Remote, Unread
from flows.delivery.resting import ours as ours_of
from transforms.crm_record import digest
from transforms.crm_tolerance import same

if TYPE_CHECKING:
    from domain.crm.rows import RowKey, SyncRow
    from flows.delivery.content import Content
    from mappings.crm.model import CrmMapping
    from mappings.reconcile.tolerances import Tolerances

_ASKS = {
    Question.CANDIDATES: "several records of the CRM match; `dealwire crm adopt` or `create`",
    Question.GONE: "deleted or merged in the CRM; `dealwire crm adopt`, `recreate` or `leave`",
}


@dataclass(frozen=True, slots=True)
class Sides:
    """One row, both sides.

    Attributes:
        key: which row.
        row: its sync row; None if nobody ever looked at it.
        content: what it should hold.
        remote: the CRM's record, or that it cannot be read; None if it has none, or was not asked.
        owed: our record has changed since it was delivered.
        overdue: it should have been delivered long ago.
        left: a person left it, or what it hangs on, to the CRM.
    """

    key: RowKey
    row: SyncRow | None
    content: Content
    remote: Remote | Unread | None
    owed: bool = False
    overdue: bool = False
    left: bool = False


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares by the rules of tolerance."""

    mapping: CrmMapping
    tolerances: Tolerances

    def judge(self, sides: Sides) -> list[Finding]:
        """What does not agree, or not yet; nothing if the two do."""
        found = self._standing(sides) or self._there(sides) or list(self._fields(sides))
        return [replace(one, name=sides.content.deal) for one in found]

    def _standing(self, sides: Sides) -> list[Finding]:
        """What the row itself says already, whatever the CRM holds."""
        row = sides.row
        if sides.left or (row is not None and row.standing is Standing.LEFT):
            return [_about(sides, What.LEFT, "a person left it to the CRM")]
        if row is not None and row.standing is Standing.ASKS:
            asked = _ASKS.get(row.question, row.reason) if row.question else row.reason
            return [_about(sides, What.ASKS, asked)]
        if is_pending(row, owed=sides.owed):
            reason = row.reason if row else ""
            if sides.overdue:
                return [_about(sides, What.OVERDUE, reason or "owed for long", fixable=True)]
            return [_about(sides, What.PENDING, reason)]
        if row is not None and row.standing is Standing.REFUSED:
            return [_about(sides, What.REFUSED, row.reason)]
        return []

    def _there(self, sides: Sides) -> list[Finding]:
        """Whether the record is there, or is not, as it should."""
        if isinstance(sides.remote, Unread):
            return [_about(sides, What.UNREADABLE, f"the CRM fails to read it: {sides.remote.fault.words}")]
        live = sides.remote is not None and sides.remote.live
        if sides.content.retired and (sides.key.kind is Kind.LINK or not _was_sent(sides.row)):
            told = "a link that was taken off is there again"
            return [_about(sides, What.EXTRA, told, fixable=True)] if live else []
        if live or (sides.content.borrowed and not _was_sent(sides.row)):
            return []
        if not _was_sent(sides.row):
            return [_about(sides, What.MISSING, "never delivered, and nothing says that it is owed", fixable=True)]
        told = "deleted or merged there" if sides.remote is not None else "not there any more"
        return [_about(sides, What.MISSING, told, fixable=True)]

    def _fields(self, sides: Sides) -> Iterator[Finding]:
        row, remote = sides.row, sides.remote
        if row is None or not isinstance(remote, Remote) or not remote.live or row.confirmed is None:
            return
        for name, mark in ours_of(sides.content.digests, row).items():
            if name not in remote.fields:
                continue
            ours, theirs = sides.content.fields[name], remote.fields[name]
            if digest(theirs) != mark and not self._same(sides.key.kind, name, ours, theirs):
                yield self._field(sides, row, name, ours, theirs)

    def _same(self, kind: Kind, name: str, ours: str, theirs: str) -> bool:
        line = self.mapping.field(kind, name)
        return line is not None and same(self.tolerances.rule(line.form, line.source), ours, theirs)

    def _field(self, sides: Sides, row: SyncRow, name: str, ours: str, theirs: str) -> Finding:
        line = self.mapping.field(sides.key.kind, name)
        finding = replace(
            _about(sides, What.DIFFERENT, ""),
            field=name,
            canonical=line.source if line else "",
            ours=ours,
            theirs=theirs,
        )
        known = row.confirmed
        if known is None:
            return replace(finding, fixable=True)
        held = known.held.get(name)
        if held is not None and held == digest(theirs) and known.sent.get(name) == digest(ours):
            return replace(finding, what=What.ALTERED, detail="the CRM has kept it so since it was written")
        if held is not None and held != digest(theirs) and known.sent.get(name) == digest(ours):
            return replace(finding, what=What.CHANGED, detail="since we wrote it", fixable=True)
        return replace(finding, fixable=True)


def is_pending(row: SyncRow | None, *, owed: bool) -> bool:
    """Whether the row is still being delivered, so that a difference says nothing yet."""
    if row is None:
        return owed
    if row.standing in {Standing.ASKS, Standing.LEFT}:
        return False
    # What the CRM refuses is owed no more: it waits until it changes, and then its record has a mark again.
    unsettled = row.standing in {Standing.OPEN, Standing.BEHIND} or row.intent is not None
    return owed or unsettled or row.doubted_at is not None or row.due_at is not None


def doubles(keys: Mapping[str, RowKey], found: Mapping[str, list[str]], names: Mapping[str, str]) -> Iterator[Finding]:
    """Rows of which the CRM holds several live records.

    Args:
        keys: our id in the CRM to the row.
        found: our id in the CRM to the ids of its records.
        names: our id in the CRM to what people call the deal.
    """
    for value, ids in found.items():
        if len(set(ids)) > 1 and value in keys:
            records = f"{len(set(ids))} live records: {', '.join(sorted(set(ids))[:5])}"
            told = f"{records}; merge them in the CRM, or empty our id in those of somebody else"
            yield Finding(Against.CRM, What.DUPLICATED, keys[value], name=names.get(value, ""), detail=told)


def _was_sent(row: SyncRow | None) -> bool:
    return row is not None and row.ever_sent


def _about(sides: Sides, what: What, detail: str, *, fixable: bool = False) -> Finding:
    return Finding(Against.CRM, what, sides.key, detail=detail, fixable=fixable)

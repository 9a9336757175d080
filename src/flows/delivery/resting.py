"""How a row rests: confirmed, refused, in question, or behind a parent; and when somebody looks at it again. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.crm.rows import Confirmation, Kind, Question, RowKey, Standing, SyncRow
from domain.errors import Cause
from flows.delivery.case import Do, Step
from flows.delivery.content import Content
from transforms.crm_record import digest

#: How long a row waits that a person or a parent must free; what frees it rings it at once, this covers a lost bell.
RECHECK = timedelta(hours=24)
BEHIND_RECHECK = timedelta(minutes=10)

#: How soon a contact looks again that another contact with the same search terms is being created.
RIVAL_RECHECK = timedelta(seconds=15)

#: How soon a row is read again in which somebody else's write was seen beside ours.
STRAY_RECHECK = timedelta(seconds=1)


#: An empty field, as text and as digest.
_EMPTY = digest("")
_NOTHING = frozenset({"", _EMPTY})


def confirmed(
    row: SyncRow,
    content: Content,
    held: Mapping[str, str],
    now: datetime,
    max_request: timedelta,
    *,
    written: Collection[str] = (),
) -> SyncRow:
    """The row once the CRM was seen to hold what we hold, or what it makes of it.

    Args:
        row: with what is known of it.
        content: what it should hold.
        held: what it was seen to hold.
        now: aware UTC.
        max_request: how long the CRM may still execute a request that we gave up.
        written: fields that were just sent. Only those, and what was altered before, are alterations of the CRM; any
            other difference is somebody's late or newer write, and the row is looked at again at once. While an
            earlier write may still run late, it may be that write which was read: such a field does not count as sent,
            and the look at the end of the doubt decides.
    """
    sent = ours(content.digests, row)
    known = row.confirmed or row.before
    differing = {
        name: (content.fields[name], held[name]) for name in sent if name in held and digest(held[name]) != sent[name]
    }
    before = known.altered if known else {}
    sure = frozenset[str]() if may_run_late(row, now, max_request) else frozenset(written)
    altered = {name: pair for name, pair in differing.items() if name in sure or before.get(name) == pair}
    unsure = (differing.keys() & set(written)) - altered.keys()
    marks = {name: digest(held[name]) for name in sent if name in held}
    counted = {name: mark for name, mark in sent.items() if name not in unsure}
    settled = _confirmed(row, content, Confirmation(now, content.version, counted, marks, altered), max_request)
    if differing.keys() == altered.keys() | unsure:
        return settled
    return replace(settled, standing=Standing.OPEN, sight=True, due_at=now + STRAY_RECHECK)


def _confirmed(row: SyncRow, content: Content, confirmation: Confirmation, max_request: timedelta) -> SyncRow:
    late = may_run_late(row, confirmation.at, max_request)
    return replace(
        row,
        standing=Standing.CLEAN,
        remote_id=row.remote_id or content.remote_id,
        confirmed=confirmation,
        before=None,
        intent=None,
        sight=False,
        question=None,
        candidates=(),
        behind=None,
        reason="",
        attempts=0,
        refused="",
        # 5: a row that had an unknown outcome is read once more when nothing can run late any longer.
        doubted_at=row.doubted_at if late else None,
        due_at=end_of_doubt(row, max_request) if late else None,
    )


def refused(row: SyncRow, content: Content, reason: str, *, was_sent: bool = False) -> Step:
    """The row once the CRM, or a rule that stands for it, refuses what it should hold.

    Args:
        row: with what is known of it.
        content: what it should hold.
        reason: for people.
        was_sent: the CRM had it before it was refused and may hold a part of it: it is read before anything else.
    """
    if row.standing is Standing.REFUSED and row.refused == content.digest and not row.sight:
        return Step(Do.REST, replace(row, due_at=None))
    left = replace(
        row,
        standing=Standing.REFUSED,
        intent=None,
        confirmed=row.confirmed or row.before,
        before=None,
        sight=was_sent,
        refused=content.digest,
        reason=reason,
        due_at=None,
    )
    return Step(Do.REST, left, refusal=reason)


def broken(row: SyncRow, where: str) -> Step:
    """The row while our own code cannot draw it: a dead letter for developers, once for each place."""
    mark = digest(where)
    if row.standing is Standing.REFUSED and row.refused == mark and not row.sight:
        return Step(Do.REST, replace(row, due_at=None))
    reason = f"{where}; mend the code, deploy, then replay"
    left = replace(row, standing=Standing.REFUSED, refused=mark, sight=False, reason=reason, due_at=None)
    return Step(Do.REST, left, refusal=reason, cause=Cause.BUG)


def asks(row: SyncRow, question: Question, reason: str, now: datetime, candidates: Sequence[str] = ()) -> SyncRow:
    """The row while a person decides; once a day we look whether that became needless."""
    return replace(
        row,
        standing=Standing.ASKS,
        question=question,
        candidates=tuple(candidates),
        reason=reason,
        intent=None,
        sight=False,
        due_at=now + RECHECK,
    )


def waits_behind(row: SyncRow, parent: RowKey, until: datetime) -> SyncRow:
    """The row while a parent, or another contact of the same person, is not there."""
    return replace(row, standing=Standing.BEHIND, behind=parent, due_at=until, reason=f"waits for {parent.kind}")


def ours(by_field: Mapping[str, str], row: SyncRow, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """What of it is ours in this record: of an adopted one only what was empty.

    Of a person nothing that we do not know and never told: another contact of ours, or people, may have filled it in.
    """
    owns, known = row.owns, row.confirmed or row.before
    told = known.sent if known else {}

    def is_ours(name: str, value: str) -> bool:
        if name in without or (owns is not None and name not in owns):
            return False
        is_unknown = row.key.kind is Kind.CONTACT and value in _NOTHING
        return not is_unknown or told.get(name, _EMPTY) != _EMPTY

    return {name: value for name, value in by_field.items() if is_ours(name, value)}


def may_run_late(row: SyncRow, now: datetime, max_request: timedelta) -> bool:
    """5: whether a write that was given up may still be executed."""
    return row.doubted_at is not None and now < row.doubted_at + max_request


def end_of_doubt(row: SyncRow, max_request: timedelta) -> datetime | None:
    """When nothing can run late any longer; None if nothing can now."""
    return row.doubted_at + max_request if row.doubted_at else None

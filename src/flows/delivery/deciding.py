"""What to do about one row: a pure decision, taken under its lease, from the sync row and what was read.

The invariants of architecture.md that are decided here carry their numbers: 4 (an open intent voids the confirmation,
and the CRM is read first), 5 (no is not no yet), 6 (compare with what was sent), 8 (parents first), 9 (identity stays).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.crm.rows import Confirmation, Intent, Kind, Question, RowKey, Standing, SyncRow, Verb
from domain.crm.sink import CrmRow, Remote
from flows.delivery.content import Content, Parents
from transforms.crm_record import digest

#: How long a row waits that a person or a parent must free; what frees it rings it at once, this covers a lost bell.
RECHECK = timedelta(hours=24)
BEHIND_RECHECK = timedelta(minutes=10)

#: How soon a contact looks again that another contact with the same search terms is being created.
RIVAL_RECHECK = timedelta(seconds=15)


class Do(StrEnum):
    """What comes next for a row."""

    REST = "rest"
    LOOK = "look"
    SEARCH = "search"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Looked:
    """What reading the CRM showed; `remote` is None where it has no such record."""

    remote: Remote | None


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a decision is taken from.

    Attributes:
        row: as it was leased.
        content: what it should hold; None if we have no such record.
        parents: their sync rows, read after the lease.
        now: aware UTC.
        max_request: how long the CRM may still execute a request that we gave up.
        looked: what reading it showed, if it was read.
        candidates: what searching found, if it was searched.
        rival: another contact's row that is being created under the same search terms.
    """

    row: SyncRow
    content: Content | None
    parents: Parents
    now: datetime
    max_request: timedelta
    looked: Looked | None = None
    candidates: Sequence[Remote] | None = None
    rival: RowKey | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A decision.

    Attributes:
        do: what comes next.
        row: as it is to be stored: for a write with its intent, else as it rests.
        write: what goes to the CRM.
        refusal: the reason of a dead letter to file.
        adopts: the write fills a record that people had made.
    """

    do: Do
    row: SyncRow
    write: CrmRow | None = None
    refusal: str = ""
    adopts: bool = False


def decide(case: Case) -> Step:
    """What comes next for the row."""
    row, content = case.row, case.content
    if content is None or row.standing is Standing.LEFT:
        return Step(Do.REST, replace(row, standing=_idle(row), due_at=None))
    if case.looked is None and must_look(row, case.now, case.max_request):
        return Step(Do.LOOK, row)
    if case.looked is not None:
        return _after_look(case, content, case.looked.remote)
    return _as_known(case, content, row)


def must_look(row: SyncRow, now: datetime, max_request: timedelta) -> bool:
    """Whether the CRM is read before anything is decided: while a write is open, or once it can no longer run late."""
    over = row.doubted_at is not None and now >= row.doubted_at + max_request
    return row.ever_sent and (row.intent is not None or row.sight or row.question is Question.GONE or over)


def confirmed(
    row: SyncRow, content: Content, held: Mapping[str, str], now: datetime, max_request: timedelta
) -> SyncRow:
    """The row once the CRM was seen to hold what we hold, or what it makes of it."""
    sent = _ours(content.digests, row)
    shown = {name: held.get(name, "") for name in sent}
    altered = {
        name: (content.fields[name], shown[name]) for name in sent if name in held and digest(shown[name]) != sent[name]
    }
    return replace(
        row,
        standing=Standing.CLEAN,
        remote_id=row.remote_id or content.remote_id,
        confirmed=Confirmation(
            now, content.version, sent, {n: digest(t) for n, t in shown.items() if n in held}, altered
        ),
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
        doubted_at=row.doubted_at if _may_run_late(row, now, max_request) else None,
        due_at=_end_of_doubt(row, max_request) if _may_run_late(row, now, max_request) else None,
    )


def refused(row: SyncRow, content: Content, reason: str) -> Step:
    """The row once the CRM, or a rule that stands for it, refuses what it should hold."""
    if row.standing is Standing.REFUSED and row.refused == content.digest and not row.sight:
        return Step(Do.REST, replace(row, due_at=None))
    left = replace(
        row,
        standing=Standing.REFUSED,
        intent=None,
        confirmed=row.confirmed or row.before,
        before=None,
        sight=False,
        refused=content.digest,
        reason=reason,
        due_at=None,
    )
    return Step(Do.REST, left, refusal=reason)


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


def _after_look(case: Case, content: Content, remote: Remote | None) -> Step:
    row = case.row
    if remote is None:
        return _absent(case, content)
    if not remote.live:
        return Step(Do.REST, asks(row, Question.GONE, _GONE, case.now))
    adopts = row.owns == frozenset() and row.confirmed is None and row.before is None
    if adopts:
        row = replace(row, owns=_empty_fields(content, remote))
    wanted = _ours(content.digests, row)
    known = row.confirmed or row.before
    tolerated = known.altered if known else {}
    differing = {
        name
        for name, mark in wanted.items()
        if tolerated.get(name) != (content.fields[name], remote.fields.get(name))
        and (digest(remote.fields[name]) if name in remote.fields else _untold(row, name)) != mark
    }
    if content.key.kind is Kind.LINK and content.retired:
        differing = {"link"}  # it is there and should not be
    row = replace(row, question=None, candidates=(), sight=False, standing=Standing.OPEN)
    if not differing:
        return Step(Do.REST, confirmed(row, content, remote.fields, case.now, case.max_request), adopts=adopts)
    known = known or Confirmation(case.now, 0, {}, {})
    return _checked(case, content, replace(row, before=known, confirmed=None, intent=None), frozenset(wanted), adopts)


def _untold(row: SyncRow, name: str) -> str:
    """What a field holds that the CRM takes and never tells, e.g. a role: what was sent last, if nothing is in doubt."""
    sure = row.intent is None and row.doubted_at is None and row.confirmed is not None
    return row.confirmed.sent.get(name, "") if sure and row.confirmed else ""


def _absent(case: Case, content: Content) -> Step:
    row = case.row
    if content.key.kind is Kind.LINK and content.retired:
        return Step(Do.REST, confirmed(row, content, {}, case.now, case.max_request))
    if _may_run_late(row, case.now, case.max_request):  # 5: no is not no yet
        waits = replace(row, standing=Standing.OPEN, due_at=_end_of_doubt(row, case.max_request), reason=_NOT_YET)
        return Step(Do.REST, waits)
    was_there = row.confirmed is not None or row.before is not None or row.question is Question.GONE
    if was_there and content.key.kind is not Kind.LINK:
        return Step(Do.REST, asks(row, Question.GONE, _GONE, case.now))
    fresh = replace(row, intent=None, sight=False, doubted_at=None, confirmed=None, before=None, standing=Standing.OPEN)
    return _as_known(replace(case, row=fresh), content, fresh)


def _as_known(case: Case, content: Content, row: SyncRow) -> Step:
    """Nothing is in doubt: compare with what was sent last."""
    known = row.confirmed or row.before
    if known is None:
        if content.retired:  # what never was there needs no taking back
            return Step(Do.REST, replace(row, standing=Standing.CLEAN, due_at=None, reason="", behind=None))
        return _checked(case, content, row, frozenset(content.fields), adopts=False)
    wanted = _ours(content.digests, row)
    # 6: what the CRM cut or altered is not sent again and again.
    changed = frozenset(name for name, mark in wanted.items() if known.sent.get(name) != mark)
    if content.key.kind is Kind.LINK:
        is_same = known.sent == wanted and row.remote_id == content.remote_id
        row = replace(row, remote_id=content.remote_id)
    else:
        is_same = not changed
    if not is_same:
        return _checked(case, content, row, changed, adopts=False)
    return Step(
        Do.REST,
        replace(
            row,
            standing=Standing.CLEAN,
            confirmed=replace(known, version=content.version),
            before=None,
            behind=None,
            reason="",
            due_at=_end_of_doubt(row, case.max_request),
        ),
    )


def _checked(case: Case, content: Content, row: SyncRow, send: frozenset[str], adopts: bool) -> Step:
    """Everything that must hold before a write."""
    if content.problems:
        return refused(row, content, "; ".join(problem.without_value() for problem in content.problems))
    if row.standing is Standing.REFUSED and row.refused == content.digest and not case.row.sight:
        return Step(Do.REST, replace(row, due_at=None))
    for parent in content.key.parents:  # 8: parents before children, both ends before a link
        held = case.parents.get(parent)
        if held is None or not held.is_there:
            return Step(Do.REST, _waits_behind(row, parent, case.now + BEHIND_RECHECK))
    exists = row.confirmed is not None or row.before is not None
    if not exists and content.key.kind is Kind.CONTACT and not row.remote_id and not row.decided:
        return _identified(case, content, row)
    return _write(case, content, row, send, adopts=adopts)


def _identified(case: Case, content: Content, row: SyncRow) -> Step:
    """9: before its first create a contact is searched for; the CRM was full before we arrived."""
    if case.rival is not None:
        return Step(Do.REST, _waits_behind(row, case.rival, case.now + RIVAL_RECHECK))
    if case.candidates is None:
        return Step(Do.SEARCH, row)
    if not case.candidates:
        return _write(
            case, content, replace(row, question=None, candidates=()), frozenset(content.fields), adopts=False
        )
    if len(case.candidates) > 1:
        ids = sorted(remote.id for remote in case.candidates)
        return Step(Do.REST, asks(row, Question.CANDIDATES, _CANDIDATES.format(len(ids)), case.now, ids))
    (remote,) = case.candidates
    owns = _empty_fields(content, remote)
    adopted = replace(
        row,
        remote_id=remote.id,
        owns=owns,
        question=None,
        candidates=(),
        standing=Standing.OPEN,
        before=Confirmation(case.now, 0, {}, {name: digest(text) for name, text in remote.fields.items()}),
    )
    send = frozenset(name for name in owns if content.fields[name])
    if not send:
        return Step(Do.REST, confirmed(adopted, content, remote.fields, case.now, case.max_request), adopts=True)
    return _write(case, content, adopted, send, adopts=True)


def _write(case: Case, content: Content, row: SyncRow, send: frozenset[str], *, adopts: bool) -> Step:
    known = row.confirmed or row.before
    create = known is None
    # A link's id is that of its ends, as they are now; a record's is fixed at its first intent.
    remote_id = content.remote_id or row.remote_id or content.key.remote_id(row.generation)
    fields = dict(content.fields) if create else _ours(content.fields, row, without=content.create_only)
    verb = Verb.RETIRE if content.retired else Verb.LINK if content.key.kind is Kind.LINK else _verb(create)
    intends = replace(
        row,
        standing=Standing.OPEN,
        remote_id=remote_id,
        # 4: the intent voids the confirmation, in the same write.
        intent=Intent(verb, case.now, content.version, _ours(content.digests, row)),
        confirmed=None,
        before=known,
        sight=False,
        behind=None,
        reason="",
    )
    write = CrmRow(content.key, remote_id, fields, frozenset(fields) if create else send & fields.keys(), create)
    return Step(Do.WRITE, intends, write, adopts=adopts)


def _verb(create: bool) -> Verb:
    return Verb.CREATE if create else Verb.UPDATE


def _ours(by_field: Mapping[str, str], row: SyncRow, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """What of it is ours in this record: of an adopted one only what was empty."""
    owns = row.owns
    return {n: text for n, text in by_field.items() if n not in without and (owns is None or n in owns)}


def _empty_fields(content: Content, remote: Remote) -> frozenset[str]:
    return frozenset(name for name in content.fields if not remote.fields.get(name, "").strip())


def _waits_behind(row: SyncRow, parent: RowKey, until: datetime) -> SyncRow:
    return replace(row, standing=Standing.BEHIND, behind=parent, due_at=until, reason=f"waits for {parent.kind}")


def _idle(row: SyncRow) -> Standing:
    return row.standing if row.standing is Standing.LEFT else Standing.CLEAN


def _may_run_late(row: SyncRow, now: datetime, max_request: timedelta) -> bool:
    return row.doubted_at is not None and now < row.doubted_at + max_request


def _end_of_doubt(row: SyncRow, max_request: timedelta) -> datetime | None:
    return row.doubted_at + max_request if row.doubted_at else None


_GONE = "was deleted or merged in the CRM; `dealwire crm adopt`, `recreate` or `leave` it"
_CANDIDATES = "{} contacts of the CRM match; `dealwire crm adopt KEY REMOTE_ID` or `create KEY`"
_NOT_YET = "a write may still be executed late; the CRM is read again then"

"""What to do about one row: a pure decision, taken under its lease, from the sync row and what was read.

The invariants of architecture.md that are decided here carry their numbers: 4 (an open intent voids the confirmation,
and the CRM is read first), 5 (no is not no yet), 6 (compare with what was sent), 8 (parents first), 9 (identity stays).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.crm.rows import Confirmation, Intent, Kind, Question, Standing, SyncRow, Verb
from domain.crm.sink import ROLE, CrmRow, Remote
from flows.delivery.case import Case, Do, Step
from flows.delivery.content import Content
from flows.delivery.resting import (
    BEHIND_RECHECK,
    RECHECK,
    RIVAL_RECHECK,
    asks,
    confirmed,
    end_of_doubt,
    may_run_late,
    ours,
    refused,
    waits_behind,
)
from transforms.crm_record import digest


def decide(case: Case) -> Step:
    """What comes next for the row."""
    row, content = case.row, case.content
    if content is None or row.standing is Standing.LEFT:
        return Step(Do.REST, replace(row, standing=_idle(row), due_at=None))
    if case.looked is None and (_has_new_ends(row, content) or must_look(row, case.now, case.max_request)):
        return Step(Do.LOOK, row)
    if case.looked is not None:
        return _after_look(case, content, case.looked.remote)
    return _as_known(case, content, row)


def must_look(row: SyncRow, now: datetime, max_request: timedelta) -> bool:
    """Whether the CRM is read before anything is decided: while a write is open, or once it can no longer run late."""
    over = row.doubted_at is not None and now >= row.doubted_at + max_request
    return row.ever_sent and (row.intent is not None or row.sight or row.question is Question.GONE or over)


def _has_new_ends(row: SyncRow, content: Content) -> bool:
    """A link that begins anew between other records: where people merged some, it may have moved along."""
    return content.key.kind is Kind.LINK and row.sight and not row.ever_sent and all(content.remote_id.split("/"))


def _after_look(case: Case, content: Content, remote: Remote | None) -> Step:
    row = case.row
    if remote is None:
        return _absent(case, content)
    if not remote.live:
        return Step(Do.REST, asks(row, Question.GONE, _GONE, case.now))
    adopts = row.owns == frozenset() and row.confirmed is None and row.before is None
    if adopts:
        row = replace(row, owns=_empty_fields(content, remote))
    wanted = ours(content.digests, row)
    known = row.confirmed or row.before
    tolerated = known.altered if known else {}
    differing = {
        name
        for name, mark in wanted.items()
        if tolerated.get(name) != (content.fields[name], remote.fields.get(name))
        and (digest(remote.fields[name]) if name in remote.fields else _untold(row, name)) != mark
    }
    is_to_go = content.key.kind is Kind.LINK and content.retired
    row = replace(row, question=None, candidates=(), sight=False, standing=Standing.OPEN)
    if not differing and not is_to_go:
        return Step(Do.REST, confirmed(row, content, remote.fields, case.now, case.max_request), adopts=adopts)
    known = known or Confirmation(case.now, 0, {}, {})
    # What it was seen not to hold is confirmed no longer: should the write have to wait, it still is to be made.
    seen = {name: mark for name, mark in known.sent.items() if name not in differing}
    known = replace(known, sent={ROLE: _ANY} if is_to_go else seen)
    return _checked(case, content, replace(row, before=known, confirmed=None, intent=None), frozenset(wanted), adopts)


def _untold(row: SyncRow, name: str) -> str:
    """What a field holds that the CRM never tells, e.g. a role: what was sent last, if nothing is in doubt."""
    sure = row.intent is None and row.doubted_at is None and row.confirmed is not None
    return row.confirmed.sent.get(name, "") if sure and row.confirmed else ""


def _absent(case: Case, content: Content) -> Step:
    row = case.row
    if content.key.kind is Kind.LINK and content.retired:
        return Step(Do.REST, confirmed(row, content, {}, case.now, case.max_request))
    if may_run_late(row, case.now, case.max_request):  # 5: no is not no yet
        waits = replace(row, standing=Standing.OPEN, due_at=end_of_doubt(row, case.max_request), reason=_NOT_YET)
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
        # What never was there needs no taking back, nor keeping for others.
        if content.retired or content.borrowed:
            return Step(Do.REST, replace(row, standing=Standing.CLEAN, due_at=None, reason="", behind=None))
        return _checked(case, content, row, frozenset(content.fields), adopts=False)
    wanted = ours(content.digests, row)
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
            due_at=end_of_doubt(row, case.max_request),
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
            by_a_person = held is not None and held.standing in _FREED_BY_PEOPLE
            return Step(Do.REST, waits_behind(row, parent, case.now + (RECHECK if by_a_person else BEHIND_RECHECK)))
    exists = row.confirmed is not None or row.before is not None
    if not exists and content.key.kind is Kind.CONTACT and not row.remote_id and not row.decided:
        return _identified(case, content, row)
    return _write(case, content, row, send, adopts=adopts)


def _identified(case: Case, content: Content, row: SyncRow) -> Step:
    """9: before its first create a contact is searched for; the CRM was full before we arrived."""
    if case.rival is not None:
        return Step(Do.REST, waits_behind(row, case.rival, case.now + RIVAL_RECHECK))
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
    send = frozenset(name for name in owns if content.fields.get(name))
    if not send:
        return Step(Do.REST, confirmed(adopted, content, remote.fields, case.now, case.max_request), adopts=True)
    return _write(case, content, adopted, send, adopts=True)


def _write(case: Case, content: Content, row: SyncRow, send: frozenset[str], *, adopts: bool) -> Step:
    if row.refused and row.refused != content.digest:  # other content has attempts of its own
        row = replace(row, refused="", attempts=0)
    known = row.confirmed or row.before
    create = known is None
    # A link's id is that of its ends, as they are now; a record's is fixed at its first intent.
    remote_id = content.remote_id or row.remote_id or content.key.remote_id(row.generation)
    fields = dict(content.fields) if create else ours(content.fields, row, without=content.create_only)
    verb = Verb.RETIRE if content.retired else Verb.LINK if content.key.kind is Kind.LINK else _verb(create)
    intends = replace(
        row,
        standing=Standing.OPEN,
        remote_id=remote_id,
        # 4: the intent voids the confirmation, in the same write.
        intent=Intent(verb, case.now, content.version, ours(content.digests, row)),
        confirmed=None,
        before=known,
        # 5: whoever finds the intent open knows only that its bytes may have left until the lease ended.
        doubted_at=row.lease_until or case.now,
        sight=False,
        behind=None,
        reason="",
    )
    write = CrmRow(content.key, remote_id, fields, frozenset(fields) if create else send & fields.keys(), create)
    return Step(Do.WRITE, intends, write, adopts=adopts)


def _verb(create: bool) -> Verb:
    return Verb.CREATE if create else Verb.UPDATE


def _empty_fields(content: Content, remote: Remote) -> frozenset[str]:
    """What people have not filled, nor can have: a field that comes with a later add-on is empty."""
    return content.lacking.union(name for name in content.fields if not remote.fields.get(name, "").strip())


def _idle(row: SyncRow) -> Standing:
    return row.standing if row.standing is Standing.LEFT else Standing.CLEAN


#: In place of a digest: a link is there, in whatever role.
_ANY = ""

#: Standings of a parent that no passing of time changes.
_FREED_BY_PEOPLE = frozenset({Standing.ASKS, Standing.LEFT, Standing.REFUSED})

_GONE = "was deleted or merged in the CRM; `dealwire crm adopt`, `recreate` or `leave` it"
_CANDIDATES = "{} contacts of the CRM match; `dealwire crm adopt KEY REMOTE_ID` or `create KEY`"
_NOT_YET = "a write may still be executed late; the CRM is read again then"

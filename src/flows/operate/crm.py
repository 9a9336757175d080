"""Rows of the external CRM: which wait for a person, how one stands, and what the person decides."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.crm.faults import CrmFaulted
from domain.crm.rows import Confirmation, Kind, Question, RowKey, Standing, SyncRow
from domain.crm.sink import Unread
from domain.errors import Unavailable
from domain.operate.crm import (
    AskingRow,
    CrmAnswerAnswer,
    CrmAsksAnswer,
    CrmShowAnswer,
    Decision,
)
from flows.operate.crm_rows import possible, row_named, row_told
from flows.operate.errors import BadRequest, NotFound, Taken
from flows.operate.parties import called

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from domain.crm.ports import Records
    from domain.operate.crm import CrmAnswerRequest, CrmAsksRequest, CrmShowRequest
    from flows.operate.crm_desk import CrmDesk
    from flows.operate.desk import Desk

#: Deals of a contact that are named; the others are counted.
_MOST_NAMED = 3


def crm_asks(request: CrmAsksRequest, desk: Desk) -> CrmAsksAnswer:
    """List the rows that wait for a person, oldest first."""
    found = desk.ports.rows.asking(request.limit + 1)
    rows = found[: request.limit]
    names = _names([row.key for row in rows], desk)
    told = tuple(
        AskingRow(
            row=str(row.key),
            name=names[row.key],
            question=row.question.value if row.question else "",
            reason=row.reason,
            asked_at=row.asked_at,
            candidates=row.candidates,
            possible=possible(row),
        )
        for row in rows
    )
    return CrmAsksAnswer(rows=told, more=len(found) > len(rows))


def crm_show(request: CrmShowRequest, desk: Desk) -> CrmShowAnswer:
    """Tell how a row stands; of a deal its people, links and commissions too.

    Raises:
        BadRequest: it is no name of a row.
        NotFound: nobody knows of it.
    """
    key = row_named(request.row, desk)
    records = desk.ports.rows.load([key])
    others = [one for one in _family(key, records, desk) if one != key]
    held = desk.ports.rows.rows([key, *others])
    if key not in held and not _has_record(key, records):
        raise NotFound(f"there is no {key.kind} {key}; `dealwire trace` tells our id of a deal")
    owed = desk.ports.rows.load([key, *others]).owed
    return CrmShowAnswer(
        name=_names([key], desk)[key],
        row=row_told(key, held.get(key), owed=_is_owed(key, owed)),
        others=tuple(row_told(one, held.get(one), owed=_is_owed(one, owed)) for one in others),
    )


def crm_answer(request: CrmAnswerRequest, desk: Desk) -> CrmAnswerAnswer:
    """Do what a person decided about a row that asks, or that was left, and have it looked at now.

    Raises:
        BadRequest: the decision needs a record of the CRM, or there is none of that id.
        NotFound: there is no such row.
        Taken: the row does not ask that, or it was changed meanwhile.
        CrmFaulted: the record to adopt cannot be looked at.
    """
    crm = desk.ports.crm
    if crm is None:
        raise Taken("there is no external CRM, so nothing can be decided; CrmKind is none")
    key = row_named(request.row, desk)
    row = desk.ports.rows.rows([key]).get(key)
    if row is None:
        raise NotFound(f"{key} was never delivered; `dealwire crm show {key}` tells how it stands")
    _check(row, request.decision)
    if request.decision is Decision.ADOPT:
        _check_record(key, request.remote_id, crm)
    answered = _answered(row, request, desk)
    details = {"decision": request.decision.value, "remote_id": request.remote_id}
    desk.ports.audit.put(desk.entry("crm-answer", f"ROW#{key}", request.why, **details))
    if not desk.ports.rows.answer(answered, row.rung):
        raise Taken(
            f"{key} was changed meanwhile, or a worker has it just now; look with `dealwire crm show {key}`, then "
            "answer again"
        )
    rung = () if request.decision is Decision.LEAVE else _ring_children(row, desk)
    told = [key, *rung]
    with suppress(Unavailable):  # then the next sweep rings, within a minute
        crm.bells.ring([(one, f"answered-{desk.new_id()}") for one in told])
    after = desk.ports.rows.rows([key])[key]
    return CrmAnswerAnswer(row=row_told(key, after, owed=False), rung=tuple(map(str, rung)))


def _check(row: SyncRow, decision: Decision) -> None:
    allowed = possible(row)
    if decision in allowed:
        return
    what = f"possible: {', '.join(allowed)}" if allowed else "nothing is asked about it"
    raise Taken(f"{row.key} stands at {row.standing}, so it cannot be answered with {decision}; {what}")


def _check_record(key: RowKey, remote_id: str, crm: CrmDesk) -> None:
    """A record that is not there, live, would be created under that id."""
    if not remote_id:
        raise BadRequest(f"adopt {key}: remote_id is empty; expected the id of the record in the CRM")
    try:
        found = crm.reader().find(key.kind, [remote_id]).get(remote_id)
    finally:
        crm.release()
    if isinstance(found, Unread):
        raise CrmFaulted(found.fault)
    if found is None or not found.live:
        told = "is deleted there" if found is not None else "is not there"
        raise BadRequest(f"adopt {key}: {key.kind} {remote_id!r} {told}; expected the id of a live record of the CRM")


def _answered(row: SyncRow, request: CrmAnswerRequest, desk: Desk) -> SyncRow:
    """The row as it is to go on: nothing of the former record is known any more."""
    if request.decision is Decision.LEAVE:
        return replace(row, standing=Standing.LEFT, question=None, candidates=(), intent=None, sight=False, due_at=None)
    fresh = replace(
        row,
        standing=Standing.OPEN,
        question=None,
        candidates=(),
        confirmed=None,
        before=None,
        intent=None,
        doubted_at=None,
        behind=None,
        attempts=0,
        refused="",
        reason="",
        due_at=desk.now,
        backfill=False,
    )
    if request.decision is Decision.CREATE:
        return replace(fresh, decided=True, sight=False)
    if request.decision is Decision.RECREATE:
        return replace(fresh, decided=True, sight=False, owns=None, remote_id="", generation=row.generation + 1)
    adopted = replace(fresh, remote_id=request.remote_id, sight=True)
    known = row.confirmed or row.before
    if request.remote_id == row.remote_id and known is not None:
        return replace(adopted, before=known)  # it is back, and what was ours in it still is
    if row.key.kind is Kind.CONTACT:
        return replace(adopted, owns=frozenset())  # what is empty there is found out when it is looked at
    return replace(adopted, owns=None, before=Confirmation(desk.now, 0, {}, {}))


def _ring_children(before: SyncRow, desk: Desk) -> tuple[RowKey, ...]:
    """What hangs on the row hangs on another record now, or on a new one."""
    children = [*_children(before.key, desk), *_left_behind(before, desk)]
    held = desk.ports.rows.rows(children)
    known = [child for child in children if child in held and held[child].standing is not Standing.LEFT]
    links = [child for child in known if child.kind is Kind.LINK]
    begun = {child for child in links if _begins_anew(held[child], desk)}
    rest = [child for child in known if child not in begun]
    if rest:
        desk.ports.rows.ring(rest, desk.now, sight=True)
    return tuple(known)


def _left_behind(before: SyncRow, desk: Desk) -> list[RowKey]:
    """Links of others on this contact's deals who were the same record until now: there they say a role too many.

    Whoever becomes the same record now is told when the contact's own link is delivered.
    """
    # Of a record that is gone no link is left.
    if before.key.kind is not Kind.CONTACT or before.question is Question.GONE or not before.remote_id:
        return []
    rows = [row for own in _children(before.key, desk) for row in desk.ports.rows.children_of(own.id)]
    links = [row for row in rows if row.key.kind is Kind.LINK and row.key.other != before.key.id]
    return [row.key for row in links if row.remote_id.partition("/")[2] == before.remote_id]


def _begins_anew(link: SyncRow, desk: Desk) -> bool:
    """A link's id is that of its ends: the former one says nothing, but people may have moved it along.

    False: somebody has it just now.
    """
    fresh = replace(
        link,
        standing=Standing.OPEN,
        remote_id="",
        confirmed=None,
        before=None,
        intent=None,
        doubted_at=None,
        question=None,
        candidates=(),
        behind=None,
        sight=True,
        due_at=desk.now,
        backfill=False,
    )
    return desk.ports.rows.answer(fresh, link.rung)


def _children(key: RowKey, desk: Desk) -> list[RowKey]:
    if key.kind is Kind.CONTACT:
        return [RowKey(Kind.LINK, deal_id, key.id) for deal_id in desk.ports.contacts.deals_of(key.id)]
    if key.kind is not Kind.DEAL:
        return []
    records = desk.ports.commissions.records([key.id])
    commissions = [RowKey(Kind.COMMISSION, key.id, record.account) for record in records]
    return list(dict.fromkeys([*commissions, *(row.key for row in desk.ports.rows.children_of(key.id))]))


def _family(key: RowKey, records: Records, desk: Desk) -> list[RowKey]:
    """What belongs to a deal: people, links, commissions. To others belongs nothing."""
    deal = records.deals.get(key.id)
    if key.kind is not Kind.DEAL or deal is None:
        return []
    people = [link.contact_id for link in deal.participants]
    keys = [RowKey(Kind.CONTACT, contact_id) for contact_id in people]
    keys += [RowKey(Kind.LINK, deal.id, contact_id) for contact_id in people]
    return list(dict.fromkeys([*keys, *_children(key, desk)]))


def _has_record(key: RowKey, records: Records) -> bool:
    if key.kind is Kind.CONTACT:
        return key.id in records.contacts
    if key.kind is Kind.COMMISSION:
        return (key.id, key.other) in records.commissions
    deal = records.deals.get(key.id)
    on_it: Iterable[str] = [link.contact_id for link in deal.participants] if deal else ()
    return deal is not None and (key.kind is Kind.DEAL or key.other in on_it)


def _names(keys: Collection[RowKey], desk: Desk) -> dict[RowKey, str]:
    """What people call the deal of each row; of a contact, some of the deals that it is on."""
    ids = {key: _deal_ids(key, desk) for key in keys}
    wanted = {RowKey(Kind.DEAL, one) for these in ids.values() for one in these[:_MOST_NAMED]}
    deals = desk.ports.rows.load(wanted).deals
    return {key: _listed([called(deals[one]) for one in these if one in deals], these) for key, these in ids.items()}


def _deal_ids(key: RowKey, desk: Desk) -> Sequence[str]:
    return desk.ports.contacts.deals_of(key.id) if key.kind is Kind.CONTACT else [key.id]


def _listed(names: list[str], ids: Sequence[str]) -> str:
    more = len(ids) - _MOST_NAMED
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _is_owed(key: RowKey, owed: Mapping[RowKey, object] | Collection[RowKey]) -> bool:
    return (RowKey(Kind.DEAL, key.id) if key.kind is Kind.LINK else key) in owed

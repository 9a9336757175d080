"""Open events: list and count them, look into one, edit its body, discard what is not wanted."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.causes import MENDING
from domain.errors import BadPayload, Cause, Conflict, Unavailable
from domain.event_log import BodyVersion, Disposition, EventRecord, State
from domain.operate.letters import (
    DiscardAnswer,
    DiscardRequest,
    EditAnswer,
    EditRequest,
    Group,
    GroupsAnswer,
    GroupsRequest,
    ListAnswer,
    ListRequest,
    Problem,
    RevealAnswer,
    RevealRequest,
    ShowAnswer,
    ShowRequest,
    Verdict,
    Would,
)
from flows.accept_event import BODY_LIMIT
from flows.file_dead_letters import UNREADABLE
from flows.operate.errors import BadRequest, NotFound, RequestRefused, Taken
from flows.operate.filters import RESERVE_S, checked, every_open, first_found
from flows.operate.naming import record_of, resolve, without_state
from flows.operate.rows import moments_of, row_of
from flows.preview_event import preview_event, problems_of
from sources.catalog import catalog
from sources.strict_json import parse
from transforms.masking import masked_around, masked_json, masked_value

if TYPE_CHECKING:
    from domain.errors import FieldProblem
    from flows.operate.desk import Desk

#: Characters of a masked body that `show` gives; an answer of Lambda holds 6 MB.
LONGEST_PAYLOAD = 500_000


def list_events(request: ListRequest, desk: Desk) -> ListAnswer:
    """A page of open events, newest first.

    Raises:
        BadRequest: a filter that nothing can match, or `after` is not from a page before.
    """
    wanted = checked(request.filter)
    try:
        page = first_found(lambda at: desk.ports.log.open(wanted, after=at, limit=request.limit), request.after, desk)
    except ValueError as error:
        message = "`after` is not the `next` of a page before; begin without it"
        raise BadRequest(message) from error
    return ListAnswer(rows=tuple(row_of(record) for record in page.items), next=page.next)


def groups(request: GroupsRequest, desk: Desk) -> GroupsAnswer:
    """Open events counted by state, cause, source and hour, newest hour first.

    Raises:
        BadRequest: a filter that nothing can match.
    """
    found: defaultdict[tuple[datetime, State, Cause | None, str], list[datetime]] = defaultdict(list)
    for record in every_open(checked(request.filter), desk):
        hour = record.since.replace(minute=0, second=0, microsecond=0)
        found[hour, record.state, record.cause, record.envelope.source].append(record.since)
    rows = [_group(kind, times) for kind, times in found.items()]
    rows.sort(key=lambda row: (row.hour, row.count, row.source), reverse=True)
    return GroupsAnswer(groups=tuple(rows), total=sum(row.count for row in rows))


def show(request: ShowRequest, desk: Desk) -> ShowAnswer:
    """Everything about one event, with today's mapping, values masked.

    Raises:
        BadRequest: it is no name of an event.
        NotFound: no such event, or it has no state yet.
    """
    key = resolve(request.id, desk)
    story = desk.ports.log.story(key)
    record = story.record
    if record is None:
        raise without_state(key)
    verdict = verdict_of(record, desk)
    return ShowAnswer(
        row=row_of(record),
        timeline=tuple(moments_of(story)),
        problems=_problems(record, desk) if verdict.would is Would.FAIL else (),
        verdict=verdict,
        payload=_masked_body(record, desk),
        archive_key=record.envelope.archive_key,
        mapping_version=record.envelope.mapping_version,
    )


def reveal(request: RevealRequest, desk: Desk) -> RevealAnswer:
    """The bytes as they would be processed now; who asked is written down before they are read.

    Raises:
        NotFound: no such event, or its bytes are not kept any more.
    """
    record = record_of(request.id, desk)
    desk.ports.audit.put(desk.entry("reveal", f"EVENT#{record.key}", request.why, edits=str(record.edits)))
    try:
        body = desk.ports.archive.get(record.envelope.archive_key)
    except LookupError as error:
        message = f"the bytes of {record.id} are not kept any more; ask the provider to send the event again"
        raise NotFound(message) from error
    encoded = base64.b64encode(body).decode("ascii")
    return RevealAnswer(body_base64=encoded, content_type=record.envelope.content_type, edits=record.edits)


def edit(request: EditRequest, desk: Desk) -> EditAnswer:
    """Store a new version of the body of an open event, and say what replaying it would do.

    Raises:
        BadRequest: the body is not JSON (where the provider's is), too large, or nobody could ever use it.
        NotFound: no such event.
        Taken: it was applied, or somebody else edited it first.
    """
    record = record_of(request.id, desk)
    _check_editable(record, request)
    body = _new_body(request, record, desk)
    entry = desk.entry("edit", f"EVENT#{record.key}", request.why, version=str(record.edits + 1))
    _keep_original(record, desk)
    # A name of its own for each attempt: of two editors, the one who loses must not replace what the other stored.
    archive_key = f"{record.envelope.edits_prefix}{entry.id}/{record.edits + 1}"
    desk.ports.archive.put(archive_key, body, record.envelope.facts(Disposition.ACCEPTED))
    try:
        version = BodyVersion(record.edits + 1, archive_key, desk.now, desk.who, request.why)
        desk.ports.mending.edit(record, version, entry)
    except Conflict as conflict:
        desk.ports.shelf.erase([archive_key])
        raise _changed(record) from conflict
    envelope = replace(record.envelope, archive_key=archive_key, body=body)
    return EditAnswer(edits=version.number, verdict=verdict_of(replace(record, envelope=envelope), desk, or_later=True))


def _keep_original(record: EventRecord, desk: Desk) -> None:
    """Beside the edits, which stay as long as the record, while the archive forgets the provider's own after a year."""
    if record.edits:
        return
    try:
        original = desk.ports.archive.get(record.envelope.archive_key)
    except LookupError:
        return
    facts = record.envelope.facts(Disposition.ACCEPTED)
    desk.ports.archive.put(f"{record.envelope.edits_prefix}original", original, facts)


def discard(request: DiscardRequest, desk: Desk) -> DiscardAnswer:
    """Mark these dead or parked events as not wanted; says why others were kept."""
    discarded: dict[str, None] = {}
    kept: dict[str, str] = {}
    for name in dict.fromkeys(request.ids):
        try:
            record = record_of(name, desk)
            if record.id not in discarded:
                _discard_one(record, request.why, desk)
                discarded[record.id] = None
        except RequestRefused as refused:
            kept[name] = str(refused)
    return DiscardAnswer(discarded=tuple(discarded), kept=kept)


def readable(record: EventRecord) -> bool:
    """Whether it is an event of a source at all, and not something else that was in a dead-letter queue."""
    return record.envelope.source in catalog() and record.envelope.event_type != UNREADABLE


def verdict_of(record: EventRecord, desk: Desk, *, or_later: bool = False) -> Verdict:
    """What a replay of this event would do; with `or_later`, an outage is a verdict too."""
    if not readable(record):
        return Verdict(id=record.id, would=Would.NOTHING, reason=f"nothing to replay; {_discard_it(record)}")
    try:
        return preview_event(record.envelope.afresh(), desk.ports.process, desk.policy, desk.world)
    except Unavailable as outage:
        if not or_later:
            raise
        return Verdict(id=record.id, would=Would.DEFER, cause=Cause.UNAVAILABLE, reason=str(outage))


def _group(kind: tuple[datetime, State, Cause | None, str], times: list[datetime]) -> Group:
    hour, state, cause, source = kind
    owner, remedy, _ = MENDING[cause] if cause is not None else ("", "", "")
    return Group(
        state=state, cause=cause, source=source, hour=hour,
        count=len(times), oldest=min(times), owner=owner, remedy=remedy,
    )  # fmt: skip


def _problems(record: EventRecord, desk: Desk) -> tuple[Problem, ...]:
    payload, problems = problems_of(record.envelope.afresh(), desk.ports.process, desk.policy, desk.world)
    return tuple(
        Problem(
            path=problem.path,
            field=problem.field,
            expected=problem.expected,
            value=masked_value(problem.value, problem.field),
            around=_around(payload, problem, desk),
        )
        for problem in problems
    )


def _around(payload: Any, problem: FieldProblem, desk: Desk) -> str:
    """What stands around the field; empty where that cannot be read, or takes more time than is left."""
    if payload is None or desk.world.time_left() < RESERVE_S:
        return ""
    return masked_around(payload, problem.path, problem.field)


def _masked_body(record: EventRecord, desk: Desk) -> str:
    """The body, masked; empty where it is not JSON or not kept any more."""
    try:
        text = masked_json(parse(desk.ports.archive.get(record.envelope.archive_key)))
    except (BadPayload, LookupError):
        return ""
    return text if len(text) <= LONGEST_PAYLOAD else f"{text[:LONGEST_PAYLOAD]}\n… (cut here; reveal shows all of it)"


def _check_editable(record: EventRecord, request: EditRequest) -> None:
    if not readable(record):
        raise BadRequest(f"{record.id} is no event of a source, so an edit cannot help; {_discard_it(record)}")
    if record.state is State.APPLIED:
        raise Taken(f"{record.id} is applied, so its body is history; have the deal corrected at its source")
    if record.state is State.WAITING:  # its message may be under way with the body as it was
        raise Taken(f"{record.id} is on its way, or waits for a fault outside it; edit it if it dies")
    if record.edits != request.based_on:
        raise _changed(record)


def _new_body(request: EditRequest, record: EventRecord, desk: Desk) -> bytes:
    try:
        body = base64.b64decode(request.body_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("body_base64 is not base64; send the new body as base64") from error
    if not 0 < len(body) <= BODY_LIMIT:
        raise BadRequest(f"the new body has {len(body)} bytes; expected 1 to {BODY_LIMIT}")
    try:
        parse(body)
    except BadPayload as error:
        if _is_json(record, desk):
            raise BadRequest(f"{error}; nothing was stored") from error
    return body


def _is_json(record: EventRecord, desk: Desk) -> bool:
    """Whether the bytes as they are now can be read: as long as the provider's could, so must every edit of them."""
    try:
        parse(desk.ports.archive.get(record.envelope.archive_key))
    except BadPayload:
        return False
    except LookupError:
        return True
    return True


def _discard_one(record: EventRecord, why: str, desk: Desk) -> None:
    if record.state in _KEPT:
        raise Taken(f"it is {record.state}, neither dead nor parked; {_KEPT[record.state]}")
    entry = desk.entry("discard", f"EVENT#{record.key}", why, cause=record.cause or "")
    try:
        desk.ports.mending.discard(record, now=desk.now, entry=entry)
    except Conflict as conflict:
        raise _changed(record) from conflict


_KEPT = {
    State.APPLIED: "there is nothing to discard",
    State.WAITING: "it is tried again by itself; discard it if it dies",
    State.DISCARDED: "there is nothing left to do",
}


def _discard_it(record: EventRecord) -> str:
    return f"mend what the reason says, then `dealwire dlq discard {record.id}`"


def _changed(record: EventRecord) -> Taken:
    return Taken(f"{record.id} was changed meanwhile; look again with `dealwire dlq show {record.id}`, then repeat")

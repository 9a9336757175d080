"""Replays: look at what the events of a job would do, then send them through processing again, step by step.

A step can stop anywhere and be repeated: a dead letter is released once, under a condition; an applied event is applied
again once for each replay; and what was released but not queued is queued by the sweeper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.envelope import Envelope
from domain.errors import Conflict
from domain.event_log import Disposition, State
from domain.operate.letters import Verdict, Would
from domain.operate.replays import (
    Done,
    JobAnswer,
    JobRequest,
    PreviewAnswer,
    PreviewRequest,
    Replayed,
    StepAnswer,
    StepRequest,
)
from flows.operate.errors import NotFound, Taken
from flows.operate.letters import readable, verdict_of
from flows.operate.planning import EVENTS, LETTERS, answer_of
from flows.preview_event import preview_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.event_log import EventRecord, Job
    from flows.operate.desk import Desk

#: What was released and not queued (the step stopped between the two) is queued by the sweeper after this long.
RING_AGAIN = timedelta(minutes=5)

#: How often a letter is tried that somebody else keeps changing.
_ATTEMPTS = 3

#: What was done with an event, and what is to be queued.
_Act = tuple[Replayed, Envelope | None]


def job(request: JobRequest, desk: Desk) -> JobAnswer:
    """How far a replay has come.

    Raises:
        NotFound: there is no such replay.
    """
    return answer_of(_load(request.job, desk))


def preview(request: PreviewRequest, desk: Desk) -> PreviewAnswer:
    """What the next events of a job would do, each by itself; fewer than asked for where time runs short.

    Raises:
        NotFound: there is no such replay.
    """
    asked = _load(request.job, desk)
    keys = desk.ports.jobs.keys(asked.id, request.start, request.limit)
    records = desk.ports.log.find(keys)
    verdicts = tuple(_verdict(key, records.get(key), asked, desk) for key in _in_time(keys, desk))
    return PreviewAnswer(verdicts=verdicts, total=asked.total)


def step(request: StepRequest, desk: Desk) -> StepAnswer:
    """Replay the next events of a job; fewer than asked for where time runs short.

    Raises:
        NotFound: there is no such replay.
        Taken: somebody else runs the same job.
    """
    running = _load(request.job, desk)
    keys = desk.ports.jobs.keys(running.id, running.done, request.limit) if running.done < running.total else ()
    if not keys:
        return StepAnswer(replayed=(), done=running.done, total=running.total)
    records = desk.ports.log.find(keys)
    act = _release if running.kind == LETTERS else _send_again
    acts = [act(key, records.get(key), running, desk) for key in _in_time(keys, desk)]
    replayed = tuple(told for told, _ in acts)
    if envelopes := [envelope for _, envelope in acts if envelope is not None]:
        desk.ports.queue.send(envelopes)
    done = running.done + len(replayed)
    try:
        desk.ports.jobs.advance(running.id, running.done, done)
    except Conflict as conflict:
        message = f"replay {running.id} is being run by somebody else too; watch it, or resume it when they stopped"
        raise Taken(message) from conflict
    return StepAnswer(replayed=replayed, done=done, total=running.total)


def _load(job_id: str, desk: Desk) -> Job:
    found = desk.ports.jobs.load(job_id)
    if found is None:
        raise NotFound(
            f"there is no replay {job_id!r}; plan one with `dealwire dlq replay` or `dealwire events replay`"
        )
    return found


def _in_time(keys: Sequence[str], desk: Desk) -> Iterator[str]:
    """The keys, as long as there is time for one more; never none of them, or a job would not come forward."""
    reserve = max(desk.policy.event_s, desk.policy.fetch_s)
    for position, key in enumerate(keys):
        if position and desk.world.time_left() < reserve:
            return
        yield key


def _release(key: str, record: EventRecord | None, running: Job, desk: Desk) -> _Act:
    """Let one dead letter wait for the queue, which is rung with all of them afterwards."""
    name = _name(key)
    for _ in range(_ATTEMPTS):
        if record is None:
            return Replayed(id=name, done=Done.GONE, detail="it has no state any more"), None
        left = _left(record, running, desk)
        if left is not None:
            return left, None
        entry = desk.entry("replay", f"EVENT#{key}", running.why, job=running.id)
        try:
            desk.ports.mending.release(record, now=desk.now, due_at=desk.now + RING_AGAIN, entry=entry)
        except Conflict:
            record = desk.ports.log.find([key]).get(key)
            continue
        return Replayed(id=name, done=Done.QUEUED), record.envelope.afresh().without_body()
    detail = f"others kept changing it; replay it again with `dealwire dlq replay {name}`"
    return Replayed(id=name, done=Done.REFUSED, detail=detail), None


def _left(record: EventRecord, running: Job, desk: Desk) -> Replayed | None:
    """Why this letter is left as it is; None if it is to be released."""
    # A parked event follows by itself; one that was edited may name another agent now, or none.
    mended = record.state is State.PARKED and record.edits > 0
    if record.state in _COME_BY_THEMSELVES and not mended:
        return Replayed(id=record.id, done=Done.ALREADY, detail=_COME_BY_THEMSELVES[record.state])
    if not readable(record):
        return Replayed(id=record.id, done=Done.REFUSED, detail="nothing to replay; discard it")
    if max(record.since, record.last_at) < running.at:
        return None
    if record.state is State.DISCARDED:
        detail = f"discarded since it was planned; if it is wanted after all, `dealwire dlq replay {record.id}`"
        return Replayed(id=record.id, done=Done.REFUSED, detail=detail)
    if _noted(record.key, running, desk):  # by a step that was cut off, or is repeated
        return Replayed(id=record.id, done=Done.ALREADY, detail="replayed by this job, and dead again")
    return None


_COME_BY_THEMSELVES = {
    State.APPLIED: "applied",
    State.WAITING: "waits for the queue",
    State.PARKED: "waits for an agent; follows by itself when the agent is imported",
}


def _send_again(key: str, record: EventRecord | None, running: Job, desk: Desk) -> _Act:
    """Have one event processed again, if that would change something and not fail."""
    name = _name(key)
    envelope = _again(key, record, running, desk)
    if envelope is None:
        return Replayed(id=name, done=Done.GONE, detail="no accepted delivery of it is known any more"), None
    verdict = _verdict_again(envelope, record, desk)
    if verdict.would is Would.REPEAT:
        return Replayed(id=name, done=Done.ALREADY, detail="applied by this replay or a later one"), None
    if verdict.would is not Would.APPLY:
        detail = f"{verdict.would}: {verdict.reason}" if verdict.reason else str(verdict.would)
        return Replayed(id=name, done=Done.REFUSED, detail=detail), None
    if not _noted(key, running, desk):  # else by a step that was cut off
        desk.ports.audit.put(desk.entry("replay", f"EVENT#{key}", running.why, job=running.id))
    return Replayed(id=name, done=Done.QUEUED), envelope


def _noted(key: str, running: Job, desk: Desk) -> bool:
    """Whether the audit trail says that this job has replayed the event."""
    entries = desk.ports.audit.about(f"EVENT#{key}")
    return any(entry.action == "replay" and entry.details.get("job") == running.id for entry in entries)


def _verdict(key: str, record: EventRecord | None, asked: Job, desk: Desk) -> Verdict:
    if asked.kind == EVENTS:
        envelope = _again(key, record, asked, desk)
        return _gone(key) if envelope is None else _verdict_again(envelope, record, desk)
    if record is None:
        return _gone(key)
    left = _left(record, asked, desk)
    if left is not None and record.state is not State.APPLIED:
        return Verdict(id=record.id, would=Would.NOTHING, reason=left.detail)
    return verdict_of(record, desk)


def _verdict_again(envelope: Envelope, record: EventRecord | None, desk: Desk) -> Verdict:
    name = _name(envelope.event_key)
    if record is not None and record.state is State.DISCARDED:
        return Verdict(id=name, would=Would.NOTHING, reason=f"discarded; if it is wanted, `dealwire dlq replay {name}`")
    if desk.ports.process.deals.was_applied(envelope):  # asked first, so that no provider is asked in vain
        return Verdict(id=name, would=Would.REPEAT)
    return preview_event(envelope, desk.ports.process, desk.policy, desk.world)


def _gone(key: str) -> Verdict:
    return Verdict(id=_name(key), would=Would.NOTHING, reason="it is gone")


def _again(key: str, record: EventRecord | None, running: Job, desk: Desk) -> Envelope | None:
    """The event as this replay sends it; None where nothing is known of it."""
    if record is not None:
        return replace(record.envelope, replay=running.id, pinned=running.pinned, body=None)
    accepted = (one for one in desk.ports.log.story(key).deliveries if one.disposition is Disposition.ACCEPTED)
    first = min(accepted, key=lambda delivery: delivery.received_at, default=None)
    return None if first is None else replace(first.envelope, replay=running.id, pinned=running.pinned)


def _name(key: str) -> str:
    return key.replace("#", "/", 1)

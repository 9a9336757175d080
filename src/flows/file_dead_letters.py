"""The dead are filed: each message of a dead-letter queue becomes the state of its event, with its cause and owner.

An event that failed because our own storage did not answer is replayed by itself, once. A message that is no event of
ours is kept in the archive and filed all the same: nothing stays in a dead-letter queue unseen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from domain.crm.rows import RowKey
from domain.envelope import Envelope
from domain.errors import Cause
from domain.event_log import STANDING, Disposition, EventRecord, Filing, State
from domain.operate.letters import Filter

if TYPE_CHECKING:
    from domain.operate.ports import EventLog, Filings
    from domain.ports import Archive

#: After this long, whoever was told of a cause may have turned to other things: more of it is news again.
TOLD_LONG_AGO = timedelta(hours=1)

#: The event type of what is no event.
UNREADABLE = "unreadable"

#: SQS moved it: `process` never got to say why. The text marks such filings, for a second one means something else.
MOVED = (
    "processing was cut off, or its storage did not answer, each time; it is tried again by itself once, then see the "
    "log of its receipt and replay"
)
MOVED_AGAIN = "process does not survive this message; see the log of its receipt, mend the code, then replay"

_CAUSES: Mapping[str, Cause] = {cause.value: cause for cause in Cause}
_QUEUE_KIND = re.compile(r"([A-Z][a-z]+)DeadLetterQueue|(crm-sync)-dlq\.fifo$")
_NAME = re.compile(r"[\w.$-]{1,100}")
#: What a failed run says about itself, where that is not a bug.
_RUN_CAUSES = {"ConfigurationError": Cause.CONFIG, "Unavailable": Cause.UNAVAILABLE, "Conflict": Cause.UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message of a dead-letter queue.

    Attributes:
        message_id: SQS's.
        queue: the name of the dead-letter queue.
        body: as it is.
        attributes: name to text.
        sent_at: when it came into the dead-letter queue; aware UTC.
        receives: how often it was received, this time included.
    """

    message_id: str
    queue: str
    body: str
    attributes: Mapping[str, str]
    sent_at: datetime
    receives: int


@dataclass(frozen=True, slots=True)
class FilePorts:
    """What filing needs."""

    log: EventLog
    filings: Filings
    archive: Archive


@dataclass(frozen=True, slots=True)
class Filed:
    """What was filed, for the log line and the metrics.

    Attributes:
        new: False if this very message was filed before.
        state: of the event now.
        cause: filed under.
        reason: the same in words.
        source: of the event, or the kind of the queue where there is none.
        added: it joins dead letters of the same cause that have been open for long, whose alarm stands already.
    """

    new: bool
    state: State
    cause: Cause
    reason: str
    source: str
    added: bool = False


@dataclass(frozen=True, slots=True)
class _Finding:
    cause: Cause
    reason: str
    state: State = State.DEAD


def envelope_of(message: DeadMessage) -> Envelope:
    """The event in the message; for what is no event of ours, one by which it can be filed."""
    return _event(message) or Envelope(
        receipt=message.message_id,
        source=_kind(message.queue),
        event_type=UNREADABLE,
        event_id=message.message_id,
        received_at=message.sent_at,
        mapping_version=0,
        content_type="application/octet-stream",
        archive_key=f"{message.sent_at:%Y-%m-%d}/{UNREADABLE}/{message.message_id}",
    )


def file_dead_letter(
    message: DeadMessage, ports: FilePorts, now: datetime, jitter: float, replay_after: timedelta
) -> Filed:
    """File the message under its event; what met an outage of ours for the first time waits instead, and comes again.

    Args:
        message: of a dead-letter queue.
        ports: where it is filed.
        now: aware UTC.
        jitter: from [0, 1).
        replay_after: when an event that met an outage is tried again, at the earliest; at twice that at the latest, so
            that they do not come back all at once.

    Raises:
        Unavailable: storage does not answer; the message stays where it is.
        Conflict: somebody else is writing this event; likewise.
        ConfigurationError: a permission or name of ours is wrong; likewise.
    """
    envelope = envelope_of(message)
    if _event(message) is None:
        body = message.body.encode("utf-8", "backslashreplace")
        ports.archive.put(envelope.archive_key, body, envelope.facts(Disposition.BAD_PAYLOAD))
        finding = _of_no_event(message)
    else:
        finding = _of_event(message, envelope, ports.log, now - replay_after)
    held = ports.log.find([envelope.event_key]).get(envelope.event_key)
    record = _record(message, envelope, finding, now)
    if finding.state is State.WAITING:
        record = replace(record, due_at=now + replay_after * (1 + jitter))
    joins = finding.state is State.DEAD and _open_for_long(finding.cause, ports.log, now)
    new = ports.filings.file(_filing(message, envelope, finding, now), record)
    state = held.state if held and (held.state in STANDING or not new) else record.state
    added = joins and new and state is State.DEAD
    return Filed(new, state, finding.cause, finding.reason, envelope.source, added)


def _open_for_long(cause: Cause, log: EventLog, now: datetime) -> bool:
    oldest = log.open(Filter(states=(State.DEAD,), cause=cause), limit=1, newest_first=False).items
    return bool(oldest) and now - oldest[0].since > TOLD_LONG_AGO


def dead_gauge(cause: Cause) -> str:
    """The metric that counts the dead of one cause: `DeadBadPayload`."""
    return f"Dead{cause.value.title().replace('_', '')}"


def _event(message: DeadMessage) -> Envelope | None:
    try:
        return Envelope.from_json(message.body)
    except ValueError:
        return None


def _of_event(message: DeadMessage, envelope: Envelope, log: EventLog, tried_again: datetime) -> _Finding:
    """What the message says.

    Args:
        message: of a dead-letter queue.
        envelope: the event in it.
        log: what was filed about it before.
        tried_again: what was filed before this was tried again since; what came later is of the same try.
    """
    told = _CAUSES.get(message.attributes.get("cause", ""))
    if told is not None and told is not Cause.UNAVAILABLE:
        return _Finding(told, _reason(message))
    reason = _reason(message) if told else MOVED
    filings = log.story(envelope.event_key).filings
    others = [filing for filing in filings if filing.message_id != message.message_id]
    before = [filing for filing in others if filing.cause is Cause.UNAVAILABLE and filing.at <= tried_again]
    if not before:
        return _Finding(Cause.UNAVAILABLE, reason, State.WAITING)
    if reason == MOVED and any(filing.reason == MOVED for filing in before):
        return _Finding(Cause.BUG, MOVED_AGAIN)
    return _Finding(Cause.UNAVAILABLE, reason)


def _reason(message: DeadMessage) -> str:
    return message.attributes.get("reason") or "no reason given; see the log of its receipt"


def _of_no_event(message: DeadMessage) -> _Finding:
    end = "nothing to replay; mend that, then discard this"
    if "SCHEDULE_ARN" in message.attributes:
        code = _name(message.attributes.get("ERROR_CODE"))
        ours = "AccessDenied" in code or "NotFound" in code
        return _Finding(
            Cause.CONFIG if ours else Cause.UNAVAILABLE,
            f"a schedule could not start its function ({code}): check the schedule's role and the function; {end}",
        )
    run = _failed_run(message.body)
    if run is not None:
        function, error = run
        return _Finding(
            _RUN_CAUSES.get(error, Cause.BUG), f"a run of function {function} failed ({error}), its log says why; {end}"
        )
    row = _bell(message.body)
    if row is not None:
        return _Finding(
            Cause.BUG, f"deliver did not survive the bell of {row}, its log says why; it rings again by itself; {end}"
        )
    kept = f"the archive keeps it under {UNREADABLE}/{message.message_id}"
    return _Finding(
        Cause.BUG, f"neither an event of ours nor the report of a failed run; {kept}; see who sends there; {end}"
    )


def _failed_run(body: str) -> tuple[str, str] | None:
    """Function and error of a run whose failure Lambda reports; names only, for the rest may be anything."""
    try:
        report: Any = json.loads(body)
        arn: str = report["requestContext"]["functionArn"]
        _, _, name = arn.partition(":function:")
        answer = report.get("responsePayload") or {}
        error = answer.get("errorType") if isinstance(answer, dict) else None
        return _name(name.split(":")[0]), _name(error or report["requestContext"].get("condition"))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None


def _bell(body: str) -> RowKey | None:
    """The row that a bell names; bells hold nothing else."""
    try:
        return RowKey.parse(json.loads(body)["row"])
    except (KeyError, RecursionError, TypeError, ValueError):
        return None


def _name(text: object) -> str:
    return text if isinstance(text, str) and _NAME.fullmatch(text) else "unknown"


def _kind(queue: str) -> str:
    """`sweep` of `stack-SweepDeadLetterQueue-1A2B`, `crm-sync` of `stack-crm-sync-dlq.fifo`; else the whole name."""
    found = _QUEUE_KIND.search(queue)
    return (found[1] or found[2]).lower() if found else queue


def _record(message: DeadMessage, envelope: Envelope, finding: _Finding, now: datetime) -> EventRecord:
    return EventRecord(
        key=envelope.event_key,
        state=finding.state,
        envelope=envelope.without_body(),
        since=now,
        last_at=now,
        cause=finding.cause,
        reason=finding.reason,
        deal=message.attributes.get("deal", ""),
        attempts=_receives(message),
    )


def _filing(message: DeadMessage, envelope: Envelope, finding: _Finding, now: datetime) -> Filing:
    return Filing(
        message_id=message.message_id,
        queue=message.queue,
        at=now,
        sent_at=message.sent_at,
        cause=finding.cause,
        reason=finding.reason,
        receives=_receives(message),
        receipt=envelope.receipt,
        mapping_version=envelope.mapping_version,
        archive_key=envelope.archive_key,
        deal=message.attributes.get("deal", ""),
    )


def _receives(message: DeadMessage) -> int:
    """Attempts before it came here: as it says, else SQS counts on, and the last receive is ours."""
    told = message.attributes.get("receives", "")
    return int(told) if told.isascii() and told.isdigit() else max(1, message.receives - 1)

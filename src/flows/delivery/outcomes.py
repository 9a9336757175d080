"""What became of one write: the row as it rests afterwards. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.crm.faults import OF_THE_SINK, FaultClass
from domain.crm.rows import Question, Standing
from domain.crm.sink import Outcome
from flows.delivery.case import Do, Step
from flows.delivery.resting import BEHIND_RECHECK, asks, confirmed, refused

if TYPE_CHECKING:
    from domain.crm.faults import Fault
    from domain.crm.rows import SyncRow
    from domain.crm.sink import Result
    from flows.delivery.content import Content

#: First and longest wait before a row of unknown outcome is read, and before a row is tried again.
FIRST_WAIT = timedelta(seconds=4)
LONGEST_WAIT = timedelta(minutes=5)

#: How long rows wait that the CRM is not set up for; `dealwire crm preflight` says what is missing.
CONFIG_WAIT = timedelta(minutes=15)

#: Answered attempts of one row alone after which an unexplained fault counts as a refusal.
REFUSED_AFTER = 5

_DONE = frozenset({Outcome.CREATED, Outcome.ADOPTED, Outcome.UPDATED, Outcome.UNCHANGED})


def settled(
    row: SyncRow,
    content: Content,
    result: Result,
    *,
    now: datetime,
    max_request: timedelta,
    jitter: float,
    written: Collection[str] = (),
) -> Step:
    """The row after its write; with the reason of a dead letter, if the CRM refused it.

    Args:
        row: with the intent of this write, and the doubt of those before it.
        content: what was to be written.
        result: what the sink says became of it.
        now: aware UTC, after the call.
        max_request: how long the CRM may still execute a request that we gave up.
        jitter: from [0, 1).
        written: fields that it sent.
    """
    if result.outcome in _DONE:
        return Step(Do.REST, confirmed(row, content, result.held or {}, now, max_request, written=written))
    fault = result.fault
    if fault is None:
        raise ValueError(f"a sink must say why {row.key} is {result.outcome}")
    if result.outcome is Outcome.REJECTED:
        return refused(row, content, _words(fault), was_sent=fault.answered)
    if result.outcome is Outcome.UNKNOWN:
        return _unknown(row, content, fault, now, jitter)
    return Step(Do.REST, _deferred(row, fault, now, jitter))


def _unknown(row: SyncRow, content: Content, fault: Fault, now: datetime, jitter: float) -> Step:
    """The intent stays open: the CRM is read before anything else happens to the row."""
    attempts = row.attempts + 1
    if fault.answered and attempts >= REFUSED_AFTER:
        return refused(row, content, _words(fault), was_sent=True)
    return Step(
        Do.REST,
        replace(
            row,
            standing=Standing.OPEN,
            attempts=attempts,
            # An answered request is over; any other may run as long as the CRM takes, counted from now.
            doubted_at=row.doubted_at if fault.answered else now,
            reason=_words(fault),
            due_at=now + wait(attempts, jitter),
        ),
    )


def _deferred(row: SyncRow, fault: Fault, now: datetime, jitter: float) -> SyncRow:
    """Surely not done: the row is as it was before its intent."""
    as_before = replace(row, intent=None, confirmed=row.before, before=None, reason=_words(fault))
    if fault.kind is FaultClass.GONE:
        return asks(as_before, Question.GONE, f"{_words(fault)}; `dealwire crm adopt`, `recreate` or `leave` it", now)
    if fault.kind is FaultClass.DEFERRED:
        return replace(as_before, standing=Standing.BEHIND, behind=row.key.parents[-1], due_at=now + BEHIND_RECHECK)
    if fault.kind is FaultClass.CONFIG:
        return replace(as_before, standing=Standing.OPEN, due_at=now + CONFIG_WAIT)
    least = timedelta(seconds=fault.wait_s)
    if fault.kind in OF_THE_SINK:  # the whole credential waits, and paces what comes then
        return replace(as_before, standing=Standing.OPEN, due_at=now + least)
    attempts = row.attempts + 1
    return replace(as_before, standing=Standing.OPEN, attempts=attempts, due_at=now + least + wait(attempts, jitter))


def unread(row: SyncRow, fault: Fault, now: datetime, jitter: float) -> Step:
    """The row while the CRM cannot read it, or is not set up for reading such rows: nobody knows whether it is there.

    So nothing is done but to wait; what is known of it, doubted and asked about it stays.
    """
    asks_already = row.standing is Standing.ASKS
    is_setting_up = fault.kind is FaultClass.CONFIG
    attempts = row.attempts if is_setting_up else row.attempts + 1
    return Step(
        Do.REST,
        replace(
            row,
            standing=row.standing if asks_already else Standing.OPEN,
            reason=row.reason if asks_already else _words(fault),
            attempts=attempts,
            due_at=now + (CONFIG_WAIT if is_setting_up else wait(attempts, jitter)),
        ),
    )


def wait(attempts: int, jitter: float) -> timedelta:
    """Full jitter below a ceiling that doubles; never less than a second."""
    ceiling: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 16))
    return max(timedelta(seconds=1), ceiling * jitter)


def _words(fault: Fault) -> str:
    return f"{fault.field}: {fault.words}" if fault.field else fault.words

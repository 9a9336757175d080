"""The archive is the proof of what was accepted; walking it finds what has no outcome, and sends that again.

A delivery is *pending* until its event has a state. One that is pending for too long is sent again: its message was
lost, or it never got into the queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from domain.envelope import received_at_of
from domain.errors import Cause
from domain.event_log import Delivery, Disposition, EventRecord, Filing, State
from flows.release_waiting import queue_each

if TYPE_CHECKING:
    from domain.operate.ports import DeliveryLog, EventLog, Filings, Shelf, Walk
    from domain.ports import MessageQueue
    from flows.watch_delivery import DeliveryWatch

logger = logging.getLogger(__name__)

#: Deliveries that are read and filed together.
CHUNK = 100
#: Pending deliveries that one run looks at, oldest first. Far more than a healthy minute leaves behind.
MOST_PENDING = 2000
#: Seconds of an invocation that a walk leaves for what comes after it.
RESERVE_S = 20.0
#: An index shows a row some moments after it was written; what was filed just now must not look as if it were missed.
INDEX_LAG = timedelta(minutes=5)
#: The schedule starts a run each minute, to the minute; so two runs are at most this far apart.
BETWEEN_RUNS = timedelta(minutes=2)

_UNUSED = frozenset({Disposition.IGNORED, Disposition.UNLISTED})
_LOST_LETTER = "its body is not what this source sends, and its dead letter was lost; look at it, then discard it"


@dataclass(frozen=True, slots=True)
class WalkPorts:
    """What walking the archive needs; and what the delivery to a CRM is watched by, where there is one."""

    shelf: Shelf
    deliveries: DeliveryLog
    walk: Walk
    log: EventLog
    filings: Filings
    queue: MessageQueue
    delivery: DeliveryWatch | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that watching obeys.

    Attributes:
        margin: how old a delivery must be to be filed: longer than ingest may take to store it.
        redrive_after: how long a delivery may be pending before it is sent again.
        most_silent_hours: of each source; None: it may be silent for ever.
    """

    margin: timedelta
    redrive_after: timedelta
    most_silent_hours: Mapping[str, int | None]


def walk(ports: WalkPorts, rules: Rules, now: datetime, time_left: Callable[[], float]) -> frozenset[str]:
    """File every delivery that has come since the last walk; what is left over when time runs out is the next one's.

    Returns:
        The receipts of those that are new and pending.
    """
    found = set[str]()
    heard = ports.walk.last_received()
    for source in rules.most_silent_hours:
        last = ports.walk.last_seen(source)
        for day in _days(last, now):
            keys = ports.shelf.keys(source, day, after=last if last.startswith(day) else "")
            for chunk in _chunks(_old_enough(keys, now - rules.margin)):
                if time_left() < RESERVE_S:
                    return frozenset(found)
                found |= {delivery.receipt for delivery in _file(chunk, ports) if not delivery.settled}
                ports.walk.seen(source, chunk[-1], _received_at(chunk[-1]))
        _pass_over_silence(source, ports, heard.get(source), now - rules.margin)
    return frozenset(found)


def settle(ports: WalkPorts) -> list[Delivery]:
    """Settle every pending delivery whose event has a state by now; what is still pending, oldest first."""
    pending = ports.deliveries.pending(limit=MOST_PENDING)
    known = ports.log.find({delivery.key for delivery in pending}) if pending else {}
    done = [delivery for delivery in pending if delivery.key in known]
    if done:
        ports.deliveries.settle(done)
    return [delivery for delivery in pending if delivery.key not in known]


def overdue(
    pending: Iterable[Delivery], rules: Rules, now: datetime, found: frozenset[str] = frozenset()
) -> list[Delivery]:
    """Those whose turn it is to be sent again: after `redrive_after`, twice that, four times that, and so on.

    A queue that is merely slow still holds them, so each minute's run must not send them all once more.

    Args:
        pending: without an outcome.
        rules: how long is too long.
        now: aware UTC.
        found: receipts that this very run has found; no run before it can have sent them.
    """
    return [
        delivery
        for delivery in pending
        if is_overdue(delivery, rules, now)
        and (delivery.receipt in found or _has_its_turn(now - delivery.received_at, rules.redrive_after))
    ]


def is_overdue(delivery: Delivery, rules: Rules, now: datetime) -> bool:
    """Whether it should long have had an outcome."""
    return now - delivery.received_at >= rules.redrive_after


def send_again(deliveries: Sequence[Delivery], ports: WalkPorts, now: datetime) -> int:
    """Queue them again, or file those whose body is not the provider's; they stay pending until there is an outcome.

    Returns:
        How many were sent or filed.
    """
    for delivery in deliveries:
        if delivery.disposition is Disposition.BAD_PAYLOAD:
            ports.filings.file(*_lost_letter(delivery, now))
    sound = [delivery.envelope for delivery in deliveries if delivery.disposition is not Disposition.BAD_PAYLOAD]
    sent = sum(queue_each(sound[start : start + CHUNK], ports.queue) for start in range(0, len(sound), CHUNK))
    return sent + len(deliveries) - len(sound)


def stragglers(ports: WalkPorts, rules: Rules, now: datetime, time_left: Callable[[], float]) -> list[Delivery]:
    """File what the walk has passed by on this day and the one before; gives what it was.

    A delivery that took longer to store than the margin allows lies behind the place where the walk is.
    """
    found: list[Delivery] = []
    until = now - rules.margin - INDEX_LAG
    for source in rules.most_silent_hours:
        last = ports.walk.last_seen(source)
        for day in (_day(now - timedelta(days=1)), _day(now)):
            known = ports.deliveries.receipts(source, day)
            passed = _passed_by(ports.shelf.keys(source, day), last, until)
            for chunk in _chunks(key for key in passed if _receipt(key) not in known):
                if time_left() < RESERVE_S:
                    return found
                found += _file(chunk, ports)
    return found


def _file(keys: Sequence[str], ports: WalkPorts) -> list[Delivery]:
    read = ports.shelf.facts(keys)
    known = ports.log.find({delivery.key for delivery in read})
    deliveries = [replace(d, settled=d.disposition in _UNUSED or d.key in known) for d in read]
    ports.deliveries.add(deliveries)
    return deliveries


def _days(last: str, now: datetime) -> Iterator[str]:
    """From the day of the last key, at first from yesterday (a first webhook at midnight), to this day."""
    day = datetime.fromisoformat(last[:10]).replace(tzinfo=UTC) if last else now - timedelta(days=1)
    while _day(day) <= _day(now):
        yield _day(day)
        day += timedelta(days=1)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _old_enough(keys: Iterable[str], until: datetime) -> Iterator[str]:
    """Those whose receipt was given before then. What is no receipt of ours has no place in the order: left out."""
    ours = (key for key in keys if received_at_of(_receipt(key)) is not None)
    return takewhile(lambda key: _received_at(key) <= until, ours)


def _passed_by(keys: Iterable[str], last: str, until: datetime) -> Iterator[str]:
    """Those behind which the walk is. A key without a receipt of ours has no place in the order: it counts too."""
    for key in keys:
        moment = received_at_of(_receipt(key))
        if key > last or (moment is not None and moment > until):
            return
        yield key


def _pass_over_silence(source: str, ports: WalkPorts, heard: datetime | None, until: datetime) -> None:
    """Days without a webhook are listed once, not again each minute until the next webhook comes."""
    last, yesterday = ports.walk.last_seen(source), _day(until - timedelta(days=1))
    if heard is not None and last[:10] < yesterday:
        ports.walk.seen(source, f"{yesterday}/{source}/", heard)


def _receipt(key: str) -> str:
    return key.rpartition("/")[2]


def _received_at(key: str) -> datetime:
    moment = received_at_of(_receipt(key))
    if moment is None:
        raise ValueError(f"{key} does not end with a receipt of ours")
    return moment


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _has_its_turn(age: timedelta, after: timedelta) -> bool:
    turn = after
    while turn * 2 <= age:
        turn *= 2
    return age - turn < BETWEEN_RUNS


def _lost_letter(delivery: Delivery, now: datetime) -> tuple[Filing, EventRecord]:
    """What `bury` would have filed: sent through the queue, its bytes might be taken for an event."""
    filing = Filing(
        message_id=delivery.receipt,
        queue="watch",
        at=now,
        sent_at=now,
        cause=Cause.BAD_PAYLOAD,
        reason=_LOST_LETTER,
        receives=1,
        receipt=delivery.receipt,
        mapping_version=delivery.mapping_version,
        archive_key=delivery.archive_key,
    )
    record = EventRecord(
        key=delivery.key,
        state=State.DEAD,
        envelope=delivery.envelope,
        since=now,
        last_at=now,
        cause=Cause.BAD_PAYLOAD,
        reason=_LOST_LETTER,
        attempts=1,
    )
    return filing, record

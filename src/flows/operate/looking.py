"""Looking around: the story of a receipt, event or deal; what came in; how it all stands; who did what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeVar

from domain.envelope import received_at_of
from domain.errors import Cause
from domain.event_log import Disposition, State
from domain.operate.letters import Filter, Moment
from domain.operate.looking import (
    AuditAnswer,
    AuditRow,
    EventRow,
    EventsAnswer,
    QueueStatus,
    SourceStatus,
    StatusAnswer,
    TraceAnswer,
)
from domain.operate.replays import EventsFilter
from flows.operate.commissions import lacking, standing
from flows.operate.deal_events import LONGEST_NAME, events_of, family, of_names
from flows.operate.errors import BadRequest, NotFound
from flows.operate.filters import check_deal, check_times, first_found
from flows.operate.naming import archive_keys_of, is_receipt, known_sources
from flows.operate.rows import moments_of, row_of
from sources.catalog import catalog

if TYPE_CHECKING:
    from datetime import datetime

    from domain.deal import Deal
    from domain.event_log import Delivery, EventRecord, Story
    from domain.operate.letters import Row
    from domain.operate.looking import AuditRequest, EventsRequest, StatusRequest, TraceRequest
    from domain.operate.ports import Page
    from flows.operate.desk import Desk

T = TypeVar("T")

#: Open events of one state and cause are counted up to this many.
MOST_COUNTED = 1_000

#: A delivery is received a moment before its receipt is made.
NEAR = timedelta(minutes=1)

#: What is open without anybody having decided against it.
_OPEN = (State.DEAD, State.PARKED, State.WAITING)

_UNUSED = (Disposition.IGNORED, Disposition.UNLISTED)


def trace(request: TraceRequest, desk: Desk) -> TraceAnswer:
    """Tell the story of a receipt, an event or a deal, whichever of them bears the name.

    Raises:
        BadRequest: events of several sources have this id.
        NotFound: nothing that we know bears the name.
    """
    named = request.of.strip()
    if named and len(named.encode()) <= LONGEST_NAME:
        for told in (_of_receipt, _of_event, _of_deal):
            answer = told(named, desk)
            if answer is not None:
                return answer
    message = (
        f"nothing is known of {named!r}: give a receipt, source/event id, source/deal id or our deal id; "
        "`dealwire events list` shows what came in"
    )
    raise NotFound(message)


def _of_receipt(named: str, desk: Desk) -> TraceAnswer | None:
    if not is_receipt(named):
        return None
    delivery = _delivery(named, desk)
    if delivery is None:
        return None
    story = desk.ports.log.story(delivery.key)
    if all(held.receipt != delivery.receipt for held in story.deliveries):  # the index lags behind a little
        story = replace(story, deliveries=(*story.deliveries, delivery))
    return TraceAnswer(kind="receipt", name=named, moments=_moments([story]), open=_open([story.record]))


def _delivery(receipt: str, desk: Desk) -> Delivery | None:
    """From the archive, or from its index: that remembers what was erased, or kept for as long as the archive keeps."""
    for delivery in desk.ports.shelf.facts(archive_keys_of(receipt)):
        return delivery
    at = received_at_of(receipt)
    if at is None:
        return None
    wanted = EventsFilter(since=at - NEAR, until=at + NEAR)
    page = desk.ports.deliveries.page(wanted, limit=MOST_COUNTED)
    return next((delivery for delivery in page.items if delivery.receipt == receipt), None)


def _of_event(named: str, desk: Desk) -> TraceAnswer | None:
    source, slash, event_id = named.partition("/")
    keys = [f"{source}#{event_id}"] if slash and source and event_id else []
    keys += [f"{source}#{named}" for source in sorted(catalog())]
    stories = {key: desk.ports.log.story(key) for key in keys}
    known = {key: story for key, story in stories.items() if story.record or story.deliveries or story.filings}
    if not known:
        return None
    names = [key.replace("#", "/", 1) for key in known]
    if len(known) > 1:
        raise BadRequest(f"{named!r} is the id of several events; say which: {', '.join(names)}")
    (story,) = known.values()
    return TraceAnswer(kind="event", name=names[0], moments=_moments([story]), open=_open([story.record]))


def _of_deal(named: str, desk: Desk) -> TraceAnswer | None:
    directly = of_names([named], desk) if "/" in named else ()
    ids = {record.deal_id for record in directly if record.deal_id} if directly else {named}
    kin = family(sorted(ids), desk)
    records = {record.key: record for record in (*directly, *events_of(kin, desk))}
    if not records:
        return None
    stories = [desk.ports.log.story(key) for key in records]
    return TraceAnswer(
        kind="deal",
        name=named,
        moments=_moments(stories),
        open=_open(records.values()),
        commission="; ".join(filter(None, (_commission(deal, desk) for deal in kin if deal.merged_into is None))),
    )


def _commission(deal: Deal, desk: Desk) -> str:
    return standing(desk.ports.commissions.head(deal.id))


def _moments(stories: Iterable[Story]) -> tuple[Moment, ...]:
    moments = [moment for story in stories for moment in (*moments_of(story), *_queued(story))]
    return tuple(sorted(moments, key=lambda moment: moment.at))


def _queued(story: Story) -> Iterable[Moment]:
    """An accepted event of which nothing was seen yet is still in the queue."""
    accepted = [one for one in story.deliveries if one.disposition is Disposition.ACCEPTED]
    if accepted and story.record is None:
        last = max(accepted, key=lambda delivery: delivery.received_at)
        event = last.key.replace("#", "/", 1)
        yield Moment(at=last.received_at, what="queued", detail="not processed yet", event=event)


def _open(records: Iterable[EventRecord | None]) -> tuple[Row, ...]:
    return tuple(row_of(record) for record in records if record is not None and record.state is not State.APPLIED)


def events(request: EventsRequest, desk: Desk) -> EventsAnswer:
    """List deliveries, newest first, with what became of their events.

    Raises:
        BadRequest: a filter that nothing can match, or `after` is not from a page before.
    """
    wanted = request.filter
    if wanted.source is not None and wanted.source not in catalog():
        raise BadRequest(f"source {wanted.source!r} is unknown; expected one of {known_sources()}")
    check_times(wanted.since, wanted.until)
    check_deal(wanted.deal)

    def ask(after: str) -> Page[Delivery]:
        return desk.ports.deliveries.page(wanted, after=after, limit=request.limit)

    page = _page(request.after, lambda after: first_found(ask, after, desk))
    records = desk.ports.log.find({delivery.key for delivery in page.items})
    rows = tuple(_event_row(delivery, records.get(delivery.key)) for delivery in page.items)
    return EventsAnswer(rows=rows, next=page.next)


def _event_row(delivery: Delivery, record: EventRecord | None) -> EventRow:
    return EventRow(
        id=delivery.key.replace("#", "/", 1),
        receipt=delivery.receipt,
        source=delivery.source,
        event_type=delivery.event_type,
        received_at=delivery.received_at,
        outcome=_outcome(delivery, record),
        deal=record.deal if record else "",
        mapping_version=delivery.mapping_version,
    )


def _outcome(delivery: Delivery, record: EventRecord | None) -> str:
    mine = record is not None and record.envelope.receipt == delivery.receipt
    if delivery.disposition in _UNUSED and not mine:
        return delivery.disposition.value
    if record is None:
        return "queued"
    return "repeated" if record.state is State.APPLIED and not mine else record.state.value


def status(_request: StatusRequest, desk: Desk) -> StatusAnswer:
    """Tell how it all stands."""
    queues = [
        QueueStatus(name=name, waiting=waiting, in_flight=in_flight)
        for name, (waiting, in_flight) in sorted(desk.ports.depths.depths().items())
    ]
    return StatusAnswer(
        queues=tuple(queues),
        open=_open_counts(desk),
        oldest_unapplied_s=_oldest_s(desk),
        sources=_sources(desk),
        commissions_lacking=lacking(desk),
    )


def _open_counts(desk: Desk) -> dict[str, int]:
    kinds = [(state, cause) for state in _OPEN for cause in Cause]
    # Only an unknown agent parks, and it does nothing else.
    kinds = [(state, cause) for state, cause in kinds if (state is State.PARKED) == (cause is Cause.UNKNOWN_AGENT)]
    counts = {f"{state}: {cause}": desk.ports.log.count(state, cause, most=MOST_COUNTED) for state, cause in kinds}
    return {kind: count for kind, count in counts.items() if count}


def _oldest_s(desk: Desk) -> float:
    queued = [delivery.received_at for delivery in desk.ports.deliveries.pending(limit=1)]
    waiting = desk.ports.log.open(Filter(states=(State.WAITING,)), limit=1, newest_first=False)
    oldest = min([*queued, *(record.since for record in waiting.items)], default=desk.now)
    return max(0.0, (desk.now - oldest).total_seconds())


def _sources(desk: Desk) -> tuple[SourceStatus, ...]:
    heard = desk.ports.walk.last_received()
    return tuple(
        SourceStatus(
            source=name,
            last_received_at=heard.get(name),
            silent_hours=_hours(heard.get(name), desk.now),
            most_silent_hours=source.max_silence_hours,
            mapping_version=source.mapping_version,
        )
        for name, source in sorted(catalog().items())
    )


def _hours(last: datetime | None, now: datetime) -> float | None:
    return None if last is None else max(0.0, (now - last) / timedelta(hours=1))


def audit(request: AuditRequest, desk: Desk) -> AuditAnswer:
    """List who did what on one UTC day, newest first.

    Raises:
        BadRequest: there is no such day, or `after` is not from a page before.
    """
    try:
        date.fromisoformat(request.day)
    except ValueError as error:
        raise BadRequest(f"day is {request.day!r}, and there is none such; expected one like 2026-11-22") from error
    page = _page(request.after, lambda after: desk.ports.audit.on(request.day, after=after, limit=request.limit))
    rows = [
        AuditRow(
            at=entry.at,
            who=entry.who,
            action=entry.action,
            subject=entry.subject,
            why=entry.why,
            details=entry.details,
        )
        for entry in page.items
    ]
    return AuditAnswer(rows=tuple(rows), next=page.next)


def _page(after: str, ask: Callable[[str], Page[T]]) -> Page[T]:
    message = "`after` is not the `next` of a page before; begin without it"
    if len(after.encode()) > LONGEST_NAME:
        raise BadRequest(message)
    try:
        return ask(after)
    except ValueError as error:
        raise BadRequest(message) from error

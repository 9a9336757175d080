"""What is to be replayed: a list of events, frozen before anything happens to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.event_log import Disposition, Job, State
from domain.operate.replays import EventsFilter, JobAnswer, PlanRequest
from flows.operate.errors import BadRequest, NotFound
from flows.operate.filters import PAGE, check_deal, check_time, check_times, checked, every_open
from flows.operate.naming import known_sources, resolve
from sources.catalog import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from domain.operate.letters import Filter
    from flows.operate.desk import Desk

#: Kinds of jobs: open events, or events from the archive whatever became of them.
LETTERS, EVENTS = "letters", "events"
#: Events of one job.
MOST_EVENTS = 100_000
#: What waits comes by itself; only these are there to be replayed.
_REPLAYABLE = (State.DEAD, State.DISCARDED)


def plan(request: PlanRequest, desk: Desk) -> JobAnswer:
    """Freeze the list of what is to be replayed; nothing else changes.

    Raises:
        BadRequest: not exactly one of `ids`, `letters` and `events`, or one that makes no sense or is too large.
        NotFound: nothing matches, or one of the ids is unknown.
    """
    given = [name for name in ("ids", "letters", "events") if getattr(request, name)]
    if len(given) != 1:
        asked = " and ".join(given) or "none of them"
        raise BadRequest(f"expected exactly one of ids, letters and events, got {asked}; name what to replay")
    if request.mapping == "then" and request.events is None:
        raise BadRequest("letters are mapped as now; mapping 'then' is for events, see `dealwire events replay --help`")
    keys = _frozen(_keys(request, desk))
    if not keys:
        raise NotFound(_nothing(request))
    job = Job(
        id=desk.new_id(),
        kind=LETTERS if request.events is None else EVENTS,
        total=len(keys),
        who=desk.who,
        why=request.why,
        at=desk.now,
        pinned=request.mapping == "then",
    )
    entry = desk.entry("plan", f"JOB#{job.id}", job.why, kind=job.kind, events=str(job.total), mapping=request.mapping)
    desk.ports.jobs.create(job, keys, entry)
    return answer_of(job)


def answer_of(of: Job) -> JobAnswer:
    """A replay as operators see it."""
    return JobAnswer(
        job=of.id, total=of.total, done=of.done, kind=of.kind, mapping="then" if of.pinned else "now",
        who=of.who, why=of.why, at=of.at,
    )  # fmt: skip


def _frozen(keys: Iterable[str]) -> list[str]:
    """Each key once, in order."""
    once: dict[str, None] = {}
    for key in keys:
        once[key] = None
        if len(once) > MOST_EVENTS:
            raise BadRequest(f"more than {MOST_EVENTS:,} events match; take less at a time with since and until")
    return list(once)


def _keys(request: PlanRequest, desk: Desk) -> Iterable[str]:
    if request.ids:
        return _known(request.ids, desk)
    if request.letters is not None:
        return _replayable(request.letters, desk)
    return _delivered(request.events or EventsFilter(), desk)


def _known(names: Sequence[str], desk: Desk) -> list[str]:
    keys = [resolve(name, desk) for name in names]
    found = desk.ports.log.find(keys)
    unknown = [name for name, key in zip(names, keys, strict=True) if key not in found]
    if unknown:
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise NotFound(
            f"no state is known of {', '.join(unknown[:5])}{more}; leave out what is still queued or unknown"
        )
    return keys


def _replayable(letters: Filter, desk: Desk) -> Iterator[str]:
    """The dead, and the discarded if they are asked for; oldest first."""
    states = tuple(state for state in _REPLAYABLE if state in checked(letters).states)
    if states:
        yield from (record.key for record in every_open(letters.model_copy(update={"states": states}), desk))


def _delivered(events: EventsFilter, desk: Desk) -> Iterator[str]:
    """The events that were accepted, in the order in which they were received."""
    check_times(events.since, events.until)
    check_deal(events.deal)
    if events.source is not None and events.source not in catalog():
        raise BadRequest(f"there is no source {events.source!r}; sources: {known_sources()}")
    after = ""
    while True:
        check_time(desk)
        page = desk.ports.deliveries.page(events, after=after, limit=PAGE, newest_first=False)
        yield from (one.key for one in page.items if one.disposition is Disposition.ACCEPTED)
        after = page.next
        if not after:
            return


def _nothing(request: PlanRequest) -> str:
    if request.events is not None:
        return "nothing matches: no event was accepted in that time; see `dealwire events list`"
    return (
        "nothing matches: no dead letter is like that, and what waits or is parked comes by itself; see `dealwire dlq`"
    )

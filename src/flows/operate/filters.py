"""Filters that make sense, and everything that matches one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from domain.event_log import State
from flows.operate.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from domain.event_log import EventRecord
    from domain.operate.letters import Filter
    from domain.operate.ports import Page
    from flows.operate.desk import Desk

T = TypeVar("T")

#: Read at a time where all that match are wanted.
PAGE = 500

#: Seconds of a call that must be left to read on: a page, and then what is done with all of them.
RESERVE_S = 8.0


def checked(wanted: Filter) -> Filter:
    """The filter, if something can match it.

    Raises:
        BadRequest: nothing can.
    """
    if State.APPLIED in wanted.states:
        raise BadRequest("applied events are not open; list them with `dealwire events list`")
    if not wanted.states:
        raise BadRequest("no state is asked for; name one of dead, parked, waiting, discarded")
    check_times(wanted.since, wanted.until)
    check_deal(wanted.deal)
    return wanted


def check_times(since: datetime | None, until: datetime | None) -> None:
    """Refuse a time that ends before it begins.

    Raises:
        BadRequest: it does.
    """
    if since is not None and until is not None and since >= until:
        raise BadRequest(f"since ({since:%Y-%m-%d %H:%M %Z}) must be before until ({until:%Y-%m-%d %H:%M %Z})")


def check_deal(deal: str | None) -> None:
    """Refuse what is no `source/source id`.

    Raises:
        BadRequest: it is not.
    """
    if deal is not None and not all(deal.partition("/")):
        raise BadRequest(f"deal {deal!r} is not source/id; give the source and its own id, such as transactions/TX-1")


def check_time(desk: Desk) -> None:
    """Refuse to read on where the call would be cut off before it could answer.

    Raises:
        BadRequest: it would.
    """
    if desk.world.time_left() < RESERVE_S:
        raise BadRequest("more events match than one call can read; take less at a time with since and until")


def first_found(ask: Callable[[str], Page[T]], after: str, desk: Desk) -> Page[T]:
    """The next page that holds something, or the last; where what matches is rare, pages before it may be empty."""
    page = ask(after)
    while not page.items and page.next and desk.world.time_left() >= RESERVE_S:
        page = ask(page.next)
    return page


def every_open(wanted: Filter, desk: Desk) -> Iterator[EventRecord]:
    """All open events that match, oldest first.

    Raises:
        BadRequest: they are more than one call can read.
    """
    after = ""
    while True:
        check_time(desk)
        page = desk.ports.log.open(wanted, after=after, limit=PAGE, newest_first=False)
        yield from page.items
        after = page.next
        if not after:
            return

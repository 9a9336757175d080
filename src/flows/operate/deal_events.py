"""Every event of a deal, under every id that its source knows it by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.forgetting import family as merged_with

if TYPE_CHECKING:
    from domain.deal import Deal
    from domain.event_log import EventRecord
    from domain.marks import Mark
    from flows.operate.desk import Desk

#: Bytes of a name that somebody typed; ours are shorter, and a key of a table cannot be much longer.
LONGEST_NAME = 1_000


def family(deal_ids: Iterable[str], desk: Desk) -> tuple[Deal, ...]:
    """These deals of ours, those that became part of them and those they became part of; unknown ids are left out."""
    found: dict[str, Deal] = {}
    left = list(deal_ids)
    while left:
        deal_id = left.pop(0)
        deal = None if deal_id in found else desk.ports.process.deals.deal_by_id(deal_id)
        if deal is not None:
            found[deal_id] = deal
            left += sorted(merged_with(deal))
    return tuple(found.values())


def events_of(deals: Iterable[Deal], desk: Desk) -> tuple[EventRecord, ...]:
    """Every event of these deals that has a state, oldest first.

    A deal keeps the id by which it was first seen; what else its source calls it since a merge is read off the events
    that its marks name.
    """
    kept = tuple(deals)
    named = {f"{deal.source}/{deal.source_id}" for deal in kept}
    marking = desk.ports.log.find({key for deal in kept for key in _marking(deal)})
    named |= {record.deal for record in marking.values() if record.deal}
    return of_names(named, desk)


def of_names(names: Iterable[str], desk: Desk) -> tuple[EventRecord, ...]:
    """Every event of the deals `source/source id` that has a state, oldest first."""
    records = {record.key: record for name in sorted(names) for record in desk.ports.log.of_deal(name)}
    return tuple(sorted(records.values(), key=lambda record: (record.envelope.received_at, record.key)))


def _marking(deal: Deal) -> set[str]:
    """Keys of the events that some value of the deal is from."""
    marks = [*deal.marks.values(), deal.participants_mark, deal.agents_mark]
    marks += [mark for known in deal.people.values() for mark in known.marks.values()]
    return {f"{deal.source}#{event_id}" for mark in marks for event_id in _event_ids(mark)}


def _event_ids(mark: Mark) -> tuple[str, ...]:
    """What the tie-breaker may name: the event, or for fetched documents the time of the fetch and then the event."""
    began, colon, event_id = mark.tie.partition(":")
    fetched = bool(colon) and len(began) == 20 and began.isdigit()
    return tuple(one for one in ((event_id, mark.tie) if fetched else (mark.tie,)) if one)

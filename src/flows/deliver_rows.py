"""Deliver: converge the CRM on the CRM store, one row at a time in its logic, many at a time on the wire.

A bell only says where to look. What is owed stands on the records themselves and on the sync rows; a run takes the rows
of its bells, whatever else of the same deals is due, and more that is due while time and permits last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from domain.crm.faults import CrmFaulted
from domain.crm.ports import Finish
from domain.crm.rows import Kind, RowKey, Standing
from flows.delivery.gathering import Gathering
from flows.delivery.lanes import Lane
from flows.delivery.ports import DeliveryPorts, Policy, Tally, World

if TYPE_CHECKING:
    from domain.crm.rows import SyncRow
    from flows.delivery.content import Content, Drawing

__all__ = ["Delivered", "DeliveryPorts", "Policy", "World", "deliver_rows"]

#: A bell whose row waits no longer than this is handed out again by its queue; longer waits are the sweeper's.
SHORT_WAIT = timedelta(seconds=60)

#: How soon a bell rings again whose row somebody else is writing, in seconds.
TAKEN_WAIT_S = 5.0

#: How soon a deal is looked at again whose children could not all be begun.
CHILDREN_LEFT_WAIT = timedelta(seconds=10)

#: Lanes of a round that follow each other at least: links wait for deals.
_LANES = 2

#: How many times what it takes of a backfill a run asks the index for.
_WINDOWS = 4


@dataclass(slots=True)
class Delivered:
    """What a run did.

    Attributes:
        tally: of all its lanes.
        again: of the rows asked for, seconds until their bell is to ring again; all others are done with.
    """

    tally: Tally = field(default_factory=Tally)
    again: dict[RowKey, float] = field(default_factory=dict)


def deliver_rows(asked: Sequence[RowKey], ports: DeliveryPorts, policy: Policy, world: World) -> Delivered:
    """Deliver the rows asked for, and what else is due.

    Args:
        asked: rows whose bells rang; may be empty.
        ports: everything outside.
        policy: the settings.
        world: time, chance and threads.

    Returns:
        What was done. No fault of the CRM is raised: rows that meet one wait on their sync rows.

    Raises:
        Unavailable: our own storage does not answer; what is owed stays owed, and the bells come again.
    """
    run = _Run(ports, policy, world)
    run.go(asked)
    return Delivered(run.tally, run.again(asked))


@dataclass
class _Run:
    ports: DeliveryPorts
    policy: Policy
    world: World
    tally: Tally = field(default_factory=Tally)
    tried: set[RowKey] = field(default_factory=set)

    def go(self, asked: Sequence[RowKey]) -> None:
        """Round after round, live rows first, until nothing more is due or no time is left."""
        try:
            drawing = self.ports.drawing()
        except CrmFaulted as error:
            self.tally.put_off(error.fault)
            self.tally.stop = error.fault
            return
        rows, backfill = self._with_their_deals(asked), False
        while self.tally.stop is None and self.world.time_left() > _LANES * self.policy.lane_s:
            if not rows:
                rows, backfill = self._backfill(), True
            if not rows:
                return
            deals = sorted({key.id for key in rows if key.kind is not Kind.CONTACT})
            _Round(self, drawing, backfill=backfill).deliver(rows)
            left = self._live(self.ports.rows.due_of_deals(deals, self.world.now())) if deals else []
            rows, backfill = self._filled(left), False

    def again(self, asked: Iterable[RowKey]) -> dict[RowKey, float]:
        """Which bells must ring again soon: 10, every understood outcome acks the bell."""
        now = self.world.now()
        waits = {key: (due - now) for key, due in self.tally.waits.items() if due - now <= SHORT_WAIT}
        soon = {key: max(waits[key].total_seconds(), 1.0) for key in asked if key in waits}
        if self.tally.stop is not None and self.tally.stop.wait_s <= SHORT_WAIT.total_seconds():
            left = [key for key in asked if key not in self.tally.done]
            return soon | dict.fromkeys(left, max(self.tally.stop.wait_s, 1.0))
        if self.tally.stop is not None:
            return soon
        settled = self.tally.done | self.tally.later
        return soon | {key: TAKEN_WAIT_S for key in asked if key not in settled and key not in soon}

    def _with_their_deals(self, asked: Sequence[RowKey]) -> list[RowKey]:
        deals = sorted({key.id for key in asked if key.kind is not Kind.CONTACT})
        due = self.ports.rows.due_of_deals(deals, self.world.now()) if deals else ()
        return self._filled(self._untried([*asked, *due]))

    def _filled(self, rows: Iterable[RowKey]) -> list[RowKey]:
        """With what else is due, live rows only, so that calls go full."""
        least = self.policy.most
        gathering = Gathering(self.ports.rows, least, least * self.policy.sides, self.world.jitter)
        return gathering.filled(rows, self._live, self.world.now())

    def _backfill(self) -> list[RowKey]:
        """Of what a replay or a reconcile owes: a part by chance, so that workers who ask at once take other rows."""
        found = self._untried(self.ports.rows.due(self.world.now(), self.policy.most * _WINDOWS, backfill=True))
        start = int(self.world.jitter() * max(len(found) - self.policy.most + 1, 1))
        return found[start : start + self.policy.most]

    def _live(self, keys: Iterable[RowKey]) -> list[RowKey]:
        return [key for key in self._untried(keys) if key not in self.tally.later]

    def _untried(self, keys: Iterable[RowKey]) -> list[RowKey]:
        return [key for key in dict.fromkeys(keys) if key not in self.tried]


@dataclass
class _Round:
    """Deals and contacts; then, with both there, commissions and links."""

    run: _Run
    drawing: Drawing
    backfill: bool

    def deliver(self, rows: Sequence[RowKey]) -> None:
        deals = self._lanes(Kind.DEAL, rows, holds=True)
        self._together([*deals, *self._lanes(Kind.CONTACT, rows)])
        owed = [*rows, *(child for lane in deals for child in self._owed_by_children(lane))]
        there = sorted({key.id for lane in deals for key in lane.tally.done})
        late = self.run.ports.rows.due_of_deals(there, self.run.world.now()) if there else ()
        children = [*self._lanes(Kind.LINK, owed), *self._lanes(Kind.COMMISSION, [*owed, *late])]
        if self.run.tally.stop is None:
            self._together(children)
        settled = {one for lane in children for one in (lane.tally.done | lane.tally.later)}
        for lane in deals:
            self._let_go(lane, settled, owed)

    def _lanes(self, kind: Kind, rows: Iterable[RowKey], *, holds: bool = False) -> list[Lane]:
        """As many rows in each as a call carries."""
        wanted = [key for key in dict.fromkeys(rows) if key.kind is kind]
        run = self.run
        parts = _cut(wanted, run.policy.most)
        return [
            Lane(kind, part, run.ports, self.drawing, run.policy, run.world, self.backfill, holds) for part in parts
        ]

    def _together(self, lanes: Sequence[Lane]) -> None:
        """As many at the same time as the run has sides, in their order."""
        waiting = deque(lanes)
        sides = min(len(waiting), self.run.policy.sides)
        self.run.world.together([partial(self._side, number, waiting) for number in range(sides)])
        for lane in lanes:
            self.run.tried.update(set(lane.rows) - lane.tally.later)
            self.run.tally.add(lane.tally)

    def _side(self, number: int, waiting: deque[Lane]) -> None:
        sink = self.run.ports.sink(number, backfill=self.backfill)
        while (lane := _next_of(waiting)) is not None:
            lane.deliver(sink)
            if lane.tally.stop is not None:
                return

    def _owed_by_children(self, deals: Lane) -> list[RowKey]:
        """What hangs on a changed deal and does not hold what it should: links of who is or was on it, commissions."""
        children = {key: self._children(key, deals) for key in deals.held}
        held = {key: one.row for key, one in deals.held.items()}
        # Of whom a link tells is known by their records there: two of our contacts may be one.
        ends = {end for known in children.values() for child in known for end in child.parents} - held.keys()
        parents = {**(self.run.ports.rows.rows(ends) if ends else {}), **held}
        owed = []
        for known in children.values():
            shares = [one for one in known if one.kind is Kind.COMMISSION]
            records = replace(deals.records, commissions=self.run.ports.rows.load(shares).commissions if shares else {})
            for child, row in known.items():
                content = self.drawing.content(child, records, parents)
                if content is not None and _differs(row, content):
                    owed.append(child)
            self._make_live([row for child in owed if (row := known.get(child)) is not None])
        return owed

    def _children(self, deal: RowKey, deals: Lane) -> dict[RowKey, SyncRow | None]:
        people = [RowKey(Kind.LINK, deal.id, link.contact_id) for link in deals.records.deals[deal.id].participants]
        return dict.fromkeys(people) | {row.key: row for row in self.run.ports.rows.children_of(deal.id)}

    def _make_live(self, children: Iterable[SyncRow]) -> None:
        """11: what a live change owes is live, also where a comparison or a replay had asked for it before."""
        waiting = [child.key for child in children if child.backfill and not self.backfill]
        if waiting:
            self.run.ports.rows.ring(waiting, self.run.world.now())

    def _let_go(self, deals: Lane, done: Collection[RowKey], owed: Sequence[RowKey]) -> None:
        """A deal's mark comes off last: when each of its children is delivered, or owed by a row or mark of its own."""
        rows, now = self.run.ports.rows, self.run.world.now()
        whole = {key for key in deals.held if all(child in done for child in owed if key in child.parents)}
        partly = [held.row for key, held in deals.held.items() if key not in whole]
        rows.finish([deals.held[key] for key in whole], now=now)
        rows.finish([Finish(replace(row, due_at=now + CHILDREN_LEFT_WAIT), None) for row in partly], now=now)
        self.run.tally.done.difference_update(row.key for row in partly)


def _differs(row: SyncRow | None, content: Content) -> bool:
    settled = row is not None and row.confirmed is not None and row.standing is Standing.CLEAN
    return not settled or row is None or row.confirmed is None or row.confirmed.sent != content.digests


def _cut(rows: Sequence[RowKey], most: int) -> list[list[RowKey]]:
    """Parts of so many rows at most. The links of a deal stay together: two of them may be one and the same there."""
    parts: list[list[RowKey]] = []
    if rows and rows[0].kind is not Kind.LINK:
        return [list(rows[start : start + most]) for start in range(0, len(rows), most)]
    for _, links in groupby(sorted(rows), key=attrgetter("id")):
        of_deal = list(links)
        if not parts or len(parts[-1]) + len(of_deal) > most:
            parts.append([])
        parts[-1] += of_deal
    return parts


def _next_of(waiting: deque[Lane]) -> Lane | None:
    try:
        return waiting.popleft()
    except IndexError:  # between looking and taking, another side may take the last one
        return None

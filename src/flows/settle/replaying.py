"""Later deals are computed again when an earlier one changed: in closing order, one transaction a step, resumable.

A replay walks along an owner's ledger from its mark. An entry that begins as the one before it ended is right and is
only passed; the others are computed again. So a walk can stop anywhere and begin again, and what several changes have
left behind is mended by one walk.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain.commission.settlement import DueMark
from domain.errors import CommissionRefused, ConfigurationError, Conflict, Unavailable
from flows.bugs import place_of
from flows.settle.deciding import Held, is_same
from flows.settle.ports import Report
from flows.settle.settling import ATTEMPTS, RESERVE_S, decide

if TYPE_CHECKING:
    from domain.commission.settlement import LedgerEntry, Order, ReplayMark, Settlement
    from flows.settle.ports import SettlePorts, World

logger = logging.getLogger(__name__)


def replay_due(ports: SettlePorts, world: World) -> Report:
    """Walk along every ledger that is marked, as far as time goes.

    Raises:
        Unavailable: storage does not answer; the marks stay where the walks have come to.
    """
    total = Report()
    for number in range(ATTEMPTS):
        report = _each(ports, world)
        total += replace(report, contended=0)
        if not report.contended or world.time_left() < RESERVE_S:
            break
        world.pause(world.jitter() * 0.02 * (number + 1))
    else:
        total.contended += report.contended
        logger.warning("%s ledgers were changed by others in each of %s attempts", report.contended, ATTEMPTS)
    return total


def _each(ports: SettlePorts, world: World) -> Report:
    report = Report()
    for page in ports.store.replays_due(world.now()):
        for mark in page:
            if world.time_left() < RESERVE_S:
                return report
            report += replay_ledger(mark, ports, world)
    return report


def replay_ledger(mark: ReplayMark, ports: SettlePorts, world: World) -> Report:
    """Walk along one ledger, from its mark to its end.

    Raises:
        Unavailable: storage does not answer; the mark stays where the walk has come to.
    """
    walk = _Walk(mark, ports, world)
    walk.run()
    return walk.report


@dataclass(slots=True)
class _Walk:
    """A walk on its way.

    Attributes:
        mark: as it is stored.
        place: how far the walk has come; ahead of the mark by entries that were right.
        before: the entry there.
        is_known: whether `before` is known.
    """

    mark: ReplayMark
    ports: SettlePorts
    world: World
    place: Order
    before: LedgerEntry | None
    is_known: bool
    report: Report

    def __init__(self, mark: ReplayMark, ports: SettlePorts, world: World) -> None:
        self.mark, self.ports, self.world = mark, ports, world
        self.place, self.before, self.is_known = mark.after, None, False
        self.report = Report()

    def run(self) -> None:
        while self.world.time_left() >= RESERVE_S:
            entry = self.ports.store.entry_after(self.mark.owner, self.place)
            if entry is None:
                self.ports.store.end_replay(self.mark)
                self.report.ledgers += 1
                return
            if self._follows(entry):
                self._pass(entry)
                continue
            try:
                if not self._step(entry):
                    return
            except Conflict:  # perhaps the mark itself was moved, so the walk begins anew
                self.report.contended += 1
                return

    def _follows(self, entry: LedgerEntry) -> bool:
        if not self.is_known:
            self.before = self.ports.store.entry_before(self.mark.owner, entry.order)
            self.is_known = True
        return entry.before == (self.before.after if self.before else {})

    def _pass(self, entry: LedgerEntry) -> None:
        self.place, self.before, self.is_known = entry.order, entry, True

    def _step(self, entry: LedgerEntry) -> bool:
        """Compute the deal of an entry again; False if the walk must begin anew from the mark as it is stored then."""
        try:
            settlement = self._decided(entry)
            if self._is_right(settlement, entry):
                self._pass(entry)
                return True
            self.ports.store.commit(settlement)
        except CommissionRefused as refused:
            self._leave(entry, refused.reason())
            return True
        except (Conflict, ConfigurationError, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - one deal that we cannot compute must not keep all others
            self._leave(entry, place_of(error))  # settling it meets the same fault, and files it
            return True
        self.report.replayed += 1
        if settlement.advanced is None:
            return False
        self.mark = replace(self.mark, after=settlement.posted.order, version=self.mark.version + 1)
        self.place, self.is_known = entry.order, False
        return True

    def _decided(self, entry: LedgerEntry) -> Settlement:
        deal = self.ports.deals.deal_by_id(entry.deal_id)
        head = self.ports.store.head(entry.deal_id)
        former = self.ports.store.calculation(entry.deal_id, head.number)
        if deal is None or former is None or former.order != entry.order:
            raise Conflict(f"deal {entry.deal_id} has left its place meanwhile")
        settlement = decide(Held(deal, head, former, replay=self.mark), self.ports, self.world)
        if settlement is None:
            raise Conflict(f"deal {entry.deal_id} was reversed meanwhile")
        return settlement

    def _is_right(self, settlement: Settlement, entry: LedgerEntry) -> bool:
        made, former = settlement.posted.calculation, self.ports.store.calculation(entry.deal_id, entry.number)
        mine = next((one for one in settlement.entries if one.owner == entry.owner), None)
        same = made is not None and former is not None and is_same(made, former.calculation)
        return same and mine is not None and replace(mine, number=entry.number) == entry

    def _leave(self, entry: LedgerEntry, why: str) -> None:
        """What cannot be computed any more keeps its calculation, and is settled anew when that is mended."""
        logger.warning("deal %s cannot be computed again: %s", entry.deal_id, why)
        if self.ports.store.mark(entry.deal_id) is None:
            deal = self.ports.deals.deal_by_id(entry.deal_id)
            version = deal.version if deal else 0
            self.ports.store.set_due(DueMark(entry.deal_id, version, self.world.now()))
        self._pass(entry)

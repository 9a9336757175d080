"""One lane: the rows of one kind, delivered together.

lease → load → decide → (look | search, decide again) → intent → write → settle. Each step is one function here, in that
order; what is decided is in `deciding`, what became of a write in `outcomes`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from domain.crm.faults import OF_THE_SINK, CrmFaulted
from domain.crm.ports import Finish, Records
from domain.crm.rows import Kind, RowKey, Standing, SyncRow, Verb
from domain.crm.sink import Outcome, Result, Unread
from flows.bugs import place_of
from flows.delivery.case import Case, Do, Looked, Step
from flows.delivery.content import followed
from flows.delivery.deciding import decide
from flows.delivery.letters import lettered
from flows.delivery.outcomes import settled, unread
from flows.delivery.ports import DeliveryPorts, Policy, Tally, World
from flows.delivery.resting import broken
from flows.delivery.rivals import find_rivals
from flows.delivery.siblings import ring_siblings
from transforms.crm_record import terms

if TYPE_CHECKING:
    from datetime import datetime

    from domain.crm.faults import Fault
    from domain.crm.sink import CrmSink
    from flows.delivery.content import Drawing

logger = logging.getLogger(__name__)


@dataclass
class Lane:
    """Delivers rows of one kind, as many as a call carries.

    Attributes:
        kind: of its rows.
        rows: that it delivers.
        ports: everything else.
        drawing: what rows are drawn with.
        policy: the settings.
        world: time and chance.
        backfill: whose share of the rate it uses.
        holds: deals stay leased, for their links.
    """

    kind: Kind
    rows: Sequence[RowKey]
    ports: DeliveryPorts
    drawing: Drawing
    policy: Policy
    world: World
    backfill: bool = False
    holds: bool = False
    tally: Tally = field(default_factory=Tally)
    held: dict[RowKey, Finish] = field(default_factory=dict)
    records: Records = field(default_factory=Records)
    _cases: dict[RowKey, Case] = field(default_factory=dict)

    def deliver(self, sink: CrmSink) -> None:
        """Deliver the rows to this CRM as far as they can be delivered now; `tally` and `held` tell.

        Raises:
            Unavailable: our own storage does not answer. Leases end by themselves; what is owed stays owed.
        """
        if not self.rows or self.world.time_left() < self.policy.lane_s:
            return
        try:
            self._take(sorted(self.rows))
            self._work({key: decide(case) for key, case in self._cases.items() if key not in self.tally.done}, sink)
        except CrmFaulted as error:
            if error.fault.kind in OF_THE_SINK:
                self.tally.stop = error.fault
                self._release_all()
            else:
                self._put_off(error.fault)

    def _work(self, steps: dict[RowKey, Step], sink: CrmSink) -> None:
        steps |= self._looked(_those(steps, Do.LOOK), sink)
        steps |= self._searched(_those(steps, Do.SEARCH), sink)
        self._rest([steps[key] for key in _those(steps, Do.REST)])
        self._write([steps[key] for key in _those(steps, Do.WRITE)], sink)

    # -- one writer, and load after lease -----------------------------------------------------------------------------

    def _take(self, wanted: Sequence[RowKey]) -> None:
        """2: one writer. 3: what the rows should hold is read after they are leased."""
        now, rows = self.world.now(), self.ports.rows
        leased = rows.lease(wanted, self.world.new_token(), now=now, until=now + self.policy.lease)
        self.tally.counts["taken_by_others"] += len(wanted) - len(leased)
        if not leased:
            return
        self.records = rows.load(list(leased))
        ends = followed(leased, self.records)
        parents = rows.rows(sorted(ends)) if ends else {}
        later = [row for row in leased.values() if self._is_for_later(row)]
        self.tally.later.update(row.key for row in later)
        rows.release(later)
        drawn = [self._draw(row, parents) for row in leased.values() if row.key not in self.tally.later]
        self._rest([step for step in drawn if step is not None])

    def _draw(self, row: SyncRow, parents: Mapping[RowKey, SyncRow]) -> Step | None:
        """The row's case; how it rests if we cannot draw it, which must not keep all others."""
        case = Case(row, None, parents, self.world.now(), self.policy.max_request)
        try:
            case = replace(case, content=self.drawing.content(row.key, self.records, parents))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about this row
            logger.error("drawing %s failed: %s", row.key, place_of(error))  # noqa: TRY400 - all that is safe
            return broken(row, place_of(error))
        finally:
            self._cases[row.key] = case
        return None

    def _is_for_later(self, row: SyncRow) -> bool:
        """11: what a replay or a reconcile owes is left to the share of the backfill."""
        owed = self.records.owed.get(row.key)
        return not self.backfill and (owed.backfill if owed else row.backfill)

    # -- read the CRM where something is in doubt, or nobody knows whom it has -----------------------------------------

    def _looked(self, keys: Sequence[RowKey], sink: CrmSink) -> dict[RowKey, Step]:
        if not keys:
            return {}
        ids = {key: _remote_id(self._cases[key]) for key in keys}
        found = sink.find(self.kind, sorted(set(ids.values())))
        steps = {}
        for key in keys:
            remote = found.get(ids[key])
            if isinstance(remote, Unread):
                steps[key] = self._unread(key, remote.fault)
                continue
            case = replace(self._cases[key], looked=Looked(remote), now=self.world.now())
            self._cases[key] = case
            steps[key] = decide(case)
        return steps

    def _searched(self, keys: Sequence[RowKey], sink: CrmSink) -> dict[RowKey, Step]:
        """9: nobody is created before the CRM was searched; whoever else creates the same person is waited for."""
        wanted = {key: terms(self.records.contacts[key.id]) for key in keys}
        rivals = find_rivals(wanted.values(), self.ports.rows, self.world.now())
        alone = [one for key, one in wanted.items() if key not in rivals]
        candidates = sink.match(alone) if alone else {}
        steps = {}
        for key in keys:
            case, found = self._cases[key], candidates.get(key, ())
            if isinstance(found, Unread):
                steps[key] = self._unread(key, found.fault)
                continue
            likely = [one for one in found if case.content and not self.drawing.is_somebody_else(case.content, one)]
            case = replace(case, candidates=likely, rival=rivals.get(key), now=self.world.now())
            self._cases[key] = case
            steps[key] = decide(case)
        return steps

    # -- intent before bytes, the call, and what became of it ----------------------------------------------------------

    def _write(self, steps: Sequence[Step], sink: CrmSink) -> None:
        puts, retires = partial(sink.upsert, self.kind), partial(sink.retire, self.kind)
        announced = self._announced(steps)
        for verbs, call in ((_PUTS, puts), (_LINKS, sink.link), (_RETIRES, retires)):
            batch = [step for step in announced if _verb(step) in verbs]
            if batch:
                self._settle(batch, call([step.write for step in batch if step.write is not None]))

    def _announced(self, steps: Sequence[Step]) -> list[Step]:
        """4: the intents are stored, and the confirmations void, before a byte leaves."""
        kept = self.ports.rows.save([step.row for step in steps], now=self.world.now())
        self.tally.counts["fenced"] += len(steps) - len(kept)
        return [step for step in steps if step.row.key in kept]

    def _settle(self, steps: Sequence[Step], results: Sequence[Result]) -> None:
        now, ends = self.world.now(), []
        for step, result in zip(steps, results, strict=True):
            case = self._cases[step.row.key]
            if case.content is None:
                raise ValueError(f"{step.row.key} was written without content")
            if result.outcome is Outcome.DEFERRED and result.fault is not None:
                self.tally.put_off(result.fault)
            done = settled(
                replace(step.row, doubted_at=case.row.doubted_at),
                case.content,
                result,
                written=step.write.send if step.write else (),
                now=now,
                max_request=self.policy.max_request,
                jitter=self.world.jitter(),
            )
            self.tally.counts[Outcome.ADOPTED if step.adopts and result.held is not None else result.outcome] += 1
            ends.append(done)
        self._finish(ends)

    def _rest(self, steps: Sequence[Step]) -> None:
        """Finish rows that need no call."""
        for step in steps:
            if step.row.standing is Standing.CLEAN:
                self.tally.counts[Outcome.ADOPTED if step.adopts else Outcome.UNCHANGED] += 1
            else:
                self.tally.counts[step.row.standing] += 1
        self._finish(steps)

    def _finish(self, steps: Sequence[Step]) -> None:
        """7: a mark comes off only if the record still is what was loaded."""
        if not steps:
            return
        now, rows = self.world.now(), [self._at_rest(step) for step in steps]
        ends = {row.key: Finish(row, self.records.owed.get(row.key)) for row in rows}
        for key in self._tell([row for row in rows if self._is_news(row)], now):
            del ends[key]
        ring_siblings([end.row for end in ends.values()], self._cases, self.ports.rows, now, backfill=self.backfill)
        held = {key for key, end in ends.items() if self.holds and end.row.standing is Standing.CLEAN}
        kept = held.union(self.ports.rows.finish([end for key, end in ends.items() if key not in held], now=now))
        self.held |= {key: ends[key] for key in held}
        self.tally.counts["fenced"] += len(rows) - len(kept)
        for row in rows:
            if row.key in kept:
                self._note(row)

    def _tell(self, news: Sequence[SyncRow], now: datetime) -> set[RowKey]:
        """8: those who wait for these rows see them there. Returns rows that are somebody else's by now.

        They stay due until that is done: if we stop before, the next run does it.
        """
        if not news:
            return set()
        kept = self.ports.rows.save([replace(row, due_at=now) for row in news], now=now)
        self.ports.rows.wake(kept, now)
        return {row.key for row in news if row.key not in kept}

    def _at_rest(self, step: Step) -> SyncRow:
        case = self._cases[step.row.key]
        row = lettered(step, case.content, self.ports, self.policy.letters_source, self.world.now())
        self.tally.refusals += [row.key] if step.refusal and row.letter != case.row.letter else []
        return replace(row, backfill=False) if row.standing is Standing.CLEAN and row.due_at is None else row

    def _is_news(self, row: SyncRow) -> bool:
        """Whether somebody may wait for it, be it that a run before died before it told them."""
        if row.key.kind not in _PARENTS:
            return False
        before = self._cases[row.key].row
        return row.is_there and (not before.is_there or before.intent is not None or before.due_at is not None)

    def _note(self, row: SyncRow) -> None:
        case = self._cases[row.key]
        self.tally.done.add(row.key)
        if row.due_at is not None:
            self.tally.waits[row.key] = row.due_at
        known = case.row.confirmed or case.row.before
        before = known.altered if known else {}
        news = sorted(set(row.confirmed.altered) - set(before)) if row.confirmed else []
        if news:
            self.tally.altered[row.key] = news
            logger.warning("the CRM keeps %s of %s otherwise than it was given", ", ".join(news), row.key)

    def _release_all(self) -> None:
        self.ports.rows.release([case.row for case in self._left()])

    def _put_off(self, fault: Fault) -> None:
        """The CRM is not set up for reading these: such rows wait, and other kinds go on."""
        self._rest([self._unread(case.row.key, fault) for case in self._left()])

    def _unread(self, key: RowKey, fault: Fault) -> Step:
        self.tally.unread(fault)
        logger.warning("%s cannot be read in the CRM (%s); it is tried again later", key, fault.kind)
        return unread(self._cases[key].row, fault, self.world.now(), self.world.jitter())

    def _left(self) -> list[Case]:
        return [case for key, case in self._cases.items() if key not in self.tally.done]


#: Kinds that others wait for.
_PARENTS = frozenset({Kind.DEAL, Kind.CONTACT})
_PUTS = frozenset({Verb.CREATE, Verb.UPDATE})
_LINKS = frozenset({Verb.LINK})
_RETIRES = frozenset({Verb.RETIRE})


def _remote_id(case: Case) -> str:
    """What is looked at; a link that begins anew has none yet, its ends have."""
    return case.row.remote_id or (case.content.remote_id if case.content else "")


def _verb(step: Step) -> Verb | None:
    return step.row.intent.verb if step.row.intent else None


def _those(steps: Mapping[RowKey, Step], do: Do) -> list[RowKey]:
    return [key for key, step in steps.items() if step.do is do]

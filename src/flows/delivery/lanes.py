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
from domain.crm.ports import Records
from domain.crm.rows import Kind, RowKey, Standing, SyncRow, Verb
from domain.crm.sink import Outcome, Result, Unread
from flows.bugs import place_of
from flows.delivery.case import Case, Do, Looked, Step
from flows.delivery.content import followed
from flows.delivery.deciding import decide
from flows.delivery.letters import lettered
from flows.delivery.outcomes import settled, unread
from flows.delivery.ports import DeliveryPorts, Held, Policy, Tally, World
from flows.delivery.resting import broken
from flows.delivery.rivals import rival
from flows.delivery.siblings import ring_siblings
from transforms.crm_record import terms

if TYPE_CHECKING:
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
    held: dict[RowKey, Held] = field(default_factory=dict)
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
        for key in _those(steps, Do.REST):
            self._rest(steps[key])
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
        for key, row in leased.items():
            if self._is_for_later(row):
                self.tally.later.add(key)
                rows.release(row)
                continue
            self._cases[key] = case = Case(row, None, parents, now, self.policy.max_request)
            try:
                self._cases[key] = replace(case, content=self.drawing.content(key, self.records, parents))
            except Exception as error:  # noqa: BLE001 - one row that we cannot draw must not keep all others
                logger.error("drawing %s failed: %s", key, place_of(error))  # noqa: TRY400 - all that is safe
                self._rest(broken(row, place_of(error)))

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
        rivals = {key: rival(one, self.ports.rows) for key, one in wanted.items()}
        alone = [one for key, one in wanted.items() if rivals[key] is None]
        candidates = sink.match(alone) if alone else {}
        steps = {}
        for key in keys:
            case, found = self._cases[key], candidates.get(key, ())
            if isinstance(found, Unread):
                steps[key] = self._unread(key, found.fault)
                continue
            likely = [one for one in found if case.content and not self.drawing.is_somebody_else(case.content, one)]
            case = replace(case, candidates=likely, rival=rivals[key], now=self.world.now())
            self._cases[key] = case
            steps[key] = decide(case)
        return steps

    # -- intent before bytes, the call, and what became of it ----------------------------------------------------------

    def _write(self, steps: Sequence[Step], sink: CrmSink) -> None:
        puts, retires = partial(sink.upsert, self.kind), partial(sink.retire, self.kind)
        announced = [step for step in steps if self._announce(step)]
        for verbs, call in ((_PUTS, puts), (_LINKS, sink.link), (_RETIRES, retires)):
            batch = [step for step in announced if _verb(step) in verbs]
            if batch:
                self._settle(batch, call([step.write for step in batch if step.write is not None]))

    def _announce(self, step: Step) -> bool:
        """4: the intent is stored, and the confirmation void, before a byte leaves."""
        if self.ports.rows.save(step.row, now=self.world.now()):
            return True
        self.tally.counts["fenced"] += 1
        return False

    def _settle(self, steps: Sequence[Step], results: Sequence[Result]) -> None:
        now = self.world.now()
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
            self._finish(done, case)

    def _rest(self, step: Step) -> None:
        """Finish a row that needs no call."""
        if step.row.standing is Standing.CLEAN:
            self.tally.counts[Outcome.ADOPTED if step.adopts else Outcome.UNCHANGED] += 1
        else:
            self.tally.counts[step.row.standing] += 1
        self._finish(step, self._cases[step.row.key])

    def _finish(self, step: Step, case: Case) -> None:
        """7: the mark comes off only if the record still is what was loaded."""
        row = lettered(step, case.content, self.ports, self.policy.letters_source, self.world.now())
        self.tally.refusals += [row.key] if step.refusal and row.letter != case.row.letter else []
        if row.standing is Standing.CLEAN and row.due_at is None:
            row = replace(row, backfill=False)
        seen = self.records.owed.get(row.key)
        # Whoever left an intent open may have died before it told those who wait.
        is_news = row.is_there and (not case.row.is_there or case.row.intent is not None)
        if self.holds and row.standing is Standing.CLEAN:
            # Its children must see it there. It stays due: if we stop here, the next run delivers its links.
            kept = not is_news or self.ports.rows.save(replace(row, due_at=self.world.now()), now=self.world.now())
            self.held |= {row.key: Held(row, seen)} if kept else {}
        else:
            kept = self.ports.rows.finish(row, seen=seen, now=self.world.now())
        if not kept:
            self.tally.counts["fenced"] += 1
            return
        self._told(row, case)
        if is_news:
            self.ports.rows.wake(row.key, self.world.now())
        ring_siblings(row, self._cases, self.ports.rows, self.world.now(), backfill=self.backfill)

    def _told(self, row: SyncRow, case: Case) -> None:
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
        for case in self._left():
            self.ports.rows.release(case.row)

    def _put_off(self, fault: Fault) -> None:
        """The CRM is not set up for reading these: such rows wait, and other kinds go on."""
        for case in self._left():
            self._rest(self._unread(case.row.key, fault))

    def _unread(self, key: RowKey, fault: Fault) -> Step:
        self.tally.unread(fault)
        logger.warning("%s cannot be read in the CRM (%s); it is tried again later", key, fault.kind)
        return unread(self._cases[key].row, fault, self.world.now(), self.world.jitter())

    def _left(self) -> list[Case]:
        return [case for key, case in self._cases.items() if key not in self.tally.done]


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

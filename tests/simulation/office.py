"""Operators at work: they answer what rows ask, and have mended what a comparison finds, by the real actions."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from crm.suitecrm.sink import SuiteCrmSink
from dev.crm.model import CrmModel
from dev.crm.schema import CONTACTS
from domain.crm.faults import CrmFaulted
from domain.crm.ports import Bells, SyncStore
from domain.crm.rows import Kind, SyncRow
from domain.operate.crm import CrmAnswerRequest, Decision
from domain.operate.reconciles import ReconcileFixRequest
from flows.delivery.content import Drawing
from flows.operate.crm import crm_answer
from flows.operate.crm_rows import possible
from flows.operate.desk import Desk
from flows.operate.errors import RequestRefused
from flows.operate.reconciles import reconcile_fix
from flows.reconcile import ReconcilePorts, Walk, reconcile_page
from mappings.reconcile.tolerances import tolerances
from tests.fakes.audit import MemoryAudit
from tests.fakes.contacts import MemoryContacts
from tests.simulation.cloud import left_s
from tests.simulation.crm_side import Process
from tests.simulation.evidence import Answered
from tests.simulation.faults import Tally
from tests.simulation.scheduler import EPOCH, Scheduler
from tests.simulation.stores import Stores

OPERATOR = "arn:aws:iam::123456789012:user/simulated"
_WHY = "the seed says so"
_MOST_ASKED = 50


@dataclass
class OfficeCrm:
    """Implements `flows.operate.crm_desk.CrmDesk` as far as answers and comparisons go."""

    process: Process
    bells: Bells
    kind: str = "suitecrm"

    def drawing(self) -> Drawing:
        """What rows are drawn with."""
        return self.process.drawing()

    def reader(self) -> SuiteCrmSink:
        """Reads the CRM, under the share of the backfill."""
        return self.process.sink(1, backfill=True)

    def release(self) -> None:
        """Permits that are left are for others."""
        self.process.end()


@dataclass
class OfficePorts:
    """Implements `flows.operate.desk.DeskPorts` as far as answers and comparisons go."""

    rows: SyncStore
    commissions: Any
    contacts: MemoryContacts
    crm: OfficeCrm
    audit: MemoryAudit = field(default_factory=MemoryAudit)


@dataclass
class Office:
    """What operators do.

    Attributes:
        stores: what is stored.
        deliverer: makes a process that reaches the CRM.
        model: the CRM, which people look at with their own eyes.
        answers: what was decided, in its order.
    """

    stores: Stores
    deliverer: Callable[[], Process]
    model: CrmModel
    scheduler: Scheduler
    chance: random.Random
    new_id: Callable[[str], str]
    tally: Tally
    answers: list[Answered] = field(default_factory=list)

    def ports(self) -> OfficePorts:
        """What a process of `operate` remembers."""
        stores = self.stores
        crm = OfficeCrm(self.deliverer(), stores.bells)
        return OfficePorts(stores.sync, stores.commissions, MemoryContacts(stores.deal_rows), crm)

    def answer(self, ports: OfficePorts, part: float) -> int:
        """Answer that part of what is asked; returns how many rows still ask."""
        asking = ports.rows.asking(_MOST_ASKED)
        for row in asking:
            if possible(row) and self.chance.random() < part:
                self._answer(row, ports)
        return len(ports.rows.asking(_MOST_ASKED))

    def mend(self, ports: OfficePorts, after: str) -> str:
        """Compare a page and have what differs looked at again; returns where the next page begins.

        Raises:
            CrmFaulted: the CRM does not answer.
        """
        reading = ReconcilePorts(ports.rows, ports.commissions, ports.crm, tolerances())
        desk = self._desk(ports)
        try:
            page = reconcile_page(Walk(EPOCH, after), reading, now=desk.now, time_left=lambda: left_s(self.scheduler))
        finally:
            ports.crm.release()
        found = list(dict.fromkeys(str(one.row) for one in page.findings if one.row is not None))
        if found:
            self.tally.add("operator", "mend")
            reconcile_fix(ReconcileFixRequest(rows=tuple(found), why=_WHY), desk)
        if page.fault is not None:
            raise CrmFaulted(page.fault)
        return page.after

    def _answer(self, row: SyncRow, ports: OfficePorts) -> None:
        decision, remote_id = self._decision(row)
        told = Answered(
            row.key.kind.value, decision.value, frozenset({row.remote_id, *row.candidates} - {""}), remote_id
        )
        request = CrmAnswerRequest(row=str(row.key), decision=decision, remote_id=remote_id, why=_WHY)
        self.stores.sync_rows.hear_answer(row.key, lambda: self._decided(told))
        try:
            crm_answer(request, self._desk(ports))
        except (RequestRefused, CrmFaulted):
            return

    def _decided(self, told: Answered) -> None:
        self.answers.append(told)
        self.tally.add("operator", told.decision)

    def _decision(self, row: SyncRow) -> tuple[Decision, str]:
        chance, allowed = self.chance, possible(row)
        if Decision.CREATE in allowed:
            chosen = chance.choice(["", *row.candidates])
            return (Decision.ADOPT, chosen) if chosen else (Decision.CREATE, "")
        into = self._merged_into(row)
        if into and chance.random() < 0.6:
            return Decision.ADOPT, into
        return (Decision.RECREATE if chance.random() < 0.7 else Decision.LEAVE), ""

    def _merged_into(self, row: SyncRow) -> str:
        """The record that people merged the row's into, if it is there."""
        merges = [entry for entry in self.model.log if entry.verb == "merge" and entry.id == row.remote_id]
        found = [entry.fields["into"] for entry in merges]
        live = set(self.model.live(CONTACTS)) if row.key.kind is Kind.CONTACT else set[str]()
        return next((one for one in reversed(found) if one in live), "")

    def _desk(self, ports: OfficePorts) -> Desk:
        unused: Any = None
        return Desk(cast("Any", ports), OPERATOR, self.scheduler.clock(), lambda: self.new_id("audit"), unused, unused)

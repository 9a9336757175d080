"""An office with an external CRM, and the operators' desk over it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crm.suitecrm.sink import SuiteCrmSink
from domain.agents import Agent
from domain.crm.faults import CrmFaulted, Fault
from domain.crm.sink import Lack, Schema
from domain.crm.standing import LineFigures, LineState, Passage
from domain.deal import Deal
from domain.event_log import AuditEntry
from flows.delivery.content import Drawing
from flows.operate.desk import Desk
from flows.operate.dispatch import dispatch
from flows.process_event import Policy
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.audit import MemoryAudit
from tests.fakes.contacts import MemoryContacts
from tests.fakes.delivery import MemoryBells, MemoryDebts
from tests.fakes.ports import MemoryPorts
from tests.fakes.world import Clock
from tests.unit.flows.delivery.world import Office

POLICY = Policy(zone="America/Denver", longest_deferral=timedelta(hours=24))
ANA = "arn:aws:iam::123456789012:user/ana"


@dataclass
class MemoryCrmDesk:
    """Implements `flows.operate.crm_desk.CrmDesk` over the sink that the office delivers with."""

    office: Office
    kind: str = "suitecrm"
    bells: MemoryBells = field(default_factory=MemoryBells)
    stopped: Fault | None = None
    resumed: int = 0
    released: int = 0

    def drawing(self) -> Drawing:
        return self.office.drawing()

    def reader(self) -> SuiteCrmSink:
        return self.office.suite

    def figures(self, now: datetime) -> LineFigures:
        free = LineState(Passage.FREE)
        state = LineState(Passage.STOPPED, None, self.stopped.words) if self.stopped and not self.resumed else free
        return LineFigures(state, 4.5, 10.0, 90.0)

    def resume(self) -> None:
        self.resumed += 1

    def preflight(self, agents: Iterable[Agent]) -> tuple[Schema, Sequence[Lack]]:
        if self.stopped is not None:
            raise CrmFaulted(self.stopped)
        return self.office.suite.preflight(), self.office.suite.check_agents(agents)

    def release(self) -> None:
        self.released += 1


@dataclass
class CrmOffice(Office):
    """Implements `flows.operate.desk.DeskPorts` as far as the CRM's actions go."""

    audit: MemoryAudit = field(default_factory=MemoryAudit)
    directory: MemoryAgentDirectory = field(default_factory=MemoryAgentDirectory)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.crm: MemoryCrmDesk | None = MemoryCrmDesk(self)
        self.debts = MemoryDebts(self.rows)
        self.contacts = MemoryContacts(self.deals)

    @property
    def process(self) -> MemoryPorts:
        return MemoryPorts(None, self.directory, self.deals, None, None, None, self.commissions)

    @property
    def desk_of_the_crm(self) -> MemoryCrmDesk:
        assert self.crm is not None
        return self.crm

    def ask(self, action: str, **request: Any) -> tuple[int, Any]:
        """Status and answer, through JSON as the operators' API."""
        ports: Any = self
        clock = Clock(at=self.now(), left_s=self.left_s)
        desk = Desk(ports, ANA, self.now(), lambda: f"{next(self.ids):032x}", POLICY, clock.world())
        status, text = dispatch(action, json.dumps(request), desk)
        return status, json.loads(text)

    def done(self, action: str, **request: Any) -> Any:
        """The answer, which must be a good one."""
        status, answer = self.ask(action, **request)
        assert status == 200, answer
        return answer

    def refused(self, action: str, **request: Any) -> tuple[int, str]:
        """Status and line of what is refused."""
        status, answer = self.ask(action, **request)
        assert status != 200, answer
        return status, answer["error"]

    def entries(self, action: str) -> list[AuditEntry]:
        """What the audit trail holds of an action."""
        return [entry for entry in self.audit.entries if entry.action == action]

    def enter_bundle(self) -> Deal:
        """A closed deal of two agents with three people, whose names in the source are known."""
        deal = super().enter_bundle()
        self.name_records()
        return deal

    def name_records(self) -> None:
        """The source's names of what `enter_bundle` made, and who is on which deal."""
        for deal in self.deals.deals.values():
            self.deals.aliases["deal", deal.source, deal.source_id] = deal.id
            self.deals.links |= {(deal.id, role): "active" for role in deal.participants}
        for contact_id in self.deals.people:
            self.deals.aliases["contact", "transactions", f"P-{contact_id}"] = contact_id

"""An office with agents, plans and closings that are really settled: everything in memory."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.commission.settlement import DueMark
from flows.operate.desk import Desk
from flows.operate.dispatch import dispatch
from flows.settle.ports import Report, SettlePorts
from flows.settle.ports import World as SettleWorld
from flows.settle.replaying import replay_due
from flows.settle.settling import settle_due
from tests.builders import agent
from tests.fakes.world import Clock
from tests.unit.flows.operate.office import POLICY, Office

DANA = "contact-A-1"
SAM = "contact-A-2"
#: The broker and a delegate, as their requests are signed.
BROKER = "arn:aws:sts::123456789012:assumed-role/brokers/ruth@example.com"
DELEGATE = "arn:aws:iam::123456789012:user/omar"

PLAN = """
plan: house
title: House 70/30
status: verified
sources: [{url: "https://example.com/plan", read: 2026-01-05}]
counters:
  company_dollar: {year: calendar, cap: 18000}
split: {company: 30, capped_by: company_dollar}
"""
BROKERAGE: dict[str, Any] = {
    "legal_name": "Example Realty LLC",
    "address": "1 Main St, Missoula MT 59801",
    "phone": "406-555-0100",
    "email": "office@example.com",
    "licence": "RRE-BRO-LIC-1",
    "ein": "12-3456789",
    "broker": {
        "name": "Ruth Adler",
        "licence": "LIC-RUTH",
        "identity": "arn:aws:iam::123456789012:role/staff/brokers",
    },
    "delegates": [
        {
            "name": "Omar Diaz",
            "licence": "LIC-OMAR",
            "identity": DELEGATE,
            "starts": "2026-01-01",
            "until": "2026-12-31",
            "document": "letter of 2025-12-20",
        }
    ],
}


@dataclass
class Brokerage(Office):
    """An office on 1 June 2026, with Dana and Sam."""

    clock: Clock = field(default_factory=lambda: Clock(at=datetime(2026, 6, 1, 15, tzinfo=UTC)))
    who: str = BROKER
    entry_ids: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.directory.add([agent("A-1", name="Dana Reyes"), agent("A-2", name="Sam Poe")])

    def desk(self) -> Desk:
        ports: Any = self
        clock = self.clock
        return Desk(ports, self.who, clock.now(), lambda: f"entry-{next(self.entry_ids):04}", POLICY, clock.world())

    def ask(self, action: str, **request: Any) -> tuple[int, Any]:
        """Status and answer, through JSON as the operators' API."""
        status, text = dispatch(action, json.dumps(request), self.desk())
        return status, json.loads(text)

    def done(self, action: str, **request: Any) -> Any:
        """The answer, which must be a good one."""
        status, answer = self.ask(action, **request)
        assert status == 200, answer
        return answer

    def refused(self, action: str, status: int = 400, **request: Any) -> str:
        """The line of a refusal."""
        answered, answer = self.ask(action, **request)
        assert answered == status, answer
        error = answer["error"]
        assert isinstance(error, str)
        assert "\n" not in error
        return error

    def publish(self, text: str = PLAN, effective: str = "2026-01-01", **more: Any) -> Any:
        return self.done("plan-publish", text=text, effective=effective, why="the plan of the house", **more)

    def assign(self, who: str = DANA, plan: str = "house", starts: str = "2026-01-01", **more: Any) -> Any:
        return self.done("plan-assign", agent=who, plan=plan, starts=starts, why="agreed", **more)

    def set_up(self, **changes: Any) -> Any:
        return self.done("cda-setup", brokerage={**BROKERAGE, **changes}, why="who we are")

    def ready(self) -> None:
        """A plan that Dana and Sam have, and a brokerage."""
        self.publish()
        self.assign(DANA)
        self.assign(SAM)
        self.set_up()

    def close(self, deal: str = "T-1", day: str = "2026-05-20", **data: Any) -> str:
        """Our id of a deal that closed and is due: Dana's, of 3 % of 400,000, unless said otherwise."""
        agents = data.pop("agents", {"A-1": "1"})
        listed = [
            {"id": f"P-{one}", "agent_id": one, "name": one, "role": "listing_agent", "side": "listing", "share": share}
            for one, share in agents.items()
        ]
        others = [
            {"id": "P-S", "role": "seller", "side": "listing", "name": "Melissa Grant"},
            {"id": "P-B", "role": "buyer", "side": "buying", "name": "Ana Cruz"},
            {"id": "P-T", "role": "title_officer", "name": "Joan Meyer", "company": "Example Title"},
        ]
        closed: dict[str, Any] = {
            "status": "Closed",
            "reference": f"R-{deal}",
            "type": "Sale",
            "represented_side": "listing",
            "property": {"address": {"street": "1 Elm St", "city": "Missoula", "state": "Montana", "zip": "59801"}},
            "sale_price": "400000.00",
            "dates": {"contract": "2026-04-01", "closing": day},
            "title_file_number": "ETE-1",
            "commission": {"percent": "3%"},
            "participants": [*listed, *others],
        }
        self.apply(f"evt-{deal}-{self.received}", deal, **{**closed, **data})
        deal_id = self.deal_id(deal)
        self.commissions.set_due(DueMark(deal_id, self.deals.deals[deal_id].version, self.clock.now()))
        return deal_id

    def settle(self) -> Report:
        """Everything that is due, as the function `settle` does it a minute later."""
        self.clock.move(minutes=1)
        clock = self.clock
        ports = SettlePorts(self.deals, self.accounts, self.plans, self.commissions, self.cdas, self.queue)
        world = SettleWorld(clock.now, lambda: 0.5, lambda _: None, lambda: 300.0)
        report = settle_due(ports, world)
        report += replay_due(ports, world)
        return report

    def settled(self, deal: str = "T-1", **data: Any) -> str:
        """Our id of a deal that closed and was settled."""
        deal_id = self.close(deal, **data)
        self.settle()
        assert self.commissions.head(deal_id).standing == "settled", self.commissions.head(deal_id)
        return deal_id

    def counter(self, owner: str, name: str = "company_dollar") -> int:
        """A counter as it stands, in hundredths."""
        (value,) = [
            state.value
            for key, state in self.commissions.counter_rows.items()
            if (key.owner, key.counter) == (owner, name)
        ]
        return value

    def actions(self) -> list[str]:
        """What the audit trail holds."""
        return [entry.action for entry in self.audit.entries]


__all__ = ["BROKER", "BROKERAGE", "DANA", "DELEGATE", "PLAN", "SAM", "Brokerage"]

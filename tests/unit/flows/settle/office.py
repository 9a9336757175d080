"""A brokerage in memory, as the tests of settling put it together: agents, plans, deals that close, runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.commission.account import Account, AccountDetails, Assignment, Opening, PlanVersion
from domain.commission.calculation import CounterKey
from domain.commission.plan import Plan
from domain.commission.settlement import DueMark
from domain.deal import AgentShare, CommissionTerms, Deal, DealDetails
from domain.money import Money
from domain.stages import Stage
from domain.terms import RepresentedSide, Side
from flows.settle.ports import Report, SettlePorts, World
from flows.settle.replaying import replay_due
from flows.settle.settling import settle_due
from tests.builders import NOW
from tests.fakes.commissions import FakeAccounts, FakeCdaDesk, FakeCommissionStore, FakePlanShelf
from tests.fakes.deals import MemoryDealStore
from tests.fakes.queues import MemoryQueues
from tests.fakes.world import Clock

#: 70/30 to a cap, which most agents here have.
CAPPED: dict[str, Any] = {
    "plan": "capped",
    "title": "Capped",
    "counters": {"gci": {"year": "calendar"}, "company_dollar": {"year": "calendar", "cap": "3000"}},
    "split": {"company": "30", "capped_by": "company_dollar"},
}


def plan_version(
    document: Mapping[str, Any] = CAPPED, effective: date = date(2026, 1, 1), number: int = 1
) -> PlanVersion:
    """A published plan."""
    plan = Plan.model_validate(document)
    return PlanVersion(plan, effective, number, text="", digest="", by="a test", at=NOW)


def deal_of(
    deal_id: str,
    closing: date,
    shares: Mapping[str, Fraction],
    *,
    price: int = 100_000,
    percent: str = "3",
    version: int = 1,
    **details: Any,
) -> Deal:
    """A closed deal that we listed; its agents by account."""
    return Deal(
        id=deal_id,
        source="transactions",
        source_id=f"T-{deal_id}",
        version=version,
        details=DealDetails(
            **{
                "stage": Stage.CLOSED,
                "represented_side": RepresentedSide.LISTING,
                "sale_price": Money.of_cents(price * 100),
                "closing_date": closing,
                "commission": CommissionTerms(percent=Decimal(percent)),
                **details,
            }
        ),
        agents=tuple(share_of(account, share) for account, share in shares.items()),
        ever_closed=True,
    )


def share_of(account: str, share: Fraction, side: Side = Side.LISTING) -> AgentShare:
    """An agent's share of a side."""
    return AgentShare(
        source="transactions",
        agent_id=f"A-{account}",
        side=side,
        share=share,
        name=f"Agent {account}",
        licence=f"LIC-{account}",
        office="Missoula",
        crm_user_id=f"u-{account}",
        crm_contact_id=account,
    )


@dataclass
class Office:
    """Everything that settling needs, in memory."""

    clock: Clock = field(default_factory=lambda: Clock(left_s=300.0))
    deals: MemoryDealStore = field(default_factory=MemoryDealStore)
    accounts: FakeAccounts = field(default_factory=FakeAccounts)
    plans: FakePlanShelf = field(default_factory=FakePlanShelf)
    store: FakeCommissionStore = field(default_factory=FakeCommissionStore)
    dead: MemoryQueues = field(default_factory=MemoryQueues)

    @property
    def ports(self) -> SettlePorts:
        return SettlePorts(self.deals, self.accounts, self.plans, self.store, FakeCdaDesk(self.store), self.dead)

    @property
    def world(self) -> World:
        clock = self.clock
        return World(clock.now, lambda: 0.5, lambda seconds: clock.move(seconds=seconds), lambda: clock.left_s)

    def publish(self, document: Mapping[str, Any] = CAPPED, effective: date = date(2026, 1, 1)) -> None:
        held = self.plans.rows.setdefault(str(document["plan"]), [])
        held.append(plan_version(document, effective, len(held) + 1))

    def hire(
        self, account: str, *, plan: str = "capped", starts: date = date(2020, 1, 1), opening: Opening | None = None,
        **details: Any,
    ) -> None:  # fmt: skip
        self.accounts.rows[account] = Account(
            account=account,
            version=1,
            details=AccountDetails(**details),
            assignments=(Assignment(plan=plan, starts=starts),),
            openings=(opening,) if opening else (),
        )

    def close(self, deal: Deal) -> Deal:
        """The deal closes, or changes after closing."""
        held = self.deals.deals.get(deal.id)
        deal = replace(deal, version=held.version + 1 if held else deal.version)
        self.deals.deals[deal.id] = deal
        self.store.set_due(DueMark(deal.id, deal.version, self.clock.now()))
        return deal

    def rescind(self, deal_id: str) -> Deal:
        held = self.deals.deals[deal_id]
        return self.close(replace(held, details=held.details.model_copy(update={"stage": Stage.UNDER_CONTRACT})))

    def settle(self) -> Report:
        """One run over the marks that are due."""
        self.clock.move(seconds=1)  # the table keeps whole seconds
        return settle_due(self.ports, self.world)

    def work_off(self) -> Report:
        """Runs until nothing is due."""
        total = Report()
        for _ in range(100):
            total += self.settle()
            total += replay_due(self.ports, self.world)
            due = [mark for mark in self.store.marks.values() if mark.due_at <= self.clock.now() + timedelta(seconds=1)]
            if not due and not self.store.replays:
                return total
        raise AssertionError("the marks are never worked off")

    def counter(self, owner: str, counter: str, period: str = "2026-01-01") -> int:
        """A counter as it is stored, in hundredths."""
        return self.store.counter_rows[CounterKey(owner, counter, period)].value

    def company_dollar(self, deal_id: str) -> list[int]:
        """What the company got of a deal by the split, in cents, agent by agent."""
        posted = self.store.calculation(deal_id, self.store.head(deal_id).number)
        assert posted is not None
        assert posted.calculation is not None
        return [line.amount.cents for line in posted.calculation.lines if line.code == "split"]

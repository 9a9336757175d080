"""Delivery as a whole: the real flow and the real sink over stores and a CRM in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Self

from crm.caller import Caller, FreshTokens, Line, Timing
from crm.suitecrm.faults import WIRE_ERRORS
from crm.suitecrm.login import Credentials, login_with
from crm.suitecrm.mapped import modules_of
from crm.suitecrm.modules import Batches
from crm.suitecrm.sink import SuiteCrmSink
from dev.crm.addon import shipped
from dev.crm.model import CrmModel
from dev.crm.schema import with_addon
from domain.commission.settlement import CommissionRecord
from domain.crm.rows import Kind, RowKey, SyncRow
from domain.crm.sink import Schema
from domain.deal import AgentShare, Contact, Deal, DealDetails, DealRole, Property
from domain.envelope import Envelope
from domain.errors import Cause
from domain.money import Money
from domain.stages import Stage
from domain.terms import Role, Side
from flows.deliver_rows import Delivered, Policy, World, deliver_rows
from flows.delivery.content import Drawing
from mappings.crm.loader import crm_mapping
from tests.builders import NOW
from tests.fakes.commissions import FakeCommissionStore
from tests.fakes.crm_line import BreakingCalls, OneSession, OpenGate
from tests.fakes.deals import MemoryDealStore
from tests.fakes.delivery import MemorySyncStore

DEAL = RowKey(Kind.DEAL, "d1")


@dataclass
class Letters:
    """Implements `domain.ports.DeadLetters`."""

    buried: list[tuple[Envelope, Cause, str, str]] = field(default_factory=list)

    def bury(self, envelope: Envelope, cause: Cause, reason: str, *, deal: str = "", receives: int = 1) -> None:
        self.buried.append((envelope, cause, reason, deal))


@dataclass
class Office:
    """A brokerage with a CRM: what stands in the store, and what the CRM makes of it."""

    at: object = NOW
    left_s: float = 100.0
    deals: MemoryDealStore = field(default_factory=MemoryDealStore)
    commissions: FakeCommissionStore = field(default_factory=FakeCommissionStore)
    dead: Letters = field(default_factory=Letters)
    gate: OpenGate = field(default_factory=OpenGate)
    tokens: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.rows = MemorySyncStore(self.deals, self.commissions)
        self.model = CrmModel(lambda: self.now().timestamp(), schema=with_addon(shipped()), lifetime_s=1e9, idle_s=1e9)
        self.calls = BreakingCalls(self.model)
        mapping = crm_mapping()
        timing = Timing(20.0, 5.0, 3.0, lambda: self.now().timestamp(), lambda: self.left_s)
        line, fresh = Line(self.gate, WIRE_ERRORS, timing), FreshTokens()
        session = OneSession(login_with(self.calls, line, fresh, lambda: Credentials("dealwire", "secret")))
        self.suite = SuiteCrmSink(self.calls, Caller(line, session, fresh), modules_of(mapping), Batches())
        self.draws = Drawing(mapping, self.suite.preflight())
        self.calls.made.clear()
        for agent in ("agent-a", "agent-b"):
            self.model.enter("Contacts", {"last_name": agent}, f"crm-{agent}")

    # -- implements flows.deliver_rows.DeliveryPorts

    def drawing(self) -> Drawing:
        return self.draws

    def sink(self, side: int, *, backfill: bool) -> SuiteCrmSink:
        return self.suite

    # -- time

    def now(self):  # type: ignore[no-untyped-def]  # the clock of a test
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def policy(self, **changes: object) -> Policy:
        return replace(Policy(timedelta(seconds=150), timedelta(seconds=300), 10.0, 200, 2, "transactions"), **changes)  # type: ignore[arg-type]  # the test names them

    def world(self) -> World:
        def together(thunks: Sequence[Callable[[], None]]) -> None:
            for thunk in thunks:
                thunk()

        return World(self.now, lambda: f"token-{next(self.tokens)}", lambda: 0.5, lambda: self.left_s, together)

    def deliver(self, *keys: RowKey, **policy: object) -> Delivered:
        return deliver_rows(list(keys), self, self.policy(**policy), self.world())

    def settle(self, hours: float = 2.0) -> None:
        """Deliver again and again until nothing is due within these hours."""
        for _ in range(int(hours * 60)):
            self.deliver()
            self.move(60)

    # -- what stands in the store

    def put_deal(self, deal: Deal) -> Deal:
        held = self.deals.deals.get(deal.id)
        deal = replace(deal, version=held.version + 1 if held else 1)
        self.deals.deals[deal.id] = deal
        self.deals.owed.set(RowKey(Kind.DEAL, deal.id), deal.version, self.now())
        return deal

    def put_contact(self, contact_id: str, **values: str | None) -> None:
        held = self.deals.people.get(contact_id, Contact(contact_id))
        contact = Contact(contact_id, held.version + 1, held.values | values)
        self.deals.people[contact_id] = contact
        self.deals.owed.set(RowKey(Kind.CONTACT, contact_id), contact.version, self.now())

    def put_commission(self, account: str, net: str = "6000.00", *, deal: str = "d1", **changes: object) -> None:
        held = self.commissions.record_rows.get((deal, account))
        money = Money(Decimal(net))
        record = CommissionRecord(
            deal, account, account, held.number + 1 if held else 1, date(2026, 2, 27), "listing", "plan@2026-01-01",
            money, money, money, money,
        )  # fmt: skip
        record = replace(record, **changes)  # type: ignore[arg-type]  # the test names them
        self.commissions.record_rows[deal, account] = record
        self.commissions.owed.set(RowKey(Kind.COMMISSION, deal, account), record.number, self.now())

    def enter_bundle(self) -> Deal:
        """A closed deal of two agents with three people."""
        for number, role in enumerate(("buyer", "seller", "lender"), start=1):
            self.put_contact(f"c{number}", first_name="Pat", last_name=role.title(), email=f"{role}@example.com")
        roles = (DealRole("c1", Role.BUYER), DealRole("c2", Role.SELLER), DealRole("c3", Role.LENDER))
        deal = self.put_deal(a_deal(participants=roles))
        for agent in ("crm-agent-a", "crm-agent-b"):
            self.put_commission(agent)
        return deal

    @classmethod
    def delivered(cls) -> Self:
        """With a bundle that was delivered ten minutes ago."""
        made = cls()
        made.enter_bundle()
        made.deliver(DEAL)
        made.move(600)
        return made

    # -- what the CRM has, and what we know of it

    def sync(self, key: RowKey) -> SyncRow:
        return self.rows.rows([key])[key]

    def remote(self, key: RowKey) -> str:
        return self.sync(key).remote_id

    def held(self, module: str, key: RowKey) -> dict[str, str]:
        return self.model.shown(module, self.remote(key))

    def writes(self) -> int:
        return sum(name in {"set_entries", "set_entry", "set_relationships"} for name in self.calls.names())


def a_deal(deal_id: str = "d1", **changes: object) -> Deal:
    agents = tuple(
        AgentShare(
            source="transactions", agent_id=name, side=Side.LISTING, share=Fraction(1, 2), name=name, licence="",
            office="", crm_user_id=f"user-{name}", crm_contact_id=f"crm-{name}",
        )
        for name in ("agent-a", "agent-b")
    )  # fmt: skip
    details = DealDetails(
        stage=Stage.CLOSED,
        reference="R-1",
        property=Property(street="12 Elm St", city="Missoula"),
        sale_price=Money(Decimal("350000.00")),
        closing_date=date(2026, 2, 27),
    )
    deal = Deal(deal_id, "transactions", f"T-{deal_id}", details=details, agents=agents)
    return replace(deal, **changes)  # type: ignore[arg-type]  # the test names them


def schema_without(schema: Schema, kind: Kind, *names: str) -> Schema:
    """The schema of an older add-on."""
    fields = {name: one for name, one in schema.fields[kind].items() if name not in names}
    return replace(schema, fields={**schema.fields, kind: fields})

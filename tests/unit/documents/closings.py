"""Deals for the tests of documents: computed by the engine, posted, with the people of the deal around them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from commissions.engine import GoverningPlan, compute
from domain.commission.account import Account
from domain.commission.calculation import Calculation
from domain.commission.cda import Brokerage, CdaApproval, Signer
from domain.commission.closing import Closing
from domain.commission.plan import Plan
from domain.commission.settlement import PostedCalculation, Reason
from domain.deal import AgentShare, Contact, Deal, DealDetails, DealRole, Property
from domain.money import Money
from domain.terms import Role, Side

AT = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
CLOSED = date(2026, 10, 30)

BROKERAGE = Brokerage(
    legal_name="Big Sky Realty Group, LLC",
    dba="Big Sky Realty",
    address="210 North Higgins Avenue, Suite 300, Missoula, MT 59802",
    phone="(406) 555-0142",
    email="closings@bigsky.example",
    licence="RRE-BRO-LIC-1001",
    ein="81-1234567",
    broker=Signer(name="Marguerite Olsen", licence="RRE-BRO-LIC-77", identity="arn:aws:iam::123456789012:role/broker"),
    earnest_money_offset=True,
)
APPROVAL = CdaApproval(
    name="Marguerite Olsen", licence="RRE-BRO-LIC-77", authority="designated broker", at=AT.replace(hour=18)
)

PLAN: dict[str, Any] = {
    "plan": "eighty-twenty",
    "title": "80/20 to a cap of 16,000",
    "status": "verified",
    "counters": {"company_dollar": {"year": "calendar", "cap": 16000}},
    "split": {"company": 20, "capped_by": "company_dollar"},
    "fees": [
        {"rule": "review", "code": "fee", "title": "Broker review", "payee": "company", "flat": 25},
        {
            "rule": "coordinator",
            "code": "fee",
            "title": "Transaction coordination",
            "payee": "coordinator",
            "flat": 350,
            "when": {"flags": ["coordinated"]},
        },
    ],
    "deductions": [
        {
            "rule": "advance",
            "code": "deduction",
            "title": "Advance of 4 May",
            "payee": "Harbor Advance",
            "flat": 900,
            "when": {"flags": ["advance"]},
        }
    ],
}


def plan(**changes: Any) -> Plan:
    """The plan of these tests, with changes."""
    return Plan.model_validate(PLAN | changes)


def closing(sides: list[dict[str, Any]], **facts: Any) -> Closing:
    """A closing in October 2026."""
    defaults = {"deal": "D-1", "price": 500000, "closing_date": CLOSED, "contract_date": date(2026, 9, 14)}
    return Closing.model_validate(defaults | facts | {"sides": sides})


def listing(*agents: dict[str, Any], percent: Any = 3, **facts: Any) -> dict[str, Any]:
    """A listing side, paid by the seller."""
    return {"side": "listing", "commission": {"percent": percent}, "agents": list(agents), **facts}


def computed(deal: Closing, plans: Mapping[str, Plan] | Plan | None = None) -> Calculation:
    """The deal by one plan for everybody, or by a plan for each agent."""
    one = plan() if plans is None else plans
    agents = {agent.agent for side in deal.sides for agent in side.agents} | {agent.agent for agent in deal.others}
    each = dict.fromkeys(agents, one) if isinstance(one, Plan) else dict(one)
    return compute(deal, {agent: GoverningPlan(theirs, "2026-01-01") for agent, theirs in each.items()})


def posted(calculation: Calculation | None, *, number: int = 1, **facts: Any) -> PostedCalculation:
    """The calculation as it stands in the store."""
    arguments: dict[str, Any] = {
        "deal_id": "D-1",
        "number": number,
        "deal_version": number,
        "calculation": calculation,
        "reason": Reason.CLOSED,
        "adjustments": (),
        "at": AT,
        "supersedes": number - 1,
        "after_payment": False,
        "order": (CLOSED.isoformat(), "", "D-1"),
    }
    return PostedCalculation(**(arguments | facts))


def share(agent: str, name: str, licence: str = "", side: Side = Side.LISTING) -> AgentShare:
    """One of our agents on the deal."""
    return AgentShare(
        source="transactions",
        agent_id=f"A-{agent}",
        side=side,
        share=Fraction(1),
        name=name,
        licence=licence,
        office="Missoula",
        crm_user_id=f"user-{agent}",
        crm_contact_id=agent,
    )


#: role, name, company, licence, phone
PEOPLE: tuple[tuple[Role, str, str, str, str], ...] = (
    (Role.TITLE, "Priya Raman", "Clark Fork Title & Escrow", "", "(406) 555-0100"),
    (Role.SELLER, "Eleanor Whitfield", "", "", "(406) 555-0111"),
    (Role.SELLER, "Thomas Whitfield", "", "", ""),
    (Role.BUYER, "Łukasz Żółć", "", "", ""),
    (Role.BUYER, "王小明", "", "", ""),
    (Role.BUYERS_AGENT, "Rosa Delgado", "Rattlesnake Homes", "RRE-RBS-LIC-4410", "(406) 555-0177"),
)


def people(*rows: tuple[Role, str, str, str, str]) -> tuple[tuple[DealRole, ...], dict[str, Contact]]:
    """The participants of a deal, and their contacts."""
    contacts = {
        f"c-{index}": Contact(
            f"c-{index}", values={"name": name, "company": company, "licence": licence, "phone": phone}
        )
        for index, (_, name, company, licence, phone) in enumerate(rows)
    }
    return tuple(DealRole(f"c-{index}", row[0]) for index, row in enumerate(rows)), contacts


def deal(participants: tuple[DealRole, ...], *agents: AgentShare, **details: Any) -> Deal:
    """The deal as the CRM store has it."""
    facts: dict[str, Any] = {
        "reference": "2026-0417 Rattlesnake Drive",
        "property": Property(
            street="1480 Rattlesnake Drive",
            city="Missoula",
            state="MT",
            zip="59802",
            county="Missoula",
            mls_id="30041177",
            parcel_id="04-2200-11-3-07-14-0000",
        ),
        "sale_price": Money(Decimal("500000.00")),
        "contract_date": date(2026, 9, 14),
        "closing_date": CLOSED,
        "title_file_number": "CF-26-10443",
    }
    return Deal(
        id="D-1",
        source="transactions",
        source_id="T-1",
        details=DealDetails(**(facts | details)),
        participants=participants,
        agents=agents,
    )


def accounts(*named: tuple[str, str, str]) -> dict[str, Account]:
    """Commission accounts: id, name, licence."""
    return {account: Account(account=account, name=name, licence=licence) for account, name, licence in named}

"""What commissions need from the outside, in memory or on moto, and ready-made rows for its tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from domain.commission.account import PlanVersion
from domain.commission.calculation import (
    Calculation,
    Code,
    CounterKey,
    Governing,
    Line,
    Movement,
    Receivable,
    Stage,
)
from domain.commission.cda import CdaRow, CdaState
from domain.commission.plan import Plan
from domain.commission.ports import Accounts, CdaDesk, CommissionStore, PlanShelf
from domain.commission.settlement import (
    Adjustment,
    CommissionRecord,
    CounterState,
    DueMark,
    Head,
    LedgerEntry,
    Order,
    PostedCalculation,
    Reason,
    ReplayMark,
    Settlement,
    Standing,
)
from domain.event_log import AuditEntry
from domain.money import Money
from domain.operate.ports import AuditTrail
from storage.audit import DynamoAudit
from storage.commissions.accounts import DynamoAccounts
from storage.commissions.cdas import DynamoCdaDesk
from storage.commissions.plans import DynamoPlanShelf
from storage.commissions.settling import DynamoCommissionStore
from tests.builders import NOW
from tests.conftest import no_pause
from tests.fakes.audit import MemoryAudit
from tests.fakes.commissions import FakeAccounts, FakeCdaDesk, FakeCommissionStore, FakePlanShelf
from tests.template import tables

LATER = NOW + timedelta(hours=1)
CLOSED = date(2026, 3, 2)
YEAR = "2026-01-01"


@dataclass(frozen=True)
class Books:
    """One world: what one of these writes, the others read."""

    plans: PlanShelf
    accounts: Accounts
    store: CommissionStore
    desk: CdaDesk
    audit: AuditTrail


def books(kind: str, request: pytest.FixtureRequest) -> Books:
    """The one on `dynamodb`, or in `memory`."""
    if kind == "memory":
        audit, store = MemoryAudit(), FakeCommissionStore()
        return Books(FakePlanShelf(audit), FakeAccounts(audit), store, FakeCdaDesk(store, audit), audit)
    client = request.getfixturevalue("dynamodb")
    records, audits = (tables()[name]["TableName"] for name in ("RecordsTable", "AuditTable"))
    return Books(
        DynamoPlanShelf(client, records, audits),
        DynamoAccounts(client, records, audits, no_pause),
        DynamoCommissionStore(client, records, no_pause),
        DynamoCdaDesk(client, records, audits, no_pause),
        DynamoAudit(client, audits),
    )


def usd(cents: int) -> Money:
    """So many cents."""
    return Money.of_cents(cents)


def key(counter: str = "company_dollar", owner: str = "contact-1", period: str = YEAR) -> CounterKey:
    """A counter of an agent's year."""
    return CounterKey(owner, counter, period)


def order(day: int = 2, number: str = "", deal: str = "D1") -> Order:
    """A deal that closed on that day of March."""
    return (f"2026-03-{day:02d}", number, deal)


def mark(deal_id: str = "D1", deal_version: int = 1, **changes: Any) -> DueMark:
    """Something to settle."""
    return DueMark(**{"deal_id": deal_id, "deal_version": deal_version, "due_at": NOW, **changes})


def head(deal_id: str = "D1", version: int = 1, **changes: Any) -> Head:
    """A settled deal."""
    fields: dict[str, Any] = {"number": version, "standing": Standing.SETTLED, "order": order(deal=deal_id)}
    return Head(deal_id, version, **{**fields, **changes})


def line(seq: int = 1, amount: int = 1_200_000, **changes: Any) -> Line:
    """A line of the company's split, which moves its counter."""
    fields: dict[str, Any] = {
        "seq": seq,
        "stage": Stage.SPLIT,
        "code": Code.SPLIT,
        "rule": "",
        "title": "Company share",
        "agent": "contact-1",
        "side": "0 listing",
        "payer": "contact-1",
        "payee": "company",
        "of": "left",
        "basis": usd(amount * 3),
        "rate": Fraction(100, 3),
        "raw": Fraction(amount),
        "amount": usd(amount),
        "moves": (Movement(key(), amount),),
    }
    return Line(**{**fields, **changes})


def calculation(*lines: Line, deal: str = "D1", **changes: Any) -> Calculation:
    """What the engine made of a deal."""
    fields: dict[str, Any] = {
        "deal": deal,
        "closing_date": CLOSED,
        "currency": "USD",
        "rounding": "half_up",
        "gross": usd(3_600_000),
        "lines": lines or (line(),),
        "payees": {"company": usd(1_200_000), "contact-1": usd(2_400_000)},
        "opening": {key(): 0},
        "movements": {key(): 1_200_000},
        "caps": {key(): 1_800_000},
        "receivables": (Receivable("contact-1", "company", "desk_fee", usd(5)),),
        "governing": (Governing("contact-1", "graduated", YEAR, CLOSED, CLOSED, "left on 2026-03-01"),),
        "inputs": "sha256:1",
    }
    return Calculation(**{**fields, **changes})


def posted(deal_id: str = "D1", number: int = 1, made: Calculation | None = None, **changes: Any) -> PostedCalculation:
    """A calculation as it stands; the second and later ones adjust the first line of the one before."""
    made = made or calculation(deal=deal_id)
    adjusted = Adjustment(made.lines[0], usd(1), made.lines[0].amount, usd(made.lines[0].amount.cents - 1))
    fields: dict[str, Any] = {
        "deal_version": number,
        "calculation": made,
        "reason": Reason.CLOSED if number == 1 else Reason.AMENDED,
        "adjustments": () if number == 1 else (adjusted,),
        "at": NOW,
        "supersedes": number - 1,
        "after_payment": False,
        "order": order(deal=deal_id),
    }
    return PostedCalculation(deal_id, number, **{**fields, **changes})


def record(deal_id: str = "D1", account: str = "contact-1", **changes: Any) -> CommissionRecord:
    """What an agent earned by a deal."""
    fields: dict[str, Any] = {
        "name": "Maya Reyes",
        "number": 1,
        "closing_date": CLOSED,
        "side": "listing",
        "plan": "graduated@2026-01-01",
        "gci": usd(3_600_000),
        "company_dollar": usd(1_200_000),
        "fees": usd(0),
        "net": usd(2_400_000),
    }
    return CommissionRecord(deal_id, account, **{**fields, **changes})


def ledger_entry(place: Order, owner: str = "contact-1", **changes: Any) -> LedgerEntry:
    """A deal in the ledger of an owner."""
    fields: dict[str, Any] = {
        "deal_id": place[2],
        "number": 1,
        "before": {"company_dollar": (YEAR, 0)},
        "after": {"company_dollar": (YEAR, 1_200_000), "gci": ("ever", 3_600_000)},
    }
    return LedgerEntry(owner, place, **{**fields, **changes})


def replay(after: Order, owner: str = "contact-1", version: int = 0, **changes: Any) -> ReplayMark:
    """The owner's later deals must be computed again."""
    return ReplayMark(owner, after, version, **{"due_at": NOW, **changes})


def cda(deal_id: str = "D1", guard: int = 1, **changes: Any) -> CdaRow:
    """A CDA, a draft if nothing else is said."""
    fields: dict[str, Any] = {
        "version": 0,
        "number": 1,
        "state": CdaState.DRAFT,
        "reference": "2026-0117",
        "closing_date": CLOSED,
    }
    return CdaRow(deal_id=deal_id, guard=guard, **{**fields, **changes})


def settlement(deal_id: str = "D1", number: int = 1, **changes: Any) -> Settlement:
    """The settlement of a deal, with its calculation and its head only."""
    made = {"posted": posted(deal_id, number), "head": head(deal_id, number)}
    return Settlement(**{**made, **changes})


def counted(value: int, version: int, last: Order | None = None) -> tuple[CounterState, int]:
    """A counter as it should be, and the version that it is based on."""
    return CounterState(value, version, last), version - 1


def plan_version(name: str = "graduated", effective: date = date(2026, 1, 1), number: int = 1) -> PlanVersion:
    """A published version of a small plan."""
    text = f"plan: {name}\ntitle: Graduated {number}\n"
    plan = Plan.model_validate({"plan": name, "title": f"Graduated {number}", **_PLAN})
    return PlanVersion(plan, effective, number, text, f"sha256:{number}", "arn:ann", NOW)


_PLAN: dict[str, Any] = {
    "sources": [{"url": "https://example.com/plan", "read": "2026-01-05", "says": "30 % to the cap"}],
    "counters": {"company_dollar": {"cap": "18000.50", "prorate": "daily"}, "gci": {"year": "never"}},
    "split": {
        "tiers": {"by": "gci", "levels": [{"up_to": 100_000, "percent": "100/3"}, {"percent": "2.875"}]},
        "capped_by": "company_dollar",
        "floor": {"percent": "2"},
    },
    "royalty": [
        {
            "rule": "royalty",
            "code": "royalty",
            "payee": "franchisor",
            "percent": 6,
            "of": {"plus": ["part"], "minus": ["company_dollar"]},
            "when": {"counter": {"gci": {"below": 5}}, "cap": {"company_dollar": ["open", "here"]}},
        }
    ],
}


def entry(entry_id: str = "a-1", subject: str = "PLAN#graduated") -> AuditEntry:
    """What somebody did."""
    return AuditEntry(entry_id, at=LATER, who="arn:ann", action="publish", subject=subject, why="the new year")


def as_read(one: DueMark, guard: int) -> DueMark:
    """The mark after so many changes."""
    return replace(one, guard=guard)

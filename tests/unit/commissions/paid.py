"""Closings of one agent, computed: 80/20 and a fee of 100."""

from __future__ import annotations

from commissions.engine import GoverningPlan, compute
from domain.commission.calculation import Calculation
from domain.commission.closing import Closing
from domain.commission.plan import Plan


def closed(day: str, commission: str, *, currency: str = "USD", referral: str = "0") -> Calculation:
    """A closing of that day, with an outside referral of so many percent off the top."""
    plan = Plan.model_validate(
        {
            "plan": "eighty-twenty",
            "title": "80/20",
            "currency": currency,
            "split": {"company": 20},
            "fees": [{"rule": "fee", "code": "fee", "payee": "company", "flat": 100}],
        }
    )
    paid_on = {"rule": "referral", "code": "referral", "payee": "other broker", "percent": referral, "of": "gross"}
    closing = Closing.model_validate(
        {
            "deal": f"deal of {day}",
            "closing_date": day,
            "currency": currency,
            "sides": [
                {"side": "listing", "commission": {"flat": commission}, "agents": [{"agent": "ann", "share": 1}]}
            ],
            "charges": [paid_on] if referral != "0" else [],
        }
    )
    return compute(closing, {"ann": GoverningPlan(plan, "file")})

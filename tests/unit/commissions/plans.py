"""Plans and deals for the tests of the engine, as short as they can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commissions.engine import GoverningPlan, compute
from domain.commission.calculation import Calculation
from domain.commission.closing import Closing
from domain.commission.plan import Plan


def plan(**parts: Any) -> Plan:
    return Plan.model_validate({"plan": "test", "title": "Test"} | parts)


def agent(name: str = "dana", **facts: Any) -> dict[str, Any]:
    share = {} if "flat" in facts or "share" in facts else {"share": "1"}
    return {"agent": name, "anniversary": "2020-03-15"} | share | facts


def deal(*agents: dict[str, Any], gross: str = "10000", **facts: Any) -> Closing:
    side = {"side": "listing", "commission": {"flat": gross}, "agents": list(agents) or [agent()]}
    return Closing.model_validate({"deal": "D-1", "closing_date": "2026-08-14", "sides": [side]} | facts)


def computed(closing: Closing, *plans: Plan, by_agent: Mapping[str, Plan] | None = None) -> Calculation:
    """By one plan for everybody, or by each agent's own."""
    named = by_agent or {one.agent: plans[0] for side in closing.sides for one in side.agents}
    return compute(closing, {name: GoverningPlan(one, "file") for name, one in named.items()})


def paid(calculation: Calculation) -> dict[str, str]:
    return {party: str(money.amount) for party, money in calculation.payees.items()}

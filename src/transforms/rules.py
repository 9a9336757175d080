"""The rules every deal keeps, whatever its source: what mapped fields may be, alone and together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from domain.errors import FieldProblem
from domain.money import Money
from domain.terms import Side
from transforms.findings import Findings, NamedAgent
from transforms.plan import Plan

#: A DynamoDB transaction holds 100 items, and the worst event replaces everybody at once: an alias, a contact and a
#: link for each newcomer and a retired link for each who left, 4 x 20. The rest is for the deal, its alias, identity,
#: stage, commission mark, merged deals, and the row under each agent of ours that the event was parked for.
MAX_PEOPLE = 20
MAX_AGENTS = 10

#: A price of nothing is a mistake; a fee or deposit of nothing is a fact.
_ABOVE_ZERO = ("list_price", "sale_price")
_NOT_BELOW_ZERO = (
    "concessions", "earnest_money", "commission.flat", "commission.stated_amount", "buyer_compensation.flat",
    "referral.flat",
)  # fmt: skip
#: Days that follow each other, where one event carries both.
_IN_ORDER = (("contract_date", "closing_date"), ("contract_date", "funded_date"), ("closing_date", "funded_date"))


def broken_rules(plan: Plan, out: Findings) -> list[FieldProblem]:
    """Every rule that the mapped facts break."""
    problems = [FieldProblem(_place(plan, field), value, expected, field) for field, value, expected in _values(out)]
    if out.participants is not None and len(out.participants) > MAX_PEOPLE:
        path = plan.participants.path if plan.participants else ""
        expected = f"at most {MAX_PEOPLE} people on one deal"
        problems.append(FieldProblem(path, str(len(out.participants)), expected, "participants"))
    if out.agents is not None:
        path = plan.agents.path if plan.agents else ""
        problems += [FieldProblem(path, value, expected, "agents") for value, expected in _shares(out.agents)]
    return problems


def _place(plan: Plan, name: str) -> str:
    """Where a field's value stands, as far as its first rule says."""
    return next((step.path for field in plan.fields if field.name == name for *_, step in field.steps), name)


def _values(out: Findings) -> Iterator[tuple[str, str, str]]:
    values = out.values
    for field in _ABOVE_ZERO:
        amount = values.get(field)
        if isinstance(amount, Money) and amount.amount <= 0:
            yield field, str(amount), "an amount above zero"
    for field in _NOT_BELOW_ZERO:
        amount = values.get(field)
        if isinstance(amount, Money) and amount.amount < 0:
            yield field, str(amount), "an amount of zero or more"
    for earlier, later in _IN_ORDER:
        first, second = values.get(earlier), values.get(later)
        if isinstance(first, date) and isinstance(second, date) and first > second:
            yield later, str(second), f"a day on or after the {earlier.replace('_', ' ')}"


def _shares(agents: list[NamedAgent]) -> Iterator[tuple[str, str]]:
    """What is wrong with our agents' parts: (value, what was expected)."""
    if len(agents) > MAX_AGENTS:
        yield str(len(agents)), f"at most {MAX_AGENTS} of our agents on one deal"
        return
    for side in Side:
        ours = [agent for agent in agents if agent.side is side]
        names = [agent.agent_id for agent in ours]
        for agent_id in sorted({name for name in names if names.count(name) > 1}):
            yield agent_id, f"each agent once on the {side} side, or twice with the same share"
        given = [agent.share for agent in ours if agent.share is not None]
        if len(ours) > 1 and len(given) < len(ours):
            yield f"{len(given)} of {len(ours)} shares", f"a share for each of our agents on the {side} side"
        elif given and sum(given, Fraction(0)) != 1:
            yield " + ".join(map(str, given)), f"shares on the {side} side that sum to exactly 1, such as 1/3 and 2/3"

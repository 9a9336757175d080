"""What a deal names must be there: agents, rules, counters, owners of openings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from commissions.problems import problem
from commissions.terms import rules_named
from domain.commission.amounts import amount_text
from domain.commission.charges import Charge
from domain.commission.closing import Closing, DealAgent, Term
from domain.errors import FieldProblem
from mappings.plain_words import nearest

if TYPE_CHECKING:
    from commissions.engine import GoverningPlan


def reference_problems(closing: Closing, plans: Mapping[str, GoverningPlan]) -> Iterator[FieldProblem]:
    """What the deal, its terms, charges and openings name that is not there."""
    agents = {agent.agent: agent for side in closing.sides for agent in side.agents}
    for position, charge in enumerate(closing.charges):
        if charge.stage != "off_the_top" and charge.agent not in agents:
            expected = f"one of the deal's agents: {', '.join(agents)}"
            yield problem(f"charges[{position}].agent", charge.agent or "none", expected)
    charges = [charge for one in plans.values() for charge in one.plan.every_charge()]
    rules = {charge.rule for charge in (*charges, *closing.charges)}
    counters = {name for one in plans.values() for name in one.plan.counters}
    for where, term in _terms(closing, agents):
        for rule in rules_named((term,)):
            if rule not in rules:
                expected = f"a rule of the plan{_nearest(rule, rules)}; correct the name, or drop the term"
                yield problem(where, rule, expected)
        for name in term.cap:
            if name not in counters:
                declare = f"or declare it: counters: {{{name}: {{cap: AMOUNT}}}}"
                expected = f"a counter of the plan{_nearest(name, counters)}; correct it, {declare}"
                yield problem(f"{where}.cap", name, expected)
        if term.agent is not None and term.agent not in agents:
            yield problem(f"{where}.agent", term.agent, f"one of the deal's agents: {', '.join(agents)}")
    known = {*agents, *plans, *(other.agent for other in closing.others)}
    for one in (*charges, *closing.charges):
        yield from _payee_problems(one, known)
    yield from _opening_problems(closing, plans, counters)


def _terms(closing: Closing, agents: Mapping[str, DealAgent]) -> Iterator[tuple[str, Term]]:
    for position, term in enumerate(closing.terms):
        yield f"terms[{position}]", term
    for agent in agents.values():
        for position, term in enumerate(agent.terms):
            yield f"{agent.agent}.terms[{position}]", term


def _payee_problems(charge: Charge, known: set[str]) -> Iterator[FieldProblem]:
    """Somebody of that id may be paid without being on the deal; one who is nearly on it is a slip of the pen."""
    named = charge.payee.removeprefix("agent:")
    if named == charge.payee or named in known:
        return
    if near := nearest(named, known):
        yield problem(
            f"{charge.rule}.payee", charge.payee,
            f"an agent; did you mean agent:{near}? Somebody else of that id stands in `others` of the deal",
        )  # fmt: skip


def _opening_problems(
    closing: Closing, plans: Mapping[str, GoverningPlan], counters: set[str]
) -> Iterator[FieldProblem]:
    known = [*closing.others, *(agent for side in closing.sides for agent in side.agents)]
    owners = {*plans, *(f"team:{one.team}" for one in known), *(f"shared:{one.shared_cap}" for one in known)}
    for owner, values in closing.opening.items():
        if owner not in owners:
            yield problem(f"opening.{owner}", owner, f"an agent, team or group of this deal{_nearest(owner, owners)}")
        for name, value in values.items():
            if name not in counters:
                yield problem(f"opening.{owner}.{name}", name, f"a counter of the plan{_nearest(name, counters)}")
            elif name == "deal_count" and value % 100:
                yield problem(f"opening.{owner}.{name}", amount_text(value), "a whole number of deals")


def _nearest(name: str, known: set[str]) -> str:
    near = nearest(name, known)
    return f"; did you mean {near}?" if near else f": {', '.join(sorted(known)) or 'it has none'}"

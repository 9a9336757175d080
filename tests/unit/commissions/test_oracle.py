"""The engine against a second, naive implementation (tests/oracle), on random deals; `make bench` does 100,000."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from commissions.engine import GoverningPlan
from commissions.files.checks import plan_problems
from domain.commission import charges, closing, plan
from tests.oracle.compare import compare, difference, least
from tests.oracle.generate import Case, case, cases
from tests.oracle.generate_plans import SECTIONS

#: Words that no amount depends on, or that only decide whether a deal is refused (test_refusals.py).
NO_FIGURE = {
    "Plan": {"status", "sources", "agents_paid_at", "after_leaving"},
    "Dates": {"tax_year"},
    "Charge": {"title", "pay_at"},
    "DealCharge": {"title", "pay_at", "document", "agreed", "only_if_left"},
    "CommissionSpec": {"by", "why", "document", "agreed"},
    "DealAgent": {"plan", "left"},
}
MODELS = (
    *(plan.Plan, plan.Dates, plan.Counter, plan.Split, plan.Floor, plan.Tax),
    *(charges.Tiers, charges.Level, charges.Charge, charges.Step),
    *(charges.When, charges.Range, charges.DateRange, charges.Sum),
    *(closing.Closing, closing.DealSide, closing.DealAgent, closing.CommissionSpec, closing.Bracket),
    *(closing.PayerOffer, closing.Bonus, closing.Term),
)


@pytest.mark.parametrize("block", range(6))
def test_engine_and_oracle_agree_on_every_payee_line_total_and_counter(block: int) -> None:
    tally = compare(range(block * 20, block * 20 + 20))
    assert tally.differences == []
    assert tally.deals == 100
    assert tally.refused < 15


def test_a_plan_that_differs_is_found_to_differ() -> None:
    """A comparison that finds nothing wrong with another plan would find nothing wrong with anything."""
    one = case(3, 0)
    agents = [agent["agent"] for side in one.deal["sides"] for agent in side["agents"]]
    bare = {"plan": "bare", "title": "Bare", "currency": one.deal["currency"], "rounding": "half_up"}
    others = {id(row): GoverningPlan(plan.Plan.model_validate(bare), "file") for row in one.plans.values()}
    assert difference(one.deal, one.plans, others)[1]
    assert agents


def test_the_least_data_that_differ_are_small() -> None:
    """Where the engine knows a plan that the oracle was not told, all but one side and one agent can go."""
    one = case(3, 0)
    told = {agent: {**row, "currency": "MXN"} for agent, row in one.plans.items()}
    deal, plans, differs = least(Case(one.seed, one.place, one.deal, told))
    assert differs.startswith("only the engine refuses")
    assert len(str(deal)) < 400
    assert len(str(plans)) < 300


def test_every_random_plan_passes_plan_check() -> None:
    found = []
    for seed in range(80):
        for row in {id(row): row for row in next(cases(seed, 1)).plans.values()}.values():
            found += [(seed, str(problem)) for problem in plan_problems(plan.Plan.model_validate(row))]
    assert found == []


def test_a_seed_gives_the_same_deals_again() -> None:
    again = case(11, 3)
    assert (again.deal, again.plans) == (list(cases(11))[3].deal, list(cases(11))[3].plans)


def test_random_plans_and_deals_use_every_word_of_the_language() -> None:
    words: dict[str, set[str]] = {model.__name__: set() for model in (*MODELS, closing.DealCharge)}
    for seed in range(250):
        for one in cases(seed, 2):
            for name, written in _of_case(one):
                words[name].update(written)
    missing = {
        model.__name__: unused
        for model in (*MODELS, closing.DealCharge)
        if (unused := _names(model) - words[model.__name__] - NO_FIGURE.get(model.__name__, set()))
    }
    # A charge of the deal is a charge: what it may say is drawn for the charges of plans.
    assert missing.pop("DealCharge", set()) <= _names(charges.Charge)
    assert missing == {}


def _names(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def _of_case(one: Case) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from _of_deal(one.deal)
    for row in one.plans.values():
        yield from _of_plan(row)


def _of_deal(deal: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "Closing", deal
    for side in deal["sides"]:
        yield "DealSide", side
        yield from (("DealAgent", agent) for agent in side["agents"])
        yield from (("PayerOffer", offer) for offer in side.get("offers", []))
        yield from (("Bonus", bonus) for bonus in side.get("bonuses", []))
        for spec in (side.get("commission"), side.get("agreement")):
            if spec:
                yield "CommissionSpec", spec
                yield from (("Bracket", bracket) for bracket in spec.get("brackets", []))
    yield from (("DealCharge", row) for row in deal["charges"])
    for term in [
        *deal["terms"],
        *(term for side in deal["sides"] for row in side["agents"] for term in row.get("terms", [])),
    ]:
        yield "Term", term


def _of_plan(row: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "Plan", row
    yield from (("Counter", counter) for counter in row["counters"].values())
    for name, key in (("Dates", "dates"), ("Split", "split"), ("Tax", "tax")):
        if key in row:
            yield from ((name, each) for each in (row[key] if isinstance(row[key], list) else [row[key]]))
    if "floor" in row.get("split", {}):
        yield "Floor", row["split"]["floor"]
    charges = [
        charge for section in ("off_the_top", *SECTIONS) if section != "split" for charge in row.get(section, [])
    ]
    for rule in [*charges, row.get("split", {})]:
        yield from _of_rule(rule)
    yield from (("Charge", charge) for charge in charges)


def _of_rule(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "tiers" in rule:
        yield "Tiers", rule["tiers"]
        yield from (("Level", level) for level in rule["tiers"]["levels"])
    if "step" in rule:
        yield "Step", rule["step"]
    if isinstance(rule.get("of"), dict):
        yield "Sum", rule["of"]
    if "when" in rule:
        when = rule["when"]
        yield "When", when
        ranges = [when[name] for name in ("price", "gross", "part") if name in when]
        yield from (("Range", bounds) for bounds in [*ranges, *when.get("counter", {}).values()])
        if "closing" in when:
            yield "DateRange", when["closing"]

"""Whatever happens to deals, and in whatever order it arrives: the ledgers end as if all had come in order."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from commissions.engine import GoverningPlan, compute
from commissions.from_deal import closing_of
from commissions.governing import governing
from domain.commission.account import Opening
from domain.commission.calculation import CounterKey
from domain.deal import Deal
from domain.stages import Stage
from flows.settle.deciding import is_same
from tests.unit.flows.settle.office import CAPPED, Office, deal_of

AGENTS = ("ann", "bob", "cleo", "dan")

#: Plans of one agent change from year to year, so that ledgers carry counters that some deals do not use.
FEES: dict[str, Any] = {
    "plan": "fees",
    "title": "Fees",
    "counters": {"deal_count": {"year": "calendar"}, "fees": {"year": "calendar", "cap": "500"}},
    "fees": [
        {"rule": "fee", "code": "fee", "payee": "company", "flat": "200", "capped_by": "fees"},
        {
            "rule": "first", "code": "fee", "payee": "company", "flat": "50",
            "when": {"counter": {"deal_count": {"below": "2"}}},
        },
    ],
}  # fmt: skip
TEAM: dict[str, Any] = {
    "plan": "team",
    "title": "Team",
    "counters": {
        "gci": {"year": "anniversary"},
        "team_dollar": {"year": "calendar", "per": "team", "cap": "4000"},
    },
    "split": {
        "tiers": {"by": "gci", "levels": [{"up_to": "8000", "percent": "30"}, {"percent": "20"}]},
        "capped_by": "team_dollar",
    },
}
BY_CONTRACT: dict[str, Any] = {**CAPPED, "plan": "by-contract", "dates": {"cap_year": "contract"}}


def office() -> Office:
    made = Office()
    for plan in (CAPPED, FEES, TEAM, BY_CONTRACT):
        made.publish(plan, date(2020, 1, 1))
    brought = Opening(as_of=date(2026, 1, 1), counters={"company_dollar": "700"})  # type: ignore[dict-item]  # as files say it
    made.hire("ann", opening=brought)
    made.hire("bob", plan="team", team="north", anniversary=date(2019, 5, 10))
    made.hire("cleo", plan="team", team="north", anniversary=date(2020, 2, 29))
    made.hire("dan", plan="by-contract")
    return made


def reassigned(office: Office, rng: random.Random) -> None:
    """Some agents change their plan in the course of the year."""
    from domain.commission.account import Assignment

    for agent in AGENTS:
        if rng.random() < 0.5:
            day = date(2026, rng.randint(3, 10), 1)
            held = office.accounts.rows[agent]
            first = held.assignments[0].model_copy(update={"until": day - timedelta(days=1)})
            then = Assignment(plan=rng.choice(["fees", "capped", "by-contract"]), starts=day)
            office.accounts.rows[agent] = held.model_copy(update={"assignments": (first, then)})


def some_deal(rng: random.Random, number: int) -> Deal:
    agents = rng.sample(AGENTS, rng.choice([1, 1, 2, 3]))
    weights = [rng.randint(1, 3) for _ in agents]
    shares = {agent: Fraction(weight, sum(weights)) for agent, weight in zip(agents, weights, strict=True)}
    closing = date(2025, 11, 1) + timedelta(days=rng.randint(0, 420))
    return deal_of(
        f"d{number}",
        closing,
        shares,
        price=rng.randint(20, 400) * 1000,
        contract_date=closing - timedelta(days=rng.randint(0, 90)),
        reference=rng.choice([None, f"R-{rng.randint(1, 5)}"]),
    )


def changed(deal: Deal, rng: random.Random, number: int) -> Deal:
    """An amendment: of price, agents or closing day."""
    other = some_deal(rng, number)
    what = rng.choice(["price", "agents", "day"])
    if what == "agents":
        return replace(deal, agents=other.agents)
    names = ["sale_price"] if what == "price" else ["closing_date", "contract_date"]
    update = {name: getattr(other.details, name) for name in names} | {"stage": Stage.CLOSED}
    return replace(deal, details=deal.details.model_copy(update=update))


def history(office: Office, rng: random.Random) -> None:
    """Closings, amendments and rescissions, worked off now and then."""
    known: dict[int, Deal] = {}
    for step in range(rng.randint(8, 22)):
        roll = rng.random()
        if known and roll < 0.2:
            number = rng.choice(list(known))
            office.rescind(known[number].id)
        elif known and roll < 0.45:
            number = rng.choice(list(known))
            known[number] = office.close(changed(office.deals.deals[f"d{number}"], rng, number))
        else:
            known[step] = office.close(some_deal(rng, step))
        if rng.random() < 0.3:
            office.work_off()
        elif rng.random() < 0.5:
            office.settle()
    office.work_off()


def in_order(office: Office) -> tuple[dict[CounterKey, int], dict[str, Any]]:
    """Every closed deal computed once, in order, from the openings: written apart from the flow, and simply."""
    counters: dict[CounterKey, int] = {}
    made: dict[str, Any] = {}
    closed = [deal for deal in office.deals.deals.values() if deal.details.stage is Stage.CLOSED]
    versions = office.plans.versions(office.plans.names())
    prepared = []
    for deal in closed:
        days = {name: getattr(deal.details, f"{name}_date") for name in ("closing", "contract", "funded")}
        plans: dict[str, GoverningPlan] = {
            share.crm_contact_id: governing(office.accounts.rows[share.crm_contact_id], versions, days)
            for share in deal.agents
        }
        prepared.append((closing_of(deal, office.accounts.rows, {a: p.plan.plan for a, p in plans.items()}), plans))
    for closing, plans in sorted(prepared, key=lambda pair: pair[0].order):
        keys = compute(closing, plans).opening.keys()
        opening: dict[str, dict[str, int]] = defaultdict(dict)
        for key in keys:
            opening[key.owner][key.counter] = counters.setdefault(key, brought(key))
        calculation = compute(closing.model_copy(update={"opening": opening}), plans)
        made[closing.deal] = calculation
        counters |= {key: calculation.after(key) for key in keys}
    return counters, made


def brought(key: CounterKey) -> int:
    return 70_000 if key == CounterKey("ann", "company_dollar", "2026-01-01") else 0


@pytest.mark.parametrize("seed", range(100))
def test_ledgers_end_as_if_every_deal_had_come_once_and_in_order(seed: int) -> None:
    rng = random.Random(seed)
    made = office()
    reassigned(made, rng)
    history(made, rng)
    counters, calculations = in_order(made)
    assert not made.dead.dead
    stored = {key: state.value for key, state in made.store.counter_rows.items()}
    assert {key: value for key, value in stored.items() if key in counters} == counters
    assert all(value == brought(key) for key, value in stored.items() if key not in counters)
    for deal_id in made.deals.deals:
        head = made.store.head(deal_id)
        posted = made.store.calculation(deal_id, head.number)
        current = posted.calculation if posted else None
        assert (current is None) == (deal_id not in calculations)
        if current is not None:
            assert is_same(calculations[deal_id], current), deal_id
    check_ledgers(made)


def check_ledgers(made: Office) -> None:
    """Each entry begins where the one before it ended, but for counters whose period begins with it."""
    by_owner = defaultdict(list)
    for (owner, _), entry in sorted(made.store.entries.items()):
        by_owner[owner].append(entry)
    for entries in by_owner.values():
        ends: dict[str, tuple[str, int]] = {}
        for entry in entries:
            for name, (period, value) in ends.items():
                if entry.before.get(name, ("", 0))[0] == period:
                    assert entry.before[name] == (period, value)
            ends = dict(entry.after)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_posted_is_never_edited_and_adjustments_lead_from_each_calculation_to_the_next(seed: int) -> None:
    rng = random.Random(seed)
    made = office()
    history(made, rng)
    for posted in made.store.calculations.values():
        assert [one.number for one in posted] == list(range(1, len(posted) + 1))
        for before, after in pairwise(posted):
            assert after.supersedes == before.number
            totals = [
                sum(line.amount.cents for line in one.calculation.lines) if one.calculation else 0
                for one in (before, after)
            ]
            assert totals[0] + sum(adjustment.delta.cents for adjustment in after.adjustments) == totals[1]

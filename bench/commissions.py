"""Commissions: the engine against the oracle, statements per second, and a year computed again."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from multiprocessing import get_context
from typing import Any

from commissions.engine import GoverningPlan, compute
from domain.commission.closing import Closing
from domain.commission.plan import Plan
from tests.oracle.compare import Tally, compare, least
from tests.oracle.generate import case
from tests.unit.flows.settle.office import Office, deal_of

#: Deals of one brokerage, which share its plans.
EACH = 10
#: Brokerages that one process compares at a time.
BLOCK = 100
#: A feature of fewer deals than this part of them is too rare to have been compared.
RARE = Fraction(1, 100)

CAPPED: dict[str, Any] = {
    "plan": "capped",
    "title": "Capped with a royalty",
    "counters": {
        "company_dollar": {"year": "anniversary", "cap": 18_000},
        "royalty_base": {"year": "anniversary", "cap": 50_000},
        "deal_count": {"year": "anniversary"},
    },
    "split": {"company": 30, "capped_by": "company_dollar"},
    "royalty": [
        {
            "rule": "royalty",
            "code": "royalty",
            "payee": "franchisor",
            "percent": 6,
            "of": "part",
            "capped_by": "royalty_base",
            "cap_on": "basis",
        }
    ],
    "fees": [{"rule": "file_fee", "code": "fee", "payee": "company", "per": "deal", "flat": 285}],
}


def oracle(deals: int = 100_000) -> Tally:
    """The engine against the naive implementation, on every core; what differs is told on stderr.

    Raises:
        AssertionError: a feature is too rare among the deals to say that it was compared.
    """
    worlds = deals // EACH
    blocks = [range(first, min(first + BLOCK, worlds)) for first in range(0, worlds, BLOCK)]
    tally = Tally()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for block in pool.map(partial(compare, each=EACH), blocks):
            tally.add(block)
    for seed, place, differs in tally.differences[:3]:
        smallest, plans, still = least(case(seed, place))
        print(f"  seed {seed}, deal {place}: {differs}", file=sys.stderr)
        print(f"  least: {still}\n  {json.dumps({'deal': smallest, 'plans': plans})}", file=sys.stderr)
    rare = rare_features(tally)
    if rare:
        raise AssertionError(f"too rare among {tally.deals} deals: {rare}; make tests/oracle/generate*.py draw them")
    return tally


def rare_features(tally: Tally) -> Counter[str]:
    """Those that fewer than one deal in a hundred has."""
    return Counter({name: count for name, count in tally.features.items() if count < tally.deals * RARE})


def statements_per_second(deals: int = 300, rounds: int = 10) -> float:
    """Deals of three agents, near their caps, computed on one core; each asserts its invariants. The best round."""
    plan = GoverningPlan(Plan.model_validate(CAPPED), "file")
    agents = ("ann", "bob", "cid")
    closings = [Closing.model_validate(_three_agents(number)) for number in range(deals)]
    plans = dict.fromkeys(agents, plan)
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for closing in closings:
            compute(closing, plans)
        best = min(best, time.process_time() - began)
    return deals / best


def _three_agents(number: int) -> dict[str, Any]:
    shares = {"ann": "1/2", "bob": "1/3", "cid": "1/6"}
    known = {"anniversary": "2019-03-15", "licence": "FA.1", "licence_expires": "2039-12-31"}
    return {
        "deal": f"d-{number}",
        "price": 400_000 + 37 * number,
        "contract_date": "2026-04-01",
        "closing_date": "2026-06-01",
        "sides": [
            {
                "side": "listing",
                "commission": {"percent": "2.875"},
                "agents": [{"agent": agent, "share": share, **known} for agent, share in shares.items()],
            }
        ],
        "opening": {agent: {"company_dollar": 17_000 + number, "royalty_base": 44_000} for agent in shares},
    }


def year_replay_s(deals: int = 500) -> float:
    """Seconds to compute an agent's year again after its first deal was amended: every later deal, in closing order.

    Storage is in memory: what a request takes is not measured here, how many there are is (`settle_cost`).

    Raises:
        AssertionError: not every later deal was computed again.
    """
    office = Office()
    office.publish()
    office.hire("ann", licence_expires=date(2039, 12, 31))
    first = date(2026, 1, 2)
    for number in range(deals):
        closing = first + timedelta(days=number * 360 // deals)
        office.close(deal_of(f"d-{number:03d}", closing, {"ann": Fraction(1)}, price=300 + number))
    office.work_off()
    began = time.process_time()
    office.close(deal_of("d-000", first, {"ann": Fraction(1)}, price=900))
    report = office.work_off()
    taken = time.process_time() - began
    if report.replayed != deals - 1:
        raise AssertionError(f"{report.replayed} of {deals - 1} later deals were computed again")
    return taken

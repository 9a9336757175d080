"""Which words of the plan language a deal and its plans use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Data = dict[str, Any]
SECTIONS = ("off_the_top", "before_split", "team", "royalty", "fees", "overrides", "deductions")
USUAL = [*SECTIONS[1:3], "split", *SECTIONS[3:]]


def features(deal: Data, plans: dict[str, Data]) -> set[str]:
    """By name; what happened to the deal is told by the naive implementation (`Result.seen`)."""
    found = set(_of_deal(deal))
    agents = {agent["agent"] for side in deal["sides"] for agent in side["agents"]}
    for agent in agents:
        found.update(_of_plan(plans[agent]))
    return found


def _of_deal(deal: Data) -> Iterator[str]:
    yield f"type_{deal['type']}"
    yield f"sides_{len(deal['sides'])}"
    closing = str(deal["closing_date"])
    if closing.endswith(("02-28", "02-29", "03-01")):
        yield "leap_day"
    for side in deal["sides"]:
        yield f"side_{side['side']}"
        yield from _of_side(side)
    names = [agent["agent"] for side in deal["sides"] for agent in side["agents"]]
    if len(names) > len(set(names)):
        yield "one_agent_on_both_sides"
    if "lea" in names:
        yield "lead_is_co_agent"
    for row in deal.get("charges", []):
        yield f"deal_charge_{row.get('stage', 'off_the_top')}"
    for term in deal.get("terms", []):
        yield from (f"deal_term_{word}" for word in ("waive", "charge", "split", "cap") if word in term)


def _of_side(side: Data) -> Iterator[str]:
    yield f"co_agents_{len(side['agents'])}"
    if any("flat" in agent for agent in side["agents"]):
        yield "co_agent_flat"
    for word in ("agreement", "offers", "bonuses", "payer"):
        if side.get(word):
            yield f"side_has_{word}"
    if any(bonus.get("to") for bonus in side.get("bonuses", [])):
        yield "bonus_not_shared"
    if any(offer.get("bonus") for offer in side.get("offers", [])):
        yield "offer_bonus"
    spec = side.get("commission") or {}
    yield from (f"commission_{word}" for word in spec)
    if spec.get("percent") == 0 or spec.get("flat") == 0:
        yield "commission_of_zero"


def _of_plan(plan: Data) -> Iterator[str]:
    yield f"rounding_{plan['rounding']}"
    if plan.get("dates"):
        yield f"cap_day_{plan['dates']['cap_year']}"
    if plan.get("tax"):
        yield "taxes" if isinstance(plan["tax"], list) else "tax"
    order = plan.get("order", USUAL)
    if order != USUAL:
        yield "order_company_first" if order.index("split") < order.index("team") else "order_other"
    for name, counter in plan["counters"].items():
        yield f"counter_{name}"
        yield f"year_{counter['year']}"
        yield f"per_{counter.get('per', 'agent')}"
        yield from (f"counter_{word}" for word in ("prorate", "cap_per_member", "leap_day") if counter.get(word))
    yield from _of_split(plan.get("split") or {})
    for section in SECTIONS:
        for rule in plan.get(section, []):
            yield section
            yield f"code_{rule['code']}"
            yield from _of_charge(rule)


def _of_split(split: Data) -> Iterator[str]:
    yield from (f"split_{word}" for word in split if word not in {"tiers", "straddle"})
    if "straddle" in split:
        yield f"straddle_{split['straddle']}"
    if "tiers" in split:
        yield f"split_by_{split['tiers']['by']}"
        yield f"split_{split['tiers']['mode']}"


def _of_charge(rule: Data) -> Iterator[str]:
    if rule.get("per", "agent") != "agent":
        yield f"per_{rule['per']}_{rule.get('shared', 'by_share')}"
    if "borne_by" in rule:
        yield f"borne_by_{rule['borne_by']}"
    for word in (
        "flat",
        "percent",
        "tiers",
        "minimum",
        "maximum",
        "lesser_of",
        "greater_of",
        "counts",
        "splits",
        "rank",
        "only_if_left",
    ):
        if rule.get(word):
            yield f"charge_{word}"
    if "capped_by" in rule:
        yield f"capped_on_{rule.get('cap_on', 'amount')}"
    if "step" in rule:
        yield f"step_{rule['step'].get('partial', 'full')}"
    of = rule.get("of")
    if isinstance(of, dict):
        yield "of_sum"
    elif of:
        yield f"of_{of}" if "_" not in of or not of[-1].isdigit() else "of_rule"
    yield from (f"when_{word}" for word, asked in rule.get("when", {}).items() if asked)

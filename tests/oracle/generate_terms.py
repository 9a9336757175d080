"""Random exceptions and charges of one deal."""

from __future__ import annotations

from typing import Any

from tests.oracle.chance import Chance
from tests.oracle.generate_rules import clamps

Data = dict[str, Any]
STAGES = ("before_split", "team", "royalty", "fees", "overrides")


def term(chance: Chance, plans: list[Data], agent: str | None) -> Data:
    """An exception; now and then one that does not hold yet, or no longer."""
    body: Data = {"by": "Broker", "why": "agreed at signing", "document": "file 1", "agreed": "2020-01-01"}
    if chance.maybe(0.15):
        body["agreed"] = "2025-06-30"
    if chance.maybe(0.15):
        body["until"] = "2026-06-30"
    if agent:
        body["agent"] = agent
    return body | _exception(chance, plans)


def _exception(chance: Chance, plans: list[Data]) -> Data:
    everything = [rule for row in plans for section in (*STAGES, "deductions") for rule in row.get(section, [])]
    flat = [rule for rule in everything if set(rule) & {"flat"} and not set(rule) & {"cap_on", "percent"}]
    rated = [rule for rule in everything if "percent" in rule and not set(rule) & {"flat"}]
    kind = chance.whole(1, 5)
    if kind == 1 and everything:
        return {"waive": chance.one(everything)["rule"]}
    if kind == 2 and flat:
        return {"charge": chance.one(flat)["rule"], "flat": chance.money(1, 300)}
    if kind == 3 and rated:
        return {"charge": chance.one(rated)["rule"], "percent": chance.percent(1, 9)}
    if kind == 4 and all("company_dollar" in row["counters"] for row in plans):
        return {"cap": {"company_dollar": chance.money(1_000, 20_000)}}
    return {"split": chance.percent(1, 40)}


def deal_terms(chance: Chance, plans: list[Data], who: list[str]) -> list[Data]:
    """Exceptions of this deal."""
    if not chance.maybe(0.25):
        return []
    place = chance.whole(0, len(who) - 1)
    shared = [rule for rule in plans[place].get("off_the_top", []) if rule["rule"] != "top_each"]
    if shared and chance.maybe(0.35):
        name, of = chance.one([(rule["rule"], rule) for rule in shared])
        told = {"by": "Broker", "why": "agreed for this deal", "document": "file 2", "agreed": "2020-01-01"}
        if chance.maybe(0.5):
            return [told | {"waive": name}]
        other = {"percent": chance.percent(1, 5)} if "percent" in of and "minimum" not in of else {"flat": 45}
        return [told | {"charge": name} | other]
    return [term(chance, [plans[place]], who[place])]


def deduction(chance: Chance, name: str) -> Data:
    """Something an agent owes."""
    return {
        "rule": name,
        "code": "deduction",
        "payee": "court",
        "flat": chance.money(20, 4_000),
        "rank": chance.whole(40, 49),
    }


def charges(chance: Chance, deal: Data, who: list[str]) -> list[Data]:
    """What only this deal is charged."""
    rows: list[Data] = []
    told = {"by": "Broker", "why": "agreed for this deal"}
    if chance.maybe(0.25):
        rows.append({"rule": "deal_referral", "code": "referral", "payee": "outside_broker"} | _referral(chance) | told)
        if chance.maybe(0.35):
            rows[-1] |= {"payee": "agent:ron", "splits": True}
        if chance.maybe(0.4):
            rows[-1]["side"] = deal["sides"][-1]["side"]
    if chance.maybe(0.1):
        rows.append({"rule": "deal_rebate", "code": "rebate", "payee": "buyer", "flat": chance.money(10, 200)} | told)
    if chance.maybe(0.12):
        rows.append(
            deduction(chance, "deal_debt")
            | {"stage": "deductions", "agent": chance.one(who), "rank": chance.whole(50, 59)}
            | told
        )
    if chance.maybe(0.15):
        rows.append(
            {
                "rule": "deal_own",
                "code": "levy",
                "payee": "coordinator",
                "stage": chance.one(STAGES),
                "agent": chance.one(who),
            }
            | (
                {"flat": chance.money(10, 500)}
                if chance.maybe(0.5)
                else {"percent": chance.percent(1, 8), "of": "part"}
            )
            | told
        )
    return rows


def _referral(chance: Chance) -> Data:
    if chance.maybe(0.2):
        return {"flat": chance.money(50, 500)}
    return {"percent": chance.percent(10, 35), "of": chance.one(("gross", "gross_left"))} | clamps(chance, 0.1)

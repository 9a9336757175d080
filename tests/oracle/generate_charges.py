"""Random charges of each stage, off the top included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.oracle.chance import Chance
from tests.oracle.generate_rules import amount, clamps, of_the_deal, when

Data = dict[str, Any]


@dataclass
class Sketch:
    """A plan in the making.

    Attributes:
        money: counters that add up money and that splits and charges may be capped by.
        bases: what percentages may be taken of at this point of the order.
        rules: names given so far.
    """

    plan: Data
    money: list[str] = field(default_factory=list)
    bases: list[str] = field(default_factory=lambda: ["part", "part", "left", "part_without_bonus", "gross"])
    rules: list[str] = field(default_factory=list)


def tiers(chance: Chance, sketch: Sketch, low: int, high: int) -> Data:
    """Percentages by level of a counter or of the deal."""
    counters = sketch.plan["counters"]
    by = chance.one([name for name in counters if name in STEPS] + ["price", "gross", "part"])
    mode = chance.one(("marginal", "entering", "resulting"))
    if by == "company_dollar":
        mode = "entering"
    least, most = STEPS[by]
    tops = sorted({chance.whole(least, most) for _ in range(chance.whole(1, 3))})
    levels: list[Data] = [{"up_to": top, "percent": chance.percent(low, high)} for top in tops]
    return {"by": by, "mode": mode, "levels": [*levels, {"percent": chance.percent(low, high)}]}


STEPS = {
    "gci": (5_000, 120_000),
    "volume": (200_000, 3_000_000),
    "units": (1, 10),
    "deal_count": (1, 10),
    "company_dollar": (1_000, 15_000),
    "price": (50_000, 900_000),
    "gross": (2_000, 30_000),
    "part": (1_000, 20_000),
}


def off_the_top(chance: Chance, name: str) -> Data:
    """One deduction before the co-agents share the commission."""
    code = chance.one(("referral", "rebate", "levy", "royalty", "marketing", "fee"))
    rule = {
        "rule": name,
        "code": code,
        "payee": chance.one(("franchisor", "buyer", "outside_broker", "mls", "company")),
    }
    if chance.maybe(0.2):
        return rule | {"flat": chance.money(10, 300)}
    if chance.maybe(0.12):
        return rule | {chance.one(("lesser_of", "greater_of")): [{"flat": chance.money(50, 600)}, _top_percent(chance)]}
    rule |= _top_percent(chance)
    rule |= clamps(chance, 0.15)
    if chance.maybe(0.15):
        rule["rank"] = chance.whole(1, 70)
    if chance.maybe(0.15):
        rule["when"] = when(chance, {}, of_the_deal=True)
    return rule


def _top_percent(chance: Chance) -> Data:
    of = chance.one(("gross", "gross", "gross_left", "gross_left", "price", "price_net"))
    return {"percent": f"0.{chance.whole(1, 20):02d}" if of.startswith("price") else chance.percent(1, 12), "of": of}


def asking_for_an_agent(chance: Chance, counters: Data) -> Data:
    """An off-the-top rule that can only be taken of each co-agent's part."""
    rule = {"rule": "top_each", "code": "royalty", "payee": "franchisor"} | _top_percent(chance)
    kind = chance.whole(1, 4)
    if kind == 1 and "royalty_base" in counters:
        return rule | {"capped_by": "royalty_base", "cap_on": "basis"}
    moved = [name for name in counters if name not in {"gci", "volume", "units", "deal_count"}]
    if kind == 2 and moved:
        return rule | {"counts": [chance.one(moved)]}
    if kind == 3:
        return rule | {"payee": chance.one(("mentor", "recruiter"))}
    return rule | {"when": chance.one(({"role": ["agent"]}, {"part": {"above": 4_000}}))}


def section(chance: Chance, sketch: Sketch, section: str) -> list[Data]:
    """The charges of one stage; a later one may name an earlier one as its basis."""
    makers = {
        "before_split": (_plain, (0, 0, 1, 2)),
        "team": (_team, (0, 0, 1)),
        "royalty": (_royalty, (0, 0, 1)),
        "fees": (_fee, (0, 1, 2, 3)),
        "overrides": (_override, (0, 0, 1, 2)),
        "deductions": (_deduction, (0, 0, 1, 2)),
    }
    make, counts = makers[section]
    rows = []
    for place in range(chance.one(counts)):
        row = {"rule": f"{section}_{place}"} | make(chance, sketch, place)
        if "when" not in row and chance.maybe(0.18):
            row["when"] = when(chance, sketch.plan["counters"])
        sketch.rules.append(row["rule"])
        rows.append(row)
    return rows


def _of(chance: Chance, sketch: Sketch) -> Any:
    """A basis, an earlier rule, or a sum."""
    if sketch.rules and chance.maybe(0.15):
        return chance.one(sketch.rules)
    if sketch.rules and chance.maybe(0.15):
        return {"plus": ["part", sketch.rules[0]], "minus": sketch.rules[1:][-1:]}
    return chance.one(sketch.bases)


def _plain(chance: Chance, sketch: Sketch, _place: int) -> Data:
    body = {"code": chance.one(("levy", "marketing", "royalty", "referral", "rebate")), "payee": chance.one(PARTIES)}
    if chance.maybe(0.08):
        # Only of co-agents' parts: his own would go to himself again.
        body |= {"code": "referral", "payee": "agent:ron", "splits": True, "when": {"role": ["agent"]}}
        return body | {"percent": chance.percent(5, 20), "of": "part"}
    if chance.maybe(0.15):
        return body | {"percent": chance.percent(1, 6), "of": _of(chance, sketch)}
    return body | amount(chance, sketch.bases)


def _team(chance: Chance, sketch: Sketch, _place: int) -> Data:
    body: Data = {"code": "team", "payee": "lead"}
    if chance.maybe(0.25):
        body |= {"tiers": tiers(chance, sketch, 5, 40), "of": chance.one(["part", "left"])}
    else:
        body |= {"percent": chance.percent(5, 50), "of": chance.one(sketch.bases)}
    if chance.maybe(0.5):
        body["splits"] = True
    return body


def _royalty(chance: Chance, sketch: Sketch, _place: int) -> Data:
    body: Data = {
        "code": "royalty",
        "payee": "franchisor",
        "percent": chance.percent(1, 8),
        "of": chance.one(sketch.bases),
    }
    if "royalty_base" in sketch.plan["counters"]:
        body |= {"capped_by": "royalty_base", "cap_on": "basis"}
    else:
        body |= clamps(chance, 0.2)
    if chance.maybe(0.2):
        body["borne_by"] = "company"
    return body


def _fee(chance: Chance, sketch: Sketch, _place: int) -> Data:
    body: Data = {"code": "fee", "payee": chance.one(("company", "company", "company", "franchisor"))}
    kind = chance.whole(1, 20)
    if kind <= 7:
        body |= amount(chance, sketch.bases)
    elif kind <= 9:
        body |= {"tiers": tiers(chance, sketch, 1, 10), "of": chance.one(["part", "left"])}
    else:
        body["per"] = chance.one(("deal", "side"))
        body |= _shared_fee(chance, sketch)
    if "fee_total" in sketch.plan["counters"] and chance.maybe(0.5):
        body["capped_by"] = "fee_total"
    if sketch.money and chance.maybe(0.1):
        body["counts"] = [chance.one(sketch.money)]
    if chance.maybe(0.08):
        body["borne_by"] = chance.one(("company", "outside"))
        body["payee"] = "insurer"
    if chance.maybe(0.08):
        body["only_if_left"] = True
    return body


def _shared_fee(chance: Chance, sketch: Sketch) -> Data:
    kind = chance.whole(1, 10)
    if kind <= 3:
        word = chance.one(("lesser_of", "greater_of"))
        return {word: [of_the_deal(chance), {"percent": chance.percent(1, 10), "of": chance.one(sketch.bases[:3])}]}
    if kind == 4:
        return {"flat": chance.money(10, 300), "percent": chance.percent(1, 4), "of": "part"}
    body = of_the_deal(chance)
    if chance.maybe(0.6):
        body["shared"] = chance.one(("by_share", "first", "each"))
    return body


def _override(chance: Chance, sketch: Sketch, _place: int) -> Data:
    payee = chance.one(("mentor", "recruiter", "lead", "agent:zoe"))
    code = "mentor" if payee == "mentor" else chance.one(("override", "revenue_share"))
    body = {"code": code, "payee": payee, "borne_by": chance.one(("agent", "company", "company", "outside"))}
    if chance.maybe(0.3):
        return body | {"percent": chance.percent(1, 10), "of": _of(chance, sketch)}
    return body | amount(chance, sketch.bases)


def _deduction(chance: Chance, sketch: Sketch, place: int) -> Data:
    body: Data = {"code": "deduction", "payee": chance.one(("court", "advance_co", "company"))}
    if chance.maybe(0.8):
        body["rank"] = place * 10 + chance.whole(1, 9)
    if chance.maybe(0.3):
        return body | {"percent": chance.percent(5, 60), "of": chance.one([*sketch.bases, "left"])}
    return body | {"flat": chance.money(50, 6_000)}


PARTIES = ("franchisor", "company", "board", "charity", "agent:zoe")

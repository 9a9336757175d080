"""Random plans, as plan files hold them: every word of the plan language, alone and with others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.oracle.chance import Chance
from tests.oracle.generate_rules import amount, clamps, of_the_deal, when

Data = dict[str, Any]
SECTIONS = ["before_split", "team", "split", "royalty", "fees", "overrides", "deductions"]
PARTIES = ("franchisor", "company", "board", "charity", "agent:zoe")


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
    bases: list[str] = field(default_factory=lambda: ["part", "part", "left", "part_without_bonus", "gross_left"])
    rules: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class House:
    """What all plans of one brokerage have alike.

    Attributes:
        alike: off-the-top rules that every plan has.
        pools: counters of teams, and of agents who share a cap.
    """

    rounding: str
    currency: str
    tax: Data | None
    alike: tuple[Data, ...]
    pools: dict[str, Data]


def house(chance: Chance) -> House:
    """A brokerage."""
    tax = None
    if chance.maybe(0.2):
        tax = {
            "name": "HST",
            "percent": chance.one((5, 13, "14.975")),
            "pass_on": chance.some(("agents", "referrals"), 2),
        }
        tax["on_fees"] = chance.maybe(0.6)
        if chance.maybe(0.5):
            tax["states"] = ["ON", "BC"]
        if chance.maybe(0.5):
            tax["remitted_to"] = "receiver_general"
    alike = tuple(off_the_top(chance, f"top_{place}") for place in range(chance.one((0, 0, 1, 2))))
    pools: dict[str, Data] = {}
    for name, per in (("team_pool", "team"), ("joint_pool", "shared")):
        if chance.maybe(0.35):
            pools[name] = {"per": per, "cap": chance.money(4_000, 30_000), **_year(chance, pool=True)}
            if per == "team" and chance.maybe(0.5):
                pools[name]["cap_per_member"] = chance.money(100, 2_000)
    rounding = chance.one(("half_up", "half_up", "half_even", "half_down"))
    return House(rounding, chance.one(("USD", "CAD")) if tax else "USD", tax, alike, pools)


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


def plan(chance: Chance, own: House, name: str) -> Data:
    """A plan of this brokerage."""
    sketch = Sketch({"plan": name, "title": name, "rounding": own.rounding, "currency": own.currency})
    body = sketch.plan
    body["counters"] = _counters(chance, own)
    sketch.money = [key for key in body["counters"] if key in {"company_dollar", "team_pool", "joint_pool"}]
    if own.tax:
        body["tax"] = own.tax
    if chance.maybe(0.2):
        body["dates"] = {"cap_year": chance.one(("contract", "closing", "funded"))}
    body["off_the_top"] = list(own.alike)
    if chance.maybe(0.25):
        body["off_the_top"].append(off_the_top(chance, "top_own"))
    if chance.maybe(0.12):
        body["off_the_top"].append(_asking_for_an_agent(chance, body["counters"]))
    order = _order(chance)
    if order != SECTIONS:
        body["order"] = order
    for section in order:
        if section == "split":
            if chance.maybe(0.9):
                body["split"] = _split(chance, sketch)
            sketch.bases += ["company_dollar", "after_split", "after_split"]
        else:
            body[section] = _section(chance, sketch, section)
    return body


def _asking_for_an_agent(chance: Chance, counters: Data) -> Data:
    """An off-the-top rule that can only be taken of each co-agent's part."""
    rule = {"rule": "top_each", "code": "royalty", "payee": "franchisor"} | _top_percent(chance)
    kind = chance.whole(1, 4)
    if kind == 1 and "royalty_base" in counters:
        return rule | {"capped_by": "royalty_base", "cap_on": "basis"}
    if kind == 2 and counters:
        return rule | {"counts": [chance.one(list(counters))]}
    if kind == 3:
        return rule | {"payee": chance.one(("mentor", "recruiter"))}
    return rule | {"when": chance.one(({"role": ["agent"]}, {"part": {"above": 4_000}}))}


def _order(chance: Chance) -> list[str]:
    kind = chance.whole(1, 20)
    if kind <= 14:
        return list(SECTIONS)
    if kind <= 17:
        return ["before_split", "split", "team", "royalty", "fees", "overrides", "deductions"]
    return chance.shuffled(SECTIONS)


def _year(chance: Chance, *, pool: bool = False) -> Data:
    """When a counter starts anew; pools not by anniversary, which is each agent's own."""
    kinds = ("calendar", "custom", "month", "never")
    kind = chance.one(kinds) if pool or chance.maybe(0.5) else "anniversary"
    year: Data = {"year": kind}
    if kind == "custom":
        year["starts"] = chance.one(("07-01", "11-01", "04-06", "02-29"))
    if kind == "anniversary" and chance.maybe(0.2):
        year["anniversary"] = "royalty"
    if kind in {"anniversary", "custom"} and chance.maybe(0.3):
        year["leap_day"] = chance.one(("02-28", "03-01"))
    return year


def _counters(chance: Chance, own: House) -> Data:
    """Counters with and without caps."""
    likely = {
        "company_dollar": 0.8,
        "royalty_base": 0.4,
        "fee_total": 0.5,
        "gci": 0.5,
        "volume": 0.35,
        "units": 0.35,
        "deal_count": 0.5,
    }
    caps = {
        "company_dollar": (0.85, 2_000, 24_000),
        "royalty_base": (0.95, 5_000, 60_000),
        "fee_total": (0.9, 100, 750),
        "gci": (0.3, 20_000, 100_000),
        "volume": (0.2, 300_000, 2_000_000),
        "units": (0.3, 2, 9),
        "deal_count": (0.4, 1, 12),
    }
    counters: Data = {}
    for name, chances in likely.items():
        if not chance.maybe(chances):
            continue
        counters[name] = _year(chance)
        odds, low, high = caps[name]
        if chance.maybe(odds):
            counters[name]["cap"] = chance.whole(low, high) if high < 20 else chance.money(low, high)
            if counters[name]["year"] not in {"month", "never"} and chance.maybe(0.25):
                counters[name]["prorate"] = chance.one(("monthly", "daily"))
            elif chance.maybe(0.1):
                counters[name]["cap_per_member"] = chance.money(1, 900)
    return counters | own.pools


def _split(chance: Chance, sketch: Sketch) -> Data:
    split: Data = {}
    if chance.maybe(0.42):
        split["tiers"] = tiers(chance, sketch, 5, 60)
    else:
        split["company"] = chance.percent(0, 50)
    if chance.maybe(0.3):
        split["of"] = chance.one(sketch.bases[:4])
    elif sketch.rules and chance.maybe(0.2):
        split["of"] = {"plus": ["part"], "minus": [chance.one(sketch.rules)]}
    if chance.maybe(0.12):
        of = chance.one(("price", "price_net"))
        split["floor"] = (
            {"percent": chance.percent(1, 4), "of": of} if chance.maybe(0.6) else {"flat": chance.money(1_000, 9_000)}
        )
    if chance.maybe(0.15):
        split["minimum"] = chance.money(50, 900)
    if chance.maybe(0.15):
        split["maximum"] = chance.money(900, 9_000)
    if sketch.money and chance.maybe(0.8):
        split["capped_by"] = chance.one(sketch.money)
        split["straddle"] = chance.one(("clip", "clip", "next_deal"))
        if chance.maybe(0.4):
            split["after_cap"] = chance.percent(1, 20)
    if sketch.money and chance.maybe(0.15):
        split["counts"] = list(dict.fromkeys([split.get("capped_by", sketch.money[0]), chance.one(sketch.money)]))
    if chance.maybe(0.12):
        split["when"] = when(chance, sketch.plan["counters"])
    return split


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


def _section(chance: Chance, sketch: Sketch, section: str) -> list[Data]:
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
        return {"plus": ["part", chance.one(sketch.rules)], "minus": [chance.one(sketch.rules)]}
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

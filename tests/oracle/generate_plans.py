"""Random plans, as plan files hold them: every word of the plan language, alone and with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.oracle.chance import Chance
from tests.oracle.generate_charges import Sketch, asking_for_an_agent, off_the_top, section, tiers
from tests.oracle.generate_rules import when

Data = dict[str, Any]
SECTIONS = ["before_split", "team", "split", "royalty", "fees", "overrides", "deductions"]


@dataclass(frozen=True)
class House:
    """What all plans of one brokerage have alike.

    Attributes:
        alike: off-the-top rules that every plan has.
        cap_year: the day that decides, which plans with a pool must agree on; None: each plan has its own.
        pools: counters of teams, and of agents who share a cap; every plan has them.
    """

    rounding: str
    currency: str
    tax: Data | list[Data] | None
    alike: tuple[Data, ...]
    pools: dict[str, Data]
    cap_year: str | None


def house(chance: Chance) -> House:
    """A brokerage."""
    tax: Data | list[Data] | None = None
    if chance.maybe(0.2):
        tax = _tax(chance, "HST")
        if chance.maybe(0.3):
            tax = [tax, _tax(chance, "QST")]
    alike = tuple(off_the_top(chance, f"top_{place}") for place in range(chance.one((0, 0, 1, 2))))
    pools: dict[str, Data] = {}
    for name, per in (("team_pool", "team"), ("joint_pool", "shared")):
        if chance.maybe(0.35):
            pools[name] = {"per": per, "cap": chance.money(4_000, 30_000), **_year(chance, pool=True)}
            if per == "team" and chance.maybe(0.5):
                pools[name]["cap_per_member"] = chance.money(100, 2_000)
    for name in ("gci", "volume"):
        if chance.maybe(0.06):
            pools[name] = {"per": "team", **_year(chance, pool=True)}
    cap_year = chance.one(("contract", "closing", "closing", "funded")) if pools else None
    rounding = chance.one(("half_up", "half_up", "half_even", "half_down"))
    return House(rounding, chance.one(("USD", "CAD")) if tax else "USD", tax, alike, pools, cap_year)


def _tax(chance: Chance, name: str) -> Data:
    tax = {"name": name, "percent": chance.one((5, 13, "9.975")), "pass_on": chance.some(("agents", "referrals"), 2)}
    tax["on_fees"] = chance.maybe(0.6)
    if chance.maybe(0.4):
        tax["states"] = ["ON", "BC"]
    if chance.maybe(0.6):
        tax["remitted_to"] = "receiver_general"
    return tax


def plan(chance: Chance, own: House, name: str) -> Data:
    """A plan of this brokerage."""
    sketch = Sketch({"plan": name, "title": name, "rounding": own.rounding, "currency": own.currency})
    body = sketch.plan
    body["counters"] = _counters(chance, own)
    sketch.money = [key for key in body["counters"] if key in {"company_dollar", "team_pool", "joint_pool"}]
    if own.tax:
        body["tax"] = own.tax
    cap_year = own.cap_year or (chance.one(("contract", "closing", "funded")) if chance.maybe(0.2) else None)
    if cap_year:
        body["dates"] = {"cap_year": cap_year}
    body["off_the_top"] = list(own.alike)
    if chance.maybe(0.25):
        body["off_the_top"].append(off_the_top(chance, "top_own"))
    if chance.maybe(0.12):
        body["off_the_top"].append(asking_for_an_agent(chance, body["counters"]))
    order = _order(chance)
    if order != SECTIONS:
        body["order"] = order
    for stage in order:
        if stage == "split":
            if chance.maybe(0.9):
                body["split"] = _split(chance, sketch)
                sketch.bases += ["company_dollar", "after_split", "after_split"]
        else:
            body[stage] = section(chance, sketch, stage)
    _only_caps_that_end_something(chance, body)
    return body


def _only_caps_that_end_something(chance: Chance, body: Data) -> None:
    """A cap that no rule goes by, and a rule that goes by no cap, are mistakes of a plan."""
    rules = [rule for section in ("off_the_top", *SECTIONS) if section != "split" for rule in body.get(section, [])]
    rules.append(body.get("split", {}))
    used = {rule["capped_by"] for rule in rules if rule.get("capped_by")}
    used.update(name for rule in rules for name in rule.get("when", {}).get("cap", {}))
    for name, counter in list(body["counters"].items()):
        if name in used:
            counter.setdefault(
                "cap", chance.whole(1, 9) if name in {"units", "deal_count"} else chance.money(300, 20_000)
            )
        else:
            body["counters"][name] = {
                key: value for key, value in counter.items() if key not in {"cap", "prorate", "cap_per_member"}
            }


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
    if (kind == "anniversary" or year.get("starts") == "02-29") and chance.maybe(0.4):
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
    split |= _split_bounds(chance)
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


def _split_bounds(chance: Chance) -> Data:
    bounds: Data = {}
    if chance.maybe(0.12):
        of = chance.one(("price", "price_net"))
        bounds["floor"] = (
            {"percent": chance.percent(1, 4), "of": of} if chance.maybe(0.6) else {"flat": chance.money(1_000, 9_000)}
        )
    if chance.maybe(0.15):
        bounds["minimum"] = chance.money(50, 900)
    if chance.maybe(0.15):
        bounds["maximum"] = chance.money(900, 9_000)
    return bounds

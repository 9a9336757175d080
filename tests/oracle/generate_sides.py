"""Random sides of a deal: commissions, agreements, who pays, who shares."""

from __future__ import annotations

from typing import Any

from tests.oracle.chance import Chance

Data = dict[str, Any]
PAYERS = ("seller", "listing_broker", "builder", "buyer")


def side(chance: Chance, kind: str, people: list[Data]) -> Data:
    """One side with its co-agents."""
    body: Data = {"side": kind, "agents": _shared(chance, people)}
    spec = commission(chance, kind)
    body["commission"] = spec
    if kind in {"buying", "both"} and chance.maybe(0.55):
        body["agreement"] = _simple(chance)
        if chance.maybe(0.15):
            body["agreement"]["in_house"] = _simple(chance)
        if chance.maybe(0.5):
            del body["commission"]
        body["offers"] = [_offer(chance) for _ in range(chance.whole(0, 3))]
    elif chance.maybe(0.15):
        body["offers"] = [_offer(chance), {"payer": "seller", "percent": chance.percent(7, 9), "flat": 20_000}]
    if chance.maybe(0.3):
        body["payer"] = chance.one(PAYERS)
    if chance.maybe(0.18):
        body["bonuses"] = [_bonus(chance, people) for _ in range(chance.whole(1, 2))]
    return body


def commission(chance: Chance, kind: str) -> Data:
    """What a side earns."""
    how = chance.whole(1, 100)
    if how <= 4:
        return {"percent": 0} if chance.maybe(0.5) else {"flat": 0}
    if how <= 16 and kind in {"listing", "both"}:
        return {"percent": chance.percent(4, 7), "less_cooperating": {"percent": chance.percent(1, 3)}}
    spec = _simple(chance)
    if kind in {"listing", "both"} and chance.maybe(0.25):
        spec["in_house"] = _simple(chance)
    return spec


def _simple(chance: Chance) -> Data:
    kind = chance.whole(1, 10)
    spec: Data
    if kind <= 1:
        spec = {"flat": chance.money(500, 15_000)}
    elif kind <= 3:
        tops = sorted({chance.whole(20, 300) * 1_000 for _ in range(chance.whole(1, 2))})
        spec = {"brackets": [{"up_to": top, "percent": chance.percent(2, 6)} for top in tops]}
        spec["brackets"].append({"percent": chance.percent(1, 3)})
    elif kind <= 4:
        spec = {"flat": chance.money(100, 2_000), "percent": chance.percent(1, 3)}
    else:
        spec = {"percent": chance.percent(1, 6)}
    if chance.maybe(0.25):
        spec["of"] = "price_net"
    elif chance.maybe(0.06):
        spec["base"] = chance.money(50_000, 500_000)
    if chance.maybe(0.12):
        spec["minimum"] = chance.money(1_000, 6_000)
    if chance.maybe(0.12):
        spec["maximum"] = chance.money(6_000, 25_000)
    return spec


def _offer(chance: Chance) -> Data:
    body: Data = {"payer": chance.one(PAYERS)}
    body |= {"flat": chance.money(0, 8_000)} if chance.maybe(0.4) else {"percent": chance.percent(0, 3)}
    if chance.maybe(0.15):
        body["bonus"] = True
    return body


def _bonus(chance: Chance, people: list[Data]) -> Data:
    body: Data = {"title": "Selling bonus", "amount": chance.money(50, 5_000), "payer": chance.one(PAYERS)}
    if chance.maybe(0.5):
        body["to"] = chance.one(("company", "agent", f"agent:{people[-1]['agent']}"))
    return body


def _shared(chance: Chance, people: list[Data]) -> list[Data]:
    """Shares that make a whole: halves, thirds, odd percentages; now and then a flat amount before them."""
    flat = len(people) > 1 and chance.maybe(0.2)
    sharing = people[1:] if flat else people
    rows = [{**people[0], "flat": chance.money(50, 900)}] if flat else []
    if len(sharing) == 2 and chance.maybe(0.4):
        part = chance.one((("60%", "40%"), ("55.5%", "44.5%"), ("33.33%", "66.67%"), ("99.9%", "0.1%")))
        return rows + [{**person, "share": text} for person, text in zip(sharing, part, strict=True)]
    weights = [chance.whole(1, 7) for _ in sharing]
    if chance.maybe(0.5):
        weights = [1] * len(sharing)
    whole = sum(weights)
    rows += [
        {**person, "share": 1 if len(sharing) == 1 else f"{weight}/{whole}"}
        for person, weight in zip(sharing, weights, strict=True)
    ]
    return chance.shuffled(rows)

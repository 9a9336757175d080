"""Parts of random rules: amounts, limits, conditions."""

from __future__ import annotations

from typing import Any

from tests.oracle.chance import Chance

Data = dict[str, Any]
DEAL_WORDS = ("personal", "rush")
AGENT_WORDS = ("new", "elite")
STATES = ("ON", "BC", "CO", "TX")
PROPERTIES = ("single_family", "condo", "land", "commercial")


def clamps(chance: Chance, likely: float) -> Data:
    """A least and a most, or neither."""
    bounds: Data = {}
    if chance.maybe(likely):
        bounds["minimum"] = chance.money(10, 300)
    if chance.maybe(likely):
        bounds["maximum"] = chance.money(300, 3_000)
    return bounds


def amount(chance: Chance, bases: list[str], *, most: int = 12) -> Data:
    """A flat amount, a percentage of one of these, both, or a step fee."""
    kind = chance.whole(1, 20)
    if kind <= 7:
        return {"flat": chance.money(10, 700)}
    if kind <= 9:
        return {"step": step(chance, [base for base in bases if base in STEP_BASES])}
    if kind == 10:
        of = chance.one(("price", "price_net", "gross"))
        return {"percent": chance.percent(1, 4) if of == "gross" else f"0.{chance.whole(1, 15):02d}", "of": of}
    body: Data = {"percent": chance.percent(1, most), "of": chance.one(bases)}
    if kind <= 12:
        return body | {"flat": chance.money(10, 300)}
    return body | clamps(chance, 0.15)


STEP_BASES = ("part", "left", "gross", "after_split")


def step(chance: Chance, bases: list[str]) -> Data:
    """So much for each so much."""
    body: Data = {"flat": chance.money(10, 200), "each": chance.money(1_000, 6_000), "of": chance.one(bases)}
    if chance.maybe(0.7):
        body["partial"] = chance.one(("full", "free", "prorated"))
    return body


def of_the_deal(chance: Chance) -> Data:
    """An amount that is the deal's or the side's, to be shared out."""
    kind = chance.whole(1, 10)
    if kind <= 6:
        return {"flat": chance.money(10, 700)}
    if kind <= 8:
        return {"percent": f"0.{chance.whole(1, 15):02d}", "of": chance.one(("price", "price_net"))} | clamps(
            chance, 0.2
        )
    return {"percent": chance.percent(1, 5), "of": "gross"} | clamps(chance, 0.2)


def when(chance: Chance, counters: Data, *, of_the_deal: bool = False) -> Data:
    """One or two conditions."""
    asked: Data = {}
    for _ in range(chance.whole(1, 2)):
        asked |= _one_of_the_deal(chance) if of_the_deal or chance.maybe(0.55) else _one_of_the_agent(chance, counters)
    if set(asked.get("flags", [])) & set(asked.get("without", [])):
        del asked["without"]
    return asked


def bounds(chance: Chance, low: int, high: int) -> Data:
    """A range, open on one side or on none."""
    middle = chance.whole(low + 1, high)
    return chance.one(
        ({"at_least": middle}, {"below": middle}, {"above": middle}, {"up_to": middle}, {"above": low, "up_to": middle})
    )


def _one_of_the_deal(chance: Chance) -> Data:
    return chance.one(
        (
            {"deal_type": chance.one((["sale"], ["lease", "referral"], ["sale", "lease"]))},
            {"property_type": list(PROPERTIES[: chance.whole(1, 3)])},
            {"state": list(STATES[: chance.whole(1, 3)])},
            {"side": chance.one((["listing"], ["buying", "both"], ["listing", "buying", "referral"]))},
            {"flags": [chance.one(DEAL_WORDS)]},
            {"without": [chance.one(DEAL_WORDS)]},
            {"closing": {"starts": f"202{chance.whole(4, 5)}-0{chance.whole(1, 9)}-01"}},
            {"closing": {"until": f"202{chance.whole(5, 7)}-0{chance.whole(1, 9)}-28"}},
            {"price": bounds(chance, 50_000, 600_000)},
            {"gross": bounds(chance, 2_000, 20_000)},
        )
    )


def _one_of_the_agent(chance: Chance, counters: Data) -> Data:
    capped = [name for name, counter in counters.items() if counter.get("cap") is not None]
    kind = chance.whole(1, 7)
    if kind <= 2 and capped:
        return {
            "cap": {
                chance.one(capped): chance.one((["before"], ["here"], ["open"], ["before", "here"], ["here", "open"]))
            }
        }
    if kind <= 4 and counters:
        name = chance.one(list(counters))
        high = 10 if name in {"units", "deal_count"} else 20_000
        return {"counter": {name: bounds(chance, 1, high)}}
    return chance.one(
        (
            {"part": bounds(chance, 1_000, 15_000)},
            {"role": chance.one((["agent"], ["lead"], ["agent", "referred"], ["lead", "referred"]))},
            {"flags": [chance.one(AGENT_WORDS)]},
            {"without": [chance.one(AGENT_WORDS)]},
        )
    )

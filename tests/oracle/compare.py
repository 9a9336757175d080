"""Both implementations over the same data: where they differ, and the least data on which they still do."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from commissions.engine import GoverningPlan, compute
from domain.commission.calculation import Calculation
from domain.commission.closing import Closing
from domain.commission.plan import Plan
from domain.errors import CommissionRefused
from tests.oracle.books import Refused
from tests.oracle.features import features
from tests.oracle.generate import Case, cases
from tests.oracle.naive import Result, settle

Data = dict[str, Any]


@dataclass
class Tally:
    """What a comparison came to.

    Attributes:
        deals: compared; `refused`: by both of them.
        features: how many deals had each.
        differences: seed and place of a deal, what differs.
    """

    deals: int = 0
    refused: int = 0
    features: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """The sum of both."""
        self.deals += other.deals
        self.refused += other.refused
        self.features += other.features
        self.differences += other.differences


def compare(seeds: range, each: int = 5) -> Tally:
    """The deals of these worlds."""
    tally = Tally()
    for seed in seeds:
        read: dict[int, GoverningPlan] = {}
        for case in cases(seed, each):
            result, differs = difference(case.deal, case.plans, read)
            if differs:
                tally.differences.append((case.seed, case.place, differs))
            tally.deals += 1
            if result is None:
                tally.refused += 1
            else:
                tally.features.update(result.seen | features(case.deal, case.plans))
    return tally


def difference(
    deal: Data, plans: Mapping[str, Data], read: dict[int, GoverningPlan] | None = None
) -> tuple[Result | None, str]:
    """What the naive one says (None: it refuses), and where the engine differs; empty if it does not."""
    naive, why = _naive(deal, plans)
    try:
        calculation = engine(deal, plans, read)
    except CommissionRefused as refusal:
        return naive, f"only the engine refuses: {refusal.reason()}" if naive else ""
    except Exception as bug:  # noqa: BLE001 - whatever it is, it is a difference to be told with its data
        return naive, f"the engine fails: {type(bug).__name__}: {bug}"
    if naive is None:
        return None, f"only the oracle refuses: {why}"
    return naive, "; ".join(_differences(naive, calculation))


def _naive(deal: Data, plans: Mapping[str, Data]) -> tuple[Result | None, str]:
    try:
        return settle(deal, dict(plans)), ""
    except Refused as refusal:
        return None, str(refusal)


def engine(deal: Data, plans: Mapping[str, Data], read: dict[int, GoverningPlan] | None = None) -> Calculation:
    """The engine on plain data."""
    read = {} if read is None else read
    for plan in plans.values():
        if id(plan) not in read:
            read[id(plan)] = GoverningPlan(Plan.model_validate(plan), "file")
    return compute(Closing.model_validate(deal), {agent: read[id(plan)] for agent, plan in plans.items()})


def _differences(naive: Result, calculation: Calculation) -> Iterator[str]:
    codes: Counter[str] = Counter()
    for line in calculation.lines:
        codes[line.code.value] += line.amount.cents
    counters = {(key.owner, key.counter, key.period): calculation.after(key) for key in calculation.opening}
    owed: Counter[tuple[str, str]] = Counter()
    for row in calculation.receivables:
        owed[row.agent, row.owed_to] += row.amount.cents
    yield from _unlike("gross", {"": naive.gross}, {"": calculation.gross.cents})
    yield from _unlike("code", naive.codes, codes)
    yield from _unlike("payee", naive.payees, {party: money.cents for party, money in calculation.payees.items()})
    known = {key: value for key, value in naive.counters.items() if key not in counters}
    for key in known:
        yield f"counter {key}: the engine has none"
    yield from _unlike("counter", naive.counters, {key: counters.get(key, 0) for key in naive.counters})
    yield from (
        f"counter {key}: only the engine moves it"
        for key, value in calculation.movements.items()
        if value and (key.owner, key.counter, key.period) not in naive.counters
    )
    yield from _unlike("owed", naive.owed, owed)


def _unlike(what: str, naive: Mapping[Any, int], found: Mapping[Any, int]) -> Iterator[str]:
    for name in sorted({*naive, *found}, key=str):
        if naive.get(name, 0) != found.get(name, 0):
            yield f"{what} {name}: oracle {naive.get(name, 0)}, engine {found.get(name, 0)}"


def least(case: Case) -> tuple[Data, dict[str, Data], str]:
    """The least data on which they still differ: whatever can go, goes."""
    whole: Data = {"deal": copy.deepcopy(case.deal), "plans": copy.deepcopy(case.plans)}
    kind = _kind(difference(case.deal, case.plans)[1])
    shrinking = bool(kind)
    while shrinking:
        shrinking = False
        for path in list(_removable(whole)):
            smaller = _without(whole, path)
            if smaller is not None and _still(smaller, kind):
                whole, shrinking = smaller, True
    return whole["deal"], whole["plans"], difference(whole["deal"], whole["plans"])[1]


def _kind(differs: str) -> str:
    """What differs first, without figures."""
    return differs.split(":", maxsplit=1)[0]


def _still(whole: Data, kind: str) -> bool:
    try:
        return _kind(difference(whole["deal"], whole["plans"])[1]) == kind
    except Exception:  # noqa: BLE001 - data that is no plan any more is no smaller case
        return False


def _removable(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, below in pairs:
        yield (*path, key)
        yield from _removable(below, (*path, key))


def _without(whole: Data, path: tuple[Any, ...]) -> Data | None:
    smaller = copy.deepcopy(whole)
    node: Any = smaller
    try:
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]
    except (KeyError, IndexError, TypeError):
        return None
    return smaller

"""The chain of an owner's ledger: each entry begins where the one before it ended. Pure.

An entry carries every counter that the owner ever had, whatever plan is theirs by now: counter name to (period, value).
Under the bare name stands the counter's newest period, beside it some older ones, as `name@period`: where a plan counts
by the day of contract or funding, deals of an older year may still follow on one of a newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.commission.calculation import Calculation, CounterKey
from domain.commission.settlement import LedgerEntry, Order

#: Counter name to (period, value in hundredths).
Values = Mapping[str, tuple[str, int]]

#: Older periods of one counter that are kept: a year of months, between contract and closing.
_KEPT = 12


def value_of(values: Values, key: CounterKey) -> int | None:
    """What the chain says of a counter; None where its period has not begun."""
    for name in (key.counter, f"{key.counter}@{key.period}"):
        held = values.get(name)
        if held is not None and held[0] == key.period:
            return held[1]
    return None


def keys_of(owner: str, values: Values) -> frozenset[CounterKey]:
    """Every counter that the chain carries."""
    return frozenset(CounterKey(owner, name.partition("@")[0], period) for name, (period, _) in values.items())


def entry_of(
    owner: str, calculation: Calculation, before: Values, *, deal_id: str, number: int, order: Order
) -> LedgerEntry:
    """The entry of a calculation in the ledger of one owner, behind an entry that ended with `before`."""
    mine = [key for key in calculation.opening if key.owner == owner]
    begins = _with(before, ((key, calculation.opening[key]) for key in mine))
    ends = _with(begins, ((key, calculation.after(key)) for key in mine))
    return LedgerEntry(owner=owner, order=order, deal_id=deal_id, number=number, before=begins, after=ends)


def _with(values: Values, changes: Iterable[tuple[CounterKey, int]]) -> dict[str, tuple[str, int]]:
    result = dict(values)
    for key, value in changes:
        name, period = key.counter, key.period
        held = result.get(name)
        if held is None or held[0] == period:
            result[name] = (period, value)
        elif held[0] < period:
            result[f"{name}@{held[0]}"] = held
            result.pop(f"{name}@{period}", None)
            result[name] = (period, value)
        else:
            result[f"{name}@{period}"] = (period, value)
        _prune(result, name)
    return result


def _prune(result: dict[str, tuple[str, int]], name: str) -> None:
    older = sorted(one for one in result if one.startswith(f"{name}@"))
    for one in older[:-_KEPT]:
        del result[one]

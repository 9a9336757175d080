"""What can be wrong with the counters of a plan, and with naming them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping

from commissions.files.problems import Found, Location, money
from domain.commission.charges import When
from domain.commission.plan import SELF_MOVING, CapYear, Counter, Plan
from mappings.plain_words import nearest


def check_counters(plan: Plan, found: Found) -> None:
    """Each counter by itself, and caps that were meant to end something and do not."""
    consulted, counted = caps_consulted(plan), _counted(plan)
    for name, counter in plan.counters.items():
        at: Location = ("counters", name)
        _check_year(counter, at, found)
        _check_cap(counter, at, found)
        if counter.cap is not None and name in counted - consulted:
            remedy = f"write `capped_by: {name}` in the split or the charge that it ends, or remove the cap"
            found.add((*at, "cap"), money(counter.cap), "a cap that a rule goes by", remedy)


def _check_year(counter: Counter, at: Location, found: Found) -> None:
    if counter.year is CapYear.CUSTOM and counter.starts is None:
        found.add((*at, "year"), "custom", "a `starts` beside it", "add `starts: MM-DD`, the first day of the year")
    if counter.starts is not None:
        _check_starts(counter, counter.starts, (*at, "starts"), found)
    if counter.anniversary != "start" and counter.year is not CapYear.ANNIVERSARY:
        expected = "no anniversary, because the year does not go by one"
        found.add((*at, "anniversary"), counter.anniversary, expected, "remove it, or write `year: anniversary`")
    leaps = counter.year is CapYear.ANNIVERSARY or (counter.year is CapYear.CUSTOM and counter.starts == "02-29")
    if counter.leap_day != "03-01" and not leaps:
        expected = "nothing, because this year never begins on 29 February"
        found.add((*at, "leap_day"), counter.leap_day, expected, "remove it, or write `year: anniversary`")


def _check_starts(counter: Counter, starts: str, at: Location, found: Found) -> None:
    if counter.year is not CapYear.CUSTOM:
        expected = f"no first day, because `year: {counter.year}` has its own"
        found.add(at, starts, expected, "remove it, or write `year: custom`")
    month, _, day = starts.partition("-")
    last = monthrange(2024, int(month))[1]  # a leap year: 29 February is a day
    if int(day) > last:
        found.add(at, starts, "a day that there is", f"that month ends on {month}-{last}")


def _check_cap(counter: Counter, at: Location, found: Found) -> None:
    if counter.cap is None and counter.cap_per_member:
        value = money(counter.cap_per_member)
        found.add((*at, "cap_per_member"), value, "a `cap` that it is added to", "add `cap`, 0 if there is no other")
    if counter.prorate == "none":
        return
    if counter.cap is None:
        found.add((*at, "prorate"), counter.prorate, "a `cap` that it reduces", "add `cap`, or remove `prorate`")
    if counter.year is CapYear.NEVER:
        expected = "no proration, because a counter that never starts anew has no year"
        found.add((*at, "prorate"), counter.prorate, expected, "remove it, or give the counter a year")


def caps_consulted(plan: Plan) -> set[str]:
    """The counters whose caps some rule goes by."""
    names: set[str] = set()
    for rule in (plan.split, *plan.every_charge()):
        if rule is not None:
            names |= {rule.capped_by} if rule.capped_by is not None else set()
            names |= set(rule.when.cap) if rule.when is not None else set()
    return names


def _counted(plan: Plan) -> set[str]:
    """The counters that rules move. What a plan declares and does not move may be there for an agent's deductions."""
    names = {name for rule in (plan.split, *plan.every_charge()) if rule is not None for name in rule.counts or ()}
    return names | ({"company_dollar"} if plan.split is not None and plan.split.counts is None else set())


def check_counter_name(
    name: str, at: Location, counters: Mapping[str, Counter] | None, found: Found, *, capped: bool = False
) -> bool:
    """Whether the plan declares this counter.

    Args:
        name: of it.
        at: where it is named.
        counters: of the plan; None where the plan is not at hand (deal files).
        found: takes the mistake.
        capped: its cap is asked for too.
    """
    if counters is None:
        return False
    if name not in counters:
        holds = "{cap: AMOUNT}" if capped else "{}"
        near = nearest(name, counters)
        remedy = f"did you mean {near!r}?" if near else f"declare it: `counters: {{{name}: {holds}}}`"
        if name in SELF_MOVING:
            remedy = f"it moves by itself, but only once it is declared: add `{name}: {holds}` to `counters`"
        found.add(at, name, "a counter of this plan", remedy)
    return name in counters


def check_capped(name: str, at: Location, counters: Mapping[str, Counter] | None, found: Found) -> None:
    """A counter whose cap a rule goes by must have one."""
    known = check_counter_name(name, at, counters, found, capped=True)
    if known and counters is not None and counters[name].cap is None:
        remedy = f"add `cap` to it: `counters: {{{name}: {{cap: AMOUNT}}}}`"
        found.add(at, name, "a counter with a cap", remedy)


def check_moved(name: str, at: Location, counters: Mapping[str, Counter] | None, found: Found) -> None:
    """A counter that a rule moves must be declared, and not move by itself."""
    if name not in SELF_MOVING:
        check_counter_name(name, at, counters, found)
    check_not_self_moving(name, at, found)


def check_not_self_moving(name: str, at: Location, found: Found) -> None:
    """What moves by itself would be counted twice."""
    if name in SELF_MOVING:
        found.add(at, name, "a counter that rules move", f"{name} moves by itself; declare a counter of your own")


def check_when_counters(when: When, at: Location, counters: Mapping[str, Counter] | None, found: Found) -> None:
    """The counters that a condition asks for."""
    for name in when.counter:
        check_counter_name(name, (*at, "counter", name), counters, found)
    for name, states in when.cap.items():
        check_capped(name, (*at, "cap", name), counters, found)
        if not states:
            found.add((*at, "cap", name), "[]", "one of before, here, open", "name where the cap must stand")

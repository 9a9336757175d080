"""On what a rule depends, in words."""

from __future__ import annotations

from collections.abc import Iterator

from commissions.wording_figures import counted, dollars, listed
from domain.commission.charges import CapState, DateRange, Range, When

_CAP_STATES = {
    CapState.BEFORE: "reached before this deal",
    CapState.HERE: "reached by this deal",
    CapState.OPEN: "not reached yet",
}

_LISTS = {
    "deal_type": "the deal is a {}",
    "property_type": "the property is a {}",
    "state": "the property is in {}",
    "side": "the side is {}",
    "role": "the agent stands on the deal as {}",
}

_RANGES = {"price": "the price", "gross": "the side's commission", "part": "the agent's part"}


def condition(when: When | None) -> str:
    """When the rule applies: `only if ...`; empty for always."""
    if when is None:
        return ""
    told = list(_told(when))
    return f"only if {listed(told)}" if told else ""


def _told(when: When) -> Iterator[str]:
    for name, words in _LISTS.items():
        values = [str(value).replace("_", " ") for value in getattr(when, name)]
        if values:
            yield words.format(listed(values, "or"))
    if when.flags:
        yield f"it is flagged {listed(when.flags)}"
    if when.without:
        yield f"it is not flagged {listed(when.without, 'or')}"
    if when.closing is not None:
        yield f"it closes {_days(when.closing)}"
    for name, words in _RANGES.items():
        bounds: Range | None = getattr(when, name)
        if bounds is not None:
            yield f"{words} is {_bounds(bounds)}"
    for name, bounds in when.counter.items():
        yield f"{name} before this deal is {_bounds(bounds, name)}"
    for name, states in when.cap.items():
        yield f"the cap on {name} is {listed([_CAP_STATES[state] for state in states], 'or')}"


def _days(days: DateRange) -> str:
    told = [f"on {days.starts} or later"] if days.starts else []
    told += [f"on {days.until} or earlier"] if days.until else []
    return listed(told) if told else "on any day"


def _bounds(bounds: Range, counter: str = "") -> str:
    words = {"at_least": "at least", "above": "more than", "below": "less than", "up_to": "at most"}
    told = [
        f"{words[name]} {counted(counter, value) if counter else dollars(value)}"
        for name, value in bounds
        if value is not None
    ]
    return listed(told) if told else "any"

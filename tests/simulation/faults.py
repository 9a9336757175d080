"""Every fault that a simulation can inject, by kind and form: a closed list, counted where it happens.

What is counted is what took effect, not what was planned: a time-out that lands late over a newer write counts only if
there was a newer write.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple


class Fault(NamedTuple):
    """One fault."""

    kind: str
    form: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.form}"


#: kind to its forms.
FORMS: dict[str, tuple[str, ...]] = {
    # The process dies at a call of a port; in flight: the CRM executes later what the dead had sent.
    "crash": ("before", "after", "in_flight"),
    # The process stands still at a call of a port: shorter than its time-out, or past its lease and visibility.
    "pause": ("short", "past_lease"),
    # The platform kills an invocation that takes too long.
    "killed": ("time_out",),
    # Our own storage.
    "storage": ("not_done", "done", "lagging_index", "slow"),
    # Our queues.
    "queue": ("duplicate", "reordered", "not_deleted", "not_taken"),
    # A bell never arrives, or long after.
    "bell": ("lost", "late", "doubled"),
    # A call to the CRM gets no answer in time: nothing was done; done; done later; done later, over a newer write.
    "time_out": ("before", "after", "late", "late_over_newer"),
    # A call to the CRM breaks otherwise.
    "broken": ("unsent", "reset", "bad_gateway", "unavailable", "empty_not_done", "empty_done"),
    "throttled": ("plain", "retry_after_seconds", "retry_after_date", "storm", "by_quota"),
    "session": ("expired", "forgotten"),
    "outage": ("short", "twelve_hours"),
    "skew": ("ahead", "behind"),
    # People work in the CRM, too.
    "human": ("edit", "delete", "merge"),
    # Operators answer what rows ask, and have mended what a comparison finds.
    "operator": ("adopt", "create", "recreate", "leave", "mend"),
    # People who are in the CRM before we arrive; or of whom one is found by the address of the other.
    "known_before": ("one", "several", "as_a_couple"),
    # What providers do with events.
    "event": ("doubled", "out_of_order", "agent_comes_later", "replayed", "unmappable"),
    "deal": ("fell_through", "reinstated", "rescinded", "taken_back", "agents_changed", "people_changed"),
}

FAULTS: tuple[Fault, ...] = tuple(Fault(kind, form) for kind, forms in FORMS.items() for form in forms)
_KNOWN = frozenset(FAULTS)

Counts = Counter[Fault]


class Tally:
    """Counts the faults of one seed.

    Attributes:
        counts: how often each took effect.
    """

    def __init__(self) -> None:
        self.counts: Counts = Counter()

    def add(self, kind: str, form: str, times: int = 1) -> None:
        """One more; only what is on the list can happen."""
        fault = Fault(kind, form)
        if fault not in _KNOWN:
            raise ValueError(f"{fault} is not on the list of faults; put it into FORMS")
        self.counts[fault] += times


def by_kind(counts: Counts) -> dict[str, dict[str, int]]:
    """All of the list, for people and for JSON."""
    return {kind: {form: counts[Fault(kind, form)] for form in forms} for kind, forms in FORMS.items()}

"""Whether what was written into a deal's record was ever older than what had been written before.

With one writer at a time who reads the deal after the lease, the store's values reach the CRM in the order in which
they were said. Not judged is what the CRM executed late, and what a machine sent that had stood still past its lease.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from dev.crm.schema import OPPORTUNITIES
from dev.crm.store import Write
from tests.simulation.checking_calls import outlived
from tests.simulation.evidence import Evidence, Violation, Writing, Wrong
from tests.simulation.scheduler import EPOCH

#: Field to what it was given, in the order in which that was said; first comes what it holds before.
Said = Mapping[str, Sequence[str]]


def check_order(
    evidence: Evidence, deals: Mapping[str, Said], same: Callable[[str, str, str], bool]
) -> Iterator[Violation]:
    """2, 3: one writer, who loads after the lease.

    Args:
        evidence: of the seed.
        deals: id of a deal's record to what its fields were given.
        same: (field, text, text): whether the CRM makes the same of both.
    """
    last: dict[tuple[str, str], tuple[int, str]] = {}
    for entry in evidence.log:
        if entry.module != OPPORTUNITIES or entry.id not in deals or not _counts(evidence, entry):
            continue
        for name, text in entry.fields.items():
            known = [number for number, one in enumerate(deals[entry.id].get(name, ())) if same(name, text, one)]
            if not known:
                continue
            newest, before = last.get((entry.id, name), (-1, ""))
            if known[-1] < newest:
                at = entry.at - EPOCH.timestamp()
                words = f"{name} of {entry.id} was {before!r}, and the older {text!r} was written over it at {at:.3f} s"
                yield Violation(Wrong.MISORDERED, words)
                return
            if known[0] > newest:
                last[entry.id, name] = known[0], text


def _counts(evidence: Evidence, entry: Write) -> bool:
    return bool(entry.applied and entry.call_no and not entry.late) and not any(
        outlived(evidence, writing) for writing in _of(evidence, entry)
    )


def _of(evidence: Evidence, entry: Write) -> Iterator[Writing]:
    """The calls that may have written it."""
    at = entry.at - EPOCH.timestamp()
    return (one for one in evidence.writings if one.begun <= at <= one.ended and entry.id in one.ids)

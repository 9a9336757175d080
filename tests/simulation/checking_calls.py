"""Whether the calls to the CRM kept the rules: order of writes, rate, waits that it asked for, logins."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.simulation.evidence import Evidence, Login, Throttled, Violation, Writing, Wrong

#: After a 429 its worker needs so long to tell the others, in seconds; calls that were permitted before go on.
TELLING_S = 5.0
#: Logins may not come faster than this, by clocks that differ by four seconds at most.
LOGIN_EVERY_S = 60.0 - 4.0
#: Machines that stand still do so for at least so long, in seconds.
LONG_S = 60.0
#: From the lease of a login to its call a worker needs no longer, unless it stands still.
STANDING_S = 10.0


def check_calls(evidence: Evidence) -> Iterator[Violation]:
    """Everything that is wrong with the calls."""
    yield from _one_writer(evidence)
    yield from _ends_first(evidence)
    yield from _rate(evidence)
    yield from _waits(evidence)
    yield from _logins(evidence)


def _one_writer(evidence: Evidence) -> Iterator[Violation]:
    """2: nobody writes a record while somebody else's call that writes it is on its way."""
    writings = sorted(evidence.writings, key=lambda one: one.begun)
    for number, first in enumerate(writings):
        for second in writings[number + 1 :]:
            if second.begun >= first.ended:
                break
            both = first.ids & second.ids
            if both and second.worker != first.worker and not outlived(evidence, first):
                words = f"{first.worker} and {second.worker} wrote {min(both)} at the same time, {second.begun:.3f} s"
                yield Violation(Wrong.WRONG, words)
                return


def outlived(evidence: Evidence, writing: Writing) -> bool:
    """Its sender stood still for longer than any lease lasts, machine and all."""
    return any(
        _process(worker) == _process(writing.worker)
        and ended - begun >= LONG_S
        and begun <= writing.ended
        and ended >= writing.begun - LONG_S
        for begun, ended, worker in evidence.disturbed
    )


def _ends_first(evidence: Evidence) -> Iterator[Violation]:
    """8: no link before both its ends, no commission before its deal."""
    live = set(evidence.priors) | {
        f"contact-{agent}" for agent in (*evidence.script.agents, evidence.script.joins_late[0])
    }
    for entry in evidence.log:
        if entry.verb in ("delete", "merge", "purge"):
            live.discard(entry.id)
            continue
        if entry.verb == "link":
            missing = [one for one in entry.id.split("/") if one not in live]
            if missing and not _taken_away(evidence, missing, entry.at):
                yield Violation(Wrong.MISORDERED, f"{entry.id} was linked before {missing} were there")
        elif entry.verb == "create" and entry.applied:
            deal = entry.fields.get("dw_opp_ida", "")
            if deal and deal not in live and not _taken_away(evidence, [deal], entry.at):
                yield Violation(Wrong.MISORDERED, f"commission {entry.id} was written before its deal {deal}")
            live.add(entry.id)


def _taken_away(evidence: Evidence, ids: list[str], before: float) -> bool:
    verbs = ("delete", "merge", "purge")
    return any(entry.id in ids and entry.verb in verbs and entry.at <= before for entry in evidence.log)


def _rate(evidence: Evidence) -> Iterator[Violation]:
    """11: the calls that a window may hold beyond the rate are the documented burst."""
    level, last = 0.0, 0.0
    for call in evidence.calls:
        if call.held_up:
            continue
        level = max(0.0, level - evidence.rate * (call.at - last)) + 1.0
        last = call.at
        if level > evidence.burst:
            words = f"at {call.at:.3f} s the rate of {evidence.rate}/s was exceeded by {level:.1f} calls"
            yield Violation(Wrong.WRONG, f"{words}; the documented burst is {evidence.burst}")
            return


def _waits(evidence: Evidence) -> Iterator[Violation]:
    """11: a wait is never under what the CRM asked for."""
    for asked in evidence.throttled:
        if _was_untold(evidence, asked):
            continue
        for call in evidence.calls:
            if asked.at + TELLING_S < call.at < asked.until and not call.held_up:
                words = (
                    f"{call.operation} at {call.at:.3f} s, and the CRM had asked for quiet until {asked.until:.3f} s"
                )
                yield Violation(Wrong.WRONG, words)
                return


def _was_untold(evidence: Evidence, asked: Throttled) -> bool:
    """The worker that knew died or stood still before it could tell."""
    till, process = asked.at + TELLING_S, _process(asked.worker)
    if any(_process(worker) == process and asked.at <= at <= till for at, worker in evidence.crashed):
        return True
    return any(
        _process(worker) == process and begun <= till and asked.at <= ended
        for begun, ended, worker in evidence.disturbed
    )


def _process(worker: str) -> str:
    """The process that a thread belongs to."""
    return worker.partition("/")[0]


def _logins(evidence: Evidence) -> Iterator[Violation]:
    """One login at a time, and at most one a minute."""
    logins = [login for login in evidence.logins if not _stood_still(evidence, login)]
    for before, after in pairwise(sorted(login.at for login in logins)):
        if after - before < LOGIN_EVERY_S:
            yield Violation(Wrong.WRONG, f"logins at {before:.3f} s and {after:.3f} s; one a minute is allowed")
            return


def _stood_still(evidence: Evidence, login: Login) -> bool:
    """Its worker did, between the lease and the call."""
    return any(
        worker == login.worker and begun <= login.at and ended >= login.at - STANDING_S
        for begun, ended, worker in evidence.disturbed
    )

"""What the checker is told of one seed: what was sent, what the CRM holds and logged, and what people did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from dev.crm.store import Write
from tests.simulation.faults import Counts
from tests.simulation.seeds import Script


class Wrong(StrEnum):
    """What can be wrong in the end."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    MISORDERED = "misordered"
    WRONG = "wrong"
    UNSETTLED = "unsettled"


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong."""

    kind: Wrong
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}"


@dataclass(frozen=True)
class Call:
    """A call as it reached the CRM.

    Attributes:
        at: true seconds.
        operation: its name.
        worker: that sent it.
        held_up: its worker stood still between its permit and this call.
    """

    at: float
    operation: str
    worker: str
    held_up: bool


@dataclass(frozen=True)
class Writing:
    """A call that writes, as its sender knows it.

    Attributes:
        begun: true seconds.
        ended: when its sender had an answer, gave it up or died.
        worker: its sender.
        ids: of the records, of links `deal/contact`.
    """

    begun: float
    ended: float
    worker: str
    ids: frozenset[str]


@dataclass(frozen=True)
class Login:
    """A login that was answered.

    Attributes:
        at: true seconds at which its call began.
        worker: that logged in.
    """

    at: float
    worker: str


@dataclass(frozen=True)
class Throttled:
    """The CRM asked a worker to wait.

    Attributes:
        at: when the reply left it.
        until: before which nobody may call.
        worker: that got the reply.
    """

    at: float
    until: float
    worker: str


@dataclass(frozen=True)
class Asked:
    """A question to a person.

    Attributes:
        kind: of the row: contact, deal, commission, link.
        question: candidates or gone.
        remote_ids: whom it is about.
    """

    kind: str
    question: str
    remote_ids: tuple[str, ...]


@dataclass(frozen=True)
class Answered:
    """What a person decided.

    Attributes:
        kind: of the row.
        decision: adopt, create, recreate or leave.
        remote_ids: whom it was about.
        chosen: the record that is the row's from then on; empty if that is a new one, or none.
    """

    kind: str
    decision: str
    remote_ids: frozenset[str]
    chosen: str


@dataclass
class Holdings:
    """What the CRM holds in the end, as a person sees it.

    Attributes:
        live: module to id to fields, of what is not deleted.
        gone: likewise, of what is.
        emails: contact id to address.
        links: relationship to (left id, right id) to columns.
    """

    live: Mapping[str, Mapping[str, Mapping[str, str]]]
    gone: Mapping[str, Mapping[str, Mapping[str, str]]]
    emails: Mapping[str, str]
    links: Mapping[str, Mapping[tuple[str, str], Mapping[str, str]]]

    def linked(self, relation: str, *, left: str) -> dict[str, str]:
        """Live contacts of a deal with their roles, or whatever stands on the right."""
        alive = {one for records in self.live.values() for one in records}
        rows = self.links.get(relation, {}).items()
        return {
            right: columns.get("contact_role", "") for (one, right), columns in rows if one == left and right in alive
        }


@dataclass
class Evidence:
    """Everything that the checker sees.

    Attributes:
        script: what was sent, and when.
        accepted: event id to when it was accepted first.
        filed: ids of events that stand as dead letters in the end.
        holdings: of the CRM.
        log: what was written in it, by whom.
        calls: that reached it.
        writings: those of them that write.
        logins: those that were answered.
        throttled: when it asked to wait.
        crashed: (true seconds, worker) of processes that died.
        disturbed: (from, to, worker): it stood still, or its storage failed.
        asks: what is asked of people in the end.
        answers: what people decided, in its order.
        mended: after people's last edit everything was compared, and what differed was looked at again.
        priors: id of each contact that was there before us, to its fields then.
        refused_bells: bells that were received too often.
        rate: calls a second that are allowed.
        burst: the calls that a window may hold beyond it.
        calm_from: when the calm time began.
        end: when the holdings were taken.
        counts: faults that took effect.
        cleared: whether every queue was empty in the end.
    """

    script: Script
    accepted: Mapping[str, float]
    filed: frozenset[str]
    holdings: Holdings
    log: Sequence[Write]
    calls: Sequence[Call]
    writings: Sequence[Writing]
    logins: Sequence[Login]
    throttled: Sequence[Throttled]
    crashed: Sequence[tuple[float, str]]
    disturbed: Sequence[tuple[float, float, str]]
    asks: Sequence[Asked]
    answers: Sequence[Answered]
    mended: bool
    priors: Mapping[str, Mapping[str, str]]
    refused_bells: int
    rate: float
    burst: int
    calm_from: float
    end: float
    counts: Counts = field(repr=False)
    cleared: bool = True

"""What can go wrong between us and a CRM: a closed list, and each with what happens next (research: crm.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.errors import DealwireError


class FaultClass(StrEnum):
    """What kind of fault; the runner decides by it alone, never by text.

    An error that nobody listed is `ambiguous` for a write and `unavailable` for a read.
    """

    AUTH_EXPIRED = "auth_expired"  # log in once, all workers together, and repeat the call
    AUTH_DENIED = "auth_denied"  # stop the sink and tell a person; never loop
    THROTTLED = "throttled"  # the whole credential waits
    QUOTA = "quota"  # the whole credential waits until the window ends, and people are told
    CONTENTION = "contention"  # the row again after a short random wait
    UNAVAILABLE = "unavailable"  # surely not done: back off, then as it is
    AMBIGUOUS = "ambiguous"  # maybe done: read the CRM, then decide
    REJECTED = "rejected"  # a dead letter; again only when the row changes
    DEFERRED = "deferred"  # a parent is missing: behind it
    GONE = "gone"  # deleted or merged in the CRM: a person decides
    CONFIG = "config"  # this kind of rows stops, others go on; people are told


#: Faults of the connection or the credential as a whole: no row of the run can go on now.
OF_THE_SINK = frozenset(
    {
        *(FaultClass.AUTH_EXPIRED, FaultClass.AUTH_DENIED, FaultClass.THROTTLED),
        *(FaultClass.QUOTA, FaultClass.UNAVAILABLE),
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: its class.
        words: what the CRM said, or what to do, for people; shortened, without values of the record.
        field: the CRM's field, where it is about one.
        wait_s: the least time to wait, in seconds.
        answered: the CRM answered, so the request is over: what a read shows now is final.
    """

    kind: FaultClass
    words: str
    field: str = ""
    wait_s: float = 0.0
    answered: bool = False


class CrmFaulted(DealwireError):
    """A call to the CRM failed as a whole."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.kind}: {fault.words}")
        self.fault = fault

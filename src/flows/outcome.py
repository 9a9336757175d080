"""How the processing of one message ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.errors import Cause


class Result(StrEnum):
    """How the processing of one message ended."""

    APPLIED = "applied"
    REPEATED = "repeated"
    PARKED = "parked"
    DEFERRED = "deferred"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message, for the log line and the metrics; no payload values.

    Attributes:
        result: how it ended.
        deal_id: our id of the deal, when applied.
        cause: why it waits or is dead.
        reason: the same in words.
    """

    result: Result
    deal_id: str = ""
    cause: Cause | None = None
    reason: str = ""

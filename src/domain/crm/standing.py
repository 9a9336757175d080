"""Whether calls go to the CRM at all now: for whoever would ring a bell only to be sent home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Passage(StrEnum):
    """Whether calls pass.

    - `free`: they do, at the rate of the budget.
    - `waits`: the CRM asked us to wait, until then.
    - `broken`: the CRM does not answer; one probe at a time is let through, the next from then on.
    - `stopped`: the CRM refuses our credentials; a person must act.
    """

    FREE = "free"
    WAITS = "waits"
    BROKEN = "broken"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LineState:
    """How one credential stands with its CRM.

    Attributes:
        passage: whether calls pass.
        until: the end of the wait, or the next probe; None if calls pass, or a person must act.
        why: in words for people; empty if calls pass.
    """

    passage: Passage
    until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class LineFigures:
    """How one credential stands, in figures.

    Attributes:
        state: whether calls pass.
        rate: calls a second that are allowed now.
        limit: calls a second as configured.
        session_age_s: of the shared session; None if there is none.
    """

    state: LineState
    rate: float
    limit: float
    session_age_s: float | None

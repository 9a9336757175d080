"""The stage of a deal: states it can enter and leave in any order, not a sequence.

A contract falls out of escrow, a waived contingency is reinstated, a closing is delayed and then happens. So every
stage may follow every other; what a transition *means* is decided here, from its two ends.
"""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where a deal stands."""

    ACTIVE = "active"
    UNDER_CONTRACT = "under_contract"
    CONTINGENCY_RELEASED = "contingency_released"
    CLOSING_DELAYED = "closing_delayed"
    CLOSED = "closed"
    FELL_THROUGH = "fell_through"
    WITHDRAWN = "withdrawn"


class Transition(StrEnum):
    """What a change of stage means."""

    OPENED = "opened"
    ADVANCED = "advanced"
    MOVED_BACK = "moved_back"
    DELAYED = "delayed"
    RESUMED = "resumed"
    REINSTATED = "reinstated"
    FELL_THROUGH = "fell_through"
    WITHDRAWN = "withdrawn"
    RESCINDED = "rescinded"


_PROGRESS = {Stage.ACTIVE: 0, Stage.UNDER_CONTRACT: 1, Stage.CONTINGENCY_RELEASED: 2, Stage.CLOSED: 3}
_OVER = {Stage.FELL_THROUGH: Transition.FELL_THROUGH, Stage.WITHDRAWN: Transition.WITHDRAWN}


def transition(before: Stage | None, after: Stage) -> Transition | None:
    """Name the change from one stage to another; None where nothing changed.

    Examples:
        >>> transition(Stage.UNDER_CONTRACT, Stage.ACTIVE).value
        'moved_back'
        >>> transition(Stage.FELL_THROUGH, Stage.UNDER_CONTRACT).value
        'reinstated'
    """
    if before == after:
        return None
    if before is None:
        return Transition.OPENED
    if before is Stage.CLOSED:
        return Transition.RESCINDED
    if after in _OVER:
        return _OVER[after]
    if before in _OVER:
        return Transition.REINSTATED
    if after is Stage.CLOSING_DELAYED:
        return Transition.DELAYED
    if before is Stage.CLOSING_DELAYED:
        return Transition.ADVANCED if after is Stage.CLOSED else Transition.RESUMED
    return Transition.ADVANCED if _PROGRESS[after] > _PROGRESS[before] else Transition.MOVED_BACK

"""Bells for `deliver`: at once for what just changed, each minute for what is due. A bell carries nothing but a name.

What is owed is durable (a mark, a sync row), so a bell may be lost, doubled or late; the next minute's run rings again.
Backfill is rung by that run alone and after what is live, so a replay of a thousand deals holds up no closing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.crm.standing import Passage

if TYPE_CHECKING:
    from domain.crm.ports import Bells, Debts, SyncStore
    from domain.crm.rows import RowKey
    from domain.crm.standing import LineState
    from domain.operate.ports import Depths

#: The most bells that may be in the queue: more would only repeat what the next run says again.
#: Two minutes of the forty rows a second that the fastest CRM measured takes, and its neighbours come with each.
MOST_QUEUED = 5000


@dataclass(frozen=True, slots=True)
class RingPorts:
    """What ringing for changed records needs."""

    debts: Debts
    bells: Bells


@dataclass(frozen=True, slots=True)
class DuePorts:
    """What ringing for due rows needs.

    Attributes:
        sync: tells what is due.
        bells: to `deliver`.
        depths: of the bells' queue alone.
        state: how the CRM stands at this time.
    """

    sync: SyncStore
    bells: Bells
    depths: Depths
    state: Callable[[datetime], LineState]


def ring_changed(keys: Collection[RowKey], ports: RingPorts) -> int:
    """Ring for those of the records that the CRM is owed, unless they are of a backfill; gives how many.

    Raises:
        Unavailable: storage or the queue does not answer.
    """
    marks = ports.debts.marks(keys) if keys else {}
    # A row and version ring once: the queue drops what it has heard within the last five minutes.
    rung = [(key, str(mark.version)) for key, mark in marks.items() if not mark.backfill]
    if rung:
        ports.bells.ring(rung)
    return len(rung)


def ring_due(ports: DuePorts, now: datetime) -> int:
    """Ring for rows that are due, live ones first, as far as the CRM may be tried and the queue has room.

    Returns:
        How many were rung.

    Raises:
        Unavailable: storage or the queue does not answer.
    """
    # While the CRM is left alone one bell is enough, and it may be there already. Those that are hidden do not count:
    # they belong to somebody who works, or crashed.
    queued = sum(waiting for waiting, _ in ports.depths.depths().values())
    limit = _allowed(ports.state(now), now) - queued
    if limit <= 0:
        return 0
    keys = list(ports.sync.due(now, limit))
    if len(keys) < limit:
        keys += ports.sync.due(now, limit - len(keys), backfill=True)
    # Told apart by the minute: what was rung and still is due rings again, as often as somebody sweeps.
    minute = f"swept-{int(now.timestamp()) // 60}"
    if keys:
        ports.bells.ring([(key, minute) for key in dict.fromkeys(keys)])
    return len(keys)


def _allowed(state: LineState, now: datetime) -> int:
    """How many rows the CRM may be tried with now."""
    if state.passage is Passage.FREE:
        return MOST_QUEUED
    # One finds out whether the CRM is back; where we are refused, whether somebody has changed the secret.
    return 1 if state.until is None or now >= state.until else 0

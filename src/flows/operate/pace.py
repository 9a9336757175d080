"""A replay at a steady rate, however long each of its steps takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.operate.replays import StepAnswer

#: Events of one step, at most: few enough for one invocation, even where a provider is asked about each.
LARGEST_STEP = 25


def run_job(
    step: Callable[[int], StepAnswer],
    *,
    rate: float,
    clock: Callable[[], float],
    pause: Callable[[float], None],
    tell: Callable[[StepAnswer], None],
) -> None:
    """Repeat steps until the job is done, so that its n-th event is begun no earlier than n / `rate` seconds from now.

    A step that took longer than its share is caught up with: the average over the whole run is what is kept.

    Args:
        step: does at most so many events more; whatever it raises ends the run, which can be taken up again.
        rate: events a second.
        clock: seconds, never going back.
        pause: waits that many seconds.
        tell: is told of each step.

    Raises:
        ValueError: the rate is not above zero.
    """
    if not rate > 0:
        raise ValueError(f"rate {rate} is not above zero; give events a second, such as 50")
    began, events = clock(), 0
    largest = max(1, int(min(LARGEST_STEP, rate / 2)))
    while True:
        answer = step(largest)
        tell(answer)
        events += len(answer.replayed)
        if answer.done >= answer.total or not answer.replayed:
            return
        early = began + events / rate - clock()
        if early > 0:
            pause(early)

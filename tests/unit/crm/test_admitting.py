"""What a worker does with the permits that it holds: the pure decision."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from crm.admitting import Go, Hand, Lease, Refuse, Wait, Wish, step
from crm.budget_row import BudgetRow
from crm.limits import Limits
from crm.slots import Calendar
from domain.crm.faults import FaultClass

LIMITS = Limits(20.0)
WIDTH = LIMITS.width_us

#: A slot, and the moment at which it begins.
SLOT = 35_000_000_000
NOW = SLOT * WIDTH

WISH = Wish(LIMITS, False, 1_000_000, 1_200_000, 4, "f1")


def row(*taken: int, **changes: int) -> BudgetRow:
    """A budget at full rate whose calendar has these slots taken."""
    blank = BudgetRow(**changes).fitted(LIMITS)  # type: ignore[arg-type]  # only numbers are changed here
    return blank.with_calendar(Calendar(WIDTH, SLOT - 60).take(taken))


def held(budget: BudgetRow, *slots: int) -> Hand:
    return Hand(slots, budget.epoch)


def test_a_permit_whose_time_has_come_is_used() -> None:
    budget = row(SLOT, SLOT + 24)

    assert step(budget, held(budget, SLOT, SLOT + 24), WISH, NOW) == Go(held(budget, SLOT + 24))


def test_a_permit_of_an_older_epoch_is_void() -> None:
    budget = row(SLOT)

    assert isinstance(step(budget, Hand((SLOT,), budget.epoch - 1), WISH, NOW), Lease)


def test_a_permit_that_a_lower_rate_closed_is_void() -> None:
    budget = row(SLOT + 1)
    slow = replace(budget, rate_m=LIMITS.pace_m // 2)

    assert isinstance(step(budget, held(budget, SLOT + 1), WISH, NOW + WIDTH), Go)
    assert not isinstance(step(slow, held(slow, SLOT + 1), WISH, NOW + WIDTH), Go)


def test_a_permit_is_used_late_where_the_calendar_is_thin() -> None:
    budget = row(SLOT)

    assert isinstance(step(budget, held(budget, SLOT), WISH, NOW + 400_000), Go)
    assert isinstance(step(budget, held(budget, SLOT), WISH, NOW + 600_000), Lease)


def test_a_permit_is_lost_if_it_is_late_in_a_crowd() -> None:
    budget = row(*range(SLOT - 40, SLOT + 5))

    answer = step(budget, held(budget, SLOT), WISH, NOW + 100_000)

    assert isinstance(answer, Lease)
    assert answer.missed


def test_a_slice_is_as_wide_as_the_worker_s_own_calls() -> None:
    answer = step(row(), Hand(), WISH, NOW)

    assert isinstance(answer, Lease)
    slots = answer.hand.slots
    assert len(slots) == WISH.count
    assert all(1_200_000 <= (after - before) * WIDTH <= 1_300_000 for before, after in pairwise(slots))


def test_a_slice_gives_back_what_the_worker_held_before() -> None:
    budget = row(SLOT + 18)

    answer = step(budget, held(budget, SLOT + 18), replace(WISH, count=1), NOW)

    assert isinstance(answer, Lease)
    assert answer.hand.slots == (SLOT,)
    assert answer.row.calendar.taken.bit_count() == 1


def test_a_slot_that_is_free_only_a_little_sooner_is_not_worth_a_write() -> None:
    budget = row(SLOT + 2)

    answer = step(budget, held(budget, SLOT + 2), WISH, NOW)

    assert answer == Wait(2 * WIDTH, held(budget, SLOT + 2))


def test_with_every_slot_taken_the_worker_is_told_when_to_come_back() -> None:
    budget = row(*range(SLOT - 20, SLOT + 39))

    answer = step(budget, Hand(), WISH, NOW)

    assert isinstance(answer, Refuse)
    assert answer.fault.kind is FaultClass.THROTTLED
    assert answer.fault.wait_s == pytest.approx(39 * WIDTH / 1_000_000, abs=0.1)


def test_a_block_that_ends_within_a_second_is_waited_for() -> None:
    budget = row(blocked_until=NOW // 1000 + 500)

    answer = step(budget, Hand(), WISH, NOW)

    assert isinstance(answer, Wait)
    assert answer.us == pytest.approx(500_000, abs=1000)

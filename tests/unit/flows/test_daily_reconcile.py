"""The daily check goes on where it ended, tells what it found, and begins again the next day."""

from __future__ import annotations

import pytest

from domain.crm.faults import Fault, FaultClass
from flows.daily_reconcile import DailyReport, daily_reconcile
from flows.reconcile import ReconcilePorts
from mappings.reconcile.tolerances import tolerances
from tests.fakes.delivery import MemorySharedRows
from tests.unit.flows.delivery.world import DEAL, a_deal
from tests.unit.flows.operate.crm_office import CrmOffice

HOUR = 3600.0


class Check:
    """The check over a bundle that was delivered."""

    def __init__(self) -> None:
        self.office = CrmOffice()
        self.office.enter_bundle()
        self.office.deliver(DEAL)
        self.office.move(HOUR)
        self.shared = MemorySharedRows()

    def run(self, *, seconds: float = 300.0, page_s: float = 0.0) -> DailyReport:
        """One run of so many seconds, of which each look at the clock takes some."""
        office = self.office
        ports = ReconcilePorts(office.rows, office.commissions, office.desk_of_the_crm, tolerances())
        left = [seconds]

        def time_left() -> float:
            left[0] -= page_s
            return left[0]

        return daily_reconcile(ports, self.shared, now=office.now, time_left=time_left)

    def spoil(self) -> None:
        """People change a field of ours."""
        self.office.model.edit("Opportunities", self.office.remote(DEAL), {"dw_city_c": "Bozeman"})


@pytest.fixture
def check() -> Check:
    return Check()


def test_a_day_on_which_all_agree(check: Check) -> None:
    report = check.run()
    assert (report.differences, report.pages, report.standing.rows, report.standing.under_way) == (0, 1, 9, False)
    check.office.move(HOUR)
    idle = check.run()
    assert (idle.pages, idle.age_s(check.office.now())) == (0, HOUR)


def test_a_difference_is_told_until_a_later_pass_does_not_find_it(check: Check) -> None:
    check.spoil()
    report = check.run()
    assert (report.differences, report.named) == (1, ["deal:d1 changed_by_people dw_city_c"])
    assert "Bozeman" not in str(check.shared.rows)
    check.office.move(HOUR)
    assert check.run().differences == 1
    check.office.rows.ring([DEAL], check.office.now(), sight=True)
    check.office.settle(0.1)
    check.office.move(23 * HOUR)
    assert check.run().differences == 0


def test_a_pass_goes_on_in_the_next_hour(check: Check) -> None:
    for number in range(30):
        check.office.put_deal(a_deal(f"m{number:02}", participants=check.office.deals.deals["d1"].participants))
    check.office.settle(0.1)
    first = check.run(seconds=60.0, page_s=10.0)
    assert first.standing.under_way
    pages = first.pages
    while (report := check.run(seconds=60.0, page_s=10.0)).standing.under_way:
        pages += report.pages
    assert pages > 1
    assert report.standing.rows == 31 * 4 + 3 + 2
    assert report.differences == 0


def test_a_crm_that_does_not_answer_is_told_and_the_pass_goes_on_later(check: Check) -> None:
    check.office.gate.closed = Fault(FaultClass.UNAVAILABLE, "the circuit is open", wait_s=30.0)
    report = check.run()
    assert (report.pages, report.standing.under_way) == (0, True)
    assert report.fault is not None
    check.office.move(3 * HOUR)
    assert check.run().age_s(check.office.now()) == 3 * HOUR
    check.office.gate.closed = None
    assert check.run().standing.under_way is False


def test_what_was_touched_longer_ago_is_left_to_a_person(check: Check) -> None:
    check.spoil()
    check.office.move(49 * HOUR)
    report = check.run()
    assert (report.differences, report.standing.rows) == (0, 0)

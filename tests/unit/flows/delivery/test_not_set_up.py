"""Rows that only people can free, because the CRM lacks something for them, are counted each time that they wait."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm.suitecrm.calls import SoapFault
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.rows import Kind, RowKey, Standing
from flows.delivery.content import Drawing
from tests.fakes.crm_line import Break
from tests.unit.flows.delivery.world import DEAL, Office

NO_ACCESS = SoapFault("40", "Access Denied")
SHARES = [RowKey(Kind.COMMISSION, "d1", f"crm-agent-{one}") for one in "ab"]


@pytest.fixture
def office() -> Office:
    made = Office()
    made.enter_bundle()
    return made


def counted(office: Office, *keys: RowKey) -> int:
    return office.deliver(*keys).tally.counts["not_set_up"]


def without_module(office: Office) -> None:
    del office.model.tables.schema["DW_Commissions"]


def without_right(operation: str) -> Callable[[Office], None]:
    return lambda office: office.calls.always(operation, Break(NO_ACCESS))


@pytest.mark.parametrize(
    ("lacking", "rows"),
    [
        pytest.param(without_module, 2, id="no module for the commissions"),
        pytest.param(without_right("get_entry_list"), 3, id="no right to search for the contacts"),
        pytest.param(without_right("set_relationships"), 3, id="no right to link"),
    ],
)
def test_a_row_that_the_crm_is_not_set_up_for_is_counted_and_does_not_stop_the_run(
    office: Office, lacking: Callable[[Office], None], rows: int
) -> None:
    lacking(office)
    assert counted(office, DEAL) == rows
    assert office.sync(DEAL).standing is Standing.CLEAN


def test_it_is_counted_again_each_quarter_of_an_hour_and_goes_on_by_itself(office: Office) -> None:
    schema = dict(office.model.tables.schema)
    without_module(office)
    assert counted(office, DEAL) == 2
    office.move(60)
    assert counted(office) == 0
    office.move(900)
    assert counted(office) == 2
    office.model.tables.schema = schema
    office.model.records.setdefault("DW_Commissions", {})
    office.move(900)
    assert counted(office) == 0
    assert [office.sync(key).standing for key in SHARES] == [Standing.CLEAN] * 2


def test_a_run_that_cannot_begin_because_of_it_is_counted_too(office: Office) -> None:
    def drawing() -> Drawing:
        raise CrmFaulted(Fault(FaultClass.CONFIG, "the base URL is wrong"))

    office.drawing = drawing  # type: ignore[method-assign]  # the CRM is asked what it can hold, and has moved
    assert counted(office, DEAL) == 1


def test_what_is_late_for_another_reason_is_not_counted(office: Office) -> None:
    office.gate.closed = Fault(FaultClass.UNAVAILABLE, "the circuit is open", wait_s=30.0)
    assert counted(office, DEAL) == 0

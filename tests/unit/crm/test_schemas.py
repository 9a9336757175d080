"""What the CRM can hold is asked once a day, for all workers; an old answer is better than none."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from crm.schemas import SharedSchema
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.rows import Kind
from domain.crm.sink import FieldSchema, Lack, Schema
from domain.errors import Unavailable
from tests.fakes.delivery import MemorySharedRows
from tests.fakes.world import Clock

FIELDS = {Kind.DEAL: {"name": FieldSchema(50, "varchar"), "amount": FieldSchema(0, "currency")}, Kind.LINK: {}}
WHOLE = Schema("SuiteCRM 7.14.6", FIELDS)
LACKING = Schema("SuiteCRM 7.14.6", FIELDS, (Lack("Opportunities.dw_stage_c", "is left out", "install the add-on"),))
DOWN = CrmFaulted(Fault(FaultClass.UNAVAILABLE, "down"))


@dataclass
class Crm:
    """A CRM that is asked, and workers that ask."""

    answer: Schema | CrmFaulted = WHOLE
    asked: int = 0
    rows: MemorySharedRows = field(default_factory=MemorySharedRows)
    clock: Clock = field(default_factory=Clock)

    def describe(self) -> Schema:
        self.asked += 1
        if isinstance(self.answer, CrmFaulted):
            raise self.answer
        return self.answer

    def worker(self, of: str = "suitecrm 1") -> SharedSchema:
        return SharedSchema(self.rows, "suitecrm", of=of, describe=self.describe, now=self.clock.now)


def test_the_crm_is_asked_once_for_all_workers_and_again_after_a_day() -> None:
    crm = Crm()
    workers = [crm.worker(), crm.worker(), crm.worker()]
    assert [worker.schema() for worker in workers] == [WHOLE] * 3
    assert crm.asked == 1
    crm.clock.move(hours=25)
    assert [worker.schema() for worker in workers] == [WHOLE] * 3
    assert crm.asked == 2


def test_another_mapping_asks_anew() -> None:
    crm = Crm()
    crm.worker().schema()
    crm.worker("suitecrm 2").schema()
    assert crm.asked == 2


def test_a_worker_sees_within_minutes_what_another_was_told() -> None:
    crm = Crm()
    worker, operator = crm.worker(), crm.worker()
    worker.schema()
    crm.answer = LACKING
    operator.ask()
    assert worker.schema() == WHOLE
    crm.clock.move(minutes=6)
    assert worker.schema() == LACKING


def test_while_the_crm_does_not_answer_the_old_answer_has_to_do_and_it_is_not_asked_each_time() -> None:
    crm = Crm()
    worker = crm.worker()
    worker.schema()
    crm.answer = DOWN
    crm.clock.move(hours=25)
    assert [worker.schema() for _ in range(3)] == [WHOLE] * 3
    assert crm.asked == 2
    crm.clock.move(minutes=6)
    assert worker.schema() == WHOLE
    assert crm.asked == 3


def test_where_nobody_knows_yet_the_fault_is_told() -> None:
    crm = Crm(DOWN)
    with pytest.raises(CrmFaulted, match="down"):
        crm.worker().schema()


def test_an_outage_of_our_own_storage_is_told_as_one_of_the_crm() -> None:
    class Dead(MemorySharedRows):
        def read(self, name: str) -> None:  # type: ignore[override] # it never gives anything
            raise Unavailable("told to")

    with pytest.raises(CrmFaulted) as caught:
        Crm(rows=Dead()).worker().schema()
    assert caught.value.fault.kind is FaultClass.UNAVAILABLE
    assert caught.value.fault.wait_s > 0


def test_what_the_crm_lacks_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    crm = Crm(LACKING)
    with caplog.at_level(logging.WARNING):
        crm.worker().schema()
        crm.clock.move(hours=25)
        crm.worker().schema()
    (said,) = caplog.records
    assert vars(said)["lacks"] == ["Opportunities.dw_stage_c"]

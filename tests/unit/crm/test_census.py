"""What a comparison reads of SuiteCRM: doubles under one of our ids, and whatever hangs on a deal."""

from __future__ import annotations

import pytest

from crm.suitecrm.modules import Batches
from domain.crm.faults import CrmFaulted
from domain.crm.reconciling import Attached
from domain.crm.rows import Kind
from tests.unit.crm.sinks import DIED, World, world

COLUMN = "dw_external_id_c"
COLUMNS = {Kind.CONTACT: COLUMN}


@pytest.fixture
def crm() -> World:
    return world(batches=Batches(read=2, page=2))


def entered(crm: World, record_id: str, value: str) -> str:
    return crm.model.enter("Opportunities", {"name": "12 Elm", COLUMN: value}, record_id)


def test_every_live_record_under_an_id_is_found_over_pages_and_parts(crm: World) -> None:
    for number in range(5):
        entered(crm, f"a{number}", "transactions:T-1")
    entered(crm, "b", "transactions:T-2")
    entered(crm, "c", "transactions:T-3")
    crm.model.delete("Opportunities", "a4")
    found = crm.sink.doubles(Kind.DEAL, COLUMN, ["transactions:T-1", "transactions:T-2", "transactions:T-404"])
    assert {value: sorted(ids) for value, ids in found.items()} == {
        "transactions:T-1": ["a0", "a1", "a2", "a3"],
        "transactions:T-2": ["b"],
    }


def test_an_id_in_other_letters_is_another_id(crm: World) -> None:
    entered(crm, "a", "transactions:t-1")
    assert crm.sink.doubles(Kind.DEAL, COLUMN, ["transactions:T-1"]) == {}


@pytest.mark.parametrize("value", ["x' OR '1'='1", "a\\", "50%", 'a"b', "", "x" * 256, "a;b", "é", "a\nb"])
def test_what_could_be_sql_is_never_asked(crm: World, value: str) -> None:
    entered(crm, "a", value)
    assert crm.sink.doubles(Kind.DEAL, COLUMN, [value]) == {}
    assert crm.sent_to("get_entry_list") == 0


def test_a_column_that_could_be_sql_is_a_bug(crm: World) -> None:
    with pytest.raises(ValueError, match="is no column of Opportunities"):
        crm.sink.doubles(Kind.DEAL, "name = '' OR 1", ["x"])


def test_a_column_of_the_module_itself_is_asked_for_in_its_own_table(crm: World) -> None:
    entered(crm, "a", "x")
    assert crm.sink.doubles(Kind.DEAL, "name", ["12 Elm"]) == {"12 Elm": ["a"]}


def test_what_hangs_on_a_deal_is_told_with_our_ids_of_it(crm: World) -> None:
    crm.enter_deal()
    crm.enter_contact("ours", dw_external_id_c="c1")
    crm.enter_contact("theirs")
    crm.model.enter("DW_Commissions", {"name": "Dana"}, "share")
    for contact in ("ours", "theirs"):
        crm.model.join("Opportunities", "deal-1", "contacts", contact)
    crm.model.join("DW_Commissions", "share", "dw_commissions_opportunities", "deal-1")
    found = crm.sink.attached(["deal-1", "deal-404"], COLUMNS)
    assert found == {"deal-1": Attached(contacts={"ours": "c1", "theirs": ""}, commissions={"share": ""})}


def test_a_deal_that_is_deleted_has_nothing_and_one_without_anything_is_there(crm: World) -> None:
    crm.enter_deal(record_id="gone")
    crm.model.delete("Opportunities", "gone")
    crm.enter_deal(record_id="bare")
    assert crm.sink.attached(["gone", "bare"], COLUMNS) == {"bare": Attached()}


def test_a_crm_that_does_not_answer_is_a_fault(crm: World) -> None:
    crm.enter_deal()
    crm.break_next("get_entry_list", DIED, times=5)
    with pytest.raises(CrmFaulted):
        crm.sink.doubles(Kind.DEAL, COLUMN, ["x"])
    crm.break_next("get_entries", DIED, times=5)
    with pytest.raises(CrmFaulted):
        crm.sink.attached(["deal-1"], COLUMNS)

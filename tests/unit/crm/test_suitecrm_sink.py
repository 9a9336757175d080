"""What the sink says became of each row, whatever the wire does."""

from __future__ import annotations

import pytest

from crm.suitecrm.calls import Broke, SoapFault, WireFault
from crm.suitecrm.modules import Batches
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import CrmRow, Outcome
from tests.fakes.crm_line import Break
from tests.unit.crm.sinks import CUT, DIED, UNSENT, World, commission_row, contact_row, deal_row, outcomes, row, world


@pytest.fixture
def crm() -> World:
    return world()


def status(code: int, *, empty: bool = False) -> WireFault:
    return WireFault(Broke.STATUS, f"HTTP {code}", status=code, empty=empty)


# ---------------------------------------------------------------------------------------------- all is well


def test_creates_and_updates_of_one_batch_go_in_one_call_and_are_read_back_in_one(crm: World) -> None:
    crm.enter_deal()
    crm.sessions.token()
    results = crm.sink.upsert(Kind.DEAL, [deal_row(2), deal_row(1, create=False, amount="7"), deal_row(3)])
    assert outcomes(results) == ["created", "updated", "created"]
    assert crm.calls.names()[1:] == ["set_entries", "get_entries"]


def test_results_are_in_the_order_of_the_rows_and_say_what_is_held(crm: World) -> None:
    rows = [contact_row(number, first_name=f"Dana {number}") for number in (3, 1, 2)]
    results = crm.sink.upsert(Kind.CONTACT, rows)
    assert [result.key for result in results] == [each.key for each in rows]
    assert [result.held["first_name"] for result in results if result.held] == ["Dana 3", "Dana 1", "Dana 2"]


def test_an_update_sends_only_the_fields_to_send_and_leaves_what_people_wrote(crm: World) -> None:
    crm.enter_deal()
    crm.model.edit("Opportunities", "deal-1", {"description": "call before noon"})
    (result,) = crm.sink.upsert(
        Kind.DEAL, [deal_row(1, create=False, send={"amount"}, amount="900", description="ours")]
    )
    assert result.outcome is Outcome.UPDATED
    assert result.altered == {}  # what was not sent is not what the CRM altered
    assert result.held is not None
    assert (result.held["amount"], result.held["description"]) == ("900", "call before noon")


def test_an_update_of_nothing_is_unchanged_and_calls_nobody(crm: World) -> None:
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, create=False, send=set())])
    assert result.outcome is Outcome.UNCHANGED
    assert crm.calls.names() == []


def test_no_rows_are_no_calls(crm: World) -> None:
    assert crm.sink.upsert(Kind.DEAL, []) == []
    assert crm.sink.link([]) == []
    assert crm.sink.match([]) == {}
    assert crm.sink.find(Kind.CONTACT, []) == {}
    assert crm.calls.names() == []


def test_rows_beyond_one_batch_go_in_several() -> None:
    crm = world(batches=Batches(read=4, write=4))
    results = crm.sink.upsert(Kind.CONTACT, [contact_row(number) for number in range(10)])
    assert outcomes(results) == ["created"] * 10
    assert crm.sent_to("set_entries") == crm.sent_to("get_entries") == 3


@pytest.mark.parametrize("bad", ["", "x" * 37, "a b", "1' OR '1'='1", "a/b"])
def test_a_record_with_an_id_that_is_none_is_refused(crm: World, bad: str) -> None:
    sick = CrmRow(RowKey(Kind.DEAL, "1"), bad, {"name": "12 Elm Street"}, frozenset({"name"}), create=False)
    (result,) = crm.sink.upsert(Kind.DEAL, [sick])
    assert outcomes([result]) == ["rejected rejected"]
    assert result.fault is not None
    assert result.fault.field == "id"
    assert crm.calls.names() == []


# ---------------------------------------------------------------------------------------------- links to parents


def test_a_commission_moves_to_another_deal_with_an_update(crm: World) -> None:
    for number in (1, 2):
        crm.enter_deal(record_id=f"deal-{number}")
    crm.sink.upsert(Kind.COMMISSION, [commission_row(1, dw_opp_ida="deal-1")])
    (result,) = crm.sink.upsert(Kind.COMMISSION, [commission_row(1, create=False, dw_opp_ida="deal-2")])
    assert result.outcome is Outcome.UPDATED
    assert list(crm.model.linked("DW_Commissions", "commission-1", "dw_commissions_opportunities")) == ["deal-2"]


def test_an_empty_link_column_takes_the_link_off(crm: World) -> None:
    crm.enter_deal()
    crm.enter_contact("agent-7")
    crm.sink.upsert(Kind.COMMISSION, [commission_row(1, dw_opp_ida="deal-1", dw_con_ida="agent-7")])
    (result,) = crm.sink.upsert(Kind.COMMISSION, [commission_row(1, create=False, dw_opp_ida="deal-1", dw_con_ida="")])
    assert result.outcome is Outcome.UPDATED
    assert result.held is not None
    assert result.held["dw_con_ida"] == ""
    assert crm.model.linked("DW_Commissions", "commission-1", "dw_commissions_contacts") == {}


# ---------------------------------------------------------------------------------------------- no answer


def test_a_batch_that_is_cut_off_is_unknown_and_what_is_behind_it_is_not_sent() -> None:
    crm = world(batches=Batches(write=2))
    crm.break_next("set_entries", CUT, applied=True)
    results = crm.sink.upsert(Kind.CONTACT, [contact_row(number) for number in range(5)])
    assert outcomes(results) == ["unknown ambiguous"] * 2 + ["deferred unavailable"] * 3
    assert not any(result.fault and result.fault.answered for result in results)
    assert crm.sent_to("set_entries") == 1


@pytest.mark.parametrize("error", [status(500, empty=True), status(504), status(418)], ids=str)
def test_a_status_that_says_nothing_leaves_the_rows_in_doubt(crm: World, error: WireFault) -> None:
    crm.break_next("set_entries", error)
    assert outcomes(crm.sink.upsert(Kind.DEAL, [deal_row(1)])) == ["unknown ambiguous"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UNSENT, "unavailable"),
        (status(502), "unavailable"),
        (status(503), "unavailable"),
        (status(429), "throttled"),
        (status(404), "config"),
        (SoapFault("20", "Module Does Not Exist"), "config"),
        (SoapFault("40", "Access Denied"), "config"),
        (SoapFault("1008", "Password Expired"), "auth_denied"),
    ],
    ids=str,
)
def test_what_was_surely_not_done_is_deferred_with_all_that_is_behind_it(error: Exception, kind: str) -> None:
    crm = world(batches=Batches(write=1))
    crm.break_next("set_entries", error)
    assert outcomes(crm.sink.upsert(Kind.DEAL, [deal_row(1), deal_row(2)])) == [f"deferred {kind}"] * 2
    assert crm.sent_to("set_entries") == 1


def test_a_gate_that_is_closed_defers_every_row_with_its_wait(crm: World) -> None:
    crm.sessions.token()
    crm.gate.closed = Fault(FaultClass.THROTTLED, "the credential waits", wait_s=30)
    results = crm.sink.upsert(Kind.DEAL, [deal_row(1), deal_row(2)])
    assert outcomes(results) == ["deferred throttled"] * 2
    assert [result.fault.wait_s for result in results if result.fault] == [30, 30]


def test_without_time_for_a_call_every_row_is_deferred_and_nobody_is_called(crm: World) -> None:
    crm.left[0] = 7.9
    assert outcomes(crm.sink.upsert(Kind.DEAL, [deal_row(1)])) == ["deferred unavailable"]
    assert crm.calls.names() == []
    assert crm.gate.faults == []


@pytest.mark.parametrize("error", [CUT, UNSENT, status(503), DIED], ids=str)
def test_rows_that_were_written_and_cannot_be_read_are_unknown(crm: World, error: Exception) -> None:
    crm.break_next("get_entries", error)
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1)])
    assert outcomes([result]) == ["unknown unavailable"]
    assert result.fault is not None
    assert not result.fault.answered  # a refusal it is not, however often it happens
    assert crm.model.live("Opportunities") == ["deal-1"]


def test_a_create_that_was_accepted_and_is_not_there_is_unknown(crm: World) -> None:
    def thrown_away(_arguments: object) -> bool:
        crm.model.purge("Opportunities", "deal-1")
        return False

    crm.calls.next("get_entries", Break(CUT, when=thrown_away))
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1)])
    assert outcomes([result]) == ["unknown ambiguous"]
    assert result.fault is not None
    assert result.fault.answered


# ---------------------------------------------------------------------------------------------- answered with -1


def test_after_a_fault_of_a_batch_what_was_kept_is_not_sent_again(crm: World) -> None:
    crm.model.poisoned.add(("Contacts", "contact-3"))
    results = crm.sink.upsert(Kind.CONTACT, [contact_row(number) for number in (1, 2, 3, 4)])
    assert outcomes(results) == ["created", "created", "unknown ambiguous", "created"]
    assert [write.id for write in crm.model.log if write.verb == "create"] == [
        *("contact-1", "contact-2", "contact-3"),  # the batch
        *("contact-3", "contact-4"),  # one by one
    ]


def test_a_row_that_faults_alone_is_tried_twice_and_no_more(crm: World) -> None:
    crm.model.poisoned.add(("Opportunities", "deal-1"))
    crm.enter_deal()
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, create=False, amount="5")])
    assert outcomes([result]) == ["unknown ambiguous"]
    assert crm.sent_to("set_entries") + crm.sent_to("set_entry") == 2


def test_a_fault_that_tells_a_value_of_the_record_is_told_without_it(crm: World) -> None:
    said = SoapFault("-1", "Duplicate entry 'Dana.Reyes@Example.com' for key 'PRIMARY'")
    crm.break_next("set_entries", said)
    crm.break_next("set_entry", said)
    (result,) = crm.sink.upsert(Kind.CONTACT, [contact_row(1, email1="dana.reyes@example.com")])
    assert result.fault is not None
    assert "dana" not in result.fault.words.lower()
    assert "Duplicate entry" in result.fault.words


def test_a_batch_that_was_done_before_its_fault_is_done(crm: World) -> None:
    crm.break_next("set_entries", DIED, applied=True)
    assert outcomes(crm.sink.upsert(Kind.DEAL, [deal_row(1), deal_row(2)])) == ["created", "created"]
    assert crm.sent_to("set_entry") == 0


def test_a_create_that_a_rival_makes_while_we_try_it_again_is_contention(crm: World) -> None:
    def rival(_arguments: object) -> bool:
        crm.enter_deal(name="somebody else's")
        return True

    crm.break_next("set_entries", DIED)
    crm.calls.next("set_entry", Break(DIED, when=rival))
    assert outcomes(crm.sink.upsert(Kind.DEAL, [deal_row(1)])) == ["deferred contention"]


def test_a_write_that_is_done_though_it_faulted_alone_is_done(crm: World) -> None:
    crm.break_next("set_entries", DIED)
    crm.break_next("set_entry", DIED, applied=True)
    assert outcomes(crm.sink.upsert(Kind.DEAL, [deal_row(1)])) == ["created"]


def test_after_a_fault_of_a_batch_a_deleted_record_is_gone_and_the_others_go_on(crm: World) -> None:
    crm.enter_deal(record_id="deal-2")
    crm.model.delete("Opportunities", "deal-2")
    results = crm.sink.upsert(Kind.DEAL, [deal_row(number) for number in (1, 2, 3)])
    assert outcomes(results) == ["created", "deferred gone", "created"]


def test_time_that_runs_out_one_by_one_leaves_the_rest_as_it_was(crm: World) -> None:
    def later(_arguments: object) -> bool:
        crm.left[0] = 5.0
        return True

    crm.break_next("set_entries", DIED)
    crm.calls.next("set_entry", Break(DIED, when=later))
    results = crm.sink.upsert(Kind.DEAL, [deal_row(1), deal_row(2), deal_row(3)])
    assert outcomes(results) == ["unknown unavailable", "deferred unavailable", "deferred unavailable"]
    assert crm.model.live("Opportunities") == []


def test_after_a_fault_a_batch_that_cannot_be_read_is_unknown(crm: World) -> None:
    crm.break_next("set_entries", DIED)
    crm.break_next("get_entries", CUT)
    assert outcomes(crm.sink.upsert(Kind.DEAL, [deal_row(1), deal_row(2)])) == ["unknown unavailable"] * 2


# ---------------------------------------------------------------------------------------------- retiring


def test_a_retired_record_gets_its_last_fields_and_is_never_created_for_that(crm: World) -> None:
    crm.enter_deal(record_id="deal-9")
    crm.sink.upsert(Kind.COMMISSION, [commission_row(1, amount="900", dw_opp_ida="deal-9")])
    last = {"amount": "0", "commission_status": "retired"}
    rows = [commission_row(2, **last), row(Kind.COMMISSION, 1, last, create=False)]
    assert outcomes(crm.sink.retire(Kind.COMMISSION, rows)) == ["unchanged", "updated"]
    assert crm.model.live("DW_Commissions") == ["commission-1"]
    assert crm.model.text("DW_Commissions", "commission-1", "commission_status") == "retired"


# ---------------------------------------------------------------------------------------------- reading


def test_find_reads_in_batches_and_asks_what_was_deleted_only_if_something_is_missing() -> None:
    crm = world(batches=Batches(read=2))
    for number in (1, 2, 3):
        crm.enter_contact(f"contact-{number}")
    crm.sessions.token()
    found = crm.sink.find(Kind.CONTACT, ["contact-1", "contact-2", "contact-3"])
    assert crm.calls.names()[1:] == ["get_entries", "get_entries"]
    assert all(remote.live for remote in found.values())


def test_find_says_nothing_of_what_is_no_id(crm: World) -> None:
    assert crm.sink.find(Kind.CONTACT, ["1' OR '1'='1", ""]) == {}
    assert crm.calls.names() == []


def test_find_raises_when_the_crm_does_not_answer(crm: World) -> None:
    crm.break_next("get_entries", CUT)
    with pytest.raises(CrmFaulted) as raised:
        crm.sink.find(Kind.CONTACT, ["contact-1"])
    assert raised.value.fault.kind is FaultClass.UNAVAILABLE


def test_a_read_error_of_the_deleted_ones_is_not_taken_for_absence(crm: World) -> None:
    crm.break_next("get_entry_list", CUT)
    with pytest.raises(CrmFaulted):
        crm.sink.find(Kind.CONTACT, ["contact-1"])

"""The trap of a record on which the service dies whenever it is read: it answers the whole call with fault -1."""

from __future__ import annotations

from typing import Any

import pytest

from crm.suitecrm.halving import MOST_CALLS
from crm.suitecrm.modules import Batches
from domain.agents import Agent, AgentKey
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import Remote, Terms, Unread
from tests.fakes.crm_line import Break
from tests.unit.crm.sinks import CUT, DIED, World, commission_row, contact_row, deal_row, link_row, outcomes, world

#: Halving a batch of fifty down to one record takes six steps of two calls.
ONE_OF_FIFTY = 2 * 6 + 1

#: Eight calls for what is there, and one for what is not.
IN_VAIN = 8 + 1

BUSY = Fault(FaultClass.THROTTLED, "the rate is used up by other workers", wait_s=1.2)


@pytest.fixture
def crm() -> World:
    made = world()
    made.sessions.token()
    made.calls.made.clear()
    made.gate.answers.clear()
    return made


def contacts(crm: World, count: int, *unreadable: int) -> list[str]:
    """Ids of so many contacts; those of the numbers cannot be read."""
    ids = [crm.enter_contact(f"contact-{number:03d}") for number in range(count)]
    crm.model.unreadable |= {("Contacts", ids[number]) for number in unreadable}
    return ids


def unread(found: Any) -> list[str]:
    return sorted(each for each, seen in found.items() if isinstance(seen, Unread))


# ------------------------------------------------------------------------------------------------------------ finding


@pytest.mark.parametrize("number", [0, 17, 49])
def test_the_others_of_its_batch_are_read_and_it_is_told_by_itself(crm: World, number: int) -> None:
    ids = contacts(crm, 50, number)
    found = crm.sink.find(Kind.CONTACT, ids)
    assert unread(found) == [ids[number]]
    assert all(isinstance(found[each], Remote) for each in ids if each != ids[number])
    assert len(crm.calls.made) <= ONE_OF_FIFTY


def test_each_of_several_costs_no_more_than_one_alone(crm: World) -> None:
    ids = contacts(crm, 50, 3, 30, 44)
    assert len(unread(crm.sink.find(Kind.CONTACT, ids))) == 3
    assert len(crm.calls.made) <= 3 * ONE_OF_FIFTY


def test_it_says_nothing_against_the_crm(crm: World) -> None:
    crm.sink.find(Kind.CONTACT, contacts(crm, 50, 17))
    assert crm.gate.faults == []
    assert crm.gate.answers != []


def test_what_is_unread_is_never_taken_for_absent_or_deleted(crm: World) -> None:
    (one,) = contacts(crm, 1, 0)
    found = crm.sink.find(Kind.CONTACT, [one, "never-was"])
    assert found == {one: Unread(found[one].fault)}  # type: ignore[union-attr]  # that it is unread is what is asserted
    assert found[one].fault.kind is FaultClass.UNAVAILABLE  # type: ignore[union-attr]  # likewise


def test_alone_in_its_batch_it_is_told_from_an_outage_by_reading_what_nobody_has(crm: World) -> None:
    ids = contacts(crm, 1, 0)
    assert unread(crm.sink.find(Kind.CONTACT, ids)) == ids
    assert crm.gate.faults == []
    assert len(crm.calls.made) == 2


def test_a_deleted_record_that_cannot_be_listed_is_unread_and_not_absent(crm: World) -> None:
    ids = contacts(crm, 3, 1)
    for each in ids:
        crm.model.delete("Contacts", each)
    found = crm.sink.find(Kind.CONTACT, [*ids, "never-was"])
    assert unread(found) == [ids[1]]
    assert found.keys() == set(ids)


def test_links_of_a_deal_that_cannot_be_read_are_unread_and_those_of_others_are_found(crm: World) -> None:
    for number in (1, 2):
        crm.enter_deal(record_id=f"deal-{number}")
    person = crm.enter_contact()
    crm.model.join("Opportunities", "deal-2", "contacts", person)
    crm.model.unreadable.add(("Opportunities", "deal-1"))
    found = crm.sink.find(Kind.LINK, [f"deal-1/{person}", f"deal-2/{person}"])
    assert unread(found) == [f"deal-1/{person}"]
    assert found[f"deal-2/{person}"] == Remote(f"deal-2/{person}", live=True, fields={})


def test_so_many_that_finding_them_takes_too_long_are_left_for_later() -> None:
    crm = world(batches=Batches(read=200))
    ids = contacts(crm, 200, *range(0, 200, 5))
    found = crm.sink.find(Kind.CONTACT, ids)
    assert found.keys() == set(ids)
    assert set(unread(found)) >= {ids[number] for number in range(0, 200, 5)}
    assert crm.sent_to("get_entries") <= MOST_CALLS + 1


# ----------------------------------------------------------------------------------------------- the CRM as a whole


@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_crm_that_answers_every_read_with_a_fault_counts_as_down_after_a_few_calls(crm: World, count: int) -> None:
    crm.calls.always("get_entries", Break(DIED))
    with pytest.raises(CrmFaulted) as raised:
        crm.sink.find(Kind.CONTACT, contacts(crm, count))
    assert raised.value.fault.kind is FaultClass.UNAVAILABLE
    assert (len(crm.gate.faults), crm.gate.answers) == (1, [])
    assert len(crm.calls.made) <= 4


def test_whoever_probes_has_one_call_and_a_fault_of_it_counts(crm: World) -> None:
    """The circuit is open: the probe may be sent, and nothing behind it."""
    shut = Fault(FaultClass.UNAVAILABLE, "one call at a time tests it", wait_s=30.0)

    def then_shut(_arguments: object) -> bool:
        crm.gate.closed = shut
        return True

    crm.calls.next("get_entries", Break(DIED, when=then_shut))
    with pytest.raises(CrmFaulted):
        crm.sink.find(Kind.CONTACT, contacts(crm, 3))
    ((fault, _),) = crm.gate.faults
    assert fault.answered


def test_an_outage_in_the_middle_loses_nothing_that_was_read(crm: World) -> None:
    ids = contacts(crm, 4)
    crm.calls.next("get_entries", Break(DIED), Break(CUT, when=lambda arguments: ids[0] not in arguments[2]))
    found = crm.sink.find(Kind.CONTACT, ids)
    assert unread(found) == ids[2:]
    assert not any(seen.fault.answered for seen in found.values() if isinstance(seen, Unread))


def test_an_outage_before_anything_was_read_is_an_outage(crm: World) -> None:
    ids = contacts(crm, 4)
    crm.calls.next("get_entries", Break(DIED), Break(CUT))
    with pytest.raises(CrmFaulted) as raised:
        crm.sink.find(Kind.CONTACT, ids)
    assert raised.value.fault.kind is FaultClass.UNAVAILABLE


def test_where_no_permit_is_left_what_the_last_call_showed_is_told(crm: World) -> None:
    crm.calls.next("get_entries", Break(DIED, when=lambda _: bool(setattr(crm.gate, "closed", BUSY)) or True))
    with pytest.raises(CrmFaulted):
        crm.sink.find(Kind.CONTACT, contacts(crm, 3))
    assert [fault.answered for fault, _ in crm.gate.faults] == [True]


def test_a_module_of_which_no_record_can_be_read_costs_few_calls(crm: World) -> None:
    ids = contacts(crm, 50, *range(50))
    assert unread(crm.sink.find(Kind.CONTACT, ids)) == ids
    assert len(crm.calls.made) <= IN_VAIN


def test_a_fault_that_passes_leaves_nothing_unread(crm: World) -> None:
    crm.break_next("get_entries", DIED)
    ids = contacts(crm, 5)
    assert unread(crm.sink.find(Kind.CONTACT, ids)) == []
    assert crm.gate.faults == []


# ----------------------------------------------------------------------------------------------------------- writing


def test_a_read_back_that_fails_once_is_read_again(crm: World) -> None:
    crm.break_next("get_entries", DIED)
    assert outcomes(crm.sink.upsert(Kind.CONTACT, [contact_row(1), contact_row(2)])) == ["created", "created"]


def test_written_and_not_read_it_alone_is_unknown(crm: World) -> None:
    crm.model.unreadable.add(("Opportunities", "deal-2"))
    results = crm.sink.upsert(Kind.DEAL, [deal_row(number) for number in (1, 2, 3)])
    assert outcomes(results) == ["created", "unknown unavailable", "created"]
    assert results[1].fault is not None
    assert not results[1].fault.answered
    assert crm.model.live("Opportunities") == ["deal-1", "deal-2", "deal-3"]


def test_after_a_fault_of_its_batch_it_is_not_sent_again_and_the_others_are(crm: World) -> None:
    crm.enter_deal(record_id="deal-2")
    crm.model.unreadable.add(("Opportunities", "deal-2"))
    crm.break_next("set_entries", DIED)
    results = crm.sink.upsert(Kind.DEAL, [deal_row(1), deal_row(2, create=False), deal_row(3)])
    assert outcomes(results) == ["created", "unknown unavailable", "created"]
    assert [arguments[2]["id"] for name, arguments, _ in crm.calls.made if name == "set_entry"] == ["deal-1", "deal-3"]


def test_after_a_fault_of_its_batch_nobody_asks_whether_it_was_deleted(crm: World) -> None:
    crm.enter_deal(record_id="deal-2")
    crm.model.unreadable.add(("Opportunities", "deal-2"))
    crm.break_next("set_entries", DIED)
    crm.sink.upsert(Kind.DEAL, [deal_row(1), deal_row(2, create=False)])
    assert crm.sent_to("get_entry_list") == 1


def test_a_deleted_record_that_cannot_be_listed_after_a_fault_is_unknown_and_not_gone(crm: World) -> None:
    crm.enter_deal(record_id="deal-2")
    crm.model.delete("Opportunities", "deal-2")
    crm.model.unreadable.add(("Opportunities", "deal-2"))
    crm.break_next("set_entries", DIED)
    results = crm.sink.upsert(Kind.DEAL, [deal_row(1), deal_row(2, create=False)])
    assert outcomes(results) == ["created", "unknown unavailable"]


def test_a_record_that_cannot_be_read_once_a_link_was_taken_off_it_is_unknown(crm: World) -> None:
    crm.enter_deal()
    crm.sink.upsert(Kind.COMMISSION, [commission_row(1, dw_opp_ida="deal-1")])

    def unreadable_now(_arguments: object) -> bool:
        crm.model.unreadable.add(("DW_Commissions", "commission-1"))
        return False

    crm.calls.next("set_relationships", Break(DIED, when=unreadable_now))
    assert outcomes(crm.sink.upsert(Kind.COMMISSION, [commission_row(1, create=False, dw_opp_ida="")])) == [
        "unknown unavailable"
    ]


def test_a_row_that_faults_alone_and_cannot_be_read_then_is_unknown_and_not_refused(crm: World) -> None:
    def unreadable_now(_arguments: object) -> bool:
        crm.model.unreadable.add(("Opportunities", "deal-1"))
        return True

    crm.break_next("set_entries", DIED)
    crm.calls.next("set_entry", Break(DIED, when=unreadable_now, applied=True))
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1)])
    assert outcomes([result]) == ["unknown unavailable"]


@pytest.mark.parametrize(("module", "record"), [("Opportunities", "deal-1"), ("Contacts", "contact-1")])
def test_a_link_with_an_end_that_cannot_be_read_is_unknown_and_nobody_asks_whether_it_was_deleted(
    crm: World, module: str, record: str
) -> None:
    for number in (1, 2):
        crm.enter_deal(record_id=f"deal-{number}")
        crm.enter_contact(f"contact-{number}")
    crm.model.unreadable.add((module, record))
    rows = [link_row("deal-1", "contact-1"), link_row("deal-2", "contact-2")]
    assert outcomes(crm.sink.link(rows)) == ["unknown unavailable", "created"]


def test_a_link_that_is_not_there_with_a_contact_that_cannot_be_read_is_unknown(crm: World) -> None:
    crm.enter_deal()
    crm.enter_contact()
    crm.model.unreadable.add(("Contacts", "contact-1"))

    def lost(_arguments: object) -> bool:
        crm.model.part("Opportunities", "deal-1", "contacts", "contact-1")
        return False

    crm.calls.next("get_entries", Break(DIED, when=lost))
    assert outcomes(crm.sink.link([link_row()])) == ["unknown unavailable"]


# --------------------------------------------------------------------------------------------------------- searching


def searched(crm: World, *terms: Terms) -> dict[str, Any]:
    return {key.id: found for key, found in crm.sink.match(terms).items()}


def term(number: int, **values: str) -> Terms:
    return Terms(RowKey(Kind.CONTACT, str(number)), **values)


def test_whose_search_meets_it_is_unread_and_nobody_new_to_the_crm(crm: World) -> None:
    crm.enter_contact("old-1", email1="one@example.com")
    crm.enter_contact("old-2", email1="two@example.com")
    crm.model.unreadable.add(("Contacts", "old-1"))
    found = searched(crm, *(term(n, email=f"{name}@example.com") for n, name in enumerate(("one", "two", "six"))))
    assert isinstance(found["0"], Unread)
    assert [remote.id for remote in found["1"]] == ["old-2"]
    assert found["2"] == ()
    assert crm.gate.faults == []


def test_a_search_by_phone_that_meets_it_is_unread_too(crm: World) -> None:
    crm.enter_contact("old-1", phone_mobile="(406) 555-0100")
    crm.model.unreadable.add(("Contacts", "old-1"))
    people = [term(1, phone="+14065550100", last_name="Ng"), term(2, phone="+14065550199", last_name="Ng")]
    found = searched(crm, *people)
    assert isinstance(found["1"], Unread)
    assert found["2"] == ()


def test_doubles_of_other_values_are_counted(crm: World) -> None:
    for number, value in enumerate(("a:1", "b:2", "b:2")):
        crm.model.enter("Opportunities", {"name": "x", "dw_external_id_c": value}, f"deal-{number}")
    crm.model.unreadable.add(("Opportunities", "deal-0"))
    assert crm.sink.doubles(Kind.DEAL, "dw_external_id_c", ["a:1", "b:2"]) == {"b:2": ["deal-1", "deal-2"]}


def test_what_hangs_on_another_deal_is_told(crm: World) -> None:
    for number in (1, 2):
        crm.enter_deal(record_id=f"deal-{number}")
    crm.model.unreadable.add(("Opportunities", "deal-1"))
    attached = crm.sink.attached(["deal-1", "deal-2"], {})
    assert unread(attached) == ["deal-1"]
    assert attached.keys() == {"deal-1", "deal-2"}


def test_an_agent_whose_record_cannot_be_read_is_not_said_to_be_missing(crm: World) -> None:
    crm.model.enter("Contacts", {"last_name": "Agent"}, "agent-1")
    crm.model.unreadable.add(("Contacts", "agent-1"))
    agent = Agent(AgentKey("transactions", "a"), "Ana", "", "", "user-1", "agent-1")
    (lack,) = crm.sink.check_agents([agent])
    assert lack.what.startswith("crm_user_id")

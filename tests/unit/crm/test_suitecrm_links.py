"""Links between deals and people: set, found, and taken off."""

from __future__ import annotations

import pytest

from domain.crm.rows import Kind, RowKey
from domain.crm.sink import ROLE, CrmRow, Terms
from tests.unit.crm.sinks import CUT, DIED, World, commission_row, contact_row, deal_row, link_row, outcomes, world


@pytest.fixture
def crm() -> World:
    return world()


def linked(crm: World) -> World:
    crm.enter_deal()
    for number in (1, 2, 3):
        crm.enter_contact(f"contact-{number}")
    return crm


def test_links_of_several_people_are_set_in_one_call_and_read_back_in_one(crm: World) -> None:
    linked(crm)
    crm.sessions.token()
    results = crm.sink.link([link_row(contact=f"contact-{number}", role="Buyer") for number in (1, 2, 3)])
    assert outcomes(results) == ["created"] * 3
    assert crm.calls.names()[1:] == ["set_relationships", "get_entries"]
    assert set(crm.model.linked("Opportunities", "deal-1", "contacts")) == {"contact-1", "contact-2", "contact-3"}


def test_a_link_without_a_role_clears_the_former_one(crm: World) -> None:
    linked(crm)
    crm.sink.link([link_row(role="Buyer")])
    crm.sink.link([link_row(role="")])
    assert crm.model.linked("Opportunities", "deal-1", "contacts") == {"contact-1": {"contact_role": ""}}


@pytest.mark.parametrize("role", ["Buyer's agent", "a\\b", "Käufer", "x" * 51, "a;b"])
def test_a_role_that_would_break_the_sql_of_the_crm_is_refused(crm: World, role: str) -> None:
    linked(crm)
    (result,) = crm.sink.link([link_row(role=role)])
    assert outcomes([result]) == ["rejected rejected"]
    assert result.fault is not None
    assert result.fault.field == "contact_role"
    assert crm.calls.names() == []


def test_a_link_with_an_id_that_is_none_is_refused(crm: World) -> None:
    (result,) = crm.sink.link([link_row(contact="")])
    assert outcomes([result]) == ["rejected rejected"]


def test_one_dead_end_does_not_hold_up_the_other_links(crm: World) -> None:
    linked(crm)
    crm.model.delete("Contacts", "contact-2")
    results = crm.sink.link([link_row(contact=f"contact-{number}") for number in (1, 2, 3)])
    assert outcomes(results) == ["created", "deferred gone", "created"]


def test_links_that_were_cut_off_are_unknown(crm: World) -> None:
    linked(crm)
    crm.break_next("set_relationships", CUT, applied=True)
    assert outcomes(crm.sink.link([link_row()])) == ["unknown ambiguous"]


def test_links_that_faulted_are_set_one_by_one_for_their_roles_cannot_be_read(crm: World) -> None:
    linked(crm)
    crm.sink.link([link_row(role="Lender")])
    crm.break_next("set_relationships", DIED)
    results = crm.sink.link([link_row(role="Buyer"), link_row(contact="contact-2", role="Seller")])
    assert outcomes(results) == ["created", "created"]
    held = crm.model.linked("Opportunities", "deal-1", "contacts")
    assert held == {"contact-1": {"contact_role": "Buyer"}, "contact-2": {"contact_role": "Seller"}}


def test_a_link_that_faults_twice_is_unknown_and_answered(crm: World) -> None:
    linked(crm)
    crm.break_next("set_relationships", DIED, times=2)
    (result,) = crm.sink.link([link_row()])
    assert outcomes([result]) == ["unknown ambiguous"]
    assert result.fault is not None
    assert result.fault.answered


def test_upserting_links_is_linking(crm: World) -> None:
    linked(crm)
    assert outcomes(crm.sink.upsert(Kind.LINK, [link_row()])) == ["created"]


def test_a_link_is_found_by_its_ends_and_its_role_is_not_told(crm: World) -> None:
    linked(crm)
    crm.sink.link([link_row()])
    found = crm.sink.find(Kind.LINK, ["deal-1/contact-1", "deal-1/contact-2", "deal-9/contact-1"])
    assert list(found) == ["deal-1/contact-1"]
    assert found["deal-1/contact-1"].live
    assert ROLE not in found["deal-1/contact-1"].fields


def test_a_link_to_a_deleted_contact_is_not_found(crm: World) -> None:
    linked(crm)
    crm.sink.link([link_row()])
    crm.model.delete("Contacts", "contact-1")
    assert crm.sink.find(Kind.LINK, ["deal-1/contact-1"]) == {}


# ---------------------------------------------------------------------------------------------- retiring


def test_a_retired_link_is_taken_off_and_again_without_harm(crm: World) -> None:
    linked(crm)
    crm.sink.link([link_row(), link_row(contact="contact-2")])
    retired = CrmRow(RowKey(Kind.LINK, "deal-1", "contact-1"), "deal-1/contact-1", {}, frozenset(), create=False)
    for _ in range(2):
        assert outcomes(crm.sink.retire(Kind.LINK, [retired])) == ["updated"]
    assert list(crm.model.linked("Opportunities", "deal-1", "contacts")) == ["contact-2"]


def test_a_link_whose_end_is_gone_is_retired_with_it(crm: World) -> None:
    linked(crm)
    crm.sink.link([link_row()])
    crm.model.delete("Opportunities", "deal-1")
    retired = CrmRow(RowKey(Kind.LINK, "deal-1", "contact-1"), "deal-1/contact-1", {}, frozenset(), create=False)
    assert outcomes(crm.sink.retire(Kind.LINK, [retired])) == ["updated"]


def test_taking_a_link_off_that_faults_is_done_if_it_is_off(crm: World) -> None:
    linked(crm)
    crm.sink.link([link_row()])
    retired = CrmRow(RowKey(Kind.LINK, "deal-1", "contact-1"), "deal-1/contact-1", {}, frozenset(), create=False)
    crm.break_next("set_relationships", DIED, applied=True)
    assert outcomes(crm.sink.retire(Kind.LINK, [retired])) == ["updated"]
    assert crm.sent_to("set_relationships") == 2


def test_a_new_deal_with_six_people_and_three_agents_costs_ten_calls(crm: World) -> None:
    crm.enter_contact("agent-7")
    crm.sessions.token()
    people = [contact_row(number, email1=f"p{number}@example.com") for number in range(6)]
    terms = [Terms(each.key, each.fields["email1"], "+13035550199", "Ng") for each in people]
    records = [commission_row(number, dw_opp_ida="deal-1", dw_con_ida="agent-7") for number in range(3)]
    crm.sink.match(terms)
    done = [
        *crm.sink.upsert(Kind.CONTACT, people),
        *crm.sink.upsert(Kind.DEAL, [deal_row(1)]),
        *crm.sink.upsert(Kind.COMMISSION, records),
        *crm.sink.link([link_row(contact=each.remote_id) for each in people]),
    ]
    assert outcomes(done) == ["created"] * 16
    assert len(crm.calls.names()) - 1 == 10  # without the login

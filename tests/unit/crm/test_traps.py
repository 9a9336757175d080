"""Every row of the trap table measured on SuiteCRM 7.14.6 (research: crm.md §1a), and what the sink makes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm.suitecrm.modules import Batches, LinkOf
from domain.crm.faults import FaultClass
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import Outcome, Terms
from tests.unit.crm.sinks import MODULES, World, commission_row, contact_row, deal_row, link_row, world


@pytest.fixture
def crm() -> World:
    return world()


def test_an_update_of_an_id_that_does_not_exist_returns_the_id_and_stores_nothing_so_it_is_gone(crm: World) -> None:
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, create=False)])
    assert (result.outcome, result.fault and result.fault.kind) == (Outcome.DEFERRED, FaultClass.GONE)
    assert crm.model.live("Opportunities") == []


def test_a_create_of_an_id_that_exists_faults_and_becomes_an_update(crm: World) -> None:
    crm.enter_deal(name="an older name")
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, amount="1000")])
    assert result.outcome is Outcome.CREATED
    assert crm.model.shown("Opportunities", "deal-1")["name"] == "12 Elm Street"
    assert crm.model.live("Opportunities") == ["deal-1"]


def test_of_racing_creates_of_one_id_one_wins_and_the_others_see_it_done(crm: World) -> None:
    for _ in range(4):
        (result,) = crm.sink.upsert(Kind.CONTACT, [contact_row(1, first_name="Dana")])
        assert result.outcome is Outcome.CREATED
    created = [write for write in crm.model.log if write.verb == "create" and write.applied]
    assert len(created) == 1


def test_a_create_of_an_id_that_is_softly_deleted_faults_and_is_gone(crm: World) -> None:
    crm.enter_deal()
    crm.model.delete("Opportunities", "deal-1")
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1)])
    assert (result.outcome, result.fault and result.fault.kind) == (Outcome.DEFERRED, FaultClass.GONE)
    assert crm.model.live("Opportunities") == []


def test_an_update_of_a_softly_deleted_record_returns_its_id_and_it_stays_deleted_so_it_is_gone(crm: World) -> None:
    crm.enter_deal()
    crm.model.delete("Opportunities", "deal-1")
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, create=False)])
    assert (result.outcome, result.fault and result.fault.kind) == (Outcome.DEFERRED, FaultClass.GONE)
    assert crm.model.live("Opportunities") == []


def test_a_batch_whose_second_row_is_bad_keeps_the_first_and_the_third_is_written_alone(crm: World) -> None:
    crm.model.poisoned.add(("Opportunities", "deal-2"))
    results = crm.sink.upsert(Kind.DEAL, [deal_row(number) for number in (1, 2, 3)])
    assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.UNKNOWN, Outcome.CREATED]
    fault = results[1].fault
    assert fault is not None
    assert fault.kind is FaultClass.AMBIGUOUS
    assert fault.answered
    assert "service died unexpectedly" in fault.words
    assert sorted(crm.model.live("Opportunities")) == ["deal-1", "deal-3"]


def test_an_amount_a_date_and_a_field_that_the_crm_garbles_come_back_as_altered(crm: World) -> None:
    garbage = {
        "amount": "not-a-number",
        "date_closed": "31/03/2026",
        "sales_stage": "NoSuchStage",
        "dw_of_a_later_addon_c": "dropped",
    }
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, **garbage)])
    assert result.outcome is Outcome.CREATED
    assert result.altered == {
        "amount": ("not-a-number", "0"),
        "date_closed": ("31/03/2026", ""),
        "dw_of_a_later_addon_c": ("dropped", ""),
    }


@pytest.mark.parametrize("kind", [Kind.DEAL, Kind.COMMISSION])
def test_an_empty_number_would_be_created_as_0_so_it_is_not_sent(crm: World, kind: Kind) -> None:
    crm.enter_deal(record_id="deal-9")
    row = deal_row(1, amount="") if kind is Kind.DEAL else commission_row(1, amount="", dw_opp_ida="deal-9")
    (result,) = crm.sink.upsert(kind, [row])
    assert (result.outcome, result.altered) == (Outcome.CREATED, {})
    assert result.held is not None
    assert result.held["amount"] == ""


def test_a_link_column_to_a_deal_that_does_not_exist_is_dropped_so_the_record_waits_for_it(crm: World) -> None:
    (result,) = crm.sink.upsert(Kind.COMMISSION, [commission_row(1, dw_opp_ida="nope")])
    assert result.outcome is Outcome.DEFERRED
    assert result.fault is not None
    assert (result.fault.kind, result.fault.field) == (FaultClass.DEFERRED, "dw_opp_ida")


def test_a_link_column_to_a_contact_of_the_directory_that_does_not_exist_is_refused_by_name(crm: World) -> None:
    crm.enter_deal()
    (result,) = crm.sink.upsert(Kind.COMMISSION, [commission_row(1, dw_opp_ida="deal-1", dw_con_ida="nope")])
    assert result.outcome is Outcome.REJECTED
    assert result.fault is not None
    assert (result.fault.kind, result.fault.field) == (FaultClass.REJECTED, "dw_con_ida")
    assert "agents import" in result.fault.words


def test_a_day_goes_as_iso_and_comes_back_as_it_was_sent(crm: World) -> None:
    (result,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, date_closed="2026-03-31")])
    assert result.altered == {}
    assert result.held is not None
    assert result.held["date_closed"] == "2026-03-31"


def test_a_name_of_300_characters_is_altered_the_same_way_each_time(crm: World) -> None:
    long = "x" * 300
    (first,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, name=long)])
    (again,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, create=False, name=long)])
    assert first.altered == again.altered == {"name": (long, "x" * 50)}
    assert first.held == again.held


def test_an_apostrophe_comes_as_an_entity_and_is_no_alteration(crm: World) -> None:
    (result,) = crm.sink.upsert(Kind.CONTACT, [contact_row(1, last_name="O'Brien", description='R&D "east" wing')])
    assert result.altered == {}
    assert result.held is not None
    assert result.held["last_name"] == "O'Brien"
    assert (
        crm.model.get_entries(crm.sessions.token(), "Contacts", ["contact-1"], ["last_name"], {}, timeout_s=1)[
            0
        ].fields["last_name"]
        == "O&#039;Brien"
    )


def test_tags_and_emoji_that_the_crm_cannot_hold_are_altered(crm: World) -> None:
    (result,) = crm.sink.upsert(
        Kind.CONTACT, [contact_row(1, first_name="Dana <Realty>", description="sold \U0001f3e0")]
    )
    assert result.altered == {
        "first_name": ("Dana <Realty>", "Dana "),
        "description": ("sold \U0001f3e0", "sold ????"),
    }


def test_an_amount_beyond_what_a_double_shows_is_altered_and_a_commission_is_exact(crm: World) -> None:
    crm.enter_deal(record_id="deal-9")
    (deal,) = crm.sink.upsert(Kind.DEAL, [deal_row(1, amount="12345678901234.56")])
    (record,) = crm.sink.upsert(Kind.COMMISSION, [commission_row(1, amount="12345678901234.56", dw_opp_ida="deal-9")])
    assert deal.altered == {"amount": ("12345678901234.56", "12345678901235")}
    assert record.altered == {}


def test_a_record_without_its_required_field_is_refused_before_anything_is_sent(crm: World) -> None:
    (bad, good) = crm.sink.upsert(Kind.CONTACT, [contact_row(1, last_name=" "), contact_row(2)])
    assert bad.outcome is Outcome.REJECTED
    assert bad.fault is not None
    assert (bad.fault.kind, bad.fault.field) == (FaultClass.REJECTED, "last_name")
    assert good.outcome is Outcome.CREATED
    assert [write.id for write in crm.model.log] == ["contact-2"]


def test_a_link_to_a_contact_that_does_not_exist_counts_as_created_and_is_gone(crm: World) -> None:
    crm.enter_deal()
    (result,) = crm.sink.link([link_row(contact="nobody")])
    assert result.outcome is Outcome.DEFERRED
    assert result.fault is not None
    assert result.fault.kind is FaultClass.GONE
    assert "Contacts nobody" in result.fault.words


def test_a_link_from_a_deal_that_does_not_exist_counts_as_created_and_is_gone(crm: World) -> None:
    crm.enter_contact()
    (result,) = crm.sink.link([link_row(deal="nothing")])
    assert result.outcome is Outcome.DEFERRED
    assert result.fault is not None
    assert "Opportunities nothing" in result.fault.words


def test_an_unknown_link_name_fails_without_a_fault_and_is_a_mistake_of_the_configuration() -> None:
    crm = world(modules=replace(MODULES, link=LinkOf("persons")))
    crm.enter_deal()
    crm.enter_contact()
    (result,) = crm.sink.link([link_row()])
    assert result.outcome is Outcome.DEFERRED
    assert result.fault is not None
    assert (result.fault.kind, result.fault.field) == (FaultClass.CONFIG, "persons")


def test_a_link_that_is_set_twice_is_one_link_with_the_later_role(crm: World) -> None:
    crm.enter_deal()
    crm.enter_contact()
    for role in ("Buyer", "Buyer, Lender"):
        (result,) = crm.sink.link([link_row(role=role)])
        assert result.outcome is Outcome.CREATED
    assert crm.model.linked("Opportunities", "deal-1", "contacts") == {"contact-1": {"contact_role": "Buyer, Lender"}}


def test_reading_a_missing_or_deleted_record_raises_nothing_and_the_two_are_told_apart(crm: World) -> None:
    crm.enter_deal(record_id="deal-1")
    crm.enter_deal(record_id="deal-2")
    crm.model.delete("Opportunities", "deal-2")
    found = crm.sink.find(Kind.DEAL, ["deal-1", "deal-2", "deal-3"])
    assert {each: remote.live for each, remote in found.items()} == {"deal-1": True, "deal-2": False}


@pytest.mark.parametrize(
    ("email", "phone"),
    [
        ("x' OR 1=1 -- @example.com", ""),
        ("o'brien@example.com", ""),
        ("a\\@example.com", ""),
        ("a@example.com' OR '1'='1", ""),
        ("", "+13035550199' OR 1=1"),
        ("", "%"),
    ],
)
def test_where_is_raw_sql_so_a_term_that_is_not_of_a_strict_form_never_reaches_it(
    crm: World, email: str, phone: str
) -> None:
    crm.enter_contact(email1="a@example.com", phone_mobile="303-555-0199")
    key = RowKey(Kind.CONTACT, "1")
    assert crm.sink.match([Terms(key, email=email, phone=phone, last_name="Ng")]) == {key: ()}
    assert crm.sent_to("get_entry_list") == 0


def test_a_search_reads_beyond_the_first_page() -> None:
    crm = world(batches=Batches(page=10))
    for number in range(25):
        crm.enter_contact(f"twin-{number:02}", email1="team@example.com")
    key = RowKey(Kind.CONTACT, "1")
    found = crm.sink.match([Terms(key, email="team@example.com")])
    assert [remote.id for remote in found[key]] == [f"twin-{number:02}" for number in range(25)]


def test_an_own_id_is_kept_and_a_create_carries_its_links_in_the_same_call(crm: World) -> None:
    crm.enter_deal()
    crm.enter_contact("agent-7")
    (result,) = crm.sink.upsert(Kind.COMMISSION, [commission_row(1, dw_opp_ida="deal-1", dw_con_ida="agent-7")])
    assert result.outcome is Outcome.CREATED
    assert result.held is not None
    assert (result.held["dw_opp_ida"], result.held["dw_con_ida"]) == ("deal-1", "agent-7")
    assert crm.calls.names() == ["login", "set_entries", "get_entries"]
    assert crm.model.live("DW_Commissions") == ["commission-1"]

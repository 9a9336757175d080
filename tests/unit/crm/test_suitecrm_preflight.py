"""What preflight says is missing, and how to add it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm.suitecrm.calls import SoapFault
from crm.suitecrm.mapped import modules_of
from crm.suitecrm.modules import LinkOf, ParentOf
from dev.crm.schema import STOCK, with_addon
from domain.agents import Agent, AgentKey
from domain.crm.faults import CrmFaulted, FaultClass
from domain.crm.rows import Kind
from domain.crm.sink import ROLE, FieldSchema
from mappings.crm.loader import crm_mapping
from tests.unit.crm.sinks import CUT, DIED, MODULES, UNSENT, World, world


@pytest.fixture
def crm() -> World:
    return world()


def test_fields_come_with_the_lengths_of_this_crm(crm: World) -> None:
    schema = crm.sink.preflight()
    assert schema.fields[Kind.DEAL]["name"] == FieldSchema(50, "name")
    assert schema.fields[Kind.DEAL]["amount"].length == 0
    assert schema.fields[Kind.COMMISSION]["amount"] == FieldSchema(0, "decimal")  # `18,2` counts digits
    assert schema.fields[Kind.COMMISSION]["dw_opp_ida"].type == "link"
    assert schema.fields[Kind.LINK][ROLE].length == 50
    assert schema.version == "SuiteCRM (SugarCRM CE 6.5.25)"


def test_a_field_of_a_later_addon_is_lacking_and_left_out(crm: World) -> None:
    schema = crm.sink.preflight()
    (lack,) = schema.lacks
    assert (lack.what, lack.fatal) == ("Opportunities.dw_of_a_later_addon_c", False)
    assert lack.effect == "the field is left out"
    assert "Module Loader" in lack.remedy
    assert "dw_of_a_later_addon_c" not in schema.fields[Kind.DEAL]


def test_without_the_addon_commissions_cannot_be_delivered() -> None:
    schema = world(schema=STOCK).sink.preflight()
    lacks = {lack.what: lack.fatal for lack in schema.lacks}
    assert lacks["DW_Commissions"]
    assert not lacks["Contacts.dw_external_id_c"]
    assert schema.fields[Kind.COMMISSION] == {}
    assert "name" in schema.fields[Kind.DEAL]


def test_a_field_that_records_make_no_sense_without_is_fatal() -> None:
    schema = with_addon()
    del schema["Contacts"]["last_name"]
    lacks = {lack.what: lack.fatal for lack in world(schema=schema).sink.preflight().lacks}
    assert lacks["Contacts.last_name"]


def test_a_module_that_the_user_may_not_see_is_a_matter_of_the_role(crm: World) -> None:
    crm.break_next("get_module_fields", SoapFault("40", "Access Denied"))
    (lack, _) = crm.sink.preflight().lacks
    assert (lack.what, lack.fatal) == ("Contacts", True)
    assert "Access Denied" in lack.effect
    assert "Role Management" in lack.remedy


def test_a_service_that_dies_on_its_first_word_is_the_one_of_php_8(crm: World) -> None:
    crm.model.broken = True
    with pytest.raises(CrmFaulted) as raised:
        crm.sink.preflight()
    assert raised.value.fault.kind is FaultClass.CONFIG
    assert "#9741" in raised.value.fault.words
    assert "#10289" in raised.value.fault.words


def test_a_crm_that_is_not_reached_is_not_taken_for_a_broken_one(crm: World) -> None:
    crm.break_next("get_server_info", UNSENT)
    with pytest.raises(CrmFaulted) as raised:
        crm.sink.preflight()
    assert raised.value.fault.kind is FaultClass.UNAVAILABLE


def test_a_crm_that_breaks_off_is_not_described_by_halves(crm: World) -> None:
    crm.break_next("get_module_fields", CUT)
    with pytest.raises(CrmFaulted) as raised:
        crm.sink.preflight()
    assert raised.value.fault.kind is FaultClass.UNAVAILABLE


def test_links_that_are_not_there_are_named() -> None:
    nowhere = {"dw_opp_ida": ParentOf("no_such_link", "Opportunities", ours=True)}
    modules = replace(MODULES, commission=replace(MODULES.commission, parents=nowhere), link=LinkOf("persons"))
    lacks = {lack.what: lack.fatal for lack in world(modules=modules).sink.preflight().lacks}
    assert lacks["Opportunities.persons"]
    assert lacks["DW_Commissions.no_such_link"]


def test_preflight_asks_each_thing_once(crm: World) -> None:
    crm.sink.preflight()
    assert crm.calls.names() == ["get_server_info", "login", "get_available_modules", *["get_module_fields"] * 3]


def test_a_service_that_dies_otherwise_is_just_not_available(crm: World) -> None:
    crm.break_next("get_available_modules", DIED)
    with pytest.raises(CrmFaulted) as raised:
        crm.sink.preflight()
    assert raised.value.fault.kind is FaultClass.UNAVAILABLE


def test_a_wrong_password_is_said_as_such(crm: World) -> None:
    crm.model.logins.users = {"dealwire": "changed"}
    with pytest.raises(CrmFaulted) as raised:
        crm.sink.preflight()
    assert raised.value.fault.kind is FaultClass.AUTH_DENIED


def agent(name: str, *, user: str, contact: str) -> Agent:
    return Agent(AgentKey("dotloop", name.lower()), name, "", "", user, contact)


def test_crm_ids_of_agents_that_lead_nowhere_are_named(crm: World) -> None:
    crm.model.enter("Users", {"user_name": "dana"}, "user-1")
    crm.enter_contact("agent-1")
    crm.enter_contact("agent-2")
    crm.model.delete("Contacts", "agent-2")
    agents = [
        agent("Dana", user="user-1", contact="agent-1"),
        agent("Lee", user="user-1", contact="agent-2"),
        agent("Sam", user="nobody", contact=""),
    ]
    lacks = crm.sink.check_agents(agents)
    assert [lack.what for lack in lacks] == [
        "crm_contact_id of agent dotloop/lee",
        "crm_contact_id of agent dotloop/sam",
        "crm_user_id of agent dotloop/sam",
    ]
    assert all("dealwire agents import" in lack.remedy for lack in lacks)


def test_our_mapping_says_where_rows_lie() -> None:
    modules = modules_of(crm_mapping())
    assert (modules.contact.module, modules.deal.module) == ("Contacts", "Opportunities")
    assert modules.commission.parents["dw_opp_ida"].ours
    assert not modules.commission.parents["dw_con_ida"].ours
    assert modules.commission.parents["dw_con_ida"].module == "Contacts"
    assert (modules.link.link, modules.link.role) == ("contacts", "contact_role")
    assert "last_name" in modules.contact.required
    assert not any(name.endswith("_c") for name in modules.contact.required)

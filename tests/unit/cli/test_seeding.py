"""What a fresh local cloud's CRM knows before anything is delivered to it: the agents, under the directory's ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cli.seeding import enter_agents, staff
from cli.tools import LocalCloudError
from dev.crm import server as stand_in
from dev.crm.server import Server
from tests.builders import agent


@pytest.fixture
def crm() -> Iterator[Server]:
    with stand_in.running() as served:
        yield served


def test_every_agent_of_the_demo_is_a_contact_and_a_user_of_the_crm(crm: Server) -> None:
    enter_agents(crm.url, staff())
    model = crm.control.model
    assert set(model.live("Contacts")) == {one.crm_contact_id for one in staff()}
    assert set(model.live("Users")) == {one.crm_user_id for one in staff()}
    dana = next(one for one in staff() if one.name == "Dana Whitfield")
    assert model.text("Contacts", dana.crm_contact_id, "last_name") == "Whitfield"
    assert model.text("Users", dana.crm_user_id, "first_name") == "Dana"


def test_an_agent_of_several_sources_is_entered_once_and_again_without_a_second_record(crm: Server) -> None:
    known = agent("A-1")
    twice = [known, replace(known, key=known.key._replace(source="dotloop"))]
    enter_agents(crm.url, twice)
    enter_agents(crm.url, twice)
    model = crm.control.model
    assert (len(model.live("Contacts")), len(model.live("Users"))) == (1, 1)
    assert len(model.log) == 4


def test_a_stand_in_that_does_not_answer_is_told_in_words() -> None:
    with pytest.raises(LocalCloudError, match="did not take the agents"):
        enter_agents("http://127.0.0.1:1", [agent("A-1")])

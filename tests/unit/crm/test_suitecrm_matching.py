"""People whom the CRM knows already are found, and nobody else is taken for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crm.suitecrm.calls import Entry
from crm.suitecrm.modules import Batches
from domain.crm.faults import CrmFaulted
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import Terms
from tests.unit.crm.sinks import CUT, World, over, world

KEY = RowKey(Kind.CONTACT, "ours")


@pytest.fixture
def crm() -> World:
    return world()


def found(crm: World, *, email: str = "", phone: str = "", last_name: str = "Ng") -> list[str]:
    """Ids of the candidates for one person."""
    return [remote.id for remote in crm.sink.match([Terms(KEY, email, phone, last_name)])[KEY]]


def test_a_person_is_found_by_the_email_address_in_any_letter_case(crm: World) -> None:
    crm.enter_contact("known", email1="Dana.Reyes@Example.com")
    assert found(crm, email="dana.reyes@example.com", last_name="") == ["known"]


def test_a_candidate_comes_with_the_fields_that_adopting_it_needs(crm: World) -> None:
    crm.enter_contact("known", last_name="O'Brien", email1="dana@example.com")
    (remote,) = crm.sink.match([Terms(KEY, email="dana@example.com")])[KEY]
    assert remote.live
    assert (remote.fields["last_name"], remote.fields["phone_mobile"]) == ("O'Brien", "")


def test_several_with_the_address_are_all_candidates(crm: World) -> None:
    for number in (1, 2):
        crm.enter_contact(f"twin-{number}", email1="team@example.com")
    assert found(crm, email="team@example.com") == ["twin-1", "twin-2"]


def test_a_deleted_contact_is_no_candidate(crm: World) -> None:
    crm.enter_contact("known", email1="dana@example.com", phone_mobile="+13035550199")
    crm.model.delete("Contacts", "known")
    assert found(crm, email="dana@example.com", phone="+13035550199") == []


def test_all_addresses_of_a_batch_go_in_one_search_and_each_gets_its_own(crm: World) -> None:
    terms = []
    for number in range(6):
        crm.enter_contact(f"known-{number}", email1=f"p{number}@example.com")
        terms.append(Terms(RowKey(Kind.CONTACT, str(number)), email=f"p{number}@example.com"))
    matches = crm.sink.match(terms)
    assert {key.id: [remote.id for remote in remotes] for key, remotes in matches.items()} == {
        str(number): [f"known-{number}"] for number in range(6)
    }
    assert crm.sent_to("get_entry_list") == 1


def test_a_batch_of_six_new_people_costs_two_searches(crm: World) -> None:
    terms = [
        Terms(RowKey(Kind.CONTACT, str(number)), f"p{number}@example.com", f"+1303555010{number}", "Ng")
        for number in range(6)
    ]
    assert set(crm.sink.match(terms).values()) == {()}
    assert crm.sent_to("get_entry_list") == 2


class LinkOfAddresses:
    """What the service has and the model has not: the link to all addresses of a contact, in any letter case."""

    def __init__(self, crm: World) -> None:
        self._crm = crm

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._crm.calls, operation)

    def get_entries(
        self, _session: str, _module: str, ids: Sequence[str], _fields: Sequence[str], links: object, **_more: object
    ) -> Sequence[Entry]:
        assert links == {"email_addresses": ["email_address"]}
        held = [{"email_address": "first@example.com"}, {"email_address": "Third@Example.com"}]
        return [Entry(each, {}, {"email_addresses": held}) for each in ids]


def test_an_address_that_only_the_link_shows_is_found_too(crm: World) -> None:
    crm.enter_contact("known", email1="first@example.com")
    crm.model.add_address("known", "third@example.com")
    crm.model.add_address("known", "second@example.com")
    behind = over(LinkOfAddresses(crm), crm.model)
    assert found(behind, email="third@example.com") == ["known"]


@pytest.mark.parametrize(
    "held", ["+13035550199", "(303) 555-0199", "303.555.0199", "1 303 555 0199", "303-555-0199 x12"]
)
@pytest.mark.parametrize("column", ["phone_home", "phone_mobile", "phone_work", "phone_other"])
def test_a_person_is_found_by_phone_and_last_name_however_the_number_is_written(
    crm: World, held: str, column: str
) -> None:
    crm.enter_contact("known", last_name="Núñez", **{column: held})
    assert found(crm, phone="+13035550199", last_name="NUNEZ") == ["known"]


@pytest.mark.parametrize(
    ("last_name", "held"),
    [("Other", "303-555-0199"), ("Ng", "303-555-0198"), ("Ng", "9303x555-0199"), ("Ng", "3 0 3 5 5 5 0 1 9 9 7")],
)
def test_another_name_or_another_number_is_somebody_else(crm: World, last_name: str, held: str) -> None:
    crm.enter_contact("other", last_name=last_name, phone_mobile=held)
    assert found(crm, phone="+13035550199") == []


def test_a_phone_number_alone_finds_nobody(crm: World) -> None:
    crm.enter_contact("known", phone_mobile="+13035550199")
    assert found(crm, phone="+13035550199", last_name="") == []
    assert crm.sent_to("get_entry_list") == 0


def test_a_number_of_another_country_is_found_as_it_is(crm: World) -> None:
    crm.enter_contact("known", phone_mobile="+49 30 901820")
    assert found(crm, phone="+4930901820") == ["known"]


def test_whoever_was_found_by_email_is_not_searched_by_phone(crm: World) -> None:
    crm.enter_contact("by-email", email1="dana@example.com")
    crm.enter_contact("by-phone", phone_mobile="+13035550199")
    assert found(crm, email="dana@example.com", phone="+13035550199") == ["by-email"]
    assert crm.sent_to("get_entry_list") == 1


def test_an_address_of_another_form_is_left_to_the_phone(crm: World) -> None:
    crm.enter_contact("by-phone", phone_mobile="+13035550199")
    assert found(crm, email="o'brien@example.com", phone="+13035550199") == ["by-phone"]


def test_an_address_that_is_too_long_is_left_to_the_phone(crm: World) -> None:
    crm.enter_contact("by-phone", phone_mobile="+13035550199")
    assert found(crm, email="a" * 250 + "@example.com", phone="+13035550199") == ["by-phone"]


def test_searches_by_phone_go_in_batches_of_their_own() -> None:
    crm = world(batches=Batches(phones=2))
    crm.enter_contact("known-4", phone_mobile="+13035550104")
    terms = [Terms(RowKey(Kind.CONTACT, str(number)), "", f"+1303555010{number}", "Ng") for number in range(5)]
    matches = crm.sink.match(terms)
    assert [remote.id for remote in matches[RowKey(Kind.CONTACT, "4")]] == ["known-4"]
    assert crm.sent_to("get_entry_list") == 3


def test_a_search_ends_though_there_is_always_one_more_page() -> None:
    crm = world(batches=Batches(page=1))
    for number in range(30):
        crm.enter_contact(f"twin-{number:02}", email1="team@example.com")
    assert len(found(crm, email="team@example.com")) == 25


def test_a_search_that_is_not_answered_is_not_taken_for_nobody(crm: World) -> None:
    crm.break_next("get_entry_list", CUT)
    with pytest.raises(CrmFaulted):
        found(crm, email="dana@example.com")

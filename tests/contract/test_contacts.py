"""Contacts in memory and on DynamoDB keep the same promises: who is forgotten stays so, and the deal stays whole."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from domain.deal import PERSON_FIELDS, DealFacts
from domain.errors import Conflict
from domain.marks import Mark
from domain.merging import merge
from domain.terms import Role
from storage.contacts import ATTEMPTS, DynamoContacts
from storage.records import DynamoDealStore
from tests.builders import NOW, envelope, facts, person, wanted
from tests.fakes.contacts import MemoryContacts

ids = map(str, itertools.count(1))
LATER = NOW + timedelta(days=1)
ANA = {"name": "Ana Bell", "email": "ana@example.com", "phone": "+14065550101"}
SAM = {"name": "Sam Poe", "email": "sam@example.com", "phone": None}


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_deal_store")


@pytest.fixture
def contacts(store: Any) -> Any:
    if isinstance(store, DynamoDealStore):
        return DynamoContacts(store.client, store.records_table, store.pause)
    return MemoryContacts(store)


def apply(store: Any, event: DealFacts) -> None:
    message = envelope(event.event_id)
    held = store.load(message, wanted(event))
    store.commit(merge(event, held, message, lambda: next(ids)), NOW)


def everything(store: Any) -> str:
    """All that the CRM store holds, as text."""
    if isinstance(store, DynamoDealStore):
        return json.dumps(store.client.scan(TableName=store.records_table)["Items"], default=str)
    return repr((store.deals, store.people, store.links, store.observations))


def only_contact(store: Any, deal_id: str = "T-1") -> str:
    (contact,) = {link.contact_id for link in store.deal("transactions", deal_id).participants}
    return str(contact)


def test_a_contact_is_found_by_the_id_of_its_source(store: Any, contacts: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, "P1", **ANA)]))
    assert contacts.contact_of("transactions", "P1") == only_contact(store)
    assert contacts.contact_of("transactions", "P2") is None
    assert contacts.contact_of("dotloop", "P1") is None


def test_the_deals_of_a_contact_are_those_it_stands_or_stood_on(store: Any, contacts: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, "P1", **ANA), person(Role.SELLER, "P1", **ANA)]))
    apply(store, facts(2, source_id="T-2", people=[person(Role.BUYER, "P1", **ANA)]))
    apply(store, facts(3, source_id="T-2", people=[person(Role.BUYER, "P2", **SAM)]))
    apply(store, facts(4, source_id="T-3", people=[person(Role.BUYER, "P2", **SAM)]))
    ana = contacts.contact_of("transactions", "P1")
    assert contacts.deals_of(ana) == sorted(store.deal("transactions", one).id for one in ("T-1", "T-2"))
    assert contacts.deals_of("nobody") == []


def test_a_forgotten_person_with_an_id_leaves_no_value_and_keeps_their_role(store: Any, contacts: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, "P1", **ANA)], values={"reference": "R-9"}))
    ana = only_contact(store)
    assert contacts.forget(ana, now=LATER) == ("email", "name", "phone")
    (contact,) = store.contacts([ana]).values()
    assert contact.values == dict.fromkeys(PERSON_FIELDS)
    assert set(contact.marks.values()) == {Mark.at(LATER, "forgotten")}
    deal = store.deal("transactions", "T-1")
    assert [(link.contact_id, link.role) for link in deal.participants] == [(ana, Role.BUYER)]
    assert deal.details.reference == "R-9"


def test_a_forgotten_person_without_an_id_leaves_nothing_in_any_key_or_value(store: Any, contacts: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, **ANA), person(Role.SELLER, **SAM)]))
    apply(store, facts(2, people=[person(Role.BUYER, **{**ANA, "name": "Anna Bell"}), person(Role.SELLER, **SAM)]))
    (ana,) = {link.contact_id for link in store.deal("transactions", "T-1").participants if link.role is Role.BUYER}
    assert contacts.forget(ana, now=LATER) == ("email", "name", "phone")
    text = everything(store).casefold()
    assert not [word for word in ("ana bell", "anna bell", "ana@example.com", "5550101") if word in text]
    assert "sam@example.com" in text
    deal = store.deal("transactions", "T-1")
    assert {link.known_as for link in deal.participants} <= deal.people.keys()


def test_forgetting_again_finds_nothing_and_writes_nothing(store: Any, contacts: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, **ANA)]))
    ana = only_contact(store)
    contacts.forget(ana, now=LATER)
    before = store.deal("transactions", "T-1"), store.contacts([ana])
    assert contacts.forget(ana, now=LATER + timedelta(days=1)) == ()
    assert (store.deal("transactions", "T-1"), store.contacts([ana])) == before


def test_who_does_not_exist_cannot_be_forgotten(contacts: Any) -> None:
    with pytest.raises(LookupError, match="no contact 'nobody'"):
        contacts.forget("nobody", now=LATER)


def test_an_older_event_that_arrives_late_does_not_bring_a_person_with_an_id_back(store: Any, contacts: Any) -> None:
    apply(store, facts(2, people=[person(Role.BUYER, "P1", **ANA)]))
    ana = only_contact(store)
    contacts.forget(ana, now=LATER)
    apply(store, facts(1, people=[person(Role.BUYER, "P1", name="Ana B.", licence="L-1")]))
    apply(store, facts(3, people=[person(Role.BUYER, "P1", **ANA)]))
    assert store.contacts([ana])[ana].values == dict.fromkeys(PERSON_FIELDS)


def test_an_event_about_something_else_keeps_the_forgotten_forgotten(store: Any, contacts: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, **ANA)]))
    ana = only_contact(store)
    contacts.forget(ana, now=LATER)
    forgotten = store.contacts([ana])
    apply(store, facts(2, values={"reference": "R-9"}))
    apply(store, facts(0, people=[person(Role.SELLER, "P7", name="Bo")]))  # an older list of people
    assert store.contacts([ana]) == forgotten
    assert only_contact(store) == ana


def test_what_a_person_says_after_they_were_forgotten_is_kept(store: Any, contacts: Any) -> None:
    apply(store, facts(1, people=[person(Role.BUYER, "P1", **ANA)]))
    ana = only_contact(store)
    contacts.forget(ana, now=LATER)
    anew = LATER + timedelta(hours=1)
    apply(store, facts(2, people=[person(Role.BUYER, "P1", name="Ana Hill")], occurred_at=anew))
    assert store.contacts([ana])[ana].values["name"] == "Ana Hill"


def test_a_person_is_forgotten_on_the_deals_that_were_merged_with_theirs(store: Any, contacts: Any) -> None:
    apply(store, facts(1, source_id="OLD", people=[person(Role.BUYER, **ANA)]))
    apply(store, facts(2, source_id="NEW", people=[person(Role.BUYER, **SAM)]))
    ana = only_contact(store, "OLD")
    apply(store, facts(3, source_id="NEW", merged_ids=("OLD",), people=[person(Role.BUYER, **SAM)]))
    assert everything(store).count("ana@example.com") > 2
    contacts.forget(ana, now=LATER)
    assert "ana@example.com" not in everything(store)


@pytest.fixture
def dynamo_contacts(dynamodb_deal_store: DynamoDealStore) -> DynamoContacts:
    return DynamoContacts(dynamodb_deal_store.client, dynamodb_deal_store.records_table, dynamodb_deal_store.pause)


def test_an_event_that_comes_between_is_decided_upon_again(
    dynamodb_deal_store: DynamoDealStore, dynamo_contacts: DynamoContacts
) -> None:
    store, numbers = dynamodb_deal_store, itertools.count(2)
    apply(store, facts(1, people=[person(Role.BUYER, **ANA)]))

    def between(**_: Any) -> None:
        number = next(numbers)
        if number < 2 + ATTEMPTS - 1:
            apply(store, facts(number, values={"reference": f"R-{number}"}))

    store.client.meta.events.register("before-call.dynamodb.TransactWriteItems", _once_each(between))
    dynamo_contacts.forget(only_contact(store), now=LATER)
    assert "ana@example.com" not in everything(store)
    deal = store.deal("transactions", "T-1")
    assert deal is not None
    assert deal.details.reference == f"R-{ATTEMPTS}"


def test_events_that_keep_coming_between_are_a_conflict(
    dynamodb_deal_store: DynamoDealStore, dynamo_contacts: DynamoContacts
) -> None:
    store, numbers = dynamodb_deal_store, itertools.count(2)
    apply(store, facts(1, people=[person(Role.BUYER, **ANA)]))

    def between(**_: Any) -> None:
        apply(store, facts(number := next(numbers), values={"reference": f"R-{number}"}))

    store.client.meta.events.register("before-call.dynamodb.TransactWriteItems", _once_each(between))
    ana = only_contact(store)
    with pytest.raises(Conflict):
        dynamo_contacts.forget(ana, now=LATER)
    assert store.contacts([ana])[ana].values["email"] == "ana@example.com"  # by which the rest is found next time


def _once_each(act: Any) -> Any:
    """The handler, deaf to the calls that it makes itself."""
    busy: list[bool] = []

    def handler(**event: Any) -> None:
        if not busy:
            busy.append(True)
            act(**event)
            busy.pop()

    return handler

"""What forgetting clears, and what it must leave alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.deal import PERSON_FIELDS, Contact, Deal, DealDetails, DealRole, Known, Referral
from domain.forgetting import (
    Person,
    cleared_on_contact,
    cleared_on_deal,
    deal_without,
    family,
    forgotten_contact,
    person_of,
)
from domain.marks import Mark
from domain.terms import Role
from tests.builders import NOW

LATER = NOW + timedelta(days=1)
MARK = Mark(7, "evt-7")


def known(contact_id: str | None = None, **values: str | None) -> Known:
    return Known(contact_id, values, dict.fromkeys(values, MARK))


def contact(**values: str | None) -> Contact:
    return Contact("ana", 3, values, dict.fromkeys(values, MARK))


def deal(*listed: DealRole, **fields: Any) -> Deal:
    return Deal(id="d", source="transactions", source_id="T-1", version=5, participants=listed, **fields)


def without(held: Deal, who: Contact) -> Deal:
    return deal_without(held, person_of(who, [held]), LATER)


def test_a_contact_loses_every_value_as_of_the_request() -> None:
    after = forgotten_contact(contact(name="Ana", phone=None), LATER)
    assert after.values == dict.fromkeys(PERSON_FIELDS)
    assert after.marks == dict.fromkeys(PERSON_FIELDS, Mark.at(LATER, "forgotten"))
    assert (after.id, after.version) == ("ana", 4)
    assert forgotten_contact(after, LATER + timedelta(days=1)) is after


def test_a_contact_of_whom_little_was_known_cannot_learn_the_rest_from_older_events() -> None:
    assert forgotten_contact(contact(name=None), LATER).marks.keys() == set(PERSON_FIELDS)


def test_the_alias_that_holds_the_persons_data_becomes_one_that_does_not() -> None:
    alias = "buyer|email+name:ana@example.com+ana"
    held = deal(DealRole("ana", Role.BUYER, alias), people={alias: known("ana", name="Ana", email="ana@example.com")})
    after = without(held, contact(name="Ana"))
    assert after.participants == (DealRole("ana", Role.BUYER, "buyer|forgotten:ana"),)
    assert after.people.keys() == {"buyer|forgotten:ana"}
    assert after.people["buyer|forgotten:ana"].values == dict.fromkeys(PERSON_FIELDS)
    assert after.version == 6
    assert cleared_on_deal(held, after) == {"name", "email"}


def test_what_the_alias_shows_is_what_the_contact_holds() -> None:
    held = deal(DealRole("ana", Role.BUYER, "buyer|name:ana"), people={"buyer|name:ana": known("ana", name="Ana")})
    shown = without(held, contact(name="Ana")).people["buyer|forgotten:ana"]
    after = forgotten_contact(contact(name="Ana"), LATER)
    assert (shown.values, shown.marks) == (after.values, after.marks)


def test_one_person_in_two_roles_keeps_both() -> None:
    listed = (DealRole("ana", Role.BUYER, "buyer|name:ana"), DealRole("ana", Role.OTHER, "other|name:ana"))
    held = deal(
        *listed, people={"buyer|name:ana": known("ana", name="Ana"), "other|name:ana": known("ana", name="Ana")}
    )
    after = without(held, contact(name="Ana"))
    assert {(link.role, link.known_as) for link in after.participants} == {
        (Role.BUYER, "buyer|forgotten:ana"),
        (Role.OTHER, "other|forgotten:ana"),
    }
    assert after.people.keys() == {"buyer|forgotten:ana", "other|forgotten:ana"}


def test_what_belongs_to_nobody_any_more_but_holds_a_trait_of_theirs_goes() -> None:
    people = {
        "buyer|email:ana@example.com": known(None, email="ANA@example.com"),
        "buyer|phone:+1406": known(None, phone="+1406"),
        "buyer|name:ana  bell": known(None, first_name="Ana", last_name="Bell"),
        "buyer|name:bo": known(None, name="Bo"),
        "seller|name:cy": known("cy", name="Cy", phone="+1406"),
    }
    after = without(
        deal(DealRole("cy", Role.SELLER, "seller|name:cy"), people=people),
        contact(name="ana bell", email="ana@example.com", phone="+1406"),
    )
    assert after.people.keys() == {"buyer|name:bo", "seller|name:cy"}


def test_an_older_spelling_on_the_deal_finds_what_the_contact_does_not_know_any_more() -> None:
    people = {"buyer|name:a": known("ana", phone="+1406"), "seller|phone:+1406": known(None, phone="+1406")}
    after = without(deal(people=people), contact(name="Ana"))
    assert after.people.keys() == {"buyer|forgotten:ana"}


def test_an_entry_that_somebody_else_is_listed_under_stays() -> None:
    people = {"buyer|email:shared@example.com": known(None, email="shared@example.com")}
    held = deal(DealRole("bo", Role.BUYER, "buyer|email:shared@example.com"), people=people)
    assert without(held, contact(email="shared@example.com")) is held


def test_free_text_that_is_the_persons_name_goes_and_other_text_stays() -> None:
    details = DealDetails(
        reference="Ana Bell",
        lead_source="ana  BELL",
        earnest_money_holder="Bell Title",
        referral=Referral(agent_name="Ana Bell", company="Bell Realty"),
    )
    held = deal(details=details, marks={"lead_source": MARK})
    after = without(held, contact(first_name="Ana", last_name="Bell", company="Bell Title"))
    assert after.details.lead_source is None
    assert after.details.referral == Referral(agent_name=None, company="Bell Realty")
    assert (after.details.reference, after.details.earnest_money_holder) == ("Ana Bell", "Bell Title")
    assert after.marks == held.marks  # so that the event which said it does not say it again
    assert cleared_on_deal(held, after) == {"lead_source", "referral.agent_name"}


def test_a_deal_that_knows_nothing_of_the_person_is_left_as_it_is() -> None:
    held = deal(DealRole("ana", Role.BUYER), people={"seller|name:bo": known("bo", name="Bo")})
    assert without(held, contact(name="Ana")) is held


def test_names_of_what_is_cleared_leave_out_what_was_empty() -> None:
    assert cleared_on_contact(contact(name="Ana", phone=None)) == {"name"}


def test_the_family_of_a_deal_is_what_it_absorbed_and_what_absorbed_it() -> None:
    assert family(deal(absorbed_ids=("a", "b"))) == {"a", "b"}
    assert family(deal(merged_into="c")) == {"c"}


TEXTS = st.sampled_from(["ana", "bo", "+1406", "ana@example.com"])
VALUES = st.dictionaries(st.sampled_from(["name", "email", "phone", "company"]), TEXTS | st.none())
PEOPLE = st.dictionaries(
    st.tuples(st.sampled_from(["buyer", "seller"]), st.sampled_from(["name:ana", "email:x", "phone:+1406", "name:bo"])),
    st.tuples(st.sampled_from(["ana", "bo", None]), VALUES),
)


@given(PEOPLE, VALUES)
def test_after_it_no_entry_of_theirs_holds_a_value_and_everybody_elses_is_untouched(
    entries: dict[tuple[str, str], tuple[str | None, dict[str, str | None]]], said: dict[str, str | None]
) -> None:
    people = {f"{role}|{trait}": known(contact_id, **values) for (role, trait), (contact_id, values) in entries.items()}
    listed = [
        DealRole(one.contact_id, Role(alias.partition("|")[0]), alias)
        for alias, one in people.items()
        if one.contact_id is not None
    ]
    held = deal(*listed, people=people)
    who = person_of(contact(**said), [held])
    after = deal_without(held, who, LATER)

    assert {link.known_as for link in after.participants} <= after.people.keys()
    assert [(link.contact_id, link.role) for link in after.participants] == [(x.contact_id, x.role) for x in listed]
    mine = [one for one in after.people.values() if one.contact_id == "ana"]
    assert all(value is None for one in mine for value in one.values.values())
    others = {alias: one for alias, one in people.items() if one.contact_id == "bo"}
    assert {alias: one for alias, one in after.people.items() if one.contact_id == "bo"} == others
    strays = [one for one in after.people.values() if one.contact_id is None]
    assert not any(who.traits & person_of(Contact("", values=one.values), []).traits for one in strays)
    assert deal_without(after, who, LATER + timedelta(days=1)) is after
    assert deal_without(held, Person("nobody", frozenset()), LATER) is held

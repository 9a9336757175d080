"""People who share an address are people of their own; one person whom we know twice is one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.crm.rows import Kind, RowKey, Standing, SyncRow
from tests.unit.flows.delivery.world import Office
from transforms.crm_record import claims, terms

ANA, TOM = RowKey(Kind.CONTACT, "c1"), RowKey(Kind.CONTACT, "c2")


@pytest.fixture
def office() -> Office:
    return Office()


def put(office: Office, key: RowKey, first_name: str, last_name: str = "Moss") -> None:
    office.put_contact(key.id, first_name=first_name, last_name=last_name, email="moss@example.com")


def there(office: Office) -> list[str]:
    return [office.model.text("Contacts", one, "first_name") for one in office.model.find("Contacts", email1=ADDRESS)]


ADDRESS = "moss@example.com"


def test_a_couple_who_come_one_after_the_other_are_two_people_there(office: Office) -> None:
    put(office, ANA, "Ana")
    office.settle(0.2)
    put(office, TOM, "Tom")
    office.settle(0.2)
    assert sorted(there(office)) == ["Ana", "Tom"]
    assert office.held("Contacts", TOM)["first_name"] == "Tom"


def test_a_couple_who_come_at_the_same_time_are_two_people_there(office: Office) -> None:
    put(office, ANA, "Ana")
    put(office, TOM, "Tom")
    office.settle(0.2)
    assert sorted(there(office)) == ["Ana", "Tom"]


def test_another_last_name_tells_them_apart_too(office: Office) -> None:
    put(office, ANA, "Kim", "Moss")
    put(office, TOM, "Kim", "Vale")
    office.settle(0.2)
    assert office.remote(ANA) != office.remote(TOM)


def test_the_same_person_of_two_deals_is_one_there_however_the_name_is_written(office: Office) -> None:
    put(office, ANA, "Ana", "N\u00fa\u00f1ez")
    office.settle(0.2)
    put(office, TOM, "ANA", "Nunez")
    office.settle(0.2)
    assert office.remote(ANA) == office.remote(TOM)


def test_somebody_whom_people_entered_is_adopted_whatever_their_name(office: Office) -> None:
    theirs = office.model.enter("Contacts", {"last_name": "Vale", "email1": ADDRESS})
    put(office, ANA, "Ana")
    office.settle(0.2)
    assert office.remote(ANA) == theirs


@pytest.mark.parametrize("first", [ANA, TOM], ids=str)
@pytest.mark.parametrize(
    "held",
    [
        SyncRow(ANA, standing=Standing.REFUSED, refused="old"),
        SyncRow(TOM, standing=Standing.REFUSED, refused="old"),
        SyncRow(ANA, standing=Standing.ASKS, candidates=("x", "y")),
        SyncRow(TOM, standing=Standing.BEHIND, behind=ANA),
        SyncRow(ANA, standing=Standing.BEHIND, behind=TOM),
    ],
    ids=lambda row: f"{row.key} {row.standing}",
)
def test_9_one_person_of_whom_one_row_waited_before_is_created_once_whoever_claims_first(
    office: Office, monkeypatch: pytest.MonkeyPatch, held: SyncRow, first: RowKey
) -> None:
    claim = office.rows.claim

    def in_this_order(wanted: Mapping[RowKey, Collection[str]], **named: Any) -> Mapping[RowKey, RowKey]:
        return claim({key: wanted[key] for key in sorted(wanted, key=lambda key: key != first)}, **named)

    monkeypatch.setattr(office.rows, "claim", in_this_order)
    office.rows.sync[held.key] = held
    put(office, ANA, "Ana")
    put(office, TOM, "Ana")
    office.settle(0.5)
    assert there(office) == ["Ana"]
    assert office.remote(ANA) == office.remote(TOM)


def test_9_whoever_is_at_work_under_a_claim_keeps_it_whatever_it_waited_for_before(office: Office) -> None:
    put(office, ANA, "Ana")
    put(office, TOM, "Ana")
    office.rows.claim({ANA: claims(terms(office.deals.people[ANA.id]))})
    held = SyncRow(ANA, standing=Standing.REFUSED, refused="old", lease="another's")
    office.rows.sync[ANA] = replace(held, lease_until=office.now() + timedelta(seconds=60))
    office.deliver()
    assert office.sync(TOM).behind == ANA
    office.move(61)
    office.settle(0.5)
    assert there(office) == ["Ana"]

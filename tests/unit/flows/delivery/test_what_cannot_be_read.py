"""A record that the CRM fails to read is waited for: it is never made again, and never keeps the others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.suitecrm.calls import Broke, WireFault
from domain.crm.faults import FaultClass
from domain.crm.reconciling import What
from domain.crm.rows import Kind, RowKey, Standing
from tests.fakes.crm_line import Break
from tests.unit.flows.delivery.world import DEAL, Office
from tests.unit.flows.test_reconcile import found

CUT = WireFault(Broke.CUT, "read timed out")
PEOPLE = [RowKey(Kind.CONTACT, f"c{number}") for number in range(1, 4)]
PERSON, LINK = PEOPLE[0], RowKey(Kind.LINK, "d1", "c1")
MODULES = {Kind.CONTACT: "Contacts", Kind.DEAL: "Opportunities", Kind.COMMISSION: "DW_Commissions"}
SHARE = RowKey(Kind.COMMISSION, "d1", "crm-agent-a")


@pytest.fixture
def office() -> Office:
    return Office.delivered()


def break_reading(office: Office, key: RowKey) -> None:
    office.model.unreadable.add((MODULES[key.kind], office.remote(key)))


def test_rows_in_doubt_beside_it_are_settled_and_the_run_goes_on(office: Office) -> None:
    break_reading(office, PERSON)
    for key in PEOPLE:
        office.put_contact(key.id, first_name="New")
    office.rows.ring(PEOPLE, office.now(), sight=True)
    delivered = office.deliver(*PEOPLE)
    assert (delivered.tally.stop, office.gate.faults) == (None, [])
    assert [office.held("Contacts", key)["first_name"] for key in PEOPLE] == ["Pat", "New", "New"]
    row = office.sync(PERSON)
    assert (row.standing, row.attempts) == (Standing.OPEN, 1)
    assert "died" in row.reason


@pytest.mark.parametrize("key", [PERSON, DEAL, SHARE])
def test_5_what_cannot_be_read_is_not_taken_for_absent_and_never_made_again(office: Office, key: RowKey) -> None:
    break_reading(office, key)
    before = office.remote(key)
    office.rows.ring([key], office.now(), sight=True)
    office.settle(1.0)
    row = office.sync(key)
    assert (row.standing, row.remote_id, row.question) == (Standing.OPEN, before, None)
    assert row.due_at is not None
    assert row.due_at <= office.now() + timedelta(minutes=5)
    assert len(office.model.live(MODULES[key.kind])) == {Kind.CONTACT: 5, Kind.DEAL: 1, Kind.COMMISSION: 2}[key.kind]


def test_5_a_write_of_unknown_outcome_stays_open_until_it_can_be_read(office: Office) -> None:
    office.put_contact("c1", first_name="New")
    office.calls.next("set_entries", Break(CUT, applied=True))
    office.deliver(PERSON)
    break_reading(office, PERSON)
    writes = office.writes()
    office.settle(1.0)
    assert office.sync(PERSON).intent is not None
    assert office.writes() == writes
    office.model.unreadable.clear()
    office.settle(0.5)
    assert (office.sync(PERSON).standing, office.sync(PERSON).attempts) == (Standing.CLEAN, 0)
    assert office.writes() == writes


def test_a_link_of_a_deal_that_cannot_be_read_waits(office: Office) -> None:
    break_reading(office, DEAL)
    office.rows.ring([LINK], office.now(), sight=True)
    office.deliver(LINK)
    row = office.sync(LINK)
    assert (row.standing, row.question, row.sight) == (Standing.OPEN, None, True)


def test_what_a_person_is_asked_stays_asked(office: Office) -> None:
    office.model.delete("Contacts", office.remote(PERSON))
    office.rows.ring([PERSON], office.now(), sight=True)
    office.deliver(PERSON)
    break_reading(office, PERSON)
    office.model.records["Contacts"][office.remote(PERSON)].deleted = False
    office.rows.ring([PERSON], office.now())
    office.deliver(PERSON)
    assert office.sync(PERSON).standing is Standing.ASKS


def test_9_nobody_is_created_whose_search_meets_it(office: Office) -> None:
    office.model.enter("Contacts", {"last_name": "Poe", "email1": "lee@example.com"}, "theirs")
    office.model.unreadable.add(("Contacts", "theirs"))
    new = [RowKey(Kind.CONTACT, name) for name in ("c8", "c9")]
    for key, name in zip(new, ("lee", "kim"), strict=True):
        office.put_contact(key.id, last_name="Poe", email=f"{name}@example.com")
    delivered = office.deliver(*new)
    assert delivered.tally.stop is None
    assert [office.sync(key).standing for key in new] == [Standing.OPEN, Standing.CLEAN]
    assert office.model.find("Contacts", email1="lee@example.com") == ["theirs"]
    office.model.unreadable.clear()
    office.settle(0.5)
    assert office.remote(new[0]) == "theirs"


def test_a_crm_that_answers_nothing_but_faults_stops_the_run(office: Office) -> None:
    for key in PEOPLE:
        break_reading(office, key)
    office.model.broken = True
    office.rows.ring(PEOPLE, office.now(), sight=True)
    delivered = office.deliver(*PEOPLE)
    assert delivered.tally.stop is not None
    assert delivered.tally.stop.kind is FaultClass.UNAVAILABLE
    assert office.gate.faults != []
    assert {office.sync(key).attempts for key in PEOPLE} == {0}


def test_reconcile_says_so_of_it_and_of_nothing_else(office: Office) -> None:
    break_reading(office, PERSON)
    office.model.unreadable.add(("DW_Commissions", office.remote(SHARE)))
    told = {(one.what, one.row) for one in found(office)}
    unreadable = {row for what, row in told if what is What.UNREADABLE}
    assert {what for what, _ in told} == {What.UNREADABLE}
    assert {PERSON, SHARE, LINK} <= unreadable
    assert not any(one.fixable for one in found(office))
    assert DEAL not in unreadable

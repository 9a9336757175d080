"""Delivery when something goes wrong between two steps: what was seen is not forgotten, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.suitecrm.calls import Broke, SoapFault, WireFault
from domain.crm.rows import Kind, RowKey, Standing
from domain.deal import DealRole
from domain.money import Money
from domain.terms import Role
from tests.fakes.crm_line import Break
from tests.unit.flows.delivery.world import DEAL, Office, a_deal

CUT = WireFault(Broke.CUT, "read timed out")
UNSENT = WireFault(Broke.UNSENT, "connection refused")
NO_ACCESS = SoapFault("40", "Access Denied")
PERSON, OTHER = RowKey(Kind.CONTACT, "c1"), RowKey(Kind.CONTACT, "c2")
LINK = RowKey(Kind.LINK, "d1", "c1")


@pytest.fixture
def office() -> Office:
    return Office()


def price(office: Office, amount: str) -> None:
    held = office.deals.deals["d1"]
    office.put_deal(replace(held, details=held.details.model_copy(update={"sale_price": Money(Decimal(amount))})))


def shown(office: Office) -> str:
    return office.held("Opportunities", DEAL)["amount"]


def after_the_next(office: Office, operation: str, then: Callable[[], None]) -> None:
    """Something happens in the CRM right after it executed the next call of the operation."""
    inner = getattr(office.model, operation)

    def call(*arguments: Any, **settings: Any) -> Any:
        setattr(office.model, operation, inner)
        reply = inner(*arguments, **settings)
        then()
        return reply

    setattr(office.model, operation, call)


def test_6_a_difference_that_was_seen_is_not_forgotten_when_its_write_has_to_wait(office: Office) -> None:
    office.put_deal(a_deal())
    office.deliver(DEAL)
    office.model.edit("Opportunities", office.remote(DEAL), {"amount": "5"})
    office.rows.ring([DEAL], office.now(), sight=True)
    office.calls.next("set_entries", Break(UNSENT))
    office.deliver(DEAL)
    office.settle(0.2)
    assert shown(office).startswith("350000")


def test_5_a_late_write_that_the_read_back_shows_is_no_alteration_of_the_crm(office: Office) -> None:
    office.put_deal(a_deal())
    office.deliver(DEAL)
    price(office, "360000.00")
    office.calls.next("set_entries", Break(CUT))
    office.deliver(DEAL)
    price(office, "370000.00")
    remote = office.remote(DEAL)
    after_the_next(office, "set_entries", lambda: office.model.edit("Opportunities", remote, {"amount": "360000.00"}))
    office.move(10)
    office.deliver(DEAL)
    office.settle(0.5)
    assert shown(office).startswith("370000")


def test_5_what_the_crm_really_alters_is_known_once_nothing_can_run_late(office: Office) -> None:
    office.put_contact("c1", last_name="x" * 300, first_name="😀", email="x@example.com")
    office.deliver(PERSON)
    office.put_contact("c1", first_name="😀😀")
    office.calls.next("set_entries", Break(CUT))
    office.deliver(PERSON)
    office.settle(0.5)
    writes = office.writes()
    assert office.sync(PERSON).confirmed.altered.keys() == {"first_name"}  # type: ignore[union-attr]  # it is confirmed
    assert (office.sync(PERSON).standing, office.sync(PERSON).due_at) == (Standing.CLEAN, None)
    office.put_contact("c1")
    office.settle(0.5)
    assert office.writes() == writes


def test_8_a_commission_that_was_refused_after_it_was_written_is_still_taken_back(office: Office) -> None:
    office.put_deal(a_deal())
    office.put_commission("no-such-contact")
    office.settle(0.2)
    share = RowKey(Kind.COMMISSION, "d1", "no-such-contact")
    assert office.sync(share).standing is Standing.REFUSED
    office.put_commission("no-such-contact", "0.00", status="retired")
    office.settle(0.2)
    (record,) = office.model.live("DW_Commissions")
    assert office.model.text("DW_Commissions", record, "commission_status") == "retired"
    assert float(office.model.text("DW_Commissions", record, "amount")) == 0


def test_9_two_people_whose_addresses_were_swapped_before_they_were_created_do_not_wait_for_each_other(
    office: Office,
) -> None:
    office.put_contact("c1", last_name="Ann", email="a@example.com")
    office.put_contact("c2", last_name="Bob", email="b@example.com")
    office.calls.next("get_entry_list", Break(UNSENT))
    office.deliver(PERSON, OTHER)
    office.put_contact("c1", email="b@example.com")
    office.put_contact("c2", email="a@example.com")
    office.settle(0.5)
    assert office.held("Contacts", PERSON)["email1"] == "b@example.com"
    assert office.held("Contacts", OTHER)["email1"] == "a@example.com"


def test_9_nor_do_two_of_whom_each_came_to_know_what_the_other_is_searched_by(office: Office) -> None:
    office.put_contact("c1", last_name="Twin", email="twin@example.com")
    office.put_contact("c2", last_name="Twin", phone="+14065550123")
    office.calls.next("get_entry_list", Break(UNSENT))
    office.deliver(PERSON, OTHER)
    office.put_contact("c1", phone="+14065550123")
    office.put_contact("c2", email="twin@example.com")
    office.settle(0.5)
    assert len(office.model.find("Contacts", email1="twin@example.com")) == 1
    assert office.remote(PERSON) == office.remote(OTHER)


def test_a_search_that_the_crm_does_not_allow_stops_contacts_alone(office: Office) -> None:
    office.enter_bundle()
    office.calls.always("get_entry_list", Break(NO_ACCESS))
    delivered = office.deliver(DEAL)
    assert delivered.tally.stop is None
    assert office.sync(RowKey(Kind.COMMISSION, "d1", "crm-agent-a")).standing is Standing.CLEAN
    assert office.sync(PERSON).due_at == office.now() + timedelta(minutes=15)
    assert "Access Denied" in office.sync(PERSON).reason
    office.calls._always.clear()
    office.settle(0.5)
    assert office.sync(LINK).standing is Standing.CLEAN


@pytest.fixture
def waiting() -> Office:
    """A link waits for a person for whom the CRM could not be searched; now it can."""
    office = Office()
    office.put_contact("c1", first_name="Pat", last_name="Buyer", email="buyer@example.com")
    office.put_deal(a_deal(participants=(DealRole("c1", Role.BUYER),)))
    office.calls.always("get_entry_list", Break(NO_ACCESS))
    office.deliver(DEAL)
    office.move(601)
    office.deliver()
    assert office.sync(LINK).behind == PERSON
    office.calls._always.clear()
    office.move(300)
    return office


def is_linked_after_a_death(office: Office) -> bool:
    """The worker that delivers the person dies, and others go on."""
    with pytest.raises(RuntimeError, match="dies"):
        office.deliver(PERSON)
    assert office.sync(LINK).behind == PERSON
    office.move(151)
    office.deliver(PERSON)
    office.deliver()
    return office.sync(LINK).standing is Standing.CLEAN


def test_8_a_worker_that_dies_after_it_adopted_somebody_leaves_nobody_waiting_for_them(waiting: Office) -> None:
    waiting.model.enter("Contacts", {"last_name": "Buyer", "email1": "buyer@example.com"})
    waiting.calls.next("set_entries", Break(RuntimeError("the worker dies")))
    assert is_linked_after_a_death(waiting)


def test_8_a_worker_that_dies_before_it_tells_those_who_wait_leaves_nobody_waiting(
    waiting: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    wake = waiting.rows.wake

    def dies_once(*_: object) -> None:
        monkeypatch.setattr(waiting.rows, "wake", wake)
        raise RuntimeError("the worker dies")

    monkeypatch.setattr(waiting.rows, "wake", dies_once)
    assert is_linked_after_a_death(waiting)

"""Delivery as a whole: the twelve invariants of architecture.md, each by its number, and what a user sees of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from crm.suitecrm.calls import Broke, SoapFault, WireFault
from domain.crm.faults import Fault, FaultClass
from domain.crm.rows import Kind, Question, RowKey, Standing
from domain.deal import DealRole
from domain.errors import Cause
from domain.money import Money
from domain.stages import Stage
from domain.terms import Role
from tests.fakes.crm_line import Break
from tests.unit.flows.delivery.world import DEAL, Office, a_deal, schema_without

CUT = WireFault(Broke.CUT, "read timed out")
UNSENT = WireFault(Broke.UNSENT, "connection refused")
DIED = SoapFault("-1", "Unknown error in SOAP call: service died unexpectedly: Database failure")
PERSON = RowKey(Kind.CONTACT, "c1")
LINK = RowKey(Kind.LINK, "d1", "c1")
SHARE = RowKey(Kind.COMMISSION, "d1", "crm-agent-a")


@pytest.fixture
def office() -> Office:
    return Office()


def price(office: Office, amount: str) -> None:
    held = office.deals.deals["d1"]
    office.put_deal(replace(held, details=held.details.model_copy(update={"sale_price": Money(Decimal(amount))})))


def shown(office: Office) -> str:
    return office.held("Opportunities", DEAL)["amount"]


class TestABundle:
    def test_it_is_in_the_crm_after_one_run_of_at_most_twelve_calls(self, office: Office) -> None:
        office.enter_bundle()
        delivered = office.deliver(DEAL)
        keys = [RowKey(Kind.CONTACT, f"c{n}") for n in (1, 2, 3)] + [
            RowKey(Kind.LINK, "d1", f"c{n}") for n in (1, 2, 3)
        ]
        keys += [DEAL, SHARE, RowKey(Kind.COMMISSION, "d1", "crm-agent-b")]
        assert {office.sync(key).standing for key in keys} == {Standing.CLEAN}
        assert len(office.calls.made) <= 12
        assert not delivered.again
        linked = office.model.linked("Opportunities", office.remote(DEAL), "contacts")
        assert {link["contact_role"] for link in linked.values()} == {"Buyer", "Seller", "Lender"}

    def test_each_co_listed_agent_has_a_commission_linked_to_deal_and_agent(self, office: Office) -> None:
        office.enter_bundle()
        office.deliver(DEAL)
        for account in ("crm-agent-a", "crm-agent-b"):
            remote = office.remote(RowKey(Kind.COMMISSION, "d1", account))
            deals = office.model.linked("DW_Commissions", remote, "dw_commissions_opportunities")
            assert list(deals) == [office.remote(DEAL)]
            assert list(office.model.linked("DW_Commissions", remote, "dw_commissions_contacts")) == [account]

    def test_a_second_run_over_the_same_data_calls_nothing(self, office: Office) -> None:
        office.enter_bundle()
        office.deliver(DEAL)
        office.calls.made.clear()
        office.settle(1)
        assert office.calls.names() == []

    def test_awkward_texts_are_written_once(self, office: Office) -> None:
        office.put_contact("c1", first_name="😀 Zoë", last_name="O'Brien <tags> & Co", email="o@example.com")
        office.put_contact("c2", last_name="x" * 300, email="x@example.com")
        office.put_deal(a_deal(participants=(DealRole("c1", Role.BUYER), DealRole("c2", Role.SELLER))))
        office.settle(1)
        writes = office.writes()
        for contact in ("c1", "c2"):
            office.put_contact(contact)
        office.put_deal(office.deals.deals["d1"])
        office.settle(1)
        assert office.writes() == writes
        assert "first_name" in office.sync(PERSON).confirmed.altered  # type: ignore[union-attr]  # it is confirmed


class TestOwedIsDurable1:
    def test_a_lost_bell_changes_nothing_but_the_time(self, office: Office) -> None:
        office.enter_bundle()
        office.deliver()
        assert office.sync(DEAL).standing is Standing.CLEAN

    def test_a_doubled_bell_changes_nothing(self, office: Office) -> None:
        office.enter_bundle()
        office.deliver(DEAL, DEAL)
        writes = office.writes()
        office.deliver(DEAL)
        assert office.writes() == writes


class TestOneWriter2:
    def test_a_row_that_somebody_else_writes_is_left_alone_and_rings_again(self, office: Office) -> None:
        office.enter_bundle()
        office.rows.lease([DEAL], "other", now=office.now(), until=office.now() + timedelta(seconds=150))
        delivered = office.deliver(DEAL)
        assert delivered.again[DEAL] == 5.0
        assert office.model.live("Opportunities") == []
        office.move(151)
        office.deliver()
        assert len(office.model.live("Opportunities")) == 1

    def test_a_worker_that_lost_its_lease_writes_nothing_into_the_ledger(self, office: Office) -> None:
        office.enter_bundle()
        sent = office.suite.upsert

        def slow(kind: Kind, rows: list) -> list:  # type: ignore[type-arg]  # as the sink's
            results = sent(kind, rows)
            if kind is Kind.DEAL:
                office.move(200)
                office.rows.lease([DEAL], "other", now=office.now(), until=office.now() + timedelta(seconds=150))
            return results

        office.suite.upsert = slow  # type: ignore[method-assign]  # a pause longer than the lease
        delivered = office.deliver(DEAL)
        assert delivered.tally.counts["fenced"] >= 1
        assert office.sync(DEAL).intent is not None


class TestLoadAfterLease3:
    def test_what_is_sent_was_read_under_the_lease(self, office: Office) -> None:
        office.enter_bundle()
        lease = office.rows.lease

        def slow(keys, token, **times):  # type: ignore[no-untyped-def]  # as the store's
            price(office, "360000.00")
            return lease(keys, token, **times)

        office.rows.lease = slow  # type: ignore[method-assign]  # a change between bell and lease
        office.deliver(DEAL)
        assert shown(office).startswith("360000")


class TestIntent4And5:
    @pytest.mark.parametrize("applied", [True, False])
    def test_a_create_of_unknown_outcome_ends_as_one_record(self, office: Office, applied: bool) -> None:
        office.enter_bundle()
        office.calls.next("set_entries", *[Break(CUT, applied=applied)] * 2)
        office.deliver(DEAL)
        assert office.sync(DEAL).intent is not None
        office.settle(1)
        assert len(office.model.live("Opportunities")) == 1
        assert len(office.model.find("Contacts", email1="buyer@example.com")) == 1
        assert office.sync(LINK).standing is Standing.CLEAN

    def test_a_negative_read_back_waits_until_nothing_can_run_late(self, office: Office) -> None:
        office.put_deal(a_deal())
        office.calls.next("set_entries", Break(CUT))
        office.deliver(DEAL)
        office.move(10)
        office.deliver(DEAL)
        assert office.model.live("Opportunities") == []
        office.move(300)
        office.deliver(DEAL)
        assert len(office.model.live("Opportunities")) == 1

    def test_an_older_write_that_runs_late_over_a_newer_one_is_set_right(self, office: Office) -> None:
        office.put_deal(a_deal())
        office.deliver(DEAL)
        price(office, "360000.00")
        late = {"id": office.remote(DEAL), "amount": "360000.00"}
        office.calls.next("set_entries", Break(CUT))
        office.deliver(DEAL)
        price(office, "370000.00")
        office.settle(0.05)
        assert shown(office).startswith("370000")
        office.model.edit("Opportunities", late["id"], {"amount": "360000.00"})
        office.settle(0.2)
        assert shown(office).startswith("370000")

    def test_nobody_compares_with_the_ledger_while_an_intent_is_open(self, office: Office) -> None:
        office.put_deal(a_deal())
        office.deliver(DEAL)
        price(office, "360000.00")
        office.calls.next("set_entries", Break(CUT, applied=True))
        office.deliver(DEAL)
        price(office, "350000.00")
        office.settle(0.5)
        assert shown(office).startswith("350000")


class TestWhatTellsOfADeal:
    def test_a_changed_deal_number_reaches_its_commissions(self, office: Office) -> None:
        deal = office.enter_bundle()
        office.deliver(DEAL)
        assert office.held("DW_Commissions", SHARE)["deal_reference"] == "R-1"
        office.put_deal(replace(deal, details=deal.details.model_copy(update={"reference": "R-2"})))
        office.deliver(DEAL)
        assert office.held("DW_Commissions", SHARE)["deal_reference"] == "R-2"


class TestConfirmation6And7:
    def test_a_record_that_was_deleted_in_the_crm_waits_for_a_person(self, office: Office) -> None:
        office.enter_bundle()
        office.deliver(DEAL)
        office.model.delete("Opportunities", office.remote(DEAL))
        price(office, "360000.00")
        office.put_contact("c1", last_name="Changed")
        office.deliver(DEAL)
        assert (office.sync(DEAL).standing, office.sync(DEAL).question) == (Standing.ASKS, Question.GONE)
        assert office.held("Contacts", PERSON)["last_name"] == "Changed"

    def test_what_changes_while_it_is_sent_is_sent_after_it(self, office: Office) -> None:
        office.put_deal(a_deal())
        sent, changes = office.suite.upsert, ["360000.00"]

        def meanwhile(kind: Kind, rows: list) -> list:  # type: ignore[type-arg]  # as the sink's
            if changes:
                price(office, changes.pop())
            return sent(kind, rows)

        office.suite.upsert = meanwhile  # type: ignore[method-assign]  # a change during the write
        office.deliver(DEAL)
        office.deliver()
        assert shown(office).startswith("360000")


class TestParents8:
    def test_a_link_waits_for_its_contact_and_follows_it(self, office: Office) -> None:
        office.enter_bundle()
        for name in ("Ann", "Bob"):
            office.model.enter("Contacts", {"last_name": name, "email1": "buyer@example.com"})
        office.deliver(DEAL)
        assert office.sync(PERSON).question is Question.CANDIDATES
        assert (office.sync(LINK).standing, office.sync(LINK).behind) == (Standing.BEHIND, PERSON)
        assert office.sync(DEAL).standing is Standing.CLEAN
        row = office.sync(PERSON)
        answered = replace(row, decided=True, question=None, standing=Standing.OPEN, due_at=office.now())
        assert office.rows.answer(answered, row.rung)
        office.deliver()
        assert office.sync(LINK).standing is Standing.CLEAN

    def test_a_person_who_left_the_deal_is_unlinked(self, office: Office) -> None:
        deal = office.enter_bundle()
        office.deliver(DEAL)
        office.put_deal(replace(deal, participants=deal.participants[1:]))
        office.deliver(DEAL)
        assert office.remote(PERSON) not in office.model.linked("Opportunities", office.remote(DEAL), "contacts")
        office.put_deal(deal)
        office.deliver(DEAL)
        assert office.remote(PERSON) in office.model.linked("Opportunities", office.remote(DEAL), "contacts")

    def test_a_deal_that_fell_through_is_lost_and_never_just_gone(self, office: Office) -> None:
        deal = office.enter_bundle()
        office.deliver(DEAL)
        office.put_deal(replace(deal, details=deal.details.model_copy(update={"stage": Stage.FELL_THROUGH})))
        office.put_commission("crm-agent-a", "0.00", status="retired")
        office.deliver(DEAL)
        assert office.held("Opportunities", DEAL)["sales_stage"] == "Closed Lost"
        assert not office.model.linked("Opportunities", office.remote(DEAL), "contacts")
        assert office.held("DW_Commissions", SHARE)["commission_status"] == "retired"
        assert float(office.held("DW_Commissions", SHARE)["amount"]) == 0


class TestIdentity9:
    def test_the_one_person_who_is_there_already_is_adopted_and_only_completed(self, office: Office) -> None:
        theirs = office.model.enter("Contacts", {"last_name": "Byer", "email1": "Buyer@Example.com"})
        office.enter_bundle()
        office.deliver(DEAL)
        assert office.remote(PERSON) == theirs
        assert office.model.text("Contacts", theirs, "last_name") == "Byer"
        assert office.model.text("Contacts", theirs, "first_name") == "Pat"

    def test_what_we_do_not_know_of_a_person_is_never_wiped(self, office: Office) -> None:
        office.put_contact("c1", last_name="Ruiz", email="ruiz@example.com")
        office.deliver()
        office.model.edit("Contacts", office.remote(PERSON), {"phone_mobile": "+13035550100"})
        office.rows.ring([PERSON], office.now(), sight=True)
        office.deliver()
        assert office.model.text("Contacts", office.remote(PERSON), "phone_mobile") == "+13035550100"
        office.put_contact("c1", phone="+13035550199")
        office.settle(0.1)
        office.put_contact("c1", phone=None)
        office.settle(0.1)
        assert office.model.text("Contacts", office.remote(PERSON), "phone_mobile") == ""

    def test_two_of_ours_with_one_address_become_one_person_there(self, office: Office) -> None:
        for contact in ("c1", "c2"):
            office.put_contact(contact, last_name="Twin", email="twin@example.com")
        office.settle(0.2)
        assert len(office.model.find("Contacts", email1="twin@example.com")) == 1
        assert office.remote(RowKey(Kind.CONTACT, "c2")) == office.remote(PERSON)


class TestOutcomes10And12:
    def test_what_the_crm_refuses_is_a_dead_letter_with_its_words_and_others_go_on(self, office: Office) -> None:
        office.enter_bundle()
        office.model.poisoned.add(("Contacts", PERSON.remote_id(0)))
        office.settle(2)
        (letter, cause, reason, _), *more = office.dead.buried
        assert not more
        assert cause is Cause.CRM_REJECTED
        assert "service died unexpectedly" in reason
        assert str(PERSON) in reason
        assert office.sync(DEAL).standing is Standing.CLEAN
        assert office.sync(LINK).standing is Standing.BEHIND
        office.model.poisoned.clear()
        office.rows.ring([PERSON], office.now(), sight=True)
        office.settle(0.5)
        assert office.sync(LINK).standing is Standing.CLEAN
        assert letter.event_key in office.deals.events

    def test_a_row_that_our_own_code_cannot_draw_is_a_letter_for_developers_and_others_go_on(
        self, office: Office
    ) -> None:
        office.enter_bundle()
        office.put_contact("c1", last_name=7)  # type: ignore[arg-type]  # what no code of ours would store
        office.settle(0.2)
        ((_, cause, reason, _),) = office.dead.buried
        assert cause is Cause.BUG
        assert "mend the code" in reason
        assert office.sync(RowKey(Kind.LINK, "d1", "c2")).standing is Standing.CLEAN

    def test_after_a_twelve_hour_outage_everything_arrives_by_itself_and_nothing_is_dead(self, office: Office) -> None:
        office.enter_bundle()
        for operation in ("get_entries", "get_entry_list", "set_entries", "set_relationships"):
            office.calls.always(operation, Break(UNSENT))
        office.settle(12)
        assert office.model.live("Opportunities") == []
        office.calls._always.clear()
        office.settle(1)
        assert office.sync(LINK).standing is Standing.CLEAN
        assert office.sync(SHARE).standing is Standing.CLEAN
        assert office.dead.buried == []

    def test_a_short_wait_of_the_credential_rings_the_bell_again_and_a_long_one_does_not(self, office: Office) -> None:
        office.put_deal(a_deal())
        office.gate.closed = Fault(FaultClass.THROTTLED, "too many calls", wait_s=7.0)
        assert office.deliver(DEAL).again == {DEAL: 7.0}
        office.gate.closed = Fault(FaultClass.QUOTA, "the day's calls are used", wait_s=7000.0)
        assert office.deliver(DEAL).again == {}
        assert office.sync(DEAL).due_at == office.now() + timedelta(seconds=7000)

    def test_every_row_that_is_not_settled_is_due_at_some_time(self, office: Office) -> None:
        office.enter_bundle()
        office.calls.next("set_entries", Break(CUT), Break(DIED))
        office.deliver(DEAL)
        open_rows = [row for row in office.rows.sync.values() if row.standing not in {Standing.CLEAN, Standing.REFUSED}]
        assert open_rows
        assert all(row.due_at is not None for row in open_rows)


class TestBackfill11:
    def test_live_rows_go_before_what_a_replay_owes(self, office: Office) -> None:
        office.put_deal(a_deal("d1"))
        office.deals.owed.rows.clear()
        office.deals.owed.set(DEAL, 1, office.now(), backfill=True)
        used: list[bool] = []
        office.sink = lambda lane, *, backfill: used.append(backfill) or office.suite  # type: ignore[method-assign,func-returns-value,assignment]  # which share was asked for
        office.deliver(DEAL)
        assert office.sync(DEAL).standing is Standing.CLEAN
        assert used[-1] is True
        assert office.rows.due(office.now(), 10, backfill=True) == []


def test_an_older_addon_is_sent_only_what_it_has(office: Office) -> None:
    office.draws = replace(office.draws, schema=schema_without(office.draws.schema, Kind.DEAL, "dw_city_c"))
    office.enter_bundle()
    office.deliver(DEAL)
    assert office.sync(DEAL).standing is Standing.CLEAN
    assert office.held("Opportunities", DEAL).get("dw_city_c", "") == ""


def test_what_a_later_addon_brings_is_filled_in_also_where_people_had_made_the_record(office: Office) -> None:
    newer = office.draws
    office.draws = replace(newer, schema=schema_without(newer.schema, Kind.CONTACT, "dw_external_id_c"))
    office.model.enter("Contacts", {"last_name": "Buyer", "email1": "buyer@example.com", "phone_mobile": "1"}, "old-1")
    office.put_contact("c1", last_name="Buyer", email="buyer@example.com", phone="+14065550123")
    office.deliver(PERSON)
    assert office.remote(PERSON) == "old-1"
    assert office.held("Contacts", PERSON)["dw_external_id_c"] == ""
    office.draws = newer
    office.rows.ring([PERSON], office.now(), sight=True)
    office.deliver(PERSON)
    assert office.held("Contacts", PERSON)["dw_external_id_c"] == "c1"
    assert office.held("Contacts", PERSON)["phone_mobile"] == "1"

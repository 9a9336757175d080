"""Reconcile over the real delivery: what was delivered agrees, and whatever is done to either side is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.crm.faults import Fault, FaultClass
from domain.crm.reconciling import Finding, What
from domain.crm.rows import Kind, RowKey, Standing
from domain.deal import DealRole
from domain.money import Money
from domain.terms import Role
from flows.delivery.content import Drawing
from flows.reconcile import Page, ReconcilePorts, Walk, reconcile_page
from mappings.reconcile.tolerances import tolerances
from tests.builders import NOW
from tests.unit.flows.delivery.world import DEAL, Office, a_deal, schema_without

EVER = NOW - timedelta(days=365)
FIRST = RowKey(Kind.CONTACT, "c1")
LINK = RowKey(Kind.LINK, "d1", "c1")
SHARE = RowKey(Kind.COMMISSION, "d1", "crm-agent-a")


@dataclass
class Side:
    """Implements `flows.reconcile.CrmSide`."""

    office: Office

    def drawing(self) -> Drawing:
        return self.office.drawing()

    def reader(self):  # type: ignore[no-untyped-def]  # the sink that the delivery uses
        return self.office.suite


@pytest.fixture
def office() -> Office:
    return Office.delivered()


def page(office: Office, walk: Walk | None = None, *, left_s: float = 1.0, crm: bool = True, most: int = 500) -> Page:
    ports = ReconcilePorts(office.rows, office.commissions, Side(office) if crm else None, tolerances())
    return reconcile_page(walk or Walk(EVER), ports, now=office.now(), time_left=lambda: left_s, most=most)


def found(office: Office) -> list[Finding]:
    return page(office, left_s=100.0).findings


def whats(office: Office) -> list[tuple[What, RowKey | None, str]]:
    return sorted((one.what, one.row, one.field) for one in found(office))


def test_what_was_delivered_agrees(office: Office) -> None:
    seen = page(office, left_s=100.0)
    assert seen.findings == []
    assert sorted({key.kind for key in seen.rows}) == sorted(Kind)
    assert len(seen.rows) == len(set(seen.rows)) == 1 + 3 + 3 + 2
    assert (seen.after, seen.fault, [deal.id for deal in seen.deals]) == ("", None, ["d1"])


def test_without_an_external_crm_only_the_store_is_listed(office: Office) -> None:
    office.calls.made.clear()
    seen = page(office, crm=False, left_s=100.0)
    assert (seen.findings, [deal.id for deal in seen.deals]) == ([], ["d1"])
    assert office.calls.names() == []


# ------------------------------------------------------------------------------------------------------- their side


def test_a_field_that_people_changed_is_named_with_both_values(office: Office) -> None:
    office.model.edit("Opportunities", office.remote(DEAL), {"dw_city_c": "Bozeman"})
    (one,) = found(office)
    assert (one.what, one.row, one.field, one.canonical) == (What.CHANGED, DEAL, "dw_city_c", "property.city")
    assert (one.ours, one.theirs, one.fixable, one.name) == ("Missoula", "Bozeman", True, "transactions/T-d1")


def test_what_people_own_is_nothing_to_us(office: Office) -> None:
    office.model.edit("Opportunities", office.remote(DEAL), {"description": "called twice", "next_step": "keys"})
    assert found(office) == []


@pytest.mark.parametrize("key", [DEAL, FIRST, SHARE])
def test_a_record_that_was_deleted_is_missing(office: Office, key: RowKey) -> None:
    module = {Kind.DEAL: "Opportunities", Kind.CONTACT: "Contacts", Kind.COMMISSION: "DW_Commissions"}[key.kind]
    office.model.delete(module, office.remote(key))
    assert (What.MISSING, key, "") in whats(office)


def test_a_link_that_people_took_off_is_missing(office: Office) -> None:
    office.model.part("Opportunities", office.remote(DEAL), "contacts", office.remote(FIRST))
    assert whats(office) == [(What.MISSING, LINK, "")]


def test_a_second_record_under_our_id_is_told_with_the_ids(office: Office) -> None:
    held = office.held("Opportunities", DEAL)
    office.model.enter("Opportunities", {"name": "copy", "dw_external_id_c": held["dw_external_id_c"]}, "copy-1")
    (one,) = found(office)
    assert (one.what, one.row, one.fixable) == (What.DUPLICATED, DEAL, False)
    assert "copy-1" in one.detail
    assert office.remote(DEAL) in one.detail


def test_somebody_of_ours_whom_people_linked_is_extra_and_a_stranger_is_not(office: Office) -> None:
    office.put_contact("c9", first_name="Lee", last_name="Poe", email="lee@example.com")
    office.deliver(RowKey(Kind.CONTACT, "c9"))
    office.model.enter("Contacts", {"last_name": "Stranger"}, "stranger")
    for contact in (office.remote(RowKey(Kind.CONTACT, "c9")), "stranger"):
        office.model.join("Opportunities", office.remote(DEAL), "contacts", contact)
    assert whats(office) == [(What.EXTRA, RowKey(Kind.LINK, "d1", "c9"), "")]


def test_somebody_whom_we_know_from_two_deals_is_nobody_extra_on_either(office: Office) -> None:
    office.put_contact("c9", first_name="Pat", last_name="Buyer", email="buyer@example.com")
    office.put_deal(a_deal("d2", participants=(DealRole("c9", Role.BUYER),)))
    office.deliver(RowKey(Kind.DEAL, "d2"), RowKey(Kind.CONTACT, "c9"))
    assert office.remote(RowKey(Kind.CONTACT, "c9")) == office.remote(FIRST)
    office.move(600)
    assert found(office) == []


def test_a_commission_that_says_it_is_ours_and_is_not_is_extra(office: Office) -> None:
    values = {"name": "old", "external_id": "transactions:T-d1/crm-gone"}
    office.model.enter("DW_Commissions", values, "old-1")
    office.model.join("DW_Commissions", "old-1", "dw_commissions_opportunities", office.remote(DEAL))
    (one,) = found(office)
    assert (one.what, one.row) == (What.EXTRA, RowKey(Kind.COMMISSION, "d1", "crm-gone"))
    assert "old-1" in one.detail


def test_a_link_that_was_taken_off_and_is_there_again_is_extra(office: Office) -> None:
    office.put_deal(replace(office.deals.deals["d1"], participants=office.deals.deals["d1"].participants[1:]))
    office.deliver(DEAL)
    office.move(600)
    assert found(office) == []
    office.model.join("Opportunities", office.remote(DEAL), "contacts", office.remote(FIRST))
    assert whats(office) == [(What.EXTRA, LINK, "")]


# ------------------------------------------------------------------------------------------------------------ tolerance


def test_what_only_is_written_otherwise_agrees(office: Office) -> None:
    office.put_contact("c1", phone="+14065550123")
    office.deliver(FIRST)
    office.move(600)
    office.model.edit("Contacts", office.remote(FIRST), {"phone_mobile": "(406) 555-0123"})
    office.model.edit("Opportunities", office.remote(DEAL), {"dw_street_c": "12  ELM st", "amount": "350000"})
    assert found(office) == []


def test_a_cent_is_a_difference(office: Office) -> None:
    office.model.edit("DW_Commissions", office.remote(SHARE), {"net": "6000.01"})
    assert whats(office) == [(What.CHANGED, SHARE, "net")]


def test_what_the_crm_altered_when_it_was_written_is_listed_and_no_difference(office: Office) -> None:
    office.put_contact("c1", first_name="Pat \N{GRINNING FACE}")
    office.deliver(FIRST)
    office.move(600)
    altered = [one for one in found(office) if one.what is What.ALTERED]
    assert {one.field for one in altered} >= {"first_name"}
    assert all(one.what is What.ALTERED for one in found(office))
    assert not any(one.what.is_difference for one in altered)
    office.model.edit("Contacts", office.remote(FIRST), {"first_name": "Patricia"})
    assert (What.CHANGED, FIRST, "first_name") in whats(office)


def test_of_an_adopted_person_only_what_was_empty_is_compared() -> None:
    office = Office()
    known = {"last_name": "Lender", "first_name": "Patricia", "email1": "lender@example.com"}
    office.model.enter("Contacts", known, "old-lender")
    office.enter_bundle()
    office.deliver(DEAL)
    assert office.remote(RowKey(Kind.CONTACT, "c3")) == "old-lender"
    assert found(office) == []
    office.model.edit("Contacts", "old-lender", {"first_name": "Pat R.", "dw_full_name_c": "somebody"})
    assert {one.field for one in found(office)} <= {"dw_full_name_c"}


def test_fields_that_an_older_add_on_lacks_are_left_out(office: Office) -> None:
    office.draws = Drawing(office.draws.mapping, schema_without(office.draws.schema, Kind.DEAL, "dw_external_id_c"))
    assert found(office) == []


# ------------------------------------------------------------------------------------------------ what is not yet there


def test_what_is_owed_is_pending_and_after_an_hour_overdue(office: Office) -> None:
    office.put_deal(office.deals.deals["d1"])
    assert (What.PENDING, DEAL, "") in whats(office)
    assert not any(one.what.is_difference for one in found(office))
    office.move(3700)
    assert (What.OVERDUE, DEAL, "") in whats(office)


def test_a_bundle_that_was_never_delivered_is_pending(office: Office) -> None:
    office.put_deal(a_deal("d2", participants=office.deals.deals["d1"].participants))
    new = [one for one in found(office) if one.row is not None and one.row.id == "d2"]
    assert {one.what for one in new} == {What.PENDING}
    assert {one.row.kind for one in new if one.row} == {Kind.DEAL, Kind.LINK}


def test_what_nobody_ever_delivered_nor_owes_is_missing(office: Office) -> None:
    office.commissions.record_rows["d1", "crm-agent-c"] = replace(
        office.commissions.record_rows["d1", "crm-agent-a"], account="crm-agent-c"
    )
    assert whats(office) == [(What.MISSING, RowKey(Kind.COMMISSION, "d1", "crm-agent-c"), "")]


def test_a_row_in_doubt_is_pending(office: Office) -> None:
    row = office.sync(DEAL)
    office.rows.sync[DEAL] = replace(row, doubted_at=office.now(), due_at=office.now())
    office.model.edit("Opportunities", row.remote_id, {"dw_city_c": "Bozeman"})
    assert whats(office) == [(What.PENDING, DEAL, "")]


def test_a_row_that_asks_one_that_is_refused_and_one_that_was_left(office: Office) -> None:
    office.model.delete("Contacts", office.remote(FIRST))
    office.rows.ring([FIRST], office.now(), sight=True)
    office.deliver(FIRST)
    assert (What.ASKS, FIRST, "") in whats(office)
    office.rows.sync[FIRST] = replace(office.sync(FIRST), standing=Standing.LEFT, due_at=None)
    assert {what for what, row, _ in whats(office) if row in {FIRST, LINK}} == {What.LEFT}
    office.rows.sync[FIRST] = replace(office.sync(FIRST), standing=Standing.REFUSED, reason="last_name: too odd")
    refused = next(one for one in found(office) if one.row == FIRST)
    assert (refused.what, refused.detail, refused.what.is_difference) == (What.REFUSED, "last_name: too odd", True)


# ------------------------------------------------------------------------------------------------------------ the walk


def test_nothing_is_written_and_few_calls_are_made(office: Office) -> None:
    office.calls.made.clear()
    found(office)
    assert office.writes() == 0
    assert len(office.calls.made) <= 7


def test_a_fault_of_the_crm_ends_the_page_before_the_lot(office: Office) -> None:
    office.gate.closed = Fault(FaultClass.UNAVAILABLE, "the circuit is open", wait_s=30.0)
    seen = page(office)
    assert (seen.rows, seen.after, seen.findings) == ([], "", [])
    assert seen.fault is not None
    assert seen.fault.wait_s == 30.0


def many(office: Office, deals: int) -> None:
    for number in range(deals):
        office.put_deal(a_deal(f"m{number:02}", participants=office.deals.deals["d1"].participants))
    office.settle(0.1)


def test_a_walk_in_pages_compares_every_row_once(office: Office) -> None:
    many(office, 30)
    rows, after, pages = [], "", 0
    while True:
        seen = page(office, Walk(EVER, after))
        rows += seen.rows
        pages += 1
        after = seen.after
        assert seen.findings == []
        if not after:
            break
    assert len(rows) == len(set(rows)) == 31 * (1 + 3) + 3 + 2
    assert pages > 2


def test_a_page_goes_on_while_there_is_time_and_room(office: Office) -> None:
    many(office, 30)
    assert page(office, left_s=100.0).after == ""
    assert len(page(office, left_s=100.0, most=10).rows) < 80


def test_only_what_was_touched_since_is_compared_but_with_a_deal_all_that_belongs_to_it(office: Office) -> None:
    assert page(office, Walk(office.now())).rows == []
    office.move(100)
    since = office.now()
    held = office.deals.deals["d1"]
    office.put_deal(replace(held, details=held.details.model_copy(update={"sale_price": Money(Decimal(1))})))
    office.deliver(DEAL)
    office.model.edit("Contacts", office.remote(FIRST), {"first_name": "Lee"})
    seen = page(office, Walk(since), left_s=100.0)
    assert len(seen.rows) == len(set(seen.rows)) == 9
    assert [one.row for one in seen.findings] == [FIRST]


def test_a_place_that_is_none_of_ours_is_refused(office: Office) -> None:
    with pytest.raises(ValueError, match="not from a page before"):
        page(office, Walk(EVER, "nonsense"))


def test_what_is_looked_at_again_agrees_afterwards(office: Office) -> None:
    office.model.edit("Opportunities", office.remote(DEAL), {"dw_city_c": "Bozeman", "amount": "1"})
    office.model.edit("DW_Commissions", office.remote(SHARE), {"net": "1.00"})
    keys = {one.row for one in found(office) if one.fixable and one.row}
    assert keys == {DEAL, SHARE}
    office.rows.ring(keys, office.now(), backfill=True, sight=True)
    office.settle(0.1)
    assert found(office) == []
    assert office.held("Opportunities", DEAL)["dw_city_c"] == "Missoula"

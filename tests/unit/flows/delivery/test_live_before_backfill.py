"""What a live change owes is live, also where a comparison had asked for it before; and no bell rings for ever."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.crm.rows import Kind, RowKey, Standing
from domain.money import Money
from tests.unit.flows.delivery.world import DEAL, Office

SHARE = RowKey(Kind.COMMISSION, "d1", "crm-agent-a")
LINK = RowKey(Kind.LINK, "d1", "c1")


@pytest.fixture
def office() -> Office:
    office = Office()
    office.enter_bundle()
    office.settle(0.1)
    return office


def change(office: Office) -> None:
    held = office.deals.deals["d1"]
    office.put_deal(replace(held, details=held.details.model_copy(update={"sale_price": Money(Decimal(777))})))


def test_a_changed_deal_comes_to_rest_though_a_comparison_found_a_commission_deleted(office: Office) -> None:
    office.model.delete("DW_Commissions", office.remote(SHARE))
    office.rows.ring([SHARE], office.now(), backfill=True, sight=True)
    office.settle(0.1)
    assert office.sync(SHARE).standing is Standing.ASKS
    change(office)
    delivered = office.deliver(DEAL)
    assert not delivered.again
    assert office.sync(DEAL).due_at is None
    assert office.sync(SHARE).standing is Standing.ASKS


def test_a_link_of_a_changed_deal_is_live_though_a_comparison_has_it_looked_at(office: Office) -> None:
    office.rows.ring([LINK], office.now(), backfill=True, sight=True)
    held = office.deals.deals["d1"]
    office.put_deal(replace(held, participants=held.participants[1:]))
    delivered = office.deliver(DEAL)
    assert not delivered.again
    assert office.sync(DEAL).due_at is None
    assert office.model.linked("Opportunities", office.remote(DEAL), "contacts").keys() == {
        office.remote(RowKey(Kind.CONTACT, one)) for one in ("c2", "c3")
    }


def test_a_changed_deal_does_not_wait_for_commissions_of_a_replay(office: Office) -> None:
    office.put_commission("crm-agent-a", "1.00")
    office.commissions.owed.rows.clear()
    office.commissions.owed.set(SHARE, 2, office.now(), backfill=True)
    change(office)
    delivered = office.deliver(DEAL)
    assert not delivered.again
    assert office.sync(DEAL).due_at is None
    office.settle(0.1)
    assert office.held("DW_Commissions", SHARE)["amount"] == "1.00"

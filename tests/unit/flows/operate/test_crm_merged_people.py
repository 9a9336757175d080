"""People merged two records in the CRM, and links moved along: what hangs on the one that is adopted is put right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.crm.rows import Kind, RowKey, Standing
from tests.unit.flows.delivery.world import DEAL
from tests.unit.flows.operate.crm_office import CrmOffice

PERSON = RowKey(Kind.CONTACT, "c1")
WHY = "merged by the back office"


@pytest.fixture
def office() -> CrmOffice:
    """A bundle that was delivered; then its buyer was merged into a record that people made."""
    made = CrmOffice.delivered()
    made.model.enter("Contacts", {"last_name": "Buyer", "email1": "buyer@example.com"}, "kept-1")
    made.model.merge("Contacts", "kept-1", made.remote(PERSON))
    made.rows.ring([PERSON], made.now(), sight=True)
    made.deliver(PERSON)
    assert made.sync(PERSON).standing is Standing.ASKS
    return made


def linked(office: CrmOffice) -> dict[str, str]:
    found = office.model.linked("Opportunities", office.remote(DEAL), "contacts")
    return {one: columns["contact_role"] for one, columns in found.items()}


def test_a_link_that_is_still_wanted_stays(office: CrmOffice) -> None:
    office.done("crm-answer", row="contact:c1", decision="adopt", remote_id="kept-1", why=WHY)
    office.settle(0.5)
    assert linked(office)["kept-1"] == "Buyer"
    assert office.done("reconcile")["findings"] == []


def test_a_link_of_somebody_who_left_the_deal_before_the_answer_is_taken_off(office: CrmOffice) -> None:
    held = office.deals.deals["d1"]
    office.put_deal(replace(held, participants=held.participants[1:]))
    office.settle(0.5)
    assert "kept-1" in linked(office)
    office.done("crm-answer", row="contact:c1", decision="adopt", remote_id="kept-1", why=WHY)
    office.settle(0.5)
    assert "kept-1" not in linked(office)
    assert office.done("reconcile")["findings"] == []

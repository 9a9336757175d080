"""A person decides which record somebody is, and by that two contacts of one deal become one record there, or two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.crm.rows import Kind, RowKey, Standing
from domain.deal import DealRole
from domain.terms import Role
from tests.unit.flows.delivery.world import DEAL
from tests.unit.flows.operate.crm_office import CrmOffice

PERSON, AGAIN = RowKey(Kind.CONTACT, "c1"), RowKey(Kind.CONTACT, "c9")
LINK = RowKey(Kind.LINK, "d1", "c1")
WHY = "looked in the CRM"


@pytest.fixture
def office() -> CrmOffice:
    """A delivered bundle; its buyer is on the deal once more, as attorney, under another id of the source."""
    made = CrmOffice()
    deal = made.enter_bundle()
    made.put_contact("c9", first_name="Pat", last_name="Buyer", email="buyer@example.com")
    made.put_deal(replace(deal, participants=(*deal.participants, DealRole("c9", Role.ATTORNEY))))
    made.name_records()
    made.settle(0.2)
    assert made.remote(AGAIN) == made.remote(PERSON)
    assert linked(made)[made.remote(PERSON)] == "Buyer, Attorney"
    return made


def linked(office: CrmOffice) -> dict[str, str]:
    found = office.model.linked("Opportunities", office.remote(DEAL), "contacts")
    return {one: columns["contact_role"] for one, columns in found.items()}


def gone(office: CrmOffice, key: RowKey) -> None:
    """Somebody looks, and the record is not there any more."""
    office.rows.ring([key], office.now(), sight=True)
    office.deliver(key)
    assert office.sync(key).standing is Standing.ASKS


def restore(office: CrmOffice, contact: str, role: str) -> None:
    """People take a record out of the bin, and link it as it was."""
    record = office.model.records["Contacts"][contact]
    record.deleted, record.fields["deleted"] = False, "0"
    office.model.join("Opportunities", office.remote(DEAL), "contacts", contact, {"contact_role": role})


def adopt(office: CrmOffice, key: RowKey, remote_id: str) -> None:
    office.done("crm-answer", row=str(key), decision="adopt", remote_id=remote_id, why=WHY)
    office.settle(0.5)


def test_who_becomes_somebody_else_takes_their_role_along(office: CrmOffice) -> None:
    shared = office.remote(PERSON)
    office.model.delete("Contacts", shared)
    gone(office, AGAIN)
    office.done("crm-answer", row="contact:c9", decision="leave", why=WHY)
    restore(office, shared, "Buyer, Attorney")
    office.model.enter("Contacts", {"last_name": "Lawyer"}, "other-1")
    adopt(office, AGAIN, "other-1")
    assert linked(office)["other-1"] == "Attorney"
    assert linked(office)[shared] == "Buyer"


def test_who_turns_out_to_be_somebody_on_the_deal_shares_their_link(office: CrmOffice) -> None:
    office.model.enter("Contacts", {"last_name": "Buyer", "email1": "buyer@example.com"}, "kept-1")
    office.model.merge("Contacts", "kept-1", office.remote(PERSON))
    gone(office, PERSON)
    adopt(office, PERSON, "kept-1")
    gone(office, AGAIN)
    adopt(office, AGAIN, "kept-1")
    assert linked(office)["kept-1"] == "Buyer, Attorney"
    assert office.sync(LINK).standing is Standing.CLEAN
    assert office.done("reconcile")["findings"] == []


def test_two_who_become_two_have_a_link_each(office: CrmOffice) -> None:
    office.model.delete("Contacts", office.remote(PERSON))
    for key, name in ((PERSON, "kept-1"), (AGAIN, "kept-2")):
        office.model.enter("Contacts", {"last_name": "Buyer"}, name)
        gone(office, key)
    for key, name in ((PERSON, "kept-1"), (AGAIN, "kept-2")):
        adopt(office, key, name)
    assert {linked(office)[one] for one in ("kept-1", "kept-2")} == {"Buyer", "Attorney"}
    assert linked(office)["kept-2"] == "Attorney"

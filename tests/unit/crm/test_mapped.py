"""Where rows lie in SuiteCRM follows from the mapping alone."""

from __future__ import annotations

from crm.suitecrm.mapped import modules_of
from crm.suitecrm.modules import ParentOf
from domain.crm.rows import Kind
from mappings.crm.loader import crm_mapping

MODULES = modules_of(crm_mapping())


def test_each_kind_has_the_module_of_the_mapping_and_a_link_that_of_its_deal() -> None:
    assert {kind: MODULES.of(kind).module for kind in Kind} == {
        Kind.CONTACT: "Contacts",
        Kind.DEAL: "Opportunities",
        Kind.COMMISSION: "DW_Commissions",
        Kind.LINK: "Opportunities",
    }
    assert MODULES.link.link == "contacts"


def test_a_commission_hangs_on_our_deal_and_on_a_contact_that_is_peoples() -> None:
    assert MODULES.commission.parents == {
        "dw_opp_ida": ParentOf("dw_commissions_opportunities", "Opportunities", ours=True),
        "dw_con_ida": ParentOf("dw_commissions_contacts", "Contacts", ours=False),
    }
    assert not MODULES.deal.parents


def test_what_is_peoples_is_not_read_back() -> None:
    assert "description" not in MODULES.commission.fields
    assert {"amount", "gci"} <= MODULES.commission.fields


def test_a_field_that_an_older_add_on_may_lack_is_not_required_by_the_crm() -> None:
    assert "last_name" in MODULES.contact.required
    assert not [name for kind in Kind for name in MODULES.of(kind).required if name.endswith("_c")]

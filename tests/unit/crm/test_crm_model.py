"""The model CRM does what a real SuiteCRM was measured to do: each row of the trap table (research: crm.md §1a)."""

from __future__ import annotations

import pytest

from crm.suitecrm.calls import Entry, LinkCall, LinkCount, SoapFault
from dev.crm.addon import shipped
from dev.crm.model import CrmModel
from dev.crm.schema import FIRST_ADDON, STOCK, with_addon

DEAL, OTHER = "5a0e8c0e-0000-5000-8000-000000000001", "5a0e8c0e-0000-5000-8000-000000000002"
PERSON = "5a0e8c0e-0000-5000-8000-00000000000a"
SHARE = "5a0e8c0e-0000-5000-8000-00000000000c"
BY_MAIL = (
    "contacts.id IN (SELECT eabr.bean_id FROM email_addr_bean_rel eabr JOIN email_addresses ea"
    " ON (ea.id = eabr.email_address_id) WHERE eabr.deleted = 0 AND eabr.bean_module = 'Contacts'"
    " AND ea.email_address_caps IN ({}))"
)


class Bench:
    """A model at a time, logged in."""

    def __init__(self, crm: CrmModel | None = None) -> None:
        self.time = 1_772_442_000.0
        self.crm = crm or CrmModel(lambda: self.time)
        self.session = self.crm.login("dealwire", "secret", timeout_s=1.0)

    def put(self, module: str, record_id: str, *, create: bool = True, **values: str) -> str:
        row = {"id": record_id, **({"new_with_id": "1"} if create else {}), **values}
        return self.crm.set_entry(self.session, module, row, timeout_s=1.0)

    def put_all(self, module: str, *rows: dict[str, str]) -> list[str]:
        return list(self.crm.set_entries(self.session, module, rows, timeout_s=1.0))

    def get(self, module: str, record_id: str, *fields: str) -> Entry:
        return self.crm.get_entries(self.session, module, [record_id], fields, {}, timeout_s=1.0)[0]

    def linked(self, module: str, record_id: str, link: str, *fields: str) -> list[dict[str, str]]:
        entries = self.crm.get_entries(
            self.session, module, [record_id], ["id"], {link: fields or ("id",)}, timeout_s=1.0
        )
        return [dict(each) for each in entries[0].links.get(link, ())]

    def relate(self, *links: LinkCall) -> LinkCount:
        return self.crm.set_relationships(self.session, links, timeout_s=1.0)

    def found(self, where: str, *, module: str = "Contacts", limit: int = 100, deleted: bool = False) -> list[str]:
        page = self.crm.get_entry_list(
            self.session, module, where, ["id"], order_by="", offset=0, limit=limit, deleted=deleted, timeout_s=1.0
        )
        return [entry.id for entry in page.entries]


@pytest.fixture
def bench() -> Bench:
    return Bench()


class TestExistence:
    def test_an_update_of_an_unknown_id_returns_the_id_and_stores_nothing(self, bench: Bench) -> None:
        assert bench.put("Opportunities", DEAL, create=False, name="5 Elm St") == DEAL
        assert bench.crm.records["Opportunities"] == {}
        assert [(write.verb, write.applied) for write in bench.crm.log] == [("update", False)]

    def test_a_create_of_an_id_that_exists_is_fault_minus_1_and_changes_nothing(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="5 Elm St")
        with pytest.raises(SoapFault) as fault:
            bench.put("Opportunities", DEAL, name="6 Elm St")
        assert fault.value.code == "-1"
        assert bench.crm.text("Opportunities", DEAL, "name") == "5 Elm St"

    def test_of_four_racing_creates_one_wins(self, bench: Bench) -> None:
        outcomes = []
        for number in range(4):
            try:
                outcomes.append(bench.put("Opportunities", DEAL, name=f"racer {number}"))
            except SoapFault as fault:
                outcomes.append(fault.code)
        assert outcomes == [DEAL, "-1", "-1", "-1"]
        assert bench.crm.text("Opportunities", DEAL, "name") == "racer 0"

    def test_a_deleted_record_can_be_neither_created_nor_updated(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="5 Elm St")
        bench.crm.delete("Opportunities", DEAL)
        with pytest.raises(SoapFault):
            bench.put("Opportunities", DEAL, name="again")
        assert bench.put("Opportunities", DEAL, create=False, name="again", deleted="0") == DEAL
        assert bench.crm.records["Opportunities"][DEAL].deleted
        assert bench.crm.text("Opportunities", DEAL, "name") == "5 Elm St"

    def test_a_missing_and_a_deleted_record_read_alike_with_a_warning(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="5 Elm St")
        bench.crm.delete("Opportunities", DEAL)
        gone, missing = bench.get("Opportunities", DEAL, "name"), bench.get("Opportunities", OTHER, "name")
        assert (gone.id, missing.id) == (DEAL, OTHER)
        assert gone.fields == missing.fields
        assert gone.fields["deleted"] == "1"
        assert "does not exist" in gone.fields["warning"]

    def test_a_list_with_deleted_ones_tells_deleted_from_never_existed(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="5 Elm St")
        bench.crm.delete("Opportunities", DEAL)
        where = f"opportunities.id IN ('{DEAL}','{OTHER}')"
        assert bench.found(where, module="Opportunities") == []
        assert bench.found(where, module="Opportunities", deleted=True) == [DEAL]

    def test_a_record_without_id_gets_one(self, bench: Bench) -> None:
        made = bench.crm.set_entry(bench.session, "Contacts", {"last_name": "Fox"}, timeout_s=1.0)
        assert bench.crm.find("Contacts", last_name="Fox") == [made]

    def test_an_own_id_longer_than_the_column_dies(self, bench: Bench) -> None:
        with pytest.raises(SoapFault, match="died"):
            bench.put("Opportunities", "x" * 37, name="5 Elm St")


class TestBatches:
    def test_a_bad_row_keeps_what_stood_before_it_and_stops_what_follows(self, bench: Bench) -> None:
        bench.put("Opportunities", OTHER, name="there")
        rows = [{"id": each, "new_with_id": "1", "name": each} for each in (DEAL, OTHER, PERSON)]
        with pytest.raises(SoapFault) as fault:
            bench.put_all("Opportunities", *rows)
        assert fault.value.code == "-1"
        assert set(bench.crm.records["Opportunities"]) == {OTHER, DEAL}

    def test_ids_come_back_in_order_creates_and_updates_mixed(self, bench: Bench) -> None:
        bench.put("Opportunities", OTHER, name="there")
        done = bench.put_all(
            "Opportunities", {"id": DEAL, "new_with_id": "1", "name": "new"}, {"id": OTHER, "name": "changed"}
        )
        assert done == [DEAL, OTHER]
        assert bench.crm.text("Opportunities", OTHER, "name") == "changed"

    def test_a_record_on_which_the_service_dies_stops_its_batch(self, bench: Bench) -> None:
        bench.crm.poisoned.add(("Opportunities", OTHER))
        rows = [{"id": each, "new_with_id": "1", "name": each} for each in (DEAL, OTHER)]
        with pytest.raises(SoapFault):
            bench.put_all("Opportunities", *rows)
        assert set(bench.crm.records["Opportunities"]) == {DEAL}

    def test_a_contact_that_names_an_account_in_a_batch_gets_it_and_by_itself_it_does_not(self, bench: Bench) -> None:
        bench.put_all("Contacts", {"id": PERSON, "new_with_id": "1", "last_name": "Fox", "account_name": "Fox LLC"})
        bench.put("Contacts", OTHER, last_name="Hen", account_name="Hen LLC")
        assert bench.get("Contacts", PERSON, "account_name").fields == {"account_name": "Fox LLC"}
        assert bench.get("Contacts", OTHER, "account_name").fields == {"account_name": ""}


class TestValues:
    def test_garbage_is_accepted_and_altered_without_a_word(self, bench: Bench) -> None:
        bench.put(
            "Opportunities",
            DEAL,
            amount="not-a-number",
            date_closed="31/03/2026",
            sales_stage="NoSuchStage",
            no_such_field="x",
            account_id="nope",
        )
        held = bench.get("Opportunities", DEAL, "amount", "date_closed", "sales_stage", "no_such_field", "account_id")
        assert held.fields == {"amount": "0", "date_closed": "", "sales_stage": "NoSuchStage", "account_id": ""}

    def test_an_empty_number_is_0_in_a_new_record_and_empty_after_a_change(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, amount="")
        assert bench.get("Opportunities", DEAL, "amount").fields == {"amount": "0"}
        bench.put("Opportunities", DEAL, create=False, amount="")
        assert bench.get("Opportunities", DEAL, "amount").fields == {"amount": ""}

    def test_a_name_of_300_characters_becomes_50(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x" * 300)
        assert bench.get("Opportunities", DEAL, "name").fields["name"] == "x" * 50

    def test_a_cut_counts_an_ampersand_as_its_entity(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="&" * 20)
        assert bench.get("Opportunities", DEAL, "name").fields["name"] == "&amp;" * 10

    @pytest.mark.parametrize(
        ("sent", "wire", "seen"),
        [
            ("5 <Realty> Way", "5  Way", "5  Way"),
            ("smile \U0001f600", "smile ????", "smile ????"),
            ("O'Brien", "O&#039;Brien", "O'Brien"),
            ("Smith & Sons", "Smith &amp; Sons", "Smith & Sons"),
            ('3" < 4"', "3&quot; &lt; 4&quot;", '3" < 4"'),
            ("caf\u00e9 \u2014 \u20ac", "caf\u00e9 \u2014 \u20ac", "caf\u00e9 \u2014 \u20ac"),
            ("one\r\ntwo", "one\ntwo", "one\ntwo"),
            ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>"),
            ("a<script>alert(1)</script>b", "ab", "ab"),
            ("", "", ""),
        ],
    )
    def test_texts_are_cleaned_and_escaped(self, bench: Bench, sent: str, wire: str, seen: str) -> None:
        bench.put("Contacts", PERSON, last_name=sent)
        assert bench.get("Contacts", PERSON, "last_name").fields["last_name"] == wire
        assert bench.crm.text("Contacts", PERSON, "last_name") == seen

    def test_what_was_read_can_be_written_again_and_stays_the_same(self, bench: Bench) -> None:
        bench.put("Contacts", PERSON, last_name='O\'Brien & "Sons" < 3')
        wire = bench.get("Contacts", PERSON, "last_name").fields["last_name"]
        bench.put("Contacts", PERSON, create=False, last_name=wire)
        assert bench.get("Contacts", PERSON, "last_name").fields["last_name"] == wire

    @pytest.mark.parametrize(
        ("sent", "held"),
        [("12345678901234.56", "12345678901235"), ("350000.50", "350000.5"), ("350000", "350000"), ("", "0")],
    )
    def test_an_amount_of_an_opportunity_shows_14_digits(self, bench: Bench, sent: str, held: str) -> None:
        bench.put("Opportunities", DEAL, amount=sent)
        assert bench.get("Opportunities", DEAL, "amount").fields["amount"] == held

    @pytest.mark.parametrize(
        ("sent", "held"),
        [
            ("12345678901234.56", "12345678901234.56"),
            ("1234.5", "1234.50"),
            ("0.005", "0.01"),
            ("x", "0.00"),
            ("", "0.00"),
        ],
    )
    def test_an_amount_of_a_commission_is_exact(self, bench: Bench, sent: str, held: str) -> None:
        bench.put("DW_Commissions", SHARE, amount=sent, split_percent="33.3333335")
        assert bench.get("DW_Commissions", SHARE, "amount", "split_percent").fields == {
            "amount": held,
            "split_percent": "33.333334",
        }

    @pytest.mark.parametrize("day", ["2026-02-30", "2026-3-1", "03/01/2026", "2026-03-01 10:00:00", "soon"])
    def test_a_day_that_is_not_iso_is_lost(self, bench: Bench, day: str) -> None:
        bench.put("Opportunities", DEAL, date_closed=day)
        assert bench.get("Opportunities", DEAL, "date_closed").fields["date_closed"] == ""

    def test_a_record_without_any_required_field_is_accepted(self, bench: Bench) -> None:
        assert bench.put("Opportunities", DEAL) == DEAL
        assert bench.get("Opportunities", DEAL, "name").fields == {"name": ""}

    def test_a_create_without_probability_gets_that_of_its_stage(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, sales_stage="Closed Won")
        assert bench.get("Opportunities", DEAL, "probability").fields["probability"] == "100"

    def test_timestamps_are_utc_text(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        assert bench.get("Opportunities", DEAL, "date_modified").fields["date_modified"] == "2026-03-02 09:00:00"


class TestLinks:
    def test_a_link_to_a_contact_that_does_not_exist_counts_as_created_and_dangles(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        assert bench.relate(LinkCall("Opportunities", DEAL, "contacts", PERSON)) == LinkCount(1, 0, 0)
        assert list(bench.crm.links.rows()) == [("opportunities_contacts", DEAL, PERSON, {"contact_role": ""})]
        assert bench.linked("Opportunities", DEAL, "contacts") == []

    def test_a_link_from_a_deal_that_does_not_exist_counts_as_created_and_stores_nothing(self, bench: Bench) -> None:
        bench.put("Contacts", PERSON, last_name="Fox")
        assert bench.relate(LinkCall("Opportunities", DEAL, "contacts", PERSON)) == LinkCount(1, 0, 0)
        assert list(bench.crm.links.rows()) == []

    def test_an_unknown_link_name_counts_as_failed_and_raises_nothing(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Fox")
        both = [LinkCall("Opportunities", DEAL, link, PERSON) for link in ("no_such_link", "contacts")]
        assert bench.relate(*both) == LinkCount(created=1, failed=1, deleted=0)

    def test_a_link_set_twice_counts_twice_and_is_one(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Fox")
        for _ in range(2):
            assert bench.relate(LinkCall("Opportunities", DEAL, "contacts", PERSON)).created == 1
        assert bench.linked("Opportunities", DEAL, "contacts") == [{"id": PERSON}]

    def test_a_role_is_kept_replaced_when_set_again_and_never_told(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Fox")
        for values in ({"contact_role": "Buyer"}, {}, {"contact_role": "Buyer, Lender"}):
            bench.relate(LinkCall("Opportunities", DEAL, "contacts", PERSON, values))
        assert bench.crm.linked("Opportunities", DEAL, "contacts") == {PERSON: {"contact_role": "Buyer, Lender"}}
        told = bench.linked("Opportunities", DEAL, "contacts", "id", "opportunity_role", "contact_role")
        assert told == [{"id": PERSON, "opportunity_role": "", "contact_role": ""}]

    def test_a_role_from_the_other_end_is_dropped(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Fox")
        bench.relate(LinkCall("Contacts", PERSON, "opportunities", DEAL, {"contact_role": "Buyer"}))
        assert bench.crm.linked("Opportunities", DEAL, "contacts") == {PERSON: {"contact_role": ""}}

    def test_a_role_with_an_apostrophe_breaks_its_statement_in_silence(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Fox")
        assert (
            bench.relate(LinkCall("Opportunities", DEAL, "contacts", PERSON, {"contact_role": "Buyer's"})).created == 1
        )
        assert bench.linked("Opportunities", DEAL, "contacts") == []

    def test_a_link_is_taken_off_and_counted_even_if_there_was_none(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Fox")
        bench.relate(LinkCall("Opportunities", DEAL, "contacts", PERSON))
        for _ in range(2):
            off = LinkCall("Opportunities", DEAL, "contacts", PERSON, delete=True)
            assert bench.relate(off) == LinkCount(created=0, failed=0, deleted=1)
        assert bench.linked("Opportunities", DEAL, "contacts") == []

    def test_a_create_that_carries_the_link_columns_is_linked_in_the_same_call(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Agent")
        bench.put("DW_Commissions", SHARE, name="share", dw_opp_ida=DEAL, dw_con_ida=PERSON)
        assert bench.linked("DW_Commissions", SHARE, "dw_commissions_opportunities") == [{"id": DEAL}]
        assert bench.linked("DW_Commissions", SHARE, "dw_commissions_contacts") == [{"id": PERSON}]
        assert bench.linked("Opportunities", DEAL, "dw_commissions_opportunities") == [{"id": SHARE}]

    def test_a_link_column_of_a_missing_deal_is_dropped(self, bench: Bench) -> None:
        bench.put("DW_Commissions", SHARE, name="share", dw_opp_ida=DEAL)
        bench.put("Opportunities", DEAL, name="x")
        assert bench.linked("DW_Commissions", SHARE, "dw_commissions_opportunities") == []

    def test_a_link_column_of_an_update_moves_the_record_and_is_not_read_back(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Opportunities", OTHER, name="y")
        bench.put("DW_Commissions", SHARE, name="share", dw_opp_ida=DEAL)
        bench.put("DW_Commissions", SHARE, create=False, dw_opp_ida=OTHER)
        assert bench.linked("DW_Commissions", SHARE, "dw_commissions_opportunities") == [{"id": OTHER}]
        assert bench.get("DW_Commissions", SHARE, "dw_opp_ida", "name").fields == {"name": "share"}

    def test_linked_records_that_were_deleted_are_left_out(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Fox")
        bench.relate(LinkCall("Opportunities", DEAL, "contacts", PERSON))
        bench.crm.delete("Contacts", PERSON)
        assert bench.linked("Opportunities", DEAL, "contacts") == []

    def test_an_unknown_link_reads_as_empty_and_one_without_records_is_not_named(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        asked = {"contacts": ["id"], "no_such_link": ["id"]}
        entries = bench.crm.get_entries(bench.session, "Opportunities", [DEAL], ["id"], asked, timeout_s=1.0)
        assert entries[0].links == {"no_such_link": ()}

    def test_relationships_of_a_missing_record_die_and_of_a_live_one_are_listed(self, bench: Bench) -> None:
        with pytest.raises(SoapFault, match="died"):
            bench.crm.get_relationships(bench.session, "Opportunities", DEAL, "contacts", ["id"], timeout_s=1.0)
        bench.put("Opportunities", DEAL, name="x")
        bench.put("Contacts", PERSON, last_name="Fox")
        bench.relate(LinkCall("Opportunities", DEAL, "contacts", PERSON))
        found = bench.crm.get_relationships(
            bench.session, "Opportunities", DEAL, "contacts", ["id", "last_name"], timeout_s=1.0
        )
        assert found == [Entry(PERSON, {"id": PERSON, "last_name": "Fox"})]


class TestEmail:
    def test_an_address_is_stored_beside_the_contact_and_found_in_capitals(self, bench: Bench) -> None:
        bench.put("Contacts", PERSON, last_name="Fox", email1="Ann@Fox.example")
        assert bench.get("Contacts", PERSON, "email1").fields["email1"] == "Ann@Fox.example"
        assert bench.found(BY_MAIL.format("'NOBODY@FOX.EXAMPLE', 'ANN@FOX.EXAMPLE'")) == [PERSON]

    def test_an_empty_address_clears_nothing(self, bench: Bench) -> None:
        bench.put("Contacts", PERSON, email1="ann@fox.example")
        bench.put("Contacts", PERSON, create=False, email1="")
        assert bench.get("Contacts", PERSON, "email1").fields["email1"] == "ann@fox.example"

    def test_a_new_address_replaces_the_first_and_spells_it_for_everybody(self, bench: Bench) -> None:
        bench.put("Contacts", PERSON, email1="ann@fox.example")
        bench.crm.add_address(PERSON, "second@fox.example")
        bench.put("Contacts", OTHER, email1="new@fox.example")
        bench.put("Contacts", PERSON, create=False, email1="NEW@fox.example")
        assert bench.get("Contacts", OTHER, "email1").fields["email1"] == "NEW@fox.example"
        assert bench.found(BY_MAIL.format("'ANN@FOX.EXAMPLE'")) == []
        assert bench.found(BY_MAIL.format("'SECOND@FOX.EXAMPLE'")) == [PERSON]


class TestSearch:
    def test_where_is_sql_as_it_is_sent(self, bench: Bench) -> None:
        bench.put("Contacts", PERSON, last_name="Fox")
        bench.put("Contacts", OTHER, last_name="O'Brien")
        assert bench.found("contacts.last_name = 'O\\'Brien'") == [OTHER]
        assert bench.found("contacts.last_name = 'O\\'Brien' OR 1=1") == [PERSON, OTHER]

    @pytest.mark.parametrize(
        "where",
        [
            "contacts.last_name = 'O'Brien'",
            "contacts.no_such_column = 'x'",
            "accounts.name = 'x'",
            "contacts.id IN (",
            "contacts.id = 'x'; DROP",
        ],
    )
    def test_what_is_no_sql_of_the_table_dies(self, bench: Bench, where: str) -> None:
        with pytest.raises(SoapFault) as fault:
            bench.found(where)
        assert fault.value.code == "-1"

    def test_a_subquery_over_other_tables_is_refused(self, bench: Bench) -> None:
        with pytest.raises(SoapFault) as fault:
            bench.found("contacts.id IN (SELECT contact_id FROM opportunities_contacts WHERE deleted = 0)")
        assert fault.value.code == "40"

    @pytest.mark.parametrize(
        "number", ["+1 303 555 0123", "(303) 555-0123", "303.555.0123 ext 9", "+13035550123", "0013035550123"]
    )
    def test_a_number_is_found_however_it_is_written(self, bench: Bench, number: str) -> None:
        bench.put("Contacts", PERSON, last_name="Fox", phone_work=number)
        bench.put("Contacts", OTHER, last_name="Hen", phone_work="303 555 0124")
        pattern = "%" + "%".join("3035550123") + "%"
        columns = ("phone_home", "phone_mobile", "phone_work", "phone_other")
        where = " OR ".join(f"contacts.{column} LIKE '{pattern}'" for column in columns)
        assert bench.found(where) == [PERSON]

    def test_a_number_that_was_changed_is_not_found_any_more(self, bench: Bench) -> None:
        bench.put("Contacts", PERSON, phone_work="303 555 0123")
        bench.put("Contacts", PERSON, create=False, phone_work="303 555 9999")
        assert bench.found("contacts.phone_work LIKE '%" + "%".join("3035550123") + "%'") == []

    def test_conditions_are_joined_as_sql_joins_them(self, bench: Bench) -> None:
        bench.put("Contacts", PERSON, last_name="Fox", first_name="Ann")
        bench.put("Contacts", OTHER, last_name="Fox", first_name="Bob")
        assert bench.found("contacts.last_name LIKE 'f%' AND NOT (contacts.first_name IN ('ANN', 'Eve'))") == [OTHER]
        assert bench.found("contacts.first_name <> 'Bob' OR contacts.title IS NOT NULL") == [PERSON]

    def test_a_page_has_20_rows_or_as_many_as_are_asked_for(self, bench: Bench) -> None:
        for number in range(1, 46):
            bench.put("Contacts", f"person-{number:02}", last_name="Fox")
        assert len(bench.found("", limit=0)) == 20
        assert len(bench.found("", limit=1000)) == 45
        page = bench.crm.get_entry_list(
            bench.session, "Contacts", "", ["id"], order_by="id desc", offset=40, limit=20, deleted=False, timeout_s=1.0
        )
        assert [entry.id for entry in page.entries] == [f"person-{number:02}" for number in range(5, 0, -1)]
        assert (page.next_offset, page.result_count) == (45, 5)


class TestSessions:
    def test_a_wrong_password_is_fault_10(self, bench: Bench) -> None:
        with pytest.raises(SoapFault) as fault:
            bench.crm.login("dealwire", "wrong", timeout_s=1.0)
        assert fault.value.code == "10"

    def test_a_session_that_was_ended_is_fault_11(self, bench: Bench) -> None:
        bench.crm.logins.expire()
        with pytest.raises(SoapFault) as fault:
            bench.get("Contacts", PERSON, "id")
        assert fault.value.code == "11"

    def test_a_session_ends_when_it_was_idle(self, bench: Bench) -> None:
        for _ in range(3):
            bench.time += 1400
            bench.get("Contacts", PERSON, "id")
        bench.time += 1441
        with pytest.raises(SoapFault, match="Invalid Session"):
            bench.get("Contacts", PERSON, "id")

    def test_a_session_ends_after_its_lifetime_however_much_it_is_used(self) -> None:
        time = [0.0]
        crm = CrmModel(lambda: time[0], lifetime_s=3600)
        session = crm.login("dealwire", "secret", timeout_s=1.0)
        for _ in range(3):
            time[0] += 1200
            crm.get_available_modules(session, timeout_s=1.0)
        time[0] += 1
        with pytest.raises(SoapFault, match="Invalid Session"):
            crm.get_available_modules(session, timeout_s=1.0)

    def test_a_locked_user_is_refused_whatever_the_password(self, bench: Bench) -> None:
        bench.crm.logins.denial = "1009"
        with pytest.raises(SoapFault) as fault:
            bench.crm.login("dealwire", "secret", timeout_s=1.0)
        assert fault.value.code == "1009"


class TestSetUp:
    def test_a_module_that_does_not_exist_is_fault_20(self) -> None:
        bench = Bench(CrmModel(lambda: 0.0, schema=STOCK))
        with pytest.raises(SoapFault) as fault:
            bench.put("DW_Commissions", SHARE, name="share")
        assert fault.value.code == "20"
        assert "DW_Commissions" not in bench.crm.get_available_modules(bench.session, timeout_s=1.0)
        fields = bench.crm.get_module_fields(bench.session, "Opportunities", timeout_s=1.0)
        assert "dw_external_id_c" not in fields.fields
        assert fields.links == {"contacts"}

    def test_fields_and_links_are_told_with_their_lengths(self, bench: Bench) -> None:
        told = bench.crm.get_module_fields(bench.session, "DW_Commissions", timeout_s=1.0)
        assert told.fields["agent_role"] == {"type": "varchar", "len": "50", "required": "0"}
        assert told.fields["amount"]["len"] == "18,2"
        assert {"dw_commissions_opportunities", "dw_commissions_contacts", "dw_opp_ida", "dw_con_ida"} == told.links

    def test_a_newer_addon_adds_to_the_first_one(self) -> None:
        schema = with_addon({"Opportunities": {"dw_list_price_c": ("decimal", "18,2")}})
        assert "dw_list_price_c" in schema["Opportunities"]
        assert set(FIRST_ADDON["Opportunities"]) < set(schema["Opportunities"])

    def test_the_shipped_addon_has_all_of_the_first_one(self) -> None:
        schema = with_addon(shipped())
        for module, fields in FIRST_ADDON.items():
            assert {name: str(length) for name, (_, length) in fields.items()}.items() <= {
                name: str(length) for name, (_, length) in schema[module].items()
            }.items()
        assert schema["Opportunities"]["dw_list_price_c"] == ("decimal", "18,2")
        assert schema["DW_Commissions"]["net"] == ("decimal", "18,2")
        bench = Bench(CrmModel(lambda: 0.0, schema=schema))
        told = bench.crm.get_module_fields(bench.session, "Opportunities", timeout_s=1.0)
        assert told.fields["dw_list_price_c"]["len"] == "18"

    def test_on_php_8_without_its_fix_every_call_dies(self, bench: Bench) -> None:
        bench.crm.broken = True
        with pytest.raises(SoapFault, match="service died unexpectedly") as fault:
            bench.crm.get_server_info(timeout_s=1.0)
        assert fault.value.code == "-1"

    def test_a_call_without_time_is_a_mistake_of_its_caller(self, bench: Bench) -> None:
        with pytest.raises(ValueError, match="time-out of 0"):
            bench.crm.get_server_info(timeout_s=0)


class TestPeople:
    def test_what_people_do_is_in_the_log_and_in_no_call(self, bench: Bench) -> None:
        made = bench.crm.enter("Contacts", {"last_name": "Fox"})
        bench.crm.edit("Contacts", made, {"last_name": "Wolf"})
        bench.crm.delete("Contacts", made)
        bench.crm.purge("Contacts", made)
        assert [(write.verb, write.call_no) for write in bench.crm.log] == [
            ("create", 0),
            ("edit", 0),
            ("delete", 0),
            ("purge", 0),
        ]
        assert bench.crm.records["Contacts"] == {}

    def test_a_merge_moves_the_links_and_deletes_the_other(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        kept, gone = (bench.crm.enter("Contacts", {"last_name": "Fox"}) for _ in range(2))
        bench.crm.join("Opportunities", DEAL, "contacts", gone, {"contact_role": "Buyer"})
        bench.crm.merge("Contacts", kept, gone)
        assert bench.crm.linked("Opportunities", DEAL, "contacts") == {kept: {"contact_role": "Buyer"}}
        assert bench.crm.live("Contacts") == [kept]

    def test_a_link_can_be_taken_off_by_hand(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        person = bench.crm.enter("Contacts", {"last_name": "Fox"})
        bench.crm.join("Opportunities", DEAL, "contacts", person)
        bench.crm.part("Opportunities", DEAL, "contacts", person)
        assert bench.linked("Opportunities", DEAL, "contacts") == []

    def test_a_purged_id_is_free_again(self, bench: Bench) -> None:
        bench.put("Opportunities", DEAL, name="x")
        bench.crm.delete("Opportunities", DEAL)
        bench.crm.purge("Opportunities", DEAL)
        assert bench.put("Opportunities", DEAL, name="again") == DEAL

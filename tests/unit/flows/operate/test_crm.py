"""What people decide about rows of the CRM, and what becomes of it in the CRM; how the line to it stands."""

from __future__ import annotations

import pytest

from domain.agents import Agent, AgentKey
from domain.crm.faults import Fault, FaultClass
from domain.crm.rows import Kind, RowKey, Standing
from tests.unit.flows.delivery.world import DEAL
from tests.unit.flows.operate.crm_office import CrmOffice

FIRST = RowKey(Kind.CONTACT, "c1")
LINK = RowKey(Kind.LINK, "d1", "c1")
SHARE = RowKey(Kind.COMMISSION, "d1", "crm-agent-a")
WHY = "looked in the CRM"


@pytest.fixture
def office() -> CrmOffice:
    return CrmOffice.delivered()


@pytest.fixture
def doubtful() -> CrmOffice:
    """A bundle of which the CRM knew the buyer twice before."""
    made = CrmOffice()
    for remote_id in ("old-1", "old-2"):
        made.model.enter("Contacts", {"last_name": "Buyer", "email1": "buyer@example.com"}, remote_id)
    made.enter_bundle()
    made.deliver(DEAL)
    made.move(600)
    return made


def gone(office: CrmOffice, key: RowKey, module: str) -> None:
    """The record is deleted in the CRM, and somebody looks."""
    office.model.delete(module, office.remote(key))
    office.rows.ring([key], office.now(), sight=True)
    office.deliver(key)
    assert office.sync(key).standing is Standing.ASKS


# ----------------------------------------------------------------------------------------------------------- who asks


def test_rows_that_wait_for_a_person_are_listed_with_what_can_be_answered(doubtful: CrmOffice) -> None:
    answer = doubtful.done("crm-asks")
    (row,) = answer["rows"]
    assert (row["row"], row["question"], row["candidates"]) == ("contact:c1", "candidates", ["old-1", "old-2"])
    assert row["possible"] == ["adopt", "create"]
    assert row["asked_at"] is not None
    assert "2 contacts of the CRM match" in row["reason"]
    assert answer["more"] is False


def test_of_many_the_oldest_are_listed_and_the_rest_is_said(office: CrmOffice) -> None:
    gone(office, DEAL, "Opportunities")
    office.move(60)
    gone(office, SHARE, "DW_Commissions")
    answer = office.done("crm-asks", limit=1)
    assert ([row["row"] for row in answer["rows"]], answer["more"]) == (["deal:d1"], True)
    assert answer["rows"][0]["name"] == "transactions/T-d1"


# ---------------------------------------------------------------------------------------------------------- candidates


def test_an_adopted_person_keeps_what_people_entered_and_is_linked(doubtful: CrmOffice) -> None:
    doubtful.model.edit("Contacts", "old-2", {"first_name": "Patricia"})
    answer = doubtful.done("crm-answer", row="contact:c1", decision="adopt", remote_id="old-2", why=WHY)
    assert answer["row"]["standing"] == "open"
    doubtful.settle(0.1)
    shown = doubtful.model.shown("Contacts", "old-2")
    assert (shown["first_name"], shown["dw_external_id_c"]) == ("Patricia", "c1")
    assert "old-2" in doubtful.model.linked("Opportunities", doubtful.remote(DEAL), "contacts")
    assert len(doubtful.model.find("Contacts", last_name="Buyer")) == 2


def test_a_person_who_is_none_of_the_candidates_is_created_and_linked(doubtful: CrmOffice) -> None:
    doubtful.done("crm-answer", row="contact:transactions/P-c1", decision="create", why=WHY)
    doubtful.settle(0.1)
    assert doubtful.remote(FIRST) not in {"old-1", "old-2"}
    assert doubtful.held("Contacts", FIRST)["last_name"] == "Buyer"
    assert doubtful.remote(FIRST) in doubtful.model.linked("Opportunities", doubtful.remote(DEAL), "contacts")


@pytest.mark.parametrize("right", ["old-1", ""])
def test_whoever_was_taken_for_somebody_else_can_be_told_apart(doubtful: CrmOffice, right: str) -> None:
    doubtful.done("crm-answer", row="contact:c1", decision="adopt", remote_id="old-2", why=WHY)
    doubtful.settle(0.1)
    assert doubtful.done("crm-show", row="contact:c1")["row"]["possible"] == ["leave"]
    doubtful.done("crm-answer", row="contact:c1", decision="leave", why=WHY)
    doubtful.model.part("Opportunities", doubtful.remote(DEAL), "contacts", "old-2")
    doubtful.settle(0.1)
    assert "old-2" not in doubtful.model.linked("Opportunities", doubtful.remote(DEAL), "contacts")
    how = {"decision": "adopt", "remote_id": right} if right else {"decision": "recreate"}
    doubtful.done("crm-answer", row="contact:c1", why=WHY, **how)
    doubtful.settle(0.1)
    now = doubtful.remote(FIRST)
    assert (now == right) if right else (now not in {"old-1", "old-2"})
    assert len(linked := doubtful.model.linked("Opportunities", doubtful.remote(DEAL), "contacts")) == 3
    assert now in linked
    (traces,) = doubtful.done("reconcile")["findings"]
    assert (traces["what"], traces["row"]) == ("duplicated", "contact:c1")
    doubtful.model.edit("Contacts", "old-2", {"dw_external_id_c": ""})
    assert doubtful.done("reconcile")["findings"] == []


def test_whoever_adopts_the_same_record_again_keeps_what_was_ours_in_it(doubtful: CrmOffice) -> None:
    adopts: dict[str, str] = {"row": "contact:c1", "decision": "adopt", "remote_id": "old-2", "why": WHY}
    doubtful.done("crm-answer", **adopts)
    doubtful.settle(0.1)
    before = doubtful.sync(FIRST)
    doubtful.done("crm-answer", row="contact:c1", decision="leave", why=WHY)
    doubtful.settle(0.1)
    doubtful.done("crm-answer", **adopts)
    doubtful.settle(0.1)
    after = doubtful.sync(FIRST)
    assert (after.standing, after.owns) == (Standing.CLEAN, before.owns)
    assert after.owns
    filled = doubtful.done("crm-show", row="contact:c1")["row"]["owns"]
    assert "dw_external_id_c" in filled
    assert set(filled) < after.owns  # of some of what was empty we know nothing
    assert doubtful.done("reconcile")["findings"] == []


@pytest.mark.parametrize(
    ("remote_id", "says"), [("", "remote_id is empty"), ("nobody", "is not there"), ("old-1", "is deleted there")]
)
def test_a_record_that_is_not_there_live_cannot_be_adopted(doubtful: CrmOffice, remote_id: str, says: str) -> None:
    doubtful.model.delete("Contacts", "old-1")
    before = doubtful.sync(FIRST)
    request = {"row": "contact:c1", "decision": "adopt", "remote_id": remote_id, "why": WHY}
    assert (status := doubtful.refused("crm-answer", **request))[0] == 400
    assert says in status[1]
    assert (doubtful.sync(FIRST), doubtful.entries("crm-answer")) == (before, [])


def test_what_cannot_be_looked_at_now_cannot_be_adopted(doubtful: CrmOffice) -> None:
    doubtful.gate.closed = Fault(FaultClass.UNAVAILABLE, "the circuit is open", wait_s=30.0)
    request = {"row": "contact:c1", "decision": "adopt", "remote_id": "old-1", "why": WHY}
    status, line = doubtful.refused("crm-answer", **request)
    assert (status, doubtful.sync(FIRST).standing) == (503, Standing.ASKS)
    assert "the circuit is open; try again in 30 s" in line
    assert doubtful.desk_of_the_crm.released == 1


# ---------------------------------------------------------------------------------------------------------------- gone


def test_a_deal_that_is_recreated_has_its_commissions_and_people_again(office: CrmOffice) -> None:
    former = office.remote(DEAL)
    gone(office, DEAL, "Opportunities")
    answer = office.done("crm-answer", row="transactions/T-d1", decision="recreate", why=WHY)
    assert len(answer["rung"]) == 3 + 2
    office.settle(0.5)
    now = office.remote(DEAL)
    assert now != former
    assert len(office.model.linked("Opportunities", now, "contacts")) == 3
    for account in ("crm-agent-a", "crm-agent-b"):
        key = RowKey(Kind.COMMISSION, "d1", account)
        assert list(office.model.linked("DW_Commissions", office.remote(key), "dw_commissions_opportunities")) == [now]
    assert office.done("reconcile")["findings"] == []


def test_a_deal_that_was_merged_lives_on_in_the_record_that_is_adopted(office: CrmOffice) -> None:
    office.model.enter("Opportunities", {"name": "12 Elm"}, "kept-1")
    gone(office, DEAL, "Opportunities")
    office.done("crm-answer", row="deal:d1", decision="adopt", remote_id="kept-1", why=WHY)
    office.settle(0.5)
    assert office.remote(DEAL) == "kept-1"
    assert office.model.shown("Opportunities", "kept-1")["dw_external_id_c"] == "transactions:T-d1"
    assert len(office.model.linked("Opportunities", "kept-1", "contacts")) == 3
    assert office.done("reconcile")["findings"] == []


def test_a_person_who_is_recreated_is_linked_again(office: CrmOffice) -> None:
    gone(office, FIRST, "Contacts")
    answer = office.done("crm-answer", row="contact:c1", decision="recreate", why=WHY)
    assert answer["rung"] == ["link:d1/c1"]
    office.settle(0.5)
    assert office.remote(FIRST) in office.model.linked("Opportunities", office.remote(DEAL), "contacts")
    assert office.done("reconcile")["findings"] == []


def test_a_record_that_is_left_is_never_written_again_until_somebody_wants_it(office: CrmOffice) -> None:
    gone(office, FIRST, "Contacts")
    answer = office.done("crm-answer", row="contact:c1", decision="leave", why=WHY)
    assert (answer["row"]["standing"], answer["row"]["due_at"]) == ("left", None)
    assert answer["row"]["possible"] == ["adopt", "recreate"]
    office.put_contact("c1", first_name="Lee")
    office.settle(0.2)
    assert office.model.find("Contacts", last_name="Buyer") == []
    office.done("crm-answer", row="contact:c1", decision="recreate", why="wanted after all")
    office.settle(0.2)
    assert office.held("Contacts", FIRST)["first_name"] == "Lee"


# -------------------------------------------------------------------------------------------------------- every answer


def test_who_decided_what_and_why_is_written_down(office: CrmOffice) -> None:
    gone(office, FIRST, "Contacts")
    office.done("crm-answer", row="contact:c1", decision="recreate", why=WHY)
    (entry,) = office.entries("crm-answer")
    assert (entry.subject, entry.why) == ("ROW#contact:c1", WHY)
    assert entry.who.endswith("user/ana")
    assert entry.details == {"decision": "recreate", "remote_id": ""}


def test_a_bell_is_rung_so_that_it_happens_now(office: CrmOffice) -> None:
    gone(office, FIRST, "Contacts")
    office.done("crm-answer", row="contact:c1", decision="recreate", why=WHY)
    assert [key for key, _ in office.desk_of_the_crm.bells.rung] == [FIRST, LINK]


@pytest.mark.parametrize("decision", ["create", "recreate", "leave"])
def test_what_is_not_asked_cannot_be_answered(office: CrmOffice, decision: str) -> None:
    status, line = office.refused("crm-answer", row="deal:d1", decision=decision, why=WHY)
    assert (status, office.entries("crm-answer")) == (409, [])
    assert line == f"deal:d1 stands at clean, so it cannot be answered with {decision}; nothing is asked about it"


def test_an_answer_to_another_question_says_what_is_possible(office: CrmOffice) -> None:
    gone(office, FIRST, "Contacts")
    status, line = office.refused("crm-answer", row="contact:c1", decision="create", why=WHY)
    assert status == 409
    assert "possible: adopt, recreate, leave" in line


def test_a_row_that_a_worker_has_is_not_answered(office: CrmOffice) -> None:
    gone(office, FIRST, "Contacts")
    office.rows.lease([FIRST], "w1", now=office.now(), until=office.now().replace(year=2030))
    status, line = office.refused("crm-answer", row="contact:c1", decision="leave", why=WHY)
    assert status == 409
    assert "or a worker has it just now" in line


@pytest.mark.parametrize(
    ("row", "status", "says"),
    [
        ("contact:nobody", 404, "was never delivered"),
        ("contact:transactions/P-404", 404, "knows no contact"),
        ("transactions/T-404", 404, "there is no deal"),
        ("link:transactions/T-404/c1", 404, "there is no deal of transactions"),
        ("link:d1", 400, "is no key of a CRM row"),
    ],
)
def test_a_row_that_nobody_knows_is_said_to_be_unknown(office: CrmOffice, row: str, status: int, says: str) -> None:
    found, line = office.refused("crm-answer", row=row, decision="leave", why=WHY)
    assert found == status
    assert says in line


def test_without_an_external_crm_there_is_nothing_to_decide(office: CrmOffice) -> None:
    office.crm = None
    for action in ("crm-resume", "crm-preflight"):
        assert office.refused(action, why=WHY)[0] == 409
    status, line = office.refused("crm-answer", row="deal:d1", decision="leave", why=WHY)
    assert (status, "CrmKind" in line) == (409, True)


# ------------------------------------------------------------------------------------------------------------ one row


def test_a_deal_is_shown_with_everything_that_belongs_to_it(office: CrmOffice) -> None:
    answer = office.done("crm-show", row="transactions/T-d1")
    assert (answer["name"], answer["row"]["row"], answer["row"]["standing"]) == (
        "transactions/T-d1",
        "deal:d1",
        "clean",
    )
    assert answer["row"]["remote_id"] == office.remote(DEAL)
    assert answer["row"]["fields"] > 20
    assert sorted({row["row"].partition(":")[0] for row in answer["others"]}) == ["commission", "contact", "link"]
    assert len(answer["others"]) == 3 + 3 + 2


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ("deal:d1", DEAL),
        ("d1", DEAL),
        ("deal:transactions/T-d1", DEAL),
        ("contact:transactions/P-c1", FIRST),
        ("link:transactions/T-d1/c1", LINK),
        ("commission:transactions/T-d1/crm-agent-a", SHARE),
        ("commission:d1/crm-agent-a", SHARE),
    ],
)
def test_a_row_is_named_with_our_ids_or_those_of_the_source(office: CrmOffice, named: str, key: RowKey) -> None:
    assert office.done("crm-show", row=named)["row"]["row"] == str(key)


def test_what_the_crm_altered_is_shown_by_its_shape_only(office: CrmOffice) -> None:
    office.put_contact("c1", first_name="Pat \N{GRINNING FACE}")
    office.deliver(FIRST)
    answer = office.done("crm-show", row="contact:c1")
    altered = {one["field"]: one for one in answer["row"]["altered"]}
    assert altered["first_name"]["held"] == "Aaa ????"
    assert "Pat" not in str(answer)


def test_a_row_that_waits_says_for_what(doubtful: CrmOffice) -> None:
    answer = doubtful.done("crm-show", row="link:d1/c1")
    assert (answer["row"]["standing"], answer["row"]["words"]) == ("behind", "waits for contact:c1")
    assert answer["row"]["due_at"] is not None


def test_a_record_that_nobody_delivered_yet_is_told_as_owed(office: CrmOffice) -> None:
    office.put_contact("c9", last_name="Poe")
    answer = office.done("crm-show", row="contact:c9")["row"]
    assert (answer["standing"], answer["owed"]) == ("unknown", True)


def test_what_there_is_not_is_not_shown(office: CrmOffice) -> None:
    for row in ("contact:c404", "commission:d1/nobody", "link:d1/c404", "deal:d404"):
        assert office.refused("crm-show", row=row)[0] == 404


# ------------------------------------------------------------------------------------------------------------ the line


def test_the_status_tells_the_line_and_the_debts(office: CrmOffice) -> None:
    gone(office, FIRST, "Contacts")
    office.rows.ring([SHARE], office.now(), backfill=True)
    office.put_deal(office.deals.deals["d1"])
    office.move(30)
    answer = office.done("crm-status")
    told = {name: answer[name] for name in ("kind", "passage", "rate", "rate_limit", "session_age_s", "asking")}
    assert told == {
        "kind": "suitecrm",
        "passage": "free",
        "rate": 4.5,
        "rate_limit": 10.0,
        "session_age_s": 90.0,
        "asking": 1,
    }
    assert (answer["owed"], answer["owed_backfill"], answer["refused"]) == (1, 1, 0)
    assert answer["oldest_owed_s"] == 30.0


def test_without_an_external_crm_the_debts_are_told_all_the_same(office: CrmOffice) -> None:
    office.crm = None
    office.put_contact("c9", last_name="Poe")
    answer = office.done("crm-status")
    assert (answer["kind"], answer["owed"]) == ("", 1)


def test_a_resume_is_written_down_and_told(office: CrmOffice) -> None:
    office.desk_of_the_crm.stopped = Fault(FaultClass.AUTH_DENIED, "Invalid Login")
    assert office.done("crm-resume", why="unlocked") == {"passage": "free", "why": ""}
    (entry,) = office.entries("crm-resume")
    assert (entry.why, office.desk_of_the_crm.resumed) == ("unlocked", 1)


def test_a_preflight_tells_what_is_there_and_ends_a_stop(office: CrmOffice) -> None:
    office.directory.add([_agent("A-1", "crm-agent-a", user="seed-user")])
    answer = office.done("crm-preflight")
    assert (answer["ready"], answer["agents"], office.desk_of_the_crm.resumed) == (True, 1, 1)
    modules = {module["kind"]: module["module"] for module in answer["modules"]}
    assert modules["deal"] == "Opportunities"
    assert [lack["what"] for lack in answer["lacks"]] == ["crm_user_id of agent transactions/A-1"]
    assert office.desk_of_the_crm.released == 1


def test_a_preflight_of_a_crm_that_refuses_us_says_what_to_do(office: CrmOffice) -> None:
    office.desk_of_the_crm.stopped = Fault(FaultClass.AUTH_DENIED, "Invalid Login")
    status, line = office.refused("crm-preflight")
    assert status == 409
    assert line.startswith("the CRM does not let us in: Invalid Login; ")
    assert "crm-refuses-us" in line


def test_a_preflight_names_what_is_fatal(office: CrmOffice) -> None:
    office.model.tables.schema["Contacts"].pop("last_name")
    answer = office.done("crm-preflight")
    assert answer["ready"] is False
    assert [lack["what"] for lack in answer["lacks"] if lack["fatal"]] == ["Contacts.last_name"]


def _agent(agent_id: str, contact: str, *, user: str) -> Agent:
    return Agent(AgentKey("transactions", agent_id), "Dana", "", "", crm_user_id=user, crm_contact_id=contact)

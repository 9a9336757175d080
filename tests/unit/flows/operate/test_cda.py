"""CDAs: drafted by settling, approved by who may and is not paid, locked with their hash, superseded with a mark."""

from __future__ import annotations

import base64
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from tests.unit.flows.operate.brokerage import BROKER, BROKERAGE, DANA, DELEGATE, SAM, Brokerage

T1 = "transactions/T-1"


@pytest.fixture
def office() -> Brokerage:
    made = Brokerage()
    made.ready()
    return made


@pytest.fixture
def settled(office: Brokerage) -> Brokerage:
    """Dana's closing, settled: its CDA is a draft."""
    office.settled("T-1")
    return office


def approve(office: Brokerage, who: str = BROKER, deal: str = T1) -> Any:
    office.who = who
    return office.done("cda-approve", deal=deal)["cda"]


def not_approved(office: Brokerage, who: str = BROKER, status: int = 409, **more: Any) -> str:
    office.who = who
    return office.refused("cda-approve", status, deal=T1, **more)


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def shown(office: Brokerage, **more: Any) -> tuple[Any, bytes]:
    answer = office.done("cda-show", deal=T1, pdf=True, **more)
    return answer, base64.b64decode(answer["pdf_base64"])


# ------------------------------------------------------------------------------------------------ looking


def test_a_settled_closing_has_a_draft(settled: Brokerage) -> None:
    (row,) = settled.done("cda-list")["rows"]
    assert (row["reference"], row["state"], row["version"], row["number"]) == ("R-T-1", "draft", 0, 1)
    answer, pdf = shown(settled)
    amounts = [(line["payee"], line["amount"]["amount"]) for line in answer["document"]["lines"]]
    assert amounts == [("Dana Reyes", "8400.00"), ("Example Realty LLC", "3600.00")]
    assert "DRAFT" in text_of(pdf)


def test_what_is_shown_does_not_say_who_may_sign(settled: Brokerage) -> None:
    answer, _ = shown(settled)
    assert "arn:aws" not in str(answer["document"])
    assert answer["document"]["brokerage"]["broker"]["name"] == "Ruth Adler"


def test_cdas_are_listed_by_state_and_closing(office: Brokerage) -> None:
    for deal, day in (("T-1", "2026-05-20"), ("T-2", "2026-05-10"), ("T-3", "2026-05-15")):
        office.settled(deal, day=day)
    approve(office, deal="transactions/T-3")
    assert [row["reference"] for row in office.done("cda-list")["rows"]] == ["R-T-2", "R-T-3", "R-T-1"]
    assert [row["reference"] for row in office.done("cda-list", state="approved")["rows"]] == ["R-T-3"]
    assert [row["reference"] for row in office.done("cda-list", limit=1)["rows"]] == ["R-T-2"]
    assert office.done("cda-list", state="void")["rows"] == []


def test_a_deal_that_was_not_settled_has_no_cda(office: Brokerage) -> None:
    office.close("T-1")
    assert "has no CDA: its commission was not settled yet" in office.refused("cda-show", 404, deal=T1)
    assert "there is no deal" in office.refused("cda-show", 404, deal="transactions/T-404")


def test_a_draft_says_what_a_closing_agent_would_miss(office: Brokerage) -> None:
    office.settled("T-1", title_file_number=None)
    assert any("title file number" in one for one in office.done("cda-show", deal=T1)["missing"])
    office.who = BROKER
    assert any("title file number" in one for one in office.done("cda-approve", deal=T1)["missing"])


# ------------------------------------------------------------------------------------------------ approving


@pytest.mark.parametrize(
    ("who", "by"),
    [
        (BROKER, f"Ruth Adler, designated broker ({BROKER})"),
        (DELEGATE, f"Omar Diaz, delegate of the broker by letter of 2025-12-20 ({DELEGATE})"),
    ],
)
def test_the_broker_and_a_delegate_approve(settled: Brokerage, who: str, by: str) -> None:
    cda = approve(settled, who)
    assert (cda["state"], cda["version"], cda["approved_by"]) == ("approved", 1, by)
    entry = settled.audit.entries[-1]
    assert (entry.action, entry.who, entry.why) == ("cda-approve", who, "looked at and approved")
    assert entry.details["sha256"] == cda["digest"]


def test_what_was_approved_is_stored_and_shown_byte_for_byte(settled: Brokerage) -> None:
    cda = approve(settled)
    stored = settled.documents.get(cda["pdf_key"])
    assert sha256(stored).hexdigest() == cda["digest"]
    assert cda["digest"] in cda["pdf_key"]
    settled.clock.move(days=3)
    _, pdf = shown(settled)
    assert pdf == stored
    assert "DRAFT" not in text_of(pdf)
    assert "Ruth Adler" in text_of(pdf)


@pytest.mark.parametrize(
    "who",
    [
        "arn:aws:iam::123456789012:user/ana",
        "arn:aws:sts::123456789012:assumed-role/brokers2/ruth",
        "arn:aws:sts::999999999999:assumed-role/brokers/ruth",
        "arn:aws:iam::123456789012:user/brokers/omar",
    ],
)
def test_nobody_else_approves(settled: Brokerage, who: str) -> None:
    said = not_approved(settled, who)
    assert f"{who} is not recorded as one who may approve CDAs; today Ruth Adler, Omar Diaz may" in said
    assert settled.documents.bodies == {}


def test_a_delegation_that_ended_is_none(settled: Brokerage) -> None:
    settled.clock.move(days=365)
    assert "Omar Diaz may approve CDAs from 2026-01-01 until 2026-12-31" in not_approved(settled, DELEGATE)


@pytest.mark.parametrize(
    "broker",
    [{"account": DANA}, {"licence": "LIC-A-1"}, {"name": "dana  reyes"}],
    ids=["account", "licence", "name"],
)
def test_nobody_approves_a_deal_that_pays_them(settled: Brokerage, broker: dict[str, str]) -> None:
    settled.set_up(broker={**BROKERAGE["broker"], **broker})
    assert "is paid by this deal" in not_approved(settled)
    assert approve(settled, DELEGATE)["state"] == "approved"


def test_a_broker_approves_another_agents_deal(settled: Brokerage) -> None:
    settled.set_up(broker={**BROKERAGE["broker"], "account": SAM})
    assert approve(settled)["state"] == "approved"


def test_without_a_brokerage_nothing_is_approved() -> None:
    office = Brokerage()
    office.publish()
    office.assign(DANA)
    office.settled("T-1")
    assert "first `dealwire cda setup FILE --why TEXT`" in not_approved(office, status=400)


def test_what_is_approved_is_locked(settled: Brokerage) -> None:
    approve(settled)
    assert "cannot approve the CDA: it is approved, expected draft" in not_approved(settled)


def test_only_the_calculation_that_was_looked_at_is_approved(settled: Brokerage) -> None:
    assert "the CDA is of calculation 1 now, and you looked at 7" in not_approved(settled, number=7)
    assert settled.done("cda-approve", deal=T1, number=1)["cda"]["state"] == "approved"


def test_nothing_is_approved_while_a_change_is_being_settled(settled: Brokerage) -> None:
    settled.close("T-1", sale_price="410000.00")
    assert "is being settled; look again in a minute" in not_approved(settled)
    settled.settle()
    assert approve(settled)["number"] == 2


def test_nothing_is_approved_while_the_commission_needs_something(settled: Brokerage) -> None:
    settled.assign(DANA, until="2026-05-01")
    settled.settle()
    assert "cannot be approved: commission: needs" in not_approved(settled)


# ------------------------------------------------------------------------------------------------ what follows


def test_sending_records_who_received_which_hash_and_marks_the_deal_paid(settled: Brokerage) -> None:
    cda = approve(settled)
    settled.clock.move(hours=1)
    sent = settled.done("cda-send", deal=T1, to=["closings@title.example"])["cda"]
    assert (sent["state"], sent["sent_to"], sent["digest"]) == ("sent", "closings@title.example", cda["digest"])
    assert settled.commissions.head(settled.deal_id()).paid
    entry = settled.audit.entries[-1]
    assert entry.details == {"version": "1", "sha256": cda["digest"], "to": "closings@title.example"}
    settled.clock.move(hours=1)
    again = settled.done("cda-send", deal=T1, to=["seller@title.example", "closings@title.example"])["cda"]
    assert (again["sent_to"], again["sent_at"]) == ("closings@title.example; seller@title.example", sent["sent_at"])


def test_nothing_is_sent_while_a_change_is_being_settled(settled: Brokerage) -> None:
    approve(settled)
    settled.close("T-1", sale_price="410000.00")
    said = settled.refused("cda-send", 409, deal=T1, to=["closings@title.example"])
    assert "is being settled; look again in a minute" in said
    settled.settle()
    assert "it is draft" in settled.refused("cda-send", 409, deal=T1, to=["closings@title.example"])


def test_a_rescinded_closing_shows_what_was_approved(settled: Brokerage) -> None:
    approve(settled)
    settled.close("T-1", status="Under Contract")
    settled.settle()
    said = settled.refused("cda-show", 409, deal=T1)
    assert f"its closing was rescinded; `dealwire cda show {T1} --version 1` has the last one" in said
    assert "SUPERSEDED by calculation 2" in settled.done("cda-show", deal=T1, version=1)["document"]["superseded"]
    assert "it is void, expected draft" in not_approved(settled)


def test_a_draft_that_was_voided_says_so(settled: Brokerage) -> None:
    settled.done("cda-void", deal=T1, why="the parties settle otherwise")
    answer, pdf = shown(settled)
    assert answer["document"]["void"] == "VOID: the parties settle otherwise"
    assert "VOID" in text_of(pdf)


def test_a_draft_is_not_sent(settled: Brokerage) -> None:
    said = settled.refused("cda-send", 409, deal=T1, to=["closings@title.example"])
    assert "cannot send the CDA: it is draft, expected approved or sent" in said


def test_a_returned_cda_is_a_draft_and_its_next_approval_a_new_version(settled: Brokerage) -> None:
    first = approve(settled)
    returned = settled.done("cda-return", deal=T1, why="the file number is wrong")["cda"]
    assert (returned["state"], returned["note"]) == ("draft", "the file number is wrong")
    second = approve(settled)
    assert second["version"] == 2
    assert second["digest"] != first["digest"]
    answer, pdf = shown(settled)
    assert "version 1 of 2026-06-01" in answer["document"]["supersedes"]
    assert [one["version"] for one in answer["versions"]] == [1, 2]
    old, marked = shown(settled, version=1)
    assert "RETURNED: the file number is wrong" in old["document"]["superseded"]
    assert "RETURNED" in text_of(marked)
    assert marked != settled.documents.get(first["pdf_key"])
    assert pdf == settled.documents.get(second["pdf_key"])


def test_a_later_calculation_supersedes_with_a_visible_mark(settled: Brokerage) -> None:
    first = approve(settled)
    settled.done("cda-send", deal=T1, to=["closings@title.example"])
    settled.close("T-1", sale_price="410000.00")
    settled.settle()
    answer, draft = shown(settled)
    assert (answer["cda"]["state"], answer["cda"]["number"]) == ("draft", 2)
    assert "DRAFT" in text_of(draft)
    assert answer["versions"][0]["superseded_by"] == 2
    _, old = shown(settled, version=1)
    assert "SUPERSEDED by calculation 2" in text_of(old)
    assert sha256(settled.documents.get(first["pdf_key"])).hexdigest() == first["digest"]


def test_a_void_cda_stays_void_until_another_calculation(settled: Brokerage) -> None:
    approve(settled)
    voided = settled.done("cda-void", deal=T1, why="the parties settle otherwise")["cda"]
    assert voided["state"] == "void"
    answer, pdf = shown(settled)
    assert "the parties settle otherwise" in answer["document"]["void"]
    assert "VOID" in text_of(pdf)
    assert "it is void" in settled.refused("cda-void", 409, deal=T1, why="again and again")
    settled.close("T-1", sale_price="410000.00")
    settled.settle()
    assert settled.done("cda-show", deal=T1)["cda"]["state"] == "draft"


def test_a_version_that_was_never_approved_cannot_be_shown(settled: Brokerage) -> None:
    assert "has no version 1; approved were: none" in settled.refused("cda-show", 404, deal=T1, version=1)


def test_a_document_that_is_gone_is_said(settled: Brokerage) -> None:
    approve(settled)
    settled.documents.bodies.clear()
    assert "not among the documents any more" in settled.refused("cda-show", 404, deal=T1)


def test_every_step_leaves_an_audit_entry_with_its_reason(settled: Brokerage) -> None:
    before = len(settled.audit.entries)
    approve(settled)
    settled.done("cda-send", deal=T1, to=["closings@title.example"], why="by e-mail")
    settled.done("cda-return", deal=T1, why="they asked for it")
    settled.done("cda-void", deal=T1, why="not needed")
    entries = settled.audit.entries[before:]
    assert [(entry.action, entry.why) for entry in entries] == [
        ("cda-approve", "looked at and approved"),
        ("cda-send", "by e-mail"),
        ("cda-return", "they asked for it"),
        ("cda-void", "not needed"),
    ]
    assert {entry.subject for entry in entries} == {f"DEAL#{settled.deal_id()}"}


# ------------------------------------------------------------------------------------------------ the brokerage


def test_the_brokerage_is_recorded_with_its_signers() -> None:
    office = Brokerage()
    assert office.set_up() == {"legal_name": "Example Realty LLC", "signers": ["Ruth Adler", "Omar Diaz"]}
    (entry,) = office.audit.entries
    assert (entry.action, entry.subject) == ("cda-setup", "BROKERAGE")
    assert DELEGATE in entry.details["signers"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"broker": {**BROKERAGE["broker"], "identity": "ruth"}}, "broker.identity is 'ruth'; expected an ARN"),
        ({"delegates": [{**BROKERAGE["delegates"][0], "document": ""}]}, "delegates[0].document is missing"),
        ({"delegates": [{**BROKERAGE["delegates"][0], "starts": None}]}, "delegates[0].starts is missing"),
        ({"delegates": [{**BROKERAGE["delegates"][0], "until": "2025-01-01"}]}, "delegates[0].until is 2025-01-01"),
        (
            {"delegates": [{**BROKERAGE["delegates"][0], "identity": BROKER.rpartition("/")[0]}]},
            "stands for two signers",
        ),
        (
            {"delegates": [{**BROKERAGE["delegates"][0], "identity": BROKER}]},
            "stands for all of its sessions",
        ),
        ({"ein": "123"}, "brokerage.ein"),
    ],
)
def test_a_brokerage_whose_signers_are_not_plain_is_refused(changes: dict[str, Any], says: str) -> None:
    office = Brokerage()
    request = {"brokerage": {**BROKERAGE, **changes}, "why": "who we are"}
    assert says in office.refused("cda-setup", **request)
    assert office.accounts.brokerage() is None

"""`dealwire cda`: from the draft to the closing agent, through the operators' API."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Api, refusal, refused, run, told
from tests.unit.cli.files import BROKERAGE

CDA: dict[str, Any] = {
    "deal": "id-1", "reference": "R-[bold]1", "closing_date": "2026-10-01", "version": 1, "number": 3,
    "state": "approved", "digest": "abc123", "pdf_key": "cda/id-1/1-abc123.pdf", "approved_by": "Ruth Adler, broker",
    "approved_at": "2026-10-02T03:04:05Z", "sent_to": "", "sent_at": None, "note": "", "superseded_by": 0,
}  # fmt: skip
SENT = CDA | {"state": "sent", "sent_to": "closings@title.example", "sent_at": "2026-10-02T04:00:00Z"}
DOCUMENT = {
    "lines": [
        {"payee": "Dana Reyes", "role": "Agent", "licence": "L", "memo": "Commission", "amount": {"amount": "8400.00"}}
    ],
    "from_closing": {"amount": "12000.00"},
}
DEAL = "transactions/T-1"


@pytest.fixture
def answered(api: Api) -> Api:
    for action in ("approve", "return", "send", "void"):
        api.answers[f"cda-{action}"] = {"cda": CDA, "missing": []}
    return api


def test_cdas_are_listed(api: Api) -> None:
    api.answers["cda-list"] = {"rows": [CDA]}
    said = run("cda", "list").stdout
    for part in ("1 CDAs", "R-[bold]1", "2026-10-01", "approved", "Ruth Adler, broker"):
        assert part in said
    assert api.requests("cda-list")[0].state is None
    assert told("cda", "list", "--state", "draft", "--limit", "5")["rows"][0]["version"] == 1
    assert (api.requests("cda-list")[1].state, api.requests("cda-list")[1].limit) == ("draft", 5)


def test_an_empty_list_says_so(api: Api) -> None:
    api.answers["cda-list"] = {"rows": []}
    assert run("cda", "list").stdout == "no CDA waits for anybody\n"
    assert run("cda", "list", "--state", "void").stdout == "no CDA is void\n"


def test_a_cda_is_shown_with_what_it_pays_and_its_way(api: Api, tmp_path: Path) -> None:
    pdf = b"%PDF-1.4 cda"
    missing = ["title file number is not given: add it in the transaction system"]
    api.answers["cda-show"] = {
        "cda": SENT | {"superseded_by": 4, "note": "a note"}, "versions": [CDA], "document": DOCUMENT,
        "missing": missing, "pdf_base64": base64.b64encode(pdf).decode(),
    }  # fmt: skip
    file = tmp_path / "cda.pdf"
    said = run("cda", "show", DEAL, "--version", "1", "--pdf", file).stdout
    for part in (
        "CDA of deal id-1: sent, version 1, calculation 3", "approved 2026-10-02 03:04:05Z by Ruth Adler, broker",
        "sent 2026-10-02 04:00:00Z to closings@title.example", "superseded by calculation 4", "note: a note",
        "Dana Reyes", "8400.00", "12000.00", f"a closing agent will ask: {missing[0]}",
        f"{file} has 12 bytes, SHA-256 {sha256(pdf).hexdigest()}",
    ):  # fmt: skip
        assert part in said
    assert file.read_bytes() == pdf
    (request,) = api.requests("cda-show")
    assert (request.deal, request.version, request.pdf) == (DEAL, 1, True)


def test_a_script_gets_the_document_and_where_the_pdf_is(api: Api, tmp_path: Path) -> None:
    api.answers["cda-show"] = {"cda": CDA, "versions": [], "document": DOCUMENT, "missing": [], "pdf_base64": ""}
    assert told("cda", "show", DEAL)["document"] == DOCUMENT
    assert told("cda", "show", DEAL, "--pdf", tmp_path / "cda.pdf")["pdf"]["file"] == str(tmp_path / "cda.pdf")


def test_a_pdf_that_cannot_be_written_is_said(api: Api, tmp_path: Path) -> None:
    api.answers["cda-show"] = {"cda": CDA, "versions": [], "document": DOCUMENT, "missing": []}
    assert "No such file" in refused("cda", "show", DEAL, "--pdf", tmp_path / "nowhere" / "cda.pdf")


def test_each_step_sends_what_was_said(answered: Api) -> None:
    told("cda", "approve", DEAL, "--calculation", "3")
    told("cda", "return", DEAL, "--why", "a wrong number")
    told("cda", "send", DEAL, "--to", "a@title.example", "--to", "b@title.example", "--why", "by e-mail")
    told("cda", "void", DEAL, "--why", "not needed")
    approve, back, send, void = [request for _, request in answered.asked]
    assert (approve.deal, approve.number, approve.why) == (DEAL, 3, "looked at and approved")
    assert (back.why, void.why) == ("a wrong number", "not needed")
    assert (send.to, send.why) == (("a@title.example", "b@title.example"), "by e-mail")


def test_an_approval_says_what_a_closing_agent_will_miss(answered: Api) -> None:
    answered.answers["cda-approve"] = {"cda": CDA, "missing": ["title file number is not given"]}
    answer = run("cda", "approve", DEAL)
    assert "CDA of deal id-1: approved, version 1" in answer.stdout
    assert answer.stderr == "a closing agent will ask: title file number is not given\n"


@pytest.mark.parametrize("words", [("return",), ("void",), ("send",)])
def test_what_must_be_said_is_asked_for(answered: Api, words: tuple[str, ...]) -> None:
    assert run("cda", *words, DEAL).exit_code == 2
    assert answered.asked == []


def test_nobody_approves_what_pays_them_and_is_told_so(answered: Api) -> None:
    answered.answers["cda-approve"] = refusal(409, "Dana Reyes is paid by this deal")
    assert "is paid by this deal" in refused("cda", "approve", DEAL)


def test_the_brokerage_is_read_from_its_file(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "brokerage.yaml"
    file.write_text(BROKERAGE, encoding="utf-8")
    api.answers["cda-setup"] = {"legal_name": "Example Realty LLC", "signers": ["Ruth Adler"]}
    assert run("cda", "setup", file, "--why", "who we are").stdout == (
        "Example Realty LLC: Ruth Adler may approve CDAs\n"
    )
    assert api.requests("cda-setup")[0].brokerage.ein == "12-3456789"
    assert told("cda", "setup", file, "--why", "who we are")["signers"] == ["Ruth Adler"]


def test_a_brokerage_with_mistakes_is_not_even_sent(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "brokerage.yaml"
    file.write_text(BROKERAGE.replace("12-3456789", "123").replace("phone", "fone"), encoding="utf-8")
    answer = run("cda", "setup", file, "--why", "who we are")
    assert answer.exit_code == 1
    assert f"{file}:6: " in answer.stderr
    assert f"{file}:3: " in answer.stderr
    assert api.asked == []

"""`dealwire commission agree` and `agreement`: from the file to the deal, and back to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commissions.files.reading import read_agreement
from tests.unit.cli.conftest import Api, refusal, refused, run, told

T1 = "transactions/T-1"
TERM = "{waive: file, agent: contact-1, by: Pat, why: first deal, document: mail 7, agreed: 2026-02-01}"
TEXT = f"""terms:
- {TERM}
- {{charge: desk, flat: 250.10, by: Pat, why: agreed, document: mail 7, agreed: 2026-02-01}}
sides: {{listing: {{offers: [{{payer: builder, percent: 100/3}}]}}}}
"""
WHY = ("--why", "fee waived by the broker")
AGREED: dict[str, Any] = {
    "deal": "id-1", "name": T1, "version": 2, "changed": True, "lacking": ["plan of agent x = none: expected a plan"],
    "aftermath": {"released": 0, "again": 1},
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "agreed.yaml"
    made.write_text(TEXT, encoding="utf-8")
    return made


def test_a_file_is_recorded_for_a_deal(api: Api, file: Path) -> None:
    api.answers["commission-agree"] = AGREED
    said = run("commission", "agree", T1, file, *WHY).stdout.splitlines()
    assert said[:2] == [
        f"{T1}: version 2 of what is agreed",
        "its commission still needs plan of agent x = none: expected a plan",
    ]
    assert "1 settled deals are computed again" in said[2]
    (request,) = api.requests("commission-agree")
    assert (request.deal, request.text, request.file, request.why) == (T1, TEXT, "agreed.yaml", WHY[1])
    assert told("commission", "agree", T1, file, *WHY)["version"] == 2


def test_recording_the_same_again_is_said(api: Api, file: Path) -> None:
    nothing = {"changed": False, "lacking": [], "aftermath": {"released": 0, "again": 0}}
    api.answers["commission-agree"] = AGREED | nothing
    assert run("commission", "agree", T1, file, *WHY).stdout == f"{T1}: version 2 of what is agreed (as before)\n"


def test_mistakes_are_told_with_their_lines_before_anything_is_asked(api: Api, file: Path) -> None:
    file.write_text(TEXT.replace("flat: 250.10, ", "", 1).replace("payer: builder", "payer: company"), encoding="utf-8")
    answer = run("commission", "agree", T1, file, *WHY)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert f"{file}:3: terms[1].charge: neither: expected either `flat` or `percent`" in answer.stderr
    assert f"{file}:4: sides.listing.offers[0].payer: company: expected somebody outside" in answer.stderr
    assert api.asked == []


def test_what_the_deal_refuses_is_said(api: Api, file: Path) -> None:
    api.answers["commission-agree"] = refusal(400, "terms[0].agent: agent 'contact-1' is unknown")
    assert "agent 'contact-1' is unknown" in refused("commission", "agree", T1, file, *WHY)


def test_what_is_agreed_is_printed_as_a_file_that_can_be_recorded_again(api: Api) -> None:
    agreement = read_agreement(TEXT, "agreed.yaml")
    api.answers["commission-agreement"] = {
        "deal": "id-1", "name": T1, "version": 2, "by": "arn:ruth", "at": "2026-02-02T03:04:05Z",
        "agreement": agreement.model_dump(mode="json"), "agents": {"contact-1": "Dana\nReyes \x1b[1m"},
    }  # fmt: skip
    said = run("commission", "agreement", T1).stdout
    assert said.startswith(f"# {T1}: version 2, recorded by arn:ruth on 2026-02-02 03:04:05Z\n# contact-1: Dana Reyes ")
    assert "\x1b" not in said
    assert read_agreement(said, "again.yaml") == agreement
    assert told("commission", "agreement", T1)["agreement"]["terms"][1]["flat"] == "250.10"


@pytest.mark.parametrize(
    ("version", "says"),
    [(0, f"# nothing is agreed for {T1} alone\n"), (3, "terms: []\n")],
    ids=["never", "taken back"],
)
def test_a_deal_for_which_nothing_is_agreed_says_so(api: Api, version: int, says: str) -> None:
    at = "2026-02-02T03:04:05Z" if version else None
    api.answers["commission-agreement"] = {
        "deal": "id-1", "name": T1, "version": version, "by": "arn:ruth" if version else "", "at": at, "agreement": {},
        "agents": {},
    }  # fmt: skip
    assert run("commission", "agreement", T1).stdout.endswith(says)


def test_a_deal_that_is_not_there_is_exit_status_3(api: Api, file: Path) -> None:
    for action in ("commission-agree", "commission-agreement"):
        api.answers[action] = refusal(404, "there is no deal 'transactions/T-404'")
    refused("commission", "agree", "transactions/T-404", file, *WHY, status=3)
    refused("commission", "agreement", "transactions/T-404", status=3)

"""Operate on the tables as they are deployed: from a plan to the CDA that was sent, and every refusal in a line."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from domain.operate.actions import ACTIONS
from flows.operate.previewing import settle_ports
from flows.settle.ports import World
from flows.settle.settling import settle_due
from handlers import operate
from runtime.wiring import operate as wiring
from tests.functional.conftest import Context, MotoStack, forget

BROKER = "arn:aws:sts::123456789012:assumed-role/brokers/ruth@example.com"
DANA = "9a1b3c5d-0000-4000-8000-000000001001"
T1 = "transactions/T-1"
PLAN = """
plan: house
title: House 70/30
status: verified
sources: [{url: "https://example.com/plan", read: 2026-01-05}]
counters:
  company_dollar: {year: calendar, cap: 18000}
split: {company: 30, capped_by: company_dollar}
"""
BROKERAGE: dict[str, Any] = {
    "legal_name": "Example Realty LLC", "address": "1 Main St, Missoula MT 59801", "phone": "406-555-0100",
    "email": "office@example.com", "licence": "RRE-BRO-LIC-1", "ein": "12-3456789",
    "broker": {"name": "Ruth Adler", "licence": "LIC-RUTH", "identity": "arn:aws:iam::123456789012:role/brokers"},
}  # fmt: skip
CLOSED: dict[str, Any] = {
    "id": "T-1", "version": 1, "status": "Closed", "reference": "R-1", "type": "Sale", "represented_side": "listing",
    "sale_price": "400000.00", "dates": {"contract": "2026-04-01", "closing": "2026-05-20"},
    "commission": {"percent": "3%"},
    "participants": [
        {"id": "P-1", "agent_id": "A-1001", "role": "listing_agent", "side": "listing", "share": "1", "name": "Dana"},
    ],
}  # fmt: skip


@dataclass(frozen=True)
class House:
    """A brokerage on the deployed tables."""

    stack: MotoStack

    def ask(self, action: str, **request: Any) -> tuple[int, Any]:
        event = {
            "httpMethod": "POST",
            "pathParameters": {"action": action},
            "requestContext": {"requestId": "api-7", "identity": {"userArn": BROKER}},
            "body": json.dumps(request),
        }
        answer = operate.lambda_handler(event, Context())
        return answer["statusCode"], json.loads(answer["body"])

    def done(self, action: str, **request: Any) -> Any:
        status, answer = self.ask(action, **request)
        assert status == 200, answer
        ACTIONS[action][1].model_validate(answer)
        return answer

    def close(self, **changes: Any) -> None:
        event_id = f"evt-{changes.get('version', 1)}"
        body = {"id": event_id, "type": "deal.closed", "occurred_at": self.stack.clock.now().isoformat()}
        sent = json.dumps(body | {"data": CLOSED | changes}).encode()
        assert self.stack.post("transactions", sent, event_id)[0] == 202
        assert self.stack.work() == []

    def settle(self) -> None:
        self.stack.clock.move(minutes=1)
        world = World(self.stack.clock.now, lambda: 0.5, lambda _: None, lambda: 300.0)
        settle_due(settle_ports(wiring.desk(BROKER, Context())), world)  # type: ignore[arg-type] # a stand-in for Lambda's


@pytest.fixture
def house(moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch) -> House:
    moto_stack.clock.at = datetime.now(UTC)  # receipts carry the machine's own time
    moto_stack.s3.create_bucket(Bucket="documents")
    monkeypatch.setenv("DOCUMENTS_BUCKET", "documents")
    forget()
    return House(moto_stack)


@pytest.fixture
def settled(house: House) -> House:
    house.done("plan-publish", text=PLAN, effective="2026-01-01", why="the plan of 2026")
    house.done("plan-assign", agent="transactions/A-1001", plan="house", starts="2026-01-01", why="agreed")
    house.done("cda-setup", brokerage=BROKERAGE, why="who we are")
    house.close()
    house.settle()
    return house


def test_a_closing_without_a_plan_is_settled_once_there_is_one(house: House) -> None:
    house.close()
    house.settle()
    assert f"dealwire plan assign {DANA} PLAN" in house.done("commission", deal=T1)["needs"]
    assert house.done("status")["commissions_lacking"] == 1
    assert "commission: needs" in house.done("trace", of=T1)["commission"]
    house.done("plan-publish", text=PLAN, effective="2026-01-01", why="the plan of 2026")
    request = {"agent": "transactions/A-1001", "plan": "house", "starts": "2026-01-01", "why": "agreed"}
    assert house.done("plan-assign", **request)["aftermath"] == {"released": 1, "again": 0}
    house.settle()
    assert house.done("commission", deal=T1)["standing"] == "settled"


def test_plans_and_accounts_are_told_as_they_were_set(settled: House) -> None:
    (plan,) = settled.done("plans")["plans"]
    assert (plan["plan"], plan["agents"], plan["versions"][0]["by"]) == ("house", [DANA], BROKER)
    assert settled.done("plan-explain", plan="house")["text"] == PLAN
    settled.done("agents-opening", agent=DANA, as_of="2026-01-01", counters={"company_dollar": "17000"}, why="moved")
    settled.settle()
    actions = [row["action"] for row in settled.done("audit", day=f"{settled.stack.clock.now():%Y-%m-%d}")["rows"]]
    assert sorted(actions) == ["agents-opening", "cda-setup", "plan-assign", "plan-publish"]


def test_a_settled_deal_is_shown_previewed_and_explained(settled: House) -> None:
    answer = settled.done("commission", deal=T1)
    assert answer["calculation"]["payees"] == {DANA: "8400.00", "company": "3600.00"}
    assert answer["records"][0]["net"] == "8400.00"
    assert settled.done("commission-preview", deal=T1)["calculation"] == answer["calculation"]
    assert settled.done("commission-explain", calculation=f"{T1}/1")["id"] == f"{answer['deal']}/1"


def test_a_cda_goes_from_the_draft_to_the_closing_agent(settled: House) -> None:
    assert [row["state"] for row in settled.done("cda-list")["rows"]] == ["draft"]
    cda = settled.done("cda-approve", deal=T1)["cda"]
    stored = settled.stack.s3.get_object(Bucket="documents", Key=cda["pdf_key"])["Body"].read()
    assert sha256(stored).hexdigest() == cda["digest"]
    assert base64.b64decode(settled.done("cda-show", deal=T1, pdf=True)["pdf_base64"]) == stored
    assert settled.done("cda-send", deal=T1, to=["closings@title.example"])["cda"]["state"] == "sent"
    assert settled.done("commission", deal=T1)["paid"]
    settled.close(version=2, sale_price="410000.00")
    settled.settle()
    shown = settled.done("cda-show", deal=T1, version=1)
    assert shown["cda"]["superseded_by"] == 2
    assert settled.done("commission", deal=T1)["history"][1]["after_payment"]
    settled.done("cda-approve", deal=T1, number=2)
    assert settled.done("cda-return", deal=T1, why="a wrong number")["cda"]["state"] == "draft"
    assert settled.done("cda-void", deal=T1, why="not needed")["cda"]["state"] == "void"


def test_a_statement_comes_with_its_pdf(settled: House) -> None:
    answer = settled.done("statement", agent="transactions/A-1001", year=2026, pdf=True)
    assert answer["document"]["net"]["amount"] == "8400.00"
    assert base64.b64decode(answer["pdf_base64"]).startswith(b"%PDF-")


TOLD = "agreed by Ruth Adler on 2026-05-01: first deal after leave (mail 1042)"
AGREED = """
terms:
  - {waive: file, agent: transactions/A-1001, by: Ruth Adler, why: first deal after leave, document: mail 1042,
     agreed: 2026-05-01}
"""


def test_a_fee_that_is_waived_on_one_deal_is_told_with_who_why_and_document(house: House) -> None:
    with_fee = f"{PLAN}fees: [{{rule: file, code: fee, payee: company, flat: 300, title: File fee}}]\n"
    house.done("plan-publish", text=with_fee, effective="2026-01-01", why="the plan of 2026")
    house.done("plan-assign", agent="transactions/A-1001", plan="house", starts="2026-01-01", why="agreed")
    house.close()
    house.settle()
    assert house.done("commission", deal=T1)["calculation"]["payees"][DANA] == "8100.00"
    answer = house.done("commission-agree", deal=T1, text=AGREED, why="the broker's word")
    assert (answer["version"], answer["lacking"], answer["aftermath"]) == (1, [], {"released": 0, "again": 1})
    house.settle()
    assert house.done("commission", deal=T1)["calculation"]["payees"][DANA] == "8400.00"
    steps = house.done("commission-explain", calculation=T1)["steps"]
    assert any(TOLD in sentence for step in steps for sentence in step["sentences"])
    (deal,) = house.done("statement", agent=DANA, year=2026)["document"]["deals"]
    assert deal["exceptions"] == [f"File fee: {TOLD}"]
    agreed = house.done("commission-agreement", deal=T1)
    assert (agreed["version"], agreed["by"], agreed["agreement"]["terms"][0]["agent"]) == (1, BROKER, DANA)
    rows = house.done("audit", day=f"{house.stack.clock.now():%Y-%m-%d}")["rows"]
    assert [row["why"] for row in rows if row["action"] == "commission-agree"] == ["the broker's word"]


def test_a_closing_that_was_paid_and_rescinded_is_owed_back_on_the_statement(settled: House) -> None:
    settled.done("cda-approve", deal=T1)
    settled.done("cda-send", deal=T1, to=["closings@title.example"])
    settled.close(version=2, status="Under Contract")
    settled.settle()
    made = settled.done("statement", agent=DANA, year=2026)["document"]
    assert [(deal["standing"], deal["paid"]["amount"]) for deal in made["deals"]] == [("reversed", "8400.00")]
    assert made["adjusted"]["amount"] == "-8400.00"


REFUSED: list[tuple[str, dict[str, Any], int]] = [
    ("plan-explain", {"plan": "nobodys"}, 404),
    ("plan-publish", {"text": "plan: [", "effective": "2026-01-01", "why": "a try"}, 400),
    ("plan-assign", {"agent": "transactions/A-404", "plan": "house", "starts": "2026-01-01", "why": "a try"}, 404),
    ("agents-opening", {"agent": DANA, "as_of": "2026-01-01", "counters": {"x": 1}, "why": "a try"}, 400),
    ("commission", {"deal": "transactions/T-404"}, 404),
    ("commission-preview", {"deal": "ö" * 300}, 404),
    ("commission-explain", {"calculation": "transactions/T-404/1"}, 404),
    ("commission-agree", {"deal": "transactions/T-404", "text": "terms: []", "why": "a try"}, 404),
    ("commission-agreement", {"deal": "transactions/T-404"}, 404),
    ("statement", {"agent": "nobody"}, 404),
    ("statement", {"agent": "dotloop/nobody"}, 404),
    ("cda-show", {"deal": "transactions/T-404"}, 404),
    ("cda-approve", {"deal": "transactions/T-404"}, 404),
    ("cda-return", {"deal": "transactions/T-404", "why": "a try"}, 404),
    ("cda-send", {"deal": "transactions/T-404", "to": ["closings@title.example"]}, 404),
    ("cda-void", {"deal": "transactions/T-404", "why": "a try"}, 404),
    ("cda-setup", {"brokerage": BROKERAGE | {"broker": BROKERAGE["broker"] | {"identity": "r"}}, "why": "a try"}, 400),
]


def test_what_cannot_be_done_is_said_in_one_line_and_nothing_is_written_down(house: House) -> None:
    for action, request, expected in REFUSED:
        status, answer = house.ask(action, **request)
        assert (status, len(str(answer["error"]).splitlines())) == (expected, 1), (action, answer)
    assert house.stack.rows("AuditTable") == []

"""A closing's commission on the deployed template: settled by itself, paid, adjusted; told when it cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdf
import pytest

from cli import local_cloud
from domain.errors import Cause
from tests.e2e.conftest import EVENTS, Cloud, unique
from tests.e2e.office import Office

pytestmark = pytest.mark.e2e


@pytest.fixture
def office(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Office:
    monkeypatch.setattr(local_cloud, "up", lambda _say: cloud.local)
    monkeypatch.setattr(local_cloud, "status", lambda: cloud.local)
    return Office(cloud, tmp_path)


def nets(told: Any) -> dict[str, str]:
    return {record["name"]: record["net"] for record in told["records"]}


def test_a_closing_is_settled_approved_sent_and_then_adjusted(office: Office) -> None:
    office.publish_and_assign()
    brokerage = str(EVENTS / "commissions/brokerage.demo.yaml")
    office.run("cda", "setup", brokerage, "--why", "for a test")
    source_id = unique("TX")
    deal = office.close(source_id, 21)

    # 4 % of 525,000 is 21,000; each has 10,500, of which 30 % is 3,150; they share the review fee.
    told = office.commission(deal, 1)
    assert told["standing"] == "settled"
    assert nets(told) == {"Dana Reyes": "7300.00", "Lee Marsh": "7300.00"}

    approved = office.run("cda", "approve", f"transactions/{source_id}")
    assert approved["cda"]["state"] == "approved"
    file = office.folder / "cda.pdf"
    office.run("cda", "show", deal, "--pdf", str(file))
    printed = " ".join(pypdf.PdfReader(file).pages[0].extract_text().split())
    assert "Dana Reyes" in printed
    assert "7,300.00" in printed
    assert "30%" not in printed.replace(" ", "")  # splits are nobody's business at the closing table
    office.run("cda", "send", deal, "--to", "joan@example.net")

    # The price was lower: 4 % of 500,000 is 20,000; 10,000 each, 3,000 of it the company's.
    office.close(source_id, 22, sale_price="500000.00")
    told = office.commission(deal, 2)
    assert told["paid"]
    assert told["history"][-1]["after_payment"]
    assert nets(told) == {"Dana Reyes": "6950.00", "Lee Marsh": "6950.00"}
    deltas = {(line["code"], line["agent"]): line["delta"] for line in told["history"][-1]["adjustments"]}
    assert deltas["split", office.accounts[0]] == "-150.00"

    # A second deal of the year takes what is left of the cap: 5,000 less 3,000.
    second = office.close(unique("TX"), 21, reference="2026-0999")
    assert nets(office.commission(second, 1)) == {"Dana Reyes": "8450.00", "Lee Marsh": "8450.00"}

    statement = office.run("statement", f"transactions/{office.agents[0]}", "--year", "2026")
    (cap,) = statement["document"]["caps"]
    assert (cap["used"], cap["left"]) == (500_000, 0)


def test_a_closing_without_a_plan_is_recorded_told_and_settled_once_there_is_one(office: Office) -> None:
    deal = office.close(unique("TX"), 21)
    letter = office.cloud.letter(lambda record: record.cause is Cause.COMMISSION and record.deal_id in ("", deal), 90.0)
    assert letter.cause is Cause.COMMISSION
    told = office.run("commission", "show", deal)
    assert told["standing"] == "needs"
    assert "dealwire plan assign" in told["needs"]

    office.publish_and_assign()
    told = office.commission(deal, 1)
    assert (told["standing"], told["needs"]) == ("settled", "")

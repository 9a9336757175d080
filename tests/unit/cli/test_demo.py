"""The demo's script and report: what a repeated webhook is, and that payload values are shown and never obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import httpx
import pytest
from rich.console import Console

from cli import demo, webhooks
from cli.demo_report import show
from domain.deal import Contact, Deal, DealDetails, DealRole
from domain.terms import Role

SENT = demo.Step("once more", "transactions", "transactions/deal.closed__co_listed.json", 202, demo.REPEATED)


class Cloud:
    """Answers as a stack would whose deal has these versions, one after the other."""

    webhooks_url = "http://127.0.0.1:1/webhooks"

    def __init__(self, *versions: int) -> None:
        self.versions: Iterator[int] = iter(versions)
        self.queued = 2
        self.tables = {"events": "events"}
        self.queues = {"transactions": "queue"}

    def client(self, _service: str) -> Any:
        return self

    def get_queue_attributes(self, **_: object) -> dict[str, Any]:
        self.queued = max(0, self.queued - 1)
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.queued)} | {
            "ApproximateNumberOfMessagesNotVisible": "0"
        }}  # fmt: skip

    def deals(self) -> Any:
        return self

    def deal_by_id(self, deal_id: str) -> Deal:
        return deal(deal_id, next(self.versions))


def deal(deal_id: str, version: int, source_id: str = "T-1") -> Deal:
    return Deal(id=deal_id, source="transactions", source_id=source_id, version=version)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.time, "sleep", lambda _: None)
    monkeypatch.setattr(demo.dynamo, "get", lambda *_: {"state": "applied", "deal_id": "D-1"})
    monkeypatch.setattr(webhooks, "post", lambda *_: webhooks.Sent(202, "{}"))


def sent_again(*versions: int) -> demo.Ran:
    cloud: Any = Cloud(*versions)
    with httpx.Client() as client:
        return demo._send_again(SENT, cloud, client)


def test_a_webhook_is_repeated_if_its_deal_has_the_same_version_afterwards(quick: None) -> None:
    ran = sent_again(3, 3)
    assert (ran.became, ran.as_expected) == ("repeated", True)


def test_a_webhook_that_moved_its_deal_on_is_not_repeated_and_the_demo_fails(quick: None) -> None:
    ran = sent_again(3, 4)
    assert (ran.became, ran.as_expected) == ("applied again: version 3 became 4", False)


def test_a_webhook_whose_deal_never_comes_is_not_repeated(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.dynamo, "get", lambda *_: None)
    monkeypatch.setattr(demo, "PATIENCE_S", 0.0)
    ran = sent_again()
    assert (ran.became, ran.as_expected) == ("-", False)


def test_the_script_repeats_what_it_sent_before() -> None:
    steps = demo.script()
    (again,) = [step for step in steps if step.becomes == demo.REPEATED]
    before = steps[: steps.index(again)]
    assert any((step.source, step.file, step.set) == (again.source, again.file, again.set) for step in before)


def test_markup_in_a_deal_is_shown_and_not_obeyed() -> None:
    odd = "[bold]T-1[/blink]"
    buyer = DealRole("C-1", Role.BUYER)
    known = replace(deal("D-1", 1, odd), details=DealDetails(office=odd), participants=(buyer,))
    held = demo.HeldDeal(known, {"C-1": Contact("C-1", values={"name": odd})}, [], commission_due=False)
    step = demo.Step("[red]x", "transactions", "f", 202, "dead: [x]")
    out = StringIO()
    show(demo.Report([demo.Ran(step, 202, "k", "[/]")], [held], 1.0), Console(file=out, width=140))
    assert out.getvalue().count(odd) == 3
    assert "[red]x" in out.getvalue()
    assert "expected 202, dead: [x]" in out.getvalue()

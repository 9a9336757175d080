"""Settle as AWS runs it: a closing comes in by webhook; calculation, records and letters are seen in the tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from domain.commission.account import Account, Assignment, PlanVersion
from domain.commission.plan import Plan
from domain.commission.settlement import Standing
from domain.errors import Unavailable
from domain.event_log import AuditEntry
from flows.settle.releasing import release_blocked
from handlers import bury, settle
from runtime.wiring import settle as wiring
from storage.commissions.accounts import DynamoAccounts
from storage.commissions.plans import DynamoPlanShelf
from tests.builders import NOW
from tests.conftest import no_pause
from tests.functional.conftest import EVENTS, AwsFault, Context, MotoStack

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

Refuses = Callable[..., AwsFault]
CLOSING = (EVENTS / "transactions/deal.closed__co_listed.json").read_bytes()
DANA, LUIS = (f"9a1b3c5d-0000-4000-8000-00000000{number}" for number in (1001, 1002))
#: What came of a run that found nothing to do.
NOTHING = dict.fromkeys(("settled", "reversed", "unchanged", "needs", "contended", "replayed", "ledgers"), 0)


def entry(of: str) -> AuditEntry:
    return AuditEntry(f"e-{of}", NOW, "arn:test", "plan-assign", "ACCOUNT#test", "as agreed")


def publish(stack: MotoStack) -> None:
    """70/30 to a cap, from this year on."""
    document: dict[str, Any] = {
        "plan": "capped",
        "title": "Capped",
        "counters": {"company_dollar": {"year": "calendar", "cap": "18000"}},
        "split": {"company": "30", "capped_by": "company_dollar"},
    }
    version = PlanVersion(Plan.model_validate(document), date(2026, 1, 1), 1, "", "", "a test", NOW)
    DynamoPlanShelf(stack.dynamodb, "RecordsTable", "AuditTable").publish(version, entry("plan"))


def assign(stack: MotoStack, *accounts: str) -> None:
    made = Assignment(plan="capped", starts=date(2026, 1, 1))
    shelf = DynamoAccounts(stack.dynamodb, "RecordsTable", "AuditTable", no_pause)
    for account in accounts:
        shelf.save(Account(account=account, version=1, assignments=(made,)), entry(account))


def run(stack: MotoStack) -> dict[str, int]:
    """One run, a moment later."""
    stack.clock.move(seconds=1)
    counts: dict[str, int] = settle.lambda_handler({"Records": [{"eventName": "MODIFY"}]}, Context())
    return counts


def bury_all(stack: MotoStack) -> int:
    """File whatever is in the dead-letter queue."""
    found = stack.sqs.receive_message(
        QueueUrl=stack.dead,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    ).get("Messages", [])
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: {"stringValue": value["StringValue"], "dataType": "String"}
                for name, value in message["MessageAttributes"].items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:dealwire-test-TransactionsDeadLetterQueue-1A2B",
            "awsRegion": "us-east-1",
        }
        for message in found
    ]
    if records:
        bury.lambda_handler({"Records": records}, Context())
    for message in found:
        stack.sqs.delete_message(QueueUrl=stack.dead, ReceiptHandle=message["ReceiptHandle"])
    return len(found)


def test_a_closing_is_settled_from_the_webhook_to_the_commission_records(
    moto_stack: MotoStack, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(moto_stack)
    assign(moto_stack, DANA, LUIS)
    moto_stack.fire("transactions", CLOSING)
    capsys.readouterr()
    assert run(moto_stack) == NOTHING | {"settled": 1}
    deal, store = moto_stack.deal("TX-100482"), wiring.ports().store
    head = store.head(deal.id)
    assert (head.number, head.standing, head.needs) == (1, Standing.SETTLED, "")
    posted = store.calculation(deal.id, 1)
    assert posted is not None
    assert posted.calculation is not None
    # 5.5 % of 525,000 and the fee of 395; a quarter goes to the brokerage that referred the client.
    assert str(posted.calculation.gross) == "29270.00 USD"
    assert str(posted.calculation.payees["Example Relocation"]) == "7317.50 USD"
    dana, luis = store.records([deal.id])
    assert [str(record.gci) for record in (dana, luis)] == ["14635.00 USD", "7317.50 USD"]
    assert [str(record.company_dollar) for record in (dana, luis)] == ["4390.50 USD", "2195.25 USD"]
    cda = wiring.ports().cdas.row(deal.id)
    assert cda is not None
    assert (cda.number, cda.reference) == (1, "2026-0482")
    assert run(moto_stack) == NOTHING
    (line, _) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (line["CommissionSettled"], line["CommissionNeeds"]) == ([1.0], [0.0])


def test_a_closing_that_lacks_plans_is_listed_as_dead_and_settled_by_itself_when_they_are_assigned(
    moto_stack: MotoStack,
) -> None:
    publish(moto_stack)
    assign(moto_stack, DANA)
    moto_stack.fire("transactions", CLOSING)
    assert run(moto_stack) == NOTHING | {"needs": 1}
    deal, store = moto_stack.deal("TX-100482"), wiring.ports().store
    assert f"dealwire plan assign {LUIS} PLAN" in store.head(deal.id).needs
    assert bury_all(moto_stack) == 1
    key = f"transactions#commission:{deal.id}:1"
    row = moto_stack.event(key)
    assert (row["state"], row["cause"], row["deal"]) == ("dead", "commission", "transactions/TX-100482")
    assert run(moto_stack) == NOTHING
    assign(moto_stack, LUIS)
    release_blocked(store, moto_stack.clock.now())
    assert run(moto_stack) == NOTHING | {"settled": 1}
    assert moto_stack.event(key)["state"] == "applied"
    assert store.mark(deal.id) is None


def test_a_letter_that_is_replayed_makes_its_closing_due_again(moto_stack: MotoStack) -> None:
    publish(moto_stack)
    moto_stack.fire("transactions", CLOSING)
    run(moto_stack)
    (letter,) = moto_stack.dead_letters()
    assign(moto_stack, DANA, LUIS)
    moto_stack.sqs.send_message(QueueUrl=moto_stack.queue, MessageBody=letter["Body"])
    assert moto_stack.work() == []
    assert run(moto_stack) == NOTHING | {"settled": 1}
    deal = moto_stack.deal("TX-100482")
    assert moto_stack.event(f"transactions#commission:{deal.id}:1")["state"] == "applied"
    moto_stack.sqs.send_message(QueueUrl=moto_stack.queue, MessageBody=letter["Body"])
    assert moto_stack.work() == []
    assert run(moto_stack) == NOTHING


def test_an_amendment_is_posted_as_an_adjustment(moto_stack: MotoStack) -> None:
    publish(moto_stack)
    assign(moto_stack, DANA, LUIS)
    moto_stack.fire("transactions", CLOSING)
    run(moto_stack)
    event = json.loads(CLOSING)
    event["id"], event["data"]["version"], event["data"]["sale_price"] = "evt_2", 22, "500000.00"
    moto_stack.fire("transactions", json.dumps(event).encode(), "msg_2")
    assert run(moto_stack) == NOTHING | {"settled": 1}
    first, second = wiring.ports().store.history(moto_stack.deal("TX-100482").id)
    assert (second.supersedes, len(first.adjustments)) == (1, 0)
    assert {one.line.code: one.delta.cents for one in second.adjustments if one.line.agent == ""}["commission"] < 0


def test_a_run_that_meets_an_outage_fails_and_the_next_one_settles(moto_stack: MotoStack, aws_refuses: Refuses) -> None:
    publish(moto_stack)
    assign(moto_stack, DANA, LUIS)
    moto_stack.fire("transactions", CLOSING)
    fault = aws_refuses("dynamodb", "TransactWriteItems")
    with pytest.raises(Unavailable):
        run(moto_stack)
    fault.mend()
    assert run(moto_stack) == NOTHING | {"settled": 1}


def test_the_log_says_which_deal_needs_what(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", CLOSING)
    run(moto_stack)
    lines = [json.loads(line) for line in moto_stack.log.getvalue().splitlines()]
    (told,) = [line for line in lines if line["message"] == "commission needs something"]
    assert told["deal_id"] == moto_stack.deal("TX-100482").id
    assert "dealwire plan assign" in told["reason"]
    assert "525000" not in moto_stack.log.getvalue()


def test_process_does_not_load_what_settles_for_an_ordinary_event() -> None:
    import subprocess
    import sys

    code = (
        "import sys, handlers.process; print([n for n in sys.modules if n.startswith(('commissions', 'flows.settle'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="src")
    assert ran.stdout.strip() == "[]"

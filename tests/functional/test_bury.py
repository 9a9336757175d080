"""Bury as AWS runs it: dead letters in; the events table, the archive, log and metrics seen afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from domain.errors import Cause
from domain.event_log import State
from handlers import bury
from runtime.wiring import bury as wiring
from tests.builders import envelope
from tests.functional.conftest import EVENTS, AwsFault, Context, MotoStack

Refuses = Callable[..., AwsFault]
CLOSING = (EVENTS / "transactions/deal.closed__co_listed.json").read_bytes()
BROKEN = CLOSING.replace(b'"525000.00"', b'"Private Price"').replace(b"525000", b'"Private Price"')


@dataclass
class Graves:
    """The dead-letter queue and the function that empties it."""

    stack: MotoStack
    capture: pytest.CaptureFixture[str]

    def dead(self, *, queue: str = "dealwire-test-TransactionsDeadLetterQueue-1A2B") -> list[dict[str, Any]]:
        """What SQS hands over of what is in the queue now."""
        found = self.stack.sqs.receive_message(
            QueueUrl=self.stack.dead,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            VisibilityTimeout=0,
        ).get("Messages", [])
        return [_record(message, queue) for message in found]

    def bury(self, *records: dict[str, Any]) -> set[str]:
        """Hand over these, else what is in the queue; delete what was filed; gives the ids of what was not."""
        handed = list(records) or self.dead()
        answer: Any = bury.lambda_handler({"Records": handed}, Context())
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for record in [] if records else handed:
            if record["messageId"] not in failed:
                self.stack.sqs.delete_message(QueueUrl=self.stack.dead, ReceiptHandle=record["receiptHandle"])
        return failed

    def send(self, body: str, **attributes: str) -> None:
        told = {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()}
        self.stack.sqs.send_message(QueueUrl=self.stack.dead, MessageBody=body, MessageAttributes=told)

    def log(self, message: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.stack.log.getvalue().splitlines()]
        return [line for line in lines if line["message"] == message]

    def metrics(self) -> dict[str, list[float]]:
        """Metrics without dimensions that were left since the last look."""
        found: dict[str, list[float]] = {}
        for line in map(json.loads, self.capture.readouterr().out.splitlines()):
            for part in line["_aws"]["CloudWatchMetrics"]:
                if part["Dimensions"] == [[]]:
                    found |= {metric["Name"]: line[metric["Name"]] for metric in part["Metrics"]}
        return found


def _record(message: dict[str, Any], queue: str) -> dict[str, Any]:
    told = message.get("MessageAttributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: {"stringValue": value["StringValue"], "dataType": "String"} for name, value in told.items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
        "awsRegion": "us-east-1",
    }


def forget() -> None:
    wiring.ports.cache_clear()


@pytest.fixture
def graves(
    moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Graves]:
    monkeypatch.setattr(wiring, "now", moto_stack.clock.now)
    forget()
    yield Graves(moto_stack, capsys)
    forget()


def test_a_webhook_that_does_not_fit_ends_filed_under_its_cause(graves: Graves) -> None:
    graves.stack.fire("transactions", BROKEN, "evt-1")
    graves.capture.readouterr()
    assert graves.bury() == set()
    row = graves.stack.event("transactions#evt-1")
    assert (row["state"], row["cause"]) == ("dead", "mapping")
    assert graves.dead() == []
    assert graves.metrics() == {"DeadLetterFiled": [1.0], "DeadMapping": [1.0]}
    (line,) = graves.log("dead letter filed")
    assert (line["source"], line["event_id"], line["state"]) == ("transactions", "evt-1", "dead")
    assert line["receipt"] in row["archive_key"]
    assert line["event_type"] == "deal.closed"
    assert "Private" not in graves.stack.log.getvalue() + json.dumps(row, default=str)


def test_a_verified_body_of_the_wrong_shape_is_filed_too(graves: Graves) -> None:
    assert graves.stack.post("transactions", b"not JSON", "evt-1")[0] == 400
    assert graves.bury() == set()
    (row,) = [row for row in graves.stack.rows("EventsTable") if row["sk"] == "EVENT"]
    assert (row["state"], row["cause"]) == ("dead", "bad_payload")


def test_what_met_an_outage_comes_back_by_itself_and_is_applied(graves: Graves) -> None:
    stack = graves.stack
    assert stack.post("transactions", CLOSING, "evt-1")[0] == 202
    (message,) = stack.sqs.receive_message(QueueUrl=stack.queue)["Messages"]
    stack.sqs.delete_message(QueueUrl=stack.queue, ReceiptHandle=message["ReceiptHandle"])
    graves.send(message["Body"])  # as SQS moves it: without attributes
    assert graves.bury() == set()
    assert stack.event("transactions#evt-1")["state"] == "waiting"
    stack.clock.move(minutes=4)
    assert stack.sweep()["queued"] == 1
    assert stack.work() == []
    assert stack.event("transactions#evt-1")["state"] == "applied"
    assert stack.deal("TX-100482").version == 1


def test_a_letter_that_comes_after_the_event_was_applied_changes_nothing_but_is_kept(graves: Graves) -> None:
    graves.stack.fire("transactions", CLOSING, "evt-1")
    graves.send(envelope("evt-1").to_json(), cause="mapping", reason="x")
    graves.capture.readouterr()
    assert graves.bury() == set()
    assert graves.stack.event("transactions#evt-1")["state"] == "applied"
    assert graves.metrics() == {"DeadLetterFiled": [1.0]}
    (filing,) = wiring.ports().log.story("transactions#evt-1").filings
    assert filing.cause is Cause.MAPPING


def test_one_that_cannot_be_filed_stays_and_the_others_are_filed(graves: Graves, aws_refuses: Refuses) -> None:
    for number in range(3):
        graves.send(envelope(f"evt-{number}").to_json(), cause="mapping", reason="x")
    fault = aws_refuses("dynamodb", "TransactWriteItems", "ThrottlingException", 400, about="evt-1")
    assert len(graves.bury()) == 1
    assert graves.metrics()["FilingFailed"] == [1.0]
    (line,) = graves.log("dead letter not filed")
    assert (line["event_id"], line["source"], line["error"]) == ("evt-1", "transactions", "Unavailable")
    assert len(graves.dead()) == 1
    fault.mend()
    assert graves.bury() == set()
    states = {row["event_id"]: row["state"] for row in graves.stack.rows("EventsTable") if row["sk"] == "EVENT"}
    assert states == dict.fromkeys(("evt-0", "evt-1", "evt-2"), "dead")


def test_a_batch_of_which_nothing_can_be_filed_fails_message_by_message(graves: Graves, aws_refuses: Refuses) -> None:
    for number in range(3):
        graves.send(envelope(f"evt-{number}").to_json(), cause="mapping", reason="x")
    aws_refuses("dynamodb", "TransactWriteItems", "InternalServerError")
    assert len(graves.bury()) == 3
    assert graves.metrics() == {"FilingFailed": [1.0, 1.0, 1.0]}


def test_a_letter_that_is_handed_over_twice_is_filed_and_counted_once(graves: Graves) -> None:
    graves.send(envelope("evt-1").to_json(), cause="mapping", reason="x")
    (record,) = graves.dead()
    assert graves.bury(record) == graves.bury(record) == set()
    assert len([row for row in graves.stack.rows("EventsTable") if row["sk"].startswith("FILED#")]) == 1
    assert graves.metrics()["DeadLetterFiled"] == [1.0]


def test_a_failed_run_of_another_function_is_filed_under_its_queue_and_kept_in_the_archive(graves: Graves) -> None:
    report = {
        "requestContext": {"functionArn": "arn:aws:lambda:us-east-1:1:function:sweep:$LATEST"},
        "responsePayload": {"errorType": "Unavailable", "errorMessage": "Private"},
    }
    graves.send(json.dumps(report))
    (record,) = graves.dead(queue="dealwire-test-SweepDeadLetterQueue-9Z")
    assert graves.bury(record) == set()
    event = wiring.ports().log.find([f"sweep#{record['messageId']}"])[f"sweep#{record['messageId']}"]
    assert (event.state, event.cause, event.envelope.event_type) == (State.DEAD, Cause.UNAVAILABLE, "unreadable")
    assert json.loads(graves.stack.archived()[event.envelope.archive_key]) == report
    assert "Private" not in graves.stack.log.getvalue()


def test_a_bell_that_nobody_could_answer_is_filed_under_its_row(graves: Graves) -> None:
    graves.send('{"row": "link:d-1/c-2"}')
    assert graves.bury(*graves.dead(queue="dealwire-crm-sync-dlq.fifo")) == set()
    (filed,) = graves.log("dead letter filed")
    assert (filed["cause"], filed["state"]) == ("bug", "dead")
    assert "the bell of link:d-1/c-2" in filed["reason"]
    assert filed["source"] == "crm-sync"

"""The queues in memory and on SQS keep the same promises; SQS's limits and faults are met in our words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from domain.envelope import Envelope
from domain.errors import Cause, ConfigurationError, Unavailable
from storage.queues import SqsQueues, batches, bury_request
from tests.builders import envelope
from tests.fakes.queues import MemoryQueues


@dataclass
class Subject:
    """Queues, and how to see what arrived in them."""

    queues: MemoryQueues | SqsQueues
    sent: Callable[[], list[Envelope]]
    dead: Callable[[], list[tuple[Envelope, str, str, str, int]]]


def memory() -> Subject:
    queues = MemoryQueues(sources=("transactions", "dotloop"))

    def dead() -> list[tuple[Envelope, str, str, str, int]]:
        both = zip(queues.dead, queues.dead_facts, strict=True)
        return [(message, cause.value, why, *facts) for (message, cause, why), facts in both]

    return Subject(queues, lambda: queues.sent, dead)


def sqs() -> Subject:
    client = boto3.client("sqs")
    urls = {name: client.create_queue(QueueName=name)["QueueUrl"] for name in ("main", "main-dlq")}

    def receive(name: str) -> list[Any]:
        found: list[Any] = []
        while messages := client.receive_message(
            QueueUrl=urls[name], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += messages
        return found

    def dead() -> list[tuple[Envelope, str, str, str, int]]:
        found = []
        for message in receive("main-dlq"):
            beside = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
            facts = (beside["cause"], beside["reason"], beside.get("deal", ""), int(beside["receives"]))
            found.append((Envelope.from_json(message["Body"]), *facts))
        return found

    sources = ("transactions", "dotloop")
    queues = SqsQueues(client, dict.fromkeys(sources, urls["main"]), dict.fromkeys(sources, urls["main-dlq"]))
    return Subject(queues, lambda: [Envelope.from_json(message["Body"]) for message in receive("main")], dead)


@pytest.fixture(params=[memory, sqs], ids=["memory", "sqs"])
def subject(request: pytest.FixtureRequest, aws: None) -> Subject:
    made: Subject = request.param()
    return made


@pytest.mark.parametrize("count", [0, 1, 2, 10, 11, 25])
def test_every_envelope_arrives_as_it_was_sent(subject: Subject, count: int) -> None:
    envelopes = [envelope(f"evt-{number}", body=b"\x00\xff{}", headers={"a": "\u00e9"}) for number in range(count)]
    subject.queues.send(envelopes)
    arrived = sorted(subject.sent(), key=lambda one: one.event_id)
    assert arrived == sorted(envelopes, key=lambda one: one.event_id)


def test_bodies_too_large_for_one_batch_arrive_all_the_same(subject: Subject) -> None:
    envelopes = [envelope(f"evt-{n}", body=b"x" * 64 * 1024, headers={"h": "x" * 60_000}) for n in range(10)]
    subject.queues.send(envelopes)
    assert len(subject.sent()) == 10


def test_a_dead_letter_carries_its_cause_and_reason(subject: Subject) -> None:
    subject.queues.bury(envelope(body=b"not JSON"), Cause.BAD_PAYLOAD, "the body is not JSON")
    assert subject.dead() == [(envelope(body=b"not JSON"), "bad_payload", "the body is not JSON", "", 1)]
    assert subject.sent() == []


def test_a_dead_letter_carries_its_deal_and_how_often_it_was_tried(subject: Subject) -> None:
    subject.queues.bury(envelope(), Cause.MAPPING, "why", deal="transactions/T-1 \u00fc", receives=3)
    assert subject.dead() == [(envelope(), "mapping", "why", "transactions/T-1 \u00fc", 3)]


def test_a_source_without_a_queue_is_named(subject: Subject) -> None:
    message = r"source zillow has no queue here.*check sources\.yaml"
    with pytest.raises(ConfigurationError, match=message):
        subject.queues.send([envelope(source="zillow")])
    with pytest.raises(ConfigurationError, match=message):
        subject.queues.bury(envelope(source="zillow"), Cause.BUG, "why")


def test_batches_keep_the_order_and_stay_within_ten_messages_and_one_mebibyte() -> None:
    small = list(batches(["x"] * 25))
    assert [len(batch) for batch in small] == [10, 10, 5]
    assert [int(entry["Id"]) for batch in small for entry in batch] == list(range(25))
    for batch in batches(["x" * 300_000] * 7):
        assert sum(len(entry["MessageBody"]) for entry in batch) <= 1024 * 1024
    assert list(batches([])) == []


def test_what_an_operator_searches_by_stands_beside_the_dead_letter() -> None:
    attributes = bury_request("url", envelope(), Cause.MAPPING, "why")["MessageAttributes"]
    assert {name: value.get("StringValue") for name, value in attributes.items()} == {
        "cause": "mapping",
        "reason": "why",
        "receipt": "r-evt-1",
        "source": "transactions",
        "event_type": "deal.updated",
        "event_id": "evt-1",
        "receives": "1",
    }


def test_a_deal_that_sqs_would_refuse_as_it_is_still_reaches_the_dead_letter() -> None:
    attributes = bury_request("url", envelope(), Cause.MAPPING, "why", deal="t/a\0b", receives=2)["MessageAttributes"]
    assert (attributes["deal"].get("StringValue"), attributes["receives"].get("StringValue")) == ("t/a b", "2")


@pytest.mark.parametrize(
    ("reason", "kept"),
    [("", "no reason given"), ("a\0b\nc", "a b c"), ("x" * 9000, "x" * 8192), ("\u00e9" * 5000, "\u00e9" * 4096)],
)
def test_a_reason_is_cut_to_what_sqs_takes(reason: str, kept: str) -> None:
    attributes = bury_request("url", envelope(), Cause.MAPPING, reason)["MessageAttributes"]
    assert attributes["reason"].get("StringValue") == kept


def test_a_batch_of_which_sqs_took_only_a_part_raises(aws: None) -> None:
    client = boto3.client("sqs")
    failed = [{"Id": "1", "Code": "InternalError", "SenderFault": False}]
    with Stubber(client) as stub:
        stub.add_response("send_message_batch", {"Successful": [], "Failed": failed}, {"QueueUrl": "q", "Entries": ANY})
        with pytest.raises(Unavailable, match=r"1 of 2 messages not taken by q \(InternalError"):
            SqsQueues(client, {"transactions": "q"}, {}).send([envelope("evt-1"), envelope("evt-2")])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", ConfigurationError),
        ("AccessDenied", ConfigurationError),
        ("RequestThrottled", Unavailable),
        ("ServiceUnavailable", Unavailable),
    ],
)
def test_a_fault_of_sqs_is_ours_to_set_right_or_can_be_tried_again(
    aws: None, code: str, error: type[Exception]
) -> None:
    client = boto3.client("sqs")
    queues = SqsQueues(client, {"transactions": "q"}, {"transactions": "d"})
    with Stubber(client) as stub:
        for _ in range(2):
            stub.add_client_error("send_message", code)
        with pytest.raises(error, match="cannot send to"):
            queues.send([envelope()])
        with pytest.raises(error, match="cannot send to"):
            queues.bury(envelope(), Cause.BUG, "why")

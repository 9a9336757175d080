"""Bells in memory and on SQS: each says which row, in a group of its own, and is dropped if it rings twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from domain.crm.ports import Bells
from domain.crm.rows import Kind, RowKey
from domain.errors import BadPayload, ConfigurationError, Unavailable
from storage.delivery.bells import SqsBells, row_of_bell
from tests.fakes.delivery import MemoryBells

DEAL = RowKey(Kind.DEAL, "d1")


@dataclass
class Subject:
    """Bells, and which rows were heard, in order."""

    bells: Bells
    heard: Callable[[], list[RowKey]]
    messages: Callable[[], list[Any]]


def memory() -> Subject:
    bells = MemoryBells()
    return Subject(bells, lambda: [key for key, _ in bells.rung], list)


def sqs() -> Subject:
    client = boto3.client("sqs")
    url = client.create_queue(QueueName="crm-sync.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def messages() -> list[Any]:
        found: list[Any] = []
        while batch := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get(
            "Messages"
        ):
            found += batch
            for message in batch:
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return Subject(SqsBells(client, url), lambda: [row_of_bell(m["Body"]) for m in messages()], messages)


@pytest.fixture(params=[memory, sqs], ids=["memory", "sqs"])
def subject(request: pytest.FixtureRequest, aws: None) -> Subject:
    made: Subject = request.param()
    return made


@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
def test_every_bell_is_heard(subject: Subject, count: int) -> None:
    keys = [RowKey(Kind.COMMISSION, f"d{number}", "agent/ü 7") for number in range(count)]
    subject.bells.ring([(key, "1") for key in keys])
    assert sorted(subject.heard()) == sorted(keys)


def test_a_group_is_a_row_and_what_is_told_twice_is_dropped(aws: None) -> None:
    subject = sqs()
    long = RowKey(Kind.COMMISSION, "d1", "x" * 200)
    subject.bells.ring([(DEAL, "7"), (DEAL, "7"), (DEAL, "8"), (long, "7")])
    messages = [message["Attributes"] | {"Body": message["Body"]} for message in subject.messages()]
    assert sorted(json.loads(message["Body"])["row"] for message in messages) == sorted(
        ["deal:d1", "deal:d1", str(long)]
    )
    groups = {message["Body"]: message["MessageGroupId"] for message in messages}
    assert groups[json.dumps({"row": "deal:d1"})] == "deal:d1"
    assert len({message["MessageDeduplicationId"] for message in messages}) == 3
    assert all(len(message["MessageGroupId"]) <= 128 for message in messages)
    assert len(set(groups.values())) == 2


@pytest.mark.parametrize("account", ["two words", "ü", "tab\t"])
def test_what_sqs_does_not_take_as_a_group_is_told_by_its_digest(account: str, aws: None) -> None:
    subject = sqs()
    key = RowKey(Kind.COMMISSION, "d1", account)
    subject.bells.ring([(key, "1")])
    [message] = subject.messages()
    assert message["Attributes"]["MessageGroupId"].isalnum()
    assert row_of_bell(message["Body"]) == key


def test_bells_that_sqs_does_not_take_are_told(aws: None) -> None:
    client = boto3.client("sqs")
    failed = [{"Id": "0", "Code": "InternalError", "SenderFault": False}]
    with Stubber(client) as stubber:
        stubber.add_response(
            "send_message_batch", {"Failed": failed, "Successful": []}, {"QueueUrl": "https://q", "Entries": ANY}
        )
        with pytest.raises(Unavailable, match=r"1 of 2 bells not taken by https://q \(InternalError\)"):
            SqsBells(client, "https://q").ring([(DEAL, "1"), (DEAL, "2")])


def test_a_queue_that_is_not_there_is_named(aws: None) -> None:
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/none.fifo"
    with pytest.raises(ConfigurationError, match=r"none\.fifo"):
        SqsBells(boto3.client("sqs"), url).ring([(DEAL, "1")])


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"row": 7}', '{"row": "deal"}', "7"])
def test_what_is_no_bell_is_told(body: str) -> None:
    with pytest.raises(BadPayload, match="no bell"):
        row_of_bell(body)

"""Queue depths on SQS, by the queue's name."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from domain.errors import ConfigurationError, Unavailable
from storage.depths import SqsDepths


def test_what_waits_and_what_is_in_flight_is_counted_for_each_queue(aws: None) -> None:
    client: Any = boto3.client("sqs")
    urls = {name: client.create_queue(QueueName=name)["QueueUrl"] for name in ("main", "main-dlq")}
    for body in "abc":
        client.send_message(QueueUrl=urls["main"], MessageBody=body)
    client.receive_message(QueueUrl=urls["main"], MaxNumberOfMessages=1)
    assert SqsDepths(client, urls).depths() == {"main": (2, 1), "main-dlq": (0, 0)}


@pytest.mark.parametrize(
    ("code", "error"), [("AWS.SimpleQueueService.NonExistentQueue", ConfigurationError), ("Throttled", Unavailable)]
)
def test_a_fault_of_sqs_is_ours_to_set_right_or_can_be_tried_again(
    aws: None, code: str, error: type[Exception]
) -> None:
    client: Any = boto3.client("sqs")
    with Stubber(client) as stub:
        stub.add_client_error("get_queue_attributes", code)
        with pytest.raises(error, match="cannot ask q for its depth"):
            SqsDepths(client, {"main": "q"}).depths()

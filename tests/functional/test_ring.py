"""Ring as AWS runs it: what the stream tells, what of it the CRM is owed, and what lies in the queue afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import Unavailable
from handlers import ring
from tests.functional.conftest import EVENTS, AwsFault, Context, MotoStack
from tests.template import resolve

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

Refuses = Callable[..., AwsFault]
CLOSING = (EVENTS / "transactions/deal.closed__co_listed.json").read_bytes()


def told(stack: MotoStack, *keys: tuple[str, str]) -> dict[str, int]:
    """One run over changes of these items."""
    changes = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
    answer: dict[str, int] = ring.lambda_handler(
        {"Records": [{"eventName": "MODIFY", "dynamodb": {"Keys": change}} for change in changes]}, Context()
    )
    return answer


def bells(stack: MotoStack) -> list[str]:
    """The rows in the queue."""
    url = stack.sqs.get_queue_url(QueueName=resolve({"Ref": "CrmSyncQueue"}))["QueueUrl"]
    found: list[dict[str, Any]] = []
    while page := stack.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += page
    return sorted(json.loads(message["Body"])["row"] for message in found)


def test_a_record_that_the_crm_is_owed_rings_once_however_often_it_is_told(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", CLOSING)
    deal = moto_stack.deal("TX-100482").id
    assert told(moto_stack, *[(f"DEAL#{deal}", "DEAL")] * 3) == {"changed": 1, "rung": 1}
    assert bells(moto_stack) == [f"deal:{deal}"]
    told(moto_stack, (f"DEAL#{deal}", "DEAL"))  # the stream repeats a batch: the queue has heard that version
    assert bells(moto_stack) == []


def test_what_is_no_record_of_the_crm_or_not_there_rings_nobody(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", CLOSING)
    deal = moto_stack.deal("TX-100482").id
    keys = (
        (f"DEAL#{deal}", "COMMISSION#DUE"),
        (f"DEAL#{deal}", "CDA"),
        ("CONTACT#gone", "CONTACT"),
        ("OWNER#x", "DEAL#1"),
    )
    assert told(moto_stack, *keys)["rung"] == 0
    assert bells(moto_stack) == []


@pytest.mark.parametrize(("service", "operation"), [("dynamodb", "BatchGetItem"), ("sqs", "SendMessageBatch")])
def test_a_run_that_meets_an_outage_fails_so_that_lambda_repeats_it(
    moto_stack: MotoStack, aws_refuses: Refuses, service: str, operation: str
) -> None:
    moto_stack.fire("transactions", CLOSING)
    key = (f"DEAL#{moto_stack.deal('TX-100482').id}", "DEAL")
    fault = aws_refuses(service, operation, "ThrottlingException", 400)
    with pytest.raises(Unavailable):
        told(moto_stack, key)
    fault.mend()
    assert told(moto_stack, key)["rung"] == 1

"""One delivery of one new contact, recorded: what AWS (moto) and the CRM (the stand-in) answer to a fresh process.

python -m bench.recorded_delivery      prints it as JSON: {"settings", "event", "aws": [[name, body]], "crm": [body]}
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.endpoint
import requests
from moto import mock_aws

from bench import wire
from dev.crm import server
from domain.deal import Contact
from domain.ports import Change
from storage.records import DynamoDealStore
from tests.builders import envelope
from tests.template import tables

SETTINGS = {
    "RECORDS_TABLE": "RecordsTable",
    "EVENTS_TABLE": "EventsTable",
    "TRANSACTIONS_DLQ_URL": "https://sqs.us-east-1.amazonaws.com/1/transactions-dlq",
    "CRM_SYNC_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/crm-sync.fifo",
    "SECRETS_PREFIX": "dealwire/bench",
    "CRM_KIND": "suitecrm",
    "CRM_RATE_LIMIT": "20",
    "CRM_MAX_REQUEST_S": "300",
    "CRM_SESSION_MINUTES": "60",
    "CRM_OPERATION_TIMEOUT_S": "15",
    "DELIVER_TIMEOUT_S": "60",
    "POWERTOOLS_SERVICE_NAME": "deliver",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}
RECORD = {
    "messageId": "m",
    "receiptHandle": "r",
    "body": json.dumps({"row": "contact:c1"}),
    "attributes": {"ApproximateReceiveCount": "1"},
}


def main() -> None:
    """Deliver it once, and print what was answered."""
    with mock_aws(), server.running() as crm:
        os.environ.update(wire.ENVIRONMENT | SETTINGS | {"CRM_BASE_URL": crm.url})
        _prepare()
        aws, soap = _record()
        from handlers.deliver import lambda_handler  # reads its settings from the environment set above

        answer = lambda_handler({"Records": [RECORD]}, _Context())  # type: ignore[arg-type]  # all that is asked of it
        if answer["batchItemFailures"] or not any(b"set_entries" in sent for sent, _ in soap):
            raise SystemExit(f"not delivered: {answer}")
    told = {"settings": SETTINGS | {"CRM_BASE_URL": crm.url}, "event": {"Records": [RECORD]}}
    # botocore converts each answer twice: for its handlers, and for its parser.
    told["aws"] = aws[::2]
    print(json.dumps(told | {"crm": [body for _, body in soap]}))


class _Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "bench"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


def _prepare() -> None:
    dynamodb = boto3.client("dynamodb")
    for table in tables().values():
        dynamodb.create_table(**table)
    secret = json.dumps({"user": server.USER, "password": server.PASSWORD})
    boto3.client("secretsmanager").create_secret(Name="dealwire/bench/crm/suitecrm", SecretString=secret)
    values: dict[str, str | None] = {"first_name": "Ana", "last_name": "Ruiz", "email": "ana@example.com"}
    change = Change(envelope(), "d1", "transactions/T-1", None, None, [(Contact("c1", 1, values), 0)])
    DynamoDealStore(dynamodb, "RecordsTable", "EventsTable", lambda _: None).commit(change, datetime.now(UTC))


def _record() -> tuple[list[tuple[str, str]], list[tuple[bytes, str]]]:
    """Lists that every answer from now on is added to: (operation, body) of AWS, (request, body) of the CRM."""
    aws: list[tuple[str, str]] = []
    soap: list[tuple[bytes, str]] = []
    convert = botocore.endpoint.convert_to_response_dict
    send = requests.adapters.HTTPAdapter.send

    def converted(response: Any, model: Any) -> Any:
        aws.append((model.name, response.content.decode()))
        return convert(response, model)

    def sent(self: Any, request: Any, *args: Any, **named: Any) -> Any:
        body = request.body.getvalue() if request.body is not None else b""
        answer = send(self, request, *args, **named)
        if server.SERVICE in request.url:
            text = answer.raw.read(decode_content=True)
            soap.append((body, text.decode()))
            answer.raw = wire.raw(text)
        return answer

    botocore.endpoint.convert_to_response_dict = converted
    requests.adapters.HTTPAdapter.send = sent  # type: ignore[method-assign]  # what the bench is for
    return aws, soap


if __name__ == "__main__":
    main()

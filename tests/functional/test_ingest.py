"""Ingest as AWS runs it: an API Gateway event in; bucket, queues, log and metrics seen afterwards."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from domain.envelope import Envelope
from domain.errors import ConfigurationError
from handlers import ingest
from runtime import observability
from runtime.config import IngestSettings
from runtime.wiring import edges
from runtime.wiring import ingest as wiring
from sources.catalog import catalog
from sources.verify import sign

SECRETS = {"transactions": "whsec_" + "QUJD" * 8, "brokermint": "bm-secret", "dotloop": "dl-secret"}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
Written = Callable[[], list[dict[str, Any]]]
FACTORIES = (wiring.ingest_settings, edges._session, edges.client, wiring.secrets, wiring.archive, wiring.queues)


@dataclass
class Context:
    """What Lambda hands in."""

    function_name: str = "ingest"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:1:function:ingest"
    aws_request_id: str = "lambda-1"


@dataclass
class Stack:
    """What ingest writes to."""

    sqs: Any
    s3: Any
    queue: str
    dead: str

    def messages(self, url: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        return found

    def keys(self) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket="archive").get("Contents", [])]


@pytest.fixture
def stack(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    sqs, s3, secrets = boto3.client("sqs"), boto3.client("s3"), boto3.client("secretsmanager")
    s3.create_bucket(Bucket="archive")
    for name, secret in SECRETS.items():
        secrets.create_secret(Name=f"dealwire/test/webhooks/{name}", SecretString=secret)
    made = Stack(sqs, s3, *(sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("main", "dlq")))
    monkeypatch.setenv("ARCHIVE_BUCKET", "archive")
    monkeypatch.setenv("TRANSACTIONS_QUEUE_URL", made.queue)
    monkeypatch.setenv("TRANSACTIONS_DLQ_URL", made.dead)
    monkeypatch.setenv("SECRETS_PREFIX", "dealwire/test")
    monkeypatch.setattr(wiring, "now", lambda: NOW)
    forget()
    yield made
    forget()


def forget() -> None:
    for factory in FACTORIES:
        factory.cache_clear()


def posted(body: bytes, source: str = "transactions", *, binary: bool = True, more: Any = None) -> dict[str, Any]:
    signed = sign(catalog()[source].scheme, SECRETS[source], body, now=NOW, message_id="msg_1")
    named = {name.title(): [value] for name, value in signed.items()}
    return {
        "httpMethod": "POST",
        "pathParameters": {"source": source},
        "multiValueHeaders": {**named, "Content-Type": ["application/json"], **(more or {})},
        "requestContext": {"requestId": "api-1"},
        "isBase64Encoded": binary,
        "body": base64.b64encode(body).decode() if binary else body.decode(),
    }


def post(event: dict[str, Any]) -> tuple[int, dict[str, str]]:
    answer = ingest.lambda_handler(event, Context())
    assert answer["headers"]["Content-Type"] == "application/json"
    return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Written:
    """The lines that CloudWatch would get."""
    log = io.StringIO()
    monkeypatch.setattr(observability.logger.registered_handler, "stream", log)
    return lambda: [json.loads(line) for line in (log.getvalue() + capsys.readouterr().out).splitlines()]


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("transactions", '{"type":"deal.updated","data":{"name":"Zo\u00eb"}}\r\n'.encode()),
        ("brokermint", b'{"event":"transaction.updated","event_id":"b-1","object":{"id":1}}'),
        ("dotloop", b'{"eventType":"LOOP_UPDATED","eventId":"d-1","event":{"id":"34308"}}'),
    ],
)
def test_a_signed_webhook_is_archived_byte_for_byte_and_queued(
    stack: Stack, source: str, body: bytes, binary: bool
) -> None:
    status, answer = post(posted(body, source, binary=binary))
    assert status == 202
    assert stack.keys() == [f"2026-03-02/{source}/{answer['receipt']}"]
    stored = stack.s3.get_object(Bucket="archive", Key=stack.keys()[0])
    assert stored["Body"].read() == body
    assert stored["Metadata"]["disposition"] == "accepted"
    (message,) = stack.messages(stack.queue)
    envelope = Envelope.from_json(message["Body"])
    assert (envelope.source, envelope.receipt, envelope.body) == (source, answer["receipt"], body)


def test_one_log_line_names_the_outcome_and_shows_no_payload(stack: Stack, written: Written) -> None:
    _, answer = post(posted(b'{"type":"deal.updated","buyer":"Private Person"}'))
    log, metrics = written()
    assert (log["outcome"], log["receipt"], log["event_id"]) == ("accepted", answer["receipt"], "msg_1")
    assert (log["source"], log["event_type"], log["correlation_id"]) == ("transactions", "deal.updated", "api-1")
    assert (metrics["WebhookAccepted"], metrics["source"]) == ([1.0], "transactions")
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Dealwire"
    assert "Private" not in json.dumps([log, metrics])


def test_an_old_secret_and_the_alternative_that_matched_are_counted(stack: Stack, written: Written) -> None:
    text = json.dumps({"current": "new", "previous": [SECRETS["dotloop"]]})
    boto3.client("secretsmanager").put_secret_value(SecretId="dealwire/test/webhooks/dotloop", SecretString=text)
    assert post(posted(b'{"eventType":"LOOP_UPDATED","eventId":"d-1"}', "dotloop"))[0] == 202
    _, metrics = written()
    assert (metrics["OldSecretUsed"], metrics["SignatureVariant0"]) == ([1.0], [1.0])


def test_verified_bytes_of_the_wrong_shape_are_answered_400_with_a_receipt_and_filed(stack: Stack) -> None:
    status, answer = post(posted(b"\xff not JSON"))
    assert status == 400
    assert stack.keys() == [f"2026-03-02/transactions/{answer['receipt']}"]
    (dead,) = stack.messages(stack.dead)
    assert dead["MessageAttributes"]["cause"]["StringValue"] == "bad_payload"
    assert Envelope.from_json(dead["Body"]).body == b"\xff not JSON"
    assert stack.messages(stack.queue) == []


def test_an_event_we_do_not_use_is_answered_200_and_kept(stack: Stack) -> None:
    status, answer = post(posted(b'{"type":"ping"}'))
    assert (status, len(stack.keys()), stack.messages(stack.queue)) == (200, 1, [])
    assert answer["receipt"] in stack.keys()[0]


def altered(**changes: Any) -> dict[str, Any]:
    return {**posted(b'{"type":"deal.updated"}'), **changes}


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (altered(pathParameters={"source": "zillow"}), 404),
        (altered(pathParameters=None), 404),
        (altered(body=base64.b64encode(b"x" * 5 * 1024 * 1024).decode()), 413),
        (altered(body=base64.b64encode(b'{"type":"deal.updates"}').decode()), 401),
        (altered(body=None), 401),
        (altered(multiValueHeaders=None), 401),
        (posted(b"{}", more={"webhook-ID": ["msg_1"]}), 401),
        (posted(b"{}", more={"Webhook-Id": ["msg_1", "msg_1"]}), 401),
    ],
)
def test_what_is_refused_leaves_nothing_behind(stack: Stack, event: dict[str, Any], status: int) -> None:
    answered, answer = post(event)
    assert (answered, set(answer)) == (status, {"error"})
    assert (stack.keys(), stack.messages(stack.queue), stack.messages(stack.dead)) == ([], [], [])


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ARCHIVE_BUCKET", "gone"), ("TRANSACTIONS_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/1/gone")],
)
def test_a_missing_bucket_or_queue_asks_the_provider_to_come_back(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    answer = ingest.lambda_handler(posted(b'{"type":"deal.updated"}'), Context())
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "30")
    assert "gone" not in answer["body"]
    assert stack.messages(stack.queue) == []


def test_a_bug_is_answered_500_and_its_text_goes_nowhere(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, written: Written
) -> None:
    def broken() -> None:
        raise RuntimeError("Private Person")

    monkeypatch.setattr(wiring, "now", broken)
    status, answer = post(posted(b'{"type":"deal.updated"}'))
    log, metrics = written()
    assert (status, log["error"], log["level"], metrics["Crashed"]) == (500, "RuntimeError", "ERROR", [1.0])
    assert log["at"].endswith(":broken")
    assert "Private" not in json.dumps([answer, log, metrics])


def test_an_event_that_is_not_from_api_gateway_is_answered_too(stack: Stack) -> None:
    assert post({})[0] == 500


def test_missing_settings_are_all_named_in_the_log(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, written: Written
) -> None:
    monkeypatch.delenv("ARCHIVE_BUCKET")
    monkeypatch.setenv("SECRETS_PREFIX", "")
    assert post(posted(b'{"type":"deal.updated"}'))[0] == 500
    assert {"ARCHIVE_BUCKET", "SECRETS_PREFIX"} <= set(re.findall(r"[A-Z_]{5,}", written()[0]["detail"]))
    with pytest.raises(ConfigurationError) as fault:
        IngestSettings.from_env({})
    assert {"TRANSACTIONS_QUEUE_URL", "TRANSACTIONS_DLQ_URL"} <= set(re.findall(r"[A-Z_]{5,}", str(fault.value)))


def test_clients_give_up_while_the_provider_still_waits(stack: Stack) -> None:
    config = edges.client("sqs", wiring.READ_S).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 4)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}


def test_a_receipt_is_never_given_twice() -> None:
    assert len({wiring.new_receipt(wiring.now()) for _ in range(1000)}) == 1000


def test_ingest_starts_without_what_only_others_need() -> None:
    src = Path(ingest.__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(src)!r}); import handlers.ingest; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "pydantic", "yaml", "httpx", "phonenumbers", "tenacity", "rich", "typer"} & set(loaded)

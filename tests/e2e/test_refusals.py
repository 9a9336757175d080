"""The deployed template over HTTP: what is refused, what is kept, and what a person finds in the dead-letter queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from domain.errors import Cause
from domain.event_log import EventRecord
from sources.catalog import catalog
from sources.verify import sign
from tests.builders import envelope
from tests.e2e.conftest import Cloud, now, unique

pytestmark = pytest.mark.e2e

BODY = b'{"type":"deal.updated","data":{"id":"TX-refused","version":1,"status":"Active"}}'
Headers = list[tuple[str, str]]


def forged(cloud: Cloud) -> Headers:
    signed = sign(catalog()["transactions"].scheme, "whsec_" + "QUJD" * 8, BODY, now=now(), message_id="msg")
    return list(signed.items())


def stale(cloud: Cloud) -> Headers:
    from cli import webhooks

    then = now() - timedelta(minutes=10)
    secret = webhooks.demo_secret("transactions")
    return list(sign(catalog()["transactions"].scheme, secret, BODY, now=then, message_id="msg").items())


def unsigned(cloud: Cloud) -> Headers:
    return [("content-type", "application/json")]


def doubled(cloud: Cloud) -> Headers:
    headers = list(cloud.headers("transactions", BODY, "msg").items())
    return headers + [(name, value) for name, value in headers if name.lower() == "webhook-signature"]


def of_another_body(cloud: Cloud) -> Headers:
    return list(cloud.headers("transactions", BODY.replace(b"Active", b"Closed"), "msg").items())


@pytest.mark.parametrize("headers", [forged, stale, unsigned, doubled, of_another_body])
def test_what_is_not_signed_as_agreed_is_answered_401(cloud: Cloud, headers: Callable[[Cloud], Headers]) -> None:
    status, answer = cloud.post("transactions", BODY, headers=headers(cloud))
    assert (status, set(answer)) == (401, {"error"})
    assert cloud.stack.deals().deal("transactions", "TX-refused") is None


def test_an_unknown_source_is_answered_404(cloud: Cloud) -> None:
    status, answer = cloud.post("zillow", BODY, headers=[])
    assert (status, set(answer)) == (404, {"error"})


def test_five_mebibytes_are_answered_413(cloud: Cloud) -> None:
    status, answer = cloud.post("transactions", b"x" * (5 * 1024 * 1024))
    assert (status, set(answer)) == (413, {"error"})


def test_an_event_type_that_we_do_not_use_is_kept_and_answered_200(cloud: Cloud) -> None:
    body = json.dumps({"type": "deal.note_added", "text": "Zoë 🏡"}, ensure_ascii=False).encode()
    status, answer = cloud.post("transactions", body)
    assert (status, set(answer)) == (200, {"status", "receipt"})
    kept, facts = cloud.archived("transactions", answer["receipt"])
    assert (kept, facts["disposition"]) == (body, "ignored")


def test_every_byte_value_arrives_as_it_was_signed_and_is_filed_as_bad(cloud: Cloud) -> None:
    body = bytes(range(256))
    status, answer = cloud.post("transactions", body)
    assert (status, set(answer)) == (400, {"error", "receipt"})
    assert cloud.archived("transactions", answer["receipt"])[0] == body
    letter = cloud.dead(answer["receipt"])
    assert letter.cause is Cause.BAD_PAYLOAD
    assert "UTF-8" in letter.reason
    assert cloud.archived("transactions", answer["receipt"])[1]["disposition"] == "bad_payload"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html></html>", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b'{"type":"deal.updated","data":{"sale_price":NaN}}', "NaN"),
        (b'{"type":"deal.updated","type":"deal.closed"}', "same key twice"),
    ],
)
def test_what_is_not_the_providers_shape_is_answered_400_kept_and_filed(cloud: Cloud, body: bytes, says: str) -> None:
    status, answer = cloud.post("transactions", body)
    assert status == 400
    assert cloud.archived("transactions", answer["receipt"])[0] == body
    letter = cloud.dead(answer["receipt"])
    assert letter.cause is Cause.BAD_PAYLOAD
    assert says in letter.reason


def test_what_does_not_fit_the_mapping_is_dead_at_once_and_names_every_field(cloud: Cloud) -> None:
    deal_id, event_id = unique("TX"), unique("evt")
    data = {"id": deal_id, "version": 1, "status": "Bewitched", "sale_price": "1.234,56"}
    receipt = cloud.accepted("transactions", json.dumps({"type": "deal.updated", "data": data}).encode(), event_id)
    letter = cloud.dead(receipt)
    assert (letter.cause, letter.key, letter.deal) == (
        Cause.MAPPING, f"transactions#{event_id}", f"transactions/{deal_id}",
    )  # fmt: skip
    assert "data.status: expected" in letter.reason
    assert "data.sale_price: expected" in letter.reason
    assert "Bewitched" not in letter.reason
    assert cloud.stack.deals().deal("transactions", deal_id) is None
    assert cloud.state(f"transactions#{event_id}") == "dead"


def test_a_message_whose_bytes_are_gone_is_dead_with_a_cause(cloud: Cloud) -> None:
    gone = envelope(unique("evt"), archive_key="2026-01-01/transactions/nowhere")
    cloud.client("sqs").send_message(QueueUrl=cloud.local.queues["transactions"], MessageBody=gone.to_json())
    letter = cloud.dead(gone.receipt)
    assert letter.cause is Cause.BAD_PAYLOAD
    assert "2026-01-01/transactions/nowhere" in letter.reason


@pytest.fixture
def impatient_queue(cloud: Cloud) -> Iterator[str]:
    """The queue of accepted events, which hides a received message for two seconds only."""
    sqs, url = cloud.client("sqs"), cloud.local.queues["transactions"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    yield url
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def test_what_is_no_message_of_ours_is_moved_to_the_dead_letters_by_the_queue(
    cloud: Cloud, impatient_queue: str
) -> None:
    junk = unique("junk")
    cloud.client("sqs").send_message(QueueUrl=impatient_queue, MessageBody=junk)
    letter = cloud.letter(lambda one: one.envelope.event_type == "unreadable" and kept(cloud, one) == junk.encode())
    assert letter.cause is Cause.BUG


def kept(cloud: Cloud, letter: EventRecord) -> bytes:
    held = cloud.client("s3").get_object(Bucket=cloud.local.bucket, Key=letter.envelope.archive_key)
    body: bytes = held["Body"].read()
    return body


@pytest.fixture
def lost_events_table(cloud: Cloud) -> Iterator[None]:
    """The processing function is told of an events table that does not exist."""
    client, name = cloud.client("lambda"), cloud.local.functions["process"]
    before = client.get_function_configuration(FunctionName=name)["Environment"]
    lost = {"Variables": before["Variables"] | {"EVENTS_TABLE": "no-such-table"}}
    client.update_function_configuration(FunctionName=name, Environment=lost)
    yield
    client.update_function_configuration(FunctionName=name, Environment=before)


def test_a_message_that_always_fails_is_tried_three_times_and_dead_with_a_cause(
    cloud: Cloud, impatient_queue: str, lost_events_table: None
) -> None:
    deal_id, event_id = unique("TX"), unique("evt")
    data = {"id": deal_id, "version": 1, "status": "Active"}
    receipt = cloud.accepted("transactions", json.dumps({"type": "deal.updated", "data": data}).encode(), event_id)
    letter = cloud.dead(receipt)
    assert (letter.cause, letter.key) == (Cause.CONFIG, f"transactions#{event_id}")
    assert "template.yaml" in letter.reason
    cloud.until(lambda: attempts_of(cloud, receipt) >= 3)  # the last line of the log comes after the letter
    assert cloud.stack.deals().deal("transactions", deal_id) is None


def attempts_of(cloud: Cloud, receipt: str) -> int:
    return len({line for line in cloud.log().splitlines() if receipt in line and "attempt failed" in line})

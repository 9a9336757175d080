"""The notifier as deployed: SNS hands over an alarm of CloudWatch; Slack, or else the topic of e-mail, has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from dev import slack_stub
from domain.errors import ConfigurationError
from handlers import notify
from runtime.wiring import notify as wiring
from tests.functional.conftest import Context, MotoStack
from tests.template import resolve, resources

#: A deal whose agent nobody has imported.
UNKNOWN_AGENT = {
    "id": "evt-1",
    "type": "deal.updated",
    "occurred_at": "2026-03-01T12:00:00Z",
    "data": {
        "id": "T-1",
        "version": 1,
        "represented_side": "listing",
        "participants": [{"role": "listing_agent", "side": "listing", "agent_id": "A-77"}],
    },
}


@pytest.fixture(scope="module")
def slack_url() -> Iterator[str]:
    with slack_stub.running() as url:
        yield url


@pytest.fixture
def slack(slack_url: str, moto_stack: MotoStack) -> Iterator[str]:
    """The stand-in, and a secret that holds its URL."""
    httpx.post(f"{slack_url}/_stub/reset", json={}, trust_env=False).raise_for_status()
    set_secret(json.dumps({"url": f"{slack_url}/services/T/B/x"}))
    yield slack_url
    wiring.ports().slack.close()  # type: ignore[attr-defined] # the adapter's own


@pytest.fixture
def mails(moto_stack: MotoStack) -> Any:
    """What is published to the e-mail topic, as a function that reads it."""
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    sqs, sns = session.client("sqs"), session.client("sns")
    url = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    sns.subscribe(
        TopicArn=moto_stack.email_topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:123456789012:mailbox",
        Attributes={"RawMessageDelivery": "true"},
    )

    def read() -> list[str]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [message["Body"] for message in found]

    return read


def set_secret(text: str) -> None:
    name = resolve(resources()["NotifyFunction"]["Properties"]["Environment"]["Variables"]["SECRETS_PREFIX"])
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    session.client("secretsmanager").create_secret(Name=f"{name}/slack", SecretString=text)


def posts(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{url}/posts", trust_env=False).json()
    return found


def fire(name: str, state: str = "ALARM", before: str = "OK") -> None:
    """What SNS hands over when this alarm of the template changes its state."""
    alarm = resolve(resources()[name]["Properties"])
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm["AlarmDescription"],
        "NewStateValue": state,
        "OldStateValue": before,
        "StateChangeTime": "2026-03-02T09:05:00.000+0000",
        "Trigger": {"MetricName": alarm["MetricName"], "Namespace": alarm["Namespace"]},
    }
    notify.lambda_handler({"Records": [{"Sns": {"Message": json.dumps(message)}}]}, Context())  # type: ignore[arg-type]


def test_an_event_that_is_parked_is_told_in_slack_with_the_command_that_mends_it(
    moto_stack: MotoStack, slack: str, mails: Any
) -> None:
    moto_stack.fire("transactions", json.dumps(UNKNOWN_AGENT).encode(), "msg_9")
    fire("EventsParkedAlarm")
    (post,) = posts(slack)
    assert "How many: 1 parked (transactions 1)" in post["text"]
    assert "Agents: A-77" in post["text"]
    assert "Next: dealwire dlq list --state parked --rows --stack dealwire-test" in post["text"]
    assert mails() == []


def test_the_recovery_is_told_and_a_new_alarm_without_news_is_not(moto_stack: MotoStack, slack: str) -> None:
    fire("DeadMappingAlarm", "OK", "INSUFFICIENT_DATA")
    fire("DeadMappingAlarm", "OK", "ALARM")
    (post,) = posts(slack)
    assert post["text"].startswith("OVER dealwire-test-dead-mapping\n")
    assert "Still open: 0 dead" in post["text"]


def test_a_failing_slack_does_not_lose_the_alarm_and_is_counted(
    moto_stack: MotoStack, slack: str, mails: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    httpx.post(f"{slack}/_stub/fail", json={"status": 404}, trust_env=False).raise_for_status()
    fire("IngestErrorsAlarm")
    assert posts(slack) == []
    (mail,) = mails()
    assert mail.startswith("ALARM dealwire-test-ingest-errors\n")
    assert "Slack answers 404" in mail
    assert counted(capsys, "NotifyFailed") == [1]
    assert "/services/T/B/x" not in moto_stack.log.getvalue()


def test_a_stack_without_slack_tells_by_email(moto_stack: MotoStack, mails: Any) -> None:
    set_secret('{"not_set_yet": "a random value"}')
    fire("IngestErrorsAlarm")
    (mail,) = mails()
    assert "no Slack webhook is set" in mail
    assert "random" not in mail + moto_stack.log.getvalue()


def test_an_alarm_is_told_when_the_table_does_not_answer(moto_stack: MotoStack, slack: str, aws_refuses: Any) -> None:
    aws_refuses("dynamodb", "Query", "ThrottlingException", 400)
    fire("DeadConfigAlarm")
    (post,) = posts(slack)
    assert "How many: cannot be counted now" in post["text"]


def test_what_reaches_nobody_fails_so_that_lambda_repeats_and_keeps_it(
    moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMAIL_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:gone")
    set_secret("{}")
    with pytest.raises(ConfigurationError, match="EMAIL_TOPIC_ARN"):
        fire("IngestErrorsAlarm")
    assert counted(capsys, "NotifyFailed") == [1]


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def counted(capsys: pytest.CaptureFixture[str], metric: str) -> list[float]:
    return [value for line in emitted(capsys) if metric in line for value in line[metric]]

"""The second channel: a topic of SNS that people are subscribed to."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from domain.errors import ConfigurationError, Unavailable
from notify.email import MOST_SUBJECT, SnsEmail, subject

TOPIC = "arn:aws:sns:us-east-1:123456789012:email"


@pytest.fixture
def client() -> Any:
    return boto3.client("sns", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")


def test_the_text_is_published_with_its_first_line_as_the_subject(client: Any) -> None:
    with Stubber(client) as sns:
        expected = {
            "TopicArn": TOPIC,
            "Subject": "ALARM dealwire-dead-mapping",
            "Message": "ALARM dealwire-dead-mapping\nx",
        }
        sns.add_response("publish", {"MessageId": "1"}, expected)
        SnsEmail(client, TOPIC).post("ALARM dealwire-dead-mapping\nx", [])
        sns.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Dealwire"),
        ("\nsecond", "Dealwire"),
        ("é ü", "? ?"),
        ("a\tb\x00c", "a b c"),
        ("x" * 300, "x" * MOST_SUBJECT),
    ],
)
def test_a_subject_is_one_that_sns_takes(text: str, expected: str) -> None:
    assert subject(text) == expected


@pytest.mark.parametrize("code", ["AuthorizationError", "NotFound"])
def test_a_topic_that_we_may_not_use_is_our_setting(client: Any, code: str) -> None:
    with Stubber(client) as sns:
        sns.add_client_error("publish", code)
        with pytest.raises(ConfigurationError, match="EMAIL_TOPIC_ARN"):
            SnsEmail(client, TOPIC).post("x", [])


def test_a_topic_that_does_not_answer_is_unavailable(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stubber(client) as sns:
        sns.add_client_error("publish", "Throttled")
        with pytest.raises(Unavailable, match="Throttled"):
            SnsEmail(client, TOPIC).post("x", [])

    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://sns")

    monkeypatch.setattr(client, "publish", unreachable)
    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        SnsEmail(client, TOPIC).post("x", [])

"""E-mail by SNS: the second channel of alarms, plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from domain.errors import ConfigurationError, Unavailable

#: SNS's limit of a subject.
MOST_SUBJECT = 100

_OUR_SETTINGS = frozenset({"AuthorizationError", "AuthorizationErrorException", "InvalidParameter", "NotFound"})


class SnsEmail:
    """Implements `domain.operate.ports.Announcements` over an SNS topic that people are subscribed to."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        """Publish with `client` to the topic."""
        self._client = client
        self._topic_arn = topic_arn

    def post(self, text: str, blocks: Sequence[Mapping[str, object]]) -> None:  # noqa: ARG002 # mail has no blocks
        """Publish the text, its first line as the subject.

        Raises:
            Unavailable: SNS did not take it.
            ConfigurationError: there is no such topic, or we may not publish to it.
        """
        try:
            self._client.publish(TopicArn=self._topic_arn, Subject=subject(text), Message=text)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _OUR_SETTINGS:
                message = (
                    f"cannot publish to {self._topic_arn} ({code}); check EMAIL_TOPIC_ARN and the policy of notify"
                )
                raise ConfigurationError(message) from error
            raise Unavailable(f"cannot publish to {self._topic_arn} now ({code})") from error
        except BotoCoreError as error:
            raise Unavailable(f"cannot publish to {self._topic_arn} now ({type(error).__name__})") from error


def subject(text: str) -> str:
    """The first line as SNS takes it: printable ASCII, not long, not empty."""
    first = text.partition("\n")[0].encode("ascii", "replace").decode("ascii")
    printable = "".join(letter if letter.isprintable() else " " for letter in first).strip()
    return printable[:MOST_SUBJECT] or "Dealwire"

"""SQS: accepted events to the queue of their source, hopeless ones to its dead-letter queue with their cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from domain.envelope import Envelope
from domain.errors import Cause, ConfigurationError, Unavailable
from storage.aws_faults import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        MessageAttributeValueTypeDef,
        SendMessageBatchRequestEntryTypeDef,
        SendMessageRequestTypeDef,
    )

_REMEDY = "check the queue URLs in the function's environment and its policy in template.yaml"
_MAX_ENTRIES = 10
#: SQS takes 1 MiB for all messages of a batch together.
_MAX_BATCH_BYTES = 1024 * 1024
#: Of a reason: room for some fifty failing fields beside an inline body, far below the megabyte of a message.
_MAX_REASON_BYTES = 8 * 1024


class SqsQueues:
    """`MessageQueue` and `DeadLetters`: each source has a queue and a dead-letter queue."""

    def __init__(self, client: SQSClient, queue_urls: Mapping[str, str], dead_urls: Mapping[str, str]) -> None:
        """Send with `client`; both mappings are source name to queue URL."""
        self._client = client
        self._queue_urls = queue_urls
        self._dead_urls = dead_urls

    def send(self, envelopes: Sequence[Envelope]) -> None:
        """Queue the envelopes, in order.

        Raises:
            ConfigurationError: a source without a queue, no such queue, or no permission.
            Unavailable: SQS did not take all of them; those it took may come twice when this is tried again.
        """
        for url, group in groupby(envelopes, key=lambda envelope: _url(self._queue_urls, envelope)):
            messages = [envelope.to_json() for envelope in group]
            with translated(f"send to {url}", _REMEDY):
                if len(messages) == 1:
                    self._client.send_message(QueueUrl=url, MessageBody=messages[0])
                    continue
                for entries in batches(messages):
                    answer = self._client.send_message_batch(QueueUrl=url, Entries=entries)
                    _check(url, answer.get("Failed", []), len(entries))

    def bury(self, envelope: Envelope, cause: Cause, reason: str, *, deal: str = "", receives: int = 1) -> None:
        """Send the event to its dead-letter queue.

        Raises:
            ConfigurationError: a source without a dead-letter queue, no such queue, or no permission.
            Unavailable: SQS cannot take it now.
        """
        url = _url(self._dead_urls, envelope)
        with translated(f"send to {url}", _REMEDY):
            self._client.send_message(**bury_request(url, envelope, cause, reason, deal=deal, receives=receives))


def batches(messages: Sequence[str]) -> Iterator[list[SendMessageBatchRequestEntryTypeDef]]:
    """Cut messages into batches that SQS takes, in order. They are ASCII, so a character is a byte."""
    entries: list[SendMessageBatchRequestEntryTypeDef] = []
    size = 0
    for number, message in enumerate(messages):
        if entries and (len(entries) == _MAX_ENTRIES or size + len(message) > _MAX_BATCH_BYTES):
            yield entries
            entries, size = [], 0
        entries.append({"Id": str(number), "MessageBody": message})
        size += len(message)
    if entries:
        yield entries


def bury_request(
    url: str, envelope: Envelope, cause: Cause, reason: str, *, deal: str = "", receives: int = 1
) -> SendMessageRequestTypeDef:
    """One dead letter: what it is to be filed by stands beside the envelope, not only in it."""
    attributes = {
        "cause": cause.value,
        "reason": _reason(reason),
        "receipt": envelope.receipt,
        "source": envelope.source,
        "event_type": envelope.event_type,
        "event_id": envelope.event_id,
        "deal": _printable(deal),
        "receives": str(receives),
    }
    return {
        "QueueUrl": url,
        "MessageBody": envelope.to_json(),
        "MessageAttributes": {name: _attribute(value) for name, value in attributes.items() if value},
    }


def _attribute(value: str) -> MessageAttributeValueTypeDef:
    return {"DataType": "String", "StringValue": value}


def _reason(text: str) -> str:
    """What SQS takes as an attribute: something, printable, and not long."""
    text = _printable(text) or "no reason given"
    return text.encode("utf-8", "replace")[:_MAX_REASON_BYTES].decode("utf-8", "ignore")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _url(urls: Mapping[str, str], envelope: Envelope) -> str:
    url = urls.get(envelope.source)
    if url is None:
        known = ", ".join(sorted(urls)) or "none"
        raise ConfigurationError(f"source {envelope.source} has no queue here; known: {known}; check sources.yaml")
    return url


def _check(url: str, failed: Sequence[Mapping[str, object]], sent: int) -> None:
    if failed:
        codes = ", ".join(sorted({str(entry.get("Code")) for entry in failed}))
        raise Unavailable(f"{len(failed)} of {sent} messages not taken by {url} ({codes})")

"""Bells on SQS: which CRM row to look at, in a queue that keeps the bells of one row in order."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.crm.rows import RowKey
from domain.errors import BadPayload, Unavailable
from storage.aws_faults import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_REMEDY = "check the URL of crm-sync.fifo in the function's environment and its policy in template.yaml"
_MAX_ENTRIES = 10
#: What SQS takes as a message group (SQS developer guide, "MessageGroupId").
_GROUP = re.compile(r"[!-~]{1,128}")


class SqsBells:
    """Rings by messages to `crm-sync.fifo`; implements `domain.crm.ports.Bells`."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        """Send with `client` to the queue."""
        self._client = client
        self._queue_url = queue_url

    def ring(self, bells: Sequence[tuple[RowKey, str]]) -> None:
        """Send them all, in order.

        Raises:
            ConfigurationError: no such queue, or no permission.
            Unavailable: SQS did not take all of them; to ring again is harmless.
        """
        for start in range(0, len(bells), _MAX_ENTRIES):
            entries = [_entry(n, *bell) for n, bell in enumerate(bells[start : start + _MAX_ENTRIES])]
            with translated(f"send to {self._queue_url}", _REMEDY):
                answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            if failed := answer.get("Failed", []):
                codes = ", ".join(sorted({entry["Code"] for entry in failed}))
                raise Unavailable(f"{len(failed)} of {len(entries)} bells not taken by {self._queue_url} ({codes})")


def row_of_bell(body: str) -> RowKey:
    """The row that a message asks to look at.

    Raises:
        BadPayload: it is no bell of ours.
    """
    try:
        return RowKey.parse(json.loads(body)["row"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadPayload(f"the message is no bell; expected {{'row': 'deal:ID'}}: {error}") from error


def _entry(number: int, key: RowKey, what: str) -> SendMessageBatchRequestEntryTypeDef:
    row = str(key)
    group = row if _GROUP.fullmatch(row) else _digest(row)
    return {
        "Id": str(number),
        "MessageBody": json.dumps({"row": row}),
        "MessageGroupId": group,
        "MessageDeduplicationId": _digest(f"{row}#{what}"),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""Bells that ring again soon: the message of each stays hidden for so long, and no longer."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from domain.errors import ConfigurationError, Unavailable
from storage.aws_faults import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef

#: SQS's limit of one batch.
_MAX_ENTRIES = 10

logger = logging.getLogger(__name__)


class SqsPatience:
    """Sets how long messages under way stay hidden."""

    def __init__(self, client: SQSClient, url: str) -> None:
        """Of the queue at `url`, with `client`."""
        self._client = client
        self._url = url

    def hide(self, waits: Mapping[str, float]) -> None:
        """Hide messages, by their receipt handles, for these seconds from now; whole ones, rounded up.

        What SQS does not take stays hidden for the queue's own time; that is longer, and nothing is lost by it.
        """
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": math.ceil(seconds)}
            for number, (handle, seconds) in enumerate(waits.items())
        ]
        for start in range(0, len(entries), _MAX_ENTRIES):
            self._hide(entries[start : start + _MAX_ENTRIES])

    def _hide(self, entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef]) -> None:
        remedy = "check the queue's URL in the function's environment and its policy in template.yaml"
        try:
            with translated(f"hide messages of {self._url}", remedy):
                answer = self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
        except (ConfigurationError, Unavailable) as fault:
            logger.warning("%d bells wait longer than they had to: %s", len(entries), fault)
            return
        if failed := answer.get("Failed"):
            codes = sorted({str(entry.get("Code")) for entry in failed})
            logger.warning("%d bells wait longer than they had to: %s", len(failed), ", ".join(codes))

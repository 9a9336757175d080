"""How many messages the queues hold, as SQS estimates it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from storage.aws_faults import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_REMEDY = "check the queue URLs in the function's environment and its policy in template.yaml"


class SqsDepths:
    """`Depths` of some queues."""

    def __init__(self, client: SQSClient, urls: Mapping[str, str]) -> None:
        """Ask with `client`; `urls` is name of queue to its URL."""
        self._client = client
        self._urls = urls

    def depths(self) -> Mapping[str, tuple[int, int]]:
        """Name of queue to (waiting, in flight); both are SQS's estimates.

        Raises:
            ConfigurationError: no such queue, or no permission.
            Unavailable: SQS cannot answer now.
        """
        return {name: self._depth(url) for name, url in self._urls.items()}

    def _depth(self, url: str) -> tuple[int, int]:
        with translated(f"ask {url} for its depth", _REMEDY):
            found = self._client.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])

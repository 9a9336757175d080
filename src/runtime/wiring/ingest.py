"""What `ingest` is made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from runtime.config import IngestSettings
from runtime.wiring.edges import client, now
from runtime.wiring.edges import new_time_id as new_receipt
from sources.catalog import Source, catalog

if TYPE_CHECKING:
    from storage.archive import S3Archive
    from storage.queues import SqsQueues
    from storage.secrets import SecretsManagerStore

#: Seconds for an answer of AWS: storing 4 MiB takes longer than a row of a table.
READ_S = 4.0

__all__ = ["archive", "ingest_settings", "new_receipt", "now", "queues", "secrets", "sources"]


@lru_cache(maxsize=1)
def ingest_settings() -> IngestSettings:
    """The settings of `ingest`."""
    return IngestSettings.from_env(os.environ)


def sources() -> Mapping[str, Source]:
    """Who may send webhooks."""
    return catalog()


@lru_cache(maxsize=1)
def secrets() -> SecretsManagerStore:
    """The secrets of this stack."""
    from storage.secrets import SecretsManagerStore

    return SecretsManagerStore(client("secretsmanager", READ_S), ingest_settings().secrets_prefix)


@lru_cache(maxsize=1)
def archive() -> S3Archive:
    """The archive of verified bodies."""
    from storage.archive import S3Archive

    return S3Archive(client("s3", READ_S), ingest_settings().archive_bucket)


@lru_cache(maxsize=1)
def queues() -> SqsQueues:
    """The queues that ingest sends to, and their dead-letter queues."""
    from storage.queues import SqsQueues

    settings = ingest_settings()
    urls = {"transactions": (settings.transactions_queue_url, settings.transactions_dlq_url)}
    by_source = {name: urls[source.queue] for name, source in catalog().items() if source.queue in urls}
    return SqsQueues(
        client("sqs", READ_S),
        {name: queue for name, (queue, _) in by_source.items()},
        {name: dead for name, (_, dead) in by_source.items()},
    )

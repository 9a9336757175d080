"""What `bury` is made of."""

from __future__ import annotations

import os
import random
import time
from datetime import timedelta
from functools import lru_cache

from domain.event_log import Story
from flows.file_dead_letters import FilePorts
from runtime.config import BurySettings
from runtime.wiring.edges import client, now
from storage import dynamo
from storage.archive import S3Archive
from storage.event_log import DynamoEventLog
from storage.event_rows import FILED, filing_from
from storage.filings import DynamoFilings
from storage.records import event_key

__all__ = ["jitter", "now", "ports", "replay_after"]

jitter = random.random


class FiledLog(DynamoEventLog):
    """The event log as far as filing needs it: `bury` may not read the audit trail."""

    def story(self, key: str) -> Story:
        """What was filed about one event, without the rest of its story."""
        request = {
            "TableName": self.events_table,
            "KeyConditionExpression": "pk = :event AND begins_with(sk, :filed)",
            "ConsistentRead": True,
        }
        rows = dynamo.query(self.client, request, {":event": event_key(key)["pk"], ":filed": FILED})
        return Story(record=None, filings=tuple(filing_from(row) for row in rows))


@lru_cache(maxsize=1)
def _settings() -> BurySettings:
    return BurySettings.from_env(os.environ)


def replay_after() -> timedelta:
    """When what met an outage is tried again."""
    return timedelta(seconds=_settings().replay_after_s)


@lru_cache(maxsize=1)
def ports() -> FilePorts:
    """The ports of `bury`."""
    settings = _settings()
    dynamodb, events = client("dynamodb"), settings.events_table
    return FilePorts(
        log=FiledLog(dynamodb, events, "", time.sleep),
        filings=DynamoFilings(dynamodb, events, time.sleep),
        archive=S3Archive(client("s3"), settings.archive_bucket),
    )

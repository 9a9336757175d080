"""What `watch` is made of."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from functools import lru_cache

from flows.walk_archive import Rules, WalkPorts
from flows.watch_delivery import DeliveryWatch
from runtime.config import NO_CRM, WatchSettings
from runtime.wiring.circuit import state_of
from runtime.wiring.edges import client, now
from sources.catalog import catalog
from storage.deliveries import DynamoDeliveryLog, DynamoWalk
from storage.delivery.debts import DynamoDebts
from storage.event_log import DynamoEventLog
from storage.filings import DynamoFilings
from storage.queues import SqsQueues
from storage.shelf import S3Shelf

__all__ = ["now", "ports", "rules"]


@lru_cache(maxsize=1)
def _settings() -> WatchSettings:
    return WatchSettings.from_env(os.environ)


@lru_cache(maxsize=1)
def ports() -> WalkPorts:
    """The ports of `watch`. Nothing of it reads the audit trail, so the event log is given none."""
    settings = _settings()
    dynamodb, events = client("dynamodb"), settings.events_table
    return WalkPorts(
        shelf=S3Shelf(client("s3"), settings.archive_bucket),
        deliveries=DynamoDeliveryLog(dynamodb, events, time.sleep, now),
        walk=DynamoWalk(dynamodb, events, time.sleep),
        log=DynamoEventLog(dynamodb, events, "", time.sleep),
        filings=DynamoFilings(dynamodb, events, time.sleep),
        queue=SqsQueues(client("sqs"), dict.fromkeys(catalog(), settings.transactions_queue_url), {}),
        delivery=_delivery(settings),
    )


def _delivery(settings: WatchSettings) -> DeliveryWatch | None:
    if settings.crm_kind == NO_CRM:
        return None
    dynamodb, records = client("dynamodb"), settings.records_table
    return DeliveryWatch(
        debts=DynamoDebts(dynamodb, records, time.sleep), state=state_of(dynamodb, records, settings.crm_kind)
    )


@lru_cache(maxsize=1)
def rules() -> Rules:
    """How long is too long."""
    settings = _settings()
    return Rules(
        margin=timedelta(seconds=settings.walk_margin_s),
        redrive_after=timedelta(seconds=settings.redrive_after_s),
        most_silent_hours={name: source.max_silence_hours for name, source in catalog().items()},
    )

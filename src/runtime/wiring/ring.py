"""What `ring` is made of."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from flows.ring_bells import RingPorts
from runtime.config import RingSettings
from runtime.wiring.edges import client
from storage.delivery import keys
from storage.delivery.bells import SqsBells
from storage.delivery.debts import DynamoDebts

if TYPE_CHECKING:
    from domain.crm.rows import RowKey

__all__ = ["ports", "row_of"]


@lru_cache(maxsize=1)
def ports() -> RingPorts:
    """The ports of `ring`."""
    settings = RingSettings.from_env(os.environ)
    return RingPorts(
        debts=DynamoDebts(client("dynamodb"), settings.records_table, time.sleep),
        bells=SqsBells(client("sqs"), settings.crm_sync_queue_url),
    )


def row_of(pk: str, sk: str) -> RowKey | None:
    """The CRM row that an item of the records table is about; None if it is about none."""
    with suppress(ValueError):
        return keys.row_of({"pk": pk, "sk": sk})
    return None

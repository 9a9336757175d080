"""What `settle` is made of."""

from __future__ import annotations

import os
import random
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from flows.settle.ports import SettlePorts, World
from runtime.config import SettleSettings
from runtime.wiring.edges import client, now
from sources.catalog import catalog
from storage.commissions.accounts import DynamoAccounts
from storage.commissions.cdas import DynamoCdaDesk
from storage.commissions.plans import DynamoPlanShelf
from storage.commissions.settling import DynamoCommissionStore
from storage.queues import SqsQueues
from storage.records import DynamoDealStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["ports", "world"]


@lru_cache(maxsize=1)
def ports() -> SettlePorts:
    """The ports of `settle`, which changes no plan, account or CDA by hand: the audit trail is given none."""
    settings = SettleSettings.from_env(os.environ)
    dynamodb, records = client("dynamodb"), settings.records_table
    return SettlePorts(
        deals=DynamoDealStore(dynamodb, records, settings.events_table, time.sleep),
        accounts=DynamoAccounts(dynamodb, records, "", time.sleep),
        plans=DynamoPlanShelf(dynamodb, records, ""),
        store=DynamoCommissionStore(dynamodb, records, time.sleep),
        cdas=DynamoCdaDesk(dynamodb, records, "", time.sleep),
        dead=SqsQueues(client("sqs"), {}, dict.fromkeys(catalog(), settings.transactions_dlq_url)),
    )


def world(context: LambdaContext) -> World:
    """Time and randomness of one run."""
    return World(
        now=now,
        jitter=random.random,
        pause=time.sleep,
        time_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )

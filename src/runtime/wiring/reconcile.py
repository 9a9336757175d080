"""What `reconcile` is made of."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from flows.reconcile import ReconcilePorts
from mappings.reconcile.tolerances import tolerances
from runtime.config import ReconcileSettings
from runtime.wiring.crm_desk import CrmReading, crm_if_any
from runtime.wiring.edges import client, now
from storage.commissions.settling import DynamoCommissionStore
from storage.delivery.shared import DynamoSharedRows
from storage.delivery.sync import DynamoSyncStore

if TYPE_CHECKING:
    from runtime.wiring.suitecrm import SuiteCrm

__all__ = ["now", "ports", "release", "shared"]


@lru_cache(maxsize=1)
def _settings() -> ReconcileSettings:
    return ReconcileSettings.from_env(os.environ)


@lru_cache(maxsize=1)
def _crm() -> SuiteCrm | None:
    return crm_if_any(_settings())


def ports(time_left: Callable[[], float]) -> ReconcilePorts | None:
    """The ports of one run with so many seconds left; None: there is no external CRM."""
    crm, records = _crm(), _settings().records_table
    if crm is None:
        return None
    crm.begin(time_left, waits=True)  # nobody calls it again before tomorrow
    dynamodb = client("dynamodb")
    return ReconcilePorts(
        rows=DynamoSyncStore(dynamodb, records, time.sleep),
        commissions=DynamoCommissionStore(dynamodb, records, time.sleep),
        crm=CrmReading(crm),
        tolerances=tolerances(),
    )


@lru_cache(maxsize=1)
def shared() -> DynamoSharedRows:
    """Where the daily check stands."""
    return DynamoSharedRows(client("dynamodb"), _settings().records_table)


def release() -> None:
    """The run is done: permits that it still holds are for others."""
    crm = _crm()
    if crm is not None:
        crm.end()

"""What `deliver` is made of."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from functools import cached_property, lru_cache
from math import ceil
from typing import TYPE_CHECKING

from crm.suitecrm.modules import Batches
from flows.deliver_rows import Policy, World
from flows.delivery.content import Drawing
from runtime.config import DeliverSettings
from runtime.wiring.edges import client, new_id, now
from runtime.wiring.suitecrm import LEAST_S, MARGIN_S, SIDES, suite_crm
from sources.catalog import catalog
from storage.delivery.bells import row_of_bell
from storage.delivery.patience import SqsPatience
from storage.delivery.sync import DynamoSyncStore
from storage.queues import SqsQueues
from storage.records import DynamoDealStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from crm.suitecrm.sink import SuiteCrmSink

__all__ = ["end", "now", "patience", "policy", "ports", "row_of_bell", "world"]

#: Longer than a run may take: clocks of two workers differ by less, and Lambda's end of a run may lag.
SKEW_S = 10
#: Part of a run that must be left to begin a lane, and at least the time for a write, its read-back, and writing down
#: what became of it. A run that is cut off leaves leases, and doubts, that others wait for.
_LANE, _LEAST_LANE_S = 0.25, MARGIN_S + 2 * LEAST_S
#: A side for so many calls a second that the CRM allows: with more, ten runs wait longer for permits than they may.
_CALLS_OF_A_SIDE = 4
#: Rows of one lane: what one call carries.
ROWS_AT_ONCE = Batches().write
#: Letters about people who are on no deal that we know are filed under this source.
LETTERS_SOURCE = "transactions"


@lru_cache(maxsize=1)
def settings() -> DeliverSettings:
    """The settings of `deliver`."""
    return DeliverSettings.from_env(os.environ)


class Ports:
    """Everything outside that delivering needs; implements `flows.delivery.ports.DeliveryPorts`."""

    def __init__(self, settings: DeliverSettings) -> None:
        """Build from these settings; what hardly any run needs is built when it is first used."""
        dynamodb, records = client("dynamodb"), settings.records_table
        self._settings = settings
        self.rows = DynamoSyncStore(dynamodb, records, time.sleep)
        self.crm = suite_crm(settings)

    @cached_property
    def dead(self) -> SqsQueues:
        """Where letters go about rows that the CRM refuses."""
        return SqsQueues(client("sqs"), {}, dict.fromkeys(catalog(), self._settings.transactions_dlq_url))

    @cached_property
    def deals(self) -> DynamoDealStore:
        """Where such a letter is closed."""
        tables = (self._settings.records_table, self._settings.events_table)
        return DynamoDealStore(client("dynamodb"), *tables, time.sleep)

    def drawing(self) -> Drawing:
        """What rows are drawn with. Raises `CrmFaulted` if the CRM must be asked for that and does not answer."""
        return Drawing(self.crm.mapping, self.crm.schemas.schema())

    def sink(self, side: int, *, backfill: bool) -> SuiteCrmSink:
        """The CRM as one side calls it, under the share of live rows or of the backfill."""
        return self.crm.sink(side, backfill=backfill)


@lru_cache(maxsize=1)
def ports() -> Ports:
    """The ports of `deliver`."""
    return Ports(settings())


@lru_cache(maxsize=1)
def patience() -> SqsPatience:
    """Where short waits are spent."""
    return SqsPatience(client("sqs"), settings().crm_sync_queue_url)


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The settings that delivering obeys."""
    configured = settings()
    return Policy(
        lease=timedelta(seconds=configured.deliver_timeout_s + SKEW_S),
        max_request=timedelta(seconds=configured.crm_max_request_s),
        lane_s=max(configured.deliver_timeout_s * _LANE, _LEAST_LANE_S),
        most=ROWS_AT_ONCE,
        sides=min(SIDES, ceil(configured.crm_rate_limit / _CALLS_OF_A_SIDE)),
        letters_source=LETTERS_SOURCE,
    )


def world(context: LambdaContext) -> World:
    """Time, chance and threads of one run, which begins now."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    ports().crm.begin(time_left)
    return World(now=now, new_token=new_id, jitter=random.random, time_left=time_left, together=_together)


def end() -> int:
    """Ends a run; gives the calls to the CRM that it made."""
    return ports().crm.end()


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(SIDES)


def _together(work: Sequence[Callable[[], None]]) -> None:
    """At the same time; each is over when this returns, and the first fault is raised."""
    begun = [_threads().submit(one) for one in work]
    wait(begun)
    for done in begun:
        done.result()

"""What `operate` is made of."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from flows.operate.desk import Desk
from runtime.config import NO_CRM, OperateSettings
from runtime.wiring import process as processing
from runtime.wiring.edges import client, new_time_id, now
from sources.catalog import catalog

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from runtime.wiring.crm_desk import SuiteCrmDesk
    from runtime.wiring.process import ProcessPorts
    from runtime.wiring.suitecrm import SuiteCrm
    from storage.archive import S3Archive
    from storage.audit import DynamoAudit
    from storage.commissions.accounts import DynamoAccounts
    from storage.commissions.cdas import DynamoCdaDesk
    from storage.commissions.documents import S3DocumentShelf
    from storage.commissions.plans import DynamoPlanShelf
    from storage.commissions.settling import DynamoCommissionStore
    from storage.contacts import DynamoContacts
    from storage.deliveries import DynamoDeliveryLog, DynamoWalk
    from storage.delivery.debts import DynamoDebts
    from storage.delivery.sync import DynamoSyncStore
    from storage.depths import SqsDepths
    from storage.event_log import DynamoEventLog
    from storage.jobs import DynamoJobs
    from storage.mending import DynamoMending
    from storage.queues import SqsQueues
    from storage.shelf import S3Shelf

__all__ = ["desk", "now", "ports", "settings"]

#: Of a call's 29 s, what must be left to ask a provider, at most: `process` may have 60 s, of which it keeps half.
MOST_FOR_A_FETCH_S = 24.0


@lru_cache(maxsize=1)
def settings() -> OperateSettings:
    """The settings of `operate`."""
    return OperateSettings.from_env(os.environ)


class OperatePorts:
    """Everything outside that operators' actions need; implements `flows.operate.desk.DeskPorts`.

    Each is built when it is first used, as an action needs few of them.
    """

    def __init__(self, settings: OperateSettings) -> None:
        """Build from these settings."""
        self._settings = settings
        self.time_left: Callable[[], float] = lambda: 0.0

    @cached_property
    def log(self) -> DynamoEventLog:
        """The state of each event."""
        from storage.event_log import DynamoEventLog

        tables = (self._settings.events_table, self._settings.audit_table)
        return DynamoEventLog(client("dynamodb"), *tables, time.sleep)

    @cached_property
    def mending(self) -> DynamoMending:
        """Changes of open events."""
        from storage.mending import DynamoMending

        return DynamoMending(client("dynamodb"), self._settings.events_table, self._settings.audit_table)

    @cached_property
    def audit(self) -> DynamoAudit:
        """Who did what."""
        from storage.audit import DynamoAudit

        return DynamoAudit(client("dynamodb"), self._settings.audit_table)

    @cached_property
    def jobs(self) -> DynamoJobs:
        """Replays under way."""
        from storage.jobs import DynamoJobs

        tables = (self._settings.events_table, self._settings.audit_table)
        return DynamoJobs(client("dynamodb"), *tables, time.sleep)

    @cached_property
    def deliveries(self) -> DynamoDeliveryLog:
        """The index of the archive."""
        from storage.deliveries import DynamoDeliveryLog

        return DynamoDeliveryLog(client("dynamodb"), self._settings.events_table, time.sleep, now)

    @cached_property
    def walk(self) -> DynamoWalk:
        """How far the archive was walked."""
        from storage.deliveries import DynamoWalk

        return DynamoWalk(client("dynamodb"), self._settings.events_table, time.sleep)

    @cached_property
    def shelf(self) -> S3Shelf:
        """The archive as a whole."""
        from storage.shelf import S3Shelf

        return S3Shelf(client("s3"), self._settings.archive_bucket)

    @property
    def archive(self) -> S3Archive:
        """The bytes in it."""
        return self.process.archive

    @cached_property
    def depths(self) -> SqsDepths:
        """How many messages the queues hold."""
        from storage.depths import SqsDepths

        urls = {
            "transactions": self._settings.transactions_queue_url,
            "transactions-dlq": self._settings.transactions_dlq_url,
            "sweep-dlq": self._settings.sweep_dlq_url,
            "notify-dlq": self._settings.notify_dlq_url,
            "crm-sync": self._settings.crm_sync_queue_url,
            "crm-sync-dlq": self._settings.crm_sync_dlq_url,
        }
        return SqsDepths(client("sqs"), urls)

    @cached_property
    def contacts(self) -> DynamoContacts:
        """Contacts and their deals."""
        from storage.contacts import DynamoContacts

        return DynamoContacts(client("dynamodb"), self._settings.records_table, time.sleep)

    @cached_property
    def queue(self) -> SqsQueues:
        """Where replayed events go."""
        from storage.queues import SqsQueues

        return SqsQueues(client("sqs"), dict.fromkeys(catalog(), self._settings.transactions_queue_url), {})

    @cached_property
    def plans(self) -> DynamoPlanShelf:
        """Published commission plans."""
        from storage.commissions.plans import DynamoPlanShelf

        return DynamoPlanShelf(client("dynamodb"), self._settings.records_table, self._settings.audit_table)

    @cached_property
    def accounts(self) -> DynamoAccounts:
        """Commission accounts, and the brokerage."""
        from storage.commissions.accounts import DynamoAccounts

        tables = (self._settings.records_table, self._settings.audit_table)
        return DynamoAccounts(client("dynamodb"), *tables, time.sleep)

    @cached_property
    def commissions(self) -> DynamoCommissionStore:
        """What closings were settled to."""
        from storage.commissions.settling import DynamoCommissionStore

        return DynamoCommissionStore(client("dynamodb"), self._settings.records_table, time.sleep)

    @cached_property
    def cdas(self) -> DynamoCdaDesk:
        """CDAs and their way."""
        from storage.commissions.cdas import DynamoCdaDesk

        tables = (self._settings.records_table, self._settings.audit_table)
        return DynamoCdaDesk(client("dynamodb"), *tables, time.sleep)

    @cached_property
    def documents(self) -> S3DocumentShelf:
        """Rendered documents."""
        from storage.commissions.documents import S3DocumentShelf

        return S3DocumentShelf(client("s3"), self._settings.documents_bucket)

    @property
    def rows(self) -> DynamoSyncStore:
        """What we know of the rows of an external CRM."""
        return self.process.rows

    @cached_property
    def debts(self) -> DynamoDebts:
        """What it is owed, counted."""
        from storage.delivery.debts import DynamoDebts

        return DynamoDebts(client("dynamodb"), self._settings.records_table, time.sleep)

    @property
    def crm(self) -> SuiteCrmDesk | None:
        """The external CRM, with the time that this request has; None: our store is the CRM."""
        suite = self._suite
        if suite is None:
            return None
        from runtime.wiring.crm_desk import SuiteCrmDesk
        from storage.delivery.bells import SqsBells

        suite.begin(self.time_left, waits=True)  # a person waits for it
        return SuiteCrmDesk(suite, SqsBells(client("sqs"), self._settings.crm_sync_queue_url))

    @cached_property
    def _suite(self) -> SuiteCrm | None:
        if self._settings.crm_kind == NO_CRM:  # and nothing of the SOAP stack is loaded
            return None
        from runtime.wiring.crm_desk import crm_if_any

        return crm_if_any(self._settings)

    @property
    def process(self) -> ProcessPorts:
        """What `process` works with, made as `process` makes it: a preview tells what that would do."""
        return processing.ports()


@lru_cache(maxsize=1)
def ports() -> OperatePorts:
    """The ports of `operate`."""
    return OperatePorts(settings())


def desk(who: str, context: LambdaContext) -> Desk:
    """One request of this caller, to be answered within this invocation."""
    policy = processing.policy()
    ports().time_left = lambda: context.get_remaining_time_in_millis() / 1000
    return Desk(
        ports=ports(),
        who=who,
        now=now(),
        new_id=lambda: new_time_id(now()),
        policy=replace(policy, fetch_s=min(policy.fetch_s, MOST_FOR_A_FETCH_S)),
        world=processing.world(context),
    )

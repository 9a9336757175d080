"""Settings of each function: read once from its environment, complete or not at all.

Every field is one environment variable, its name in capitals; a test compares them with template.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from domain.errors import ConfigurationError

#: In the place of a CRM's kind: the CRM store is the CRM.
NO_CRM = "none"


class Settings:
    """Base: reads the fields of a frozen dataclass from the environment, complete or not at all."""

    __slots__ = ()

    @classmethod
    def variables(cls) -> frozenset[str]:
        """The environment variables that the function needs."""
        return frozenset(field.name.upper() for field in fields(_as_dataclass(cls)))

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment.

        Raises:
            ConfigurationError: names every variable that is missing, empty or not a number where one is needed.
        """
        wanted = {field.name: field for field in fields(_as_dataclass(cls))}
        mistakes: list[str] = []
        values: dict[str, Any] = {}
        for name, field in wanted.items():
            text = environ.get(name.upper(), "")
            if field.type != "int":
                values[name] = text
            elif text.isascii() and text.isdigit():
                values[name] = int(text)
            elif text:
                mistakes.append(f"{name.upper()} is {text!r}, expected a whole number")
            if not text:
                mistakes.append(f"{name.upper()} is missing")
        if mistakes:
            raise ConfigurationError(f"{'; '.join(mistakes)}; set them for the function in template.yaml")
        return cls(**values)


def _as_dataclass(settings: type[Any]) -> Any:
    return settings


@dataclass(frozen=True, slots=True)
class IngestSettings(Settings):
    """What `ingest` needs to know.

    Attributes:
        archive_bucket: where verified bodies go.
        transactions_queue_url: of the queue `transactions` of `sources.yaml`.
        transactions_dlq_url: of its dead-letter queue.
        secrets_prefix: secrets are named `<prefix>/webhooks/<source>`.
    """

    archive_bucket: str
    transactions_queue_url: str
    transactions_dlq_url: str
    secrets_prefix: str


@dataclass(frozen=True, slots=True)
class ProcessSettings(Settings):
    """What `process` needs to know.

    Attributes:
        archive_bucket: where the bodies are that a message does not carry.
        records_table: the CRM store.
        agent_directory_table: our agents by (source, agent id).
        events_table: identities and waiting events.
        transactions_dlq_url: where what can never succeed goes.
        secrets_prefix: secrets are named `<prefix>/providers/<source>`.
        office_zone: IANA name; contract, closing and funded are days there.
        defer_max_hours: after which a deferred event is dead.
        max_receives: after which the queue would move a message to its dead-letter queue.
        process_timeout_s: what one batch may take; a provider gets a third of it.
        dotloop_api_url: base of Dotloop's API.
        dotloop_auth_url: base of its token endpoint.
        brokermint_api_url: base of Brokermint's API.
    """

    archive_bucket: str
    records_table: str
    agent_directory_table: str
    events_table: str
    transactions_dlq_url: str
    secrets_prefix: str
    office_zone: str
    defer_max_hours: int
    max_receives: int
    process_timeout_s: int
    dotloop_api_url: str
    dotloop_auth_url: str
    brokermint_api_url: str


@dataclass(frozen=True, slots=True)
class SweepSettings(Settings):
    """What `sweep` needs to know.

    Attributes:
        events_table: waiting events.
        agent_directory_table: our agents, for events that are parked.
        records_table: what the CRM is owed.
        transactions_queue_url: where events go back to.
        crm_sync_queue_url: where bells for rows of the CRM go.
        crm_kind: the external CRM, or `NO_CRM`.
    """

    events_table: str
    agent_directory_table: str
    records_table: str
    transactions_queue_url: str
    crm_sync_queue_url: str
    crm_kind: str


@dataclass(frozen=True, slots=True)
class RingSettings(Settings):
    """What `ring` needs to know.

    Attributes:
        records_table: the CRM store, whose stream it hears.
        crm_sync_queue_url: where bells go.
    """

    records_table: str
    crm_sync_queue_url: str


@dataclass(frozen=True, slots=True)
class DeliverSettings(Settings):
    """What `deliver` needs to know.

    Attributes:
        records_table: the CRM store, sync rows and what all workers share.
        events_table: where the letter of a row is closed that the CRM took after all.
        transactions_dlq_url: where rows go that the CRM refuses.
        crm_sync_queue_url: where its bells come from; short waits are spent there.
        secrets_prefix: the secret is named `<prefix>/crm/<kind>`.
        crm_kind: `suitecrm`.
        crm_base_url: where the CRM is.
        crm_rate_limit: calls a second of all workers together.
        crm_max_request_s: after which a request that we gave up is certainly not executed any more.
        crm_session_minutes: how long a session lives.
        crm_operation_timeout_s: what one call may take.
        deliver_timeout_s: what one batch may take; a lease is longer.
    """

    records_table: str
    events_table: str
    transactions_dlq_url: str
    crm_sync_queue_url: str
    secrets_prefix: str
    crm_kind: str
    crm_base_url: str
    crm_rate_limit: int
    crm_max_request_s: int
    crm_session_minutes: int
    crm_operation_timeout_s: int
    deliver_timeout_s: int


@dataclass(frozen=True, slots=True)
class SettleSettings(Settings):
    """What `settle` needs to know.

    Attributes:
        records_table: the CRM store, commissions included.
        events_table: where a letter is closed when its closing is settled.
        transactions_dlq_url: where closings go that cannot be settled.
    """

    records_table: str
    events_table: str
    transactions_dlq_url: str


@dataclass(frozen=True, slots=True)
class BurySettings(Settings):
    """What `bury` needs to know.

    Attributes:
        events_table: where dead letters are filed.
        archive_bucket: where the bytes go of a message that is none of ours.
        replay_after_s: when an event that met an outage is tried again.
    """

    events_table: str
    archive_bucket: str
    replay_after_s: int


@dataclass(frozen=True, slots=True)
class WatchSettings(Settings):
    """What `watch` needs to know.

    Attributes:
        events_table: the state of each event, the index of the archive.
        archive_bucket: what was accepted.
        transactions_queue_url: where an event without an outcome is sent again.
        records_table: what the CRM is owed.
        crm_kind: the external CRM, or `NO_CRM`.
        walk_margin_s: how old a delivery must be to be filed: longer than ingest may take to store it.
        redrive_after_s: how long a delivery may be without an outcome before it is sent again.
    """

    events_table: str
    archive_bucket: str
    transactions_queue_url: str
    records_table: str
    crm_kind: str
    walk_margin_s: int
    redrive_after_s: int


@dataclass(frozen=True, slots=True)
class ReconcileSettings(Settings):
    """What `reconcile` needs to know.

    Attributes:
        records_table: the CRM store, sync rows and what all workers share.
        secrets_prefix: the secret is named `<prefix>/crm/<kind>`.
        crm_kind: the external CRM, or `NO_CRM`.
        crm_base_url: where the CRM is.
        crm_rate_limit: calls a second of all workers together.
        crm_session_minutes: how long a session lives.
        crm_operation_timeout_s: what one call may take.
    """

    records_table: str
    secrets_prefix: str
    crm_kind: str
    crm_base_url: str
    crm_rate_limit: int
    crm_session_minutes: int
    crm_operation_timeout_s: int


@dataclass(frozen=True, slots=True)
class OperateSettings(ProcessSettings):
    """What `operate` needs to know: what `process` does, to tell what it would do, and its own.

    Attributes:
        audit_table: who did what; put only.
        transactions_queue_url: where replayed events go.
        sweep_dlq_url: looked at by `status`.
        notify_dlq_url: looked at by `status`.
        crm_sync_queue_url: looked at by `status`; where a bell goes when a person has decided about a row.
        crm_sync_dlq_url: looked at by `status`.
        documents_bucket: where CDAs and statements go.
        crm_kind: the external CRM, or `NO_CRM`.
        crm_base_url: where the CRM is.
        crm_rate_limit: calls a second of all workers together.
        crm_session_minutes: how long a session lives.
        crm_operation_timeout_s: what one call may take.
    """

    audit_table: str
    documents_bucket: str
    transactions_queue_url: str
    sweep_dlq_url: str
    notify_dlq_url: str
    crm_sync_queue_url: str
    crm_sync_dlq_url: str
    crm_kind: str
    crm_base_url: str
    crm_rate_limit: int
    crm_session_minutes: int
    crm_operation_timeout_s: int


@dataclass(frozen=True, slots=True)
class NotifySettings(Settings):
    """What `notify` needs to know.

    Attributes:
        events_table: what an alarm is about, counted.
        secrets_prefix: the secret is named `<prefix>/slack`.
        email_topic_arn: the second channel, if the first fails.
    """

    events_table: str
    secrets_prefix: str
    email_topic_arn: str

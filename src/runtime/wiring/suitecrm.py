"""SuiteCRM as one run of `deliver` uses it: wire, session and rate budget put together.

A side is one thread's way to the CRM, for budget and session serve one thread each. What all processes share lies in
the shared rows.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from crm.budget import Limits, RateBudget
from crm.caller import Caller, FreshTokens, Line, Timing
from crm.schemas import SharedSchema
from crm.session import Lifetime, SharedSession
from crm.suitecrm.faults import WIRE_ERRORS
from crm.suitecrm.login import Credentials, login_with
from crm.suitecrm.mapped import modules_of
from crm.suitecrm.sink import SuiteCrmSink
from crm.suitecrm.transport import ZeepCalls
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.errors import ConfigurationError
from mappings.crm.loader import crm_mapping
from runtime.wiring.edges import client, now, pause
from storage.delivery.shared import DynamoSharedRows
from storage.secrets import SecretsManagerStore

if TYPE_CHECKING:
    from domain.crm.ports import SharedRows
    from domain.ports import SecretStore
    from mappings.crm.model import CrmMapping
    from runtime.config import DeliverSettings, OperateSettings, ReconcileSettings

#: Name of the credential in the shared rows, and of its secret below `crm/`.
CREDENTIAL = "suitecrm"

#: The most calls that a run has under way at once: so many threads, each with a way to the CRM of its own.
SIDES = 4

#: Seconds that must be left of a run when a call has timed out: to write down what became of its lanes.
MARGIN_S = 6.0
#: A call with less time than this is left to the next run, in seconds.
LEAST_S = 4.0
#: Who waits for a secret asks again after this, in seconds.
_SECRET_S = 300.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What is configured.

    Attributes:
        base_url: where the CRM is.
        rate: calls a second of all workers together.
        session_s: how long a session lives.
        operation_s: what one call may take.
    """

    base_url: str
    rate: int
    session_s: float
    operation_s: float


class _Side:
    """One thread's way to the CRM, for live rows and for those of a backfill."""

    def __init__(self, crm: SuiteCrm) -> None:
        fresh, setting = FreshTokens(), crm.setting
        budget = RateBudget(
            crm.rows,
            CREDENTIAL,
            Limits(rate=setting.rate, probe_s=setting.operation_s + 10),
            fingerprint=crm.fingerprint,
            now=now,
            jitter=random.random,
            pause=pause,
            begun=crm.begun,
        )
        self.budgets = (budget, budget.for_backfill())
        timing = Timing(setting.operation_s, LEAST_S, MARGIN_S, time.monotonic, lambda: 0.0)
        self.lines = tuple(Line(gate, WIRE_ERRORS, timing) for gate in self.budgets)
        self.wires = tuple(ZeepCalls(crm.setting.base_url, heard=line.heard) for line in self.lines)
        self.sinks = tuple(self._sink(crm, *one, fresh) for one in zip(self.lines, self.wires, strict=True))

    def _sink(self, crm: SuiteCrm, line: Line, calls: ZeepCalls, fresh: FreshTokens) -> SuiteCrmSink:
        session = SharedSession(
            crm.rows,
            CREDENTIAL,
            login_with(calls, line, fresh, crm.credentials),
            fingerprint=crm.fingerprint,
            now=now,
            pause=pause,
            lifetime=Lifetime(lifetime_s=crm.setting.session_s, login_s=crm.setting.operation_s + 10),
        )
        return SuiteCrmSink(calls, Caller(line, session, fresh), modules_of(crm.mapping))


class SuiteCrm:
    """The CRM of one process.

    Attributes:
        setting: what is configured.
        rows: shared by all workers.
        mapping: ours to its.
        schemas: what it can hold.
        begun: set while a run is at work.
    """

    def __init__(self, setting: Setting, rows: SharedRows, secrets: SecretStore, mapping: CrmMapping) -> None:
        """Build everything; nothing is called yet."""
        self.setting = setting
        self.rows = rows
        self.mapping = mapping
        self.begun = Event()
        self._secrets = secrets
        self._sides = tuple(_Side(self) for _ in range(SIDES))
        self._counted = 0
        described = self._sides[0].sinks[0].preflight
        of = f"{mapping.crm} {mapping.version}"
        self.schemas = SharedSchema(rows, CREDENTIAL, of=of, describe=described, now=now)

    def sink(self, side: int, *, backfill: bool) -> SuiteCrmSink:
        """The sink of one side."""
        return self._sides[side].sinks[int(backfill)]

    def begin(self, time_left: Callable[[], float], *, waits: bool = False) -> None:
        """A run begins, with so many seconds left. One that `waits` does so for its first permit as for the others."""
        if waits:
            self.begun.set()
        timing = Timing(self.setting.operation_s, LEAST_S, MARGIN_S, time.monotonic, time_left)
        for line in self._lines():
            line.timing = timing

    def end(self) -> int:
        """A run ends: permits that it still holds are for others. Gives the calls that it made."""
        for side in self._sides:
            for budget in side.budgets:
                budget.give_back()
        before, self._counted = self._counted, sum(line.calls for line in self._lines())
        return self._counted - before

    def close(self) -> None:
        """Close the connections; a function that lives on need not."""
        for side in self._sides:
            for wire in side.wires:
                wire.close()

    def credentials(self) -> Credentials:
        """Who we are there.

        Raises:
            CrmFaulted: `auth_denied`: the secret is not set, or not as it should be.
        """
        try:
            told = json.loads(self._secret())
            user, password = told["user"], told["password"]
        except (KeyError, TypeError, ValueError):
            user, password = "", ""
        if not (isinstance(user, str) and user and isinstance(password, str) and password):
            expected = '{"user": "...", "password": "..."}; put it right with aws secretsmanager put-secret-value'
            words = f"the secret .../crm/{CREDENTIAL} is not set or not as it should be; expected {expected}"
            raise CrmFaulted(Fault(FaultClass.AUTH_DENIED, words, wait_s=_SECRET_S))
        return Credentials(user, password)

    def fingerprint(self) -> str:
        """Digest of user and password: another one lifts a stop.

        Raises:
            CrmFaulted: as `credentials`.
        """
        who = self.credentials()
        # It lies in a table: so short that a guessed password cannot be told right by it. One new password in 65,536
        # looks like the old one; then `dealwire crm resume` goes on.
        return hashlib.blake2b(f"{who.user}\0{who.password}".encode(), digest_size=2).hexdigest()

    def _secret(self) -> str:
        try:
            return self._secrets.secret(f"crm/{CREDENTIAL}")
        except ConfigurationError as error:
            raise CrmFaulted(Fault(FaultClass.AUTH_DENIED, str(error), wait_s=_SECRET_S)) from error

    def _lines(self) -> list[Line]:
        return [line for side in self._sides for line in side.lines]


def suite_crm(settings: DeliverSettings | OperateSettings | ReconcileSettings) -> SuiteCrm:
    """The CRM that is configured.

    Raises:
        ConfigurationError: there is none, or one that we do not know.
    """
    if settings.crm_kind != CREDENTIAL:
        raise ConfigurationError(
            f"CRM_KIND is {settings.crm_kind!r}, expected {CREDENTIAL!r}; set the parameter CrmKind of the stack"
        )
    setting = Setting(
        base_url=settings.crm_base_url,
        rate=settings.crm_rate_limit,
        session_s=settings.crm_session_minutes * 60,
        operation_s=settings.crm_operation_timeout_s,
    )
    rows = DynamoSharedRows(client("dynamodb"), settings.records_table)
    # A minute: whoever changes the secret while the CRM refuses us waits for nothing else.
    secrets = SecretsManagerStore(client("secretsmanager"), settings.secrets_prefix, ttl_s=60.0)
    return SuiteCrm(setting, rows, secrets, crm_mapping(settings.crm_kind))

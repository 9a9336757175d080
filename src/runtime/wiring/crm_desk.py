"""The external CRM as operators and the daily check use it: read, looked at, resumed. Only `deliver` writes rows."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from crm.budget import Limits, RateBudget, budget_document, standing
from crm.budget_row import rate_now
from crm.session import SharedSession, session_age, session_document, session_stopped
from domain.crm.faults import CrmFaulted
from domain.crm.standing import LineFigures, LineState, Passage
from flows.delivery.content import Drawing
from runtime.config import NO_CRM
from runtime.wiring.edges import now, pause
from runtime.wiring.suitecrm import CREDENTIAL, suite_crm

if TYPE_CHECKING:
    from datetime import datetime

    from crm.suitecrm.sink import SuiteCrmSink
    from domain.agents import Agent
    from domain.crm.ports import Bells
    from domain.crm.sink import Lack, Schema
    from runtime.config import OperateSettings, ReconcileSettings
    from runtime.wiring.suitecrm import SuiteCrm

__all__ = ["CrmReading", "SuiteCrmDesk", "crm_if_any"]

#: A request of an operator is one thread's.
_SIDE = 0


def crm_if_any(settings: OperateSettings | ReconcileSettings) -> SuiteCrm | None:
    """The CRM that is configured; None if there is none.

    Raises:
        ConfigurationError: it is configured as something that we do not know.
    """
    return None if settings.crm_kind == NO_CRM else suite_crm(settings)


class CrmReading:
    """The CRM as comparing needs it; implements `flows.reconcile.CrmSide`."""

    def __init__(self, crm: SuiteCrm) -> None:
        """Read this one."""
        self._crm = crm

    def drawing(self) -> Drawing:
        """What rows are drawn with."""
        return Drawing(self._crm.mapping, self._crm.schemas.schema())

    def reader(self) -> SuiteCrmSink:
        """Reads it, under the share of the backfill."""
        return self._crm.sink(_SIDE, backfill=True)


class SuiteCrmDesk(CrmReading):
    """Implements `flows.operate.crm_desk.CrmDesk`."""

    kind = CREDENTIAL

    def __init__(self, crm: SuiteCrm, bells: Bells) -> None:
        """Of the CRM of this process, with the queue to `deliver`."""
        super().__init__(crm)
        self.bells = bells

    def figures(self, at: datetime) -> LineFigures:
        """How it stands, as all workers know it; it is not asked."""
        budget = self._crm.rows.read(budget_document(CREDENTIAL)).document
        session = self._crm.rows.read(session_document(CREDENTIAL)).document
        try:
            fingerprint = self._crm.fingerprint()
            state = standing(budget, at, fingerprint=fingerprint)
            refused = session_stopped(session, fingerprint)
        except CrmFaulted as error:  # there is no secret to log in with
            state, refused = standing(budget, at), error.fault.words
        if refused and state.passage is not Passage.STOPPED:
            state = LineState(Passage.STOPPED, None, refused)
        limits = self._limits()
        return LineFigures(state, rate_now(budget, limits), limits.rate, session_age(session, at))

    def resume(self) -> None:
        """A person acted on refused credentials: the next call may log in at once."""
        crm = self._crm
        SharedSession(crm.rows, CREDENTIAL, _nobody, fingerprint=crm.fingerprint, now=now, pause=pause).resume()
        RateBudget(
            crm.rows,
            CREDENTIAL,
            self._limits(),
            fingerprint=crm.fingerprint,
            now=now,
            jitter=random.random,
            pause=pause,
        ).resume()

    def preflight(self, agents: Iterable[Agent]) -> tuple[Schema, Sequence[Lack]]:
        """Ask what it can hold and let all workers know; and which CRM ids of these agents lead nowhere."""
        schema = self._crm.schemas.ask()
        return schema, self._crm.sink(_SIDE, backfill=False).check_agents(agents)

    def release(self) -> None:
        """The request is done: permits that it still holds are for others."""
        self._crm.end()

    def _limits(self) -> Limits:
        return Limits(rate=self._crm.setting.rate, probe_s=self._crm.setting.operation_s + 10)


def _nobody() -> str:
    raise AssertionError("a session that is only resumed logs nobody in")

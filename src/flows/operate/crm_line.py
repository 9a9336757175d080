"""The way to the external CRM: how it stands, what it is owed, whether it lets us in, and what it can hold."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from domain.crm.faults import CrmFaulted, FaultClass
from domain.operate.crm import (
    CrmPreflightAnswer,
    CrmResumeAnswer,
    CrmStatusAnswer,
    FieldTold,
    LackTold,
    ModuleTold,
)
from flows.operate.errors import Taken
from sources.catalog import catalog

if TYPE_CHECKING:
    from domain.crm.sink import Lack, Schema
    from domain.operate.crm import CrmPreflightRequest, CrmResumeRequest, CrmStatusRequest
    from flows.operate.crm_desk import CrmDesk
    from flows.operate.desk import Desk
    from mappings.crm.model import CrmMapping

#: Rows are counted up to here; beyond it the exact number helps nobody.
MOST_COUNTED = 1_000

#: No fault puts a row off for longer, unless the CRM asks for it.
SOON = timedelta(hours=1)

_NO_CRM = (
    "there is no external CRM: our store is the CRM; set CrmKind=suitecrm and CrmBaseUrl in samconfig.toml, and deploy"
)


def crm_status(request: CrmStatusRequest, desk: Desk) -> CrmStatusAnswer:
    """Tell how the CRM stands and what it is owed; the CRM itself is not asked."""
    del request  # it says nothing
    debts, crm = desk.ports.debts, desk.ports.crm
    oldest, soon = debts.oldest(), desk.now + SOON
    answer = CrmStatusAnswer(
        kind="",
        owed=debts.owed(desk.now, MOST_COUNTED),
        owed_backfill=debts.owed(desk.now, MOST_COUNTED, backfill=True),
        owed_soon=min(sum(debts.owed(soon, MOST_COUNTED, backfill=later) for later in (False, True)), MOST_COUNTED),
        asking=debts.asking(MOST_COUNTED),
        refused=debts.refused(MOST_COUNTED),
        oldest_owed_s=max(0.0, (desk.now - oldest).total_seconds()) if oldest else 0.0,
        most=MOST_COUNTED,
    )
    if crm is None:
        return answer
    seen = crm.figures(desk.now)
    return answer.model_copy(
        update={
            "kind": crm.kind,
            "passage": seen.state.passage.value,
            "until": seen.state.until,
            "why": seen.state.why,
            "rate": seen.rate,
            "rate_limit": seen.limit,
            "session_age_s": seen.session_age_s,
        }
    )


def crm_resume(request: CrmResumeRequest, desk: Desk) -> CrmResumeAnswer:
    """Have the CRM tried again with the same credentials, after a person acted on it.

    Raises:
        Taken: there is no external CRM.
    """
    crm = _crm(desk)
    desk.ports.audit.put(desk.entry("crm-resume", f"CRM#{crm.kind}", request.why))
    crm.resume()
    state = crm.figures(desk.now).state
    return CrmResumeAnswer(passage=state.passage.value, why=state.why)


def crm_preflight(request: CrmPreflightRequest, desk: Desk) -> CrmPreflightAnswer:
    """Log in, see what the CRM can hold of ours, and look up the CRM ids of our agents; being let in ends a stop.

    Raises:
        Taken: there is no external CRM.
        CrmFaulted: it does not answer, or refuses us.
    """
    crm = _crm(desk)
    directory = desk.ports.process.directory
    agents = [agent for source in sorted(catalog()) for agent in directory.all(source)]
    desk.ports.audit.put(desk.entry("crm-preflight", f"CRM#{crm.kind}", request.why))
    crm.resume()  # while it is stopped nobody logs in; if it refuses us again, it is stopped again
    try:
        schema, lacks = crm.preflight(agents)
        mapping = crm.drawing().mapping
    finally:
        crm.release()
    return CrmPreflightAnswer(
        version=schema.version,
        modules=_modules(schema, mapping),
        lacks=tuple(_told(lack) for lack in [*schema.lacks, *lacks]),
        agents=len(agents),
        ready=not any(lack.fatal for lack in [*schema.lacks, *lacks]),
    )


def refusal(error: CrmFaulted) -> tuple[int, str]:
    """Status and line for a request that the CRM kept from being done."""
    fault = error.fault
    if fault.kind is FaultClass.AUTH_DENIED:
        return 409, f"the CRM does not let us in: {fault.words}; docs/runbooks/crm-refuses-us.md has what to do"
    if fault.kind in {FaultClass.CONFIG, FaultClass.REJECTED, FaultClass.GONE}:
        return 409, f"the CRM cannot do it: {fault.words}"
    wait = f"; try again in {fault.wait_s:.0f} s" if fault.wait_s >= 1 else "; try again in a moment"
    return 503, f"the CRM cannot be asked now: {fault.words}{wait}"


def _crm(desk: Desk) -> CrmDesk:
    if desk.ports.crm is None:
        raise Taken(_NO_CRM)
    return desk.ports.crm


def _modules(schema: Schema, mapping: CrmMapping) -> tuple[ModuleTold, ...]:
    return tuple(
        ModuleTold(
            kind=kind.value,
            module=mapping.kinds[kind].module,
            fields=tuple(
                FieldTold(name=name, type=one.type, length=one.length) for name, one in sorted(fields.items())
            ),
        )
        for kind, fields in schema.fields.items()
    )


def _told(lack: Lack) -> LackTold:
    return LackTold(what=lack.what, effect=lack.effect, remedy=lack.remedy, fatal=lack.fatal)

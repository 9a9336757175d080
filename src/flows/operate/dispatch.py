"""An action by its name and a request as JSON; out goes the status of the answer, and the answer as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from domain.crm.faults import CrmFaulted
from domain.errors import CommissionRefused, ConfigurationError, Conflict, Unavailable
from domain.operate.actions import ACTIONS
from domain.operate.base import Message, Refused
from flows.operate import (
    accounts,
    agreeing,
    cda,
    commissions,
    crm,
    crm_line,
    letters,
    looking,
    openings,
    people,
    planning,
    plans,
    previewing,
    reconciles,
    replays,
    statements,
)
from flows.operate.errors import BadRequest, NotFound, RequestRefused
from flows.operate.telling import refusal_told

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from flows.operate.desk import Desk

#: What each action does; takes and gives what `ACTIONS` says.
DOES: Mapping[str, Callable[[Any, Desk], Message]] = {
    "list": letters.list_events,
    "groups": letters.groups,
    "show": letters.show,
    "reveal": letters.reveal,
    "edit": letters.edit,
    "plan": planning.plan,
    "job": replays.job,
    "preview": replays.preview,
    "step": replays.step,
    "discard": letters.discard,
    "trace": looking.trace,
    "events": looking.events,
    "status": looking.status,
    "audit": looking.audit,
    "agents": people.agents,
    "agents-check": people.agents_check,
    "agents-import": people.agents_import,
    "forget": people.forget,
    "plans": plans.plans,
    "plan-explain": plans.plan_explain,
    "plan-publish": plans.plan_publish,
    "plan-assign": accounts.plan_assign,
    "agents-opening": openings.agents_opening,
    "commission": commissions.commission,
    "commission-preview": previewing.commission_preview,
    "commission-explain": commissions.commission_explain,
    "commission-agree": agreeing.commission_agree,
    "commission-agreement": agreeing.commission_agreement,
    "statement": statements.statement,
    "cda-list": cda.cda_list,
    "cda-show": cda.cda_show,
    "cda-approve": cda.cda_approve,
    "cda-return": cda.cda_return,
    "cda-send": cda.cda_send,
    "cda-void": cda.cda_void,
    "cda-setup": cda.cda_setup,
    "crm-asks": crm.crm_asks,
    "crm-show": crm.crm_show,
    "crm-answer": crm.crm_answer,
    "crm-status": crm_line.crm_status,
    "crm-resume": crm_line.crm_resume,
    "crm-preflight": crm_line.crm_preflight,
    "reconcile": reconciles.reconcile,
    "reconcile-values": reconciles.reconcile_values,
    "reconcile-export": reconciles.reconcile_export,
    "reconcile-export-values": reconciles.reconcile_export_values,
    "reconcile-fix": reconciles.reconcile_fix,
}

#: As many mistakes of a request as one line names.
_MOST_MISTAKES = 5


def dispatch(action: str, body: str, desk: Desk) -> tuple[int, str]:
    """Do what was asked.

    Args:
        action: a name of `ACTIONS`.
        body: the request as JSON; empty for one without fields.
        desk: the outside, and who asks.

    Returns:
        Status and JSON. What cannot be done is answered, with one line that says what to do; what nobody understands
        is raised.
    """
    try:
        return 200, _answer(action, body, desk).model_dump_json()
    except RequestRefused as refused:
        return _refused(refused.status, str(refused))
    except CommissionRefused as refused:
        return _refused(409, "; ".join([str(refused), *refusal_told(refused)]))
    except CrmFaulted as faulted:
        return _refused(*crm_line.refusal(faulted))
    except Conflict as conflict:
        return _refused(409, f"somebody else was first ({conflict}); look again, then repeat")
    except Unavailable as outage:
        return _refused(503, f"storage does not answer now ({outage}); repeat it in a moment, that is harmless")
    except ConfigurationError as mistake:
        return _refused(503, f"a setting is wrong: {mistake}")


def _answer(action: str, body: str, desk: Desk) -> Message:
    if action not in DOES:
        raise NotFound(f"there is no action {action[:40]!r}; there are {', '.join(DOES)}")
    asks = ACTIONS[action][0]
    try:
        request = asks.model_validate_json(body.strip() or "{}")
    except ValidationError as error:
        raise BadRequest(_mistakes(action, error)) from error
    return DOES[action](request, desk)


def _refused(status: int, text: str) -> tuple[int, str]:
    return status, Refused(error=" ".join(text.split())).model_dump_json()


def _mistakes(action: str, error: ValidationError) -> str:
    """What is wrong with a request, without what it holds: that may be a payload."""
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    told = [_mistake(mistake) for mistake in mistakes[:_MOST_MISTAKES]]
    more = f"; and {len(mistakes) - _MOST_MISTAKES} more" if len(mistakes) > _MOST_MISTAKES else ""
    return f"{action}: {'; '.join(told)}{more}"


def _mistake(mistake: ErrorDetails) -> str:
    place = ".".join(str(step)[:60] for step in mistake["loc"])
    return f"{place}: {mistake['msg']}" if place else mistake["msg"]

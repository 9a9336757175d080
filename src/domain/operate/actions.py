"""The operators' API: what the `dealwire` command asks of the `operate` function, and what it is told.

`POST /operate/{action}` with the request as JSON. Answers hold ids, names of fields and masked values; only `reveal`
(and what an operator types into `edit`) carries a payload. Every action that is not a mere look leaves an audit entry
with the caller of the signed request.
"""

from __future__ import annotations

from typing import Literal

from domain.operate.agreements import AgreeAnswer, AgreementAnswer, AgreementRequest, AgreeRequest
from domain.operate.base import Message
from domain.operate.cda import (
    CdaAnswer,
    CdaApproveRequest,
    CdaListAnswer,
    CdaListRequest,
    CdaReturnRequest,
    CdaSendRequest,
    CdaSetupAnswer,
    CdaSetupRequest,
    CdaShowAnswer,
    CdaShowRequest,
    CdaVoidRequest,
)
from domain.operate.commissions import (
    CommissionAnswer,
    CommissionExplainAnswer,
    CommissionExplainRequest,
    CommissionRequest,
    DealPreviewAnswer,
    DealPreviewRequest,
    StatementAnswer,
    StatementRequest,
)
from domain.operate.crm import (
    CrmAnswerAnswer,
    CrmAnswerRequest,
    CrmAsksAnswer,
    CrmAsksRequest,
    CrmPreflightAnswer,
    CrmPreflightRequest,
    CrmResumeAnswer,
    CrmResumeRequest,
    CrmShowAnswer,
    CrmShowRequest,
    CrmStatusAnswer,
    CrmStatusRequest,
)
from domain.operate.letters import (
    DiscardAnswer,
    DiscardRequest,
    EditAnswer,
    EditRequest,
    GroupsAnswer,
    GroupsRequest,
    ListAnswer,
    ListRequest,
    RevealAnswer,
    RevealRequest,
    ShowAnswer,
    ShowRequest,
)
from domain.operate.looking import (
    AuditAnswer,
    AuditRequest,
    EventsAnswer,
    EventsRequest,
    StatusAnswer,
    StatusRequest,
    TraceAnswer,
    TraceRequest,
)
from domain.operate.people import AgentsAnswer, AgentsChange, AgentsFile, AgentsRequest, ForgetAnswer, ForgetRequest
from domain.operate.plans import (
    AssignAnswer,
    AssignRequest,
    OpeningAnswer,
    OpeningRequest,
    PlanExplainAnswer,
    PlanExplainRequest,
    PlansAnswer,
    PlansRequest,
    PublishAnswer,
    PublishRequest,
)
from domain.operate.reconciles import (
    ReconcileAnswer,
    ReconcileExportAnswer,
    ReconcileExportRequest,
    ReconcileFixAnswer,
    ReconcileFixRequest,
    ReconcileRequest,
)
from domain.operate.replays import (
    JobAnswer,
    JobRequest,
    PlanRequest,
    PreviewAnswer,
    PreviewRequest,
    StepAnswer,
    StepRequest,
)

#: The classes of managed policies: who may look and mend, who may see personal data, who may decide about money.
Policy = Literal["operator", "operator-pii", "broker"]

#: Action to what it takes and gives, and the managed policy that allows it.
ACTIONS: dict[str, tuple[type[Message], type[Message], Policy]] = {
    "list": (ListRequest, ListAnswer, "operator"),
    "groups": (GroupsRequest, GroupsAnswer, "operator"),
    "show": (ShowRequest, ShowAnswer, "operator"),
    "reveal": (RevealRequest, RevealAnswer, "operator-pii"),
    "edit": (EditRequest, EditAnswer, "operator-pii"),
    "plan": (PlanRequest, JobAnswer, "operator"),
    "job": (JobRequest, JobAnswer, "operator"),
    "preview": (PreviewRequest, PreviewAnswer, "operator"),
    "step": (StepRequest, StepAnswer, "operator"),
    "discard": (DiscardRequest, DiscardAnswer, "operator"),
    "trace": (TraceRequest, TraceAnswer, "operator"),
    "events": (EventsRequest, EventsAnswer, "operator"),
    "status": (StatusRequest, StatusAnswer, "operator"),
    "audit": (AuditRequest, AuditAnswer, "operator"),
    "agents": (AgentsRequest, AgentsAnswer, "operator"),
    "agents-check": (AgentsFile, AgentsChange, "operator"),
    "agents-import": (AgentsFile, AgentsChange, "operator"),
    "forget": (ForgetRequest, ForgetAnswer, "operator-pii"),
    "plans": (PlansRequest, PlansAnswer, "operator"),
    "plan-explain": (PlanExplainRequest, PlanExplainAnswer, "operator"),
    "plan-publish": (PublishRequest, PublishAnswer, "broker"),
    "plan-assign": (AssignRequest, AssignAnswer, "broker"),
    "agents-opening": (OpeningRequest, OpeningAnswer, "broker"),
    "commission": (CommissionRequest, CommissionAnswer, "operator"),
    "commission-preview": (DealPreviewRequest, DealPreviewAnswer, "operator"),
    "commission-explain": (CommissionExplainRequest, CommissionExplainAnswer, "operator"),
    "commission-agree": (AgreeRequest, AgreeAnswer, "broker"),
    "commission-agreement": (AgreementRequest, AgreementAnswer, "operator"),
    "statement": (StatementRequest, StatementAnswer, "operator"),
    "cda-list": (CdaListRequest, CdaListAnswer, "operator"),
    "cda-show": (CdaShowRequest, CdaShowAnswer, "operator"),
    "cda-approve": (CdaApproveRequest, CdaAnswer, "broker"),
    "cda-return": (CdaReturnRequest, CdaAnswer, "broker"),
    "cda-send": (CdaSendRequest, CdaAnswer, "broker"),
    "cda-void": (CdaVoidRequest, CdaAnswer, "broker"),
    "cda-setup": (CdaSetupRequest, CdaSetupAnswer, "broker"),
    "crm-asks": (CrmAsksRequest, CrmAsksAnswer, "operator"),
    "crm-show": (CrmShowRequest, CrmShowAnswer, "operator"),
    "crm-answer": (CrmAnswerRequest, CrmAnswerAnswer, "operator"),
    "crm-status": (CrmStatusRequest, CrmStatusAnswer, "operator"),
    "crm-resume": (CrmResumeRequest, CrmResumeAnswer, "operator"),
    "crm-preflight": (CrmPreflightRequest, CrmPreflightAnswer, "operator"),
    "reconcile": (ReconcileRequest, ReconcileAnswer, "operator"),
    "reconcile-values": (ReconcileRequest, ReconcileAnswer, "operator-pii"),
    "reconcile-export": (ReconcileExportRequest, ReconcileExportAnswer, "operator"),
    "reconcile-export-values": (ReconcileExportRequest, ReconcileExportAnswer, "operator-pii"),
    "reconcile-fix": (ReconcileFixRequest, ReconcileFixAnswer, "operator"),
}

"""CDAs: `cda-list`, `cda-show`, `cda-approve`, `cda-return`, `cda-send`, `cda-void`, `cda-setup`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from domain.commission.cda import Brokerage, CdaState
from domain.operate.base import Id, Message, Why


class CdaTold(Message):
    """A CDA's way so far, as `domain.commission.cda.CdaRow` explains it."""

    deal: str
    reference: str
    closing_date: date
    version: int
    number: int
    state: CdaState
    digest: str
    pdf_key: str
    approved_by: str
    approved_at: AwareDatetime | None
    sent_to: str
    sent_at: AwareDatetime | None
    note: str
    superseded_by: int


class CdaListRequest(Message):
    """`cda-list`: CDAs in one state, or drafts and approved ones: what is to be done; the earliest closing first."""

    state: CdaState | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 100


class CdaListAnswer(Message):
    """The CDAs."""

    rows: tuple[CdaTold, ...]


class CdaShowRequest(Message):
    """`cda-show`: a deal's CDA. `version`: one that was approved, as it was; else as it stands now."""

    deal: Id
    version: Annotated[int, Field(ge=1)] | None = None
    pdf: bool = False


class CdaShowAnswer(Message):
    """A CDA.

    Attributes:
        cda: how it stands.
        versions: every version that was approved.
        document: what it prints; without who may sign.
        missing: what a closing agent would look for in vain.
        pdf_base64: the PDF, where it was asked for: of an approved version the very bytes that were approved; of one
            that was superseded or voided since, a copy that says so.
    """

    cda: CdaTold
    versions: tuple[CdaTold, ...]
    document: dict[str, Any]
    missing: tuple[str, ...]
    pdf_base64: str = ""


class CdaApproveRequest(Message):
    """`cda-approve` (broker, and one of the brokerage's signers): render, sign, lock.

    `number`: of the calculation that was looked at; refused where there is a newer one.
    """

    deal: Id
    number: int | None = None
    why: Why = "looked at and approved"


class CdaReturnRequest(Message):
    """`cda-return` (broker): an approved CDA becomes a draft again."""

    deal: Id
    why: Why


class CdaSendRequest(Message):
    """`cda-send` (broker): the approved CDA was sent; `to`: who received it."""

    deal: Id
    to: Annotated[tuple[Annotated[str, Field(min_length=3, max_length=200)], ...], Field(min_length=1, max_length=10)]
    why: Why = "sent to the closing agent"


class CdaVoidRequest(Message):
    """`cda-void` (broker): this CDA is not to be paid by. A later calculation makes a new draft."""

    deal: Id
    why: Why


class CdaAnswer(Message):
    """The CDA as it is now. `missing`: what a closing agent would look for in vain."""

    cda: CdaTold
    missing: tuple[str, ...] = ()


class CdaSetupRequest(Message):
    """`cda-setup` (broker): the brokerage as its CDAs name it, and who may sign them."""

    brokerage: Brokerage
    why: Why


class CdaSetupAnswer(Message):
    """Who may sign from now on."""

    legal_name: str
    signers: tuple[str, ...]

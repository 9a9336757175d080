"""The commission disbursement authorization: a broker's instruction to the closing agent, and its way to them.

Fields: NAR-independent trade practice as collected in docs/commissions.md; a line exists only for what the closing
agent pays. Splits, caps, year-to-date figures and account numbers are kept off it.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.commission.charges import PlanPart
from domain.commission.closing import AgentId
from domain.deal import Frozen
from domain.money import Money


class CdaState(StrEnum):
    """draft → approved → sent; a return makes it a draft again; void ends it."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    VOID = "void"


class Signer(PlanPart):
    """Who may approve: the designated broker, or a delegate whose authority is recorded.

    Attributes:
        name: as the CDA prints it.
        licence: the broker's licence number.
        identity: the ARN of whoever signs the request, without the session of an assumed role.
        account: their own commission account, if they are an agent too: nobody approves a deal that pays them.
        starts: from when.
        until: until when, for delegates.
        document: where the delegation is written down.
    """

    name: Annotated[str, Field(min_length=1)]
    licence: Annotated[str, Field(min_length=1)]
    identity: Annotated[str, Field(min_length=1)]
    account: AgentId | None = None
    starts: date | None = None
    until: date | None = None
    document: str = ""


class Brokerage(PlanPart):
    """The brokerage as its CDAs name it, and who may sign them."""

    legal_name: Annotated[str, Field(min_length=1)]
    dba: str = ""
    address: Annotated[str, Field(min_length=1)]
    phone: Annotated[str, Field(min_length=1)]
    email: Annotated[str, Field(min_length=1)]
    licence: Annotated[str, Field(min_length=1)]
    ein: Annotated[str, Field(pattern=r"^[0-9]{2}-[0-9]{7}$")]
    broker: Signer
    delegates: tuple[Signer, ...] = ()
    earnest_money_offset: bool = False
    terms: tuple[str, ...] = ()


class CdaParty(Frozen):
    """A person or company on the deal, as the CDA names them."""

    role: str
    name: str
    company: str = ""
    licence: str = ""
    contact: str = ""


class CdaSource(Frozen):
    """Who pays how much towards which side."""

    side: str
    payer: str
    title: str
    amount: Money


class CdaLine(Frozen):
    """What the closing agent pays to one payee."""

    payee: str
    role: str
    licence: str
    memo: str
    amount: Money


class CdaApproval(Frozen):
    """The broker's approval as the CDA prints it in place of a signature.

    Attributes:
        name: who approved.
        licence: theirs.
        authority: `designated broker`, or the document that delegates it.
        at: when (aware UTC).
    """

    name: str
    licence: str
    authority: str
    at: datetime


class CdaDocument(Frozen):
    """Everything that a CDA prints; the same document is always the same bytes.

    Attributes:
        deal_id: our id of the deal.
        reference: the deal's own number or name.
        version: from 1.
        supersedes: `version 1 of 2026-11-02`, or empty.
        superseded: the mark of a version that was replaced or returned, or empty; a first word in capitals stands
            across the pages (`RETURNED: the side is wrong`), else SUPERSEDED does.
        issued: the day of the closing's calculation.
        brokerage: whose it is.
        closing_agent: title, escrow or attorney.
        title_file: their file number.
        property: street, city, state, zip, county, parcel.
        mls_id: if known.
        contract_date: signed.
        closing_date: closed.
        price: sale price.
        represents: `listing`, `buying` or `both`.
        parties: buyers, sellers, the other broker and so on.
        agents: our agents with licence numbers.
        commission: what was agreed, in words, one line for each side.
        sources: who pays which side.
        gross: their total.
        earnest_money: what the brokerage holds and keeps against the commission.
        from_closing: gross less that: what the closing agent disburses.
        lines: payees in order, the brokerage last as the remainder; they add up to `from_closing`.
        calculation: id of the calculation.
        digest: SHA-256 over the calculation.
        held: the earnest money that the brokerage holds; None: none, or somebody else does.
        approval: of the broker; None: a draft, and printed as one.
        void: the mark of a version that was voided, or empty.
        missing: what a closing agent expects and the deal does not say, each in a sentence. A draft may lack it.
    """

    deal_id: str
    reference: str
    version: int
    supersedes: str
    superseded: str
    issued: date
    brokerage: Brokerage
    closing_agent: CdaParty | None
    title_file: str
    property: tuple[str, ...]
    mls_id: str
    contract_date: date | None
    closing_date: date
    price: Money | None
    represents: str
    parties: tuple[CdaParty, ...]
    agents: tuple[CdaParty, ...]
    commission: tuple[str, ...]
    sources: tuple[CdaSource, ...]
    gross: Money
    earnest_money: Money
    from_closing: Money
    lines: tuple[CdaLine, ...]
    calculation: str
    digest: str
    held: Money | None = None
    approval: CdaApproval | None = None
    void: str = ""
    missing: tuple[str, ...] = ()


class CdaRow(Frozen):
    """One version of a deal's CDA and its way.

    Attributes:
        deal_id: our id of the deal.
        version: from 1; 0: none was approved yet.
        number: of the calculation that it is of.
        state: where it stands.
        guard: counts changes of this row.
        reference: as the CDA has it.
        closing_date: as the CDA has it.
        digest: SHA-256 of the PDF's bytes, once approved.
        pdf_key: where they lie.
        approved_by: who, and on what authority.
        approved_at: when.
        sent_to: who received it.
        sent_at: when.
        note: why it was returned or voided.
        superseded_by: the number of the calculation that came after it was approved; 0: none.
    """

    deal_id: str
    version: int
    number: int
    state: CdaState
    guard: int
    reference: str
    closing_date: date
    digest: str = ""
    pdf_key: str = ""
    approved_by: str = ""
    approved_at: datetime | None = None
    sent_to: str = ""
    sent_at: datetime | None = None
    note: str = ""
    superseded_by: int = 0

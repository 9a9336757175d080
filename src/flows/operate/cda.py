"""CDAs: which there are, what they print, and their way from the draft to the closing agent."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from domain.commission.cda import CdaApproval, CdaState
from domain.commission.settlement import Standing
from domain.operate.cda import CdaAnswer, CdaListAnswer, CdaSetupAnswer, CdaShowAnswer
from flows.operate.aftermath import office_day
from flows.operate.cda_papers import Draft, drawn_up, json_key, mark, paper_of
from flows.operate.errors import BadRequest, NotFound, Taken
from flows.operate.parties import called, deal_named
from flows.operate.signing import authority, check_disinterested, check_signers
from flows.operate.telling import cda_told

if TYPE_CHECKING:
    from domain.commission.cda import Brokerage, CdaDocument, CdaRow
    from domain.commission.settlement import Head
    from domain.deal import Deal
    from domain.event_log import AuditEntry
    from domain.operate.cda import (
        CdaApproveRequest,
        CdaListRequest,
        CdaReturnRequest,
        CdaSendRequest,
        CdaSetupRequest,
        CdaShowRequest,
        CdaVoidRequest,
    )
    from flows.operate.desk import Desk

#: What somebody still has to do something about.
_OPEN = (CdaState.DRAFT, CdaState.APPROVED)

#: Not shown with the document: who may sign is nobody's business outside.
_PRIVATE: dict[str, Any] = {"brokerage": {"broker": {"identity", "account"}, "delegates": True}}


def cda_list(request: CdaListRequest, desk: Desk) -> CdaListAnswer:
    """List CDAs, the earliest closing first."""
    states = _OPEN if request.state is None else (request.state,)
    rows = [row for state in states for row in desk.ports.cdas.listed(state, limit=request.limit)]
    rows.sort(key=lambda row: (row.closing_date, row.deal_id))
    return CdaListAnswer(rows=tuple(cda_told(row) for row in rows[: request.limit]))


def cda_show(request: CdaShowRequest, desk: Desk) -> CdaShowAnswer:
    """Show a CDA: what it prints, its way so far, and if asked for the PDF.

    Raises:
        NotFound: the deal has none, or not that version.
    """
    deal = deal_named(request.deal, desk)
    row = _row(deal, desk)
    versions = desk.ports.cdas.versions(deal.id)
    wanted = row if request.version is None else _version(request.version, versions, deal)
    # What was signed is shown as it was; what was not yet, as it would be now.
    signed = wanted.pdf_key and (request.version is not None or wanted.state is not CdaState.DRAFT)
    document = paper_of(wanted, desk) if signed else drawn_up(_draft(deal, row, desk), desk)
    if signed or wanted.state is CdaState.VOID:
        document = mark(document, wanted)
    pdf = _pdf(document, wanted if signed else None, desk) if request.pdf else b""
    return CdaShowAnswer(
        cda=cda_told(wanted),
        versions=tuple(cda_told(one) for one in versions),
        document=document.model_dump(mode="json", exclude=_PRIVATE),
        missing=document.missing,
        pdf_base64=base64.b64encode(pdf).decode(),
    )


def cda_approve(request: CdaApproveRequest, desk: Desk) -> CdaAnswer:
    """Approve the draft: render it, store the PDF with its hash, lock it.

    Raises:
        NotFound: the deal has no CDA.
        Taken: it is no draft, the commission is not settled, or the caller may not approve this one.
    """
    deal = deal_named(request.deal, desk)
    row, head = _row(deal, desk), desk.ports.commissions.head(deal.id)
    _check_state(row, "approve", CdaState.DRAFT)
    _check_settled(deal, row, head, desk)
    if request.number is not None and request.number != row.number:
        raise Taken(
            f"the CDA is of calculation {row.number} now, and you looked at {request.number}; look again, then approve"
        )
    draft = _draft(deal, row, desk)
    by = authority(desk.who, draft.brokerage, office_day(desk))
    approval = CdaApproval(name=by.signer.name, licence=by.signer.licence, authority=by.words, at=desk.now)
    document = drawn_up(draft, desk, approval)
    check_disinterested(by.signer, draft.posted, document, deal)
    pdf = _rendered(document)
    digest = sha256(pdf).hexdigest()
    key = f"cda/{deal.id}/{document.version}-{digest}.pdf"
    desk.ports.documents.put(key, pdf)
    desk.ports.documents.put(json_key(key), document.model_dump_json().encode())
    approved = row.model_copy(
        update={
            "version": document.version,
            "state": CdaState.APPROVED,
            "guard": row.guard + 1,
            "digest": digest,
            "pdf_key": key,
            "approved_by": f"{by.signer.name}, {by.words} ({desk.who})",
            "approved_at": desk.now,
            "sent_to": "",
            "sent_at": None,
            "note": "",
            "superseded_by": 0,
        }
    )
    said = {"version": str(document.version), "calculation": document.calculation, "sha256": digest}
    desk.ports.cdas.save(approved, _next(head), _entry("cda-approve", row, request.why, desk, by=by.words, **said))
    return CdaAnswer(cda=cda_told(approved), missing=document.missing)


def cda_return(request: CdaReturnRequest, desk: Desk) -> CdaAnswer:
    """Make an approved or sent CDA a draft again; its PDF is kept, and the next approval is a version of its own.

    Raises:
        NotFound: the deal has no CDA.
        Taken: it was not approved.
    """
    row, head = _at(request.deal, desk)
    _check_state(row, "return", CdaState.APPROVED, CdaState.SENT)
    returned = row.model_copy(
        update={
            "state": CdaState.DRAFT,
            "guard": row.guard + 1,
            "note": request.why,
            # A calculation that paid everybody the same left the signed CDA as it was; the draft is of the current one.
            "number": head.number or row.number,
        }
    )
    entry = _entry("cda-return", row, request.why, desk, version=str(row.version), was=row.state.value)
    desk.ports.cdas.save(returned, _next(head), entry)
    return CdaAnswer(cda=cda_told(returned))


def cda_send(request: CdaSendRequest, desk: Desk) -> CdaAnswer:
    """Record who received the approved CDA; from then on the deal counts as paid by it.

    Sending it to others later adds them.

    Raises:
        NotFound: the deal has no CDA.
        Taken: it is not approved, or a change is being settled that may supersede it.
    """
    deal = deal_named(request.deal, desk)
    row, head = _row(deal, desk), desk.ports.commissions.head(deal.id)
    _check_state(row, "send", CdaState.APPROVED, CdaState.SENT)
    _check_no_change(deal, desk)
    received = [*filter(None, row.sent_to.split("; ")), *(" ".join(one.split()) for one in request.to)]
    to = "; ".join(dict.fromkeys(received))
    sent = row.model_copy(
        update={"state": CdaState.SENT, "guard": row.guard + 1, "sent_to": to, "sent_at": row.sent_at or desk.now}
    )
    said = {"version": str(row.version), "sha256": row.digest, "to": "; ".join(request.to)}
    entry = _entry("cda-send", row, request.why, desk, **said)
    desk.ports.cdas.save(sent, replace(_next(head), paid=True), entry)
    return CdaAnswer(cda=cda_told(sent))


def cda_void(request: CdaVoidRequest, desk: Desk) -> CdaAnswer:
    """End this CDA. A later calculation of the deal makes a new draft.

    Raises:
        NotFound: the deal has no CDA.
        Taken: it is void already.
    """
    row, head = _at(request.deal, desk)
    _check_state(row, "void", CdaState.DRAFT, CdaState.APPROVED, CdaState.SENT)
    voided = row.model_copy(update={"state": CdaState.VOID, "guard": row.guard + 1, "note": request.why})
    entry = _entry("cda-void", row, request.why, desk, version=str(row.version), was=row.state.value)
    desk.ports.cdas.save(voided, _next(head), entry)
    return CdaAnswer(cda=cda_told(voided))


def cda_setup(request: CdaSetupRequest, desk: Desk) -> CdaSetupAnswer:
    """Replace what CDAs say of the brokerage, and who may sign them.

    Raises:
        BadRequest: a signer cannot be told from others, or a delegation is not recorded.
    """
    check_signers(request.brokerage)
    signers = (request.brokerage.broker, *request.brokerage.delegates)
    entry = desk.entry(
        "cda-setup", "BROKERAGE", request.why, signers="; ".join(f"{one.name} {one.identity}" for one in signers)
    )
    desk.ports.accounts.set_brokerage(request.brokerage, entry)
    return CdaSetupAnswer(legal_name=request.brokerage.legal_name, signers=tuple(one.name for one in signers))


def _at(named: str, desk: Desk) -> tuple[CdaRow, Head]:
    deal = deal_named(named, desk)
    return _row(deal, desk), desk.ports.commissions.head(deal.id)


def _row(deal: Deal, desk: Desk) -> CdaRow:
    row = desk.ports.cdas.row(deal.id)
    if row is None:
        raise NotFound(
            f"deal {called(deal)} has no CDA: its commission was not settled yet; "
            f"see `dealwire commission show {called(deal)}`"
        )
    return row


def _version(number: int, versions: Sequence[CdaRow], deal: Deal) -> CdaRow:
    found = next((one for one in versions if one.version == number), None)
    if found is None:
        there = ", ".join(str(one.version) for one in versions) or "none"
        raise NotFound(f"the CDA of deal {called(deal)} has no version {number}; approved were: {there}")
    return found


def _check_state(row: CdaRow, doing: str, *allowed: CdaState) -> None:
    if row.state not in allowed:
        expected = " or ".join(state.value for state in allowed)
        raise Taken(f"cannot {doing} the CDA: it is {row.state.value}, expected {expected}; see `dealwire cda show`")


def _check_settled(deal: Deal, row: CdaRow, head: Head, desk: Desk) -> None:
    if head.standing is not Standing.SETTLED:
        what = f"commission: needs {head.needs}" if head.needs else "the closing was rescinded; void its CDA instead"
        raise Taken(f"deal {called(deal)} cannot be approved: {what}")
    _check_no_change(deal, desk)
    if row.number != head.number:
        raise _changing(deal)


def _check_no_change(deal: Deal, desk: Desk) -> None:
    if desk.ports.commissions.mark(deal.id) is not None:
        raise _changing(deal)


def _changing(deal: Deal) -> Taken:
    return Taken(f"a change of deal {called(deal)} is being settled; look again in a minute, with `dealwire cda show`")


def _draft(deal: Deal, row: CdaRow, desk: Desk) -> Draft:
    posted = desk.ports.commissions.calculation(deal.id, row.number)
    if posted is None or posted.calculation is None:
        before = f"; `dealwire cda show {called(deal)} --version {row.version}` has the last one" if row.version else ""
        raise Taken(f"nothing is due for deal {called(deal)}: its closing was rescinded{before}")
    return Draft(deal, posted, _brokerage(desk), row, desk.ports.cdas.versions(deal.id))


def _brokerage(desk: Desk) -> Brokerage:
    brokerage = desk.ports.accounts.brokerage()
    if brokerage is None:
        raise BadRequest("the brokerage is not recorded yet; first `dealwire cda setup FILE --why TEXT`")
    return brokerage


def _pdf(document: CdaDocument, signed: CdaRow | None, desk: Desk) -> bytes:
    """The bytes that were approved; a copy with its mark of what was superseded or voided; a draft."""
    if signed is None or document.superseded or document.void:
        return _rendered(document)
    return desk.ports.documents.get(signed.pdf_key)


def _rendered(document: CdaDocument) -> bytes:
    from documents.cda_pdf import render  # reportlab takes its time, and few actions need it

    return render(document)


def _next(head: Head) -> Head:
    return replace(head, version=head.version + 1)


def _entry(action: str, row: CdaRow, why: str, desk: Desk, **said: str) -> AuditEntry:
    return desk.entry(action, f"DEAL#{row.deal_id}", why, **said)

"""What a CDA prints: drawn up from the deal as it is now, or read back as it was approved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.commission.cda import CdaDocument, CdaState
from flows.operate.aftermath import office_day
from flows.operate.errors import NotFound

if TYPE_CHECKING:
    from commissions.disbursing import PaidAt
    from domain.commission.calculation import Calculation
    from domain.commission.cda import Brokerage, CdaApproval, CdaRow
    from domain.commission.settlement import PostedCalculation
    from domain.deal import Deal
    from flows.operate.desk import Desk


@dataclass(frozen=True, slots=True)
class Draft:
    """What the next version of a deal's CDA is drawn up from.

    Attributes:
        deal: as it is now.
        posted: the calculation that the row is of.
        brokerage: whose it is.
        row: how it stands.
        versions: every one that was approved.
    """

    deal: Deal
    posted: PostedCalculation
    brokerage: Brokerage
    row: CdaRow
    versions: Sequence[CdaRow]


def drawn_up(draft: Draft, desk: Desk, approval: CdaApproval | None = None) -> CdaDocument:
    """The next version of a deal's CDA; without an approval it says that it is a draft."""
    from commissions.cda import document

    deal, row, calculation = draft.deal, draft.row, draft.posted.calculation
    paid = set(calculation.payees) | {one.agent for one in calculation.governing} if calculation else set()
    last = next((one for one in reversed(draft.versions) if one.version == row.version), None)
    day = last.approved_at.date() if last and last.approved_at else None
    return document(
        draft.posted,
        deal=deal,
        contacts=desk.ports.process.deals.contacts({role.contact_id for role in deal.participants}),
        accounts=desk.ports.accounts.load(sorted(paid)),
        brokerage=draft.brokerage,
        version=row.version + 1,
        paid_at=_paid_at(calculation, desk) if calculation else {},
        issued=office_day(desk) if approval else None,
        supersedes=f"version {row.version} of {day}" if day else "",
        approval=approval,
    )


def _paid_at(calculation: Calculation, desk: Desk) -> dict[str, PaidAt]:
    """Agent to who pays them out, as the version of their plan says that was applied."""
    versions = desk.ports.plans.versions({one.plan for one in calculation.governing})
    return {
        one.agent: version.plan.agents_paid_at
        for one in calculation.governing
        for version in versions.get(one.plan, ())
        if version.effective.isoformat() == one.version
    }


def json_key(pdf_key: str) -> str:
    """Where the document of a PDF lies, as JSON."""
    return f"{pdf_key.removesuffix('.pdf')}.json"


def paper_of(row: CdaRow, desk: Desk) -> CdaDocument:
    """What an approved version prints, as it was approved.

    Raises:
        NotFound: the documents bucket does not hold it any more.
    """
    try:
        return CdaDocument.model_validate_json(desk.ports.documents.get(json_key(row.pdf_key)))
    except LookupError as error:
        raise NotFound(f"version {row.version} is not among the documents any more ({row.pdf_key})") from error


def mark(document: CdaDocument, row: CdaRow) -> CdaDocument:
    """The document with what became of it since: superseded, returned or voided."""
    if row.state is CdaState.VOID:
        return document.model_copy(update={"void": f"VOID: {row.note}"})
    if row.superseded_by:
        return document.model_copy(update={"superseded": f"SUPERSEDED by calculation {row.superseded_by}"})
    if row.state is CdaState.DRAFT:
        return document.model_copy(update={"superseded": f"RETURNED: {row.note}"})
    return document

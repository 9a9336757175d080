"""Comparing for people: our store with the external CRM and with an export of the source, and what to look at again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from domain.crm.rows import RowKey
from domain.errors import BadPayload, ConfigurationError
from domain.operate.reconciles import (
    DealHeld,
    FindingTold,
    ReconcileAnswer,
    ReconcileExportAnswer,
    ReconcileFixAnswer,
)
from flows.operate.errors import BadRequest, Taken
from flows.operate.parties import called
from flows.reconcile import ReconcilePorts, Walk, reconcile_page
from flows.reconciling.export import compare_export
from mappings.exports.loader import exported_sources
from mappings.reconcile.tolerances import tolerances
from transforms.masking import masked_value

if TYPE_CHECKING:
    from domain.crm.reconciling import Finding
    from domain.operate.reconciles import ReconcileExportRequest, ReconcileFixRequest, ReconcileRequest
    from flows.operate.desk import Desk

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def reconcile(request: ReconcileRequest, desk: Desk) -> ReconcileAnswer:
    """Compare a page of our store with the external CRM; values are masked.

    Raises:
        BadRequest: `after` is not from a page before.
    """
    return _compared(request, desk, masked=True)


def reconcile_values(request: ReconcileRequest, desk: Desk) -> ReconcileAnswer:
    """Compare a page, values shown; that somebody sees some is written down before.

    Raises:
        BadRequest: `after` is not from a page before.
    """
    answer = _compared(request, desk, masked=False)
    _note("reconcile-values", "CRM", request.why, answer.findings, desk)
    return answer


def reconcile_export(request: ReconcileExportRequest, desk: Desk) -> ReconcileExportAnswer:
    """Compare rows of a source's export with our store; values are masked.

    Raises:
        BadRequest: no export of that source can be read, or no column is one that we know.
    """
    return _exported(request, desk, masked=True)


def reconcile_export_values(request: ReconcileExportRequest, desk: Desk) -> ReconcileExportAnswer:
    """Compare rows of an export, values shown; that somebody sees some is written down before.

    Raises:
        BadRequest: no export of that source can be read, or no column is one that we know.
    """
    answer = _exported(request, desk, masked=False)
    _note("reconcile-export-values", f"SOURCE#{request.source}", request.why, answer.findings, desk)
    return answer


def reconcile_fix(request: ReconcileFixRequest, desk: Desk) -> ReconcileFixAnswer:
    """Have rows looked at again, behind everything that is live: the CRM is read, and what differs is delivered.

    Raises:
        BadRequest: one of them is no key of a row.
        Taken: there is no external CRM.
    """
    if desk.ports.crm is None:
        raise Taken("there is no external CRM to mend; what the source's export differs in is mended by a replay")
    try:
        keys = list(dict.fromkeys(RowKey.parse(row) for row in request.rows))
    except ValueError as error:
        raise BadRequest(str(error)) from error
    desk.ports.audit.put(desk.entry("reconcile-fix", "CRM", request.why, rows=str(len(keys))))
    desk.ports.rows.ring(keys, desk.now, backfill=True, sight=True)
    return ReconcileFixAnswer(rung=len(keys))


def _note(action: str, subject: str, why: str, findings: Sequence[FindingTold], desk: Desk) -> None:
    shown = sum(bool(one.ours or one.theirs) for one in findings)
    if shown:
        desk.ports.audit.put(desk.entry(action, subject, why, findings=str(shown)))


def _compared(request: ReconcileRequest, desk: Desk, *, masked: bool) -> ReconcileAnswer:
    crm = desk.ports.crm
    ports = ReconcilePorts(desk.ports.rows, desk.ports.commissions, crm, tolerances())
    walk = Walk(request.since or _EVER, request.after)
    try:
        page = reconcile_page(walk, ports, now=desk.now, time_left=desk.world.time_left)
    except ValueError as error:
        raise BadRequest(f"{error}; begin without it") from error
    finally:
        if crm is not None:
            crm.release()
    fault = page.fault
    return ReconcileAnswer(
        crm=crm.kind if crm else "",
        rows=tuple(str(key) for key in page.rows),
        deals=tuple(DealHeld(id=deal.id, source=deal.source, name=called(deal)) for deal in page.deals),
        findings=tuple(_told(one, masked=masked) for one in page.findings),
        next=page.after,
        stopped=f"{fault.kind}: {fault.words}" if fault else "",
        wait_s=fault.wait_s if fault else 0.0,
    )


def _exported(request: ReconcileExportRequest, desk: Desk, *, masked: bool) -> ReconcileExportAnswer:
    if request.source not in exported_sources():
        known = ", ".join(exported_sources())
        raise BadRequest(f"no export of source {request.source!r} can be read; expected one of {known}")
    try:
        page = compare_export(
            request.source,
            request.header,
            request.rows,
            desk.ports.process.deals,
            tolerances=tolerances(),
            zone=desk.policy.zone,
        )
    except (BadPayload, ConfigurationError) as error:
        raise BadRequest(str(error)) from error
    return ReconcileExportAnswer(
        deals=tuple(page.deals),
        rows=page.rows,
        fields=page.fields,
        ignored=page.ignored,
        findings=tuple(_told(one, masked=masked) for one in page.findings),
    )


def _told(finding: Finding, *, masked: bool) -> FindingTold:
    return FindingTold(
        against=finding.against,
        what=finding.what,
        row=str(finding.row) if finding.row else "",
        name=finding.name,
        field=finding.field,
        ours=masked_value(finding.ours, finding.canonical) if masked else finding.ours,
        theirs=masked_value(finding.theirs, finding.canonical) if masked else finding.theirs,
        detail=finding.detail,
        difference=finding.what.is_difference,
        fixable=finding.fixable,
    )

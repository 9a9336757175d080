"""The source's own export against our store, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.crm.reconciling import Against, Finding, What
from domain.crm.rows import Kind, RowKey
from mappings.crm.sources import SOURCES
from mappings.exports.loader import export_mapping
from mappings.loader import mapping
from transforms.crm_tolerance import same
from transforms.crm_values import deal_field
from transforms.export_rows import columns_of, read_export_row, value_as_text

if TYPE_CHECKING:
    from domain.deal import Deal
    from domain.ports import DealStore
    from mappings.reconcile.tolerances import Tolerances
    from transforms.export_rows import ExportRow


@dataclass(slots=True)
class ExportPage:
    """What some rows of an export told.

    Attributes:
        deals: our ids of the deals that they name.
        fields: our names of the fields that were compared.
        ignored: headers of columns that nothing is known of.
        findings: what does not agree.
        rows: that were compared.
    """

    deals: list[str] = field(default_factory=list)
    fields: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0


def compare_export(
    source: str,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    deals: DealStore,
    *,
    tolerances: Tolerances,
    zone: str,
) -> ExportPage:
    """Compare rows of the export with our store.

    Args:
        source: whose export it is.
        headers: of its columns.
        rows: cells by column.
        deals: our store.
        tolerances: what counts as the same.
        zone: of the office; instants are days there.

    Raises:
        BadPayload: no column holds the deal's id, or anything that we know.
        ConfigurationError: there is no mapping of this source's export.
        Unavailable: storage does not answer.
    """
    columns = columns_of(export_mapping(source), mapping(source), headers)
    page = ExportPage(fields=tuple(sorted(one.field for one in columns.columns)), ignored=columns.ignored)
    office = ZoneInfo(zone)
    for cells in rows:
        row = read_export_row(columns, cells, office)
        if not row.id:
            continue
        page.rows += 1
        deal = deals.deal(source, row.id)
        if deal is None:
            name, told = f"{source}/{row.id}", "in the export, and not in our store"
            page.findings.append(Finding(Against.SOURCE, What.MISSING, None, name=name, detail=told))
            continue
        page.deals.append(deal.id)
        page.findings += _differences(row, deal, f"{source}/{row.id}", tolerances)
    return page


def _differences(row: ExportRow, deal: Deal, name: str, tolerances: Tolerances) -> Iterator[Finding]:
    key = RowKey(Kind.DEAL, deal.id)
    for field_name, value in row.values.items():
        ours, theirs = value_as_text(deal_field(deal, field_name)), value_as_text(value)
        form = SOURCES[Kind.DEAL][field_name].forms[0]
        if not same(tolerances.rule(form, field_name), ours, theirs):
            yield Finding(Against.SOURCE, What.DIFFERENT, key, name, field_name, field_name, ours, theirs)
    for field_name, (cell, fits) in row.unreadable.items():
        yield Finding(
            Against.SOURCE, What.UNREADABLE, key, name, field_name, field_name, theirs=cell, detail=f"expected {fits}"
        )

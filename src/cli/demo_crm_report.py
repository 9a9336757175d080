"""The demo's report on the CRM: what was read back over SOAP, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.demo_crm import COMMISSION_FIELDS, PERSON_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cli.demo_crm import InTheCrm


def show_crm(crm: InTheCrm, console: Console) -> None:
    """Print it for a person."""
    table = Table(title="The deal in the CRM, read back over SOAP", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column()
    for name, text in crm.shown.deal.items():
        table.add_row(name, escape(text))
    console.print(table)
    console.print(_rows("Its people there", PERSON_FIELDS, crm.shown.people))
    console.print(_rows("Its commissions there", COMMISSION_FIELDS, crm.shown.commissions))
    mark = "[green]✓[/]" if crm.ok else "[red]✗[/]"
    console.print(
        f"{mark} from the amendment's webhook to the CRM: deal {_seconds(crm.deal_s)}, "
        f"commissions {_seconds(crm.commissions_s)}\n"
    )


def _rows(title: str, names: Sequence[str], rows: Sequence[Mapping[str, str]]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for name in names:
        table.add_column(name)
    for row in rows:
        table.add_row(*(escape(row.get(name, "")) for name in names))
    return table


def _seconds(measured: float | None) -> str:
    return "not seen" if measured is None else f"{measured:.1f} s"

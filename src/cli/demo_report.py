"""The demo's report: event → outcome, and the deals as the CRM store holds them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from cli.demo_commission_report import show_commissions
from cli.demo_crm_report import show_crm
from domain.deal import GROUPS, Deal, DealDetails
from domain.merging import transitions

if TYPE_CHECKING:
    from cli.demo import HeldDeal, Report
    from cli.demo_incident import Incident


def show(report: Report, console: Console) -> None:
    """Print it for a person."""
    console.print(_steps(report))
    if report.incident is not None:
        _incident(report.incident, console)
    for held in report.deals:
        console.print(_deal(held))
    if report.commissions is not None:
        show_commissions(report.commissions, console)
    if report.crm is not None:
        show_crm(report.crm, console)
    good = sum(ran.as_expected for ran in report.steps)
    verdict = "[green]as expected[/]" if report.ok else "[bold red]NOT as expected[/]"
    console.print(f"{good} of {len(report.steps)} webhooks ended {verdict}, in {report.seconds:.0f} s")


def _steps(report: Report) -> Table:
    table = Table(title="Webhooks", title_justify="left", header_style="bold")
    for name in ("#", "source", "what was sent", "answer", "became", ""):
        table.add_column(name)
    for number, ran in enumerate(report.steps, start=1):
        mark = "[green]✓[/]" if ran.as_expected else f"[red]✗ expected {ran.step.status}, {escape(ran.step.becomes)}[/]"
        table.add_row(str(number), ran.step.source, escape(ran.step.says), str(ran.status), escape(ran.became), mark)
    return table


def _incident(incident: Incident, console: Console) -> None:
    """The alert, what was typed, and what came of it, in this order."""
    console.print(Panel(escape(incident.alert or "no alert came"), title="Slack", title_align="left"))
    console.print(f"[bold]$[/] {escape(incident.command)}")
    change = incident.imported
    console.print(
        f"{len(change.added)} added, {len(change.changed)} changed; {change.events_queued} waiting events queued again"
    )
    console.print(f"[bold]$[/] dealwire trace {escape(incident.event)}")
    for moment in incident.story:
        who = f" by {moment.who}" if moment.who else ""
        console.print(escape(f"  {moment.at:%H:%M:%S}  {moment.what}{who}  {moment.detail}".rstrip()))
    console.print(Panel(escape(incident.recovery or "no recovery came"), title="Slack", title_align="left"))
    mark = "[green]✓[/]" if incident.ok else "[red]✗[/]"
    console.print(f"{mark} the event that was parked is {escape(incident.became)}\n")


def _deal(held: HeldDeal) -> Table:
    deal = held.deal
    # What a payload says is shown, never obeyed: every value of it is escaped.
    title = escape(f"Deal {deal.source}/{deal.source_id} · version {deal.version}")
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column()
    for name, value in _values(deal):
        table.add_row(name, escape(value))
    for share in deal.agents:
        text = f"{share.name} · share {share.share} · CRM user {share.crm_user_id}"
        table.add_row(f"our agent, {share.side}", escape(text))
    for link in deal.participants:
        values = held.contacts[link.contact_id].values
        text = " · ".join(filter(None, (values.get(name) for name in ("name", "company", "email", "phone"))))
        table.add_row(link.role.replace("_", " "), escape(text))
    history = " → ".join(f"{seen.stage} ({change})" for seen, change in transitions(held.history))
    table.add_row("stage history", history)
    if held.commission_due:
        table.add_row("commission", "due, not yet computed")
    return table


def _values(deal: Deal) -> Iterator[tuple[str, str]]:
    for name in DealDetails.model_fields:
        value = getattr(deal.details, name)
        if name in GROUPS:
            yield from ((f"{name}.{inner}", str(part)) for inner, part in value if part is not None)
        elif value is not None:
            yield name, value.isoformat() if isinstance(value, date) else str(value)

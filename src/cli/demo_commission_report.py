"""The demo's report on commissions: the statement in words, the CDA, the records in the CRM store, the adjustment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from cli.demo_commission import Commissions
    from domain.operate.commissions import CommissionAnswer


def show_commissions(commissions: Commissions, console: Console) -> None:
    """Print it for a person."""
    console.print(f"[bold]$[/] dealwire commission explain {escape(commissions.settled.name)}")
    for step in commissions.steps:
        console.print(f"  [bold]{escape(step.heading)}[/]")
        for sentence in step.sentences:
            console.print(f"    {escape(sentence)}")
    cda = commissions.cda
    console.print(f"CDA version {cda.version}: approved by {escape(cda.approved_by)}; sent to {escape(cda.sent_to)}")
    console.print(f"  {commissions.cda_file}\n  SHA-256 {cda.digest}")
    console.print(_records("Commission records in the CRM store", commissions.settled))
    console.print(_adjustments(commissions))
    console.print(_records("Commission records after the amendment", commissions.amended))
    after = commissions.cda_afterwards
    mark = "[green]✓[/]" if commissions.ok else "[red]✗[/]"
    console.print(f"{mark} the CDA stands as a {after.state} of calculation {after.number} now\n")


def _records(title: str, answer: CommissionAnswer) -> Table:
    table = Table(title=f"{title} ({answer.standing})", title_justify="left", header_style="bold")
    for name in ("agent", "side", "plan"):
        table.add_column(name)
    for name in ("GCI", "company dollar", "fees", "net"):
        table.add_column(name, justify="right")
    table.add_column("status")
    for record in answer.records:
        amounts = (record.gci, record.company_dollar, record.fees, record.net)
        table.add_row(*map(escape, (record.name, record.side, record.plan, *amounts, record.status)))
    return table


def _adjustments(commissions: Commissions) -> Table:
    posted = commissions.amended.history[-1]
    paid = "after payment" if posted.after_payment else "before payment"
    title = f"Adjustment {posted.id}, {posted.reason}, {paid}: new less old, line by line"
    table = Table(title=escape(title), title_justify="left", header_style="bold")
    for name in ("what", "from", "to"):
        table.add_column(name)
    for name in ("was", "is", "difference"):
        table.add_column(name, justify="right")
    names = {record.account: record.name for record in commissions.amended.records}
    for line in posted.adjustments:
        amounts = (line.before or "none", line.after or "none", line.delta)
        who = (names.get(line.payer, line.payer), names.get(line.payee, line.payee))
        table.add_row(*map(escape, (line.title or line.code, *who, *amounts)))
    return table

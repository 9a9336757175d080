"""`dealwire trace`, `status` and `audit`: what happened, how it all stands, and who did what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.failures import fail_clearly
from cli.options import After, Json, Limit, Profile, StackName

if TYPE_CHECKING:
    from rich.console import Console

    from domain.operate.looking import AuditAnswer, StatusAnswer


def trace(
    of: Annotated[str, typer.Argument(metavar="RECEIPT|EVENT|DEAL", help="SOURCE/ID, our deal id, or a receipt.")],
    *,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Tell the whole story of a delivery, an event or a deal, in order.

    Example: dealwire trace transactions/TX-1001
    """
    from cli import output, showing
    from cli.filters import Place
    from cli.operator import operator_of
    from domain.operate.looking import TraceAnswer

    with fail_clearly("trace"):
        answer = operator_of(name, profile).call("trace", TraceAnswer, of=of)
    if as_json:
        output.put_json(answer)
        return
    console = output.report_console()
    if answer.commission:
        console.print(output.cell(answer.commission), soft_wrap=True)
    showing.show_moments(answer.moments, f"The story of {answer.kind} {answer.name}", console)
    if answer.open:
        showing.show_rows(answer.open, "Still open", console)
        place = Place(name, profile)
        for row in answer.open[:1]:
            console.print(output.cell(f"Next: {place.command('dlq', 'show', row.id)}"), soft_wrap=True)


def status(*, name: StackName = None, profile: Profile = None, as_json: Json = False) -> None:
    """Show how it all stands: queues, ages, what is open by cause, when each source was last heard, mapping versions.

    Example: dealwire status --stack dealwire-prod
    """
    from cli import output
    from cli.operator import operator_of
    from domain.operate.looking import StatusAnswer

    with fail_clearly("status"):
        answer = operator_of(name, profile).call("status", StatusAnswer)
    if as_json:
        output.put_json(answer)
    else:
        _show_status(answer, output.report_console())


def _show_status(answer: StatusAnswer, console: Console) -> None:
    from cli import output

    queues = output.table("Queues", "queue", "waiting", "in flight", whole=("queue",))
    for queue in answer.queues:
        output.add(queues, queue.name, f"{queue.waiting:,}", f"{queue.in_flight:,}")
    console.print(queues)
    if answer.open:
        opened = output.table("Open events", "state: cause", "count", whole=("state: cause",))
        for kind, count in answer.open.items():
            output.add(opened, kind, f"{count:,}")
        console.print(opened)
    else:
        console.print("nothing is open")
    if answer.commissions_lacking:
        lacking = f"{answer.commissions_lacking:,} closings: commission: needs something"
        console.print(f"{lacking} (`dealwire dlq list --cause commission` names them)")
    sources = output.table(
        "Sources", "source", "last heard", "silent for", "may be silent", "mapping", whole=("source",)
    )
    for source in answer.sources:
        silent, most = source.silent_hours, source.most_silent_hours
        output.add(
            sources,
            source.source,
            output.moment(source.last_received_at),
            "-"
            if silent is None
            else output.duration(silent * 3600) + (" (too long)" if most and silent > most else ""),
            "-" if most is None else f"{most} h",
            f"version {source.mapping_version}",
        )
    console.print(sources)
    console.print(f"the oldest event that is not applied yet: {output.duration(answer.oldest_unapplied_s)}")


def audit(
    *,
    day: Annotated[str | None, typer.Option(help="UTC day such as 2026-11-22; default: today.")] = None,
    limit: Limit = 100,
    after: After = "",
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show who did what on one day, when and why, newest first.

    Example: dealwire audit --day 2026-11-22
    """
    from cli import output
    from cli.filters import Place
    from cli.operator import operator_of
    from domain.operate.looking import AuditAnswer

    on = day or datetime.now(UTC).date().isoformat()
    with fail_clearly("audit"):
        operator = operator_of(name, profile)
        answer = operator.call("audit", AuditAnswer, day=on, limit=limit, after=after)
    if as_json:
        output.put_json(answer)
        return
    if not answer.rows:
        typer.echo(f"nobody did anything on {on}" if not after else "that was all")
        return
    console = output.report_console()
    _show_audit(answer, on, console)
    if answer.next:
        words = ("audit", "--day", on, "--limit", str(limit), "--after", answer.next)
        console.print(output.cell(f"next page: {Place(name, profile).command(*words)}"), soft_wrap=True)


def _show_audit(answer: AuditAnswer, day: str, console: Console) -> None:
    from cli import output

    names = ("when", "who", "action", "subject", "why", "details")
    made = output.table(f"Actions on {day}, newest first", *names, whole=("who", "subject", "why", "details"))
    for row in answer.rows:
        details = ", ".join(f"{key}: {value}" for key, value in row.details.items())
        output.add(made, output.moment(row.at), row.who, row.action, row.subject, row.why, details)
    console.print(made)

"""Lists of events for people, page by page: open ones in groups or rows, and whatever was delivered."""

from __future__ import annotations

import typer

from cli import output, showing
from cli.filters import Events, Letters, Place, unknown_source
from cli.operator import Operator
from domain.operate.letters import GroupsAnswer, ListAnswer
from domain.operate.looking import EventsAnswer


def groups(operator: Operator, chosen: Letters, place: Place, *, as_json: bool) -> None:
    """Print how many events of each kind and hour are open."""
    answer = operator.call("groups", GroupsAnswer, filter=chosen.filter())
    _remark(chosen.source, found=bool(answer.groups))
    if as_json:
        output.put_json(answer)
        return
    if not answer.groups:
        typer.echo("nothing is open" + (" of that kind" if chosen.said else ""))
        return
    names = ("hour", "state", "cause", "source", "count", "oldest", "owner", "remedy")
    made = output.table(f"{answer.total:,} open", *names, whole=("remedy", "source"))
    for group in answer.groups:
        hour, oldest = output.moment(group.hour)[:13] + "h", output.moment(group.oldest)
        count = f"{group.count:,}"
        cause = group.cause or "-"
        output.add(made, hour, group.state, cause, group.source, count, oldest, group.owner, group.remedy)
    console = output.report_console()
    console.print(made)
    console.print(output.cell(f"each: {place.command('dlq', 'list', '--rows', *chosen.options())}"), soft_wrap=True)


def rows(operator: Operator, chosen: Letters, place: Place, *, limit: int, after: str, as_json: bool) -> None:
    """Print a page of open events, and the command for the next."""
    answer = operator.call("list", ListAnswer, filter=chosen.filter(), limit=limit, after=after)
    _remark(chosen.source, found=bool(answer.rows or after))
    if as_json:
        output.put_json(answer)
        return
    if not answer.rows and not answer.next:
        typer.echo("nothing more is open" if after else "nothing is open" + (" of that kind" if chosen.said else ""))
        return
    console = output.report_console()
    showing.show_rows(answer.rows, "Open events, newest first", console)
    if answer.rows:
        shown = place.command("dlq", "show", answer.rows[0].id)
        console.print(output.cell(f"more about one: {shown}"), soft_wrap=True)
    options = ("--rows", *chosen.options(), "--limit", str(limit))
    _next_page(("dlq", "list", *options), answer.next, place)


def events(operator: Operator, chosen: Events, place: Place, *, limit: int, after: str, as_json: bool) -> None:
    """Print a page of deliveries, and the command for the next."""
    answer = operator.call("events", EventsAnswer, filter=chosen.filter(), limit=limit, after=after)
    _remark(chosen.source, found=bool(answer.rows or after))
    if as_json:
        output.put_json(answer)
        return
    if not answer.rows and not answer.next:
        typer.echo("nothing more was received" if after else "nothing was received" + _in_time(chosen))
        return
    names = ("received", "id", "type", "outcome", "deal", "mapping", "receipt")
    made = output.table("Deliveries, newest first", *names, whole=("id", "type", "deal", "receipt"))
    for row in answer.rows:
        at = output.moment(row.received_at)
        output.add(made, at, row.id, row.event_type, row.outcome, row.deal, row.mapping_version, row.receipt)
    output.report_console().print(made)
    _next_page(("events", "list", *chosen.options(), "--limit", str(limit)), answer.next, place)


def _in_time(chosen: Events) -> str:
    return " of that kind" if chosen.during.options() else " of that kind in the last seven days; widen it with --since"


def _next_page(words: tuple[str, ...], after: str, place: Place) -> None:
    if after:
        console = output.report_console()
        console.print(output.cell(f"next page: {place.command(*words, '--after', after)}"), soft_wrap=True)


def _remark(source: str | None, *, found: bool) -> None:
    remark = "" if found else unknown_source(source)
    if remark:
        typer.echo(remark, err=True)

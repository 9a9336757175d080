"""`dealwire agents`: who is an agent of ours. Importing one releases the events that waited for them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.failures import fail_clearly
from cli.options import BySource, Json, Profile, StackName, Why

if TYPE_CHECKING:
    from domain.operate.people import AgentRow, AgentsAnswer, AgentsChange

app = typer.Typer(no_args_is_help=True, help="Our agents: who they are in each source and in the CRM.")

File = Annotated[Path, typer.Argument(help="CSV: source,agent_id,name,licence,office,crm_user_id,crm_contact_id")]
#: What the audit says of an import where the operator says nothing.
USUAL_WHY = "agents import"


@app.command("import")
def import_file(
    file: File,
    *,
    why: Annotated[str, typer.Option(help="Why, in a few words, for the audit.")] = USUAL_WHY,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Add or replace agents, and release every event that was parked for the last of them.

    Every line is checked before any is written. Importing a file again changes nothing.

    Example: dealwire agents import agents.csv
    """
    from cli.agents_file import read_agents
    from cli.operator import operator_of
    from domain.operate.people import AgentsChange
    from mappings.compiler.files import text_of

    with fail_clearly("agents import"):
        agents = read_agents(file)
        operator = operator_of(name, profile)
        change = operator.call("agents-import", AgentsChange, csv=text_of(file), file=file.name, why=why)
    if as_json:
        _put_json(change, agents=len(agents))
        return
    typer.echo(f"{len(agents)} agents are in the directory: {_counts(change)}")
    typer.echo(
        f"{change.events_queued} waiting events were queued again; {change.events_still_parked} wait for another agent"
    )
    _warn(change)


@app.command()
def check(file: File, *, name: StackName = None, profile: Profile = None, as_json: Json = False) -> None:
    """Show what an import of this file would add, change and release. Changes nothing.

    Example: dealwire agents check agents.csv
    """
    from cli.operator import operator_of
    from cli.output import plain
    from domain.operate.people import AgentsChange
    from mappings.compiler.files import text_of
    from sources.catalog import catalog
    from transforms.agents_csv import parse_agents

    with fail_clearly("agents check"):
        text = text_of(file)
        # Here every mistake gets a line; an agent without CRM ids is a finding of the check.
        parse_agents(text, sources=catalog().keys(), file=str(file), crm_ids=False)
        change = operator_of(name, profile).call("agents-check", AgentsChange, csv=text, file=file.name)
    total = len(change.added) + len(change.changed) + change.unchanged
    if as_json:
        _put_json(change, agents=total)
        return
    typer.echo(f"{total} agents in the file: {_counts(change)}")
    for what, names in (("would add", change.added), ("would change", change.changed)):
        for one in names:
            typer.echo(plain(f"  {what} {one}"))
    typer.echo(
        f"{change.events_queued} waiting events would be queued again; "
        f"{change.events_still_parked} would wait for another agent"
    )
    _warn(change)


@app.command("list")
def list_agents(
    *, source: BySource = None, name: StackName = None, profile: Profile = None, as_json: Json = False
) -> None:
    """List the agents of one source, or all.

    Example: dealwire agents list --source dotloop
    """
    from cli import output
    from transforms.agents_csv import COLUMNS

    with fail_clearly("agents list"):
        answer = _held(source, name, profile)
    if as_json:
        output.put_json(answer)
        return
    made = output.table(f"{len(answer.agents):,} agents", *COLUMNS, whole=COLUMNS)
    for agent in answer.agents:
        output.add(made, *(getattr(agent, column) for column in COLUMNS))
    output.report_console().print(made)


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; default: stdout.", dir_okay=False)] = None,
    *,
    source: BySource = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Write the agents as CSV, as `agents import` takes it. A file that is there is replaced.

    Example: dealwire agents export agents.csv
    """
    from cli import output

    with fail_clearly("agents export"):
        answer = _held(source, name, profile)
        text = _csv(answer.agents)
        if file is not None:
            file.write_text(text, encoding="utf-8", newline="")
    if as_json and file is None:
        output.put_json(answer)
    elif as_json:
        output.put_json({"agents": len(answer.agents), "file": str(file)})
    elif file is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"{len(answer.agents)} agents are in {file}")


@app.command()
def opening(
    agent: Annotated[str, typer.Argument(help="SOURCE/AGENT ID, a CRM contact id, team:NAME or shared:NAME.")],
    file: Annotated[Path, typer.Argument(help="YAML: `as_of: DAY` and `counters: {NAME: VALUE}`.")],
    *,
    why: Why,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Set the year-to-date counters that an agent brings along, when they join or the brokerage moves to Dealwire.

    Example: dealwire agents opening transactions/A-1001 opening.yaml --why "moved from the old system"
    """
    from cli import output
    from cli.operator import operator_of
    from cli.plan import say_aftermath
    from cli.plan_files import read_opening
    from domain.commission.amounts import amount_text
    from domain.operate.plans import OpeningAnswer

    with fail_clearly("agents opening"):
        given = read_opening(file)
        counters = {counter: amount_text(value) for counter, value in given.counters.items()}
        operator = operator_of(name, profile)
        answer = operator.call(
            "agents-opening", OpeningAnswer, agent=agent, as_of=given.as_of, counters=counters, why=why
        )
    if as_json:
        output.put_json(answer)
        return
    as_before = "" if answer.changed else " (as before)"
    typer.echo(output.plain(f"{answer.name} ({answer.account}) as of {answer.as_of}{as_before}:"))
    for counter, value in answer.counters.items():
        typer.echo(output.plain(f"  {counter} {value}"))
    say_aftermath(answer.aftermath)


def _held(source: str | None, name: str | None, profile: str | None) -> AgentsAnswer:
    from cli.operator import operator_of
    from domain.operate.people import AgentsAnswer

    return operator_of(name, profile).call("agents", AgentsAnswer, source=source)


def _csv(agents: Iterable[AgentRow]) -> str:
    from transforms.agents_csv import COLUMNS

    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([getattr(agent, column) for column in COLUMNS] for agent in agents)
    return text.getvalue()


def _counts(change: AgentsChange) -> str:
    return f"{len(change.added)} added, {len(change.changed)} changed, {change.unchanged} as before"


def _put_json(change: AgentsChange, *, agents: int) -> None:
    from cli import output

    output.put_json({"agents": agents, **change.model_dump(mode="json")})


def _warn(change: AgentsChange) -> None:
    from cli.output import plain

    if change.without_crm:
        typer.echo(plain(f"without their CRM ids: {', '.join(change.without_crm)}; an import needs them"), err=True)
    if change.events_stuck:
        text = f"{change.events_stuck} events cannot be queued: their source is not in sources.yaml any more"
        typer.echo(text, err=True)

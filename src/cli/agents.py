"""`dealwire agents`: who is an agent of ours. Importing one releases the events that waited for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.failures import fail_clearly
from cli.options import Json, Profile, StackName

app = typer.Typer(no_args_is_help=True, help="Our agents: who they are in each source and in the CRM.")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV: source,agent_id,name,licence,office,crm_user_id,crm_contact_id")],
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Add or replace agents, and release every event that was parked for the last of them.

    Every line is checked before any is written. Importing a file again changes nothing.

    Example: dealwire agents import agents.csv
    """
    from cli import stack
    from cli.agents_file import read_agents
    from flows.release_waiting import ReleasePorts, import_agents

    with fail_clearly("agents import"):
        agents = read_agents(file)
        held = stack.find(name, profile)
        ports = ReleasePorts(held.waiting(), held.directory(), held.queue())
        released = import_agents(agents, ports, now=datetime.now(UTC))
    report = {"agents": len(agents), "events_queued": released.queued, "events_still_parked": released.still_parked}
    if as_json:
        typer.echo(json.dumps(report))
        return
    typer.echo(f"{len(agents)} agents are in the directory")
    typer.echo(f"{released.queued} waiting events were queued again; {released.still_parked} wait for another agent")
    if released.stuck:
        typer.echo(f"{released.stuck} events cannot be queued: their source is not in sources.yaml any more", err=True)

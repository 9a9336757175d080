"""The `dealwire` command."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import agents, cda, commission, crm, dlq, events, plan
from cli.failures import STATUSES, fail_clearly
from cli.forget import forget
from cli.looking import audit, status, trace
from cli.map_command import map_file
from cli.options import Json, Profile, StackName
from cli.reconcile import reconcile
from cli.statement import statement

# What a command needs beyond its options is imported when it runs: `dealwire --help` waits for none of it.
app = typer.Typer(
    no_args_is_help=True,
    help="Dealwire: run it, look into it, mend it.",
    epilog=STATUSES,
    # A variable of a failed command may hold a payload.
    pretty_exceptions_show_locals=False,
)
app.add_typer(dlq.app, name="dlq")
app.add_typer(events.app, name="events")
app.add_typer(agents.app, name="agents")
app.add_typer(plan.app, name="plan")
app.add_typer(commission.app, name="commission")
app.add_typer(cda.app, name="cda")
app.add_typer(crm.app, name="crm")
app.command("map")(map_file)
for command in (trace, status, audit, forget, statement, reconcile):
    app.command()(command)


def say(line: str) -> None:
    """Tell a waiting person what is going on, on stderr."""
    typer.echo(f"· {line}", err=True)


@app.command()
def up(as_json: Json = False) -> None:
    """Build the template, deploy it to an AWS emulator on 127.0.0.1 and keep it running."""
    from cli import local_cloud

    with fail_clearly("up"):
        cloud = local_cloud.up(say)
    if as_json:
        typer.echo(json.dumps(asdict(cloud)))
        return
    typer.echo(f"the local cloud runs at {cloud.endpoint_url} (stop it with `dealwire down`)")
    for source, url in cloud.webhooks.items():
        typer.echo(f"  {source:<14}POST {url}")


@app.command()
def down(as_json: Json = False) -> None:
    """Stop the local cloud and everything that it started."""
    from cli import local_cloud

    with fail_clearly("down"):
        stopped = local_cloud.down()
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo("the local cloud is stopped" if stopped else "the local cloud was not running")


@app.command()
def demo() -> None:
    """Play signed sample webhooks through a local cloud of its own, into a CRM; show what came of them. Two minutes."""
    from cli import demo as script
    from cli.demo_report import show
    from cli.output import report_console

    with fail_clearly("demo"):
        report = script.run(say)
    show(report, report_console())
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def send(
    file: Annotated[Path, typer.Argument(help="The body, sent byte for byte.", exists=True, dir_okay=False)],
    *,
    source: Annotated[str, typer.Option(help="Who sends it: the name in the webhook path.")],
    secret_file: Annotated[
        Path | None, typer.Option(help="Holds the signing secret; without it, the local cloud's demo secret.")
    ] = None,
    event_id: Annotated[str | None, typer.Option(help="Identity of the event; default: the body's own id.")] = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Sign a body as its provider would, and post it. Exit status 0 if it was taken.

    Example: dealwire send --source transactions events/transactions/deal.created__listing.json
    """
    import httpx

    from cli import stack, webhooks

    with fail_clearly("send"):
        body = file.read_bytes()
        secret = secret_file.read_text(encoding="utf-8").strip() if secret_file else webhooks.demo_secret(source)
        headers = webhooks.signed_headers(source, body, secret, event_id)
        with httpx.Client(timeout=15, trust_env=False) as client:
            sent = webhooks.post(client, f"{stack.find(name, profile).webhooks_url}/{source}", body, headers)
    typer.echo(json.dumps({"status": sent.status, "body": sent.body}) if as_json else f"{sent.status} {sent.body}")
    raise typer.Exit(0 if sent.status < 300 else 1)

"""`dealwire map`: what a mapping makes of a payload, before anything is deployed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.failures import fail_clearly
from cli.options import Json


def map_file(
    file: Annotated[Path, typer.Argument(help="A body as the provider sends it.", exists=True, dir_okay=False)],
    *,
    source: Annotated[str, typer.Option(help="Whose body it is: the name in the webhook path.")],
    agents: Annotated[
        Path | None, typer.Option(help="CSV of our agents, as for `agents import`.", exists=True, dir_okay=False)
    ] = None,
    event: Annotated[str | None, typer.Option(help="Event type, where the body does not name it.")] = None,
    fetched: Annotated[
        Path | None,
        typer.Option(
            help="For thin webhooks: JSON object of the fetched documents by name. Default: FILE.fetched.json.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the office.")] = "America/Denver",
    explain: Annotated[bool, typer.Option("--explain", help="Which rule gave each field; what nothing read.")] = False,
    as_json: Json = False,
) -> None:
    """Show what Dealwire would take from a payload, or everything in it that does not fit. Changes nothing."""
    from cli import mapping_preview
    from cli.output import report_console

    with fail_clearly("map"):
        made = mapping_preview.make(source, file, agents=agents, event=event, fetched=fetched, zone=zone)
    if as_json:
        typer.echo(json.dumps(mapping_preview.as_json(made, explain=explain), ensure_ascii=False))
    else:
        mapping_preview.show(made, report_console(), explain=explain)
    if made.result.problems:
        raise typer.Exit(1)

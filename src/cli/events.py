"""`dealwire events`: everything that was delivered, whatever became of it, and its replay."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.dlq import EventId, show_event
from cli.failures import CommandFailed, Status, fail_clearly
from cli.options import (
    After,
    ByDeal,
    BySource,
    DryRun,
    Json,
    Limit,
    Profile,
    Rate,
    Resume,
    Since,
    StackName,
    Until,
    WhyIfNeeded,
    Yes,
)

if TYPE_CHECKING:
    from cli.filters import Events

app = typer.Typer(no_args_is_help=True, help="Everything that was received: look it up, replay it over a time range.")

ByType = Annotated[str | None, typer.Option("--type", help="Only of this event type, in the provider's words.")]


class As(StrEnum):
    """By which mapping a received event is mapped again."""

    NOW = "now"
    THEN = "then"


@app.command("list")
def list_events(
    *,
    source: BySource = None,
    event_type: ByType = None,
    deal: ByDeal = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    after: After = "",
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """List what was received, newest first, with what became of it. Without a time: the last seven days.

    Example: dealwire events list --source dotloop --since 3h
    """
    from cli import listing
    from cli.filters import Events, Place, span
    from cli.operator import operator_of

    with fail_clearly("events list"):
        chosen = Events(span(since, until, datetime.now(UTC)), source, event_type, deal)
        operator = operator_of(name, profile)
        listing.events(operator, chosen, Place(name, profile), limit=limit, after=after, as_json=as_json)


@app.command()
def show(event: EventId, *, name: StackName = None, profile: Profile = None, as_json: Json = False) -> None:
    """Show an event, applied or not: what happened to it, and its payload (masked).

    Example: dealwire events show transactions/evt_123
    """
    show_event("events show", event, name, profile, as_json=as_json)


@app.command()
def replay(
    *,
    since: Since = None,
    until: Until = None,
    source: BySource = None,
    event_type: ByType = None,
    deal: ByDeal = None,
    mapping: Annotated[
        As | None, typer.Option(help="Map by the mapping as it is now, or by that of when each was received.")
    ] = None,
    why: WhyIfNeeded = None,
    dry_run: DryRun = False,
    rate: Rate = 50.0,
    yes: Yes = False,
    resume: Resume = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Process events of a time range again, from the archive, also those that were applied; or show what each would do.

    What is newer in the CRM stays. What is interrupted goes on with --resume; nothing is applied twice.

    Example: dealwire events replay --since 2026-11-15 --source dotloop --mapping now --dry-run

    Example: dealwire events replay --since 7d --type deal.closed --mapping now --why "closing date mended"
    """
    from cli import replaying
    from cli.filters import Events, Place, span
    from cli.operator import operator_of

    with fail_clearly("events replay"):
        chosen = Events(span(since, until, datetime.now(UTC)), source, event_type, deal)
        status = replaying.replay(
            replaying.Order(
                "events replay", operator_of(name, profile), Place(name, profile),
                _plan(chosen, mapping, resumed=resume is not None), why, resume,
                dry_run=dry_run, rate=rate, yes=yes, as_json=as_json,
            )
        )  # fmt: skip
    raise typer.Exit(status)


def _plan(chosen: Events, mapping: As | None, *, resumed: bool) -> dict[str, object]:
    if resumed:
        return {"events": chosen.filter()} if chosen.options() or mapping else {}
    if chosen.during.since is None and chosen.deal is None:
        raise CommandFailed("--since is missing; say from when on, or name a --deal", Status.USAGE)
    if mapping is None:
        raise CommandFailed("--mapping is missing; `now` maps as today, `then` as when received", Status.USAGE)
    return {"events": chosen.filter(), "mapping": mapping.value}

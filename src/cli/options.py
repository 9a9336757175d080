"""Options that several commands have, spelled once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from domain.errors import Cause


class OpenState(StrEnum):
    """The states in which an event is open."""

    DEAD = "dead"
    PARKED = "parked"
    WAITING = "waiting"
    DISCARDED = "discarded"


def sources_that_begin(incomplete: str) -> list[str]:
    """The names of sources that a shell can complete this to."""
    from sources.catalog import catalog

    return sorted(name for name in catalog() if name.startswith(incomplete))


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
StackName = Annotated[
    str | None, typer.Option("--stack", help="A deployed CloudFormation stack; without it, the local cloud.")
]
Profile = Annotated[str | None, typer.Option("--profile", help="AWS profile to reach the stack with.")]

ByCause = Annotated[Cause | None, typer.Option("--cause", help="Only those with this cause.")]
BySource = Annotated[
    str | None, typer.Option("--source", help="Only those of this source.", autocompletion=sources_that_begin)
]
ByDeal = Annotated[
    str | None, typer.Option("--deal", help="Only those of this deal: SOURCE/ID, as the source calls it.")
]
ByState = Annotated[
    list[OpenState] | None, typer.Option("--state", help="Only those in this state; may be given several times.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", help="Not before: 30m, 2h, 3d ago, a date (from 00:00), or an instant. UTC without zone."),
]
Until = Annotated[str | None, typer.Option("--until", help="Before: as for --since; a date is its 00:00.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=200, help="Rows of a page.")]
After = Annotated[str, typer.Option("--after", help="Where the page before ended, as its last line says.")]

WHY = "Why, in a few words, for the audit."
Why = Annotated[str, typer.Option("--why", help=WHY)]
WhyIfNeeded = Annotated[str | None, typer.Option("--why", help=WHY)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would happen to each; change nothing.")]
Rate = Annotated[float, typer.Option("--rate", min=0.1, max=1000.0, help="Messages a second.")]
Resume = Annotated[
    str | None, typer.Option("--resume", metavar="JOB", help="Go on with a replay that was interrupted.")
]

"""`dealwire dlq`: every event that is not applied, why, and what to do about it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.failures import CommandFailed, Status, fail_clearly
from cli.options import (
    After,
    ByCause,
    ByDeal,
    BySource,
    ByState,
    DryRun,
    Json,
    Limit,
    OpenState,
    Profile,
    Rate,
    Resume,
    Since,
    StackName,
    Until,
    Why,
    WhyIfNeeded,
    Yes,
)

if TYPE_CHECKING:
    from cli.filters import Letters, Place
    from cli.operator import Operator
    from domain.operate.letters import RevealAnswer

app = typer.Typer(no_args_is_help=True, help="Events that are dead, parked or waiting: find, understand, mend, replay.")

EventId = Annotated[str, typer.Argument(metavar="ID", help="SOURCE/EVENT-ID, or a receipt.")]


@app.command("list")
def list_open(
    *,
    cause: ByCause = None,
    source: BySource = None,
    deal: ByDeal = None,
    since: Since = None,
    until: Until = None,
    state: ByState = None,
    rows: Annotated[bool, typer.Option("--rows", help="Each event with its id, not the groups.")] = False,
    limit: Limit = 50,
    after: After = "",
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """List the open events, grouped by state, cause, source and hour, or each by itself.

    Example: dealwire dlq list --since 2h

    Example: dealwire dlq list --rows --cause mapping --source transactions
    """
    from cli import listing
    from cli.filters import Letters, Place, span
    from cli.operator import operator_of

    with fail_clearly("dlq list"):
        chosen = Letters(span(since, until, datetime.now(UTC)), cause, source, deal, state or ())
        operator, place = operator_of(name, profile), Place(name, profile)
        if rows or after:
            listing.rows(operator, chosen, place, limit=limit, after=after, as_json=as_json)
        else:
            listing.groups(operator, chosen, place, as_json=as_json)


@app.command()
def show(
    event: EventId,
    *,
    reveal: Annotated[bool, typer.Option("--reveal", help="Print the body as it is; needs --why, is audited.")] = False,
    why: WhyIfNeeded = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show an event: its attempts, the fields that fail (masked), what a replay would do, and what to type next.

    Example: dealwire dlq show transactions/evt_123

    Example: dealwire dlq show transactions/evt_123 --reveal --why "ticket 4711" > body.json
    """
    show_event("dlq show", event, name, profile, reveal_why=why, reveal=reveal, as_json=as_json)


def show_event(
    command: str,
    event: str,
    name: str | None,
    profile: str | None,
    *,
    as_json: bool,
    reveal: bool = False,
    reveal_why: str | None = None,
) -> None:
    """Show an event, open or not; or only its body, as it is."""
    from cli import output, showing
    from cli.filters import Place
    from cli.operator import operator_of
    from domain.operate.letters import RevealAnswer, ShowAnswer

    with fail_clearly(command):
        if reveal and not reveal_why:
            raise CommandFailed("--reveal needs --why: say in a few words why, for the audit", Status.USAGE)
        operator = operator_of(name, profile)
        if reveal:
            _print_body(operator.call("reveal", RevealAnswer, id=event, why=reveal_why), as_json=as_json)
            return
        answer = operator.call("show", ShowAnswer, id=event)
    if as_json:
        output.put_json(answer)
    else:
        showing.show(answer, Place(name, profile), output.report_console())


def _print_body(revealed: RevealAnswer, *, as_json: bool) -> None:
    import sys

    from cli import output

    body = base64.b64decode(revealed.body_base64)
    if as_json:
        output.put_json(revealed)
    elif sys.stdout.isatty():
        typer.echo(output.plain(body.decode("utf-8", errors="replace")))
    else:  # byte for byte, for a file
        typer.echo(body, nl=False)


@app.command()
def edit(
    event: EventId,
    *,
    why: Why,
    patch: Annotated[Path | None, typer.Option(help="JSON Patch (RFC 6902).", exists=True, dir_okay=False)] = None,
    file: Annotated[Path | None, typer.Option(help="The whole new body.", exists=True, dir_okay=False)] = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Store a new version of an event's body: by a JSON Patch, from a file, or in $VISUAL or $EDITOR. Replays nothing.

    The original is kept. In the editor the body lies in a file for you alone, which is removed afterwards.

    Example: dealwire dlq edit transactions/evt_123 --patch fix.json --why "status misspelled, ticket 4711"
    """
    from cli import editing, output, showing
    from cli.filters import Place
    from cli.operator import operator_of
    from domain.operate.letters import EditAnswer, RevealAnswer

    with fail_clearly("dlq edit"):
        if patch and file:
            raise CommandFailed("--patch and --file exclude each other; give one of them", Status.USAGE)
        operator = operator_of(name, profile)
        held = operator.call("reveal", RevealAnswer, id=event, why=why)
        body = base64.b64decode(held.body_base64)
        new = editing.patched(body, patch) if patch else file.read_bytes() if file else editing.in_editor(body)
        if new == body:
            wait = "" if patch or file else " (if the editor is still open, have it wait: `code --wait`)"
            raise CommandFailed(f"nothing changed{wait}", Status.NOTHING)
        encoded = base64.b64encode(new).decode()
        stored = operator.call("edit", EditAnswer, id=event, body_base64=encoded, based_on=held.edits, why=why)
    if as_json:
        output.put_json(stored)
        return
    typer.echo(output.plain(f"version {stored.edits} of the body of {stored.verdict.id} is stored"))
    typer.echo(output.plain(f"A replay now: {showing.verdict_line(stored.verdict)}"))
    typer.echo(output.plain(f"Next: {Place(name, profile).command('dlq', 'show', stored.verdict.id)}"))


@app.command()
def replay(
    events: Annotated[list[str] | None, typer.Argument(metavar="ID", help="SOURCE/EVENT-ID, or receipts.")] = None,
    *,
    cause: ByCause = None,
    source: BySource = None,
    deal: ByDeal = None,
    since: Since = None,
    until: Until = None,
    state: ByState = None,
    why: WhyIfNeeded = None,
    dry_run: DryRun = False,
    rate: Rate = 50.0,
    yes: Yes = False,
    resume: Resume = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Process dead events again, named by id or by a filter, at a steady rate; or show first what each would do.

    The list is frozen before you confirm it. What is interrupted goes on with --resume; nothing is applied twice.

    Example: dealwire dlq replay --cause mapping --since 2h --dry-run

    Example: dealwire dlq replay transactions/evt_123 --why "mapping mended, ticket 4711"
    """
    from cli import replaying
    from cli.filters import Letters, Place, span
    from cli.operator import operator_of

    with fail_clearly("dlq replay"):
        chosen = Letters(span(since, until, datetime.now(UTC)), cause, source, deal, state or ())
        plan = _plan(events or [], chosen)
        status = replaying.replay(
            replaying.Order(
                "dlq replay", operator_of(name, profile), Place(name, profile), plan, why, resume,
                dry_run=dry_run, rate=rate, yes=yes, as_json=as_json,
            )
        )  # fmt: skip
    raise typer.Exit(status)


def _plan(events: list[str], chosen: Letters) -> dict[str, object]:
    if events and chosen.said:
        raise CommandFailed("IDs and filters exclude each other; give one or the other", Status.USAGE)
    if events:
        return {"ids": tuple(dict.fromkeys(events))}
    return {"letters": chosen.filter(default=(OpenState.DEAD,))} if chosen.said else {}


@app.command()
def discard(
    events: Annotated[list[str], typer.Argument(metavar="ID", help="SOURCE/EVENT-ID, or receipts.")],
    *,
    why: Why,
    yes: Yes = False,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Decide that dead or parked events are not wanted. Nothing is erased, and each can be replayed later.

    Example: dealwire dlq discard transactions/evt_123 --why "test message of the provider"
    """
    from cli import output
    from cli.filters import Place
    from cli.operator import operator_of

    with fail_clearly("dlq discard"):
        wanted = list(dict.fromkeys(events))
        operator = operator_of(name, profile)
        question = f"Discard {len(wanted):,} {'event' if len(wanted) == 1 else 'events'}?"
        output.confirm(question, refusal="nothing was discarded", yes=yes)
        gone, kept = _discard(operator, wanted, why)
    if as_json:
        output.put_json({"discarded": gone, "kept": kept})
    else:
        typer.echo(f"{len(gone):,} discarded, {len(kept):,} kept")
        for one, reason in kept.items():
            typer.echo(output.plain(f"{one}: {reason}"), err=True)
        if gone:
            typer.echo(output.plain(f"to undo: {_undo(Place(name, profile), gone)}"))
    raise typer.Exit(Status.LEFT if kept else Status.DONE)


def _undo(place: Place, gone: list[str]) -> str:
    return place.command("dlq", "replay", gone[0] if len(gone) == 1 else "ID", "--why", "TEXT")


def _discard(operator: Operator, wanted: list[str], why: str) -> tuple[list[str], dict[str, str]]:
    from domain.operate.base import MOST_IDS
    from domain.operate.letters import DiscardAnswer

    gone: list[str] = []
    kept: dict[str, str] = {}
    for start in range(0, len(wanted), MOST_IDS):
        try:
            answer = operator.call("discard", DiscardAnswer, ids=tuple(wanted[start : start + MOST_IDS]), why=why)
        except CommandFailed as error:
            # Discarding again what is discarded does nothing: the same command goes on.
            done = f"; {len(gone):,} were discarded before that" if gone else ""
            raise CommandFailed(f"{error}{done}", error.status) from error
        gone += answer.discarded
        kept |= answer.kept
    return gone, kept

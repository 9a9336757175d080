"""One event for people: what happened, what does not fit, what a replay would do, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from cli import output
from cli.filters import Place
from domain.event_log import State
from domain.operate.letters import Moment, Problem, Row, ShowAnswer, Verdict, Would

#: To be replaced by what the operator has to say.
REASON = "TEXT"


def show(answer: ShowAnswer, place: Place, console: Console) -> None:
    """Print everything that is known of an event; its values come masked."""
    console.print(_facts(answer))
    show_moments(answer.timeline, "Timeline", console)
    if answer.problems:
        console.print(_problems(answer.problems))
        for problem in answer.problems:
            console.print(output.cell(f"around {problem.path}:", "bold"))
            console.print(output.cell(problem.around))
    elif answer.payload:
        console.print(output.cell("The payload, masked:", "bold"))
        console.print(output.cell(answer.payload))
    if answer.verdict is not None:
        console.print(output.cell(f"A replay now: {verdict_line(answer.verdict)}"))
    console.print(output.cell(f"Next: {next_command(answer.row, answer.verdict, place)}"), soft_wrap=True)


def _facts(answer: ShowAnswer) -> Table:
    row = answer.row
    facts = Table(title=output.cell(row.id), title_justify="left", show_header=False)
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    values = {
        "state": f"{row.state} since {output.moment(row.since)}",
        "cause": row.cause,
        "reason": row.reason,
        "who mends it": row.owner and f"{row.owner}: {row.remedy}",
        "event": f"{row.event_type} from {row.source}",
        "deal": row.deal,
        "attempts": row.attempts,
        "last tried": output.moment(row.last_at),
        "tried again": row.due_at and output.moment(row.due_at),
        "edits": row.edits,
        "receipt": row.receipt,
        "mapping": f"version {answer.mapping_version} when it was received",
        "original": answer.archive_key,
    }
    for name, value in values.items():
        if value:
            output.add(facts, name, value)
    return facts


def show_moments(moments: Sequence[Moment], title: str, console: Console) -> None:
    """Print what happened, in order."""
    several = len({moment.event for moment in moments}) > 1
    names = ("when", "what", "detail", *(("event",) if several else ()), "by")
    rows = output.table(title, *names, whole=("detail", "event", "by"))
    for moment in moments:
        event = (moment.event,) if several else ()
        output.add(rows, output.moment(moment.at), moment.what, moment.detail, *event, moment.who)
    console.print(rows)


def _problems(problems: Sequence[Problem]) -> Table:
    rows = output.table(
        "What does not fit the mapping as it is now (values masked)",
        *("path", "our field", "expected", "value"),
        whole=("path", "our field", "expected", "value"),
    )
    for problem in problems:
        output.add(rows, problem.path, problem.field, problem.expected, problem.value)
    return rows


def verdict_line(verdict: Verdict) -> str:
    """What a replay would do, in one line."""
    changes = f"changes {', '.join(verdict.changes)}" if verdict.changes else ""
    return "; ".join(filter(None, (verdict.would.value, verdict.cause, verdict.reason, changes)))


def show_rows(rows: Sequence[Row], title: str, console: Console) -> None:
    """Print open events."""
    made = output.table(
        title, "id", "state", "cause", "deal", "since", "tried", "reason", whole=("id", "deal", "since", "reason")
    )
    for row in rows:
        since = output.moment(row.since)
        output.add(made, row.id, row.state, row.cause or "-", row.deal, since, row.attempts, row.reason)
    console.print(made)


#: What to do about a dead letter, by what a replay would do.
REMEDIES = {
    Would.APPLY: "replay",
    Would.PARK: "replay",
    Would.DEFER: "replay",
    Would.STALE: "discard",
    Would.REPEAT: "discard",
    Would.NOTHING: "discard",
}


def next_command(row: Row, verdict: Verdict | None, place: Place) -> str:
    """What an operator does next about an event, with the command."""
    why = ("--why", REASON)
    if row.state is State.APPLIED:
        return f"nothing; its story: {place.command('trace', row.id)}"
    if row.state is State.PARKED:
        return place.command("agents", "import", "FILE.csv")
    if row.state is State.WAITING:
        due = f" at {output.moment(row.due_at)}" if row.due_at else ""
        return f"nothing; it is tried again by itself{due}"
    if row.state is State.DISCARDED:
        return f"nothing; if it is wanted after all: {place.command('dlq', 'replay', row.id, *why)}"
    if verdict is None:
        return place.command("dlq", "replay", row.id, *why)
    if verdict.would is Would.FAIL:
        edit, replay = place.command("dlq", "edit", row.id, *why), place.command("dlq", "replay", row.id, *why)
        return f"{row.remedy}: {edit}, then {replay}"
    return place.command("dlq", REMEDIES[verdict.would], row.id, *why)

"""The external CRM for people: rows that ask, one row, the line to it, and what it can hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli import output
from domain.crm.rows import Standing
from domain.operate.crm import Decision

if TYPE_CHECKING:
    from rich.console import Console

    from cli.filters import Place
    from domain.operate.crm import (
        AskingRow,
        CrmAnswerAnswer,
        CrmAsksAnswer,
        CrmPreflightAnswer,
        CrmShowAnswer,
        CrmStatusAnswer,
        RowTold,
    )

#: To be replaced by the id that the person chose.
_REMOTE_ID = "REMOTE_ID"

_PASSAGES = {
    "free": "calls pass",
    "waits": "it asked us to wait",
    "broken": "it does not answer; one probe at a time is let through",
    "stopped": "it does not let us in; nobody tries again before a person acted",
}


def show_asks(answer: CrmAsksAnswer, place: Place, console: Console) -> None:
    """Print the rows that wait for a person, and what to type about the first."""
    if not answer.rows:
        console.print("nothing waits for a person")
        return
    columns = ("key", "deal", "question", "for", "candidates", "why")
    made = output.table("Rows that wait for a person, oldest first", *columns, whole=("key", "candidates", "why"))
    for row in answer.rows:
        output.add(made, row.row, row.name, row.question, _age(row), "\n".join(row.candidates), row.reason)
    console.print(made)
    if answer.more:
        console.print("there are more; raise --limit")
    first = answer.rows[0]
    for decision in first.possible:
        _line(console, f"{decision}: {_command(place, decision, first.row)}")


def show_row(answer: CrmShowAnswer, place: Place, console: Console) -> None:
    """Print how a row stands, and what belongs to it."""
    row = answer.row
    made = output.table(f"{row.row}{f' ({answer.name})' if answer.name else ''}", "what", "", whole=("",))
    facts = {
        "standing": f"{row.standing}: {row.words}",
        "owed": "our record has changed since it was delivered" if row.owed else "",
        "reason": row.reason,
        "in the CRM": row.remote_id,
        "confirmed": output.moment(row.confirmed_at) if row.confirmed_at else "",
        "fields of ours": str(row.fields) if row.owns is None else _adopted(row.owns),
        "open write": row.intent,
        "candidates": ", ".join(row.candidates),
        "next look": output.moment(row.due_at) if row.due_at else "when something changes",
        "worker": "is at work on it" if row.working else "",
    }
    for name, value in facts.items():
        if value:
            output.add(made, name, value)
    console.print(made)
    if row.altered:
        altered = output.table(
            "The CRM keeps otherwise (masked)", "field", "sent", "held", whole=("field", "sent", "held")
        )
        for one in row.altered:
            output.add(altered, one.field, one.sent, one.held)
        console.print(altered)
    if row.possible and row.standing == Standing.CLEAN:
        console.print("if this record is somebody else's:")
    for decision in row.possible:
        _line(console, f"{decision}: {_command(place, decision, row.row)}")
    if answer.others:
        _show_others(answer.others, console)


def _show_others(rows: tuple[RowTold, ...], console: Console) -> None:
    columns = ("key", "standing", "in the CRM", "confirmed", "why")
    made = output.table("What belongs to it", *columns, whole=("key", "in the CRM", "why"))
    for row in rows:
        standing = f"{row.standing}, owed" if row.owed else row.standing
        why = row.reason or (row.words if row.standing != Standing.CLEAN or not row.confirmed_at else "")
        output.add(made, row.row, standing, row.remote_id, output.moment(row.confirmed_at), why)
    console.print(made)


def show_answer(answer: CrmAnswerAnswer, place: Place, console: Console) -> None:
    """Print how the row stands after a person decided."""
    row = answer.row
    _line(console, f"{row.row}: {row.standing}, {row.words}")
    if answer.rung:
        _line(console, f"looked at again because of it: {', '.join(answer.rung)}")
    _line(console, f"see what becomes of it: {place.command('crm', 'show', row.row)}")


def show_status(answer: CrmStatusAnswer, place: Place, console: Console) -> None:
    """Print how the CRM stands and what it is owed."""
    if not answer.kind:
        console.print("there is no external CRM: our store is the CRM; what one would be owed stays marked")
    else:
        session = "none" if answer.session_age_s is None else f"{output.duration(answer.session_age_s)} old"
        made = output.table(f"The CRM: {answer.kind}", "what", "", whole=("",))
        output.add(made, "calls", f"{answer.passage}: {_PASSAGES.get(answer.passage, '')}")
        if answer.why:
            output.add(made, "why", answer.why)
        if answer.until:
            output.add(made, "tried again", output.moment(answer.until))
        output.add(made, "rate", f"{answer.rate:g} of {answer.rate_limit:g} calls a second")
        output.add(made, "session", session)
        console.print(made)
    owed = output.table("Rows", "what", "count")
    counts = {
        "due": answer.owed,
        "due, of replays and reconciles": answer.owed_backfill,
        "due within the hour, those included": answer.owed_soon,
        "wait for a person": answer.asking,
        "refused by the CRM": answer.refused,
    }
    for name, count in counts.items():
        output.add(owed, name, f"{count:,}{' or more' if count >= answer.most else ''}")
    console.print(owed)
    if answer.oldest_owed_s:
        console.print(f"the oldest has been due for {output.duration(answer.oldest_owed_s)}")
    _next(answer, place, console)


def _next(answer: CrmStatusAnswer, place: Place, console: Console) -> None:
    if answer.passage == "stopped":
        _line(console, f"Next: {place.command('crm', 'preflight')}")
    elif answer.asking:
        _line(console, f"Next: {place.command('crm', 'asks')}")
    elif answer.refused:
        _line(console, f"Next: {place.command('dlq', 'list', '--cause', 'crm_rejected')}")


def show_preflight(answer: CrmPreflightAnswer, console: Console) -> None:
    """Print what the CRM can hold of ours, and each thing that is missing with its remedy."""
    _line(console, f"{answer.version}: it lets us in")
    for module in answer.modules:
        made = output.table("", "field", "type", "length", whole=("field",))
        for one in module.fields:
            output.add(made, one.name, one.type, one.length or "")
        _line(console, f"{module.kind}: {module.module}, {len(module.fields)} fields")
        console.print(made)
    if answer.lacks:
        columns = ("missing", "", "what does not work", "what to do")
        made = output.table("Missing", *columns, whole=("missing", "what does not work", "what to do"))
        for lack in sorted(answer.lacks, key=lambda one: not one.fatal):
            output.add(made, lack.what, "fatal" if lack.fatal else "", lack.effect, lack.remedy)
        console.print(made)
    checked = f"{answer.agents:,} agents of the directory were looked up"
    console.print(
        f"{checked}; {'everything is there' if not answer.lacks else f'{len(answer.lacks)} things are missing'}"
    )


def _command(place: Place, decision: Decision, row: str) -> str:
    more = (_REMOTE_ID,) if decision is Decision.ADOPT else ()
    return place.command("crm", decision.value, row, *more)


def _adopted(filled: tuple[str, ...]) -> str:
    told = f"filled by us: {', '.join(filled)}" if filled else "nothing was filled by us"
    return f"of this adopted record, only what was empty; {told}"


def _age(row: AskingRow) -> str:
    return output.duration((datetime.now(UTC) - row.asked_at).total_seconds()) if row.asked_at else "-"


def _line(console: Console, text: str) -> None:
    console.print(output.cell(text), soft_wrap=True)

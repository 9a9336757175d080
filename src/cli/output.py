"""Where reports for people go: the terminal, or a pipe that is wide enough for their tables."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from domain.operate.base import Message

#: Columns where nothing says how wide it is: enough for the widest table.
PIPE_WIDTH = 140


def report_console() -> Console:
    """A console as wide as the terminal; in a pipe as `COLUMNS` says, else wide."""
    known = Console().is_terminal or "COLUMNS" in os.environ
    return Console(width=None if known else PIPE_WIDTH, highlight=False)


def plain(value: object) -> str:
    """The text of what came from outside, without the characters that would steer a terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in str(value))


def cell(value: object, style: str = "") -> Text:
    """What came from outside, to be shown and not obeyed: neither markup nor control characters."""
    return Text(plain(value), style=style)


def table(title: str, *columns: str, whole: tuple[str, ...] = ()) -> Table:
    """An empty table; `whole` columns are folded rather than cut, so that they can be copied."""
    made = Table(title=cell(title), title_justify="left", header_style="bold")
    for name in columns:
        made.add_column(name, overflow="fold" if name in whole else "ellipsis")
    return made


def add(made: Table, *values: object) -> None:
    """Add a row of values from outside."""
    made.add_row(*(cell(value) for value in values))


def moment(at: datetime | None) -> str:
    """An instant as people read it, in UTC; `-` for none."""
    return "-" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def duration(seconds: float) -> str:
    """A length of time in its largest unit."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def put_json(answer: Message | Mapping[str, Any]) -> None:
    """Print one JSON object on stdout, in ASCII: nothing in it steers a terminal."""
    typer.echo(json.dumps(answer if isinstance(answer, Mapping) else answer.model_dump(mode="json")))


def on_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, refusal: str, yes: bool) -> None:
    """Ask on the terminal, unless `yes`.

    Raises:
        CommandFailed: the answer is no, or there is nobody to ask.
    """
    from cli.failures import CommandFailed, Status

    if yes:
        return
    if not on_terminal():
        raise CommandFailed(f"{question} There is no terminal to confirm it on: give --yes", Status.USAGE)
    if not typer.confirm(plain(question), err=True):
        raise CommandFailed(refusal)

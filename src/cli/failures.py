"""How a command fails: one clear line on stderr, an exit status that scripts can use, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from cli.tools import LocalCloudError
from domain.errors import DealwireError


class Status(IntEnum):
    """What a command's exit status says."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOTHING = 3
    LEFT = 4


#: For `dealwire --help`.
STATUSES = (
    "Exit status: 0 done; 1 failed or refused; 2 wrong usage; 3 nothing matches or nothing to do; "
    "4 some messages were not replayed or still fail."
)


class CommandFailed(Exception):
    """A command cannot do what was asked; the message says why and what to do.

    Attributes:
        status: to exit with.
    """

    def __init__(self, message: str, status: Status = Status.FAILED) -> None:
        super().__init__(message)
        self.status = status


class Passing(CommandFailed):
    """What is worth another try: the other side is slow, throttles, or does not answer just now."""


@contextmanager
def fail_clearly(command: str) -> Iterator[None]:
    """Turn what a person can mend into one line: our own errors, and files that cannot be read."""
    try:
        yield
    except CommandFailed as error:
        typer.echo(f"dealwire {command}: {error}", err=True)
        raise typer.Exit(error.status) from error
    except (DealwireError, LocalCloudError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"dealwire {command}: {error}", err=True)
        raise typer.Exit(Status.FAILED) from error

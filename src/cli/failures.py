"""How a command fails: one clear line on stderr, exit status 1, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from cli.tools import LocalCloudError
from domain.errors import DealwireError


@contextmanager
def fail_clearly(command: str) -> Iterator[None]:
    """Turn what a person can mend into one line: our own errors, and files that cannot be read."""
    try:
        yield
    except (DealwireError, LocalCloudError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"dealwire {command}: {error}", err=True)
        raise typer.Exit(1) from error

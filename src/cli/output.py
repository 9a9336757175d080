"""Where reports for people go: the terminal, or a pipe that is wide enough for their tables."""

from __future__ import annotations

import os

from rich.console import Console

#: Columns where nothing says how wide it is: enough for the widest table.
PIPE_WIDTH = 140


def report_console() -> Console:
    """A console as wide as the terminal; in a pipe as `COLUMNS` says, else wide."""
    known = Console().is_terminal or "COLUMNS" in os.environ
    return Console(width=None if known else PIPE_WIDTH, highlight=False)

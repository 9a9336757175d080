"""Days as options spell them."""

from __future__ import annotations

from datetime import date

from cli.failures import CommandFailed, Status


def day(text: str, option: str) -> date:
    """The day that was meant.

    Raises:
        CommandFailed: it is none.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        message = f"{option} {text!r} is no day; expected one such as 2026-11-22"
        raise CommandFailed(message, Status.USAGE) from error


def day_or_none(text: str | None, option: str) -> date | None:
    """The day that was meant, where one was given.

    Raises:
        CommandFailed: it is none.
    """
    return None if text is None else day(text, option)

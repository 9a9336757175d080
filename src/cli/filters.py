"""Which events a command is about, from its options; and the same as options again, for the next command to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cli.failures import CommandFailed, Status
from cli.options import OpenState
from domain.errors import Cause
from domain.event_log import State
from domain.operate.letters import Filter
from domain.operate.replays import EventsFilter

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGO = re.compile(r"([0-9]{1,5})([mhdw])")


def instant(text: str, now: datetime, option: str) -> datetime:
    """The instant that was meant: `2h` ago, a date (its first instant), or an ISO instant; UTC where no zone is named.

    Raises:
        CommandFailed: it is none of these.
    """
    ago = AGO.fullmatch(text.strip())
    try:
        if ago:
            return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        named = datetime.fromisoformat(text.strip())
        return (named if named.tzinfo else named.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        expected = "30m, 2h, 3d, a date such as 2026-11-22, or an instant such as 2026-11-22T08:00Z"
        raise CommandFailed(f"{option} {text!r} is no time; expected {expected}", Status.USAGE) from error


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` until before `until`; open where nothing was said."""

    since: datetime | None
    until: datetime | None

    def options(self) -> list[str]:
        """The options that say the same, whenever they are typed."""
        return [*_given("--since", self.since), *_given("--until", self.until)]


def span(since: str | None, until: str | None, now: datetime) -> Span:
    """The time between two options.

    Raises:
        CommandFailed: one of them is no time, or they are the wrong way round.
    """
    first = instant(since, now, "--since") if since else None
    last = instant(until, now, "--until") if until else None
    if first and last and first >= last:
        raise CommandFailed("--since is not before --until; exchange them", Status.USAGE)
    return Span(first, last)


def _given(option: str, value: object) -> list[str]:
    if value is None:
        return []
    return [option, value.isoformat() if isinstance(value, datetime) else str(value)]


@dataclass(frozen=True, slots=True)
class Letters:
    """Which open events.

    Raises:
        CommandFailed: `deal` does not name its source.
    """

    during: Span
    cause: Cause | None = None
    source: str | None = None
    deal: str | None = None
    states: Sequence[OpenState] = ()

    def __post_init__(self) -> None:
        _check_deal(self.deal)

    @property
    def said(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.options())

    def filter(self, default: Sequence[OpenState] = (OpenState.DEAD, OpenState.PARKED, OpenState.WAITING)) -> Filter:
        """As the API takes it; in the `default` states where none was named."""
        return Filter(
            states=tuple(State(state) for state in self.states or default),
            cause=self.cause,
            source=self.source,
            deal=self.deal,
            since=self.during.since,
            until=self.during.until,
        )

    def options(self) -> list[str]:
        """The options that say the same."""
        states = [part for state in self.states for part in ("--state", state.value)]
        named = [("--cause", self.cause), ("--source", self.source), ("--deal", self.deal)]
        return [*(part for one in named for part in _given(*one)), *self.during.options(), *states]


@dataclass(frozen=True, slots=True)
class Events:
    """Which delivered events, whatever became of them.

    Raises:
        CommandFailed: `deal` does not name its source.
    """

    during: Span
    source: str | None = None
    event_type: str | None = None
    deal: str | None = None

    def __post_init__(self) -> None:
        _check_deal(self.deal)

    def filter(self) -> EventsFilter:
        """As the API takes it."""
        return EventsFilter(
            since=self.during.since,
            until=self.during.until,
            source=self.source,
            event_type=self.event_type,
            deal=self.deal,
        )

    def options(self) -> list[str]:
        """The options that say the same."""
        named = [("--source", self.source), ("--type", self.event_type), ("--deal", self.deal)]
        return [*(part for one in named for part in _given(*one)), *self.during.options()]


def _check_deal(deal: str | None) -> None:
    if deal is not None and not all(deal.partition("/")):
        raise CommandFailed(f"--deal {deal!r} does not name its source; expected SOURCE/ID", Status.USAGE)


def unknown_source(source: str | None) -> str:
    """A remark where a source is not one of ours: the likely reason that nothing matches it; else empty."""
    from sources.catalog import catalog

    if source is None or source in catalog():
        return ""
    return f"no source is called {source!r}; known: {', '.join(sorted(catalog()))}"


@dataclass(frozen=True, slots=True)
class Place:
    """Which Dealwire a command works on."""

    stack: str | None = None
    profile: str | None = None

    def command(self, *words: str) -> str:
        """A `dealwire` command for the same place, ready to be typed."""
        return shlex.join(["dealwire", *words, *_given("--stack", self.stack), *_given("--profile", self.profile)])

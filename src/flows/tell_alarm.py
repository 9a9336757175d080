"""An alarm of CloudWatch becomes a message: what it means, how many, since when, whose it is, and what to type next.

Slack first; what Slack does not take goes out by e-mail. Only what neither takes is an error.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from domain.causes import MENDING
from domain.errors import Cause, ConfigurationError, DealwireError, Unavailable
from domain.event_log import State
from domain.operate.letters import Filter

if TYPE_CHECKING:
    from domain.operate.ports import Announcements, EventLog

#: What is counted is counted so far; what is told of sources and agents is read from so many of the newest.
MOST = 1000
SAMPLE = 200
MOST_AGENTS = 5

#: Of one fact: a sentence or two.
MOST_LETTERS = 500

_DEAD_BY_CAUSE = {"Dead" + cause.value.title().replace("_", ""): cause for cause in Cause}
_WAITING = frozenset({"OldestUnappliedSeconds", "EventStuck", "EventAttemptFailed", "EventsWaiting"})

#: What CloudWatch's reason says was seen: `... 2 datapoints [4.0 (02/03/26 09:04:00), 3.0 (...)] ...`.
_SEEN = re.compile(r"datapoints? \[([^\]]*)\]")
_VALUE = re.compile(r"(?:^|, )(\d+(?:\.\d+)?(?:E-?\d+)?)")
_UNITS = {"Duration": " ms", "OldestUnappliedSeconds": " s"}


class Render(Protocol):
    """Makes Slack's blocks of a message."""

    def __call__(
        self, title: str, meaning: str, facts: Sequence[tuple[str, str]], *, command: str, runbook: str, over: bool
    ) -> Sequence[Mapping[str, object]]:
        """The blocks."""
        ...


@dataclass(frozen=True, slots=True)
class TellPorts:
    """What telling an alarm needs: what is open, where to tell it, and where to if that fails."""

    log: EventLog
    slack: Announcements
    email: Announcements
    render: Render


@dataclass(frozen=True, slots=True)
class Alert:
    """A change of an alarm's state, as CloudWatch reports it.

    Attributes:
        name: of the alarm.
        state: `ALARM` or `OK`.
        before: the state before.
        metric: that it looks at.
        measured: what it saw there, the worst of it; empty where our own count says more.
        at: when it changed.
        meaning: first line of the alarm's description.
        command: what to type next.
        runbook: path or URL.
    """

    name: str
    state: str
    before: str = ""
    metric: str = ""
    measured: str = ""
    at: datetime | None = None
    meaning: str = ""
    command: str = ""
    runbook: str = ""

    @property
    def over(self) -> bool:
        """Whether it has recovered."""
        return self.state == "OK"

    @property
    def news(self) -> bool:
        """Whether anybody wants to know: a new alarm that finds nothing wrong is none."""
        return self.state == "ALARM" or (self.over and self.before == "ALARM")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an alarm: the channel is `slack`, `email`, or `none` for what is no news; why Slack failed."""

    name: str
    state: str
    channel: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Open:
    """The open events that an alarm is about."""

    total: int
    causes: Mapping[Cause, int]
    sources: Mapping[str, int] = field(default_factory=dict)
    oldest: datetime | None = None
    agents: Sequence[str] = ()


def tell_alarm(message: str, ports: TellPorts) -> Told:
    """Tell people of the alarm, in Slack or else by e-mail.

    Args:
        message: the notification's text.
        ports: the outside.

    Raises:
        Unavailable: neither channel took it.
        ConfigurationError: the same, by a setting of ours.
    """
    alert = read_alarm(message)
    if not alert.news:
        return Told(alert.name, alert.state, "none")
    facts, still_open = _facts(alert, ports.log)
    command = alert.command if still_open or not alert.over else ""
    blocks = ports.render(alert.name, alert.meaning, facts, command=command, runbook=alert.runbook, over=alert.over)
    text = _text(alert, facts, command)
    try:
        ports.slack.post(text, blocks)
    except (ConfigurationError, Unavailable) as fault:
        ports.email.post(f"{text}\n\nBy e-mail, because Slack did not take it: {fault}", blocks)
        return Told(alert.name, alert.state, "email", str(fault))
    return Told(alert.name, alert.state, "slack")


def read_alarm(message: str) -> Alert:
    """The alarm that CloudWatch reports; what cannot be read is an alarm of its own, without its text."""
    try:
        fields = json.loads(message)
        meaning, rest = _description(str(fields.get("AlarmDescription") or ""))
        trigger = fields.get("Trigger") or {}
        return Alert(
            name=_short(str(fields["AlarmName"])),
            state=str(fields["NewStateValue"]),
            before=str(fields.get("OldStateValue", "")),
            metric=str(trigger.get("MetricName", "")),
            measured=_measured(str(fields.get("NewStateReason") or ""), trigger),
            at=_moment(fields.get("StateChangeTime")),
            meaning=meaning,
            command=rest.get("Next", ""),
            runbook=rest.get("Runbook", ""),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        meaning = "Something came to the alarms topic that is no alarm of CloudWatch; see who may publish to it."
        return Alert("unreadable-alarm", "ALARM", meaning=meaning, command="dealwire status")


def _description(text: str) -> tuple[str, dict[str, str]]:
    """The first line, and the others by the word that they begin with."""
    lines = [_short(line.strip()) for line in text.splitlines() if line.strip()]
    named = (line.partition(": ") for line in lines[1:])
    return (lines[0] if lines else ""), {word: rest for word, colon, rest in named if colon}


def _measured(reason: str, trigger: Mapping[str, Any]) -> str:
    """The worst value that CloudWatch names; an average of ours is a ratio."""
    if "no datapoints were received" in reason:
        return "nothing"
    seen = _SEEN.search(reason)
    values = [float(value) for value in _VALUE.findall(seen[1])] if seen else []
    if not values:
        return ""
    if str(trigger.get("Statistic")).upper() == "AVERAGE":
        return f"{max(values):.1%}"
    return f"{max(values):,.0f}{_UNITS.get(str(trigger.get('MetricName')), '')}"


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _facts(alert: Alert, log: EventLog) -> tuple[list[tuple[str, str]], bool]:
    """What to say about the alarm, and whether anything of its kind is still open."""
    facts = [("Over since" if alert.over else "Alarm since", _when(alert.at))] if alert.at else []
    kind = _kind(alert.metric)
    # The gauges of what is open say no more than the count that follows.
    if alert.measured and not alert.over and (kind is None or alert.metric in _WAITING):
        facts.insert(0, ("Measured", alert.measured))
    if kind is None:
        return facts, False
    try:
        found = _look(*kind, log)
    except DealwireError as fault:  # the alarm goes out all the same: perhaps it is about this very fault
        return [*facts, ("How many", _short(f"cannot be counted now: {fault}"))], True
    state = kind[0]
    many = f"{found.total:,}{' or more' if found.total >= MOST else ''} {state.value}{_listed(found.sources)}"
    facts.insert(0, ("Still open" if alert.over else "How many", many))
    if found.oldest is not None:
        facts.append(("Oldest since", _when(found.oldest)))
    return facts + _whose(found), found.total > 0


def _kind(metric: str) -> tuple[State, tuple[Cause, ...]] | None:
    """Which open events a metric counts."""
    if metric in _DEAD_BY_CAUSE:
        return State.DEAD, (_DEAD_BY_CAUSE[metric],)
    if metric in {"DeadLetterFiled", "DeadLetterAdded"}:
        return State.DEAD, tuple(Cause)
    if metric == "EventsParked":
        return State.PARKED, (Cause.UNKNOWN_AGENT,)
    return (State.WAITING, tuple(Cause)) if metric in _WAITING else None


def _look(state: State, causes: Sequence[Cause], log: EventLog) -> _Open:
    counts = {cause: log.count(state, cause, most=MOST) for cause in causes}
    counts = {cause: count for cause, count in counts.items() if count}
    if not counts:
        return _Open(0, {})
    wanted = Filter(states=(state,), cause=causes[0] if len(causes) == 1 else None)
    newest = log.open(wanted, limit=SAMPLE).items
    oldest = log.open(wanted, limit=1, newest_first=False).items
    agents = {key.agent_id for record in newest for key in record.missing}
    return _Open(
        total=sum(counts.values()),
        causes=counts,
        sources=Counter(record.envelope.source for record in newest),
        oldest=oldest[0].since if oldest else None,
        agents=sorted(agents),
    )


def _whose(found: _Open) -> list[tuple[str, str]]:
    """Cause, owner and remedy, of the most frequent cause; the agents that are waited for."""
    if not found.causes:
        return []
    first = max(found.causes, key=lambda cause: found.causes[cause])
    mending = MENDING[first]
    causes = ", ".join(f"{cause.value} {count:,}" for cause, count in found.causes.items())
    facts = [
        ("Cause", first.value if len(found.causes) == 1 else causes),
        ("Owner", mending.owner),
        ("Remedy", mending.remedy if len(found.causes) == 1 else f"{first.value}: {mending.remedy}"),
    ]
    # Some sources know agents by their e-mail address: those are counted, not named.
    named = [_short(agent, 40) for agent in found.agents if "@" not in agent][:MOST_AGENTS]
    if found.agents:
        more = len(found.agents) - len(named)
        facts.append(("Agents", ", ".join([*named, *([f"{more} more" if named else f"{more}"] if more else [])])))
    return facts


def _listed(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    inside = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: -item[1])[:5])
    return f" ({inside}{' of the newest' if sum(counts.values()) >= SAMPLE else ''})"


def _text(alert: Alert, facts: Sequence[tuple[str, str]], command: str) -> str:
    lines = [f"{'OVER' if alert.over else 'ALARM'} {alert.name}", alert.meaning]
    lines += [f"{label}: {value}" for label, value in facts]
    lines += [f"Next: {command}"] if command else []
    lines += [f"Runbook: {alert.runbook}"] if alert.runbook else []
    return "\n".join(line for line in lines if line)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _short(text: str, most: int = MOST_LETTERS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

"""The demo's incident: an event waits for an agent whom nobody knows, Slack says so, and an import mends it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from cli.local_cloud import LocalCloud
from cli.operator import operator_for
from cli.stack import Stack
from domain.errors import ConfigurationError
from domain.operate.letters import Moment
from domain.operate.looking import TraceAnswer
from domain.operate.people import AgentsChange
from mappings.compiler.files import text_of
from storage import dynamo
from storage.records import event_key

#: Seconds to wait for each thing: far above the few that it takes here.
PATIENCE_S = 40.0

#: The alarm, by the end of its name.
ALARM = "events-parked"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened to the event that waited, as the people on duty saw it.

    Attributes:
        event: `source/event id`.
        alert: what Slack was told.
        command: what was typed then.
        imported: what the import did.
        became: the event's state at the end.
        recovery: what Slack was told at the end.
        story: of the event, as `dealwire trace` tells it.
    """

    event: str
    alert: str
    command: str
    imported: AgentsChange
    became: str
    recovery: str
    story: tuple[Moment, ...]

    @property
    def ok(self) -> bool:
        """Whether it was told, mended and over."""
        return bool(self.alert and self.recovery) and self.became == "applied"


def play(key: str, agents_csv: str, held: Stack, cloud: LocalCloud, say: Say) -> Incident:
    """Wait for the alert, import the agents, and wait for the end.

    Args:
        key: of the event that is parked.
        agents_csv: file of events/ with the agent it waits for.
        held: the stack.
        cloud: the same, for what only a local cloud has: Slack's stand-in and the watcher at once.
        say: tells a waiting person.

    Raises:
        ConfigurationError: the watcher failed.
    """
    from cli.seeding import EVENTS

    say("waiting for the alert in Slack")
    alert = _until(lambda: _told("ALARM", cloud))
    file = EVENTS / agents_csv
    command = f"dealwire agents import {file.relative_to(EVENTS.parent)}"
    say(command)
    operator = operator_for(held)
    text = text_of(file)
    imported = operator.call("agents-import", AgentsChange, csv=text, file=agents_csv, why="joined the office today")
    became = _until(lambda: "applied" if _state(key, held) == "applied" else "") or _state(key, held)
    say("waiting for the end of the alarm")
    recovery = _until(lambda: _told("OVER", cloud))
    event = key.replace("#", "/", 1)
    story = operator.call("trace", TraceAnswer, of=event).moments
    return Incident(event, alert, command, imported, became, recovery, story)


def _until(look: Callable[[], str]) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _told(state: str, cloud: LocalCloud) -> str:
    """The newest post about the alarm in this state; else the watcher runs, which the schedule starts once a minute."""
    posts: list[dict[str, Any]] = httpx.get(f"{cloud.slack_url}/posts", timeout=5, trust_env=False).json()
    texts = [post["text"] for post in posts if post["text"].startswith(f"{state} ")]
    about = [text for text in texts if text.partition("\n")[0].endswith(ALARM)]
    if not about:
        answer = cloud.client("lambda").invoke(FunctionName=cloud.functions["watch"])
        if "FunctionError" in answer:
            raise ConfigurationError(f"the watcher failed: {json.loads(answer['Payload'].read()).get('errorMessage')}")
    return about[-1] if about else ""


def _state(key: str, held: Stack) -> str:
    row = dynamo.get(held.client("dynamodb"), held.tables["events"], event_key(key))
    return str(row["state"]) if row else "-"

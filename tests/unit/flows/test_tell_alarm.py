"""What people are told of an alarm, and that one way or another they are told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.agents import AgentKey
from domain.errors import Cause, ConfigurationError, Unavailable
from domain.event_log import EventRecord, State
from domain.operate.letters import Filter
from domain.operate.ports import Page
from flows.tell_alarm import MOST, TellPorts, read_alarm, tell_alarm
from notify.blocks import alert_blocks
from tests.builders import NOW, envelope

DESCRIPTION = "Messages do not fit.\nNext: dealwire dlq list --cause mapping\nRunbook: docs/runbooks/m.md"


@dataclass
class Board:
    """Keeps what is announced, or fails."""

    fault: Exception | None = None
    texts: list[str] = field(default_factory=list)
    blocks: list[Sequence[Mapping[str, object]]] = field(default_factory=list)

    def post(self, text: str, blocks: Sequence[Mapping[str, object]]) -> None:
        if self.fault is not None:
            raise self.fault
        self.texts.append(text)
        self.blocks.append(blocks)


@dataclass
class OpenEvents:
    """The part of `EventLog` that the notifier uses, over a list."""

    records: list[EventRecord] = field(default_factory=list)
    fault: Exception | None = None

    def count(self, state: State, cause: Cause, *, most: int) -> int:
        if self.fault is not None:
            raise self.fault
        return min(most, sum(record.state is state and record.cause is cause for record in self.records))

    def open(self, wanted: Filter, *, after: str = "", limit: int = 50, newest_first: bool = True) -> Page[EventRecord]:
        fitting = [
            record for record in self.records if record.state in wanted.states and wanted.cause in (None, record.cause)
        ]
        return Page(sorted(fitting, key=lambda record: record.since, reverse=newest_first)[:limit])

    def find(self, keys: object) -> Mapping[str, EventRecord]:
        raise AssertionError("the notifier reads no single event")

    of_deal: Any = find
    story: Any = find


@dataclass
class Scene:
    log: OpenEvents = field(default_factory=OpenEvents)
    slack: Board = field(default_factory=Board)
    email: Board = field(default_factory=Board)

    @property
    def ports(self) -> TellPorts:
        return TellPorts(self.log, self.slack, self.email, alert_blocks)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def alarm(metric: str = "DeadMapping", state: str = "ALARM", before: str = "OK", **changes: Any) -> str:
    """What CloudWatch publishes."""
    fields = {
        "AlarmName": "dealwire-dead-mapping",
        "AlarmDescription": DESCRIPTION,
        "NewStateValue": state,
        "OldStateValue": before,
        "StateChangeTime": "2026-03-02T09:05:00.000+0000",
        "NewStateReason": "Threshold Crossed: 1 datapoint [4.0] was greater than the threshold (1.0).",
        "Trigger": {"MetricName": metric, "Namespace": "Dealwire"},
    }
    return json.dumps({**fields, **changes})


def dead(number: int, cause: Cause = Cause.MAPPING, source: str = "transactions", **changes: Any) -> EventRecord:
    about = envelope(f"evt-{number}", source=source)
    since = NOW + timedelta(minutes=number)
    return replace(EventRecord(about.event_key, State.DEAD, about, since, since, cause), **changes)


def test_an_alarm_says_what_how_many_since_when_whose_and_what_to_type(scene: Scene) -> None:
    scene.log.records = [dead(1), dead(2), dead(3, source="dotloop"), dead(4, cause=Cause.BUG)]
    told = tell_alarm(alarm(), scene.ports)
    assert (told.channel, told.state, told.fault) == ("slack", "ALARM", "")
    (text,) = scene.slack.texts
    assert text.splitlines() == [
        "ALARM dealwire-dead-mapping",
        "Messages do not fit.",
        "How many: 3 dead (transactions 2, dotloop 1)",
        "Alarm since: 2026-03-02 09:05 UTC",
        "Oldest since: 2026-03-02 09:01 UTC",
        "Cause: mapping",
        "Owner: analyst",
        "Remedy: mend the mapping (or edit the message), deploy, then replay",
        "Next: dealwire dlq list --cause mapping",
        "Runbook: docs/runbooks/m.md",
    ]
    assert scene.email.texts == []


def test_a_recovery_is_told_with_what_is_still_open(scene: Scene) -> None:
    tell_alarm(alarm(state="OK", before="ALARM"), scene.ports)
    (text,) = scene.slack.texts
    assert text.splitlines() == [
        "OVER dealwire-dead-mapping",
        "Messages do not fit.",
        "Still open: 0 dead",
        "Over since: 2026-03-02 09:05 UTC",
        "Runbook: docs/runbooks/m.md",
    ]


def test_a_recovery_that_leaves_something_open_still_says_what_to_type(scene: Scene) -> None:
    scene.log.records = [dead(1)]
    tell_alarm(alarm(state="OK", before="ALARM"), scene.ports)
    assert "Next: dealwire dlq list --cause mapping" in scene.slack.texts[0]


@pytest.mark.parametrize(("state", "before"), [("OK", "INSUFFICIENT_DATA"), ("INSUFFICIENT_DATA", "OK"), ("OK", "")])
def test_a_new_alarm_that_finds_nothing_wrong_is_no_news(scene: Scene, state: str, before: str) -> None:
    assert tell_alarm(alarm(state=state, before=before), scene.ports).channel == "none"
    assert scene.slack.texts == scene.email.texts == []


def test_an_alarm_that_begins_without_a_history_is_told(scene: Scene) -> None:
    assert tell_alarm(alarm(before="INSUFFICIENT_DATA"), scene.ports).channel == "slack"


@pytest.mark.parametrize("fault", [Unavailable("Slack answers 500"), ConfigurationError("no Slack webhook is set")])
def test_what_slack_does_not_take_goes_out_by_email_with_the_reason(scene: Scene, fault: Exception) -> None:
    scene.slack.fault = fault
    told = tell_alarm(alarm(), scene.ports)
    assert (told.channel, told.fault) == ("email", str(fault))
    assert scene.email.texts[0].startswith("ALARM dealwire-dead-mapping\n")
    assert scene.email.texts[0].endswith(f"because Slack did not take it: {fault}")


def test_what_neither_takes_is_an_error_so_that_it_is_tried_again_and_kept(scene: Scene) -> None:
    scene.slack.fault, scene.email.fault = Unavailable("Slack answers 500"), Unavailable("SNS throttles")
    with pytest.raises(Unavailable, match="SNS throttles"):
        tell_alarm(alarm(), scene.ports)


def test_an_alarm_is_told_even_when_nothing_can_be_counted(scene: Scene) -> None:
    scene.log.fault = Unavailable("cannot count open events now (ThrottlingException)")
    assert tell_alarm(alarm(), scene.ports).channel == "slack"
    assert "How many: cannot be counted now: cannot count open events now" in scene.slack.texts[0]
    assert "Next: dealwire dlq list --cause mapping" in scene.slack.texts[0]


def test_agents_are_named_unless_their_id_is_an_email_address(scene: Scene) -> None:
    missing = [AgentKey("transactions", "A-9"), AgentKey("dotloop", "maya.reyes@bluehollow.example")]
    scene.log.records = [
        dead(number, cause=Cause.UNKNOWN_AGENT, state=State.PARKED, missing=frozenset({key}))
        for number, key in enumerate(missing)
    ]
    tell_alarm(alarm("EventsParked"), scene.ports)
    assert "Agents: A-9, 1 more" in scene.slack.texts[0]
    assert "@" not in json.dumps([scene.slack.texts, scene.slack.blocks])


def test_what_waits_is_counted_by_cause_and_the_most_frequent_one_is_explained(scene: Scene) -> None:
    causes = [Cause.UNAVAILABLE, Cause.PROVIDER_API, Cause.UNAVAILABLE]
    scene.log.records = [dead(number, cause=cause, state=State.WAITING) for number, cause in enumerate(causes)]
    tell_alarm(alarm("OldestUnappliedSeconds"), scene.ports)
    assert "How many: 3 waiting" in scene.slack.texts[0]
    assert "Cause: provider_api 1, unavailable 2" in scene.slack.texts[0]
    assert "Remedy: unavailable: nothing at first" in scene.slack.texts[0]


def test_a_storm_is_one_message_that_stays_small(scene: Scene) -> None:
    scene.log.records = [dead(number) for number in range(MOST + 500)]
    tell_alarm(alarm("DeadLetterFiled"), scene.ports)
    (text,) = scene.slack.texts
    assert "How many: 1,000 or more dead (transactions 200 of the newest)" in text
    assert len(text) < 3000


def test_an_alarm_about_nothing_that_is_open_counts_nothing(scene: Scene) -> None:
    scene.log.fault = AssertionError("nobody asked")
    tell_alarm(alarm("5XXError"), scene.ports)
    assert "How many" not in scene.slack.texts[0]


CROSSED = "Threshold Crossed: 2 out of the last 5 datapoints [{}] were greater than the threshold (0.5)"
MISSING = "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as"


@pytest.mark.parametrize(
    ("metric", "statistic", "reason", "says"),
    [
        ("SignatureRefused", "SUM", "Threshold Crossed: 1 datapoint [25.0 (02/03/26 09:00:00)] was greater", "25"),
        ("Throttles", "SUM", CROSSED.format("1.0 (02/03/26 09:04:00), 1203.0 (02/03/26 09:00:00)"), "1,203"),
        ("Errors", "AVERAGE", CROSSED.format("0.015 (02/03/26 09:04:00), 0.0 (02/03/26 09:00:00)"), "1.5%"),
        ("5XXError", "AVERAGE", CROSSED.format("7.5E-1 (02/03/26 09:04:00)"), "75.0%"),
        ("Duration", "", CROSSED.format("28012.4 (02/03/26 09:04:00)"), "28,012 ms"),
        ("OldestUnappliedSeconds", "MAXIMUM", CROSSED.format("903.2 (02/03/26 09:04:00)"), "903 s"),
        ("OldestUnappliedSeconds", "MAXIMUM", f"{MISSING} [Breaching].", "nothing"),
    ],
)
def test_what_is_not_counted_here_is_told_as_cloudwatch_measured_it(
    scene: Scene, metric: str, statistic: str, reason: str, says: str
) -> None:
    trigger = {"MetricName": metric, "Statistic": statistic}
    tell_alarm(alarm(NewStateReason=reason, Trigger=trigger), scene.ports)
    assert f"Measured: {says}" in scene.slack.texts[0].splitlines()


@pytest.mark.parametrize("reason", [None, "", "test", "Unchecked: Initial alarm creation", "datapoint [] [x (1)]"])
def test_an_alarm_that_names_no_value_is_told_without_one(scene: Scene, reason: str | None) -> None:
    tell_alarm(alarm("Throttles", NewStateReason=reason), scene.ports)
    assert "Measured" not in scene.slack.texts[0]


def test_the_end_of_an_alarm_and_what_is_counted_here_tell_no_value_of_cloudwatch(scene: Scene) -> None:
    tell_alarm(alarm("Throttles", state="OK", before="ALARM"), scene.ports)
    tell_alarm(alarm("DeadMapping"), scene.ports)
    assert not any("Measured" in text for text in scene.slack.texts)


@pytest.mark.parametrize("message", ["", "hello", "[]", "{}", "null", '{"AlarmName": "x"}', '"' + "x" * 9000 + '"'])
def test_what_cannot_be_read_is_an_alarm_of_its_own_and_is_not_quoted(scene: Scene, message: str) -> None:
    told = tell_alarm(message, scene.ports)
    assert (told.name, told.channel) == ("unreadable-alarm", "slack")
    assert "no alarm of CloudWatch" in scene.slack.texts[0]
    assert not message or f"\n{message}" not in scene.slack.texts[0]


@pytest.mark.parametrize("description", ["", None, "Somebody else's alarm, one line", "a\nb\nc: d"])
def test_an_alarm_with_another_description_is_told_all_the_same(description: str | None) -> None:
    read = read_alarm(alarm(AlarmDescription=description, StateChangeTime="yesterday", Trigger=None))
    assert (read.name, read.command, read.runbook, read.at) == ("dealwire-dead-mapping", "", "", None)


def test_a_description_without_end_is_cut(scene: Scene) -> None:
    tell_alarm(alarm(AlarmDescription="x" * 100_000 + "\nNext: " + "y" * 100_000, AlarmName="z" * 9000), scene.ports)
    assert len(scene.slack.texts[0]) < 4000

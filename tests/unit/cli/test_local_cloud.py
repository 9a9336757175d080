"""What the local cloud is told: this machine's Python, the stand-ins' URLs, and nothing of the user's AWS."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import local_cloud, stack, stand_ins, tools
from cli.local_cloud import LocalCloud
from dev import metrics_bridge
from domain.errors import ConfigurationError


def cloud(**changes: Any) -> LocalCloud:
    given: dict[str, Any] = {field.name: field.name for field in fields(LocalCloud)}
    maps: dict[str, Any] = {"webhooks": {}, "tables": {}, "queues": {}, "functions": {}}
    return LocalCloud(**{**given, **maps, **changes})


def test_nothing_of_the_users_aws_reaches_a_process_of_the_local_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, "the-users-own")
    environment = tools.environment()
    assert "the-users-own" not in environment.values()
    assert environment["AWS_ACCESS_KEY_ID"] == "test"


def test_a_client_of_the_emulator_ignores_the_users_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist-anywhere")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sqs.us-east-1.amazonaws.com")
    client = tools.emulator_client("http://127.0.0.1:1", "sqs")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"


#: Where the stand-ins are.
BESIDE = {"providers": "http://127.0.0.1:4242", "slack": "http://127.0.0.1:4243", "crm": "http://127.0.0.1:4244"}


def test_the_deployment_is_for_the_python_that_will_run_it_and_keeps_the_rest_of_samconfig() -> None:
    overrides = dict(pair.split("=", 1) for pair in local_cloud._overrides(BESIDE))
    assert overrides["PythonRuntime"] == f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert overrides["EnvironmentName"] == "local"
    assert overrides["AlarmPeriod"] == "10"


def test_providers_are_called_at_the_stand_in() -> None:
    overrides = dict(pair.split("=", 1) for pair in local_cloud._overrides(BESIDE))
    assert overrides["DotloopApiUrl"] == "http://127.0.0.1:4242/dotloop/public/v2"


def test_what_is_owed_goes_to_the_stand_in_for_the_crm() -> None:
    overrides = dict(pair.split("=", 1) for pair in local_cloud._overrides(BESIDE))
    assert (overrides["CrmKind"], overrides["CrmBaseUrl"]) == ("suitecrm", "http://127.0.0.1:4244")


def test_what_is_not_running_has_no_status_and_nothing_to_stop(tmp_path: Path) -> None:
    assert local_cloud.status(tmp_path) is None
    assert local_cloud.down(tmp_path) is False


def test_the_name_under_which_it_deploys_means_the_local_cloud_and_nobodys_aws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_cloud, "status", lambda: cloud(operate_url="http://127.0.0.1:1/v1"))
    for name in (None, local_cloud.STACK):
        found = stack.find(name, None)
        assert found.operate_url == "http://127.0.0.1:1/v1"
        assert found.session.get_credentials().access_key == "test"
        assert found.session.region_name == "region"


def test_a_stack_that_does_not_run_here_says_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_cloud, "status", lambda: None)
    with pytest.raises(ConfigurationError, match="dealwire up"):
        stack.find(local_cloud.STACK, None)


@pytest.mark.parametrize("more", [{"cloud": {}}, {"cloud": {"api_url": "x", "another": "y"}}])
def test_what_another_version_left_is_not_taken_for_the_local_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(local_cloud.detached, "running", lambda _lock: True)
    (tmp_path / "local-cloud.json").write_text(json.dumps({"digest": "d", **more}), encoding="utf-8")
    assert local_cloud.status(tmp_path) is None


def test_the_stand_ins_start_answer_and_end_with_the_local_cloud(tmp_path: Path) -> None:
    urls = stand_ins.start_stand_ins(tmp_path, "http://127.0.0.1:9")
    try:
        assert sorted(urls) == ["crm", "providers", "slack"]
        for name, url in urls.items():
            stand_ins.await_answer(f"{url}/health", name, tmp_path)
        assert httpx.get(f"{urls['slack']}/posts", trust_env=False).json() == []
        assert local_cloud.detached.running(tmp_path / "metrics.lock")
    finally:
        assert local_cloud.down(tmp_path)
    for one in stand_ins.STAND_INS:
        assert not local_cloud.detached.running(tmp_path / f"{one.name}.lock")


def emf(**values: Any) -> str:
    """A line as Powertools writes it."""
    names = [{"Name": name, "Unit": "Count"} for name in values]
    directives = [
        {"Namespace": "Dealwire", "Dimensions": [["service"]], "Metrics": names[:1]},
        {"Namespace": "Dealwire", "Dimensions": [[]], "Metrics": names[1:]},
    ]
    about = {"Timestamp": 1_772_442_000_000, "CloudWatchMetrics": directives}
    return json.dumps({"_aws": about, "service": "process", **values})


def test_a_line_of_metrics_becomes_values_with_the_dimensions_that_it_names() -> None:
    found = [(space, value["MetricName"], value["Values"], value["Dimensions"])
             for space, value in metrics_bridge.metrics(emf(EventApplied=[1.0, 1.0], DeadBug=0))]  # fmt: skip
    assert found == [
        ("Dealwire", "EventApplied", [1.0, 1.0], [{"Name": "service", "Value": "process"}]),
        ("Dealwire", "DeadBug", [0], []),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "INFO [lambda] hello",
        '{"level": "INFO"}',
        '{"_aws": {}}',
        '{"_aws": 1',
        '{"_aws": {"CloudWatchMetrics": 1}}',
    ],
)
def test_other_lines_are_no_metrics(line: str) -> None:
    assert list(metrics_bridge.metrics(line)) == []


class Logs:
    """Two log groups that grow, as the emulator shows them."""

    def __init__(self) -> None:
        self.events: dict[str, list[tuple[int, str]]] = {"/dealwire/local/process": [], "/dealwire/local/watch": []}

    def describe_log_groups(self, **_: str) -> dict[str, Any]:
        return {"logGroups": [{"logGroupName": name} for name in self.events]}

    def get_paginator(self, _name: str) -> Logs:
        return self

    def paginate(self, *, logGroupName: str, startTime: int, filterPattern: str) -> list[dict[str, Any]]:  # noqa: N803
        found = [one for one in self.events[logGroupName] if one[0] >= startTime and filterPattern.strip('"') in one[1]]
        return [{"events": [{"timestamp": at, "logStreamName": "s", "message": text} for at, text in found]}]


def test_every_line_of_metrics_is_read_once_even_one_that_comes_late() -> None:
    logs = Logs()
    reader = metrics_bridge.Reader(logs)
    process, watch = logs.events.values()
    process += [(10_000, "_aws one"), (10_000, "START"), (10_001, "_aws two")]
    watch += [(10_000, "_aws one")]
    assert list(reader.lines()) == ["_aws one", "_aws two", "_aws one"]
    process.append((9_000, "_aws late"))
    assert list(reader.lines()) == ["_aws late"]
    process.append((60_000, "_aws three"))
    assert list(reader.lines()) == ["_aws three"]
    assert list(reader.lines()) == []


def test_a_count_that_raised_an_alarm_is_put_as_zero_until_the_alarm_is_over() -> None:
    alarms = [
        {"Namespace": "Dealwire", "MetricName": "NotifyFailed", "TreatMissingData": "notBreaching"},
        {"Namespace": "Dealwire", "MetricName": "DeadBug", "TreatMissingData": "ignore"},
        {"Namespace": "AWS/Lambda", "MetricName": "Errors", "TreatMissingData": "notBreaching"},
    ]
    assert list(metrics_bridge.quiet(alarms)) == [("Dealwire", "NotifyFailed")]

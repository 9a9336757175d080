"""What the local cloud is told: this machine's Python, the stand-in's URLs, and nothing of the user's AWS."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli import local_cloud, tools


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


def test_the_deployment_is_for_the_python_that_will_run_it_and_keeps_the_rest_of_samconfig() -> None:
    overrides = dict(pair.split("=", 1) for pair in local_cloud._overrides(None))
    assert overrides["PythonRuntime"] == f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert overrides["EnvironmentName"] == "local"
    assert "DotloopApiUrl" not in overrides


def test_providers_are_called_at_the_stand_in() -> None:
    overrides = dict(pair.split("=", 1) for pair in local_cloud._overrides("http://127.0.0.1:4242"))
    assert overrides["DotloopApiUrl"] == "http://127.0.0.1:4242/dotloop/public/v2"


def test_what_is_not_running_has_no_status_and_nothing_to_stop(tmp_path: Path) -> None:
    assert local_cloud.status(tmp_path) is None
    assert local_cloud.down(tmp_path) is False

"""The operators' API as the command meets it: requests and answers are checked against its models, nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.credentials import Credentials
from typer.main import get_command
from typer.testing import CliRunner, Result

from cli import local_cloud
from cli.main import app
from cli.operator import Reply
from domain.operate.actions import ACTIONS
from domain.operate.base import Message

URL = "http://127.0.0.1:4566/v1"
ROW: dict[str, Any] = {
    "id": "transactions/evt-1",
    "state": "dead",
    "cause": "mapping",
    "owner": "analyst",
    "remedy": "mend the mapping, then replay",
    "reason": "1 field does not fit: data.status: expected a known stage (for stage)",
    "source": "transactions",
    "event_type": "deal.updated",
    "deal": "transactions/TX-1",
    "receipt": "0192f3a4b5c6d7e8f90a1b2c3d4e5f60",
    "attempts": 3,
    "edits": 0,
    "since": "2026-11-22T03:00:00Z",
    "last_at": "2026-11-22T03:05:00Z",
    "due_at": None,
}


@dataclass
class Api:
    """Answers each action as it was told to: a model's fields, a refusal, or what a function makes of the request."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Take a request, as `cli.operator.over_http` does."""
        start, _, action = url.rpartition("/")
        assert start == f"{URL}/operate"
        self.headers = headers
        asked, answered, _ = ACTIONS[action]
        request = asked.model_validate_json(body)
        self.asked.append((action, request))
        answer = self.answers[action]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Reply):
            return answer
        fields = answer.model_dump() if isinstance(answer, Message) else answer
        return Reply(200, answered.model_validate(fields).model_dump_json().encode())

    def requests(self, action: str) -> list[Any]:
        """What was asked of one action, in order."""
        return [request for name, request in self.asked if name == action]


def refusal(status: int, error: str) -> Reply:
    """The answer of the `operate` function to what cannot be done."""
    return Reply(status, json.dumps({"error": error}).encode())


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """A Dealwire that runs here, and the API that it is reached by."""
    made = Api()
    session = SimpleNamespace(get_credentials=lambda: Credentials("test", "test"), region_name="us-east-1")
    monkeypatch.setattr("cli.stack.find", lambda *_: SimpleNamespace(operate_url=URL, session=session))
    monkeypatch.setattr("cli.operator.over_http", made.send)
    return made


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No local cloud."""
    monkeypatch.setattr(local_cloud, "status", lambda: None)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who can be asked."""
    monkeypatch.setattr("cli.output.on_terminal", lambda: True)


@pytest.fixture(autouse=True)
def built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building the command with all its options takes longer than most of these tests."""
    monkeypatch.setattr("typer.testing._get_command", lambda _app: COMMAND)


COMMAND = get_command(app)


def run(*arguments: object, typed: str | None = None) -> Result:
    """Run `dealwire` with these arguments."""
    return CliRunner(env={"COLUMNS": "250"}).invoke(app, [str(one) for one in arguments], input=typed)


def told(*arguments: object) -> Any:
    """The one JSON object that a command prints with `--json`; it must succeed and say nothing else."""
    answer = run(*arguments, "--json")
    assert (answer.exit_code, answer.stderr) == (0, ""), answer.output
    return json.loads(answer.stdout)


def refused(*arguments: object, status: int = 1) -> str:
    """What a command says when it fails: one line on stderr, nothing on stdout, and this exit status."""
    answer = run(*arguments)
    assert isinstance(answer.exception, SystemExit), answer.exception
    assert (answer.exit_code, answer.stdout) == (status, ""), answer.output
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert answer.stderr.startswith("dealwire ")
    return answer.stderr

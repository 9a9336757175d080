"""Slack as the second party: what it takes, what it refuses, and what is never said about its URL."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dev import slack_stub
from domain.errors import ConfigurationError, Unavailable
from notify.slack import SlackAnnouncements
from tests.fakes.secrets import MemorySecrets

URL = "https://hooks.slack.com/services/T000/B000/very-secret"
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]


class Slack:
    """Answers from a list; an exception in it is raised."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, headers={"Location": "https://elsewhere.example/"})

    def board(self, secret: str = json.dumps({"url": URL})) -> SlackAnnouncements:
        transport = httpx.MockTransport(self)
        return SlackAnnouncements(MemorySecrets({"slack": secret}), transport=transport, pause=self.pauses.append)


def test_text_and_blocks_are_posted_to_the_url_of_the_secret() -> None:
    slack = Slack(200)
    slack.board().post("hello", BLOCKS)
    (request,) = slack.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert json.loads(request.content) == {"text": "hello", "blocks": BLOCKS}


def test_the_text_beside_the_blocks_cannot_call_everybody_either() -> None:
    slack = Slack(200)
    slack.board().post("Agents: <!channel> & more", BLOCKS)
    assert json.loads(slack.requests[0].content)["text"] == "Agents: &lt;!channel&gt; &amp; more"


@pytest.mark.parametrize("first", [429, 500, 503, 400, httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
def test_what_may_pass_is_tried_once_more(first: int | Exception) -> None:
    slack = Slack(first, 200)
    slack.board().post("hello", BLOCKS)
    assert (len(slack.requests), slack.pauses) == (2, [1.0])


@pytest.mark.parametrize("fault", [429, 500, 400, httpx.ConnectError(URL), httpx.ReadTimeout(URL)])
def test_a_slack_that_goes_on_failing_is_unavailable(fault: int | Exception) -> None:
    with pytest.raises(Unavailable, match="Slack") as raised:
        Slack(fault, fault).board().post("hello", BLOCKS)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("status", [301, 302, 403, 404, 410])
def test_a_webhook_that_slack_does_not_know_is_our_setting_and_no_redirect_is_followed(status: int) -> None:
    slack = Slack(status)
    with pytest.raises(ConfigurationError, match="put a new URL into the secret `slack`") as raised:
        slack.board().post("hello", BLOCKS)
    assert len(slack.requests) == 1
    assert "very-secret" not in str(raised.value)


@pytest.mark.parametrize("secret", [" ", "not json", "[]", "null", "{}", '{"not_set_yet": "Xy"}', '{"url": null}'])
def test_a_secret_without_url_says_what_to_put_where(secret: str) -> None:
    slack = Slack()
    with pytest.raises(ConfigurationError, match="the secret `slack`") as raised:
        slack.board(secret).post("hello", BLOCKS)
    assert raised.value.__cause__ is None
    assert slack.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/x",
        "https://hooks.slack.com.evil.example/services/x",
        "https://evil.example/https://hooks.slack.com/",
        "https://hooks.slack.com@evil.example/x",
        "https://hooks.slack.com/x@evil.example/",
        "http://127.0.0.1:80@evil.example/",
        "http://127.0.0.1.evil.example:80/",
        "file:///etc/passwd",
        "https://hooks.slack.com/a b",
    ],
)
def test_alarms_go_to_slack_and_nowhere_else(url: str) -> None:
    slack = Slack()
    with pytest.raises(ConfigurationError, match=r"https://hooks\.slack\.com/") as raised:
        slack.board(json.dumps({"url": url})).post("hello", BLOCKS)
    assert slack.requests == []
    assert "evil" not in str(raised.value)


def test_the_url_is_in_no_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    Slack(200).board().post("hello", BLOCKS)
    assert "very-secret" not in caplog.text


@pytest.fixture(scope="module")
def stub() -> Iterator[str]:
    with slack_stub.running() as url:
        yield url


def test_the_stand_in_keeps_what_it_took_and_fails_when_told_to(stub: str) -> None:
    board = SlackAnnouncements(
        MemorySecrets({"slack": json.dumps({"url": f"{stub}/services/T/B/x"})}), pause=lambda _s: None
    )

    def order(name: str, **what: Any) -> None:
        httpx.post(f"{stub}/_stub/{name}", json=what, trust_env=False).raise_for_status()

    order("fail", status=503, times=1)
    board.post("first", BLOCKS)  # its second try
    order("fail", status=404)
    with pytest.raises(ConfigurationError):
        board.post("lost", BLOCKS)
    order("fail", times=0)
    board.post("second", BLOCKS)
    posts = httpx.get(f"{stub}/posts", trust_env=False).json()
    assert [(post["path"], post["text"]) for post in posts] == [
        ("/services/T/B/x", "first"),
        ("/services/T/B/x", "second"),
    ]
    order("reset")
    assert httpx.get(f"{stub}/posts", trust_env=False).json() == []
    board.close()


def test_the_stand_in_refuses_what_slack_would_refuse() -> None:
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    empty = {"type": "section", "text": {"type": "mrkdwn", "text": ""}}
    assert slack_stub.refused(b"{") == slack_stub.refused(b"[]") == "invalid_payload"
    assert slack_stub.refused(b"{}") == "no_text"
    for blocks in ([long], [empty], [{"type": "banana"}], BLOCKS * 51):
        assert slack_stub.refused(json.dumps({"blocks": blocks}).encode()) == "invalid_blocks"

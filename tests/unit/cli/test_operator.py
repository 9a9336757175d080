"""The client of the operators' API: what it sends, and each way of being refused as one clear line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from botocore.exceptions import SSOTokenLoadError

from cli.failures import CommandFailed, Passing
from cli.operator import Reply, over_http
from tests.unit.cli.conftest import Api, refused, told

STATUS = {"queues": [], "open": {"dead: mapping": 2}, "oldest_unapplied_s": 0, "sources": []}


def gateway(status: int, message: str) -> Reply:
    return Reply(status, json.dumps({"message": message}).encode())


def test_a_request_is_signed_for_api_gateway_and_carries_json(api: Api) -> None:
    api.answers["status"] = STATUS
    assert told("status")["open"] == {"dead: mapping": 2}
    assert "/us-east-1/execute-api/aws4_request" in api.headers["Authorization"]
    assert api.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (Reply(404, b'{"error": "no event transactions/x; see dlq list"}'), 3, "status: no event transactions/x; see"),
        (Reply(409, b'{"error": "it was edited meanwhile"}'), 1, "it was edited meanwhile"),
        (Reply(400, b'{"error": "after is not ours"}'), 1, "after is not ours"),
        (Reply(503, b'{"error": "DynamoDB does not answer"}'), 1, "DynamoDB does not answer"),
        (gateway(403, "The security token included in the request is expired"), 1, "the AWS credentials have expired"),
        (gateway(403, "The security token included in the request is invalid."), 1, "AWS does not know these"),
        (gateway(403, "The request signature we calculated does not match"), 1, "does not belong to its access key"),
        (gateway(403, "Signature expired: 20261122T000000Z is now earlier"), 1, "set the clock of this machine"),
        (gateway(403, "Missing Authentication Token"), 1, "the stack does not know this action; deploy"),
        (Reply(403, b'{"Message": "User: arn:x is not authorized to perform"}'), 1, "the managed policy `operator`"),
        (Reply(403, b"<html>"), 1, "the managed policy `operator`"),
        (gateway(504, "Endpoint request timed out"), 1, "not answered just now (status 504); try again"),
        (Reply(500, b""), 1, "failed with status 500; look into the log of the operate function"),
        (Reply(200, b'{"rows": 7}'), 1, "command and stack are of different versions; deploy"),
        (Reply(200, b"<html>"), 1, "command and stack are of different versions; deploy"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(api: Api, reply: Reply, status: int, said: str) -> None:
    api.answers["status"] = reply
    assert said in refused("status", status=status)


def test_what_needs_the_policy_for_personal_data_names_it(api: Api) -> None:
    api.answers["reveal"] = gateway(403, "User is not authorized to access this resource")
    assert "the managed policy `operator-pii`" in refused("dlq", "show", "a/b", "--reveal", "--why", "ticket 1")


def test_a_refusal_cannot_steer_the_terminal(api: Api) -> None:
    api.answers["status"] = Reply(409, json.dumps({"error": "bad \x1b[2Jname"}).encode())
    assert "\x1b" not in refused("status")


def test_a_profile_without_a_stack_is_not_taken_for_the_local_cloud(nothing_runs: None) -> None:
    assert "--profile needs --stack" in refused("status", "--profile", "ops", status=2)


def test_nothing_can_be_asked_where_nothing_runs(nothing_runs: None) -> None:
    assert "no local cloud runs here: start one with `dealwire up`" in refused("status")


@pytest.mark.parametrize(
    "command",
    [
        ["dlq", "list"],
        ["dlq", "show", "a/b"],
        ["dlq", "edit", "a/b", "--why", "ticket"],
        ["dlq", "replay", "a/b", "--why", "ticket", "--yes"],
        ["dlq", "discard", "a/b", "--why", "ticket", "--yes"],
        ["events", "list"],
        ["events", "show", "a/b"],
        ["events", "replay", "--since", "1h", "--mapping", "now", "--why", "ticket", "--yes"],
        ["trace", "a/b"],
        ["status"],
        ["audit"],
        ["forget", "C-1", "--why", "request", "--yes"],
        ["agents", "list"],
        ["agents", "export"],
    ],
)
class TestEveryCommand:
    def test_says_in_one_line_that_nothing_runs(self, command: list[str], nothing_runs: None) -> None:
        assert "no local cloud runs here" in refused(*command)

    def test_says_in_one_line_that_credentials_have_expired(
        self, command: list[str], api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expired = gateway(403, "The security token included in the request is expired")
        monkeypatch.setattr("cli.operator.over_http", lambda *_: expired)
        assert "the AWS credentials have expired; renew them" in refused(*command)

    def test_says_in_one_line_that_there_are_no_credentials(
        self, command: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session = SimpleNamespace(get_credentials=lambda: None, region_name="us-east-1")
        monkeypatch.setattr("cli.stack.find", lambda *_: SimpleNamespace(operate_url="", session=session))
        assert "there are no AWS credentials; sign in" in refused(*command)


def fails(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def test_credentials_that_cannot_be_loaded_or_renewed_are_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = SSOTokenLoadError(error_msg="run aws sso login")
    session = SimpleNamespace(get_credentials=fails(broken), region_name="us-east-1")
    monkeypatch.setattr("cli.stack.find", lambda *_: SimpleNamespace(operate_url="http://127.0.0.1:1", session=session))
    assert "the AWS credentials cannot be used (Error loading SSO Token" in refused("status")
    session.get_credentials = lambda: SimpleNamespace(get_frozen_credentials=fails(broken))
    assert "the AWS credentials cannot be used (Error loading SSO Token" in refused("status")


def test_a_field_that_does_not_fit_names_its_option_and_is_wrong_usage(api: Api) -> None:
    assert "--why: string should have at least 3" in refused("dlq", "discard", "a/b", "--why", "x", "--yes", status=2)
    assert "--day: string should match pattern" in refused("audit", "--day", "yesterday", status=2)
    assert "ID: string should have at most 600" in refused("dlq", "show", "a" * 601, status=2)
    assert not api.asked


class Echo(BaseHTTPRequestHandler):
    """Answers with what came in."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body + self.headers["X-Sent"].encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the server's
        """Keep quiet."""


@pytest.fixture
def echo() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_request_goes_over_http_past_any_proxy_to_the_local_cloud(echo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert over_http(f"{echo}/operate/status", {"X-Sent": "!"}, b"{}") == Reply(200, b"{}!")


@pytest.mark.parametrize("proxy", ["socks5://user:hunter2@proxy.example:1080", "ftp://user:hunter2@proxy.example"])
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(CommandFailed, match="the proxy of this machine cannot be used") as raised:
        over_http("https://api.example.com/v1/operate/status", {}, b"{}")
    assert "hunter2" not in str(raised.value)


def test_an_address_that_nobody_listens_on_is_said_and_may_pass() -> None:
    with pytest.raises(Passing, match=r"127\.0\.0\.1 does not answer .*start the local cloud with `dealwire up`"):
        over_http("http://127.0.0.1:1/operate/status", {}, b"{}")


def test_an_answer_that_takes_too_long_is_said_and_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx.Client, "post", fails(httpx.ReadTimeout("slow")))
    with pytest.raises(Passing, match="did not answer within 35 s"):
        over_http("http://127.0.0.1:1/operate/status", {}, b"{}")

"""The real adapter's own decisions: credentials, redirects, time-outs, and leaving a silent provider alone."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domain.errors import Cause, ConfigurationError, Deferred
from providers.api import FETCH_BUDGET_S, REST_S, HttpProviderApi
from providers.exchange import MAX_ANSWER_BYTES
from providers.urls import ProviderUrls
from tests.fakes.secrets import MemorySecrets

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = {"client_id": "us", "client_secret": "s3cret", "refresh_token": "r3fresh"}
LOOP = {"loop": "/profile/1/loop/2"}
LOOP_URL = "https://api-gateway.dotloop.com/public/v2/profile/1/loop/2"
TRANSACTION = {"transaction": "/v1/transactions/3"}

Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Bench:
    """The adapter with a scripted provider, a clock and secrets."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    grants: list[httpx.Response] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    tokens: int = 0
    at: float = 1000.0
    paused: list[float] = field(default_factory=list)
    secrets: MemorySecrets = field(
        default_factory=lambda: MemorySecrets(
            {"providers/dotloop": json.dumps(SECRET), "providers/brokermint": '{"api_key": "k1"}'}
        )
    )

    def __post_init__(self) -> None:
        self.api = HttpProviderApi(
            ProviderUrls(),
            self.secrets,
            transport=httpx.MockTransport(self.answer),
            now=lambda: NOW,
            monotonic=lambda: self.at,
            pause=self.paused.append,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path == "/oauth/token":
            self.tokens += 1
            token = {"access_token": f"token-{self.tokens}", "expires_in": 1000}
            return self.grants.pop(0) if self.grants else httpx.Response(200, json=token)
        answer = self.answers.pop(0) if self.answers else httpx.Response(200, json={})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def bearers(self) -> list[str]:
        return [request.headers["Authorization"] for request in self.asked if request.url.host.startswith("api-")]

    def deferred(self, source: str = "dotloop") -> Deferred:
        with pytest.raises(Deferred) as deferred:
            self.api.fetch(source, LOOP if source == "dotloop" else TRANSACTION)
        return deferred.value


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_token_is_asked_for_as_oauth_says_and_used_for_nine_tenths_of_its_life(bench: Bench) -> None:
    bench.api.fetch("dotloop", LOOP)
    bench.at += 899
    bench.api.fetch("dotloop", LOOP)
    bench.at += 2
    bench.api.fetch("dotloop", LOOP)
    assert bench.bearers() == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    token = bench.asked[0]
    assert (token.method, str(token.url).partition("?")[0]) == ("POST", "https://auth.dotloop.com/oauth/token")
    assert dict(token.url.params) == {"grant_type": "refresh_token", "refresh_token": "r3fresh"}
    assert token.headers["Authorization"] == f"Basic {b64encode(b'us:s3cret').decode()}"


def test_a_refused_token_is_replaced_with_the_secret_as_it_is_now(bench: Bench) -> None:
    bench.api.fetch("dotloop", LOOP)
    bench.secrets.values["providers/dotloop"] = json.dumps({**SECRET, "refresh_token": "newer"})
    bench.answers = [httpx.Response(401)]
    bench.api.fetch("dotloop", LOOP)
    assert bench.bearers() == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert bench.asked[-2].url.params["refresh_token"] == "newer"


def test_a_second_refusal_waits_for_a_person_and_says_what_to_do(bench: Bench) -> None:
    bench.answers = [httpx.Response(200, json={}), httpx.Response(401), httpx.Response(401)]
    with pytest.raises(Deferred, match=r"401 .*check secret providers/dotloop") as deferred:
        bench.api.fetch("dotloop", {**LOOP, "detail": "/profile/1/loop/2/detail", "more": "/profile/1/loop/2/more"})
    assert deferred.value.cause is Cause.CONFIG
    assert bench.tokens == 2


def test_the_credentials_are_renewed_once_for_all_documents_of_an_event(bench: Bench) -> None:
    bench.answers = [httpx.Response(401), httpx.Response(200, json={}), httpx.Response(401)]
    with pytest.raises(Deferred, match="401"):
        bench.api.fetch("dotloop", {**LOOP, "detail": "/profile/1/loop/2/detail"})
    assert bench.tokens == 2


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_refresh_says_to_authorise_again(bench: Bench, status: int) -> None:
    bench.grants = [httpx.Response(status, json={"error": "invalid_grant", "refresh_token": "r3fresh"})]
    fault = bench.deferred()
    assert fault.cause is Cause.CONFIG
    assert "authorise Dealwire there again" in str(fault)
    assert "providers/dotloop" in str(fault)
    assert "r3fresh" not in str(fault)


@pytest.mark.parametrize(
    "grant",
    [
        httpx.Response(503),
        httpx.Response(429),
        httpx.Response(200, html="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"access_token": ""}),
        httpx.Response(200, json={"access_token": "a\r\nb"}),
    ],
)
def test_an_authorisation_server_that_is_not_itself_is_waited_for(bench: Bench, grant: httpx.Response) -> None:
    bench.grants = [grant]
    assert bench.deferred().cause is Cause.PROVIDER_API


def test_a_token_without_a_stated_life_is_kept_until_it_is_refused(bench: Bench) -> None:
    bench.grants = [httpx.Response(200, json={"access_token": "plain"})]
    bench.api.fetch("dotloop", LOOP)
    bench.api.fetch("dotloop", LOOP)
    assert bench.bearers() == ["Bearer plain", "Bearer plain"]


@pytest.mark.parametrize("text", ["", "not json: r3fresh", "[]", '{"api_key": 7}', '{"client_id": "us"}'])
@pytest.mark.parametrize("source", ["dotloop", "brokermint"])
def test_a_secret_that_is_missing_or_malformed_waits_and_is_not_shown(bench: Bench, source: str, text: str) -> None:
    bench.secrets.values[f"providers/{source}"] = text
    fault = bench.deferred(source)
    assert fault.cause is Cause.CONFIG
    assert f"providers/{source}" in str(fault)
    assert "r3fresh" not in str(fault)
    assert bench.asked == []


def test_a_new_api_key_is_tried_once_and_an_old_one_not_twice(bench: Bench) -> None:
    bench.api.fetch("brokermint", TRANSACTION)
    bench.answers = [httpx.Response(401)]
    assert bench.deferred("brokermint").cause is Cause.CONFIG
    assert len(bench.asked) == 2
    bench.secrets.values["providers/brokermint"] = '{"api_key": "k2"}'
    bench.answers = [httpx.Response(401)]
    bench.api.fetch("brokermint", TRANSACTION)
    assert [request.url.params["api_key"] for request in bench.asked] == ["k1", "k1", "k1", "k2"]


def test_a_forbidden_thing_is_not_asked_for_again_with_a_new_token(bench: Bench) -> None:
    bench.answers = [httpx.Response(403)]
    assert bench.deferred().cause is Cause.CONFIG
    assert bench.tokens == 1


@pytest.mark.parametrize("status", [301, 308])
def test_a_merged_loop_is_followed_once_with_the_same_token(bench: Bench, status: int) -> None:
    bench.answers = [httpx.Response(status, headers={"Location": "/public/v2/profile/1/loop/5"})]
    bench.api.fetch("dotloop", LOOP)
    assert bench.asked[-1].url == "https://api-gateway.dotloop.com/public/v2/profile/1/loop/5"
    assert bench.asked[-1].headers["Authorization"] == "Bearer token-1"


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/public/v2/profile/1/loop/5",
        "http://api-gateway.dotloop.com/public/v2/profile/1/loop/5",
        "https://api-gateway.dotloop.com:8443/public/v2/profile/1/loop/5",
        "https://api-gateway.dotloop.com:port/",
        LOOP_URL,
        "",
    ],
)
def test_our_token_goes_to_no_other_host_and_round_no_circle(bench: Bench, location: str) -> None:
    moved = httpx.Response(301, headers={"Location": location})
    bench.answers = [moved, moved]
    assert bench.deferred().cause is Cause.PROVIDER_API
    assert {str(request.url) for request in bench.asked if request.method == "GET"} == {LOOP_URL}


def test_a_second_redirect_and_one_of_brokermint_are_not_followed(bench: Bench) -> None:
    bench.answers = [httpx.Response(301, headers={"Location": f"{LOOP_URL}{number}"}) for number in (1, 2)]
    assert "301" in str(bench.deferred())
    bench.answers = [httpx.Response(301, headers={"Location": "/api/v1/transactions/4"})]
    assert bench.deferred("brokermint").cause is Cause.PROVIDER_API
    assert len(bench.asked) == 4


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Mon, 02 Mar 2026 09:02:00 GMT", 120.0),
        ("Mon, 02 Mar 2026 09:02:00 -0000", 120.0),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("", 0.0),
    ],
)
def test_a_provider_says_how_long_to_wait_in_seconds_or_as_a_date(bench: Bench, header: str, seconds: float) -> None:
    bench.answers = [httpx.Response(429, headers={"Retry-After": header})]
    assert bench.deferred().retry_after_s == seconds


def test_a_provider_that_asked_for_time_is_given_it(bench: Bench) -> None:
    bench.answers = [httpx.Response(429, headers={"Retry-After": "120"})]
    bench.deferred()
    bench.at += 60
    fault = bench.deferred()
    assert (fault.cause, fault.retry_after_s, len(bench.bearers())) == (Cause.PROVIDER_API, 60.0, 1)
    bench.at += 60
    bench.api.fetch("dotloop", LOOP)
    assert len(bench.bearers()) == 2


def test_a_silent_provider_is_left_alone_for_a_moment_and_others_are_not(bench: Bench) -> None:
    bench.answers = [httpx.ReadTimeout("slow")]
    bench.deferred()
    fault = bench.deferred()
    assert (fault.retry_after_s, len(bench.bearers())) == (0.0, 1)
    bench.api.fetch("brokermint", TRANSACTION)
    bench.at += REST_S
    bench.api.fetch("dotloop", LOOP)
    assert len(bench.bearers()) == 2


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("no answer"), httpx.RemoteProtocolError("closed")]
)
def test_a_lost_connection_is_tried_once_more_after_a_short_pause(bench: Bench, error: Exception) -> None:
    bench.answers = [error]
    bench.api.fetch("dotloop", LOOP)
    assert bench.paused == [0.2]
    bench.answers = [error, error]
    assert bench.deferred().cause is Cause.PROVIDER_API


def test_a_slow_answer_is_not_asked_for_again(bench: Bench) -> None:
    bench.answers = [httpx.ReadTimeout("slow")]
    assert "takes too long" in str(bench.deferred())
    assert bench.paused == []


def test_time_outs_are_short_and_shrink_with_the_time_that_is_left(bench: Bench) -> None:
    bench.api.fetch("dotloop", LOOP)
    first = bench.asked[-1].extensions["timeout"]
    assert (first["connect"], first["read"]) == (2.0, 5.0)

    class Slow(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            bench.at += FETCH_BUDGET_S - 1
            yield b"{}"

    bench.answers = [httpx.Response(200, stream=Slow())]
    bench.api.fetch("dotloop", {**LOOP, "detail": "/profile/1/loop/2/detail"})
    assert bench.asked[-1].extensions["timeout"] == dict.fromkeys(("connect", "read", "write", "pool"), 1.0)


def test_an_answer_that_trickles_is_given_up_when_the_time_is_used_up(bench: Bench) -> None:
    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            while True:
                bench.at += 4
                yield b" "

    bench.answers = [httpx.Response(200, stream=Trickle())]
    assert "takes too long" in str(bench.deferred())


def test_an_answer_of_exactly_the_limit_is_read_and_a_byte_more_is_not(bench: Bench) -> None:
    text = b'"' + b"x" * (MAX_ANSWER_BYTES - 2) + b'"'
    bench.answers = [httpx.Response(200, content=text), httpx.Response(200, content=text + b" ")]
    assert len(bench.api.fetch("dotloop", LOOP)["loop"]) == MAX_ANSWER_BYTES - 2
    assert "4 MiB" in str(bench.deferred())


@pytest.mark.parametrize("body", [b"", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff", b"[" * 10_000])
def test_an_answer_that_is_not_plain_json_is_waited_for_and_not_shown(bench: Bench, body: bytes) -> None:
    bench.answers = [httpx.Response(200, content=body)]
    fault = bench.deferred()
    assert fault.cause is Cause.PROVIDER_API
    assert "/profile/1/loop/2 with something that is not JSON" in str(fault)


def test_a_source_without_an_api_is_a_matter_of_configuration(bench: Bench) -> None:
    with pytest.raises(Deferred, match="no API is known for source 'transactions'") as deferred:
        bench.api.fetch("transactions", {"it": "/it"})
    assert deferred.value.cause is Cause.CONFIG


@pytest.mark.parametrize(
    "url",
    [
        "http://api-gateway.dotloop.com",
        "http://10.0.0.1",
        "https://",
        "https://user:pass@host.example",
        "https://host.example?a=b",
        "https://host.example/#x",
        "ftp://host.example",
        "host.example",
        "",
    ],
)
def test_a_url_that_is_not_encrypted_or_not_a_base_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="dotloop_api must be an https URL"):
        ProviderUrls(dotloop_api=url)


@pytest.mark.parametrize("url", ["https://host.example/v2/", "http://127.0.0.1:8080/v2", "http://localhost:8080"])
def test_https_anywhere_and_http_on_this_machine_are_good(url: str) -> None:
    assert ProviderUrls(dotloop_api=url).dotloop_api == url.rstrip("/")

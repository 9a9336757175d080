"""The providers' APIs: in memory, over a simulated transport, and over real sockets to the stand-in.

One set of promises, kept by all three.
"""

from __future__ import annotations

import json
import traceback
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from dev import provider_stub
from domain.errors import Cause, Deferred, PermanentError
from domain.ports import ProviderApi
from providers.api import HttpProviderApi
from providers.urls import ProviderUrls
from sources.catalog import catalog
from sources.hydration import fetch_paths, hydrated
from sources.strict_json import parse
from tests.fakes.provider_api import FAULTS, MemoryProviderApi
from tests.fakes.secrets import MemorySecrets

EVENTS = Path(__file__).parents[2] / "events"
SECRETS = json.loads((EVENTS / "provider-secrets.demo.json").read_bytes())
LOOP = "/profile/15637525/loop/34308"
PATHS = {"loop": LOOP, "detail": f"{LOOP}/detail", "participants": f"{LOOP}/participant"}
TRANSACTION = "/v1/transactions/123456"
HELD = {
    "dotloop": (PATHS, EVENTS / "dotloop/LOOP_UPDATED__under_contract.fetched.json"),
    "brokermint": (
        {
            "transaction": TRANSACTION,
            "participants": f"{TRANSACTION}/participants",
            "commissions": f"{TRANSACTION}/commissions",
        },
        EVENTS / "brokermint/transaction.updated__pending.fetched.json",
    ),
}


class Subject(Protocol):
    """An API that holds one loop and one transaction, and can be made to fail."""

    @property
    def api(self) -> ProviderApi: ...

    def fail(self, path: str, fault: int | str, times: int) -> None: ...

    def close(self) -> None: ...


@dataclass
class InMemory:
    api: MemoryProviderApi = field(default_factory=MemoryProviderApi)

    def __post_init__(self) -> None:
        for source, (paths, file) in HELD.items():
            documents = parse(file.read_bytes())
            self.api.documents |= {(source, path): documents[name] for name, path in paths.items()}

    def fail(self, path: str, fault: int | str, times: int) -> None:
        self.api.faults[path] = [fault] * times

    def close(self) -> None:
        """Holds nothing open."""


def api_with(urls: ProviderUrls, **options: Any) -> HttpProviderApi:
    secrets = MemorySecrets({f"providers/{source}": json.dumps(secret) for source, secret in SECRETS.items()})
    return HttpProviderApi(urls, secrets, pause=lambda _: None, **options)


class Simulated:
    """The real adapter; its transport answers without a network."""

    def __init__(self) -> None:
        self.faults: dict[str, list[int | str]] = {}
        self.api = api_with(ProviderUrls(), transport=httpx.MockTransport(self.answer))

    def fail(self, path: str, fault: int | str, times: int) -> None:
        self.faults[path] = [fault] * times

    def close(self) -> None:
        self.api.close()

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
        path = request.url.path.removeprefix("/public/v2").removeprefix("/api")
        if self.faults.get(path):
            return self.broken(self.faults[path].pop(0))
        for paths, file in HELD.values():
            name = next((name for name, one in paths.items() if one == path), None)
            if name is not None:
                return httpx.Response(200, json=json.loads(file.read_bytes())[name])
        return httpx.Response(404)

    def broken(self, fault: int | str) -> httpx.Response:
        match fault:
            case "slow":
                raise httpx.ReadTimeout("too slow")
            case "close":
                raise httpx.RemoteProtocolError("closed")
            case "html":
                return httpx.Response(200, html="<html></html>")
            case "huge":
                return httpx.Response(200, content=b'"' + b"x" * 5_000_000 + b'"')
        assert isinstance(fault, int)
        return httpx.Response(fault, headers={"Retry-After": "7"} if fault == 429 else {})


class Stub:
    """The real adapter over real sockets."""

    def __init__(self, url: str) -> None:
        self.url = url
        urls = ProviderUrls(
            dotloop_api=f"{url}/dotloop/public/v2",
            dotloop_auth=f"{url}/dotloop/auth",
            brokermint_api=f"{url}/brokermint/api",
        )
        # Certificates take a tenth of a second to load and are not needed for this machine.
        self.api = api_with(urls, transport=httpx.HTTPTransport(verify=False), budget_s=2.0)

    def fail(self, path: str, fault: int | str, times: int) -> None:
        prefix = "/brokermint/api" if path.startswith("/v1") else "/dotloop/public/v2"
        headers = {"Retry-After": "7"} if fault == 429 else {}
        order = {"path": prefix + path, "status": fault, "times": times, "headers": headers, "seconds": 0.6}
        self.control("faults", order)

    def close(self) -> None:
        self.api.close()

    def control(self, name: str, order: object = None) -> Any:
        body = None if order is None else json.dumps(order).encode()
        with urllib.request.urlopen(f"{self.url}/_stub/{name}", body) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def stub_url() -> Iterator[str]:
    with provider_stub.running() as url:
        yield url


@pytest.fixture
def stub(stub_url: str) -> Iterator[Stub]:
    with closing(Stub(stub_url)) as real:
        real.control("reset", {})
        yield real


@pytest.fixture(params=["memory", "simulated transport", "stand-in"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "memory":
        yield InMemory()
    elif request.param == "simulated transport":
        with closing(Simulated()) as simulated:
            yield simulated
    else:
        real: Stub = request.getfixturevalue("stub")
        yield real


@pytest.mark.parametrize("source", HELD)
def test_each_document_comes_under_its_name_with_exact_numbers(subject: Subject, source: str) -> None:
    paths, file = HELD[source]
    fetched = subject.api.fetch(source, paths)
    assert fetched == parse(file.read_bytes())
    if source == "brokermint":
        assert fetched["commissions"][0]["tiers"][0]["value"] == Decimal("5.5")


@pytest.mark.parametrize("status", [404, 410])
def test_what_the_provider_does_not_have_is_final_and_named(subject: Subject, status: int) -> None:
    subject.fail(PATHS["detail"], status, times=1)
    with pytest.raises(PermanentError, match=f"dotloop .*{PATHS['detail']}") as gone:
        subject.api.fetch("dotloop", PATHS)
    assert gone.value.cause is Cause.PROVIDER_API


@pytest.mark.parametrize("source", HELD)
def test_a_thing_that_was_never_there_is_final_too(subject: Subject, source: str) -> None:
    path = next(iter(HELD[source][0].values())) + "9"
    with pytest.raises(PermanentError, match=f"{source} .*{path}"):
        subject.api.fetch(source, {"it": path})


@pytest.mark.parametrize(("fault", "cause"), FAULTS.items())
@pytest.mark.parametrize("source", HELD)
def test_a_fault_outside_the_message_defers_it(subject: Subject, source: str, fault: int | str, cause: Cause) -> None:
    paths = HELD[source][0]
    subject.fail(list(paths.values())[1], fault, times=2)  # twice: once is what a retry or a renewal cures
    with pytest.raises(Deferred) as deferred:
        subject.api.fetch(source, paths)
    assert deferred.value.cause is cause
    assert deferred.value.retry_after_s == (7.0 if fault == 429 else 0.0)


@pytest.mark.parametrize("source", HELD)
def test_once_the_fault_has_passed_the_same_fetch_succeeds(subject: Subject, source: str) -> None:
    paths, file = HELD[source]
    subject.fail(next(iter(paths.values())), 503, times=1)
    with pytest.raises(Deferred):
        subject.api.fetch(source, paths)
    assert subject.api.fetch(source, paths) == parse(file.read_bytes())


def fixtures(source: str) -> list[Path]:
    return [
        file.with_name(file.name.replace(".fetched", "")) for file in sorted((EVENTS / source).glob("*.fetched.json"))
    ]


@pytest.mark.parametrize(
    ("source", "fixture"),
    [(source, fixture) for source in HELD for fixture in fixtures(source)],
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_every_fixture_can_be_fetched_from_the_stand_in_by_what_its_webhook_says(
    stub: Stub, source: str, fixture: Path
) -> None:
    webhook = parse(fixture.read_bytes())
    fetched = stub.api.fetch(source, fetch_paths(catalog()[source], webhook))
    expected = hydrated(webhook, parse(fixture.with_suffix(".fetched.json").read_bytes()))
    assert hydrated(webhook, fetched) == expected


def test_a_loop_that_was_merged_into_another_gives_the_one_that_is_left(stub: Stub) -> None:
    fetched = stub.api.fetch("dotloop", {"loop": "/profile/15637525/loop/34400"})
    assert fetched["loop"]["data"]["id"] == 34312


def test_one_token_serves_all_documents_and_a_refused_one_is_refreshed_once(stub: Stub) -> None:
    stub.api.fetch("dotloop", PATHS)
    assert stub.control("requests")["POST /dotloop/auth/oauth/token"] == 1
    stub.control("expire", {})
    stub.api.fetch("dotloop", PATHS)
    assert stub.control("requests")["POST /dotloop/auth/oauth/token"] == 2


def test_no_secret_and_no_token_is_in_any_log_or_error(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    shown = ""
    for source, (paths, _) in HELD.items():
        stub.api.fetch(source, paths)
        for fault in (401, "close", "html", 404):
            stub.fail(next(iter(paths.values())), fault, times=2)
            with closing(Stub(stub.url)) as fresh, pytest.raises((Deferred, PermanentError)) as error:
                fresh.api.fetch(source, paths)
            shown += "".join(traceback.format_exception(error.value))
    assert "httpx" in caplog.text  # the URLs were logged: without what must not be in them
    assert [secret for secret in secret_texts() if secret in caplog.text + shown] == []


def secret_texts() -> list[str]:
    return [*(text for secret in SECRETS.values() for text in secret.values()), "stub-access-token", "api_key="]

"""The providers' APIs behind one port: webhooks that only name what changed are filled in from here.

Dotloop: https://dotloop.github.io/public-api/ · Brokermint: https://my.brokermint.com/api_docs
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from domain.errors import Cause, Deferred
from domain.ports import SecretStore
from providers.answers import document
from providers.credentials import ApiKey, Credentials, RefreshedToken
from providers.exchange import Answer, Exchange, NoAnswer
from providers.urls import ProviderUrls

#: For all documents of one event together, token included.
FETCH_BUDGET_S = 10.0

#: How long a provider that gave no answer is left alone: the rest of a batch must not wait for it one by one, until
#: the function itself runs out of time and good events end up dead.
REST_S = 5.0

_MOVED = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class _Api:
    """One provider's API.

    Attributes:
        follows_moves: whether it answers 301 for a thing that was merged into another.
    """

    name: str
    base_url: str
    credentials: Credentials
    follows_moves: bool = False


@dataclass(frozen=True, slots=True)
class _Rest:
    """A provider is not asked until then, because of this."""

    until: float
    fault: Deferred


class HttpProviderApi:
    """Implements `domain.ports.ProviderApi` over HTTPS.

    Args:
        urls: where the APIs are.
        secrets: holds `providers/<source>`.
        transport: of httpx; None for the real network.
        now: the time, for Retry-After dates.
        monotonic: seconds that only grow, for expiry and the budget.
        pause: waits that many seconds.
        budget_s: for one fetch; at most a third of the function's time-out.
    """

    def __init__(
        self,
        urls: ProviderUrls,
        secrets: SecretStore,
        *,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        budget_s: float = FETCH_BUDGET_S,
    ) -> None:
        self._budget_s = budget_s
        self._rests: dict[str, _Rest] = {}
        self._exchange = Exchange(transport, monotonic, pause)
        self._now = now
        self._monotonic = monotonic
        token = RefreshedToken(
            "dotloop",
            "providers/dotloop",
            f"{urls.dotloop_auth}/oauth/token",
            secrets=secrets,
            exchange=self._exchange,
            monotonic=monotonic,
            now=now,
        )
        key = ApiKey("providers/brokermint", "api_key", secrets)
        self._apis = {
            "dotloop": _Api("dotloop", urls.dotloop_api, token, follows_moves=True),
            "brokermint": _Api("brokermint", urls.brokermint_api, key),
        }

    def fetch(self, source: str, paths: Mapping[str, str]) -> Mapping[str, Any]:
        """GET each path of the source's API; returns name to document, numbers with a fraction as `Decimal`.

        Raises:
            Deferred: down, slow, refused, asked too often, or an answer that is not JSON; trying later can succeed.
            PermanentError: the provider does not have it.
        """
        api = self._apis.get(source)
        if api is None:
            known = ", ".join(self._apis)
            raise Deferred(
                f"no API is known for source {source!r} (known: {known}); remove `fetch` from its row or add one",
                cause=Cause.CONFIG,
            )
        self._heed_rest(source)
        visit = _Visit(api, self._exchange, self._monotonic() + self._budget_s)
        try:
            return {
                name: document(api.name, path, visit.get(path), secret=api.credentials.secret_name, now=self._now)
                for name, path in paths.items()
            }
        except Deferred as fault:
            if isinstance(fault, NoAnswer) or fault.retry_after_s:
                self._rests[source] = _Rest(self._monotonic() + max(REST_S, fault.retry_after_s), fault)
            raise

    def close(self) -> None:
        """Close the connections; a function that lives on need not."""
        self._exchange.close()

    def _heed_rest(self, source: str) -> None:
        rest = self._rests.get(source)
        if rest is None:
            return
        left = rest.until - self._monotonic()
        if left > 0:
            asked = left if rest.fault.retry_after_s else 0.0
            raise Deferred(str(rest.fault), cause=rest.fault.cause, retry_after_s=asked)
        del self._rests[source]


class _Visit:
    """The requests of one fetch, which renew the credentials at most once together."""

    def __init__(self, api: _Api, exchange: Exchange, deadline: float) -> None:
        self._api = api
        self._exchange = exchange
        self._deadline = deadline
        self._may_renew = True

    def get(self, path: str) -> Answer:
        """The answer for a path; after a merge, that for the thing it was merged into."""
        url = self._api.base_url + path
        answer = self._authorised(url)
        if answer.status in _MOVED and self._api.follows_moves:
            return self._authorised(self._moved_to(url, answer, path))
        return answer

    def _authorised(self, url: str) -> Answer:
        answer = self._send(url)
        if answer.status == 401 and self._may_renew:
            self._may_renew = False
            if self._api.credentials.renew(self._deadline):
                return self._send(url)
        return answer

    def _send(self, url: str) -> Answer:
        proof = self._api.credentials.proof(self._deadline)
        return self._exchange.send(
            self._api.name,
            "GET",
            url,
            deadline=self._deadline,
            headers=proof.headers,
            secret_query=proof.secret_query,
        )

    def _moved_to(self, url: str, answer: Answer, path: str) -> str:
        target = urljoin(url, answer.headers.get("location", ""))
        if _origin(target) != _origin(url) or target == url:  # our token goes to no other host
            raise Deferred(
                f"{self._api.name} redirects {path} to another host or to itself; check the configured URL",
                cause=Cause.PROVIDER_API,
            )
        return target


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)  # httpx has refused a Location that is no URL
    return parts.scheme, parts.hostname, parts.port

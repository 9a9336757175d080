"""One request to a provider and its answer: short time-outs, one quick retry, a size limit, and no secret in any log.

httpx logs the URL of every request and keeps it in its exceptions. So a secret that a provider wants in the URL is
added below the client, in the transport, where neither sees it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from domain.errors import Cause, Deferred

#: Longer waits belong to the deferral of the event, not to the function that others queue behind.
CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0

#: The largest document we know has 40 KB; a webhook itself may have as much as this.
MAX_ANSWER_BYTES = 4 * 1024 * 1024

#: Connections fail at once when a provider restarts, and pooled ones are dead after a function was frozen.
_WORTH_A_RETRY = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
_RETRY_PAUSE_S = 0.2

_SECRET_QUERY = "secret_query"  # noqa: S105 # the name of a request extension, not a secret


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Deferred):
    """The provider is down or too slow; whoever asks next will find it so."""


class _TooLarge(Exception):
    """The answer is larger than we read."""


class _OutOfTime(Exception):
    """The time for the whole fetch is used up."""


class Exchange:
    """Sends requests to providers.

    Args:
        transport: of httpx; None for the real network.
        monotonic: seconds that only grow.
        pause: waits that many seconds.
    """

    def __init__(
        self, transport: httpx.BaseTransport | None, monotonic: Callable[[], float], pause: Callable[[float], None]
    ) -> None:
        # Its debug lines hold whole response headers; ours say what matters.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._client = httpx.Client(
            transport=_SecretQuery(transport or httpx.HTTPTransport()),
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "User-Agent": "dealwire"},
        )
        self._monotonic = monotonic
        self._pause = pause

    def send(
        self,
        provider: str,
        method: str,
        url: str,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        secret_query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status.

        Args:
            provider: its name, for errors.
            method: of HTTP.
            url: without any secret.
            deadline: by `monotonic`; a trickling answer is given up then.
            headers: besides the usual ones.
            secret_query: parameters to add to the URL where no log sees them.

        Raises:
            Deferred: no answer, or none that we could read.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(_WORTH_A_RETRY),
            stop=stop_after_attempt(2),
            wait=wait_fixed(_RETRY_PAUSE_S),
            sleep=self._pause,
            reraise=True,
        )
        request = self._client.build_request(
            method, url, headers=headers, extensions={_SECRET_QUERY: dict(secret_query or {})}
        )
        try:
            return retrying(self._once, request, deadline)
        except _TooLarge as error:
            what = f"{provider} answers with more than {MAX_ANSWER_BYTES // 1024 // 1024} MiB for {request.url.path}"
            raise Deferred(f"{what}; look at the thing there", cause=Cause.PROVIDER_API) from error
        except (httpx.TimeoutException, _OutOfTime) as error:
            raise _no_answer(provider, "takes too long to answer") from error
        except httpx.HTTPError as error:
            raise _no_answer(provider, f"cannot be reached ({type(error).__name__})") from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _once(self, request: httpx.Request, deadline: float) -> Answer:
        left = deadline - self._monotonic()
        if left <= 0:
            raise _OutOfTime
        timeout = httpx.Timeout(min(READ_TIMEOUT_S, left), connect=min(CONNECT_TIMEOUT_S, left))
        request.extensions["timeout"] = timeout.as_dict()
        response = self._client.send(request, stream=True)
        try:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise _TooLarge
                if self._monotonic() >= deadline:
                    raise _OutOfTime
            return Answer(response.status_code, response.headers, bytes(body))
        finally:
            response.close()


def _no_answer(provider: str, what: str) -> NoAnswer:
    message = (
        f"{provider} {what}; it is asked again by itself: see its status page and the configured URL if this lasts"
    )
    return NoAnswer(message, cause=Cause.PROVIDER_API)


class _SecretQuery(httpx.BaseTransport):
    """Adds the secret parameters to the URL at the last moment."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request with its secret."""
        extensions = dict(request.extensions)
        secret = extensions.pop(_SECRET_QUERY, {})
        return self._inner.handle_request(
            httpx.Request(
                request.method,
                request.url.copy_merge_params(secret) if secret else request.url,
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

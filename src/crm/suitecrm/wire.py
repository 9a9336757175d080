"""One HTTP exchange with a CRM: encrypted, bounded in time and size, and never repeated behind the caller's back."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from crm.suitecrm.calls import Broke, WireFault

#: Seconds to reach the CRM; a server that takes longer to accept a connection is down for us.
CONNECT_S = 5.0

#: An idle connection is not used again after so many seconds: web servers close theirs after five (Apache's
#: KeepAliveTimeout), and a request that meets the closing may or may not have been done.
IDLE_S = 4.0

#: Connections that threads may use at once.
MOST_CONNECTIONS = 16

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """Posts to one address. Threads may share it.

    Args:
        address: of the service, checked before.
        most_bytes: of a reply, decompressed.
        monotonic: seconds that only grow.
    """

    def __init__(self, address: str, *, most_bytes: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._most_bytes = most_bytes
        self._monotonic = monotonic
        self._used_at = monotonic()
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, and no password from a .netrc
        # SuiteCRM ignores the session that a call names if a cookie has started another one.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update({"User-Agent": "dealwire", "Accept": "text/xml"})
        for prefix in list(self._session.adapters):
            self._session.mount(prefix, HTTPAdapter(pool_maxsize=MOST_CONNECTIONS, max_retries=0))

    def post(self, message: bytes, timeout_s: float) -> Answer:
        """Send a SOAP message and read the whole reply, whatever its status.

        Args:
            message: XML in UTF-8.
            timeout_s: for everything together.

        Raises:
            WireFault: `unsent`, or `cut` if it broke after the message began to leave.
        """
        self._leave_idle_connections()
        deadline = self._monotonic() + timeout_s
        body = _Body(message)
        try:
            with self._session.post(
                self._address,
                data=body,
                headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
                timeout=Timeout(connect=min(CONNECT_S, timeout_s), total=timeout_s),  # type: ignore[arg-type] # its stubs know numbers only; it takes urllib3's object
                allow_redirects=False,
                stream=True,
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, headers, self._read(response.raw, deadline))
        except (RequestException, HTTPError, OSError) as error:
            # The texts of these errors hold addresses and whole chains of causes; the kind says enough.
            kind = type(error).__name__
            if body.left:
                raise WireFault(Broke.CUT, f"the CRM's reply was lost ({kind})") from None
            raise WireFault(Broke.UNSENT, f"the CRM was not reached ({kind})") from None
        finally:
            self._used_at = self._monotonic()

    def close(self) -> None:
        """Close the connections; a function that lives on need not."""
        self._session.close()

    def _leave_idle_connections(self) -> None:
        if self._monotonic() - self._used_at > IDLE_S:
            self._session.close()

    def _read(self, raw: BaseHTTPResponse, deadline: float) -> bytes:
        pieces, size = [], 0
        with _given_up(raw, deadline - self._monotonic()):
            while piece := raw.read1(_CHUNK, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if size > self._most_bytes:
                    raise WireFault(
                        Broke.CUT,
                        f"the CRM's reply is larger than {self._most_bytes} bytes; ask for fewer records at once",
                    )
        return b"".join(pieces)


@contextmanager
def _given_up(raw: BaseHTTPResponse, after_s: float) -> Iterator[None]:
    """Reading ends then, however slowly bytes trickle in: a socket's own time-out starts anew with each of them."""

    def give_up() -> None:
        with suppress(OSError, ValueError):  # it has just ended by itself
            raw.shutdown()

    timer = threading.Timer(max(0.0, after_s), give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Body(io.BytesIO):
    """A message that knows whether it began to leave: it is first read when there is a connection."""

    left = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.left = True
        return super().read(size)

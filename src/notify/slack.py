"""Slack: alarms are posted to an incoming webhook, whose URL is a secret.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence

import httpx

from domain.errors import ConfigurationError, Unavailable
from domain.ports import SecretStore
from notify.blocks import escaped

#: Seconds for one try; there are two, and e-mail must still fit into the function's time.
TIMEOUT_S = 5.0

#: Seconds before the second try, whatever Slack asks for: what it does not take then goes out by e-mail.
PAUSE_S = 1.0

#: Nowhere else: whoever can change the secret must not be able to send alarms to another host. 127.0.0.1 is the
#: stand-in of the local cloud.
_ALLOWED = re.compile(r"https://hooks\.slack\.com/[^\s@]+|http://127\.0\.0\.1:\d+/[^\s@]*")
_SECRET = "slack"  # noqa: S105 # the name of the secret


class SlackAnnouncements:
    """Implements `domain.operate.ports.Announcements` over Slack's incoming webhooks.

    Args:
        secrets: holds `slack`, JSON with the `url`.
        transport: of httpx; None for the real network.
        pause: waits that many seconds.
    """

    def __init__(
        self,
        secrets: SecretStore,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        # At INFO it logs the URL of every request, and this one is a secret.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._secrets = secrets
        self._pause = pause
        self._client = httpx.Client(transport=transport, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)

    def post(self, text: str, blocks: Sequence[Mapping[str, object]]) -> None:
        """Tell people, in Block Kit with a plain-text fallback.

        Raises:
            Unavailable: Slack cannot be reached, is failing, or refuses the message.
            ConfigurationError: there is no URL, or Slack knows none such.
        """
        url = self._url()
        # Slack interprets this text as well: an agent's id in it must not call everybody in the channel.
        body = {"text": escaped(text), "blocks": list(blocks)}
        fault = self._once(url, body)
        if isinstance(fault, Unavailable):
            self._pause(PAUSE_S)
            fault = self._once(url, body)
        if fault is not None:
            raise fault

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _once(self, url: str, body: Mapping[str, object]) -> Unavailable | ConfigurationError | None:
        """What went wrong, if anything did; never with the URL in it."""
        try:
            status = self._client.post(url, json=body).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Unavailable(f"Slack cannot be reached ({type(error).__name__})")
        if status == httpx.codes.OK:
            return None
        if status in (400, 429) or status >= 500:
            return Unavailable(f"Slack answers {status}")
        return ConfigurationError(f"Slack answers {status}: it knows no such webhook; put a new URL into {_where()}")

    def _url(self) -> str:
        try:
            held = json.loads(self._secrets.secret(_SECRET))
            url = str(held["url"])
        except (KeyError, TypeError, ValueError):
            # Not chained: the error's text may quote the secret.
            raise ConfigurationError(f"no Slack webhook is set: put one into {_where()}") from None
        if not _ALLOWED.fullmatch(url):
            raise ConfigurationError(
                f"the url is not one of https://hooks.slack.com/: put the right one into {_where()}"
            )
        return url


def _where() -> str:
    return 'the secret `slack` of this stack, as {"url": "https://hooks.slack.com/services/..."}'

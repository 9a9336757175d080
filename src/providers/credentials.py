"""How each provider lets us in. Secrets are read when needed and are in no error text."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.errors import BadPayload, Cause, ConfigurationError, Deferred
from domain.ports import SecretStore
from providers.answers import document
from providers.exchange import Exchange
from sources.strict_json import parse

#: A token is used for this part of its life, so that it does not expire on its way.
_LIFE_USED = 0.9

#: The life of a token that does not state it; a refusal renews it anyway.
_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class Proof:
    """What goes with a request to prove who we are."""

    headers: Mapping[str, str]
    secret_query: Mapping[str, str]


class Credentials(Protocol):
    """The way one provider lets us in."""

    secret_name: str

    def proof(self, deadline: float) -> Proof:
        """What to send along."""
        ...

    def renew(self, deadline: float) -> bool:
        """The provider refused the last proof: get another. False if there is no other."""
        ...


class ApiKey:
    """A fixed key in the URL; the secret is `{"api_key": ...}`."""

    def __init__(self, secret_name: str, parameter: str, secrets: SecretStore) -> None:
        self.secret_name = secret_name
        self._parameter = parameter
        self._secrets = secrets
        self._key = ""

    def proof(self, deadline: float) -> Proof:  # noqa: ARG002 - the protocol gives a deadline; a key asks nobody
        """The key."""
        if not self._key:
            self._key = _read(self._secrets, self.secret_name, ("api_key",))["api_key"]
        return Proof({}, {self._parameter: self._key})

    def renew(self, deadline: float) -> bool:  # noqa: ARG002 - the protocol gives a deadline; a key asks nobody
        """Whether someone has put a new key into the secret; the old one is not tried twice."""
        before, self._key = self._key, _read(self._secrets, self.secret_name, ("api_key",), fresh=True)["api_key"]
        return self._key != before


class RefreshedToken:
    """A short-lived OAuth access token, got with a refresh token and kept in memory (RFC 6749, 6).

    The secret is `{"client_id": ..., "client_secret": ..., "refresh_token": ...}`.
    """

    def __init__(
        self,
        provider: str,
        secret_name: str,
        token_url: str,
        *,
        secrets: SecretStore,
        exchange: Exchange,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self.secret_name = secret_name
        self._provider = provider
        self._url = token_url
        self._secrets = secrets
        self._exchange = exchange
        self._monotonic = monotonic
        self._now = now
        self._token = ""
        self._expires_at = 0.0

    def proof(self, deadline: float) -> Proof:
        """The access token, a new one if we have none or it is about to expire."""
        if not self._token or self._monotonic() >= self._expires_at:
            self._refresh(deadline, fresh=False)
        return Proof({"Authorization": f"Bearer {self._token}"}, {})

    def renew(self, deadline: float) -> bool:
        """Get a new access token, with the secret as it is now."""
        self._token = ""
        self._refresh(deadline, fresh=True)
        return True

    def _refresh(self, deadline: float, *, fresh: bool) -> None:
        secret = _read(self._secrets, self.secret_name, ("client_id", "client_secret", "refresh_token"), fresh=fresh)
        client = b64encode(f"{secret['client_id']}:{secret['client_secret']}".encode()).decode("ascii")
        answer = self._exchange.send(
            self._provider,
            "POST",
            self._url,
            deadline=deadline,
            headers={"Authorization": f"Basic {client}"},
            secret_query={"grant_type": "refresh_token", "refresh_token": secret["refresh_token"]},
        )
        if answer.status in (400, 401, 403):  # RFC 6749, 5.2: invalid_grant is 400, invalid_client 400 or 401
            raise Deferred(
                f"{self._provider} refuses to refresh our access token ({answer.status}); authorise Dealwire "
                f"there again and put the new client and refresh token into secret {self.secret_name}",
                cause=Cause.CONFIG,
            )
        granted = document(self._provider, "/oauth/token", answer, secret=self.secret_name, now=self._now)
        token = granted.get("access_token") if isinstance(granted, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise Deferred(f"{self._provider} grants no access token with its 200", cause=Cause.PROVIDER_API)
        seconds = granted.get("expires_in")
        self._token = token
        self._expires_at = self._monotonic() + (seconds if type(seconds) is int else _LIFE_S) * _LIFE_USED


def _read(secrets: SecretStore, name: str, fields: tuple[str, ...], *, fresh: bool = False) -> dict[str, str]:
    expected = json.dumps(dict.fromkeys(fields, "..."))
    try:
        values = parse(secrets.secret(name, fresh=fresh).encode())
    except ConfigurationError as error:
        raise Deferred(f"{error}; it must hold {expected}", cause=Cause.CONFIG) from error
    except BadPayload:
        values = None  # not `from`: what a parser says may quote the secret
    if isinstance(values, dict):
        found = {field: value for field in fields if isinstance(value := values.get(field), str) and value}
        if len(found) == len(fields):
            return found
    raise Deferred(f"secret {name} is not of the form {expected}; put it right", cause=Cause.CONFIG)

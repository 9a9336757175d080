"""Secrets Manager: secrets by name, cached, so that a webhook costs no call and a changed secret arrives soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from domain.errors import ConfigurationError
from storage.aws_faults import translated

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: However often a forged webhook makes us doubt a secret, it is asked for no more often than this.
_FRESH_AT_MOST_EVERY_S = 60.0
#: It was deleted, or holds no value yet.
_NO_VALUE = frozenset({"ResourceNotFoundException", "InvalidRequestException"})


class _Held(NamedTuple):
    text: str
    asked_at: float


class SecretsManagerStore:
    """`SecretStore` over the secrets under one prefix."""

    def __init__(
        self,
        client: SecretsManagerClient,
        prefix: str,
        *,
        ttl_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read `<prefix>/<name>` with `client`; hold each for `ttl_s` by `clock`, which counts seconds."""
        self._client = client
        self._prefix = prefix.rstrip("/")
        self._ttl_s = ttl_s
        self._clock = clock
        self._held: dict[str, _Held] = {}

    def secret(self, name: str, *, fresh: bool = False) -> str:
        """The secret text.

        Raises:
            ConfigurationError: there is no such secret, it is not text, or we may not read it.
            Unavailable: Secrets Manager cannot answer now.
        """
        now = self._clock()
        held = self._held.get(name)
        if held and now - held.asked_at < (min(self._ttl_s, _FRESH_AT_MOST_EVERY_S) if fresh else self._ttl_s):
            return held.text
        text = self._ask(f"{self._prefix}/{name}")
        self._held[name] = _Held(text, now)
        return text

    def _ask(self, secret_id: str) -> str:
        with translated(f"read secret {secret_id}", "allow secretsmanager:GetSecretValue on it in template.yaml"):
            try:
                text = self._client.get_secret_value(SecretId=secret_id).get("SecretString")
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _NO_VALUE:
                    raise ConfigurationError(f"secret {secret_id} does not exist; {_command(secret_id)}") from error
                raise
        if not text:
            raise ConfigurationError(f"secret {secret_id} holds no text; {_command(secret_id)}")
        return text


def _command(secret_id: str) -> str:
    return f"set it with `aws secretsmanager create-secret --name {secret_id} --secret-string file://FILE`"

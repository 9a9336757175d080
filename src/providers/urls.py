"""Where the providers' APIs are, and the rule that we only ever talk to them encrypted."""

from __future__ import annotations

from dataclasses import dataclass, fields
from ipaddress import ip_address
from urllib.parse import urlsplit

from domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class ProviderUrls:
    """The base URLs of the APIs, checked.

    Attributes:
        dotloop_api: of Dotloop's public API v2.
        dotloop_auth: of Dotloop's OAuth server.
        brokermint_api: of Brokermint's API, without its version.

    Raises:
        ConfigurationError: one of them is not an https URL (http is only for this machine).
    """

    dotloop_api: str = "https://api-gateway.dotloop.com/public/v2"
    dotloop_auth: str = "https://auth.dotloop.com"
    brokermint_api: str = "https://my.brokermint.com/api"

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(field.name, getattr(self, field.name)))


def _checked(name: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname)):
        plain = parts.hostname and not (parts.username or parts.password or parts.query or parts.fragment)
        if plain:
            return url.rstrip("/")
    raise ConfigurationError(
        f"{name} must be an https URL of host and path only, such as {ProviderUrls.__dataclass_fields__[name].default}"
        " (http only for 127.0.0.1)"
    )


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"

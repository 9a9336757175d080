"""Where a SuiteCRM's SOAP service is, and the rule that we only ever talk to it encrypted."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from domain.errors import ConfigurationError

#: Of the service below the CRM's own address.
PATH = "/service/v4_1/soap.php"


def service_address(base_url: str) -> str:
    """The address of the SOAP service v4_1 of the SuiteCRM at this address.

    Raises:
        ConfigurationError: it is not an https URL of host and path only (http is only for this machine).
    """
    parts = urlsplit(base_url)
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    plain = parts.hostname and not (parts.username or parts.password or parts.query or parts.fragment)
    if not (encrypted and plain):
        raise ConfigurationError(
            "the CRM's address must be an https URL of host and path only, such as https://crm.example.com/suitecrm"
            f" (http only for 127.0.0.1); the configured one is {parts.scheme or 'no scheme'}://{parts.hostname or ''}"
        )
    return base_url.rstrip("/").removesuffix(PATH) + PATH


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"

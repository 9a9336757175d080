"""The secrets of one source that are accepted at once, so that a secret can be changed without losing a webhook."""

from __future__ import annotations

from domain.errors import BadPayload, ConfigurationError
from sources.strict_json import parse

_REMEDY = 'expected the secret as it is, or {"current": "...", "previous": ["..."]} while you change it'


def accepted_secrets(name: str, text: str) -> tuple[str, ...]:
    """Read the text of a stored secret: the secret itself, or the current and the previous ones as JSON.

    Returns:
        The current secret first.

    Raises:
        ConfigurationError: neither of the two forms; the message never shows the text.
    """
    plain = text.strip()
    if not plain.startswith("{"):
        return _checked(name, [plain])
    try:
        fields = parse(plain.encode())
    except BadPayload as error:
        raise ConfigurationError(f"secret {name} looks like JSON but is not; {_REMEDY}") from error
    previous = fields.get("previous", [])
    if not fields.keys() <= {"current", "previous"} or not isinstance(previous, list):
        raise ConfigurationError(f"secret {name} has other keys; {_REMEDY}")
    return _checked(name, [fields.get("current"), *previous])


def _checked(name: str, secrets: list[object]) -> tuple[str, ...]:
    texts = [secret for secret in secrets if isinstance(secret, str) and secret]
    if not secrets or len(texts) != len(secrets):
        raise ConfigurationError(f"secret {name} holds an empty secret; {_REMEDY}")
    return tuple(texts)

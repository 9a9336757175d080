"""A stored secret is the secret itself, or the current and the previous ones while it is changed."""

from __future__ import annotations

import pytest

from domain.errors import ConfigurationError
from sources.rotation import accepted_secrets


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("It's a Secret to Everybody", ("It's a Secret to Everybody",)),
        ("whsec_abc\n", ("whsec_abc",)),
        ('{"current": "new"}', ("new",)),
        ('{"current": "new", "previous": ["old", "older"]}', ("new", "old", "older")),
    ],
)
def test_the_current_secret_comes_first(text: str, secrets: tuple[str, ...]) -> None:
    assert accepted_secrets("webhooks/x", text) == secrets


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "{hidden", '{"current": ""}', '{"previous": ["hidden"]}', '{"current": "hidden", "previous": ""}'),
        *('{"current": "hidden", "previous": [""]}', '{"current": "hidden", "old": "x"}', '{"current": 5}'),
    ],
)
def test_anything_else_is_named_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"secret webhooks/x .*expected") as fault:
        accepted_secrets("webhooks/x", text)
    assert "hidden" not in str(fault.value)

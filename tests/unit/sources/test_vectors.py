"""The signatures that providers publish are accepted, and every published way to get one wrong is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ConfigurationError
from sources.build import SOURCES, build
from sources.catalog import Scheme, read_index
from sources.verify import SignatureRefused, Verified, sign, verify

VECTORS = {
    path.stem: json.loads(path.read_text("utf-8")) for path in (Path(__file__).parents[2] / "vectors").glob("*.json")
}

#: A provider we have no source for: its published vector is served by a row of data alone.
QUICKBOOKS = """
  quickbooks:
    kind: hmac
    algorithm: sha256
    key: {decoding: text}
    signed: [[body]]
    signature: {header: intuit-signature, syntax: bare, encoding: base64}
"""


def scheme(name: str) -> Scheme:
    text = SOURCES.read_text("utf-8").replace("\nsources:\n", f"{QUICKBOOKS}\nsources:\n")
    source = f"""
  probe:
    scheme: {name}
    enabled: true
    queue: transactions
    event_type: [type]
    events: {{used: [x]}}
    documentation: {{url: "https://example.com", read: 2026-11-21}}
"""
    return read_index(build(text + source, {}))["probe"].scheme


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(name, changes, id=f"{name}: {title}")
        for name, vector in VECTORS.items()
        for title, changes in vector[kind].items()
    ]


def check(name: str, changes: dict[str, Any]) -> Verified:
    case = {**VECTORS[name], **changes}
    headers = {key: [value] for key, value in case["headers"].items()}
    at = datetime.fromtimestamp(case["at"], UTC)
    return verify(scheme(name), [case["secret"]], headers, case["body"].encode(), at)


@pytest.mark.parametrize("name", VECTORS)
def test_the_published_signature_is_accepted(name: str) -> None:
    assert check(name, {}) == Verified(secret_index=0, variant=0)


@pytest.mark.parametrize("name", VECTORS)
def test_we_sign_as_the_provider_does(name: str) -> None:
    vector = VECTORS[name]
    made = sign(
        scheme(name),
        vector["secret"],
        vector["body"].encode(),
        now=datetime.fromtimestamp(vector["at"], UTC),
        message_id=vector["headers"].get("webhook-id", ""),
    )
    published = dict(vector["headers"])
    if name == "stripe":  # the old v0 signature is for test events only
        published["stripe-signature"] = published["stripe-signature"].partition(",v0=")[0]
    assert made == published


@pytest.mark.parametrize(("name", "changes"), cases("also_accepted"))
def test_another_form_that_the_provider_may_send_is_accepted(name: str, changes: dict[str, Any]) -> None:
    assert check(name, changes) == Verified(secret_index=0, variant=changes.get("variant", 0))


@pytest.mark.parametrize(("name", "changes"), cases("refused"))
def test_a_published_negative_case_is_refused(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SignatureRefused) as refused:
        check(name, changes)
    assert refused.value.code == changes["code"]


@pytest.mark.parametrize("name", VECTORS)
def test_one_changed_byte_of_the_body_is_refused(name: str) -> None:
    body = VECTORS[name]["body"]
    for place in (0, len(body) // 2, len(body) - 1):
        changed = body[:place] + chr(ord(body[place]) ^ 1) + body[place + 1 :]
        with pytest.raises(SignatureRefused, match="mismatch"):
            check(name, {"body": changed})
    with pytest.raises(SignatureRefused, match="mismatch"):
        check(name, {"body": f"{body}\n"})


@pytest.mark.parametrize(
    ("name", "secret"), [(name, secret) for name, vector in VECTORS.items() for secret in vector["unusable_secrets"]]
)
def test_a_secret_that_signs_nothing_is_our_fault_and_not_the_senders(name: str, secret: str) -> None:
    with pytest.raises(ConfigurationError):
        check(name, {"secret": secret})

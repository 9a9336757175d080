"""One verifier serves every provider: what proves a request, what does not, and how secrets are changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ConfigurationError
from sources.catalog import catalog
from sources.verify import SignatureRefused, Verified, key_bytes, sign, verify
from tests.unit.sources.rows import rows

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BODY = b'{"type": "x", "name": "Zo\xc3\xab"}\r\n'
STAMP, STAMP_MS = str(int(NOW.timestamp())), str(int(NOW.timestamp() * 1000))
SCHEMES = {**{source.scheme.name: source.scheme for source in catalog().values()}, **rows()}


def hexed(signed: bytes, secret: bytes = b"shh") -> str:
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()


def lists(headers: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in headers.items()}


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("typeform", {"typeform-signature": "sha256=" + base64.b64encode(bytes.fromhex(hexed(BODY))).decode()}),
        (
            "webflow",
            {"x-webflow-timestamp": STAMP_MS, "x-webflow-signature": hexed(STAMP_MS.encode() + b":" + BODY)},
        ),
        ("linkedin", {"x-li-signature": hexed(b"hmacsha256=" + BODY)}),
        ("calendly", {"calendly-webhook-signature": f"t={STAMP},v1={hexed(STAMP.encode() + b'.' + BODY)}"}),
        ("followupboss", {"fub-signature": hexed(base64.b64encode(BODY))}),
        ("tiktok", {"tiktok-signature": f"t={STAMP},s={hexed(STAMP.encode() + b'.' + BODY)}"}),
        (
            "slack",
            {
                "x-slack-request-timestamp": STAMP,
                "x-slack-signature": "v0=" + hexed(b"v0:" + STAMP.encode() + b":" + BODY),
            },
        ),
        ("portal", {"x-api-key": "shh"}),
        ("token", {"authorization": "bearer shh"}),
        ("password", {"authorization": "Basic " + base64.b64encode(b"shh").decode()}),
    ],
)
def test_a_new_provider_is_a_row_and_no_code(name: str, headers: dict[str, str]) -> None:
    assert verify(SCHEMES[name], ["shh"], lists(headers), BODY, NOW) == Verified(0, 0)
    for header in headers:
        with pytest.raises(SignatureRefused, match="missing"):
            verify(SCHEMES[name], ["shh"], lists({k: v for k, v in headers.items() if k != header}), BODY, NOW)
    with pytest.raises(SignatureRefused, match="mismatch"):
        verify(SCHEMES[name], ["another"], lists(headers), BODY, NOW)


def secret_for(name: str) -> str:
    return {"standard-webhooks": "whsec_" + "QUJD" * 8, "hexkey": "00ff"}.get(name, "user:pass")


@settings(max_examples=25)
@given(body=st.binary(max_size=200), place=st.integers(0, 10_000))
@pytest.mark.parametrize("name", [name for name, scheme in SCHEMES.items() if scheme.kind == "hmac"])
def test_whatever_is_signed_is_accepted_and_any_changed_bit_is_not(name: str, body: bytes, place: int) -> None:
    scheme, secret = SCHEMES[name], secret_for(name)
    headers = lists(sign(scheme, secret, body, now=NOW, message_id="m-1"))
    assert verify(scheme, [secret], headers, body, NOW) == Verified(0, 0)
    changed = bytearray(body or b"\0")
    changed[place % len(changed)] ^= 1 << place % 8
    with pytest.raises(SignatureRefused, match="mismatch"):
        verify(scheme, [secret], headers, bytes(changed), NOW)


@pytest.mark.parametrize("name", SCHEMES)
def test_a_header_that_came_twice_is_refused_even_if_both_are_right(name: str) -> None:
    scheme, secret = SCHEMES[name], secret_for(name)
    headers = lists(sign(scheme, secret, BODY, now=NOW, message_id="m-1"))
    verify(scheme, [secret], headers, BODY, NOW)
    for header, (value,) in headers.items():
        for doubled in ([value, value], [f"{value}, {value}"]):
            with pytest.raises(SignatureRefused, match="doubled"):
                verify(scheme, [secret], {**headers, header: doubled}, BODY, NOW)


@pytest.mark.parametrize("name", [name for name, scheme in SCHEMES.items() if scheme.clock])
def test_a_recorded_request_is_refused_once_its_signed_time_is_past(name: str) -> None:
    scheme, secret = SCHEMES[name], secret_for(name)
    assert scheme.clock is not None
    headers = lists(sign(scheme, secret, BODY, now=NOW, message_id="m-1"))
    tolerance = timedelta(seconds=scheme.clock.tolerance_s)
    for at in (NOW - tolerance, NOW + tolerance):
        assert verify(scheme, [secret], headers, BODY, at) == Verified(0, 0)
    for at in (NOW - tolerance - timedelta(seconds=1), NOW + tolerance + timedelta(seconds=1)):
        with pytest.raises(SignatureRefused, match="stale"):
            verify(scheme, [secret], headers, BODY, at)


@pytest.mark.parametrize(
    "time", ["now", "-1772442000", "1772442000.5", "1e9", "9" * 1000, " 1772442000", "\u0661\u0667", "0x5"]
)
def test_a_time_that_is_no_number_of_seconds_is_refused_and_does_not_crash(time: str) -> None:
    scheme = SCHEMES["standard-webhooks"]
    headers = sign(scheme, secret_for("standard-webhooks"), BODY, now=NOW, message_id="m-1")
    with pytest.raises(SignatureRefused, match="malformed"):
        verify(
            scheme,
            [secret_for("standard-webhooks")],
            lists({**headers, "webhook-timestamp": time}),
            BODY,
            NOW,
        )


def test_a_year_beyond_any_calendar_is_stale_and_does_not_crash() -> None:
    scheme, secret = SCHEMES["tiktok"], "shh"
    stamp = "9" * 15
    header = f"t={stamp},s={hexed(stamp.encode() + b'.' + BODY)}"
    with pytest.raises(SignatureRefused, match="stale"):
        verify(scheme, [secret], {"tiktok-signature": [header]}, BODY, NOW)


@pytest.mark.parametrize("name", SCHEMES)
def test_a_previous_secret_is_accepted_and_named_while_secrets_are_changed(name: str) -> None:
    scheme, old = SCHEMES[name], secret_for(name)
    new = {"standard-webhooks": "whsec_" + "REVG" * 8, "hexkey": "ff00"}.get(name, "new:pass")
    headers = lists(sign(scheme, old, BODY, now=NOW, message_id="m-1"))
    assert verify(scheme, [new, old], headers, BODY, NOW) == Verified(1, 0)
    assert verify(scheme, [old, new], headers, BODY, NOW) == Verified(0, 0)
    with pytest.raises(SignatureRefused, match="mismatch"):
        verify(scheme, [new], headers, BODY, NOW)


def test_where_the_signed_bytes_are_unsettled_each_alternative_is_tried_and_named() -> None:
    scheme = SCHEMES["dotloop"]
    for variant in (0, 1):
        headers = lists(sign(scheme, "shh", BODY, now=NOW, message_id="", variant=variant))
        assert verify(scheme, ["old", "shh"], headers, BODY, NOW) == Verified(1, variant)


@pytest.mark.parametrize(
    ("name", "value"), [("token", "Basic shh"), ("token", "shh"), ("password", "Bearer eDp5"), ("portal", "sch\u00f6n")]
)
def test_a_credential_of_another_kind_is_malformed(name: str, value: str) -> None:
    with pytest.raises(SignatureRefused, match="malformed"):
        verify(SCHEMES[name], ["shh"], {SCHEMES[name].header: [value]}, BODY, NOW)


def test_a_secret_without_its_base64_padding_is_the_same_key() -> None:
    scheme = SCHEMES["standard-webhooks"]
    padded = base64.b64encode(bytes(range(25))).decode()
    assert padded.endswith("==")
    assert key_bytes(scheme, padded.rstrip("=")) == key_bytes(scheme, f"whsec_{padded}") == bytes(range(25))


@pytest.mark.parametrize("secrets", [[], [""], ["shh", ""]])
def test_an_empty_secret_lets_nobody_in(secrets: list[str]) -> None:
    for name, scheme in SCHEMES.items():
        headers = lists(dict.fromkeys(sign(scheme, secret_for(name), b"", now=NOW, message_id="m"), ""))
        with pytest.raises(ConfigurationError, match="no secret"):
            verify(scheme, secrets, headers, b"", NOW)


def test_a_key_in_the_wrong_form_names_the_scheme_and_never_shows_the_key() -> None:
    with pytest.raises(ConfigurationError, match="scheme hexkey is not hex") as fault:
        key_bytes(SCHEMES["hexkey"], "topsecret")
    assert "topsecret" not in str(fault.value)

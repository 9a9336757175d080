"""Is a request from whom it claims to be from? Raw bytes and headers in; which secret matched out, or a refusal.

Every secret, signature and alternative is compared, in constant time, whichever of them matches: the time an answer
takes says nothing about how close a forgery was. The scheme is data (`sources.yaml`), so that one verifier serves all.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.errors import ConfigurationError, DealwireError
from sources.catalog import Clock, Part, Scheme

#: More digits than any clock of seconds or milliseconds shows.
_MAX_CLOCK_DIGITS = 15


class Refusal(StrEnum):
    """Why a request is refused. For our logs only: the sender is told the same in every case."""

    MISSING = "missing"
    DOUBLED = "doubled"
    MALFORMED = "malformed"
    STALE = "stale"
    MISMATCH = "mismatch"


class SignatureRefused(DealwireError):
    """The request does not prove who sent it."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(f"signature refused: {code}")
        self.code = code


class Verified(NamedTuple):
    """What proved it: the first secret (0 is the current one) and the first alternative of signed bytes that match."""

    secret_index: int
    variant: int


def verify(
    scheme: Scheme, secrets: Sequence[str], headers: Mapping[str, Sequence[str]], body: bytes, now: datetime
) -> Verified:
    """Let the request in, or refuse it.

    Args:
        scheme: how this source proves itself.
        secrets: all that are accepted, the current one first.
        headers: lower-case name to all values that came.
        body: the bytes as they came.
        now: aware; what a signed time is compared with.

    Raises:
        SignatureRefused: with the reason, for our logs.
        ConfigurationError: a secret cannot be used with this scheme.
    """
    if not secrets or not all(secrets):
        raise ConfigurationError(f"no secret for scheme {scheme.name}: without one, anyone could sign; set it")
    if scheme.kind == "hmac":
        return _verify_hmac(scheme, secrets, headers, body, now)
    given = _credential(scheme, _single(headers, scheme.header))
    matches = [hmac.compare_digest(_expected(scheme, secret), given) for secret in secrets]
    if not any(matches):
        raise SignatureRefused(Refusal.MISMATCH)
    return Verified(matches.index(True), 0)


def sign(
    scheme: Scheme, secret: str, body: bytes, *, now: datetime, message_id: str, variant: int = 0
) -> dict[str, str]:
    """The headers with which the provider would send this body: for samples, demos and tests."""
    if scheme.kind != "hmac":
        word = {"static": "", "bearer": "Bearer ", "basic": "Basic "}[scheme.kind]
        return {scheme.header: word + _expected(scheme, secret).decode()}
    stamp = str(int(now.timestamp() * scheme.clock.per_second)) if scheme.clock else ""
    clock_part = scheme.clock.part if scheme.clock else None
    parts = {part for parts in scheme.signed for part in parts}
    headers = {p.name: stamp if p == clock_part else message_id for p in parts if p.kind == "header"}
    params = {p.name: stamp if p == clock_part else message_id for p in parts if p.kind == "param"}
    signed = _signed_bytes(
        scheme.signed[variant], {k: [v] for k, v in headers.items()}, {k: [v] for k, v in params.items()}, body
    )
    signature = _digest(scheme, key_bytes(scheme, secret), signed).decode()
    return {**headers, scheme.header: _written(scheme, signature, params)}


def key_bytes(scheme: Scheme, secret: str) -> bytes:
    """The key that a secret's text stands for.

    Raises:
        ConfigurationError: it is not in the form that the scheme names, or nothing is left of it.
    """
    text = secret.removeprefix(scheme.key_strip)
    try:
        if scheme.key_decoding == "base64":
            key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        else:
            key = bytes.fromhex(text) if scheme.key_decoding == "hex" else text.encode()
    except ValueError as error:
        message = f"the secret for scheme {scheme.name} is not {scheme.key_decoding}; copy it again from the provider"
        raise ConfigurationError(message) from error
    if not key:
        raise ConfigurationError(f"the secret for scheme {scheme.name} is empty; copy it again from the provider")
    return key


def _verify_hmac(
    scheme: Scheme, secrets: Sequence[str], headers: Mapping[str, Sequence[str]], body: bytes, now: datetime
) -> Verified:
    signatures, params = _read_signatures(scheme, _single(headers, scheme.header))
    keys = [key_bytes(scheme, secret) for secret in secrets]
    matches: list[Verified] = []
    refusals: list[Refusal] = []
    for variant, parts in enumerate(scheme.signed):
        try:
            signed = _signed_bytes(parts, headers, params, body)
            fresh = _is_fresh(scheme.clock, parts, headers, params, now)
        except SignatureRefused as refusal:
            if refusal.code is Refusal.DOUBLED:
                raise
            refusals.append(refusal.code)
            continue
        hits = _hits(scheme, keys, signed, signatures)
        matches += [Verified(index, variant) for index in hits if fresh]
        refusals.append(Refusal.STALE if hits and not fresh else Refusal.MISMATCH)
    if matches:
        return min(matches)
    # What says most about a request that only one alternative could read comes first.
    raise SignatureRefused(
        min(refusals, key=[Refusal.STALE, Refusal.MISMATCH, Refusal.MALFORMED, Refusal.MISSING].index)
    )


def _hits(scheme: Scheme, keys: Sequence[bytes], signed: bytes, signatures: Sequence[bytes]) -> list[int]:
    hits = []
    for index, key in enumerate(keys):
        expected = _digest(scheme, key, signed)
        if any([hmac.compare_digest(expected, signature) for signature in signatures]):  # noqa: C419 - compare them all
            hits.append(index)
    return hits


def _single(headers: Mapping[str, Sequence[str]], name: str) -> str:
    values = headers.get(name, ())
    if not values or not any(values):
        raise SignatureRefused(Refusal.MISSING)
    # Proxies join a header that came twice as "one, two"; which of the two was checked must never be in doubt.
    if len(values) > 1 or ", " in values[0]:
        raise SignatureRefused(Refusal.DOUBLED)
    if not values[0].isascii():
        raise SignatureRefused(Refusal.MALFORMED)
    return values[0]


def _read_signatures(scheme: Scheme, value: str) -> tuple[list[bytes], dict[str, list[str]]]:
    """The signatures in the header, as text in the scheme's encoding, and its parameters.

    The text is compared, not what it decodes to: several base64 texts decode to the same bytes.
    """
    params: dict[str, list[str]] = {}
    if scheme.syntax == "params":
        for item in value.split(","):
            name, _, text = item.partition("=")
            params.setdefault(name, []).append(text)
        found = params.get(scheme.mark, [])
    elif scheme.syntax == "versions":
        entries = [entry.partition(",") for entry in value.split(" ")]
        found = [text for version, _, text in entries if version == scheme.mark]
    elif not value.startswith(scheme.mark):
        found = []
    else:
        found = [value.removeprefix(scheme.mark)]
    if not any(found):
        raise SignatureRefused(Refusal.MALFORMED)
    return [(text.lower() if scheme.encoding == "hex" else text).encode() for text in found], params


def _written(scheme: Scheme, signature: str, params: Mapping[str, str]) -> str:
    if scheme.syntax == "params":
        return ",".join(f"{name}={value}" for name, value in {**params, scheme.mark: signature}.items())
    return f"{scheme.mark},{signature}" if scheme.syntax == "versions" else scheme.mark + signature


def _text_of(part: Part, headers: Mapping[str, Sequence[str]], params: Mapping[str, Sequence[str]]) -> str:
    return _single(headers if part.kind == "header" else params, part.name)


def _signed_bytes(
    parts: Sequence[Part], headers: Mapping[str, Sequence[str]], params: Mapping[str, Sequence[str]], body: bytes
) -> bytes:
    pieces = []
    for part in parts:
        if part.kind == "body":
            pieces.append(base64.b64encode(body) if part.name == "base64" else body)
        elif part.kind == "literal":
            pieces.append(part.name.encode())
        else:
            pieces.append(_text_of(part, headers, params).encode())
    return b"".join(pieces)


def _is_fresh(
    clock: Clock | None,
    parts: Sequence[Part],
    headers: Mapping[str, Sequence[str]],
    params: Mapping[str, Sequence[str]],
    now: datetime,
) -> bool:
    if clock is None or clock.part not in parts:
        return True
    text = _text_of(clock.part, headers, params)
    if not text.isdigit() or len(text) > _MAX_CLOCK_DIGITS:
        raise SignatureRefused(Refusal.MALFORMED)
    return abs(now.timestamp() - int(text) / clock.per_second) <= clock.tolerance_s


def _digest(scheme: Scheme, key: bytes, signed: bytes) -> bytes:
    digest = hmac.digest(key, signed, scheme.algorithm)
    return base64.b64encode(digest) if scheme.encoding == "base64" else binascii.hexlify(digest)


def _credential(scheme: Scheme, value: str) -> bytes:
    if scheme.kind == "static":
        return value.encode()
    word, _, credential = value.partition(" ")
    if word.lower() != scheme.kind:
        raise SignatureRefused(Refusal.MALFORMED)
    return credential.strip().encode()


def _expected(scheme: Scheme, secret: str) -> bytes:
    return base64.b64encode(secret.encode()) if scheme.kind == "basic" else secret.encode()

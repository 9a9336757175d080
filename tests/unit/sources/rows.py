"""Providers that are rows of data only: no code of ours knows their names."""

from __future__ import annotations

from sources.build import build
from sources.catalog import Scheme, read_index

ROWS = """
schemes:
  typeform:
    kind: hmac
    algorithm: sha256
    key: {decoding: text}
    signed: [[body]]
    signature: {header: Typeform-Signature, syntax: prefixed, prefix: "sha256=", encoding: base64}
  webflow:
    kind: hmac
    algorithm: sha256
    key: {decoding: text}
    signed: [[header:x-webflow-timestamp, ":", body]]
    signature: {header: x-webflow-signature, syntax: bare, encoding: hex}
    clock: {part: header:x-webflow-timestamp, unit: ms, tolerance_s: 300}
  linkedin:
    kind: hmac
    algorithm: sha256
    key: {decoding: text}
    signed: [["hmacsha256=", body]]
    signature: {header: X-LI-Signature, syntax: bare, encoding: hex}
  calendly:
    kind: hmac
    algorithm: sha256
    key: {decoding: text}
    signed: [[param:t, ".", body]]
    signature: {header: Calendly-Webhook-Signature, syntax: params, name: v1, encoding: hex}
    clock: {part: param:t, unit: s, tolerance_s: 180}
  followupboss:
    kind: hmac
    algorithm: sha256
    key: {decoding: text}
    signed: [[body:base64]]
    signature: {header: FUB-Signature, syntax: bare, encoding: hex}
  tiktok:
    kind: hmac
    algorithm: sha256
    key: {decoding: text}
    signed: [[param:t, ".", body]]
    signature: {header: TikTok-Signature, syntax: params, name: s, encoding: hex}
    clock: {part: param:t, unit: s, tolerance_s: 300}
  slack:
    kind: hmac
    algorithm: sha256
    key: {decoding: text}
    signed: [["literal:v0:", header:X-Slack-Request-Timestamp, ":", body]]
    signature: {header: X-Slack-Signature, syntax: prefixed, prefix: "v0=", encoding: hex}
    clock: {part: header:X-Slack-Request-Timestamp, unit: s, tolerance_s: 300}
  hexkey:
    kind: hmac
    algorithm: sha512
    key: {decoding: hex}
    signed: [[body]]
    signature: {header: x-signature, syntax: bare, encoding: hex}
  portal:
    kind: static
    header: X-Api-Key
  token:
    kind: bearer
  password:
    kind: basic
sources:
"""


def rows() -> dict[str, Scheme]:
    """Every scheme above, by name."""
    names = [line.strip(" :") for line in ROWS.splitlines() if line.startswith("  ") and line[2] != " "]
    sources = "".join(
        f"""
  {name}:
    scheme: {name}
    enabled: true
    queue: transactions
    event_type: [type]
    events: {{used: [x]}}
    documentation: {{url: "https://example.com", read: 2026-11-21}}
"""
        for name in names
    )
    return {name: source.scheme for name, source in read_index(build(ROWS + sources, {})).items()}

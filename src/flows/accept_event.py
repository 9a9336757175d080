"""Accept a webhook: a request in, an answer out; and what was verified is in the archive before anyone is told so.

The answers are a contract with the providers, who act on them: 404 and 410 make some delete their subscription, 5xx
makes all of them send again. The checks are made in the order in which they stand here.

404  there is no such source           401  not signed as agreed, or too old     200  known, kept, not used
503  the source is switched off        400  signed, but not this provider's      202  accepted: in archive and queue
413  more than 4 MiB                        shape: kept, and a dead letter       503  a fault of ours: send it again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.envelope import UNKNOWN_TYPE, Envelope
from domain.errors import BadPayload, ConfigurationError, Unavailable
from domain.ports import Archive, DeadLetters, MessageQueue, SecretStore
from sources.catalog import Source
from sources.identify import event_id_of, event_type_of
from sources.rotation import accepted_secrets
from sources.strict_json import parse
from sources.verify import Refusal, SignatureRefused, Verified, verify

#: Decoded. Lambda takes 6 MB of request, in which a body rides as base64 and grows by a third.
BODY_LIMIT = 4 * 1024 * 1024

#: A provider that backs off by itself may come sooner; this is for those that ask.
_RETRY_AFTER_S = 30
_SWITCHED_OFF_RETRY_AFTER_S = 3600

_NO_SUCH_SOURCE = "There is no webhook of this name. Check the URL in the provider's webhook settings."
_SWITCHED_OFF = "This webhook is switched off for now. Send it again later."
_TOO_LARGE = "The body is larger than 4 MiB. Send a smaller one."
_REFUSED = "The request is not signed as agreed, or is too old. Check the secret, the signed bytes and the clock."
_BAD_PAYLOAD = (
    "The signature is right, but the body is not what this source sends: one JSON object with an event type. "
    "It is kept under the receipt. Correct it and send it as a new event."
)
_FAILED = "The webhook could not be taken now. Send it again later."


class Outcome(StrEnum):
    """How a request ended, for logs and metrics."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    UNLISTED = "unlisted"
    BAD_PAYLOAD = "bad_payload"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    SWITCHED_OFF = "switched_off"
    UNKNOWN_SOURCE = "unknown_source"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """What came in over HTTP.

    Attributes:
        source: the name in the path.
        headers: lower-case name to all values that came.
        body: the bytes as they came.
    """

    source: str
    headers: Mapping[str, Sequence[str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, and beside it what our own logs and metrics say about it.

    Attributes:
        status: of HTTP.
        body: short JSON; every error says what to do, none says what went wrong inside.
        outcome: the same in one word.
        source: `unknown` if there is no such source, since anyone can put anything there.
        receipt: of the delivery, if it was verified.
        event_type: the provider's word, if it could be read.
        event_id: the event's identity, if it was verified.
        detail: what an operator needs to know of a refusal or fault; never a value of the payload.
        old_secret: a previous secret matched: the provider has not changed over yet.
        variant: which alternative of signed bytes matched, where the scheme has several.
        retry_after_s: for the header of that name.
    """

    status: int
    body: Mapping[str, str]
    outcome: Outcome
    source: str = "unknown"
    receipt: str | None = None
    event_type: str | None = None
    event_id: str | None = None
    detail: str | None = None
    old_secret: bool = False
    variant: int | None = None
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class _Ports:
    secrets: SecretStore
    archive: Archive
    queue: MessageQueue
    dead: DeadLetters


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A verified request on its way in."""

    request: WebhookRequest
    source: Source
    now: datetime
    receipt: str


def accept(
    request: WebhookRequest,
    *,
    catalog: Mapping[str, Source],
    secrets: SecretStore,
    archive: Archive,
    queue: MessageQueue,
    dead: DeadLetters,
    now: datetime,
    new_receipt: Callable[[], str],
) -> Reply:
    """Take the webhook so that it cannot be lost, or say why not.

    Args:
        request: as it came.
        catalog: the sources we know.
        secrets: where their signing secrets are.
        archive: where every verified body goes.
        queue: where accepted events go.
        dead: where verified bodies go that are not the provider's shape.
        now: aware UTC.
        new_receipt: makes an id that no other delivery has.

    Returns:
        The answer; faults of ours that are understood are answered too, with 503.
    """
    source = catalog.get(request.source)
    if source is None:
        return _error(404, Outcome.UNKNOWN_SOURCE, _NO_SUCH_SOURCE)
    ports = _Ports(secrets, archive, queue, dead)
    return replace(_answer(request, source, ports, now, new_receipt), source=source.name)


def _answer(
    request: WebhookRequest, source: Source, ports: _Ports, now: datetime, new_receipt: Callable[[], str]
) -> Reply:
    if not source.enabled:
        reply = _error(503, Outcome.SWITCHED_OFF, _SWITCHED_OFF)
        return replace(reply, retry_after_s=_SWITCHED_OFF_RETRY_AFTER_S)
    if len(request.body) > BODY_LIMIT:
        return _error(413, Outcome.TOO_LARGE, _TOO_LARGE)
    try:
        verified = _verified(request, source, ports.secrets, now)
        reply = _take(_Delivery(request, source, now, new_receipt()), ports)
    except SignatureRefused as refusal:
        return replace(_error(401, Outcome.REFUSED, _REFUSED), detail=refusal.code.value)
    except (ConfigurationError, Unavailable) as fault:
        # Nothing was promised yet: the provider sends it again, and the archive may hold it twice, which harms nobody.
        reply = _error(503, Outcome.FAILED, _FAILED)
        return replace(reply, detail=str(fault), retry_after_s=_RETRY_AFTER_S)
    variant = verified.variant if len(source.scheme.signed) > 1 else None
    return replace(reply, old_secret=verified.secret_index > 0, variant=variant)


def _error(status: int, outcome: Outcome, text: str) -> Reply:
    return Reply(status, {"error": text}, outcome)


def _verified(request: WebhookRequest, source: Source, secrets: SecretStore, now: datetime) -> Verified:
    text = secrets.secret(source.secret_name)
    try:
        return _verify_with(text, request, source, now)
    except SignatureRefused as refusal:
        # Perhaps the secret was changed a moment ago, and we hold the one before it.
        fresh = secrets.secret(source.secret_name, fresh=True) if refusal.code is Refusal.MISMATCH else text
        if fresh == text:
            raise
        return _verify_with(fresh, request, source, now)


def _verify_with(text: str, request: WebhookRequest, source: Source, now: datetime) -> Verified:
    accepted = accepted_secrets(source.secret_name, text)
    return verify(source.scheme, accepted, request.headers, request.body, now)


def _take(delivery: _Delivery, ports: _Ports) -> Reply:
    request, source = delivery.request, delivery.source
    try:
        document = parse(request.body)
        event_type = event_type_of(source, request.headers, document)
        event_id = event_id_of(source, request.headers, document, request.body, receipt=delivery.receipt)
    except BadPayload as error:
        return _bury(delivery, error, ports)
    outcome = _outcome(source, event_type)
    envelope = _envelope(delivery, event_type, event_id)
    ports.archive.put(envelope.archive_key, request.body, envelope.facts(outcome))
    if outcome is Outcome.ACCEPTED:
        ports.queue.send([envelope])
        return _kept(envelope, 202, {}, outcome)
    return _kept(envelope, 200, {"status": "kept; events of this type are not used"}, outcome)


def _bury(delivery: _Delivery, error: BadPayload, ports: _Ports) -> Reply:
    request = delivery.request
    event_id = event_id_of(delivery.source, request.headers, None, request.body, receipt=delivery.receipt)
    envelope = _envelope(delivery, UNKNOWN_TYPE, event_id)
    ports.archive.put(envelope.archive_key, request.body, envelope.facts(Outcome.BAD_PAYLOAD))
    ports.dead.bury(envelope, error.cause, error.reason())
    reply = _kept(envelope, 400, {"error": _BAD_PAYLOAD}, Outcome.BAD_PAYLOAD)
    return replace(reply, detail=error.reason())


def _kept(envelope: Envelope, status: int, body: Mapping[str, str], outcome: Outcome) -> Reply:
    return Reply(
        status,
        {**body, "receipt": envelope.receipt},
        outcome,
        receipt=envelope.receipt,
        event_type=envelope.event_type,
        event_id=envelope.event_id,
    )


def _outcome(source: Source, event_type: str) -> Outcome:
    if event_type in source.used:
        return Outcome.ACCEPTED
    return Outcome.IGNORED if event_type in source.ignored else Outcome.UNLISTED


def _envelope(delivery: _Delivery, event_type: str, event_id: str) -> Envelope:
    source, headers = delivery.source, delivery.request.headers
    return Envelope(
        receipt=delivery.receipt,
        source=source.name,
        event_type=event_type,
        event_id=event_id,
        received_at=delivery.now,
        mapping_version=source.mapping_version,
        content_type=_content_type(headers),
        archive_key=f"{delivery.now:%Y-%m-%d}/{source.name}/{delivery.receipt}",
        headers={name: ", ".join(headers[name]) for name in source.keep_headers if name in headers},
        body=delivery.request.body,
    )


def _content_type(headers: Mapping[str, Sequence[str]]) -> str:
    """As sent, unless it would not fit where it is kept."""
    text = next(iter(headers.get("content-type", ())), "").strip()
    fits = text.isascii() and text.isprintable() and 0 < len(text) <= 100  # object metadata has 2 KB in all
    return text if fits else "application/octet-stream"

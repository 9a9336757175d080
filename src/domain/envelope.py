"""The queue message: what was received, by which receipt, and where its verified bytes lie."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

#: SQS carries 1 MiB; larger bodies ride as their archive key. Well below it: base64 grows a body by a third, and ten
#: messages share one batch of 1 MiB (research: SQS SendMessageBatch).
INLINE_BODY_LIMIT = 64 * 1024

#: How archive keys of edited bodies begin; all others begin with a day.
EDITS = "edits/"

_RECEIPT = re.compile(r"([0-9a-f]{12})[0-9a-f]{20}")
_TEXTS = ("receipt", "source", "event_type", "event_id", "content_type", "archive_key", "replay")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


#: The event type of our own letter about a row that the CRM refuses (domain/crm/letters.py); no provider's.
CRM_REJECTED = "crm.rejected"

#: What stands in place of the type of an event that has none we could read.
UNKNOWN_TYPE = "unknown"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One verified webhook on its way from ingest to process.

    Attributes:
        receipt: our id of this delivery, given to the provider in the 202; one per HTTP request.
        source: the name in the webhook path, e.g. `transactions`.
        event_type: the provider's word, e.g. `deal.closed`.
        event_id: the event's identity, from signed bytes; the same for every delivery of one event.
        received_at: aware UTC instant at which ingest took it.
        mapping_version: the mapping that was current then (replay "as then" uses it).
        content_type: of the body, as sent.
        archive_key: where the verified bytes lie.
        headers: allow-listed request headers, lower-case names.
        body: the verified bytes, or None when only the archive holds them.
        replay: the replay that sends an applied event again; greater ids are later ones.
        pinned: map it by `mapping_version`, not by the mapping as it is now.
    """

    receipt: str
    source: str
    event_type: str
    event_id: str
    received_at: datetime
    mapping_version: int
    content_type: str
    archive_key: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    replay: str = ""
    pinned: bool = False

    @property
    def event_key(self) -> str:
        """`source#event_id`: what makes two deliveries the same event."""
        return f"{self.source}#{self.event_id}"

    @property
    def edited(self) -> bool:
        """Whether its bytes are a person's edit, not the provider's own."""
        return self.archive_key.startswith(EDITS)

    @property
    def edits_prefix(self) -> str:
        """Where every edited body of the event lies, and beside them a copy of the provider's own."""
        return f"{EDITS}{self.source}/{hashlib.sha256(self.event_key.encode()).hexdigest()[:32]}/"

    def facts(self, disposition: str) -> dict[str, str]:
        """What the archive notes beside the body."""
        return {
            "receipt": self.receipt,
            "source": self.source,
            "event-type": self.event_type,
            "event-id": self.event_id,
            "received-at": self.received_at.isoformat(),
            "mapping-version": str(self.mapping_version),
            "content-type": self.content_type,
            "disposition": disposition,
        }

    def afresh(self) -> Envelope:
        """The same event as if it came for the first time: no replay of an applied one, mapped as now."""
        return replace(self, replay="", pinned=False)

    def without_body(self) -> Envelope:
        """The same envelope as a claim check: whoever needs the bytes reads them from the archive."""
        return replace(self, body=None)

    def to_json(self) -> str:
        """The message as SQS carries it (ASCII JSON; the body as base64, since SQS refuses control characters)."""
        fields = asdict(self)
        fields["received_at"] = self.received_at.isoformat()
        inline = self.body is not None and len(self.body) <= INLINE_BODY_LIMIT
        fields["body"] = base64.b64encode(self.body).decode("ascii") if inline and self.body is not None else None
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Envelope:
        """Read a message that `to_json` wrote.

        Raises:
            ValueError: the message is not an envelope of ours (other errors of reading are reported as this one).
        """
        try:
            fields = json.loads(text)
            fields["received_at"] = _aware(datetime.fromisoformat(fields["received_at"]))
            if fields["body"] is not None:
                fields["body"] = base64.b64decode(fields["body"], validate=True)
            return _typed(cls(**fields))
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            kind = f"{type(error).__name__}: {error}"
            message = f"not a Dealwire envelope ({kind}); send webhooks through the API, not to the queue"
            raise ValueError(message) from error


def received_at_of(receipt: str) -> datetime | None:
    """The time that a receipt begins with (12 hex digits of unix milliseconds); None if it is not one of ours."""
    ours = _RECEIPT.fullmatch(receipt)
    if ours is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(ours.group(1), 16))
    except OverflowError:  # past the year 9999
        return None


def _typed(envelope: Envelope) -> Envelope:
    """The envelope, if each field is of its kind: what lists show must not fail on one odd message."""
    for name in _TEXTS:
        if not isinstance(getattr(envelope, name), str):
            raise TypeError(f"{name} is no text")
    if type(envelope.mapping_version) is not int or type(envelope.pinned) is not bool:
        raise TypeError("mapping_version is no whole number, or pinned is neither true nor false")
    if not isinstance(envelope.headers, dict):
        raise TypeError("headers is no object")
    return envelope


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("received_at has no zone")
    return moment

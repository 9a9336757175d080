"""What a provider is told, and what is kept, for every way in which a webhook can arrive."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.envelope import INLINE_BODY_LIMIT, Envelope
from domain.errors import Unavailable
from flows.accept_event import BODY_LIMIT, Outcome, Reply, WebhookRequest, accept
from sources.catalog import Source, catalog
from sources.verify import sign
from tests.builders import NOW
from tests.fakes.archive import MemoryArchive
from tests.fakes.queues import MemoryQueues
from tests.fakes.secrets import MemorySecrets

SECRETS = {"transactions": "whsec_" + "QUJD" * 8, "brokermint": "bm-secret", "dotloop": "dl-secret"}
UNAVAILABLE = Unavailable("S3 said <secret detail>")


def event(event_type: str = "deal.updated", **fields: Any) -> bytes:
    return json.dumps({"id": "evt_1", "type": event_type, "data": {}, **fields}).encode()


@dataclass
class Edge:
    """Ingest with everything behind it in memory."""

    sources: dict[str, Source] = field(default_factory=lambda: dict(catalog()))
    journal: list[str] = field(default_factory=list)
    receipts: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.archive = MemoryArchive(journal=self.journal)
        self.queues = MemoryQueues(journal=self.journal)
        self.secrets = MemorySecrets({f"webhooks/{name}": secret for name, secret in SECRETS.items()})

    def signed(self, body: bytes, source: str = "transactions", **how: Any) -> WebhookRequest:
        secret = how.pop("secret", SECRETS[source])
        how = {"now": NOW, "message_id": "msg_1", **how}
        headers = sign(self.sources[source].scheme, secret, body, **how)
        return WebhookRequest(
            source, {**{k: [v] for k, v in headers.items()}, "content-type": ["application/json"]}, body
        )

    def take(self, request: WebhookRequest) -> Reply:
        return accept(
            request,
            catalog=self.sources,
            secrets=self.secrets,
            archive=self.archive,
            queue=self.queues,
            dead=self.queues,
            now=NOW,
            new_receipt=lambda: f"r-{next(self.receipts)}",
        )

    def kept_nothing(self) -> bool:
        return not self.journal


def test_an_accepted_event_is_archived_then_queued_and_its_receipt_is_given() -> None:
    edge = Edge()
    request = edge.signed(event())
    request = replace(request, headers={**request.headers, "cookie": ["x"], "user-agent": ["sender/1"]})
    reply = edge.take(request)
    assert (reply.status, reply.body, reply.outcome) == (202, {"receipt": "r-1"}, Outcome.ACCEPTED)
    assert edge.journal == ["archived", "queued"]
    assert edge.queues.sent == [
        Envelope(
            receipt="r-1",
            source="transactions",
            event_type="deal.updated",
            event_id="msg_1",
            received_at=NOW,
            mapping_version=edge.sources["transactions"].mapping_version,
            content_type="application/json",
            archive_key="2026-03-02/transactions/r-1",
            headers={
                "webhook-id": "msg_1",
                "webhook-timestamp": str(int(NOW.timestamp())),
                "user-agent": "sender/1",
            },
            body=event(),
        )
    ]


def test_the_archive_holds_the_bytes_as_they_came_with_plain_facts() -> None:
    edge = Edge()
    body = b'{ "type" : "deal.updated",\r\n "data": {"name": "Zo\xc3\xab"} }\r\n'
    request = edge.signed(body)
    edge.take(replace(request, headers={**request.headers, "content-type": ["text/\u00e9"]}))
    stored, facts = edge.archive.objects["2026-03-02/transactions/r-1"]
    assert stored == body
    assert facts == {
        "receipt": "r-1",
        "source": "transactions",
        "event-type": "deal.updated",
        "event-id": "msg_1",
        "received-at": "2026-03-02T09:00:00+00:00",
        "mapping-version": str(edge.sources["transactions"].mapping_version),
        "content-type": "application/octet-stream",
        "disposition": "accepted",
    }


@pytest.mark.parametrize(
    ("source", "body", "event_id"),
    [
        ("brokermint", b'{"event_id":"b-1","event":"transaction.updated","object":{"id":1}}', "b-1"),
        ("dotloop", b'{"eventId":"d-1","eventType":"LOOP_UPDATED","event":{"id":"34308"}}', "d-1"),
        ("dotloop", b'{"eventId":"d-2","eventType":"LOOP_MERGED","timestamp":1,"event":{"loopId":"1"}}', "d-2"),
    ],
)
def test_each_source_is_accepted_in_its_own_words(source: str, body: bytes, event_id: str) -> None:
    edge = Edge()
    reply = edge.take(edge.signed(body, source))
    assert (reply.status, reply.source, reply.event_id) == (202, source, event_id)
    assert edge.queues.sent[0].source == source


def test_a_large_body_rides_in_the_archive_only() -> None:
    edge = Edge()
    body = event(note="x" * INLINE_BODY_LIMIT)
    assert edge.take(edge.signed(body)).status == 202
    assert edge.queues.sent[0].body is None
    assert edge.archive.get(edge.queues.sent[0].archive_key) == body


def test_the_same_event_delivered_twice_has_two_receipts_and_one_identity() -> None:
    edge = Edge()
    for _ in range(2):
        edge.take(edge.signed(event()))
    first, second = edge.queues.sent
    assert first.event_key == second.event_key
    assert first.receipt != second.receipt


@pytest.mark.parametrize("name", ["", "zillow", "Transactions", "../transactions"])
def test_an_unknown_source_is_not_found_and_its_name_goes_nowhere(name: str) -> None:
    edge = Edge()
    reply = edge.take(replace(edge.signed(event()), source=name))
    assert (reply.status, reply.outcome, reply.source) == (404, Outcome.UNKNOWN_SOURCE, "unknown")
    assert edge.kept_nothing()


def test_a_source_that_is_switched_off_is_asked_to_come_back_before_anything_is_checked() -> None:
    edge = Edge()
    edge.sources["transactions"] = replace(edge.sources["transactions"], enabled=False)
    reply = edge.take(WebhookRequest("transactions", {}, b"x" * (BODY_LIMIT + 1)))
    assert (reply.status, reply.outcome, reply.retry_after_s) == (503, Outcome.SWITCHED_OFF, 3600)
    assert edge.kept_nothing()


def test_four_mebibytes_are_taken_and_a_byte_more_is_not_even_verified() -> None:
    edge = Edge()
    assert edge.take(edge.signed(event().ljust(BODY_LIMIT))).status == 202
    edge.secrets.fault = AssertionError("looked at the signature first")
    reply = edge.take(edge.signed(event().ljust(BODY_LIMIT + 1)))
    assert (reply.status, reply.outcome) == (413, Outcome.TOO_LARGE)


def without(name: str) -> Callable[[WebhookRequest], WebhookRequest]:
    return lambda request: replace(request, headers={k: v for k, v in request.headers.items() if k != name})


def twice(name: str) -> Callable[[WebhookRequest], WebhookRequest]:
    return lambda request: replace(request, headers={**request.headers, name: [*request.headers[name]] * 2})


def test_every_refusal_reads_the_same_outside_and_says_why_inside() -> None:
    changes: list[tuple[str, Callable[[WebhookRequest], WebhookRequest]]] = [
        ("mismatch", lambda request: replace(request, body=request.body.replace(b"evt_1", b"evt_2"))),
        ("mismatch", lambda request: replace(request, body=request.body + b" ")),
        ("mismatch", lambda request: replace(request, body=b"not JSON")),
        ("mismatch", lambda _: Edge().signed(event(), secret="whsec_" + "REVG" * 8)),
        ("stale", lambda _: Edge().signed(event(), now=NOW - timedelta(seconds=301))),
        ("stale", lambda _: Edge().signed(event(), now=NOW + timedelta(seconds=301))),
        *(("missing", without(f"webhook-{name}")) for name in ("id", "timestamp", "signature")),
        *(("doubled", twice(f"webhook-{name}")) for name in ("id", "timestamp", "signature")),
        (
            "malformed",
            lambda request: replace(request, headers={**request.headers, "webhook-timestamp": ["9" * 400]}),
        ),
    ]
    bodies = set()
    for code, change in changes:
        edge = Edge()
        reply = edge.take(change(edge.signed(event())))
        assert (reply.status, reply.outcome, reply.detail) == (401, Outcome.REFUSED, code)
        assert edge.kept_nothing()
        bodies.add(json.dumps(reply.body))
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>marker</html>", "not JSON"),
        (b'["marker"]', "not a JSON object"),
        (b'{"marker": 1}', "no event type; expected it at type"),
        (b'{"type": {"marker": 1}}', "not a short plain text"),
        (b'{"type": "deal.updated", "type": "marker"}', "same key twice"),
        (b'{"type": "deal.updated", "price": NaN, "marker": 1}', "NaN or Infinity"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b'{"type": "marker \xff"}', "not UTF-8"),
    ],
)
def test_verified_bytes_that_are_not_the_providers_shape_are_kept_and_filed(body: bytes, reason: str) -> None:
    edge = Edge()
    reply = edge.take(edge.signed(body))
    assert (reply.status, reply.outcome, reply.body["receipt"]) == (400, Outcome.BAD_PAYLOAD, "r-1")
    assert edge.journal == ["archived", "buried"]
    assert edge.archive.objects["2026-03-02/transactions/r-1"][0] == body
    assert edge.archive.objects["2026-03-02/transactions/r-1"][1]["disposition"] == "bad_payload"
    envelope, cause, why = edge.queues.dead[0]
    assert (envelope.event_type, envelope.event_id, envelope.body, cause) == ("unknown", "msg_1", body, "bad_payload")
    assert reason in why
    assert "marker" not in why + json.dumps(reply.body) + str(reply.detail)


@pytest.mark.parametrize(
    ("event_type", "outcome"),
    [("deal.archived", Outcome.IGNORED), ("ping", Outcome.IGNORED), ("deal.exploded", Outcome.UNLISTED)],
)
def test_an_event_we_do_not_use_is_kept_and_answered_but_goes_no_further(event_type: str, outcome: Outcome) -> None:
    edge = Edge()
    reply = edge.take(edge.signed(event(event_type)))
    assert (reply.status, reply.outcome, reply.receipt) == (200, outcome, "r-1")
    assert edge.journal == ["archived"]
    assert edge.archive.objects["2026-03-02/transactions/r-1"][1]["disposition"] == outcome.value


def break_archive(edge: Edge) -> None:
    edge.archive.fault = UNAVAILABLE


def break_queue(edge: Edge) -> None:
    edge.queues.fault = UNAVAILABLE


def break_dead(edge: Edge) -> None:
    edge.queues.dead_fault = UNAVAILABLE


def break_secrets(edge: Edge) -> None:
    edge.secrets.fault = UNAVAILABLE


def lose_secret(edge: Edge) -> None:
    edge.secrets.values = {}


def spoil_secret(edge: Edge) -> None:
    edge.secrets.values = {"webhooks/transactions": '{"current": "<secret detail>"'}


def empty_secret(edge: Edge) -> None:
    edge.secrets.values = {"webhooks/transactions": "whsec_"}


@pytest.mark.parametrize(
    ("fault", "body", "journal"),
    [
        (break_archive, event(), []),
        (break_queue, event(), ["archived"]),
        (break_archive, event("ping"), []),
        (break_archive, b"not JSON", []),
        (break_dead, b"not JSON", ["archived"]),
        (break_secrets, event(), []),
        (lose_secret, event(), []),
        (spoil_secret, event(), []),
        (empty_secret, event(), []),
    ],
)
def test_a_fault_of_ours_asks_the_provider_to_come_back_and_shows_nothing_of_it(
    fault: Callable[[Edge], None], body: bytes, journal: list[str]
) -> None:
    edge = Edge()
    fault(edge)
    reply = edge.take(edge.signed(body))
    assert (reply.status, reply.outcome, reply.retry_after_s) == (503, Outcome.FAILED, 30)
    assert "secret detail" not in json.dumps(reply.body)
    assert reply.detail
    assert edge.journal == journal
    assert not edge.queues.sent
    assert not edge.queues.dead


def test_the_next_delivery_after_a_fault_is_taken_whole() -> None:
    edge = Edge()
    break_queue(edge)
    assert edge.take(edge.signed(event())).status == 503
    edge.queues.fault = None
    assert edge.take(edge.signed(event())).status == 202
    assert [envelope.event_id for envelope in edge.queues.sent] == ["msg_1"]


def test_a_bug_is_not_mistaken_for_an_answer() -> None:
    edge = Edge()
    edge.archive.fault = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        edge.take(edge.signed(event()))


def test_a_previous_secret_still_opens_and_is_noted() -> None:
    edge = Edge()
    old, new = SECRETS["transactions"], "whsec_" + "REVG" * 8
    edge.secrets.values["webhooks/transactions"] = json.dumps({"current": new, "previous": [old]})
    assert edge.take(edge.signed(event())).old_secret
    reply = edge.take(edge.signed(event(), secret=new))
    assert (reply.status, reply.old_secret) == (202, False)


def test_a_secret_that_was_changed_a_moment_ago_is_asked_for_once_more() -> None:
    edge = Edge()
    edge.take(edge.signed(event()))
    new = "whsec_" + "REVG" * 8
    edge.secrets.values["webhooks/transactions"] = new
    assert edge.take(edge.signed(event(), secret=new)).status == 202
    assert edge.take(edge.signed(event())).status == 401
    assert edge.secrets.fresh_asked == 2


def test_only_a_mismatch_casts_doubt_on_the_secret() -> None:
    edge = Edge()
    edge.take(edge.signed(event(), now=NOW - timedelta(hours=1)))
    edge.take(replace(edge.signed(event()), headers={}))
    assert edge.secrets.fresh_asked == 0


def test_a_new_secret_that_cannot_be_read_is_our_fault() -> None:
    edge = Edge()
    edge.take(edge.signed(event()))
    edge.secrets.values = {}
    assert edge.take(edge.signed(event(), secret="whsec_" + "REVG" * 8)).status == 503


def test_which_alternative_of_signed_bytes_matched_is_noted_where_there_are_several() -> None:
    edge = Edge()
    body = b'{"eventId":"d-1","eventType":"LOOP_UPDATED","event":{"id":"34308"}}'
    assert [edge.take(edge.signed(body, "dotloop", variant=variant)).variant for variant in (0, 1)] == [0, 1]
    assert edge.take(edge.signed(event())).variant is None


def test_a_source_without_a_queue_is_our_fault_and_leaves_the_others_alone() -> None:
    edge = Edge()
    edge.queues.sources = ("dotloop",)
    assert edge.take(edge.signed(event())).status == 503
    body = b'{"eventId":"d-1","eventType":"LOOP_UPDATED","event":{"id":"34308"}}'
    assert edge.take(edge.signed(body, "dotloop")).status == 202

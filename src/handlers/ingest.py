"""Ingest: a provider's HTTP request in; archive, queue and an answer out. API Gateway's shapes end here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from flows.accept_event import WebhookRequest, accept
from runtime.observability import logger, metrics, record_crash, record_webhook
from runtime.wiring import ingest as wiring


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one webhook; whatever happens, the provider gets an answer that it can act on."""
    try:
        answer: dict[str, Any] = _handle(event, context)
    except Exception as error:  # noqa: BLE001 - the outermost edge: a bug is answered too, and the provider comes back
        record_crash(error)
        answer = _response(500, {"error": "Something went wrong here. Send it again later."}, {})
    metrics.flush_metrics()
    return answer


@logger.inject_lambda_context(clear_state=True)
def _handle(event: dict[str, Any], _: Any) -> dict[str, Any]:
    logger.set_correlation_id(event["requestContext"].get("requestId"))
    queues, now = wiring.queues(), wiring.now()
    reply = accept(
        _request(event),
        catalog=wiring.sources(),
        secrets=wiring.secrets(),
        archive=wiring.archive(),
        queue=queues,
        dead=queues,
        now=now,
        # The receipt tells the day under which the archive keeps it.
        new_receipt=lambda: wiring.new_receipt(now),
    )
    record_webhook(reply)
    retry = {} if reply.retry_after_s is None else {"Retry-After": str(reply.retry_after_s)}
    return _response(reply.status, reply.body, retry)


def _request(event: dict[str, Any]) -> WebhookRequest:
    headers: dict[str, list[str]] = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        headers.setdefault(name.lower(), []).extend(values)
    text = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    return WebhookRequest((event.get("pathParameters") or {}).get("source", ""), headers, body)


def _response(status: int, body: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **headers},
        "body": json.dumps(dict(body)),
    }

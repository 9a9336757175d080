"""Operate: a signed request of an operator in, one action, an answer out. Who asks is taken from the signature."""

from __future__ import annotations

import base64
import json
from typing import Any

from flows.operate.dispatch import dispatch
from runtime.observability import logger, metrics, record_crash
from runtime.operations import record_operation
from runtime.wiring import operate as wiring

_ANONYMOUS = "The request is not signed, so nobody can be held to it: sign it with AWS credentials, as `dealwire` does."
_NOT_TEXT = "The body is not UTF-8 text; send one JSON object."


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one operator; whatever happens, they are told what to do next."""
    asked = event.get("requestContext") or {}
    logger.set_correlation_id(asked.get("requestId"))
    action = (event.get("pathParameters") or {}).get("action") or ""
    who = (asked.get("identity") or {}).get("userArn") or ""
    text = _text(event)
    try:
        status, body = _answer(action, who, text, context)
    except Exception as error:  # noqa: BLE001 - the outermost edge: a bug is answered too, in one line
        record_crash(error)
        request = context.aws_request_id
        status, body = 500, _error(f"Something went wrong here; look in the log of `operate` for request {request}.")
    record_operation(action, who, status, text or "")
    metrics.flush_metrics()
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": body}


def _answer(action: str, who: str, text: str | None, context: Any) -> tuple[int, str]:
    if not who:
        return 403, _error(_ANONYMOUS)
    if text is None:
        return 400, _error(_NOT_TEXT)
    return dispatch(action, text, wiring.desk(who, context))


def _text(event: dict[str, Any]) -> str | None:
    sent: str = event.get("body") or ""
    try:
        return base64.b64decode(sent).decode() if event.get("isBase64Encoded") else sent
    except ValueError:
        return None


def _error(text: str) -> str:
    return json.dumps({"error": text})

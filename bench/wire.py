"""AWS stubbed just before the wire: everything botocore does is done, and no packet leaves."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any

Answer = Callable[[Any], bytes]

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class _Raw(io.BytesIO):
    """What urllib3 would hand to botocore."""

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.read()


def stub(answers: dict[str, Answer]) -> list[str]:
    """Answer every AWS call from here; returns the list in which the calls are noted.

    Args:
        answers: the last part of `X-Amz-Target`, or `PUT`/`GET` for S3, to the bytes of the answer.
    """
    import botocore.httpsession
    from botocore.awsrequest import AWSResponse

    calls: list[str] = []

    def send(_self: Any, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", b"")
        text = target.decode() if isinstance(target, bytes) else target
        call = text.rpartition(".")[2] or request.method
        calls.append(call)
        body = answers[call](request)
        return AWSResponse(request.url, 200, {"content-type": "application/x-amz-json-1.0"}, _Raw(body))

    botocore.httpsession.URLLib3Session.send = send  # type: ignore[method-assign]
    return calls


def constant(document: Any) -> Answer:
    """Always the same JSON."""
    body = json.dumps(document).encode()
    return lambda _request: body


def sent(request: Any) -> bytes:
    """SQS's answer to one message; botocore checks the digest of what it sent."""
    import hashlib

    message = json.loads(request.body)["MessageBody"].encode()
    digest = hashlib.md5(message, usedforsecurity=False).hexdigest()
    return json.dumps({"MessageId": "m", "MD5OfMessageBody": digest}).encode()


def raw(body: bytes) -> Any:
    """What urllib3 hands to requests: a reply of 200 with this body."""
    from urllib3 import HTTPResponse

    return HTTPResponse(io.BytesIO(body), headers={"content-type": "text/xml"}, status=200, preload_content=False)


def in_order(answers: list[list[str]]) -> dict[str, Answer]:
    """Recorded (operation, body) pairs as answers: each operation's in their order, its last one from then on."""
    waiting: dict[str, list[str]] = {}
    for name, body in answers:
        waiting.setdefault(name, []).append(body)

    def answer(bodies: list[str]) -> Answer:
        return lambda _request: (bodies.pop(0) if len(bodies) > 1 else bodies[0]).encode()

    return {name: answer(bodies) for name, bodies in waiting.items()}


def stub_requests(bodies: list[str]) -> list[str]:
    """Answer every call of `requests` from here, in this order; returns the list in which the calls are noted."""
    import requests

    calls: list[str] = []

    def send(_self: Any, request: Any, **_: Any) -> Any:
        calls.append(request.url)
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, request.url
        response.raw = raw(bodies[min(len(calls), len(bodies)) - 1].encode())
        return response

    requests.adapters.HTTPAdapter.send = send  # type: ignore[method-assign]  # just before the wire
    return calls

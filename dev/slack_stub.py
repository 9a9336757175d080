"""A stand-in for Slack's incoming webhooks on this machine, for the demo and the tests.

    python dev/slack_stub.py [--port N]          prints its URL; 127.0.0.1 only

It takes posts to any path below /services/ as Slack does, refuses what Slack would refuse, and keeps what it took:

    GET  /health
    GET  /posts                                  what was posted, oldest first: {"path", "at", "text", "blocks"}
    POST /_stub/fail   {"status": 500, "times": 3}    the next posts fail; times 0 ends it, without times it goes on
    POST /_stub/reset  {}                        as at the start
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Slack's limits: https://docs.slack.dev/reference/block-kit/blocks
MOST_BLOCKS = 50
MOST = {"header": 150, "section": 3000, "context": 3000}
MOST_FIELDS, MOST_FIELD = 10, 2000
FOR_GOOD = 1_000_000


class State:
    """What was posted, and how the next posts fail."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.posts: list[dict[str, Any]] = []
            self.status, self.failures = 500, 0

    def fail(self, status: int = 500, times: int = FOR_GOOD) -> None:
        with self.lock:
            self.status, self.failures = status, times

    def take(self, path: str, body: bytes) -> tuple[int, str]:
        """Slack's status and its plain text."""
        with self.lock:
            if self.failures > 0:
                self.failures -= 1
                return self.status, "told_to_fail"
            problem = refused(body)
            if problem:
                return 400, problem
            post = json.loads(body)
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            self.posts.append({"path": path, "at": at, "text": post.get("text", ""), "blocks": post.get("blocks", [])})
            return 200, "ok"


def refused(body: bytes) -> str:
    """The word with which Slack would refuse the post; empty if it would not."""
    try:
        post = json.loads(body)
    except ValueError:
        return "invalid_payload"
    if not isinstance(post, dict):
        return "invalid_payload"
    blocks = post.get("blocks", [])
    if not blocks and not post.get("text"):
        return "no_text"
    return "" if len(blocks) <= MOST_BLOCKS and all(fits(block) for block in blocks) else "invalid_blocks"


def fits(block: dict[str, Any]) -> bool:
    """Whether a block keeps Slack's limits."""
    most = MOST.get(block.get("type", ""))
    if most is None:
        return False
    fields = block.get("fields", [])
    texts = [block["text"]] if "text" in block else []
    texts += block.get("elements", [])
    short = all(0 < len(text["text"]) <= most for text in texts)
    return short and len(fields) <= MOST_FIELDS and all(0 < len(text["text"]) <= MOST_FIELD for text in fields)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # whole answers in one packet,
    disable_nagle_algorithm = True  # sent at once: otherwise each costs 40 ms
    state: State

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(200, json.dumps({"status": "up"}))
        elif self.path == "/posts":
            with self.state.lock:
                self._send(200, json.dumps(self.state.posts))
        else:
            self._send(404, "no_service")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/services/"):
            self._send(*self.state.take(self.path, body))
        elif self.path == "/_stub/fail":
            self.state.fail(**json.loads(body or b"{}"))
            self._send(200, json.dumps({"status": "done"}))
        elif self.path == "/_stub/reset":
            self.state.reset()
            self._send(200, json.dumps({"status": "done"}))
        else:
            self._send(404, "no_service")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base's name
        """Nothing: the path of a webhook is a secret."""

    def _send(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if text[:1] in "{[" else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def server(port: int = 0) -> ThreadingHTTPServer:
    """A server that is bound, on 127.0.0.1 only, and not yet running."""
    handler = type("BoundHandler", (Handler,), {"state": State()})
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


@contextmanager
def running(port: int = 0) -> Iterator[str]:
    """The stand-in in a thread; gives its URL."""
    stand_in = server(port)
    thread = threading.Thread(target=stand_in.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{stand_in.server_port}"
    finally:
        stand_in.shutdown()
        stand_in.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-in for Slack's incoming webhooks, on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    stand_in = server(parser.parse_args().port)
    print(f"http://127.0.0.1:{stand_in.server_port}", flush=True)
    try:
        stand_in.serve_forever()
    except KeyboardInterrupt:
        stand_in.server_close()


if __name__ == "__main__":
    main()

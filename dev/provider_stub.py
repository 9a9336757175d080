"""A stand-in for the APIs of Dotloop and Brokermint on this machine, for the demo and the tests.

    python dev/provider_stub.py [--port N]          prints its URL; 127.0.0.1 only

It serves what `events/<source>/*.fetched.json` hold, to whoever proves themselves as the real ones ask for it (with the
secrets of `events/provider-secrets.demo.json`), and misbehaves when told to:

    GET  /health
    GET  /_stub/requests                            how often each "METHOD path" was asked, without its query
    POST /_stub/faults     {"path": "/dotloop/...", "status": 503 | "slow" | "html" | "close" | "huge",
                            "times": 2, "headers": {"Retry-After": "7"}, "seconds": 8}    a path may end with *
    POST /_stub/expire     {}                       every access token is refused from now on
    POST /_stub/documents  {"source": "dotloop", "id": "34308", "documents": {"loop": ..., ...}}
    POST /_stub/reset      {}                       as at the start
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

EVENTS = Path(__file__).resolve().parents[1] / "events"

#: Path below the source's prefix to the name of the document, and where in it the thing's own id stands.
_DOTLOOP = re.compile(r"/dotloop/public/v2/profile/\d+/loop/([^/]+)(/detail|/participant)?")
_BROKERMINT = re.compile(r"/brokermint/api/v1/transactions/([^/]+)(/participants|/commissions)?")
_DOTLOOP_NAMES = {None: "loop", "/detail": "detail", "/participant": "participants"}
_BROKERMINT_NAMES = {None: "transaction", "/participants": "participants", "/commissions": "commissions"}


@dataclass(frozen=True)
class Reply:
    """An answer to send."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(status: int, value: object) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


@dataclass
class Fault:
    """One way to misbehave, for a number of requests."""

    path: str
    status: int | str
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 8.0

    def meets(self, path: str) -> bool:
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path


class State:
    """What the providers hold and whom they let in."""

    def __init__(self, token_seconds: int) -> None:
        self.lock = threading.Lock()
        self.token_seconds = token_seconds
        self.secrets = json.loads((EVENTS / "provider-secrets.demo.json").read_bytes())
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.requests: Counter[str] = Counter()
            self.faults: list[Fault] = []
            self.tokens: dict[str, float] = {}
            self.issued = 0
            self.documents: dict[tuple[str, str], dict[str, Any]] = {}
            self.moved: dict[str, str] = {}
            for source in ("dotloop", "brokermint"):
                for file in sorted((EVENTS / source).glob("*.fetched.json")):
                    self._hold(source, json.loads(file.read_bytes()))
                    self._note_merge(file)

    def _hold(self, source: str, documents: dict[str, Any]) -> None:
        thing = documents["loop"]["data"] if source == "dotloop" else documents["transaction"]
        self.documents[source, str(thing["id"])] = documents

    def _note_merge(self, file: Path) -> None:
        webhook = json.loads(file.with_name(file.name.replace(".fetched.json", ".json")).read_bytes())
        merged = webhook.get("event")
        if isinstance(merged, dict) and "fromId" in merged:
            self.moved[str(merged["fromId"])] = str(merged["toId"])

    def fault(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.meets(path):
                    fault.times -= 1
                    return fault
        return None

    def grant(self) -> Reply:
        with self.lock:
            self.issued += 1
            token = f"stub-access-token-{self.issued}"
            self.tokens[token] = time.monotonic() + self.token_seconds
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds}
        return as_json(200, {**granted, "refresh_token": self.secrets["dotloop"]["refresh_token"]})

    def knows(self, token: str) -> bool:
        with self.lock:
            return time.monotonic() < self.tokens.get(token, 0.0)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # whole answers in one packet,
    disable_nagle_algorithm = True  # sent at once: otherwise each costs 40 ms
    state: State

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base's name
        """Nothing: request lines hold secrets."""

    def _handle(self, method: str) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path.startswith("/_stub/") or parts.path == "/health":
            self._send(self._control(method, parts.path, body))
            return
        with self.state.lock:
            self.state.requests[f"{method} {parts.path}"] += 1
        fault = self.state.fault(parts.path)
        reply = self._broken(fault) if fault else self._provider(method, parts.path, parse_qs(parts.query))
        if reply is not None:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def _control(self, method: str, path: str, body: bytes) -> Reply:
        if method == "GET" and path == "/health":
            return as_json(200, {"status": "up"})
        if method == "GET" and path == "/_stub/requests":
            with self.state.lock:
                return as_json(200, dict(self.state.requests))
        order = json.loads(body or b"{}")
        if path == "/_stub/faults":
            fault = Fault(**order)
            with self.state.lock:
                self.state.faults.append(fault)
        elif path == "/_stub/expire":
            with self.state.lock:
                self.state.tokens.clear()
        elif path == "/_stub/documents":
            with self.state.lock:
                self.state.documents[order["source"], str(order["id"])] = order["documents"]
        elif path == "/_stub/reset":
            self.state.reset()
        else:
            return as_json(404, {"error": f"the stand-in knows no {path}"})
        return as_json(200, {"status": "done"})

    def _broken(self, fault: Fault) -> Reply | None:
        if fault.status == "slow":
            time.sleep(fault.seconds)
        elif fault.status == "html":
            return Reply(200, b"<html><body>Down for maintenance</body></html>", {"Content-Type": "text/html"})
        elif fault.status == "huge":
            return Reply(200, b'"' + b"x" * (5 * 1024 * 1024) + b'"', {"Content-Type": "application/json"})
        elif isinstance(fault.status, int):
            return Reply(fault.status, b'{"error": "told to"}', fault.headers)
        self.close_connection = True
        return None

    def _provider(self, method: str, path: str, query: dict[str, list[str]]) -> Reply:
        if method == "POST" and path == "/dotloop/auth/oauth/token":
            return self._token(query)
        if method == "GET" and (match := _DOTLOOP.fullmatch(path)):
            if not self.state.knows(self.headers.get("Authorization", "").removeprefix("Bearer ")):
                return as_json(401, {"error": "invalid_token"})
            return self._loop(path, *match.groups())
        if method == "GET" and (match := _BROKERMINT.fullmatch(path)):
            if not _same(query.get("api_key", [""])[0], self.state.secrets["brokermint"]["api_key"]):
                return as_json(401, {"errors": ["api_key is wrong"]})
            return self._document("brokermint", match[1], _BROKERMINT_NAMES[match[2]])
        return as_json(404, {"error": "no such path"})

    def _token(self, query: dict[str, list[str]]) -> Reply:
        secret = self.state.secrets["dotloop"]
        client = b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if not _same(client, f"{secret['client_id']}:{secret['client_secret']}"):
            return as_json(401, {"error": "invalid_client"})
        asked = query.get("refresh_token", [""])[0]
        if query.get("grant_type") != ["refresh_token"] or not _same(asked, secret["refresh_token"]):
            return as_json(400, {"error": "invalid_grant"})
        return self.state.grant()

    def _loop(self, path: str, loop: str, part: str | None) -> Reply:
        if loop in self.state.moved:
            return Reply(301, b"", {"Location": path.replace(f"/loop/{loop}", f"/loop/{self.state.moved[loop]}")})
        return self._document("dotloop", loop, _DOTLOOP_NAMES[part])

    def _document(self, source: str, thing: str, name: str) -> Reply:
        with self.state.lock:
            documents = self.state.documents.get((source, thing))
        return as_json(404, {"error": "not found"}) if documents is None else as_json(200, documents[name])


def _same(given: str, expected: str) -> bool:
    return compare_digest(given.encode(), expected.encode())


def server(port: int = 0, token_seconds: int = 600) -> ThreadingHTTPServer:
    """A server that is bound, on 127.0.0.1 only, and not yet running."""
    handler = type("BoundHandler", (Handler,), {"state": State(token_seconds)})
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


@contextmanager
def running(port: int = 0, token_seconds: int = 600) -> Iterator[str]:
    """The stand-in in a thread; gives its URL."""
    stand_in = server(port, token_seconds)
    thread = threading.Thread(target=stand_in.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{stand_in.server_port}"
    finally:
        stand_in.shutdown()
        stand_in.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-in for the providers' APIs, on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token-seconds", type=int, default=600, help="life of an access token")
    options = parser.parse_args()
    stand_in = server(options.port, options.token_seconds)
    print(f"http://127.0.0.1:{stand_in.server_port}", flush=True)
    try:
        stand_in.serve_forever()
    except KeyboardInterrupt:
        stand_in.server_close()


if __name__ == "__main__":
    main()

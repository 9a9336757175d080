"""A stand-in for SuiteCRM's SOAP service v4_1 on this machine, for the demo, the benchmarks and the tests.

    python -m dev.crm.server [--port N] [--port-file F]       prints its URL; 127.0.0.1 only

    POST /service/v4_1/soap.php            the operations that we use, as SuiteCRM was measured to do them
    GET  /health
    GET  /_dealwire/state                  records, links, calls by operation, troubles by form, logins
    POST /_dealwire/settings  {"latency_s": 1.2, "quota_per_s": 20, "chances": {"lost": 0.01}, "seed": 7, ...}
    POST /_dealwire/next      {"form": "lost", "times": 2, "operation": "set_entries"}      see soap_troubles.py
    POST /_dealwire/expire    {}           the CRM forgets every session
    POST /_dealwire/crm       {"broken": true, "denial": "1009", "idle_s": 1440, "lifetime_s": 3600, "lengths": true}
    POST /_dealwire/people    {"do": "edit", "module": "Contacts", "id": "...", "fields": {...}}
                              or enter, delete, purge, merge (with "into"), join and part (with "link", "other")
    POST /_dealwire/fields    {"addon": "full" | "first" | "none", "drop": {"Opportunities": ["dw_..._c"]}}
    POST /_dealwire/reset     {"seed": 0}  as at the start

Settings that are left out stay as they are. The API user is `dealwire`, its password `secret`, unless told otherwise.
"""

from __future__ import annotations

import argparse
import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crm.suitecrm.calls import SoapFault
from dev.crm import soap_replies as replies
from dev.crm.soap_control import Control, Unknown
from dev.crm.soap_operations import UnknownOperation
from dev.crm.soap_requests import Request, Unreadable, request
from dev.crm.soap_troubles import BEFORE

SERVICE = "/service/v4_1/soap.php"
CONTROL = "/_dealwire/"
USER, PASSWORD = "dealwire", "secret"

_XML = {
    "Content-Type": "text/xml; charset=UTF-8",
    "X-SOAP-Server": "NuSOAP/0.9.5 (57813)",
    "Set-Cookie": "PHPSESSID=0123456789abcdef; path=/",
}
_HTML = {"Content-Type": "text/html"}
_DIED = "Unknown error in SOAP call: service died unexpectedly"
#: As NuSOAP does: replies longer than this are compressed for those who can read that.
_COMPRESSED_FROM = 1024
_DOCTYPE = b'<!DOCTYPE soap SYSTEM "http://127.0.0.1:1/soap.dtd">'
_ENTITY = b'<!DOCTYPE soap [<!ENTITY lol "lol"><!ENTITY more "&lol;&lol;&lol;&lol;">]>'


@dataclass(frozen=True)
class Reply:
    """An answer to send."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


#: A socket that lingers for no time is closed with a reset.
_AT_ONCE = struct.pack("ii", 1, 0)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # whole answers in one packet,
    disable_nagle_algorithm = True  # sent at once: otherwise each costs 40 ms
    control: Control
    stopping: threading.Event

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/health":
            self._send(as_json(200, {"status": "up"}))
        elif path == f"{CONTROL}state":
            self._send(as_json(200, self.control.state()))
        else:
            self._send(as_json(404, {"error": f"the stand-in knows no {path}"}))

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == SERVICE:
            self.control.cookies += "Cookie" in self.headers
            self._call(body)
        elif path.startswith(CONTROL):
            self._send(self._ordered(path.removeprefix(CONTROL), body))
        else:
            self._send(Reply(404, b"<html><body>Not Found</body></html>", _HTML))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base's name
        """Nothing: it would be a line per call."""

    def _ordered(self, name: str, body: bytes) -> Reply:
        try:
            self.control.order(name, json.loads(body or b"{}"))
        except (Unknown, ValueError) as error:
            return as_json(400, {"error": str(error)})
        return as_json(200, {"status": "done"})

    def _call(self, body: bytes) -> None:
        try:
            asked = request(body)
        except Unreadable as error:
            self._send(Reply(500, replies.fault("SOAP-ENV:Client", f"error in msg parsing:\n{error}"), _XML))
            return
        troubles = self.control.troubles
        form = troubles.draw(asked.operation)
        if form not in BEFORE:
            time.sleep(troubles.latency())
        headers = troubles.headers(form)
        reply = self._refused(form) if form in BEFORE else self._done(asked, form)
        if reply is None:
            self._break(form)
        elif form == "slow":
            self._trickle(reply)
        else:
            self._send(Reply(reply.status, reply.body, {**reply.headers, **headers}), whole=form != "cut")

    def _refused(self, form: str) -> Reply | None:
        """What is answered when the call never reaches the CRM; None: nothing."""
        if form in {"429", "503"}:
            return Reply(int(form), b"<html><body>Later</body></html>", _HTML)
        if form == "502_html":
            return Reply(502, b"<html><body><h1>502 Proxy Error</h1></body></html>", _HTML)
        if form == "500_empty":
            return Reply(500, b"")
        return Reply(500, replies.fault("-1", _DIED), _XML) if form == "fault" else None

    def _done(self, asked: Request, form: str) -> Reply | None:
        """Do it, and answer in the form asked for; None: with nothing."""
        if form == "late":
            self.control.run_later(asked, self.control.troubles.settings.late_s)
            return None
        reply = self._run(asked)
        if form in {"lost", "lost_hang"}:
            return None
        return self._spoilt(reply, form, asked.operation)

    def _run(self, asked: Request) -> Reply:
        try:
            returned = self.control.run(asked)
        except SoapFault as fault:
            return Reply(500, fault_of(fault), _XML)
        except UnknownOperation as error:
            words = f"Operation '{error}' is not defined in the WSDL for this service"
            return Reply(500, replies.fault("SOAP-ENV:Client", words), _XML)
        except (TypeError, KeyError, ValueError):  # what PHP dies of, too
            return Reply(500, replies.fault("-1", _DIED), _XML)
        return Reply(200, replies.envelope(asked.operation, returned), _XML)

    def _spoilt(self, reply: Reply, form: str, operation: str) -> Reply:
        head, tail = reply.body[:38], reply.body[38:]
        spoilt = {
            "500_done": Reply(500, b""),
            "fault_done": Reply(500, replies.fault("-1", _DIED), _XML),
            "garbage": Reply(200, b"<br /><b>Warning</b>: out of memory & more" + reply.body, _XML),
            "doctype": Reply(200, head + _DOCTYPE + tail, _XML),
            "entity": Reply(200, head + _ENTITY + tail, _XML),
            "redirect": Reply(301, b"", {"Location": f"http://127.0.0.1:{self.server.server_address[1]}{SERVICE}"}),
            "empty": Reply(200, b"", _XML),
            "nil": Reply(200, replies.envelope(operation, '<return xsi:nil="true" xsi:type="tns:entry_value"/>'), _XML),
        }
        if form == "huge":
            return Reply(200, reply.body + b" " * self.control.troubles.settings.huge_bytes, _XML)
        return spoilt.get(form, reply)

    def _send(self, reply: Reply, *, whole: bool = True) -> None:
        headers, body = dict(reply.headers), reply.body
        if len(body) > _COMPRESSED_FROM and "gzip" in self.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"], body = "gzip", gzip.compress(body, compresslevel=1)
        try:
            self.send_response(reply.status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if whole else body[: len(body) // 2])
            self.wfile.flush()
        except ConnectionError:  # they hung up
            whole = False
        self.close_connection = self.close_connection or not whole

    def _trickle(self, reply: Reply) -> None:
        try:
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            for each in reply.body:
                self.wfile.write(bytes([each]))
                self.wfile.flush()
                if self.stopping.wait(self.control.troubles.settings.slow_s):
                    break
        except ConnectionError:
            pass
        self.close_connection = True

    def _break(self, form: str) -> None:
        """Answer nothing: at once with a reset, or after a long silence."""
        self.close_connection = True
        if form in {"reset", "lost"}:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        else:
            self.stopping.wait(self.control.troubles.settings.hang_s)


def as_json(status: int, value: object) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def fault_of(fault: SoapFault) -> bytes:
    """As the service writes the fault that the model raised."""
    if fault.code == "-1":
        failed = "Database failure" in fault.text
        detail = "Database failure. Please refer to suitecrm.log for details." if failed else ""
        return replies.fault("-1", _DIED, detail)
    words, detail = replies.FAULTS.get(fault.code, (fault.text, ""))
    return replies.fault(fault.code, words, detail)


class Server(ThreadingHTTPServer):
    """Bound to 127.0.0.1, a thread per connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, control: Control) -> None:
        self.control = control
        self.stopping = threading.Event()
        handler = type("BoundHandler", (Handler,), {"control": control, "stopping": self.stopping})
        super().__init__(("127.0.0.1", port), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        self.control.connections += 1
        return super().get_request()

    def shutdown_request(self, request: Any) -> None:
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_AT_ONCE)) == _AT_ONCE:
            self.close_request(request)  # without a farewell
        else:
            super().shutdown_request(request)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def shutdown(self) -> None:
        self.stopping.set()
        super().shutdown()


@contextmanager
def running(port: int = 0, control: Control | None = None) -> Iterator[Server]:
    """The stand-in in a thread; `url` and `control` of it are for the tests."""
    server = Server(port, control or Control(USER, PASSWORD))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-in for SuiteCRM's SOAP service, on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="the port is written there once it listens")
    parser.add_argument("--user", default=USER, help="of the API")
    parser.add_argument("--password", default=PASSWORD, help="of the API user")
    parser.add_argument("--addon", choices=["full", "first", "none"], default="full", help="which one is installed")
    parser.add_argument("--settings", default="{}", help="as for /_dealwire/settings, as JSON")
    options = parser.parse_args()
    server = Server(options.port, Control(options.user, options.password, options.addon))
    server.control.order("settings", json.loads(options.settings))
    if options.port_file:
        options.port_file.write_text(str(server.server_port))
    print(server.url, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()

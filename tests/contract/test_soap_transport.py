"""The SOAP transport against a CRM over real HTTP: the same data as from the CRM itself, and every break told apart."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, fields, is_dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crm.suitecrm import replies
from crm.suitecrm.address import service_address
from crm.suitecrm.calls import Broke, Entry, LinkCall, LinkCount, SoapCalls, SoapFault, WireFault
from crm.suitecrm.transport import ZeepCalls, service_client
from crm.suitecrm.wire import Answer
from dev.crm import soap_replies
from dev.crm.addon import shipped
from dev.crm.model import CrmModel
from dev.crm.schema import with_addon
from dev.crm.server import PASSWORD, USER, Server, running
from dev.crm.soap_control import Control
from dev.crm.soap_requests import Request
from domain.errors import ConfigurationError

#: Seconds that no call of these tests takes, unless it is meant to.
SOON = 10.0

AWKWARD = {
    "an apostrophe": "O'Brien",
    "an emoji": "Ada \N{GRINNING FACE} Lovelace",
    "tags": "<Realty> & <b>Sons</b>",
    "300 characters": "x" * 300,
    "nothing": "",
    "entities as text": "&lt;b&gt; &amp;amp; &eacute; &#039;",
    "quotes": 'the "best" `house`',
    "the end of CDATA": "]]> <![CDATA[ -->",
    "letters of the world": "Müller Łódź 漢字 العربية",
    "lines": "first\nsecond\tthird",
    "lines as Windows writes them": "first\r\nsecond",
    "spaces around": "  in the middle  ",
    "a word that PHP takes for no": "false",
    "a zero": "0",
}

Steps = Callable[[SoapCalls, str], Any]


def still() -> float:
    """The CRM's clock stands, so that what it stamps can be compared."""
    return 1_790_000_000.0


@pytest.fixture
def stand_in() -> Iterator[Server]:
    with running(control=Control(USER, PASSWORD, now=still)) as server:
        yield server


@pytest.fixture
def calls(stand_in: Server) -> Iterator[ZeepCalls]:
    with closing(ZeepCalls(stand_in.url)) as wired:
        yield wired


@pytest.fixture
def session(calls: ZeepCalls) -> str:
    return calls.login(USER, PASSWORD, timeout_s=SOON)


def direct() -> CrmModel:
    return CrmModel(still, schema=with_addon(shipped()), users={USER: PASSWORD})


def told(calls: SoapCalls, steps: Steps) -> Any:
    """What the steps return; a fault is told by its code."""
    session = calls.login(USER, PASSWORD, timeout_s=SOON)
    try:
        return plain(steps(calls, session))
    except SoapFault as fault:
        return fault.code


def plain(value: Any) -> Any:
    """Lists and dictionaries, whichever sequence or data class they were."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain({each.name: getattr(value, each.name) for each in fields(value)})
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, str | int):
        return value
    return sorted(value) if isinstance(value, frozenset) else [plain(each) for each in value]


def prepared(calls: SoapCalls, session: str, text: str = "Lovelace") -> None:
    """Two contacts, a deal with both, and a commission of it; the text is in all of them."""
    people = [{"id": f"c{n}", "new_with_id": "1", "last_name": text, "description": text} for n in (1, 2)]
    calls.set_entries(session, "Contacts", people, timeout_s=SOON)
    deal = {"id": "o1", "new_with_id": "1", "name": text, "amount": "350000.5", "date_closed": "2026-11-22"}
    calls.set_entry(session, "Opportunities", deal, timeout_s=SOON)
    share = {"id": "d1", "new_with_id": "1", "name": text, "amount": "12345678901234.56", "dw_opp_ida": "o1"}
    calls.set_entry(session, "DW_Commissions", share, timeout_s=SOON)
    links = [
        LinkCall("Opportunities", "o1", "contacts", "c1", {"contact_role": "Buyer"}),
        LinkCall("Opportunities", "o1", "contacts", "c2"),
    ]
    calls.set_relationships(session, links, timeout_s=SOON)


def listed(calls: SoapCalls, session: str, **changes: Any) -> Any:
    asked: dict[str, Any] = {"order_by": "last_name", "offset": 0, "limit": 10, "deleted": False, "timeout_s": SOON}
    return calls.get_entry_list(session, "Contacts", "", ["id", "last_name", "deleted"], **{**asked, **changes})


def written_and_read(calls: SoapCalls, session: str, text: str) -> Any:
    prepared(calls, session, text)
    of_deal = {"contacts": ["id", "last_name"], "dw_commissions_opportunities": ["id"], "no_such_link": ["id"]}
    return [
        calls.get_entries(session, "Opportunities", ["nobody", "o1"], ["id", "name"], of_deal, timeout_s=SOON),
        calls.get_entries(session, "DW_Commissions", ["d1"], ["name", "amount"], {}, timeout_s=SOON),
        calls.get_relationships(session, "Opportunities", "o1", "contacts", ["id", "last_name"], timeout_s=SOON),
        listed(calls, session),
    ]


def after(step: Steps) -> Steps:
    def steps(calls: SoapCalls, session: str) -> Any:
        prepared(calls, session)
        return step(calls, session)

    return steps


OPERATIONS: dict[str, Steps] = {
    "get_server_info": lambda c, _: c.get_server_info(timeout_s=SOON),
    "get_available_modules": lambda c, s: c.get_available_modules(s, timeout_s=SOON),
    "get_available_modules of a session that ended": lambda c, _: c.get_available_modules("gone", timeout_s=SOON),
    "get_entries of nothing": lambda c, s: c.get_entries(s, "Contacts", [], [], {}, timeout_s=SOON),
    "get_entries of all fields": after(lambda c, s: c.get_entries(s, "Contacts", ["c1"], [], {}, timeout_s=SOON)),
    "get_entries, the missing ones between the others": after(
        lambda c, s: c.get_entries(
            s, "Contacts", ["x1", "c1", "x2", "c2"], ["id"], {"opportunities": ["id", "name"]}, timeout_s=SOON
        )
    ),
    "get_entries of a module that is not there": lambda c, s: c.get_entries(s, "No", ["c1"], [], {}, timeout_s=SOON),
    "get_entry_list": after(listed),
    "get_entry_list, second page": after(lambda c, s: listed(c, s, offset=1, limit=1)),
    "get_entry_list of an unknown search": after(
        lambda c, s: c.get_entry_list(
            s, "Contacts", "no sql at all", [], order_by="", offset=0, limit=5, deleted=True, timeout_s=SOON
        )
    ),
    "set_entry that changes a record": after(
        lambda c, s: [
            c.set_entry(s, "Contacts", {"id": "c1", "first_name": "Ada"}, timeout_s=SOON),
            c.get_entries(s, "Contacts", ["c1"], ["first_name", "last_name"], {}, timeout_s=SOON),
        ]
    ),
    "set_entry of an id that is not there": lambda c, s: [
        c.set_entry(s, "Contacts", {"id": "c9", "first_name": "Ada"}, timeout_s=SOON),
        c.get_entries(s, "Contacts", ["c9"], [], {}, timeout_s=SOON),
    ],
    "set_entry of an id that is taken": after(
        lambda c, s: c.set_entry(s, "Contacts", {"id": "c1", "new_with_id": "1"}, timeout_s=SOON)
    ),
    "set_entries of nothing": lambda c, s: c.set_entries(s, "Contacts", [], timeout_s=SOON),
    "set_entry that deletes": after(
        lambda c, s: [
            c.set_entry(s, "Contacts", {"id": "c1", "deleted": "1"}, timeout_s=SOON),
            listed(c, s),
            listed(c, s, deleted=True),
        ]
    ),
    "set_relationships that takes off": after(
        lambda c, s: [
            c.set_relationships(s, [LinkCall("Opportunities", "o1", "contacts", "c1", delete=True)], timeout_s=SOON),
            c.get_relationships(s, "Opportunities", "o1", "contacts", ["id"], timeout_s=SOON),
        ]
    ),
    "set_relationships over an unknown link": after(
        lambda c, s: c.set_relationships(
            s,
            [
                LinkCall("Opportunities", "o1", "no_such_link", "c1"),
                LinkCall("Opportunities", "o1", "contacts", "c1", {}, delete=True),
                LinkCall("Opportunities", "o1", "contacts", "nobody", {"contact_role": "Seller"}),
            ],
            timeout_s=SOON,
        )
    ),
    "set_relationships of nothing": lambda c, s: c.set_relationships(s, [], timeout_s=SOON),
    "get_relationships of a record that is not there": lambda c, s: c.get_relationships(
        s, "Opportunities", "nobody", "contacts", ["id"], timeout_s=SOON
    ),
    "get_relationships over an unknown link": after(
        lambda c, s: c.get_relationships(s, "Opportunities", "o1", "no_such_link", ["id"], timeout_s=SOON)
    ),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_returns_over_the_wire_what_the_crm_returns(calls: ZeepCalls, operation: str) -> None:
    steps = OPERATIONS[operation]

    assert told(calls, steps) == told(direct(), steps)


@pytest.mark.parametrize("text", AWKWARD.values(), ids=list(AWKWARD))
def test_an_awkward_text_arrives_and_returns_as_it_is(calls: ZeepCalls, text: str) -> None:
    def steps(over: SoapCalls, session: str) -> Any:
        return written_and_read(over, session, text)

    assert told(calls, steps) == told(direct(), steps)


def test_links_belong_to_the_record_that_has_them_although_missing_records_have_none(
    calls: ZeepCalls, session: str
) -> None:
    prepared(calls, session)

    missing, contact = calls.get_entries(
        session, "Contacts", ["nobody", "c2"], ["id"], {"opportunities": ["id"]}, timeout_s=SOON
    )

    assert missing.fields["deleted"] == "1"
    assert missing.links == {}
    assert contact == Entry("c2", {"id": "c2"}, {"opportunities": [{"id": "o1"}]})


def test_fields_of_a_module_are_told_without_their_lengths_as_the_real_service_does(
    stand_in: Server, calls: ZeepCalls, session: str
) -> None:
    model = direct()
    known = model.get_module_fields(model.login(USER, PASSWORD, timeout_s=1), "Contacts", timeout_s=1)

    bare = calls.get_module_fields(session, "Contacts", timeout_s=SOON)
    stand_in.control.order("crm", {"lengths": True})
    full = calls.get_module_fields(session, "Contacts", timeout_s=SOON)

    assert full == known
    assert bare.links == known.links
    assert bare.fields == {name: {**field, "len": ""} for name, field in known.fields.items()}


def test_a_wrong_password_is_fault_10(calls: ZeepCalls) -> None:
    with pytest.raises(SoapFault) as raised:
        calls.login(USER, "wrong", timeout_s=SOON)

    assert raised.value.code == "10"


def test_logging_out_is_answered_with_nothing(calls: ZeepCalls, session: str) -> None:
    calls.logout(session, timeout_s=SOON)

    with pytest.raises(SoapFault) as raised:
        calls.logout("never begun", timeout_s=SOON)
    assert raised.value.code == "11"


class Listening(Control):
    """Keeps what it is asked."""

    def __init__(self) -> None:
        super().__init__(USER, PASSWORD)
        self.asked: list[Request] = []

    def run(self, request: Request) -> str:
        self.asked.append(request)
        return super().run(request)


def test_arguments_arrive_by_position_and_a_no_as_a_number() -> None:
    listening = Listening()
    with running(control=listening) as server, closing(ZeepCalls(server.url)) as calls:
        session = calls.login(USER, PASSWORD, timeout_s=SOON)
        calls.get_entry_list(
            session,
            "Contacts",
            "contacts.id IN ('c1')",
            ["id"],
            order_by="last_name",
            offset=3,
            limit=7,
            deleted=True,
            timeout_s=SOON,
        )
        calls.get_entries(session, "Contacts", ["c1"], ["id"], {"opportunities": ["id"]}, timeout_s=SOON)

    page, records = listening.asked[1:]
    where = "contacts.id IN ('c1')"
    assert page.arguments == [session, "Contacts", where, "last_name", "3", ["id"], [], "7", "1", "0"]
    wanted = [{"name": "opportunities", "value": ["id"]}]
    assert records.arguments == [session, "Contacts", ["c1"], ["id"], wanted, "0"]


def test_the_password_leaves_as_its_md5_only() -> None:
    listening = Listening()
    with running(control=listening) as server, closing(ZeepCalls(server.url)) as calls:
        calls.login(USER, PASSWORD, timeout_s=SOON)

    proof = listening.asked[0].arguments[0]
    assert proof == {"user_name": USER, "password": "5ebe2294ecd0e0f08eab7690d2a6ee69", "version": "1"}


def test_characters_that_xml_cannot_carry_are_left_out(calls: ZeepCalls, session: str) -> None:
    row = {"id": "c1", "new_with_id": "1", "last_name": "a\x00b\x0bc\ud800d\ufffee"}
    calls.set_entry(session, "Contacts", row, timeout_s=SOON)

    (held,) = calls.get_entries(session, "Contacts", ["c1"], ["last_name"], {}, timeout_s=SOON)
    assert held.fields == {"last_name": "abcde"}


@dataclass(frozen=True)
class Told:
    """How a break is told.

    Attributes:
        broke: where.
        status: of HTTP.
        empty: the reply had no body.
        done: the CRM did it.
    """

    broke: Broke
    status: int = 0
    empty: bool = False
    done: bool = False


BREAKS = {
    "429": Told(Broke.STATUS, 429),
    "503": Told(Broke.STATUS, 503),
    "502_html": Told(Broke.STATUS, 502),
    "500_empty": Told(Broke.STATUS, 500, empty=True),
    "500_done": Told(Broke.STATUS, 500, empty=True, done=True),
    "redirect": Told(Broke.STATUS, 301, empty=True, done=True),
    "reset": Told(Broke.CUT),
    "lost": Told(Broke.CUT, done=True),
    "cut": Told(Broke.CUT, done=True),
    "garbage": Told(Broke.CUT, 200, done=True),
    "doctype": Told(Broke.CUT, 200, done=True),
    "entity": Told(Broke.CUT, 200, done=True),
    "empty": Told(Broke.CUT, 200, empty=True, done=True),
    "nil": Told(Broke.CUT, 200, done=True),
    "huge": Told(Broke.CUT, done=True),
}


def created(calls: ZeepCalls, session: str, timeout_s: float = SOON) -> str:
    row = {"id": "c1", "new_with_id": "1", "last_name": "Lovelace"}
    return calls.set_entry(session, "Contacts", row, timeout_s=timeout_s)


@pytest.mark.parametrize("form", BREAKS)
def test_a_break_is_told_for_what_it_is(stand_in: Server, form: str) -> None:
    with closing(ZeepCalls(stand_in.url, most_bytes=1024 * 1024)) as calls:
        session = calls.login(USER, PASSWORD, timeout_s=SOON)
        stand_in.control.order("next", {"form": form})

        with pytest.raises(WireFault) as raised:
            created(calls, session)

        fault, expected = raised.value, BREAKS[form]
        assert (fault.broke, fault.status, fault.empty) == (expected.broke, expected.status, expected.empty)
        assert ("c1" in stand_in.control.state()["records"]["Contacts"]) is expected.done
        calls.get_server_info(timeout_s=SOON)  # and the next call is none the worse


@pytest.mark.parametrize("form", ["hang", "lost_hang", "late", "slow"])
def test_a_call_that_does_not_end_is_given_up_in_time(
    stand_in: Server, calls: ZeepCalls, session: str, form: str
) -> None:
    stand_in.control.order("next", {"form": form})
    stand_in.control.order("settings", {"late_s": 0.6})

    began = time.monotonic()
    with pytest.raises(WireFault) as raised:
        created(calls, session, timeout_s=0.4)

    assert raised.value.broke is Broke.CUT
    assert time.monotonic() - began < 1.2


def test_what_is_done_late_is_done_all_the_same() -> None:
    with running() as server, closing(ZeepCalls(server.url)) as late:
        session = late.login(USER, PASSWORD, timeout_s=SOON)
        server.control.order("settings", {"late_s": 0.5})
        server.control.order("next", {"form": "late"})
        with pytest.raises(WireFault):
            created(late, session, timeout_s=0.2)

        before = dict(server.control.state()["records"]["Contacts"])
        deadline = time.monotonic() + SOON
        while "c1" not in server.control.state()["records"]["Contacts"] and time.monotonic() < deadline:
            time.sleep(0.05)

        assert before == {}
        assert "c1" in server.control.state()["records"]["Contacts"]


@pytest.mark.parametrize(("form", "done"), [("fault", False), ("fault_done", True)])
def test_a_service_that_dies_is_fault_minus_1(
    stand_in: Server, calls: ZeepCalls, session: str, form: str, done: bool
) -> None:
    stand_in.control.order("next", {"form": form})

    with pytest.raises(SoapFault) as raised:
        created(calls, session)

    assert raised.value.code == "-1"
    assert raised.value.text == "Unknown error in SOAP call: service died unexpectedly"
    assert ("c1" in stand_in.control.state()["records"]["Contacts"]) is done


@pytest.mark.parametrize(
    ("how", "pattern"), [("seconds", "7"), ("date", r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), ("none", "")]
)
def test_a_429_brings_its_headers(stand_in: Server, calls: ZeepCalls, how: str, pattern: str) -> None:
    stand_in.control.order("settings", {"retry_after": how, "retry_after_s": 7, "rate_headers": True})
    stand_in.control.order("next", {"form": "429"})

    with pytest.raises(WireFault) as raised:
        calls.get_server_info(timeout_s=SOON)

    assert re.fullmatch(pattern, raised.value.headers.get("retry-after", ""))
    assert raised.value.headers["x-ratelimit-limit"] == "0"


def test_headers_of_a_good_reply_are_heard_and_those_of_a_fault_are_in_it(stand_in: Server) -> None:
    heard: list[Mapping[str, str]] = []
    with closing(ZeepCalls(stand_in.url, heard=heard.append)) as calls:
        stand_in.control.order("settings", {"rate_headers": True, "quota_per_s": 50, "burst": 50})
        calls.get_server_info(timeout_s=SOON)
        with pytest.raises(SoapFault) as raised:
            calls.get_available_modules("gone", timeout_s=SOON)

    assert [each["x-ratelimit-limit"] for each in heard] == ["50"]
    assert raised.value.headers["x-ratelimit-limit"] == "50"


def test_a_redirect_is_not_followed(stand_in: Server, calls: ZeepCalls) -> None:
    stand_in.control.order("next", {"form": "redirect"})

    with pytest.raises(WireFault):
        calls.get_server_info(timeout_s=SOON)

    assert stand_in.control.state()["calls"] == {"get_server_info": 1}


def test_a_refused_connection_was_surely_not_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with closing(ZeepCalls(f"http://127.0.0.1:{port}")) as calls, pytest.raises(WireFault) as raised:
        calls.get_server_info(timeout_s=SOON)

    assert raised.value.broke is Broke.UNSENT


def test_an_unknown_host_was_surely_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_args: object, **_kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)

    with closing(ZeepCalls("https://crm.invalid")) as calls, pytest.raises(WireFault) as raised:
        calls.get_server_info(timeout_s=SOON)

    assert raised.value.broke is Broke.UNSENT


def test_a_server_without_tls_was_surely_not_sent_to(stand_in: Server) -> None:
    encrypted = stand_in.url.replace("http://", "https://")

    with closing(ZeepCalls(encrypted)) as calls, pytest.raises(WireFault) as raised:
        calls.get_server_info(timeout_s=SOON)

    assert raised.value.broke is Broke.UNSENT


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A server with a certificate that nobody vouches for; its URL, and what reached it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "impostor.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    reached: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            reached.append(self.path)
            self.send_error(503)

    class Quiet(HTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A refused handshake is what the test is about."""

    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", reached
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_unknown_certificate_is_not_talked_to(impostor: tuple[str, list[str]]) -> None:
    url, reached = impostor

    with closing(ZeepCalls(url)) as calls, pytest.raises(WireFault) as raised:
        calls.login(USER, PASSWORD, timeout_s=SOON)

    assert raised.value.broke is Broke.UNSENT
    assert reached == []


def test_building_the_client_touches_no_network(socket_disabled: None) -> None:
    service_client.cache_clear()

    client = service_client()
    ZeepCalls("https://crm.example.com").close()

    assert {name for name, _ in client.service} == {
        *("login", "logout", "get_server_info", "get_available_modules", "get_module_fields"),
        *("set_entry", "set_entries", "get_entry", "get_entries", "get_entry_list"),
        *("set_relationship", "set_relationships", "get_relationships"),
    }


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://crm.example.com", "https://crm.example.com/service/v4_1/soap.php"),
        ("https://crm.example.com/suite/", "https://crm.example.com/suite/service/v4_1/soap.php"),
        ("https://crm.example.com/service/v4_1/soap.php", "https://crm.example.com/service/v4_1/soap.php"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/service/v4_1/soap.php"),
        ("http://localhost", "http://localhost/service/v4_1/soap.php"),
    ],
)
def test_the_service_is_below_the_crms_address(url: str, address: str) -> None:
    assert service_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com",
        "http://10.0.0.7/suitecrm",
        "crm.example.com",
        "ftp://crm.example.com",
        "https://",
        "https://user:secret@crm.example.com",
        "https://crm.example.com/?wsdl",
        "https://crm.example.com/#top",
        "",
    ],
)
def test_an_address_that_is_not_encrypted_or_not_plain_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="https URL of host and path only") as raised:
        ZeepCalls(url)

    assert "secret" not in str(raised.value)


def test_no_cookie_is_ever_sent_back(stand_in: Server, calls: ZeepCalls, session: str) -> None:
    calls.get_available_modules(session, timeout_s=SOON)

    assert stand_in.control.state()["cookies"] == 0


def test_no_proxy_that_the_environment_names_sees_a_call(calls: ZeepCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    assert calls.get_server_info(timeout_s=SOON)["flavor"] == "CE"


def test_calls_share_a_connection_until_it_was_idle_for_too_long(stand_in: Server) -> None:
    now = [0.0]
    with closing(ZeepCalls(stand_in.url, monotonic=lambda: now[0])) as calls:
        for _ in range(3):
            calls.get_server_info(timeout_s=SOON)
        together = stand_in.control.connections
        now[0] += 4.5
        calls.get_server_info(timeout_s=SOON)

    assert (together, stand_in.control.connections) == (1, 2)


def test_threads_may_share_it_each_with_its_own_time_out(stand_in: Server, calls: ZeepCalls, session: str) -> None:
    rows = [{"id": f"c{n}", "new_with_id": "1", "last_name": f"number {n}"} for n in range(16)]
    calls.set_entries(session, "Contacts", rows, timeout_s=SOON)
    stand_in.control.order("settings", {"latency_s": 0.05, "hang_s": 3})
    stand_in.control.order("next", {"form": "hang", "operation": "get_server_info"})

    def read(n: int) -> Sequence[Entry]:
        return calls.get_entries(session, "Contacts", [f"c{n}"], ["last_name"], {}, timeout_s=SOON)

    with ThreadPoolExecutor(8) as pool:
        hanging = pool.submit(calls.get_server_info, timeout_s=0.3)
        held = [entry.fields["last_name"] for (entry,) in pool.map(read, range(16))]

    assert held == [f"number {n}" for n in range(16)]
    assert isinstance(hanging.exception(), WireFault)


def fault_reply(code: str, words: str, detail: str = "") -> Answer:
    return Answer(500, {"server": "Apache"}, soap_replies.fault(code, words, detail))


def test_a_fault_names_no_session_and_stays_short() -> None:
    answer = fault_reply("40", "Access Denied to 0a1b2c3d4e5f", "You\n  do not have access " + "at all " * 100)

    with pytest.raises(SoapFault) as raised:
        replies.result(answer, ["0a1b2c3d4e5f"])

    fault = raised.value
    assert fault.text.startswith("Access Denied to ***: You do not have access at all")
    assert len(fault.text) == replies.MOST_WORDS
    assert (fault.code, fault.headers) == ("40", {"server": "Apache"})


def quoting(stand_in: Server, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call fails there, with these words."""

    def refuse(_request: object) -> str:
        raise SoapFault("77", words)

    monkeypatch.setattr(stand_in.control, "run", refuse)


@pytest.mark.parametrize("operation", ["set_entry", "set_entries"])
def test_a_fault_that_quotes_a_record_is_told_without_its_values(
    operation: str, calls: ZeepCalls, stand_in: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    quoting(stand_in, "x" * (replies.MOST_WORDS - 20) + " bad name O'BRIEN-QUOTED", monkeypatch)
    row = {"id": "c1", "last_name": "O'Brien-Quoted", "deleted": "0"}

    with pytest.raises(SoapFault) as raised:
        getattr(calls, operation)("token", "Contacts", row if operation == "set_entry" else [row], timeout_s=SOON)

    assert raised.value.text.endswith(" bad name …")


def test_a_fault_that_quotes_a_search_is_told_without_whom_it_was_for(
    calls: ZeepCalls, stand_in: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    quoting(stand_in, "You have an error near 'ANA@EXAMPLE.COM'", monkeypatch)
    where = "contacts.id IN (SELECT bean_id FROM x WHERE email_address_caps IN ('ANA@EXAMPLE.COM'))"

    with pytest.raises(SoapFault) as raised:
        calls.get_entry_list(
            "token", "Contacts", where, ["id"], order_by="id", offset=0, limit=9, deleted=False, timeout_s=SOON
        )

    assert raised.value.text == "You have an error near '…'"


def test_what_php_printed_before_it_died_is_not_repeated() -> None:
    printed = "INSERT INTO contacts (last_name) VALUES ('Lovelace'): Database failure. Please refer to suitecrm.log"

    with pytest.raises(SoapFault) as raised:
        replies.result(fault_reply("-1", "Unknown error in SOAP call: service died unexpectedly", printed))

    assert raised.value.text == "Unknown error in SOAP call: service died unexpectedly: Database failure"


def test_a_fault_is_a_fault_even_with_status_200() -> None:
    with pytest.raises(SoapFault) as raised:
        replies.result(Answer(200, {}, soap_replies.fault("11", "Invalid Session ID")))

    assert raised.value.code == "11"


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>It works!</body></html>",
        b'<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
        b"\xff\xfe\x00",
        b" \n ",
    ],
)
def test_a_success_that_is_no_reply_leaves_it_open_what_was_done(body: bytes) -> None:
    with pytest.raises(WireFault) as raised:
        replies.result(Answer(200, {}, body))

    assert raised.value.broke is Broke.CUT


def element(xml: str) -> Any:
    return replies.result(Answer(200, {}, soap_replies.envelope("some", xml)))


def test_counts_that_are_missing_are_not_taken_for_zero() -> None:
    whole = element(soap_replies.link_count(LinkCount(2, 0, 1)))
    assert replies.link_count(whole) == LinkCount(2, 0, 1)

    with pytest.raises(WireFault) as raised:
        replies.link_count(element(soap_replies.struct("return", "any", soap_replies.number("created", 2))))
    assert raised.value.broke is Broke.CUT


@pytest.mark.parametrize("listed", ["", '<entry_list xsi:type="SOAP-ENC:Array" xsi:nil="true"/>'])
def test_a_list_that_is_missing_is_not_taken_for_an_empty_one(listed: str) -> None:
    assert replies.entries(element(soap_replies.entries("Contacts", [], with_links=False))) == []

    with pytest.raises(WireFault) as raised:
        replies.entries(element(soap_replies.struct("return", "get_entry_result_version2", listed)))
    assert raised.value.broke is Broke.CUT

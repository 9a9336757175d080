"""SuiteCRM's SOAP service over the wire, with zeep and our own WSDL; nothing is decided here.

Plain data goes in and out (`calls.py`); the WSDL says how it is written (`wsdl/`), `arguments.py` and `replies.py` know
SOAP's arrays and structs, and `wire.py` does HTTP.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree
from zeep import Client

from crm.suitecrm import arguments, replies
from crm.suitecrm.address import service_address
from crm.suitecrm.calls import Broke, Entry, EntryPage, LinkCall, LinkCount, ModuleFields, WireFault
from crm.suitecrm.wire import Wire

if TYPE_CHECKING:
    from lxml.etree import _Element

WSDL = Path(__file__).with_name("wsdl")

#: Bytes of a reply: two hundred times what fifty records of a hundred fields need.
MOST_BYTES = 32 * 1024 * 1024

_PREFIXES = {
    "tns": "http://www.sugarcrm.com/sugarcrm",
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "SOAP-ENC": "http://schemas.xmlsoap.org/soap/encoding/",
}

#: What a search looks for stands in it between quotes.
_LITERAL = re.compile(r"'([^']*)'")

#: The service's number for yes and no, where it would read the word `false` as true.
_NO = 0


class ZeepCalls:
    """Implements `SoapCalls` over HTTP. Threads may share it.

    Args:
        base_url: of the SuiteCRM, below which `/service/v4_1/soap.php` is; https, or http on this machine.
        application: our name in the CRM's log.
        most_bytes: of a reply; a larger one is given up.
        heard: is told the headers of each reply with a result (names in lower case), in the thread of the call.
        monotonic: seconds that only grow.

    Raises:
        ConfigurationError: the address is not one that we may talk to.
    """

    def __init__(
        self,
        base_url: str,
        *,
        application: str = "dealwire",
        most_bytes: int = MOST_BYTES,
        heard: Callable[[Mapping[str, str]], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = Wire(service_address(base_url), most_bytes=most_bytes, monotonic=monotonic)
        self._application = application
        self._heard = heard

    def login(self, user: str, password: str, *, timeout_s: float) -> str:
        """See `SoapCalls.login`."""
        hashed = md5(password.encode(), usedforsecurity=False).hexdigest()
        proof = {"user_name": arguments.text(user), "password": hashed, "version": "1"}
        nothing = arguments.name_values({})
        return replies.entry_id(
            self._call("login", proof, self._application, nothing, timeout_s=timeout_s, secrets=[password, hashed])
        )

    def logout(self, session: str, *, timeout_s: float) -> None:
        """End a session of our own."""
        self._send("logout", session, timeout_s=timeout_s, secrets=[session])

    def get_server_info(self, *, timeout_s: float) -> Mapping[str, str]:
        """See `SoapCalls.get_server_info`."""
        return replies.server_info(self._call("get_server_info", timeout_s=timeout_s))

    def get_available_modules(self, session: str, *, timeout_s: float) -> Sequence[str]:
        """See `SoapCalls.get_available_modules`."""
        return replies.modules(self._in_session("get_available_modules", session, "all", timeout_s=timeout_s))

    def get_module_fields(self, session: str, module: str, *, timeout_s: float) -> ModuleFields:
        """See `SoapCalls.get_module_fields`."""
        every = arguments.texts(())
        return replies.module_fields(self._in_session("get_module_fields", session, module, every, timeout_s=timeout_s))

    def get_entries(
        self,
        session: str,
        module: str,
        ids: Sequence[str],
        fields: Sequence[str],
        links: Mapping[str, Sequence[str]],
        *,
        timeout_s: float,
    ) -> Sequence[Entry]:
        """See `SoapCalls.get_entries`."""
        wanted = (arguments.texts(ids), arguments.texts(fields), arguments.wanted_links(links))
        return replies.entries(
            self._in_session("get_entries", session, module, *wanted, _NO, timeout_s=timeout_s),
        )

    def get_entry_list(
        self,
        session: str,
        module: str,
        where: str,
        fields: Sequence[str],
        *,
        order_by: str,
        offset: int,
        limit: int,
        deleted: bool,
        timeout_s: float,
    ) -> EntryPage:
        """See `SoapCalls.get_entry_list`."""
        returned = self._in_session(
            "get_entry_list",
            session,
            module,
            where,
            order_by,
            offset,
            arguments.texts(fields),
            arguments.wanted_links({}),
            limit,
            int(deleted),
            _NO,
            timeout_s=timeout_s,
            values=[where, *_LITERAL.findall(where)],
        )
        return EntryPage(
            replies.entries(returned), replies.count(returned, "next_offset"), replies.count(returned, "result_count")
        )

    def set_entry(self, session: str, module: str, values: Mapping[str, str], *, timeout_s: float) -> str:
        """See `SoapCalls.set_entry`."""
        row, given = arguments.name_values(values), list(values.values())
        return replies.entry_id(self._in_session("set_entry", session, module, row, timeout_s=timeout_s, values=given))

    def set_entries(
        self, session: str, module: str, rows: Sequence[Mapping[str, str]], *, timeout_s: float
    ) -> Sequence[str]:
        """See `SoapCalls.set_entries`."""
        lists, given = arguments.lists_of_name_values(rows), [text for row in rows for text in row.values()]
        return replies.ids(self._in_session("set_entries", session, module, lists, timeout_s=timeout_s, values=given))

    def set_relationships(self, session: str, links: Sequence[LinkCall], *, timeout_s: float) -> LinkCount:
        """See `SoapCalls.set_relationships`."""
        return replies.link_count(
            self._in_session(
                "set_relationships",
                session,
                arguments.texts(one.module for one in links),
                arguments.texts(one.id for one in links),
                arguments.texts(one.link for one in links),
                arguments.lists_of_texts([one.related] for one in links),
                arguments.lists_of_name_values(one.values for one in links),
                arguments.numbers(int(one.delete) for one in links),
                timeout_s=timeout_s,
            )
        )

    def get_relationships(
        self, session: str, module: str, record_id: str, link: str, fields: Sequence[str], *, timeout_s: float
    ) -> Sequence[Entry]:
        """See `SoapCalls.get_relationships`."""
        wanted = ("", arguments.texts(fields), arguments.wanted_links({}))  # no query, and no links of the linked
        order_by, offset, no_limit = "", 0, 0
        return replies.entries(
            self._in_session(
                "get_relationships",
                session,
                module,
                record_id,
                link,
                *wanted,
                _NO,
                order_by,
                offset,
                no_limit,
                timeout_s=timeout_s,
            )
        )

    def close(self) -> None:
        """Close the connections; a function that lives on need not."""
        self._wire.close()

    def _in_session(
        self, operation: str, session: str, *rest: Any, timeout_s: float, values: Sequence[str] = ()
    ) -> _Element:
        return self._call(operation, session, *rest, timeout_s=timeout_s, secrets=[session], values=values)

    def _call(
        self, operation: str, *given: Any, timeout_s: float, secrets: Sequence[str] = (), values: Sequence[str] = ()
    ) -> _Element:
        returned = self._send(operation, *given, timeout_s=timeout_s, secrets=secrets, values=values)
        if returned is None or replies.is_nothing(returned):
            raise WireFault(Broke.CUT, f"the CRM answered {operation} without a result", status=200)
        return returned

    def _send(
        self, operation: str, *given: Any, timeout_s: float, secrets: Sequence[str], values: Sequence[str] = ()
    ) -> _Element | None:
        client = service_client()
        envelope = client.create_message(client.service, operation, *given)
        message = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        answer = self._wire.post(message, timeout_s)
        returned = replies.result(answer, secrets, values)
        if self._heard is not None:
            self._heard(answer.headers)
        return returned


class _Packaged:
    """What zeep loads documents with: files of our own package, nothing else."""

    def load(self, url: str) -> bytes:
        """The text of a file beside the WSDL."""
        return (WSDL / Path(url).name).read_bytes()


@lru_cache(maxsize=1)
def service_client() -> Any:
    """Once per process: the WSDL takes as long to read as a call."""
    wsdl = str(WSDL / "suitecrm_v4_1.wsdl")
    client: Any = Client(wsdl, transport=_Packaged(), settings=replies.STRICT)  # type: ignore[no-untyped-call]  # zeep has no types
    for prefix, namespace in _PREFIXES.items():
        client.set_ns_prefix(prefix, namespace)
    return client

"""The SOAP operations that we use of SuiteCRM v4_1, as plain Python data; arrays and envelopes are the transport's.

Service: `{base}/service/v4_1/soap.php`, namespace `http://www.sugarcrm.com/sugarcrm` (research: crm.md §6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as an operation returned it.

    Attributes:
        id: of the record.
        fields: name to value exactly as on the wire (HTML entities included). A missing or deleted record has a
            `warning`, and `deleted` is `1`.
        links: link name to the linked records' fields, where they were asked for.
    """

    id: str
    fields: Mapping[str, str]
    links: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of a list.

    Attributes:
        entries: the records.
        next_offset: where the next page begins.
        result_count: records on this page.
    """

    entries: Sequence[Entry]
    next_offset: int
    result_count: int


@dataclass(frozen=True, slots=True)
class ModuleFields:
    """What a module is made of.

    Attributes:
        fields: name to what `get_module_fields` tells: `type`, `len` (text of a number, empty if none), `required`.
        links: names of link fields.
    """

    fields: Mapping[str, Mapping[str, str]]
    links: frozenset[str]


@dataclass(frozen=True, slots=True)
class LinkCall:
    """One relationship to set or to take off.

    Attributes:
        module: of the record it starts from.
        id: of that record.
        link: name of the link field.
        related: id of the other record.
        values: columns of the link's own row, e.g. `contact_role`.
        delete: take it off.
    """

    module: str
    id: str
    link: str
    related: str
    values: Mapping[str, str] = field(default_factory=dict)
    delete: bool = False


@dataclass(frozen=True, slots=True)
class LinkCount:
    """What set_relationships counted."""

    created: int
    failed: int
    deleted: int


class SoapFault(Exception):
    """The service answered with a SOAP fault: the request is over, whatever it did.

    Attributes:
        code: `10` invalid login, `11` invalid session, `20` no such module, `-1` everything else, ...
        text: the fault string.
        headers: of the HTTP reply, names in lower case.
    """

    def __init__(self, code: str, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"SOAP fault {code}: {text}")
        self.code = code
        self.text = text
        self.headers = dict(headers or {})


class Broke(StrEnum):
    """Where a call broke that has no SOAP answer.

    - `unsent`: no connection: surely not done.
    - `status`: an HTTP status without a SOAP fault; `status` and `empty` say which.
    - `cut`: time-out, reset or garbage after the request left: maybe done, maybe later.
    """

    UNSENT = "unsent"
    STATUS = "status"
    CUT = "cut"


class WireFault(Exception):
    """The call has no SOAP answer.

    Attributes:
        broke: where.
        status: of HTTP; 0 if there was none.
        empty: the reply had no body.
        headers: of the HTTP reply, names in lower case.
    """

    def __init__(
        self,
        broke: Broke,
        text: str,
        *,
        status: int = 0,
        empty: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.broke = broke
        self.status = status
        self.empty = empty
        self.headers = dict(headers or {})


class SoapCalls(Protocol):
    """SuiteCRM's SOAP v4_1, as narrow as we need it.

    Every call takes its time-out in seconds, and raises `SoapFault` or `WireFault`.
    """

    def login(self, user: str, password: str, *, timeout_s: float) -> str:
        """The session id. The password is sent as its MD5, which is the service's way."""
        ...

    def get_server_info(self, *, timeout_s: float) -> Mapping[str, str]:
        """`flavor`, `version`, `gmt_time`; needs no session."""
        ...

    def get_available_modules(self, session: str, *, timeout_s: float) -> Sequence[str]:
        """Names of the modules that the user may see."""
        ...

    def get_module_fields(self, session: str, module: str, *, timeout_s: float) -> ModuleFields:
        """Fields and links of a module."""
        ...

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
        """Records by id, and per link the fields asked for of the linked records. In no promised order."""
        ...

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
        """A list. `where` is SQL as it is: only what a strict pattern let through may be in it."""
        ...

    def set_entry(self, session: str, module: str, values: Mapping[str, str], *, timeout_s: float) -> str:
        """Create or update one record; returns an id, which proves nothing."""
        ...

    def set_entries(
        self, session: str, module: str, rows: Sequence[Mapping[str, str]], *, timeout_s: float
    ) -> Sequence[str]:
        """Create or update records in order; a fault keeps what was done before it."""
        ...

    def set_relationships(self, session: str, links: Sequence[LinkCall], *, timeout_s: float) -> LinkCount:
        """Set or take off relationships; an unknown link counts as failed and raises nothing."""
        ...

    def get_relationships(
        self, session: str, module: str, record_id: str, link: str, fields: Sequence[str], *, timeout_s: float
    ) -> Sequence[Entry]:
        """The records that are linked to one record."""
        ...

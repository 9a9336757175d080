"""SOAP operations of SuiteCRM v4_1 over anything that implements `SoapCalls`: arguments by position in, XML out."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5
from typing import Any

from crm.suitecrm.calls import LinkCall, LinkCount, SoapCalls
from dev.crm import soap_replies as replies
from dev.crm.soap_requests import Request, fields, number, truth

#: The time-out of a call inside this process, which needs none.
_NEVER = 3600.0


class UnknownOperation(Exception):
    """The service has no such operation."""


class Operations:
    """Runs requests.

    Args:
        calls: what they are run on.
        password: of the API user, whose MD5 the service is sent.
        lengths: whether `get_module_fields` tells lengths, which a real SuiteCRM does over REST only.
    """

    def __init__(self, calls: SoapCalls, password: str, *, lengths: bool = False) -> None:
        self.calls = calls
        self.lengths = lengths
        self._password = password
        names = (
            *("login", "logout", "get_server_info", "get_available_modules", "get_module_fields", "get_entry"),
            *("get_entries", "get_entry_list", "set_entry", "set_entries", "set_relationship", "set_relationships"),
            "get_relationships",
        )
        self._known: dict[str, Callable[..., str]] = {name: getattr(self, f"_{name}") for name in names}

    def run(self, request: Request) -> str:
        """The XML of what is returned."""
        if request.operation not in self._known:
            raise UnknownOperation(request.operation)
        return self._known[request.operation](*request.arguments)

    def _login(self, user_auth: dict[str, str], _application: str = "", _extra: Any = ()) -> str:
        hashed = md5(self._password.encode(), usedforsecurity=False).hexdigest()
        given = user_auth["password"]
        password = self._password if given == hashed else f"not the password whose MD5 is {given}"
        session = self.calls.login(user_auth["user_name"], password, timeout_s=_NEVER)
        return replies.session(session, user_auth["user_name"])

    def _logout(self, session: str) -> str:
        self.calls.get_available_modules(session, timeout_s=_NEVER)  # Fault 11 if it is not known
        return ""

    def _get_server_info(self) -> str:
        return replies.server_info(self.calls.get_server_info(timeout_s=_NEVER))

    def _get_available_modules(self, session: str, _filter: str = "all") -> str:
        return replies.modules(self.calls.get_available_modules(session, timeout_s=_NEVER))

    def _get_module_fields(self, session: str, module: str, _fields: Any = ()) -> str:
        told = self.calls.get_module_fields(session, module, timeout_s=_NEVER)
        return replies.module_fields(module, told, lengths=self.lengths)

    def _get_entry(self, session: str, module: str, record: str, *rest: Any) -> str:
        return self._get_entries(session, module, [record], *rest)

    def _get_entries(self, session: str, module: str, ids: list[str], *rest: Any) -> str:
        select, links, *_track_view = rest
        wanted = {each["name"]: list(each["value"]) for each in links or []}
        found = self.calls.get_entries(session, module, list(ids), list(select), wanted, timeout_s=_NEVER)
        return replies.entries(module, found, with_links=bool(wanted))

    def _get_entry_list(self, session: str, module: str, *rest: Any) -> str:
        query, order_by, offset, select, _links, limit, deleted, *_favorites = rest
        page = self.calls.get_entry_list(
            session,
            module,
            query,
            list(select),
            order_by=order_by,
            offset=number(offset),
            limit=number(limit),
            deleted=truth(deleted),
            timeout_s=_NEVER,
        )
        return replies.entry_page(module, page.entries, page.next_offset)

    def _set_entry(self, session: str, module: str, values: Any) -> str:
        return replies.entry_id(self.calls.set_entry(session, module, fields(values), timeout_s=_NEVER))

    def _set_entries(self, session: str, module: str, rows: Any) -> str:
        return replies.ids(self.calls.set_entries(session, module, [fields(row) for row in rows], timeout_s=_NEVER))

    def _set_relationship(self, session: str, module: str, record: str, link: str, *rest: Any) -> str:
        related, values, delete = rest
        calls = [LinkCall(module, record, link, each, fields(values), truth(delete)) for each in related]
        count = self.calls.set_relationships(session, calls, timeout_s=_NEVER)
        # The service counts the call, not its related records.
        return replies.link_count(LinkCount(min(count.created, 1), min(count.failed, 1), min(count.deleted, 1)))

    def _set_relationships(self, session: str, *lists: Any) -> str:
        rows = zip(*lists, strict=True)
        calls = [
            LinkCall(module, record, link, other, fields(values), truth(delete))
            for module, record, link, others, values, delete in rows
            for other in others
        ]
        return replies.link_count(self.calls.set_relationships(session, calls, timeout_s=_NEVER))

    def _get_relationships(self, session: str, module: str, record: str, link: str, *rest: Any) -> str:
        _query, select, _links, *_ = rest
        found = self.calls.get_relationships(session, module, record, link, list(select), timeout_s=_NEVER)
        return replies.entries(module, found, with_links=False)

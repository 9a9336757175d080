"""The way to a CRM: it takes time, breaks, and is limited. A `SoapCalls` over any other, with a plan and a clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from crm.suitecrm.calls import Entry, EntryPage, LinkCall, LinkCount, ModuleFields, SoapCalls
from dev.crm.plans import Plan
from dev.crm.quota import Quota
from dev.crm.road import Journey, Road, Way

T = TypeVar("T")


class FaultyCalls(Road):
    """Implements `SoapCalls`; what it counts is `Road`'s."""

    def __init__(
        self, calls: SoapCalls, way: Way, plan: Plan | None = None, *, quota: Quota | None = None, tells: bool = False
    ) -> None:
        super().__init__(way, plan, quota=quota, tells=tells)
        self._calls = calls

    # ------------------------------------------------------------------------------------------------- SoapCalls

    def login(self, user: str, password: str, *, timeout_s: float) -> str:
        return self._read("login", timeout_s, lambda: self._calls.login(user, password, timeout_s=timeout_s))

    def get_server_info(self, *, timeout_s: float) -> Mapping[str, str]:
        return self._read("get_server_info", timeout_s, lambda: self._calls.get_server_info(timeout_s=timeout_s))

    def get_available_modules(self, session: str, *, timeout_s: float) -> Sequence[str]:
        return self._read(
            "get_available_modules", timeout_s, lambda: self._calls.get_available_modules(session, timeout_s=timeout_s)
        )

    def get_module_fields(self, session: str, module: str, *, timeout_s: float) -> ModuleFields:
        return self._read(
            "get_module_fields", timeout_s, lambda: self._calls.get_module_fields(session, module, timeout_s=timeout_s)
        )

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
        return self._read(
            "get_entries",
            timeout_s,
            lambda: self._calls.get_entries(session, module, ids, fields, links, timeout_s=timeout_s),
            len(ids),
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
        options = {"order_by": order_by, "offset": offset, "limit": limit, "deleted": deleted}
        return self._read(
            "get_entry_list",
            timeout_s,
            lambda: self._calls.get_entry_list(session, module, where, fields, timeout_s=timeout_s, **options),  # type: ignore[arg-type]
        )

    def set_entry(self, session: str, module: str, values: Mapping[str, str], *, timeout_s: float) -> str:
        return self._write(
            "set_entry",
            timeout_s,
            lambda _: self._calls.set_entry(session, module, values, timeout_s=timeout_s),
            [values.get("id", "")],
        )

    def set_entries(
        self, session: str, module: str, rows: Sequence[Mapping[str, str]], *, timeout_s: float
    ) -> Sequence[str]:
        return self._write(
            "set_entries",
            timeout_s,
            lambda n: self._calls.set_entries(session, module, rows[:n], timeout_s=timeout_s),
            [row.get("id", "") for row in rows],
        )

    def set_relationships(self, session: str, links: Sequence[LinkCall], *, timeout_s: float) -> LinkCount:
        return self._write(
            "set_relationships",
            timeout_s,
            lambda n: self._calls.set_relationships(session, links[:n], timeout_s=timeout_s),
            [f"{link.id}/{link.related}" for link in links],
        )

    def get_relationships(
        self, session: str, module: str, record_id: str, link: str, fields: Sequence[str], *, timeout_s: float
    ) -> Sequence[Entry]:
        return self._read(
            "get_relationships",
            timeout_s,
            lambda: self._calls.get_relationships(session, module, record_id, link, fields, timeout_s=timeout_s),
        )

    # ------------------------------------------------------------------------------------------------- one call

    def _read(self, operation: str, timeout_s: float, effect: Callable[[], T], rows: int = 0) -> T:
        return self.go(Journey(operation, timeout_s, lambda _: effect(), rows, ()))

    def _write(self, operation: str, timeout_s: float, effect: Callable[[int], T], ids: Sequence[str]) -> T:
        return self.go(Journey(operation, timeout_s, effect, len(ids), tuple(ids)))

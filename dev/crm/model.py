"""A SuiteCRM in memory: SOAP v4_1 as it was measured (research: crm.md §1a), for tests, simulation, demo and bench.

It does what it is told at once and takes no time; whatever goes wrong on the way is in `dev.crm.faults`. Calls are not
serialised here: whoever has several threads does that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from crm.suitecrm.calls import Entry, EntryPage, LinkCall, LinkCount, ModuleFields, SoapFault
from dev.crm import where as sql
from dev.crm.people import People
from dev.crm.schema import ACCOUNTS, CONTACTS, Schema, links_of, with_addon
from dev.crm.sessions import Logins
from dev.crm.tables import Tables, link_values

_GONE = {"warning": "Access to this object is denied since it has been deleted or does not exist", "deleted": "1"}
_DIED = "Unknown error in SOAP call: service died unexpectedly"
#: Rows on a page if nothing else is asked for.
_PAGE = 20
_ID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the service executed.

    Attributes:
        no: counts all of them from 1.
        at: UNIX seconds.
        operation: its name.
        rows: records or links that it was about.
    """

    no: int
    at: float
    operation: str
    rows: int


class CrmModel(People):
    """The CRM; implements `crm.suitecrm.calls.SoapCalls`, and what people do by hand (`dev.crm.people`).

    Attributes:
        tables: what is stored; `records`, `links` and `addresses` for short.
        logins: users and sessions.
        log: every write that was tried, in order; only added to.
        calls: every call that was executed, in order.
        broken: SuiteCRM on PHP 8 without its fix: every call dies.
        poisoned: (module, id) of records on which the service dies whenever they are written.
        unreadable: (module, id) of those on which it dies whenever they are among what is read.
        late: effects of calls that were given up, as (time, effect), until `run_late`.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        schema: Schema | None = None,
        users: Mapping[str, str] | None = None,
        idle_s: float = 1440.0,
        lifetime_s: float = float("inf"),
    ) -> None:
        super().__init__(Tables(with_addon() if schema is None else schema), now)
        self.logins = Logins(now, dict(users or {"dealwire": "secret"}), idle_s, lifetime_s)
        self.calls: list[Call] = []
        self.broken = False
        self.poisoned: set[tuple[str, str]] = set()
        self.unreadable: set[tuple[str, str]] = set()
        self.late: list[tuple[float, int, Callable[[], object]]] = []
        self._lates = 0
        self._unasked = False

    # ------------------------------------------------------------------------------------------------- SoapCalls

    def login(self, user: str, password: str, *, timeout_s: float) -> str:
        self._begin("login", timeout_s)
        return self.logins.begin(user, password)

    def get_server_info(self, *, timeout_s: float) -> Mapping[str, str]:
        self._begin("get_server_info", timeout_s)
        # The version is that of SugarCRM, which SuiteCRM never raised.
        return {"flavor": "CE", "version": "6.5.25", "gmt_time": self.stamp()}

    def get_available_modules(self, session: str, *, timeout_s: float) -> Sequence[str]:
        self._begin("get_available_modules", timeout_s, session)
        return sorted(self.tables.schema)

    def get_module_fields(self, session: str, module: str, *, timeout_s: float) -> ModuleFields:
        self._begin("get_module_fields", timeout_s, session, module)
        required = {"name", "last_name", "amount", "date_closed", "sales_stage"}
        fields = {
            name: {"type": kind, "len": _told(name, length), "required": "1" if name in required else "0"}
            for name, (kind, length) in self.tables.schema[module].items()
        }
        links = links_of(self.tables.schema, module)
        columns = {each.column for each in links.values() if each.right == module and each.column}
        return ModuleFields(fields, frozenset(links) | columns)

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
        self._begin("get_entries", timeout_s, session, module, rows=len(ids))
        return [self._entry(module, record_id, list(fields), links) for record_id in ids]

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
        self._begin("get_entry_list", timeout_s, session, module)
        try:
            found = sql.ids(where, self.tables.table(module))
        except sql.Refused as error:
            raise SoapFault("40", "Access Denied") from error
        except sql.BadSql as error:
            raise SoapFault("-1", f"{_DIED}: Database failure") from error
        rows = [each for each, record in self.records[module].items() if each in found]
        rows = [each for each in rows if deleted or not self.records[module][each].deleted]
        begin = max(offset, 0)
        page = self._ordered(module, rows, order_by)[begin : begin + (limit if limit > 0 else _PAGE)]
        entries = [Entry(each, self._shown(module, each, fields)) for each in page]
        return EntryPage(entries, begin + len(entries), len(entries))

    def set_entry(self, session: str, module: str, values: Mapping[str, str], *, timeout_s: float) -> str:
        self._begin("set_entry", timeout_s, session, module, rows=1)
        return self._store(module, values)

    def set_entries(
        self, session: str, module: str, rows: Sequence[Mapping[str, str]], *, timeout_s: float
    ) -> Sequence[str]:
        self._begin("set_entries", timeout_s, session, module, rows=len(rows))
        return [self._store(module, self._with_account(module, row)) for row in rows]

    def set_relationships(self, session: str, links: Sequence[LinkCall], *, timeout_s: float) -> LinkCount:
        self._begin("set_relationships", timeout_s, session, rows=len(links))
        if not links:
            raise SoapFault("1001", "Invalid data sent")
        known = [self._relate(each) for each in links]
        deleted = sum(1 for done, each in zip(known, links, strict=True) if done and each.delete)
        return LinkCount(created=sum(known) - deleted, failed=len(links) - sum(known), deleted=deleted)

    def get_relationships(
        self, session: str, module: str, record_id: str, link: str, fields: Sequence[str], *, timeout_s: float
    ) -> Sequence[Entry]:
        self._begin("get_relationships", timeout_s, session, module)
        if self.tables.live(module, record_id) is None:
            raise SoapFault("-1", _DIED)
        relation = links_of(self.tables.schema, module).get(link)
        if relation is None:
            return []
        far = relation.right if relation.left == module else relation.left
        others = self.tables.linked(module, record_id, relation)
        return [Entry(other, self._related(far, other, fields)) for other in others]

    # ------------------------------------------------------------------------------------------------- what is late

    def later(self, at: float, effect: Callable[[], object]) -> None:
        """Somebody gave this call up; it will be executed all the same, at that time."""
        self._lates += 1
        self.late.append((at, self._lates, effect))

    def run_late(self, now: float) -> int:
        """Execute what was given up and is due; returns how many calls that were."""
        due = sorted(each for each in self.late if each[0] <= now)
        self.late = [each for each in self.late if each[0] > now]
        for _, _, effect in due:
            with self._given_up():
                try:
                    effect()
                except SoapFault:  # nobody is there to hear it
                    continue
        return len(due)

    @contextmanager
    def _given_up(self) -> Iterator[None]:
        # Its session was checked when the call came in.
        former = self.is_late, self._unasked
        self.is_late, self._unasked = True, True
        try:
            yield
        finally:
            self.is_late, self._unasked = former

    # ------------------------------------------------------------------------------------------------- inside

    def _begin(
        self, operation: str, timeout_s: float, session: str | None = None, module: str = "", *, rows: int = 0
    ) -> None:
        if timeout_s <= 0:
            raise ValueError(f"{operation} is called with a time-out of {timeout_s} s; expected more than 0")
        if not self._unasked:
            self.run_late(self.now())
        self.calls.append(Call(len(self.calls) + 1, self.now(), operation, rows))
        if self.broken:
            raise SoapFault("-1", _DIED)
        if session is not None and not self._unasked:
            self.logins.check(session)
        if module and module not in self.tables.schema:
            raise SoapFault("20", "Module Does Not Exist")

    def _entry(self, module: str, record_id: str, fields: list[str], links: Mapping[str, Sequence[str]]) -> Entry:
        if self.tables.live(module, record_id) is None:
            return Entry(record_id, dict(_GONE))
        known = links_of(self.tables.schema, module)
        related: dict[str, Sequence[Mapping[str, str]]] = {}
        for name, wanted in links.items():
            if name not in known:
                related[name] = ()
            elif others := self.tables.linked(module, record_id, known[name]):
                far = known[name].right if known[name].left == module else known[name].left
                related[name] = [self._related(far, other, wanted) for other in others]
        return Entry(record_id, self._shown(module, record_id, fields), related)

    def _related(self, module: str, record_id: str, fields: Sequence[str]) -> dict[str, str]:
        """Of a linked record; what it has no field for is empty, so the role is never told."""
        return dict.fromkeys(fields, "") | self._shown(module, record_id, fields)

    def _shown(self, module: str, record_id: str, fields: Sequence[str]) -> dict[str, str]:
        if (module, record_id) in self.unreadable:
            raise SoapFault("-1", _DIED)
        return self.tables.read(module, record_id, list(fields))

    def _ordered(self, module: str, ids: list[str], order_by: str) -> list[str]:
        name, _, direction = order_by.strip().partition(" ")
        if name not in self.tables.schema[module]:
            return ids
        return sorted(
            ids, key=lambda each: self.tables.held(module, each, name), reverse=direction.strip().lower() == "desc"
        )

    def _store(self, module: str, values: Mapping[str, str]) -> str:
        """One row; the id that it returns proves nothing."""
        record_id = values.get("id", "")
        create = values.get("new_with_id", "") not in {"", "0", "false"} or not record_id
        record = self.records[module].get(record_id)
        broken = (module, record_id) in self.poisoned or len(record_id) > _ID_LENGTH
        done = not broken and (record is None if create else record is not None and not record.deleted)
        record_id = record_id or self.tables.new_id()
        gone = values.get("deleted", "") == "1"
        verb = "create" if create else "delete" if gone else "update"
        self.note(module, record_id, verb, values, applied=done, call_no=len(self.calls))
        if broken or (create and not done):
            raise SoapFault("-1", f"{_DIED}: Database failure")
        if done and create:
            self.tables.insert(module, record_id, values, self.stamp())
        elif done:
            self.tables.update(module, record_id, values, self.stamp())
        if done and gone:
            self.tables.delete(module, record_id, self.stamp())
        return record_id

    def _with_account(self, module: str, row: Mapping[str, str]) -> Mapping[str, str]:
        """set_entries, and only that, finds or makes the account of a contact that names one."""
        name = row.get("account_name", "")
        if module != CONTACTS or not name or ACCOUNTS not in self.tables.schema:
            return row
        found = self.find(ACCOUNTS, name=name)
        return {**row, "account_id": found[0] if found else self._store(ACCOUNTS, {"name": name})}

    def _relate(self, call: LinkCall) -> bool:
        """One link; False: there is no such link field."""
        relation = links_of(self.tables.schema, call.module).get(call.link)
        if relation is None:
            return False
        from_left = relation.left == call.module
        left, right = (call.id, call.related) if from_left else (call.related, call.id)
        row = f"{left}/{right}"
        if call.delete:
            done = self.tables.links.drop(relation.name, left, right)
            self.note(relation.name, row, "unlink", {}, applied=done, call_no=len(self.calls))
            return True
        values = link_values(relation, call.values, from_left=from_left)
        done = values is not None and self.tables.live(call.module, call.id) is not None
        if done and values is not None:
            self.tables.links.put(relation, left, right, values)
        self.note(relation.name, row, "link", call.values, applied=done, call_no=len(self.calls))
        return True


def _told(name: str, length: str | int) -> str:
    """Of a custom decimal the digits behind the point are told elsewhere."""
    return str(length).partition(",")[0] if name.endswith("_c") else str(length)

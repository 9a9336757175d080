"""The model's database, and what becomes of values on their way in and out; who may do what is the model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid5

from dev.crm.digits import Digits
from dev.crm.schema import ACCOUNTS, CONTACTS, OPPORTUNITIES, Relation, Schema, links_of
from dev.crm.store import Addresses, Links, Record
from dev.crm.values import created, fitting, on_wire, plain, stored
from dev.crm.where import BadSql

_NAMESPACE = UUID("0b6a3f3e-6f0c-4a52-9d5c-93f1d1b0c001")
_PHONES = frozenset({"phone_home", "phone_mobile", "phone_work", "phone_other", "phone_fax"})
_SYSTEM = frozenset({"id", "new_with_id", "deleted", "date_entered", "date_modified"})
#: What it sets by itself, if nothing is said on a create (its table `sales_probability_dom`).
_PROBABILITY = {
    "Prospecting": "10",
    "Qualification": "20",
    "Needs Analysis": "25",
    "Value Proposition": "30",
    "Id. Decision Makers": "40",
    "Perception Analysis": "50",
    "Proposal/Price Quote": "65",
    "Negotiation/Review": "80",
    "Closed Won": "100",
    "Closed Lost": "0",
}


class Tables:
    """Everything that is stored."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.records: dict[str, dict[str, Record]] = {module: {} for module in schema}
        self.links = Links()
        self.addresses = Addresses()
        self._phones = Digits()
        self._made = 0

    def live(self, module: str, record_id: str) -> Record | None:
        """The record, if it is there and not deleted."""
        record = self.records.get(module, {}).get(record_id)
        return None if record is None or record.deleted else record

    def new_id(self) -> str:
        """An id as the service would make it up."""
        self._made += 1
        return str(uuid5(_NAMESPACE, str(self._made)))

    def insert(self, module: str, record_id: str, values: Mapping[str, str], at: str) -> None:
        """A new record."""
        fields = dict.fromkeys(self.schema[module], "") | {"id": record_id, "deleted": "0"}
        self.records[module][record_id] = Record(fields | {"date_entered": at})
        self._set(module, record_id, {name: self._created(module, name, text) for name, text in values.items()}, at)
        if module == OPPORTUNITIES:
            fields = self.records[module][record_id].fields
            fields["currency_id"] = fields["currency_id"] or "-99"
            if "probability" not in values:
                fields["probability"] = _PROBABILITY.get(fields["sales_stage"], "")

    def update(self, module: str, record_id: str, values: Mapping[str, str], at: str) -> None:
        """Change a live record."""
        self._set(module, record_id, values, at)

    def delete(self, module: str, record_id: str, at: str) -> None:
        """Softly; its links go."""
        record = self.records[module][record_id]
        record.deleted = True
        record.fields["deleted"] = "1"
        record.fields["date_modified"] = at
        self._unlink_all(module, record_id)

    def purge(self, module: str, record_id: str) -> None:
        """As if it had never been there."""
        self._unlink_all(module, record_id)
        for column in _PHONES:
            self._phones.put(column, record_id, "")
        if module == CONTACTS:
            self.addresses.forget(record_id)
        del self.records[module][record_id]

    def move_links(self, module: str, gone: str, kept: str) -> None:
        """As a merge does: what was linked to the one is linked to the other; a link that is there stays as it is."""
        for relation in links_of(self.schema, module).values():
            from_left = relation.left == module
            for other in self.links.others(relation.name, gone, from_left=from_left):
                old = (gone, other) if from_left else (other, gone)
                new = (kept, other) if from_left else (other, kept)
                values = self.links.values(relation.name, *old) or {}
                if self.links.values(relation.name, *new) is None:
                    self.links.put(relation, *new, values)

    def read(self, module: str, record_id: str, names: list[str]) -> dict[str, str]:
        """Fields of a record, each as on the wire; unknown ones are left out. No names: all."""
        wanted = names or list(self.schema[module])
        return {name: on_wire(self.held(module, record_id, name)) for name in wanted if name in self.schema[module]}

    def text(self, module: str, record_id: str, name: str) -> str:
        """A field as people see it."""
        return plain(self.held(module, record_id, name))

    def held(self, module: str, record_id: str, name: str) -> str:
        """A field as the database holds it."""
        fields = self.records[module][record_id].fields
        if name == "email1" and module == CONTACTS:
            return self.addresses.primary(record_id).replace("&", "&amp;")
        if name == "account_name" and module != ACCOUNTS:
            account = self.live(ACCOUNTS, fields.get("account_id", ""))
            return account.fields["name"] if account else ""
        return fields.get(name, "")

    def linked(self, module: str, record_id: str, relation: Relation) -> list[str]:
        """Live records at the other end; what dangles is not seen."""
        from_left = relation.left == module
        far = relation.right if from_left else relation.left
        others = self.links.others(relation.name, record_id, from_left=from_left)
        return [other for other in others if self.live(far, other) is not None]

    def table(self, module: str) -> ModuleTable:
        """The module as SQL sees it."""
        return ModuleTable(self, module)

    def with_digits(self, column: str, digits: str) -> set[str]:
        """Records whose telephone number in this column has the digits, in this order."""
        return self._phones.find(column, digits)

    def _unlink_all(self, module: str, record_id: str) -> None:
        for relation in links_of(self.schema, module).values():
            from_left = relation.left == module
            for other in self.links.others(relation.name, record_id, from_left=from_left):
                self.links.drop(relation.name, *((record_id, other) if from_left else (other, record_id)))

    def _set(self, module: str, record_id: str, values: Mapping[str, str], at: str) -> None:
        fields = self.records[module][record_id].fields
        columns = {each.column: each for each in links_of(self.schema, module).values() if each.right == module}
        for name, value in values.items():
            if name in columns:
                self._link_by_column(columns[name], value, record_id)
            elif name in self.schema[module] and name not in _SYSTEM:
                self._set_one(module, record_id, name, value)
        fields["date_modified"] = at

    def _set_one(self, module: str, record_id: str, name: str, value: str) -> None:
        fields = self.records[module][record_id].fields
        if name == "email1" and module == CONTACTS:
            if value:  # an empty one clears nothing
                self.addresses.make_primary(record_id, plain(stored(value, "varchar", "")))
        elif name == "account_name" and module != ACCOUNTS:
            return
        elif name == "account_id":
            fields[name] = value if self.live(ACCOUNTS, value) else ""
        else:
            fields[name] = stored(value, *self.schema[module][name])
            if name in _PHONES:
                self._phones.put(name, record_id, fields[name])

    def _created(self, module: str, name: str, text: str) -> str:
        kind, _ = self.schema[module].get(name, ("", ""))
        return created(text, kind, custom=name.endswith("_c"))

    def _link_by_column(self, relation: Relation, left: str, right: str) -> None:
        """Moves the record to that one; an empty or unknown one changes nothing."""
        if self.live(relation.left, left) is not None:
            self.links.put(relation, left, right, {})


class ModuleTable:
    """A module for `dev.crm.where`."""

    def __init__(self, tables: Tables, module: str) -> None:
        self.name = module.lower()
        self._tables = tables
        self._module = module

    def ids(self) -> set[str]:
        return set(self._tables.records[self._module])

    def column(self, name: str) -> Callable[[str], str]:
        # `email1` is no column of the table; what is asked of it is asked of the tables of addresses.
        if name not in self._tables.schema[self._module] or name in {"email1", "account_name"}:
            raise BadSql(f"unknown column {name}")
        records: Any = self._tables.records[self._module]
        return lambda record_id: plain(records[record_id].fields[name])

    def with_digits(self, column: str, digits: str) -> set[str]:
        if column in _PHONES:
            return self._tables.with_digits(column, digits)
        read = self.column(column)
        return {each for each in self.ids() if _in_order(digits, read(each))}

    def with_address(self, caps: str) -> set[str]:
        return self._tables.addresses.holders(caps) if self._module == CONTACTS else set()


def _in_order(wanted: str, text: str) -> bool:
    rest = iter(text)
    return all(each in rest for each in wanted)


def link_values(relation: Relation, values: Mapping[str, str], *, from_left: bool) -> dict[str, str] | None:
    """Columns of a link's row as they are stored; None: the statement breaks, because nothing in it is quoted."""
    known = {name: value for name, value in values.items() if from_left and name in (relation.columns or {})}
    if any("'" in value or "\\" in value for value in known.values()):
        return None
    return {name: fitting(value, (relation.columns or {})[name]) for name, value in known.items()}

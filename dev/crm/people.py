"""What people do in the CRM by hand, and what tests want to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from dev.crm.schema import CONTACTS, links_of
from dev.crm.store import Links, Record, Write
from dev.crm.tables import Tables, link_values


class People:
    """The CRM as people use it, through its own screens.

    Attributes:
        tables: what is stored.
        now: UNIX seconds.
        log: every write, in order; only added to.
        is_late: what is written now comes from a call that was given up.
    """

    def __init__(self, tables: Tables, now: Callable[[], float]) -> None:
        self.tables = tables
        self.now = now
        self.log: list[Write] = []
        self.is_late = False

    # ------------------------------------------------------------------------------------------------- by hand

    def enter(self, module: str, fields: Mapping[str, str], record_id: str = "") -> str:
        """Somebody enters a record; returns its id."""
        made = record_id or self.tables.new_id()
        self.tables.insert(module, made, fields, self.stamp())
        self.note(module, made, "create", fields)
        return made

    def edit(self, module: str, record_id: str, fields: Mapping[str, str]) -> None:
        """Somebody changes fields of a live record."""
        self._live(module, record_id)
        self.tables.update(module, record_id, fields, self.stamp())
        self.note(module, record_id, "edit", fields)

    def delete(self, module: str, record_id: str) -> None:
        """Somebody deletes it: softly, its id stays taken."""
        self._live(module, record_id)
        self.tables.delete(module, record_id, self.stamp())
        self.note(module, record_id, "delete", {})

    def merge(self, module: str, kept: str, gone: str, fields: Mapping[str, str] | None = None) -> None:
        """Somebody merges two records: links move to the one that is kept, the other is deleted."""
        self._live(module, gone)
        self.tables.move_links(module, gone, kept)
        self.tables.update(module, kept, fields or {}, self.stamp())
        self.tables.delete(module, gone, self.stamp())
        self.note(module, gone, "merge", {"into": kept})

    def purge(self, module: str, record_id: str) -> None:
        """The nightly job throws deleted records away; or somebody empties a table."""
        self.tables.purge(module, record_id)
        self.note(module, record_id, "purge", {})

    def join(self, module: str, record_id: str, link: str, other: str, values: Mapping[str, str] | None = None) -> None:
        """Somebody links two records."""
        relation = links_of(self.tables.schema, module)[link]
        from_left = relation.left == module
        left, right = (record_id, other) if from_left else (other, record_id)
        self.tables.links.put(relation, left, right, link_values(relation, values or {}, from_left=from_left) or {})
        self.note(relation.name, f"{left}/{right}", "link", values or {})

    def part(self, module: str, record_id: str, link: str, other: str) -> None:
        """Somebody takes a link off."""
        relation = links_of(self.tables.schema, module)[link]
        left, right = (record_id, other) if relation.left == module else (other, record_id)
        done = self.tables.links.drop(relation.name, left, right)
        self.note(relation.name, f"{left}/{right}", "unlink", {}, applied=done)

    def add_address(self, contact_id: str, address: str) -> None:
        """Somebody gives a contact one more e-mail address."""
        self._live(CONTACTS, contact_id)
        self.tables.addresses.add(contact_id, address)
        self.note(CONTACTS, contact_id, "edit", {"email": address})

    # ------------------------------------------------------------------------------------------------- to look at

    @property
    def records(self) -> dict[str, dict[str, Record]]:
        """Module to id to record, deleted ones too."""
        return self.tables.records

    @property
    def links(self) -> Links:
        """Rows between records."""
        return self.tables.links

    def live(self, module: str) -> list[str]:
        """Ids of the records that are not deleted."""
        return [each for each, record in self.records.get(module, {}).items() if not record.deleted]

    def find(self, module: str, **fields: str) -> list[str]:
        """Ids of live records whose fields read exactly so."""
        return [
            each
            for each in self.live(module)
            if all(self.tables.text(module, each, name) == text for name, text in fields.items())
        ]

    def text(self, module: str, record_id: str, name: str) -> str:
        """A field as people see it."""
        return self.tables.text(module, record_id, name)

    def shown(self, module: str, record_id: str) -> dict[str, str]:
        """All fields as people see them."""
        return {name: self.tables.text(module, record_id, name) for name in self.tables.schema[module]}

    def linked(self, module: str, record_id: str, link: str) -> dict[str, Mapping[str, str]]:
        """Live records at the other end of a link, with the columns of the link's row."""
        relation = links_of(self.tables.schema, module)[link]
        from_left = relation.left == module
        found: dict[str, Mapping[str, str]] = {}
        for other in self.tables.linked(module, record_id, relation):
            row = (record_id, other) if from_left else (other, record_id)
            found[other] = dict(self.links.values(relation.name, *row) or {})
        return found

    # ------------------------------------------------------------------------------------------------- inside

    def note(
        self,
        module: str,
        record_id: str,
        verb: str,
        fields: Mapping[str, str],
        *,
        applied: bool = True,
        call_no: int = 0,
    ) -> None:
        """Add to the log."""
        entry = Write(self.now(), call_no, module, record_id, verb, dict(fields), applied, self.is_late)
        self.log.append(entry)

    def _live(self, module: str, record_id: str) -> None:
        if self.tables.live(module, record_id) is None:
            raise KeyError(f"{module} {record_id} is not there, or is deleted")

    def stamp(self) -> str:
        """Now, as the database writes it."""
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%d %H:%M:%S")

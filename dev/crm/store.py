"""What lies in the model's database: records, links with their columns, e-mail addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dev.crm.schema import Relation

#: Longest e-mail address that its table holds.
_ADDRESS = 255


@dataclass(slots=True)
class Record:
    """A row of a module.

    Attributes:
        fields: as the database holds them.
        deleted: softly: the row is still there, and its id is taken.
    """

    fields: dict[str, str]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """An entry of the log: something that was to be written, by the service or by people.

    Attributes:
        at: when, in UNIX seconds.
        call_no: of the call that it came with; 0: people.
        module: of the record; of a link its relationship.
        id: of the record; of a link `left id/right id`.
        verb: create, update, delete, link, unlink; of people also edit, merge, purge.
        fields: as they came.
        applied: whether anything was stored.
        late: the call had been given up by its sender before.
    """

    at: float
    call_no: int
    module: str
    id: str
    verb: str
    fields: Mapping[str, str]
    applied: bool
    late: bool = False


class Links:
    """Live rows of the tables between modules, dangling ones included."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
        self._sides: dict[tuple[str, bool, str], dict[str, None]] = {}

    def put(self, relation: Relation, left: str, right: str, values: Mapping[str, str]) -> None:
        """Make the row, or change its columns; of a one-to-many the record on the right leaves all others."""
        rows = self._rows.setdefault(relation.name, {})
        if (left, right) not in rows:
            if relation.one:
                for other in self.others(relation.name, right, from_left=False):
                    self.drop(relation.name, other, right)
            rows[left, right] = dict.fromkeys(relation.columns or (), "")
            self._sides.setdefault((relation.name, True, left), {})[right] = None
            self._sides.setdefault((relation.name, False, right), {})[left] = None
        rows[left, right].update(values)

    def drop(self, name: str, left: str, right: str) -> bool:
        """Take the row off; False if there was none."""
        if self._rows.get(name, {}).pop((left, right), None) is None:
            return False
        del self._sides[name, True, left][right]
        del self._sides[name, False, right][left]
        return True

    def others(self, name: str, record_id: str, *, from_left: bool) -> list[str]:
        """Ids at the other end, in the order in which they were linked."""
        return list(self._sides.get((name, from_left, record_id), ()))

    def values(self, name: str, left: str, right: str) -> Mapping[str, str] | None:
        """Columns of the row; None if there is none."""
        return self._rows.get(name, {}).get((left, right))

    def rows(self) -> Iterator[tuple[str, str, str, Mapping[str, str]]]:
        """Every row as (relationship, left id, right id, columns)."""
        for name, rows in self._rows.items():
            for (left, right), values in rows.items():
                yield name, left, right, values


@dataclass
class Addresses:
    """E-mail addresses, one row for all who share it, and whose they are."""

    _texts: dict[str, str] = field(default_factory=dict)
    _of: dict[str, list[str]] = field(default_factory=dict)
    _holders: dict[str, dict[str, None]] = field(default_factory=dict)

    def primary(self, contact_id: str) -> str:
        """As it is shown as `email1`; empty if there is none."""
        caps = self._of.get(contact_id)
        return self._texts[caps[0]] if caps else ""

    def make_primary(self, contact_id: str, address: str) -> None:
        """It replaces the former first one, and its spelling becomes everybody's; nonsense takes the first off."""
        shown = address.strip()[:_ADDRESS]
        caps = shown.upper()
        former = self._of.get(contact_id, [])
        for each in former:
            self._holders[each].pop(contact_id, None)
        valid = "@" in shown and " " not in shown and "." in shown.rpartition("@")[2]
        kept = [each for each in former[1:] if each != caps]
        self._of[contact_id] = ([caps] if valid else []) + kept
        if valid:
            self._texts[caps] = shown
        for each in self._of[contact_id]:
            self._holders.setdefault(each, {})[contact_id] = None

    def add(self, contact_id: str, address: str) -> None:
        """One more, behind the others."""
        caps = address.strip().upper()
        self._texts.setdefault(caps, address.strip())
        self._of.setdefault(contact_id, []).append(caps)
        self._holders.setdefault(caps, {})[contact_id] = None

    def holders(self, caps: str) -> set[str]:
        """Contacts with this address, in capitals."""
        return set(self._holders.get(caps, ()))

    def forget(self, contact_id: str) -> None:
        """The contact has none any more."""
        for caps in self._of.pop(contact_id, []):
            self._holders[caps].pop(contact_id, None)

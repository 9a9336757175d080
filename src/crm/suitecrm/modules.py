"""Which modules, fields and links of SuiteCRM hold our rows; `mapped` fills it from the mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.crm.rows import Kind


@dataclass(frozen=True, slots=True)
class ParentOf:
    """A column that links a record to its parent. It can be written, but not read: the link behind it is read instead.

    Attributes:
        link: name of the link field.
        module: of the parent.
        ours: whether we deliver the parent; else people's, e.g. an agent's contact.
    """

    link: str
    module: str
    ours: bool


@dataclass(frozen=True, slots=True)
class ModuleOf:
    """Where the rows of one kind lie.

    Attributes:
        module: its name in SuiteCRM, e.g. `Opportunities`.
        fields: that are read back, `parents` included.
        required: those that a record makes no sense without, though SuiteCRM takes it; never sent empty.
        numbers: those that hold one. Of an empty one SuiteCRM makes 0 when it creates a record, so none is sent then
            (https://github.com/SuiteCRM/SuiteCRM/issues/9440).
        parents: link column to what it links to.
    """

    module: str
    fields: frozenset[str]
    required: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    parents: Mapping[str, ParentOf] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Its table, as `where` names it."""
        return self.module.lower()

    @property
    def columns(self) -> list[str]:
        """Fields that can be read as they are, in a fixed order."""
        return sorted(self.fields - self.parents.keys())

    @property
    def links(self) -> dict[str, list[str]]:
        """Link fields to read, and what of the linked records."""
        return {parent.link: ["id"] for parent in self.parents.values()}


@dataclass(frozen=True, slots=True)
class LinkOf:
    """How deals and contacts are linked.

    Attributes:
        link: link field of the deal's module. Only from this side the role is taken.
        role: column of the link's own row. SuiteCRM can be told a role, and does not tell it.
    """

    link: str = "contacts"
    role: str = "contact_role"


@dataclass(frozen=True, slots=True)
class Modules:
    """Where all rows lie."""

    contact: ModuleOf
    deal: ModuleOf
    commission: ModuleOf
    link: LinkOf = field(default_factory=LinkOf)

    def of(self, kind: Kind) -> ModuleOf:
        """Where records of this kind lie; a link is part of its deal."""
        by_kind = {Kind.CONTACT: self.contact, Kind.DEAL: self.deal, Kind.LINK: self.deal}
        return by_kind.get(kind, self.commission)


@dataclass(frozen=True, slots=True)
class Batches:
    """How many rows one call carries.

    A row takes SuiteCRM 17 to 38 ms (crm.md §1b), and a call must stay far below its time-out: all rows of one that is
    cut off are in doubt.

    Attributes:
        read: records of one `get_entries`, and ids or addresses of one search.
        write: records of one `set_entries`.
        links: links of one `set_relationships`, and deals of one read of links.
        phones: people of one search by phone; each is four comparisons that no index helps.
        page: records of one page of a search; SuiteCRM's own default is 20.
    """

    read: int = 50
    write: int = 50
    links: int = 50
    phones: int = 25
    page: int = 200

"""A compiled CRM mapping as the transforms run it: light, read back from `built/<crm>.json`.

No pydantic and no YAML here: every cold start of `deliver` pays for what it imports, and the compiler has checked
everything before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from domain.crm.rows import Kind


class Form(StrEnum):
    """How a value is written for the CRM."""

    TEXT = "text"
    EMAIL = "email"
    ENUM = "enum"
    MONEY = "money"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOL = "bool"
    DATE = "date"
    UNIX_SECONDS = "unix_seconds"


#: Forms of numbers.
NUMBERS = frozenset({Form.MONEY, Form.DECIMAL, Form.INTEGER})


class Owner(StrEnum):
    """Who keeps a field of the CRM.

    - `dealwire`: we keep it right.
    - `create_only`: we fill it when we create the record; from then on it is people's.
    - `crm`: people's; never sent.
    """

    DEALWIRE = "dealwire"
    CREATE_ONLY = "create_only"
    CRM = "crm"


#: Forms that the CRM keeps as characters, so that its length counts.
TEXTUAL = frozenset({Form.TEXT, Form.EMAIL, Form.ENUM})


class FieldLine(NamedTuple):
    """One field of the CRM.

    Attributes:
        name: as the CRM calls it.
        source: name of what fills it (`mappings.crm.sources`); empty for a field that is people's.
        form: how the value is written.
        owner: who keeps it.
        length: the most characters it holds, where the CRM does not tell; 0 if it is no text.
        scale: digits behind the point, of amounts and decimals.
        table: name of the table that translates codes; empty if none does.
        default: the text that stands in where there is no value; empty for none.
        required: nothing is sent without a value.
        link: name of the link that it is read back through, where the CRM does not return it as a field.
        line: in the YAML file.
    """

    name: str
    source: str
    form: Form
    owner: Owner
    length: int = 0
    scale: int = 0
    table: str = ""
    default: str = ""
    required: bool = False
    link: str = ""
    line: int = 0


@dataclass(frozen=True)
class KindMapping:
    """What a kind of rows is in the CRM.

    Attributes:
        kind: of rows.
        module: of the CRM.
        link: of links, the name of the link field of `module`; else empty.
        fields: name in the CRM to what is known of it, in the file's order.
    """

    kind: Kind
    module: str
    link: str
    fields: Mapping[str, FieldLine]

    @cached_property
    def sent(self) -> tuple[FieldLine, ...]:
        """The fields that we fill."""
        return tuple(line for line in self.fields.values() if line.owner is not Owner.CRM)

    @cached_property
    def create_only(self) -> frozenset[str]:
        """The fields that are people's once the record is there."""
        return frozenset(line.name for line in self.sent if line.owner is Owner.CREATE_ONLY)

    @cached_property
    def limits(self) -> Mapping[str, int]:
        """Length of each text field that we fill, as the mapping has it."""
        return {line.name: line.length for line in self.sent if line.form in TEXTUAL}

    @cached_property
    def links(self) -> Mapping[str, str]:
        """Field that is read back through a link, to the name of that link."""
        return {line.name: line.link for line in self.sent if line.link}

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """Canonical name to the fields of the CRM that it fills."""
        found: dict[str, list[str]] = {}
        for line in self.sent:
            found.setdefault(line.source, []).append(line.name)
        return {source: tuple(names) for source, names in found.items()}


@dataclass(frozen=True)
class CrmMapping:
    """One CRM's mapping, checked and ready to run.

    Attributes:
        crm: the CRM's name, that of the file.
        version: raised with every change of meaning.
        doc: where the knowledge about the CRM comes from.
        date: when it was last compared.
        kinds: of rows, all of them.
        tables: our code to the CRM's, in the file's order.
    """

    crm: str
    version: int
    doc: str
    date: str
    kinds: Mapping[Kind, KindMapping]
    tables: Mapping[str, Mapping[str, str]]

    def field(self, kind: Kind, name: str) -> FieldLine | None:
        """What is known of a field of the CRM; None if the mapping does not name it."""
        return self.kinds[kind].fields.get(name)


def from_built(built: Mapping[str, Any]) -> CrmMapping:
    """Read what the compiler wrote."""
    return CrmMapping(
        crm=built["crm"],
        version=built["version"],
        doc=built["doc"],
        date=built["date"],
        kinds={Kind(kind): _kind(Kind(kind), entry) for kind, entry in built["kinds"].items()},
        tables=built["tables"],
    )


def _kind(kind: Kind, entry: Mapping[str, Any]) -> KindMapping:
    fields = {name: _line(name, line) for name, line in entry["fields"].items()}
    return KindMapping(kind, entry["module"], entry.get("link", ""), fields)


def _line(name: str, built: Mapping[str, Any]) -> FieldLine:
    return FieldLine(**{**built, "name": name, "form": Form(built["form"]), "owner": Owner(built["owner"])})

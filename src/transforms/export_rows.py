"""Rows of a source's CSV export as canonical values. Pure.

A cell is read by the converter of its column, else as the source's webhook is read, else by the kind of the field. An
empty cell says that there is no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, get_args

from domain.deal import DEAL_FIELDS, GROUPS, DealDetails
from domain.errors import BadPayload, ConfigurationError
from domain.money import Money
from mappings.exports.loader import ExportColumn, header
from transforms.converters.registry import NAMES, converter
from transforms.converters.texts import folded
from transforms.converters.unfit import Unfit

if TYPE_CHECKING:
    from datetime import tzinfo

    from domain.deal import Value
    from mappings.exports.loader import ExportMapping
    from mappings.model import Mapping as SourceMapping

#: How days are read where nothing says how.
_DAYS = ("iso", "M/D/YYYY")


class Column(NamedTuple):
    """A column that is compared: where it stands, our name of it, and how a cell is read."""

    position: int
    field: str
    read: Callable[[str, tzinfo], Value]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is read of an export.

    Attributes:
        id: position of the deal's id.
        columns: the others.
        ignored: headers of columns that nothing is known of, and of second columns for one field.
        blanks: cells that mean "no value".
    """

    id: int
    columns: tuple[Column, ...]
    ignored: tuple[str, ...]
    blanks: frozenset[str]


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One deal of the export.

    Attributes:
        id: the deal's in the source.
        values: our name of a field to its value; None where the cell is empty.
        unreadable: our name of a field to (the cell, what would fit).
    """

    id: str
    values: Mapping[str, Value] = field(default_factory=dict)
    unreadable: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def columns_of(export: ExportMapping, mapping: SourceMapping, headers: Sequence[str]) -> Columns:
    """Find out which column is what.

    Raises:
        BadPayload: none holds the deal's id, or none holds anything that we know.
        ConfigurationError: the export's mapping names a converter that there is not.
    """
    named = {header(name): ExportColumn(name) for name in sorted(DEAL_FIELDS)} | dict(export.columns)
    folded_headers = [header(name) for name in headers]
    at = next((folded_headers.index(name) for name in export.id if name in folded_headers), None)
    if at is None:
        raise BadPayload(f"no column holds the deal's id; expected a header that is one of: {', '.join(export.id)}")
    columns: dict[str, Column] = {}
    ignored = []
    for position, name in enumerate(folded_headers):
        known = named.get(name)
        if position == at:
            continue
        if known is None or known.field in columns:
            ignored.append(headers[position])
            continue
        columns[known.field] = Column(position, known.field, _reader(known, mapping))
    if not columns:
        raise BadPayload(
            "no column is one that we know; use our names as headers (sale_price, property.city) or add the headers "
            f"to src/mappings/exports/{export.source}.yaml"
        )
    return Columns(at, tuple(columns.values()), tuple(ignored), mapping.blanks | {""})


def read_export_row(columns: Columns, cells: Sequence[str], zone: tzinfo) -> ExportRow:
    """Read one row; a row that is shorter than the header has empty cells at its end."""
    values: dict[str, Value] = {}
    unreadable = {}
    for column in columns.columns:
        cell = cells[column.position].strip() if column.position < len(cells) else ""
        if cell in columns.blanks:
            values[column.field] = None
            continue
        try:
            values[column.field] = column.read(cell, zone)
        except Unfit as unfit:
            unreadable[column.field] = (cell, str(unfit))
    found = cells[columns.id].strip() if columns.id < len(cells) else ""
    return ExportRow(found, values, unreadable)


def value_as_text(value: Value) -> str:
    """A canonical value as it is compared and shown; nothing is the empty text."""
    if value is None:
        return ""
    if isinstance(value, Money):
        return str(value.amount) if value.currency == "USD" else f"{value.amount} {value.currency}"
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else str(value)


def _reader(column: ExportColumn, mapping: SourceMapping) -> Callable[[str, tzinfo], Value]:
    name, options, tables = column.converter, column.options, mapping.tables
    rules = mapping.fields.get(column.field, ())
    if not name and rules:
        name, options = rules[0].converter, rules[0].options
    kind = _kind_of(column.field)
    codes = kind if isinstance(kind, type) and issubclass(kind, StrEnum) else None
    if codes is not None:
        own = {folded(code.value): code.value for code in codes}
        # Our own codes count too, whatever the source calls them.
        tables = {"codes": own | dict(tables.get(options.get("table", ""), {}))}
        name, options = "enum", {"table": "codes"}
    if not name:
        name, options = _usual(kind)
    if name not in NAMES:
        raise ConfigurationError(f"column {column.field}: there is no converter {name!r}; one of {', '.join(NAMES)}")
    made = converter(name, options, tables, codes)
    return made.run if made.zoned else lambda cell, _zone: made.run(cell)


def _kind_of(name: str) -> object:
    group, _, last = name.rpartition(".")
    annotation = (GROUPS[group] if group else DealDetails).model_fields[last].annotation
    return next(part for part in get_args(annotation) if part is not type(None))


def _usual(kind: object) -> tuple[str, dict[str, object]]:
    if kind is Money:
        return "money", {}
    if kind is Decimal:
        return "percent", {}
    return ("day", {"formats": _DAYS}) if kind is date else ("text", {})

"""The mapping of a source's export, read from the YAML beside this file and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import lru_cache
from pathlib import Path
from typing import Any

from domain.deal import DEAL_FIELDS
from domain.errors import ConfigurationError
from mappings.compiler.files import report, text_of
from mappings.compiler.yaml_tree import Mistake, Tree, read_yaml

HERE = Path(__file__).parent

_KEYS = ("source", "version", "provenance", "id", "columns")
_BETWEEN = re.compile(r"[\s_.]+")


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """What one column holds.

    Attributes:
        field: our name of it.
        converter: a name of the mapping vocabulary; empty: as the source's webhook is read.
        options: of the converter.
    """

    field: str
    converter: str = ""
    options: Mapping[str, Any] = attribute(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportMapping:
    """The columns of one source's export.

    Attributes:
        source: the name in sources.yaml.
        id: headers of the deal's id, the usual one first.
        columns: header to what it holds. Headers are as `header` makes them.
    """

    source: str
    id: Sequence[str]
    columns: Mapping[str, ExportColumn]


def header(text: str) -> str:
    """A header as it is looked up.

    Examples:
        >>> header(" Sale_Price "), header("property.city")
        ('sale price', 'property city')
    """
    return _BETWEEN.sub(" ", text.strip().casefold()).strip()


def exported_sources() -> list[str]:
    """Sources whose export can be read."""
    return sorted(file.stem for file in HERE.glob("*.yaml"))


@lru_cache
def export_mapping(source: str) -> ExportMapping:
    """The mapping of a source's export.

    Raises:
        ConfigurationError: there is none, or it has mistakes.
    """
    if source not in exported_sources():
        raise ConfigurationError(
            f"no export of source {source!r} can be read (only of {', '.join(exported_sources())}); "
            f"write src/mappings/exports/{source}.yaml"
        )
    file = HERE / f"{source}.yaml"
    return parse_export_mapping(text_of(file), file.name)


def parse_export_mapping(text: str, file: str) -> ExportMapping:
    """Read the text of such a file.

    Raises:
        ConfigurationError: lists its mistakes.
    """
    tree = read_yaml(text)
    data: Mapping[str, Any] = tree.data if isinstance(tree.data, dict) else {}
    for name in [*(set(_KEYS) - data.keys()), *(data.keys() - set(_KEYS))]:
        tree.mistakes.append(Mistake(tree.line((name,)), f"{name}: expected exactly {', '.join(_KEYS)}"))
    columns = {header(name): column for name, column in _columns(tree, data.get("columns"))}
    ids = data.get("id")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or not ids:
        tree.mistakes.append(Mistake(tree.line(("id",)), "id: expected a list of headers"))
        ids = []
    if tree.mistakes:
        raise ConfigurationError(report(tree.mistakes, file))
    return ExportMapping(str(data["source"]), tuple(map(header, ids)), columns)


def _columns(tree: Tree, rows: Any) -> list[tuple[str, ExportColumn]]:
    if not isinstance(rows, dict):
        tree.mistakes.append(Mistake(tree.line(("columns",)), "columns: expected `header: field`"))
        return []
    found = []
    for name, entry in rows.items():
        said = {"field": entry} if isinstance(entry, str) else entry
        if not isinstance(said, dict) or said.get("field") not in DEAL_FIELDS:
            message = f"columns.{name}: expected one of our fields of a deal, such as sale_price or property.city"
            tree.mistakes.append(Mistake(tree.line(("columns", name)), message))
            continue
        options = {key: value for key, value in said.items() if key not in {"field", "as"}}
        found.append((name, ExportColumn(said["field"], said.get("as", ""), options)))
    return found

"""YAML text to a checked CRM mapping, or every mistake in it with file, line and remedy.

`python -m mappings.crm.compiler` rewrites `built/*.json`, which `deliver` loads at run time, and
`crm-mapping.schema.json`, which editors complete by. Tests fail when either has drifted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from domain.crm.rows import Kind
from domain.errors import ConfigurationError
from mappings.compiler.building import as_json, compiled, write
from mappings.compiler.files import report, text_of
from mappings.compiler.rows import Row, WrongError
from mappings.compiler.yaml_tree import Mistake, Tree, read_yaml
from mappings.crm.compiler.lines import LineReader
from mappings.crm.compiler.schema import json_schema
from mappings.crm.loader import BUILT
from mappings.crm.model import CrmMapping, from_built

#: Where the mapping files lie.
HERE = Path(__file__).parents[1]
SCHEMA = HERE / "crm-mapping.schema.json"

_KEYS = {"crm", "version", "provenance", "tables", *Kind}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MODULE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


def compile_file(file: Path) -> CrmMapping:
    """The mapping in a file.

    Raises:
        ConfigurationError: it cannot be read, or has mistakes; lists all of them.
    """
    return from_built(compile_text(text_of(file), file.name))


def compile_text(text: str, file: str) -> dict[str, Any]:
    """The mapping in this text, as the JSON that `mappings.crm.model.from_built` reads.

    Args:
        text: YAML.
        file: its name, for messages; its stem must be the CRM's name.

    Raises:
        ConfigurationError: lists every mistake.
    """
    tree = read_yaml(text)
    built: dict[str, Any] = {}
    if not tree.mistakes:
        try:
            built = _mapping(Row(tree, (), tree.data), Path(file).stem)
        except WrongError:
            built = {}
    if tree.mistakes:
        raise ConfigurationError(report(tree.mistakes, file))
    return built


def _mapping(row: Row, stem: str) -> dict[str, Any]:
    row.only(_KEYS)
    tables = row.read({"tables": lambda: _tables(row)}).get("tables", {})
    found = row.read(
        {
            "crm": lambda: _crm(row, stem),
            "version": lambda: _version(row),
            "provenance": lambda: _provenance(row.row("provenance")),
            "kinds": lambda: row.read({kind: partial(_kind, row, kind, tables) for kind in Kind}),
        }
    )
    _note_unused_tables(row.tree, tables, found.get("kinds", {}))
    return {
        "crm": found.get("crm"),
        "version": found.get("version"),
        **found.get("provenance", {}),
        "kinds": found.get("kinds"),
        "tables": tables,
    }


def _crm(row: Row, stem: str) -> str:
    name = row.text("crm")
    if name != stem:
        row.fail(f"is {name!r} in a file named {stem + '.yaml'!r}; rename one of them", "crm")
    return name


def _version(row: Row) -> int:
    value = row.values.get("version")
    if type(value) is not int or value < 1:
        row.fail(f"is {value!r}; expected a whole number from 1 on, raised with every change of meaning", "version")
    return value


def _provenance(row: Row) -> dict[str, str]:
    row.only({"doc", "date"})
    found: dict[str, str] = row.read({"doc": lambda: row.text("doc"), "date": lambda: row.text("date")})
    if "date" in found and not _DAY.fullmatch(found["date"]):
        row.fail(f"is {found['date']!r}; expected the day of the last comparison, such as 2026-11-22", "date")
    return found


def _tables(row: Row) -> dict[str, dict[str, str]]:
    if "tables" not in row.values:
        return {}
    tables = row.row("tables")
    return {name: _table(tables.row(name)) for name in tables.values}


def _table(row: Row) -> dict[str, str]:
    return row.read({code: partial(row.text, code) for code in row.values})


def _kind(row: Row, kind: Kind, tables: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    entry = row.row(kind)
    entry.only({"module", "fields"} | ({"link"} if kind is Kind.LINK else set()))
    names = {"module"} | ({"link"} if kind is Kind.LINK else set())
    found: dict[str, Any] = entry.read({name: partial(_name, entry, name) for name in sorted(names)})
    reader = LineReader(kind, tables)
    fields = entry.row("fields")
    found["fields"] = fields.read({name: partial(_line, reader, fields, name) for name in fields.values})
    if kind is Kind.LINK and len(found["fields"]) > 1:
        fields.note("names several fields; a link has one, for the roles")
    return found


def _line(reader: LineReader, fields: Row, name: str) -> dict[str, Any]:
    return reader.line(name, fields.row(name))


def _name(row: Row, key: str) -> str:
    value = row.text(key)
    if not _MODULE.fullmatch(value):
        row.fail(f"is {value!r}; expected a name of the CRM: letters, digits and underscores", key)
    return value


def _note_unused_tables(tree: Tree, tables: Mapping[str, object], kinds: Mapping[str, Any]) -> None:
    used = {line.get("table") for kind in kinds.values() for line in kind["fields"].values()}
    for name in tables:
        if name not in used and len(kinds) == len(Kind):
            tree.mistakes.append(
                Mistake(tree.line(("tables", name)), f"tables.{name} is used by no field; use it or remove it")
            )


def outputs(folder: Path = HERE) -> dict[Path, str]:
    """What the compiler writes for the mappings of a folder: file to content.

    Raises:
        ConfigurationError: lists the mistakes of all files.
    """
    return {SCHEMA: as_json(json_schema())} | compiled(folder, compile_text, BUILT)


def main() -> int:
    """Rewrite the prebuilt mappings and the schema; 1 if a mapping has mistakes."""
    return write(outputs)

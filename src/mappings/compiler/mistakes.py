"""What pydantic found wrong, in the words of whoever wrote the mapping, each with its line and a remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from mappings.compiler.schema import MappingFile
from mappings.compiler.vocabulary import CONVERTERS
from mappings.compiler.yaml_tree import Mistake, Tree
from mappings.plain_words import in_file, resolved, shown, suggestion

Schema = dict[str, Any]

_PLAIN_WORDS = {
    "string_type": "expected text; put it in quotes",
    "int_type": "expected a whole number",
    "bool_type": "expected true or false",
    "dict_type": "expected keys and values",
    "list_type": "expected a list",
    "model_type": "expected keys and values",
    "model_attributes_type": "expected keys and values",
}


@cache
def json_schema() -> Schema:
    """The JSON Schema that editors complete mapping files by."""
    schema = MappingFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def in_plain_words(errors: Iterable[Mapping[str, Any]], tree: Tree) -> list[Mistake]:
    """Each error as a mistake with its line."""
    mistakes = []
    for error in errors:
        location = in_file(error["loc"], tree.data, _UNION_MEMBERS)
        name = ".".join(str(part) for part in location) or "the file"
        mistakes.append(Mistake(tree.line(location), _words(error, name)))
    return mistakes


def _words(error: Mapping[str, Any], name: str) -> str:
    kind, location = error["type"], error["loc"]
    if kind == "extra_forbidden":
        return f"unknown key {location[-1]!r}; {suggestion(str(location[-1]), _keys_at(location[:-1]))}"
    if kind == "missing":
        return f"{name}: the key {location[-1]!r} is missing; add it"
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        return f"{name}: {_converter_words(error)}"
    if kind == "value_error":
        return f"{name}: {error['ctx']['error']}"
    if kind == "literal_error":
        given, accepted = (
            str(error["input"]),
            error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", "),
        )
        return f"{name}: {given!r} is not possible; {suggestion(given, accepted)}"
    return f"{name}: {_PLAIN_WORDS.get(kind, error['msg'])} (found {shown(error['input'])})"


def _converter_words(error: Mapping[str, Any]) -> str:
    rule = error["input"]
    accepted = _converters_at(error["loc"])
    if not isinstance(rule, dict):
        return f"expected a rule such as {{path: ..., as: {accepted[0]}}} (found {shown(rule)})"
    if "as" not in rule:
        return f"the rule names no converter; add `as`, one of: {', '.join(accepted)}"
    return f"converter {shown(rule['as'])} cannot stand here; {suggestion(str(rule['as']), accepted)}"


_UNION_MEMBERS = frozenset({"one", "several", "name", "condition", "word", "alike", *CONVERTERS})


def _keys_at(location: Iterable[str | int]) -> list[str]:
    """The keys that the schema accepts at a location."""
    return list(_schema_at(location).get("properties", {}))


def _converters_at(location: Iterable[str | int]) -> list[str]:
    """The converters that the schema accepts at a location."""
    members = [_resolved(member) for member in _schema_at(location).get("oneOf", [])]
    return sorted(member["properties"]["as"]["const"] for member in members if "properties" in member)


def _schema_at(location: Iterable[str | int]) -> Schema:
    """The part of the schema for a pydantic location."""
    at = _resolved(json_schema())
    for part in location:
        if isinstance(part, int):
            at = _resolved(at.get("items", {}))
        elif part in at.get("properties", {}):
            at = _resolved(at["properties"][part])
        elif isinstance(at.get("additionalProperties"), dict):
            at = _resolved(at["additionalProperties"])
        else:
            at = _resolved(_member(at, str(part)))
    return at


def _resolved(schema: Schema) -> Schema:
    return dict(resolved(schema, json_schema()))


def _member(schema: Schema, tag: str) -> Schema:
    """The member of a union that a tag in a pydantic location stands for."""
    for member in schema.get("oneOf", []) + schema.get("anyOf", []):
        resolved = _resolved(member)
        named = resolved.get("properties", {}).get("as", {}).get("const")
        is_list = resolved.get("type") == "array"
        if named == tag or (tag == "several" and is_list):
            return resolved
        if tag in {"one", "condition"} and not is_list and resolved.get("type") != "string":
            return resolved
    return schema

"""The JSON Schema that editors complete CRM mappings by: the shape, the words, and each kind's sources."""

from __future__ import annotations

from typing import Any

from domain.crm.rows import Kind
from mappings.crm.model import Form, Owner
from mappings.crm.sources import SOURCES


def json_schema() -> dict[str, Any]:
    """The schema; what depends on two keys at once, the compiler checks."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Dealwire CRM mapping: from the canonical records to one CRM's fields.",
        "type": "object",
        "required": ["crm", "version", "provenance", *Kind],
        "additionalProperties": False,
        "properties": {
            "crm": {"type": "string", "description": "The CRM's name; also the file's."},
            "version": {"type": "integer", "minimum": 1, "description": "Raise it with every change of meaning."},
            "provenance": _shape(
                {"doc": {"type": "string"}, "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}}
            ),
            "tables": {
                "type": "object",
                "description": "Our code to the CRM's.",
                "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            **{kind.value: _kind(kind) for kind in Kind},
        },
    }


def _kind(kind: Kind) -> dict[str, Any]:
    fields = {"type": "object", "additionalProperties": _line(kind)}
    module = {"type": "string", "description": "Of the CRM."}
    link = {"type": "string", "description": "The link field of the module."}
    return _shape({"module": module, **({"link": link} if kind is Kind.LINK else {}), "fields": fields})


def _line(kind: Kind) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "from": {"enum": list(SOURCES[kind]), "description": "What fills the field."},
            "as": {"enum": list(Form), "description": "How the value is written."},
            "owner": {"enum": list(Owner), "description": "Who keeps the field; dealwire unless it says otherwise."},
            "max": {"type": "integer", "minimum": 1, "description": "Characters, where the CRM does not tell."},
            "scale": {"type": "integer", "minimum": 1, "description": "Digits behind the point, of decimals."},
            "table": {"type": "string", "description": "Translates the codes of an enum."},
            "default": {"type": "string", "description": "Stands in where there is no value."},
            "required": {"type": "boolean", "description": "Nothing is sent without a value."},
            "link": {"type": "string", "description": "The link that it is read back through."},
        },
    }


def _shape(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }

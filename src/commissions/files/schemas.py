"""JSON Schemas of plan, deal and agreement files, for editors; each field described in the words of its model.

`python -m commissions.files.schemas`, in src/, rewrites them. A test fails when they have drifted.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from domain.commission import agreement, charges, closing, plan
from domain.commission.agreement import DealAgreement
from domain.commission.closing import Closing
from domain.commission.plan import Plan

#: Where the schemas lie: beside the room's plans.
HERE = Path(__file__).parents[1]
PLAN_SCHEMA = HERE / "plan.schema.json"
DEAL_SCHEMA = HERE / "deal.schema.json"
AGREEMENT_SCHEMA = HERE / "agreement.schema.json"

Schema = dict[str, Any]

_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


@cache
def schema_of(model: type[BaseModel]) -> Schema:
    """The JSON Schema of a file that holds this model. Do not change what it returns."""
    schema = model.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        _describe(part)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _describe(part: Schema) -> None:
    """Move what the docstring says about attributes to the attributes."""
    owner = _MODELS.get(part.get("title", ""))
    if owner is not None:
        for name, words in _attributes(owner).items():
            if name in part["properties"]:
                part["properties"][name]["description"] = words
    for entry in part.get("properties", {}).values():
        entry.pop("title", None)  # pydantic's: the name again, with a capital
        _name_bounds(entry)
    if "description" in part:
        part["description"] = _joined(part["description"].partition("\n\nAttributes:")[0])


def _name_bounds(entry: Schema) -> None:
    """Pydantic writes bounds of numbers of our own under names of its own; all are 0, or percentages."""
    for member in entry.get("anyOf", []):
        _name_bounds(member)
    for ours, theirs in _BOUNDS.items():
        if ours in entry:
            entry[theirs] = entry.pop(ours)


_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"}


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and those it extends say about each attribute."""
    said: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        _, _, attributes = (owner.__doc__ or "").partition("Attributes:\n")
        for name, words in _ATTRIBUTE.findall(_indented_by_four(attributes)):
            said[name] = _joined(words)
    return said


def _indented_by_four(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    return "\n".join(" " * 4 + line[margin:] for line in lines)


def _joined(text: str) -> str:
    return " ".join(text.split())


_MODELS = {
    name: member
    for module in (charges, plan, closing, agreement)
    for name, member in vars(module).items()
    if isinstance(member, type) and issubclass(member, BaseModel)
}


def outputs() -> dict[Path, str]:
    """What is stored: file to content."""
    models = {PLAN_SCHEMA: Plan, DEAL_SCHEMA: Closing, AGREEMENT_SCHEMA: DealAgreement}
    return {file: _as_json(schema_of(model)) for file, model in models.items()}


def _as_json(schema: Schema) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Rewrite the schemas."""
    for file, content in outputs().items():
        file.write_text(content, encoding="utf-8")
        sys.stdout.write(f"wrote {file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

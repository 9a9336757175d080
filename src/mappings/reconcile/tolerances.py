"""The rules of tolerance, read from `tolerances.yaml` beside this file and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from mappings.compiler.files import report, text_of
from mappings.compiler.yaml_tree import Mistake, Tree, read_yaml
from mappings.crm.model import Form

FILE = Path(__file__).with_name("tolerances.yaml")

#: How two values can be the same; `transforms.crm_tolerance` does it.
RULES = frozenset({"exact", "words", "any_case", "number", "day", "truth", "phone"})


@dataclass(frozen=True, slots=True)
class Tolerances:
    """Which rule a field is compared by.

    Attributes:
        forms: form of a value to the name of a rule; every form has one.
        fields: our name of a field to the name of a rule, where it has one of its own.
    """

    forms: Mapping[Form, str]
    fields: Mapping[str, str]

    def rule(self, form: Form, canonical: str) -> str:
        """The rule of a field with this form and our name."""
        return self.fields.get(canonical, self.forms[form])


@lru_cache(maxsize=1)
def tolerances() -> Tolerances:
    """The rules that are in force.

    Raises:
        ConfigurationError: lists the mistakes of the file.
    """
    return parse_tolerances(text_of(FILE), FILE.name)


def parse_tolerances(text: str, file: str) -> Tolerances:
    """Read the text of such a file.

    Raises:
        ConfigurationError: lists its mistakes.
    """
    tree = read_yaml(text)
    data: Mapping[str, Any] = tree.data if isinstance(tree.data, dict) else {}
    for name in data.keys() - {"forms", "fields"}:
        tree.mistakes.append(Mistake(tree.line((name,)), f"{name} is not known; expected forms and fields"))
    forms, fields = _table(tree, data, "forms"), _table(tree, data, "fields")
    for name in forms.keys() - set(Form):
        tree.mistakes.append(Mistake(tree.line(("forms", name)), f"forms.{name} is none of {', '.join(Form)}"))
    for form in sorted(set(Form) - forms.keys()):
        tree.mistakes.append(Mistake(tree.line(("forms",)), f"forms.{form} is missing; name its rule"))
    if tree.mistakes:
        raise ConfigurationError(report(tree.mistakes, file))
    return Tolerances({Form(name): rule for name, rule in forms.items()}, fields)


def _table(tree: Tree, data: Mapping[str, Any], part: str) -> dict[str, str]:
    rows = data.get(part)
    if not isinstance(rows, dict):
        if rows is not None or part == "forms":
            tree.mistakes.append(Mistake(tree.line((part,)), f"{part} is no table of names; expected `name: rule`"))
        return {}
    for name, rule in rows.items():
        if rule not in RULES:
            known = ", ".join(sorted(RULES))
            tree.mistakes.append(
                Mistake(tree.line((part, name)), f"{part}.{name} is {rule!r}; expected one of {known}")
            )
    return rows

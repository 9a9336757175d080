"""Conditions as predicates over (the entry at hand, the whole payload)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mappings.model import Condition
from mappings.paths import Path
from transforms.converters.texts import folded
from transforms.reading import ABSENT, Read, WrongShape, is_blank, reader

Holds = Callable[[Any, Any], bool]
Tables = Mapping[str, Mapping[str, str]]
#: What conditions compare: the folded text, translated by a table; None where there is no value.
_Code = Callable[[Any, Any], str | None]


def predicate(condition: Condition, tables: Tables, blanks: frozenset[str]) -> Holds:
    """How to test a condition. What has the wrong shape counts as absent: the rule that reads it reports it."""
    test = condition.test
    if condition.path is None:
        return _JOINS[test]([predicate(part, tables, blanks) for part in condition.parts])
    table = None if condition.table is None else tables[condition.table]
    code = _code(condition.path, table, blanks)
    if test == "present":
        return lambda item, root: code(item, root) is not None
    if test == "absent":
        return lambda item, root: code(item, root) is None
    if condition.other is not None:
        other = _code(condition.other, table, blanks)
        return lambda item, root: (found := code(item, root)) is not None and found == other(item, root)
    values = frozenset(folded(value) for value in condition.values)
    if test == "contains":
        part = folded(condition.values[0])
        return lambda item, root: (found := code(item, root)) is not None and part in found
    if test == "equals_any":
        return lambda item, root: code(item, root) in values
    return lambda item, root: code(item, root) not in values


def _code(path: Path, table: Mapping[str, str] | None, blanks: frozenset[str]) -> _Code:
    read: Read = reader(path)
    codes = None if table is None else {theirs: folded(ours) for theirs, ours in table.items()}

    def code(item: Any, root: Any) -> str | None:
        try:
            raw = read(item, root)
        except WrongShape:
            return None
        if raw is ABSENT or raw is None or is_blank(raw, blanks):
            return None
        text = folded(raw)
        return text if codes is None else codes.get(text)

    return code


# Plain loops: these run for every entry of every event, and a generator inside all() costs more than the tests.
def _all(parts: list[Holds]) -> Holds:
    def all_hold(item: Any, root: Any) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs more than the tests
            if not part(item, root):
                return False
        return True

    return all_hold


def _any(parts: list[Holds]) -> Holds:
    def any_holds(item: Any, root: Any) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if part(item, root):
                return True
        return False

    return any_holds


def _not(parts: list[Holds]) -> Holds:
    part = parts[0]
    return lambda item, root: not part(item, root)


_JOINS: Mapping[str, Callable[[list[Holds]], Holds]] = {"all": _all, "any": _any, "not": _not}

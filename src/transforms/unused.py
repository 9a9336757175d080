"""Which parts of a payload no rule of a mapping looks at, so that an analyst sees what is still to be mapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mappings.model import Condition, Mapping, Rule
from mappings.paths import Path

#: Stands for every position of a list, and for every key under `*`.
ANY = "[]"
Keys = tuple[str, ...]


def unused_paths(payload: Any, mapping: Mapping) -> tuple[str, ...]:
    """The leaves of the payload that no rule and no condition reads, list positions as `[]`, each once."""
    used = [*_used(mapping), *(_keys(path) for path in mapping.unused_ok)]
    leaves = dict.fromkeys(_leaves(payload, ()))
    return tuple(_text(leaf) for leaf in leaves if not any(_covers(path, leaf) for path in used))


def _used(mapping: Mapping) -> Iterator[Keys]:
    deal = [mapping.order_mark.rules, mapping.occurred_at, mapping.deal_id, mapping.merged, mapping.stage_reason]
    for rules in [*deal, *mapping.fields.values()]:
        yield from _of_rules(rules, ())
    people, agents = mapping.participants, mapping.agents
    if people is not None:
        for each in _reads(people.each, ()):
            yield from _of_condition(people.when, (*each, ANY))
            for rules in [people.id, people.role, *people.fields.values()]:
                yield from _of_rules(rules, (*each, ANY))
    if agents is not None:
        for each in _reads(agents.each, ()):
            for when in (agents.when, agents.alike.when if agents.alike else None):
                yield from _of_condition(when, (*each, ANY))
            for rules in [agents.id, agents.side, agents.share]:
                yield from _of_rules(rules, (*each, ANY))


def _of_rules(rules: Iterable[Rule], base: Keys) -> Iterator[Keys]:
    for rule in rules:
        for path in [*rule.paths, *rule.join]:
            yield from _reads(path, base)
        yield from _of_condition(rule.when, base)


def _of_condition(condition: Condition | None, base: Keys) -> Iterator[Keys]:
    if condition is None:
        return
    for path in (condition.path, condition.other):
        if path is not None:
            yield from _reads(path, base)
    for part in condition.parts:
        yield from _of_condition(part, base)


def _reads(path: Path, base: Keys) -> list[Keys]:
    base = () if path.from_root else base
    if path.keys is not None:
        return [(*base, *path.keys)]
    import jmespath

    tree: Any = jmespath.compile(path.expression).parsed
    seen: list[Keys] = []
    return [*_walk(tree, base, seen), *seen]


def _walk(node: dict[str, Any], base: Keys, seen: list[Keys]) -> list[Keys]:
    """Where a JMESPath expression's result comes from; `seen` collects what it only looks at on its way."""
    kind, parts = node["type"], node.get("children", [])
    if kind == "literal":
        return []
    if kind == "field":
        return [(*_settled(base), node["value"])]
    if kind in {"current", "identity"}:
        return [base]
    if kind in {"index", "slice"}:
        return [_entry(base)]
    if kind not in _CHAINS:
        return [path for part in parts for path in _walk(part, base, seen)]
    found = _walk(parts[0], base, seen)
    if kind.endswith("projection"):
        found = [_entry(path) for path in found]
    if kind == "filter_projection":
        seen += [path for each in found for path in _walk(parts[2], each, seen)]
        parts = parts[:2]
    if kind == "pipe" and parts[0]["type"] in _PROJECTIONS:
        found = [(*path, _LISTED) for path in found]
    for part in parts[1:]:
        found = [path for each in found for path in _walk(part, each, seen)]
    return [_settled(path) for path in found] if kind == "pipe" else found


#: Behind a `|`, marks a path whose values were gathered into a list: its entries are that path itself.
_LISTED = "|"
_PROJECTIONS = frozenset({"projection", "value_projection", "filter_projection"})
_CHAINS = frozenset({"subexpression", "index_expression", "pipe"}) | _PROJECTIONS


def _entry(path: Keys) -> Keys:
    """The place of a list's entries, or of an object's values."""
    if path[-1:] == (_LISTED,):
        return path[:-1]
    return path if path[-1:] == (ANY,) else (*path, ANY)


def _settled(path: Keys) -> Keys:
    return path[:-1] if path[-1:] == (_LISTED,) else path


def _leaves(node: Any, at: Keys) -> Iterator[Keys]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*at, key))
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, (*at, ANY))
    else:
        yield at


def _covers(path: Keys, leaf: Keys) -> bool:
    """Whether reading `path` reads `leaf`: it stands there, or in something inside."""
    return len(path) <= len(leaf) and all(key in (ANY, there) for key, there in zip(path, leaf, strict=False))


def _keys(text: str) -> Keys:
    """The keys of a written path such as `data.participants[].fax`."""
    keys: list[str] = []
    for part in text.replace(ANY, f".{ANY}").split("."):
        keys += [part] if part else []
    return tuple(keys)


def _text(keys: Keys) -> str:
    text = ""
    for key in keys:
        text += key if key == ANY else f".{key}" if text else key
    return text or "(the whole body)"

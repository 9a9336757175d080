"""YAML text to plain data, with the line of every entry; strict where YAML is surprising.

Only what JSON could say, plus comments: no aliases, no tags, no key twice. `no`, `on` and `2026-11-22` stay text, as in
YAML 1.2, because a table of codes must mean what it shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

#: Where an entry stands in the data: keys and list positions from the outside in.
Location = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_STANDARD = "tag:yaml.org,2002:"
#: How the loader marks what composing would hide: a tag that somebody wrote out, and an alias.
_WRITTEN = "written "
_ALIAS = "alias"


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a mapping file, and what to do about it."""

    line: int
    message: str


@dataclass
class Tree:
    """A YAML file as data.

    Attributes:
        data: dicts, lists, text, whole numbers, true/false and None.
        lines: of each entry.
        mistakes: what YAML itself would have let pass.
        unread: where an alias stands, whose value is told as a mistake and not read.
    """

    data: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    unread: set[Location] = field(default_factory=set)

    def line(self, location: Location) -> int:
        """The line of the innermost part of this location that is in the file."""
        for end in range(len(location), -1, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return 1

    def read(self, node: yaml.Node, at: Location) -> Any:
        """The node as data; notes its line and its mistakes."""
        line = self.lines.setdefault(at, node.start_mark.line + 1)  # an entry's line is that of its key
        if node.tag == _ALIAS:
            self.unread.add(at)
            self.mistakes.append(_alias(line))
            return None
        if not node.tag.startswith(_STANDARD) or node.tag.startswith(_STANDARD + "python"):
            tag = node.tag.removeprefix(_WRITTEN)
            self.mistakes.append(Mistake(line, f"tag {tag!r} is not part of the language; remove it"))
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*at, position)) for position, item in enumerate(node.value)]
        return self._read_mapping(node, at)

    def _read_mapping(self, node: yaml.Node, at: Location) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append(Mistake(line, "a key must be plain text; quote it"))
                continue
            if key_node.tag == _ALIAS:
                self.mistakes.append(_alias(line))
                continue
            key: str = key_node.value
            if key in data:
                first = self.lines[(*at, key)]
                self.mistakes.append(Mistake(line, f"key {key!r} stands twice (first on line {first}); keep one"))
                continue
            self.lines[(*at, key)] = line
            data[key] = self.read(value_node, (*at, key))
        return data


def _alias(line: int) -> Mistake:
    return Mistake(line, "aliases (*name) are not part of the language; write it out")


def _scalar(node: yaml.ScalarNode) -> str | int | bool | None:
    text: str = node.value
    if node.style is not None:  # quoted
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


class _Strict(yaml.SafeLoader):
    """Leaves aliases unresolved and remembers tags: composing would put the values there as if they were written."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs give it no types
        is_alias = isinstance(event, yaml.AliasEvent)
        node = super().compose_node(parent, index)
        if is_alias:
            return yaml.ScalarNode(_ALIAS, f"*{event.anchor}", event.start_mark, event.end_mark)
        if node is not None and getattr(event, "tag", None) is not None:
            node.tag = _WRITTEN + node.tag
        return node


def read_yaml(text: str) -> Tree:
    """Parse one document; a syntax error becomes the tree's only mistake."""
    tree = Tree()
    try:
        node = yaml.compose(text, Loader=_Strict)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        tree.mistakes.append(Mistake(line, f"not YAML: {error.problem}; check indentation, quotes and colons here"))
        return tree
    except (yaml.YAMLError, RecursionError) as error:
        tree.mistakes.append(Mistake(1, f"not YAML: {str(error).splitlines()[0]}"))
        return tree
    if node is not None:
        tree.data = tree.read(node, ())
    return tree

"""A mapping in a YAML file that knows where it stands, so that a mistake in it is named with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn

from mappings.compiler.files import SOURCE_NAME
from mappings.compiler.yaml_tree import Location, Mistake, Tree

_NAME = re.compile(SOURCE_NAME)


class WrongError(Exception):
    """A part of the file is wrong; it is noted, and the parts beside it are read all the same."""


class Row:
    """Keys and values of the file, and the readers of single values."""

    def __init__(self, tree: Tree, path: Location, value: object) -> None:
        self.tree, self.path = tree, path
        if not isinstance(value, dict):
            self.fail(f"is {shown(value)}; expected keys and values")
        self.values: dict[str, Any] = value

    def fail(self, what: str, key: str | None = None) -> NoReturn:
        """Note what is wrong here, or with this key, and give the row up."""
        self.note(what, key)
        raise WrongError

    def note(self, what: str, key: str | None = None) -> None:
        """Note what is wrong here, or with this key."""
        path = self.path if key is None else (*self.path, key)
        name = ".".join(map(str, path)) or "the file"
        self.tree.mistakes.append(Mistake(self.tree.line(path), f"{name} {what}"))

    def read(self, readers: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """What each reader finds; one that notes a mistake does not keep the others from theirs."""
        found = {}
        for name, reader in readers.items():
            try:
                found[name] = reader()
            except WrongError:
                continue
        return found

    def only(self, keys: set[str]) -> None:
        """Note every key that is none of these."""
        for key in self.values:
            if key not in keys:
                self.note(f"is not a key we know; expected one of {', '.join(sorted(keys))}", key)

    def row(self, key: str) -> Row:
        """The keys and values under a key."""
        if key not in self.values:
            self.fail("is missing; add it", key)
        return Row(self.tree, (*self.path, key), self.values[key])

    def rows(self, read: Callable[[str, Row], Any]) -> dict[str, Any]:
        """What `read` makes of each row, by its name."""
        for name in self.values:
            if not _NAME.fullmatch(name):
                self.note("is not a name; use lower-case letters, digits, hyphens and underscores", name)

        def one(name: str) -> Any:
            return read(name, self.row(name))

        return self.read({name: partial(one, name) for name in self.values})

    def one_of(self, key: str, allowed: Mapping[str, object] | set[str]) -> str:
        """A text that is one of these."""
        value = self.values.get(key)
        if not isinstance(value, str) or value not in allowed:
            self.fail(f"is {shown(value)}; expected one of {', '.join(sorted(allowed))}", key)
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.values.get(key)
        if not isinstance(value, bool):
            self.fail(f"is {shown(value)}; expected true or false", key)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text; with a default it may be missing."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or (not value and default is None):
            self.fail(f"is {shown(value)}; expected a text (in quotes if it looks like a number)", key)
        return value

    def texts(self, key: str, *, empty: bool = False) -> list[str]:
        """A list of different texts."""
        value = self.values.get(key, [] if empty else None)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.fail(f"is {shown(value)}; expected a list of texts, such as [one, two]", key)
        if len(set(value)) != len(value):
            self.fail("names something twice; remove one", key)
        if not value and not empty:
            self.fail("is empty; add at least one", key)
        return value


def shown(value: object) -> str:
    """A value of the file, for people."""
    return "missing" if value is None else repr(value)

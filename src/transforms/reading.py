"""Reading values out of a payload: what stands at a path, what is absent, and what has the wrong shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mappings.paths import Path
from transforms.converters.texts import folded


class _Absent:
    """The type of `ABSENT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "absent"

    def get(self, _key: str, _default: object) -> _Absent:
        """What is inside of what is not there: so that a walk along keys needs no test at each step."""
        return self


#: There is nothing at this path; not the same as an explicit null.
ABSENT: Final = _Absent()


class WrongShape(Exception):
    """A path leads through something that is no object."""

    def __init__(self, path: str, value: object, expected: str) -> None:
        super().__init__(expected)
        self.path = path
        self.value = value
        self.expected = expected


#: (the entry at hand, the whole payload) to what stands at a path, or ABSENT; raises `WrongShape`.
Read = Callable[[Any, Any], Any]


def reader(path: Path) -> Read:
    """How to read a path: a walk along its keys, or JMESPath where it is more than that."""
    return _plain(path.keys, from_root=path.from_root) if path.keys is not None else _expression(path)


def joined(paths: tuple[Path, ...], blanks: frozenset[str]) -> Read:
    """How to read several paths as one text: what is present, joined by spaces."""
    reads = [reader(path) for path in paths]

    def read(item: Any, root: Any) -> Any:
        found = [value for one in reads if (value := one(item, root)) is not ABSENT]
        if not found:
            return ABSENT
        parts = [value for value in found if value is not None and not is_blank(value, blanks)]
        if any(not isinstance(part, str | int) or isinstance(part, bool) for part in parts):
            raise WrongShape(spoken(paths), parts, "text or whole numbers to join")
        return " ".join(part.strip() if isinstance(part, str) else folded(part) for part in parts)

    return read


def spoken(paths: tuple[Path, ...]) -> str:
    """Several paths as one place, for people."""
    return " + ".join(path.text for path in paths)


def is_blank(value: Any, blanks: frozenset[str]) -> bool:
    """Whether a value is a text that means "no value"."""
    return isinstance(value, str) and value.strip() in blanks


def _plain(keys: tuple[str, ...], *, from_root: bool) -> Read:
    if len(keys) == 1 and not from_root:
        key = keys[0]

        def read_one(item: Any, _root: Any) -> Any:
            try:
                return item.get(key, ABSENT)
            except AttributeError:
                return _misshapen(item, keys)

        return read_one

    def read(item: Any, root: Any) -> Any:
        node = start = root if from_root else item
        try:
            for key in keys:
                node = node.get(key, ABSENT)
        except AttributeError:
            return _misshapen(start, keys)
        return node

    return read


def _misshapen(start: Any, keys: tuple[str, ...]) -> None:
    """A walk met something that is no object. Below an explicit null everything is null; the rest is an error."""
    node = start
    for depth, key in enumerate(keys):
        if node is None:
            return
        if not isinstance(node, dict):
            raise WrongShape(".".join(keys[:depth]), node, "an object")
        node = node.get(key)


def _expression(path: Path) -> Read:
    import jmespath  # most mappings have plain paths only
    from jmespath.exceptions import JMESPathError

    compiled = jmespath.compile(path.expression)

    def read(item: Any, root: Any) -> Any:
        try:
            found = compiled.search(root if path.from_root else item)
        except (JMESPathError, TypeError, ValueError) as error:
            raise WrongShape(
                path.expression, root if path.from_root else item, "what the expression can read"
            ) from error
        return ABSENT if found is None else found

    return read

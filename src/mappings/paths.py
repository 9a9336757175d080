"""Where a value stands in a payload: plain dotted chains by a fast walk, everything else as JMESPath."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

#: Starts a path at the whole payload, where the rule itself looks at one entry of an `each` list: `$.data.side`.
ROOT = "$"

_STEP = r'(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)*")'
_PLAIN = re.compile(rf"{_STEP}(?:\.{_STEP})*")
_ONE_STEP = re.compile(_STEP)


class Path(NamedTuple):
    """A parsed path.

    Attributes:
        text: as written in the mapping.
        from_root: it started with `$`: read from the whole payload instead of from the entry at hand.
        keys: the keys of a plain chain, from outside in; None when `expression` needs JMESPath.
        expression: the JMESPath expression without the `$`.
    """

    text: str
    from_root: bool
    keys: tuple[str, ...] | None
    expression: str


def parse_path(text: str) -> Path:
    """Split a path into the keys of a plain chain, or keep it as a JMESPath expression (not checked here).

    Examples:
        >>> parse_path('$.data."Sale Price"').keys
        ('data', 'Sale Price')
        >>> parse_path("data.people[0]").keys is None
        True
    """
    from_root = text == ROOT or text.startswith((f"{ROOT}.", f"{ROOT}["))
    expression = (text.removeprefix(ROOT).removeprefix(".") or "@") if from_root else text
    if expression == "@":
        return Path(text, from_root, (), expression)
    if not _PLAIN.fullmatch(expression):
        return Path(text, from_root, None, expression)
    steps = _ONE_STEP.findall(expression)
    keys = tuple(json.loads(step) if step.startswith('"') else step for step in steps)
    return Path(text, from_root, keys, expression)


def check_path(text: str) -> str:
    """Refuse a path that JMESPath cannot read; for the compiler, never at run time.

    Raises:
        ValueError: says what is wrong with it.
    """
    import warnings

    import jmespath
    from jmespath.exceptions import JMESPathError

    path = parse_path(text)
    if path.keys is None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # its readers are slated for removal: `text` in backticks without quotes
                jmespath.compile(path.expression)
        except (JMESPathError, PendingDeprecationWarning) as error:
            reason = str(error).splitlines()[0].rstrip(":")
            raise ValueError(
                f"{text!r} is not a JMESPath expression ({reason}); write keys joined by dots, "
                'and keys with spaces in double quotes: data."Sale Price"'
            ) from error
    return text

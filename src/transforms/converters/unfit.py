"""How a converter says that a value does not fit, and how such a value is shown to people."""

from __future__ import annotations

from typing import Any

#: As much of a payload's value as an error shows.
SHOWN_CHARACTERS = 80


class Unfit(ValueError):
    """The value does not fit. `str()` of it is what would have been accepted; it never holds the value itself.

    Never leaves this room: the engine turns it into a `FieldProblem`.
    """


def shown(value: Any) -> str:
    r"""A payload value for people: short, on one line, every odd character escaped.

    Examples:
        >>> shown("a\x00b")
        "'a\\x00b'"
    """
    if isinstance(value, dict | list):
        kind = "an object" if isinstance(value, dict) else "a list"
        return f"{kind} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 256:  # Python refuses to print the longest
        return f"a number of {value.bit_length()} bits"
    text = repr(value[: SHOWN_CHARACTERS + 1]) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"

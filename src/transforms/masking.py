"""Payload values for people who may see their shape, and not what they say.

Every letter becomes `a` or `A`, every digit `9`; punctuation, booleans and nulls stay, and so do keys, unless they look
like an address or a number of somebody. What a field of our closed vocabularies holds is no secret, and an analyst has
to read it: an unknown status is mapped by its text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

#: Longer texts are cut: enough to see what kind of text it is.
LONGEST_TEXT = 200
#: Digits of a number that are shown as `9`: as many as a JSON reader keeps.
LONGEST_NUMBER = 15
#: Lines of the object around a failing field.
LINES_AROUND = 40

#: Our fields whose values are words of a closed list (domain/terms.py, domain/stages.py), by the end of their name.
WORDED = frozenset(
    {"stage", "side", "role", "deal_type", "represented_side", "property.type", "paid_by", "direction"}
)  # fmt: skip

#: What `FieldProblem.value` says in our own words, without a value of the payload.
_OURS = re.compile(r"absent|empty|True|False|an object of \d+|a list of \d+|a number of \d+ bits")
#: A key that is no name of a field: an e-mail address, or as many digits as a telephone number or a birthday has.
_TELLING_KEY = re.compile(r"@|\d(?:\D?\d){5}")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d]|[ -]){0,39}")
#: A step of a path: a key, a quoted key, or a position.
_STEP = re.compile(r'\.?(?:(?P<key>[A-Za-z_][A-Za-z0-9_]*)|"(?P<quoted>(?:[^"\\]|\\.)*)"|\[(?P<at>\d{1,9})\])')


def masked(value: Any) -> Any:
    """Hide what a parsed JSON value says; its structure stays."""
    if isinstance(value, dict):
        return _masked_object(value)
    if isinstance(value, list):
        return [masked(held) for held in value]
    if isinstance(value, str):
        return masked_text(value)
    if value is None or isinstance(value, bool):
        return value
    return _masked_number(value)


def masked_text(text: str) -> str:
    """Hide what a text says.

    Examples:
        >>> masked_text("Dana O'Neil, +1 406-555-0123")
        "Aaaa A'Aaaa, +9 999-999-9999"
    """
    kept = "".join(_masked_character(character) for character in text[:LONGEST_TEXT])
    return kept if len(text) <= LONGEST_TEXT else f"{kept}…"


def masked_key(key: str) -> str:
    """Hide a key that is data of somebody; names of fields stay.

    Examples:
        >>> masked_key("buyer_2"), masked_key("dana@example.com")
        ('buyer_2', 'aaaa@aaaaaaa.aaa')
    """
    return masked_text(key) if _TELLING_KEY.search(key) else key


def masked_value(text: str, field: str) -> str:
    """Hide what a failing value says, unless the words are ours, or fit a field that holds words of a closed list.

    Args:
        text: as `FieldProblem.value` shows it, quoted or not.
        field: our name of the field, as in `FieldProblem.field`.
    """
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    readable = _OURS.fullmatch(text) or is_word(text[1:-1] if quoted else text, field)
    return text if readable else masked_text(text)


def is_word(value: Any, field: str) -> bool:
    """Whether a value may be read by everybody: a short word in a field of our closed vocabularies."""
    name = field.rpartition(".")[2]
    worded = name in WORDED or ".".join(field.split(".")[-2:]) in WORDED
    return worded and isinstance(value, str) and _WORD.fullmatch(value) is not None


def masked_json(value: Any) -> str:
    """The masked value as indented JSON, every character as it is."""
    return json.dumps(masked(value), indent=2, ensure_ascii=False)


def masked_around(payload: Any, path: str, field: str) -> str:
    """The masked object that directly holds what stands at `path`, as indented JSON, as far as the path leads.

    Args:
        payload: the whole payload.
        path: as in `FieldProblem.path`, e.g. `data.participants[2].phone`.
        field: our name of the field; a word of a closed list that stands there stays readable.
    """
    holder, last = _holder(payload, _steps(path))
    shown = masked(holder)
    if isinstance(holder, dict) and last in shown and is_word(holder.get(last), field):
        shown[last] = holder[last]
    lines = json.dumps(shown, indent=2, ensure_ascii=False).split("\n")
    if len(lines) <= LINES_AROUND:
        return "\n".join(lines)
    mark = f"  {json.dumps(masked_key(str(last)), ensure_ascii=False)}:"
    failing = next((number for number, line in enumerate(lines) if line.startswith(mark)), 0)
    first = max(0, min(failing - LINES_AROUND // 2, len(lines) - LINES_AROUND))
    window = lines[first : first + LINES_AROUND]
    window[0] = window[0] if first == 0 else "…"
    window[-1] = window[-1] if first + LINES_AROUND == len(lines) else "…"
    return "\n".join(window)


def _masked_object(value: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    alike = Counter[str]()
    for key, held in value.items():
        hidden = name = masked_key(key)
        while name in shown or (name != key and name in value):  # two that look the same are still two
            alike[hidden] += 1
            name = f"{hidden} ({alike[hidden] + 1})"
        shown[name] = masked(held)
    return shown


def _masked_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Lu", "Lt"}:
        return "A"
    if category[0] in "LM":  # a mark is a part of a letter in many scripts
        return "a"
    return "9" if category[0] == "N" else character


def _masked_number(value: Any) -> int | float:
    """A number of the same length and sign, so that what is wrong with its form can still be seen."""
    if isinstance(value, int):
        nines = int("9" * min(_digits(value), LONGEST_NUMBER))
        return -nines if value < 0 else nines
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_NUMBER:
        return 9e99
    before, _, after = f"{abs(number):f}".partition(".")
    whole = "9" * min(len(before), LONGEST_NUMBER)
    fraction = "9" * min(len(after), LONGEST_NUMBER - len(whole))
    hidden = float(f"{whole}.{fraction}") if fraction else int(whole)
    return -hidden if number < 0 else hidden


def _digits(value: int) -> int:
    """How many digits, without printing it: Python refuses to print the longest."""
    return len(str(abs(value))) if value.bit_length() <= 256 else LONGEST_NUMBER


def _steps(path: str) -> list[str | int]:
    """The keys and positions of a path, up to where it is something else (an expression, several paths)."""
    steps: list[str | int] = []
    at = 1 if path.startswith("$") else 0
    while (found := _STEP.match(path, at)) is not None:
        at = found.end()
        if found["at"] is not None:
            steps.append(int(found["at"]))
        else:
            steps.append(json.loads(f'"{found["quoted"]}"') if found["quoted"] is not None else found["key"])
    return steps


def _holder(payload: Any, steps: Sequence[str | int]) -> tuple[Any, str | int | None]:
    """The innermost object or list on the way to the last step, and the step that is asked of it."""
    holder = payload
    for step in steps[:-1]:
        inner = _inside(holder, step)
        if not isinstance(inner, (dict, list)):
            return holder, step
        holder = inner
    return holder, steps[-1] if steps else None


def _inside(holder: Any, step: str | int) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
        return holder[step]
    return None

"""What pydantic found wrong in a plan or deal, in the words of whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from commissions.files.hints import meant_by_key, meant_by_share, meant_by_value
from commissions.files.problems import Location, Problem
from mappings.plain_words import Schema, in_file, resolved, shown, suggestion

Error = Mapping[str, Any]

#: How pydantic names the members of the unions in plans and deals.
_UNION_MEMBERS = re.compile(r"str|Sum|literal\[.*\]|str-enum\[.*\]|\[key\]")

#: A pattern to what it means; remedies that need no more than that.
_PATTERNS = {
    "^[a-z][a-z0-9_]{0,39}$": ("a name such as post_cap_fee", "use small letters, digits and _; begin with a letter"),
    "^[a-z][a-z0-9-]{0,59}$": (
        "a name such as keller-williams",
        "use small letters, digits and -; begin with a letter",
    ),
    "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$": ("a day of the year as MM-DD", 'write it in quotes, such as "07-01"'),
}
_SIMPLE = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write it without decimals"),
    "int_parsing": ("a whole number", "write it without decimals"),
    "int_from_float": ("a whole number", "write it without decimals"),
    "bool_type": ("true or false", "write one of them"),
    "bool_parsing": ("true or false", "write one of them"),
    "dict_type": ("keys and values", "write them indented below, one a line"),
    "model_type": ("keys and values", "write them indented below, one a line"),
    "model_attributes_type": ("keys and values", "write them indented below, one a line"),
    "tuple_type": ("a list", "write it in brackets, or each entry on a line of its own after `- `"),
    "date_type": ("a day such as 2026-01-31", "write year-month-day"),
    "date_parsing": ("a day such as 2026-01-31", "write year-month-day"),
    "date_from_datetime_parsing": ("a day such as 2026-01-31", "write year-month-day, a day that there is"),
    "date_from_datetime_inexact": ("a day such as 2026-01-31", "write year-month-day, without a time"),
}
_BOUNDS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "{} or more"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "{} or less"),
}
#: Keys and values, or a list, were expected.
_SHAPES = frozenset({"model_type", "model_attributes_type", "dict_type", "tuple_type"})
_WORD_LISTS = frozenset({"enum", "literal_error"})


def in_plain_words(errors: Sequence[Error], data: Any, schema: Schema) -> list[Problem]:
    """Each error as a problem, once.

    Args:
        errors: of pydantic.
        data: of the file.
        schema: JSON Schema of the file, for the keys that it knows.
    """
    return [_problem(group, data, schema) for group in _grouped(errors, data)]


def _grouped(errors: Sequence[Error], data: Any) -> Iterator[list[Error]]:
    """Errors of one entry together: each member of a union tells its own."""
    groups: dict[Location, list[Error]] = {}
    for error in errors:
        if not _follows(error):
            groups.setdefault(_location(error, data), []).append(error)
    deeper = {location[:end] for location in groups for end in range(len(location))}
    for location, group in groups.items():
        if location in deeper and all(_is_member(error["loc"][-1]) for error in group):
            continue  # another member of the union came further
        yield group


def _location(error: Error, data: Any) -> Location:
    members = {part for part in error["loc"] if _is_member(part)}
    return in_file(error["loc"], data, {str(part) for part in members})


def _is_member(part: str | int) -> bool:
    return isinstance(part, str) and _UNION_MEMBERS.fullmatch(part) is not None


def _follows(error: Error) -> bool:
    """A list counts only its good entries: it looks too short when some are wrong, which was told already."""
    return bool(error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"])


def _problem(group: Sequence[Error], data: Any, schema: Schema) -> Problem:
    error = group[0]
    at = _location(error, data)
    kind = error["type"]
    if kind == "extra_forbidden":
        remedy = meant_by_key(at, error["input"]) or suggestion(str(at[-1]), keys_at(error["loc"][:-1], schema))
        return Problem(at, "", "a key of the language", remedy)
    if kind == "missing":
        return Problem(at, "", "this key, which is not there", f"add `{error['loc'][-1]}`")
    value = _value(error, at, data)
    if kind in _WORD_LISTS:
        accepted = [word for one in group if one["type"] in _WORD_LISTS for word in _words(one["ctx"]["expected"])]
        return Problem(at, value, f"one of {', '.join(accepted)}", _nearest(str(error["input"]), accepted))
    if len(group) > 1 or (_is_member(error["loc"][-1]) and error["loc"][-1] != "[key]"):
        return Problem(
            at, value, "a name, or names to add up", "write `of: gross`, or `of: {plus: [gross], minus: [fee]}`"
        )
    meant = meant_by_value(at, *_held(at, data)) if kind in _SHAPES else None
    return Problem(at, value, *(meant or _expected(error)))


def _held(at: Location, data: Any) -> tuple[Any, Any]:
    """What stands in the file at this place, and what it stands in."""
    around: Any = None
    for part in at:
        around = data
        held = dict(enumerate(data)) if isinstance(data, list) else data
        data = held.get(part) if isinstance(held, dict) else None
    return data, around


def _value(error: Error, at: Location, data: Any) -> str:
    """What stands in the file; pydantic tells amounts in cents."""
    for part in at:
        held = dict(enumerate(data)) if isinstance(data, list) else data
        if not isinstance(held, dict) or part not in held:
            return shown(error["input"])
        data = held[part]
    if error["loc"][-1] == "[key]":
        return str(at[-1])
    return shown(data) if isinstance(data, list | dict | bool) or data in (None, "") else str(data)[:60]


def _expected(error: Error) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind == "value_error":
        return _of_number(str(context["error"]), error["input"])
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], (f"text like {context['pattern']}", "correct it"))
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return words.format(context[name]), "correct it"  # 0 or percentages: nothing that would have to be money
    if kind == "string_too_short":
        return f"at least {context['min_length']} characters", "write it out"
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters", "shorten it"
    if kind == "too_short":
        return f"at least {context['min_length']} entry", "add it"
    message = str(error["msg"])
    return message[:1].lower() + message[1:], "correct it"


def _of_number(message: str, given: Any) -> tuple[str, str]:
    """An amount, a percentage or a share that could not be read, by what `domain.commission.amounts` said of it."""
    if isinstance(given, list | dict | bool) or given is None:
        return "a number", "write it as it is, or in quotes"
    expected, text = message.removeprefix("expected "), str(given).strip()
    if re.fullmatch(r"[$€]?\s?-?[0-9][0-9,_ ]*(?:\.[0-9]+)?", text) and re.search(r"[$€,_ ]", text):
        return expected, "write it without commas, blanks and currency sign"
    if expected.startswith("a fraction"):
        return expected, meant_by_share(text) or "correct it"
    return expected, "correct it"


def _words(expected: str) -> Iterator[str]:
    return iter(re.findall(r"'([^']*)'", expected))


def _nearest(given: str, accepted: Iterable[str]) -> str:
    words = suggestion(given, accepted)
    return words if words.startswith("did you mean") else "choose one of them"


def keys_at(location: Iterable[str | int], schema: Schema) -> list[str]:
    """The keys that the schema knows at a location of pydantic."""
    at: Schema = resolved(schema, schema)
    for part in location:
        if isinstance(part, int):
            at = at.get("items", {})
        elif part in at.get("properties", {}):
            at = at["properties"][part]
        elif isinstance(at.get("additionalProperties"), dict):
            at = at["additionalProperties"]
        elif part == "Sum":
            at = schema["$defs"]["Sum"]
        at = resolved(at, schema)
    return list(at.get("properties", {}))

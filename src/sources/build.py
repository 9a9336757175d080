"""Check `sources.yaml` and build `index.json` from it: `python -m sources.build`, in src/.

Whoever edits the YAML learns here, with line and remedy, what is wrong with it; what runs has been checked before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import yaml

from domain.errors import ConfigurationError
from sources.catalog import INDEX

SOURCES = INDEX.with_name("sources.yaml")
MAPPINGS = INDEX.parents[1] / "mappings"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
#: Text that is more likely a misspelt part than something a provider signs.
_WORD = re.compile(r"[A-Za-z][\w:-]*")
_PER_SECOND = {"s": 1, "ms": 1000}
#: Signature syntax to the key that goes with it.
_MARK_KEYS = {"bare": None, "prefixed": "prefix", "params": "name", "versions": "name"}
_SCHEME_KEYS = {
    "hmac": {"kind", "algorithm", "key", "signed", "signature", "clock", "documentation"},
    "static": {"kind", "header", "documentation"},
    "bearer": {"kind", "documentation"},
    "basic": {"kind", "documentation"},
}
_SOURCE_KEYS = {
    *("scheme", "enabled", "queue", "event_type", "identity", "events", "keep_headers", "fetch", "documentation"),
}


class _Row:
    """One mapping of the file that knows where it stands, so that a mistake is named with its line."""

    def __init__(self, file: str, lines: Mapping[tuple[str, ...], int], path: tuple[str, ...], value: object) -> None:
        self.file, self.lines, self.path = file, lines, path
        if not isinstance(value, dict):
            self.fail(f"is {_shown(value)}; expected keys and values")
        self.values: dict[str, Any] = value

    def fail(self, what: str, key: str | None = None) -> NoReturn:
        path = self.path if key is None else (*self.path, key)
        line = self.lines.get(path) or self.lines.get(self.path, 1)
        raise ConfigurationError(f"{self.file}, line {line}: {'.'.join(path) or 'the file'} {what}")

    def only(self, keys: set[str]) -> None:
        for key in self.values:
            if key not in keys:
                self.fail(f"is not a key we know; expected one of {', '.join(sorted(keys))}", str(key))

    def row(self, key: str) -> _Row:
        if key not in self.values:
            self.fail("is missing; add it", key)
        return _Row(self.file, self.lines, (*self.path, key), self.values[key])

    def rows(self) -> Iterator[tuple[str, _Row]]:
        for name in self.values:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                self.fail("is not a name; use lower-case letters, digits and hyphens", str(name))
            yield name, self.row(name)

    def one_of(self, key: str, allowed: Mapping[str, object] | set[str]) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or value not in allowed:
            self.fail(f"is {_shown(value)}; expected one of {', '.join(sorted(allowed))}", key)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str) or (not value and default is None):
            self.fail(f"is {_shown(value)}; expected a text (in quotes if it looks like a number or a date)", key)
        return value

    def texts(self, key: str, *, empty: bool = False) -> list[str]:
        value = self.values.get(key, [] if empty else None)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.fail(f"is {_shown(value)}; expected a list of texts, such as [one, two]", key)
        if len(set(value)) != len(value):
            self.fail("names something twice; remove one", key)
        if not value and not empty:
            self.fail("is empty; add at least one", key)
        return value


def build(text: str, mapping_versions: Mapping[str, int], file: str = "sources.yaml") -> dict[str, Any]:
    """Turn the YAML into the index that `catalog.read_index` reads.

    Args:
        text: of the file.
        mapping_versions: of each source that has a mapping; 1 for the others.
        file: its name, for messages.

    Raises:
        ConfigurationError: the first mistake, with file, line and what would be right.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            f"{file}, line {line}: not YAML ({error.problem}); check indents and quotes"
        ) from error
    top = _Row(file, dict(_lines(node, (), file)), (), values)
    top.only({"schemes", "sources"})
    schemes = {name: _scheme(row) for name, row in top.row("schemes").rows()}
    sources = {
        name: {**_source(row, schemes), "mapping_version": mapping_versions.get(name, 1)}
        for name, row in top.row("sources").rows()
    }
    return {"schemes": schemes, "sources": sources}


def _lines(node: yaml.Node | None, path: tuple[str, ...], file: str) -> Iterator[tuple[tuple[str, ...], int]]:
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        here, line = (*path, str(key.value)), key.start_mark.line + 1
        if here in seen:
            raise ConfigurationError(f"{file}, line {line}: {'.'.join(here)} stands here a second time; remove one")
        seen.add(here)
        yield here, line
        yield from _lines(value, here, file)


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)


def _scheme(row: _Row) -> dict[str, Any]:
    kind = row.one_of("kind", _SCHEME_KEYS)
    row.only(_SCHEME_KEYS[kind])
    if "documentation" in row.values:
        _documentation(row)
    if kind == "static":
        return {"kind": kind, "header": row.text("header").lower()}
    if kind != "hmac":
        return {"kind": kind, "header": "authorization"}
    signature, syntax = _signature(row)
    key = row.row("key")
    key.only({"strip", "decoding"})
    signed = [_signed(row, parts, syntax) for parts in _alternatives(row)]
    clock = {"clock": _clock(row.row("clock"), signed)} if "clock" in row.values else {}
    return {
        "kind": kind,
        "algorithm": row.one_of("algorithm", {"sha1", "sha256", "sha512"}),
        "key_strip": key.text("strip", ""),
        "key_decoding": key.one_of("decoding", {"text", "base64", "hex"}),
        "signed": signed,
        **signature,
        **clock,
    }


def _signature(scheme: _Row) -> tuple[dict[str, str], str]:
    row = scheme.row("signature")
    syntax = row.one_of("syntax", _MARK_KEYS)
    mark = _MARK_KEYS[syntax]
    row.only({"header", "syntax", "encoding"} | ({mark} if mark else set()))
    fields = {
        "header": row.text("header").lower(),
        "syntax": syntax,
        "mark": row.text(mark) if mark else "",
        "encoding": row.one_of("encoding", {"hex", "base64"}),
    }
    return fields, syntax


def _alternatives(row: _Row) -> list[list[str]]:
    value = row.values.get("signed")
    lists = isinstance(value, list) and value and all(isinstance(parts, list) and parts for parts in value)
    if not lists or not all(isinstance(part, str) and part for parts in value for part in parts):  # type: ignore[union-attr]
        row.fail(f"is {_shown(value)}; expected a list of lists of parts, such as [[body]]", "signed")
    return value  # type: ignore[return-value]


def _signed(row: _Row, texts: list[str], syntax: str) -> list[tuple[str, str]]:
    parts = [_part(row, text) for text in texts]
    if not any(kind == "body" for kind, _ in parts):
        row.fail("leaves out the body, so anyone could change it; add `body`", "signed")
    if syntax != "params" and any(kind == "param" for kind, _ in parts):
        row.fail("reads a parameter, but the signature has none; expected signature.syntax params", "signed")
    return parts


def _part(row: _Row, text: str) -> tuple[str, str]:
    kind, _, name = text.partition(":")
    if text in ("body", "body:base64"):
        return "body", name
    if kind == "header" and name:
        return "header", name.lower()
    if kind in ("param", "literal") and name:
        return kind, name
    if _WORD.fullmatch(text):
        known = "body, body:base64, header:NAME, param:NAME, or literal:TEXT for text"
        row.fail(f"holds the part {text!r}, which we do not know; expected {known}", "signed")
    return "literal", text


def _clock(row: _Row, signed: list[list[tuple[str, str]]]) -> dict[str, Any]:
    row.only({"part", "unit", "tolerance_s"})
    part = _part(row, row.text("part"))
    if not any(part in parts for parts in signed):
        row.fail("is not among the signed parts, so anyone could change it; expected a signed header or param", "part")
    tolerance = row.values.get("tolerance_s")
    if type(tolerance) is not int or tolerance <= 0:
        row.fail(f"is {_shown(tolerance)}; expected a whole number of seconds, such as 300", "tolerance_s")
    return {"part": part, "per_second": _PER_SECOND[row.one_of("unit", _PER_SECOND)], "tolerance_s": tolerance}


def _source(row: _Row, schemes: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    row.only(_SOURCE_KEYS)
    _documentation(row)
    enabled = row.values.get("enabled")
    if not isinstance(enabled, bool):
        row.fail(f"is {_shown(enabled)}; expected true or false", "enabled")
    scheme = row.one_of("scheme", schemes)
    return {
        "scheme": scheme,
        "enabled": enabled,
        "queue": row.text("queue"),
        "event_type": [_place(text) for text in row.texts("event_type")],
        "identity": _identity(row, schemes[scheme]),
        **_events(row.row("events")),
        "keep_headers": [name.lower() for name in row.texts("keep_headers", empty=True)],
        "fetch": _fetch(row),
    }


def _place(text: str) -> tuple[str, str]:
    kind, _, name = text.partition(":")
    return ("header", name.lower()) if kind == "header" and name else ("path", text)


def _identity(row: _Row, scheme: Mapping[str, Any]) -> list[tuple[str, str]]:
    places = [_place(text) for text in row.texts("identity", empty=True)]
    for place in places:
        if place[0] == "header" and not all(place in parts for parts in scheme.get("signed", [])):
            row.fail(f"reads header {place[1]}, which is not signed: anyone could change it; use the body", "identity")
    return places


def _events(row: _Row) -> dict[str, list[str]]:
    row.only({"used", "ignored"})
    used, ignored = row.texts("used"), row.texts("ignored", empty=True)
    both = sorted(set(used) & set(ignored))
    if both:
        row.fail(f"also lists {', '.join(both)}, which `used` lists; remove it from one", "ignored")
    return {"used": used, "ignored": ignored}


def _fetch(row: _Row) -> dict[str, str]:
    if "fetch" not in row.values:
        return {}
    fetch = row.row("fetch")
    return {name: fetch.text(name) for name in fetch.values}


def _documentation(row: _Row) -> None:
    documentation = row.row("documentation")
    documentation.only({"url", "read"})
    if not documentation.text("url").startswith("https://"):
        documentation.fail("is not a link; expected https://...", "url")
    if not isinstance(documentation.values.get("read"), date):
        documentation.fail("is not a day; expected when the page was last read, such as 2026-11-21", "read")


def index_text(index: Mapping[str, Any]) -> str:
    """The index as it is committed: compact, and in one order."""
    return json.dumps(index, separators=(",", ":"), sort_keys=True) + "\n"


def mapping_versions(folder: Path = MAPPINGS) -> dict[str, int]:
    """The version that each mapping file states."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        mapping = yaml.safe_load(path.read_text("utf-8"))
        if isinstance(mapping, dict) and type(mapping.get("version")) is int:
            found[path.stem] = mapping["version"]
    return found


def main() -> None:
    """Rewrite the index from the files beside it."""
    INDEX.write_text(index_text(build(SOURCES.read_text("utf-8"), mapping_versions(), str(SOURCES))), "utf-8")


if __name__ == "__main__":
    main()

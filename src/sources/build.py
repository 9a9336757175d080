"""Check `sources.yaml` and build `index.json` from it: `python -m sources.build`, in src/.

Whoever edits the YAML learns here, with line and remedy, what is wrong with it; what runs has been checked before.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from mappings.compiler.files import report, text_of
from mappings.compiler.rows import Row, WrongError, shown
from mappings.compiler.yaml_tree import read_yaml
from mappings.loader import BUILT
from sources.catalog import INDEX

SOURCES = INDEX.with_name("sources.yaml")
MAPPINGS = BUILT.parent

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
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
    "max_silence_hours",
}


def build(text: str, mapping_versions: Mapping[str, int], file: str = "sources.yaml") -> dict[str, Any]:
    """Turn the YAML into the index that `catalog.read_index` reads.

    Args:
        text: of the file.
        mapping_versions: of each source that has a mapping; 1 for the others.
        file: its name, for messages.

    Raises:
        ConfigurationError: lists every mistake with file, line and what would be right.
    """
    tree = read_yaml(text)
    index: dict[str, Any] = {}
    if tree.data is not None or not tree.mistakes:
        try:
            index = _index(Row(tree, (), tree.data), mapping_versions)
        except WrongError:
            index = {}
    if tree.mistakes:
        raise ConfigurationError(report(tree.mistakes, file))
    return index


def _index(top: Row, mapping_versions: Mapping[str, int]) -> dict[str, Any]:
    top.only({"schemes", "sources"})
    named = top.values.get("schemes")
    known = set(named) if isinstance(named, dict) else set[str]()
    found = top.read({"schemes": lambda: top.row("schemes").rows(lambda _, row: _scheme(row))})
    schemes = found.get("schemes", {})

    def source(name: str, row: Row) -> dict[str, Any]:
        return {**_source(row, known, schemes), "mapping_version": mapping_versions.get(name, 1)}

    return found | top.read({"sources": lambda: top.row("sources").rows(source)})


def _scheme(row: Row) -> dict[str, Any]:
    kind = row.one_of("kind", _SCHEME_KEYS)
    row.only(_SCHEME_KEYS[kind])
    if "documentation" in row.values:
        row.read({"": lambda: _documentation(row)})
    if kind == "static":
        return {"kind": kind, "header": row.text("header").lower()}
    if kind != "hmac":
        return {"kind": kind, "header": "authorization"}
    parts = row.read({
        "algorithm": lambda: row.one_of("algorithm", {"sha1", "sha256", "sha512"}),
        "key": lambda: _key(row.row("key")),
        "signature": lambda: _signature(row.row("signature")),
        "signed": lambda: [_parts(row, texts) for texts in _alternatives(row)],
    })  # fmt: skip
    key, signature = parts.pop("key", {}), parts.pop("signature", {})
    kinds = {kind for signed in parts.get("signed", []) for kind, _ in signed}
    if "param" in kinds and signature and signature["syntax"] != "params":
        row.note("reads a parameter, but the signature has none; expected signature.syntax params", "signed")
    if "clock" in row.values:
        parts |= row.read({"clock": lambda: _clock(row.row("clock"), parts.get("signed"))})
    return {"kind": kind, **parts, **key, **signature}


def _key(row: Row) -> dict[str, str]:
    row.only({"strip", "decoding"})
    return row.read({
        "key_strip": lambda: row.text("strip", ""),
        "key_decoding": lambda: row.one_of("decoding", {"text", "base64", "hex"}),
    })  # fmt: skip


def _signature(row: Row) -> dict[str, str]:
    syntax = row.one_of("syntax", _MARK_KEYS)
    mark = _MARK_KEYS[syntax]
    row.only({"header", "syntax", "encoding"} | ({mark} if mark else set()))
    found = row.read({
        "header": lambda: row.text("header").lower(),
        "mark": lambda: row.text(mark) if mark else "",
        "encoding": lambda: row.one_of("encoding", {"hex", "base64"}),
    })  # fmt: skip
    return {"syntax": syntax, **found}


def _alternatives(row: Row) -> list[list[str]]:
    value = row.values.get("signed")
    alternatives = value if isinstance(value, list) else []
    if not alternatives or not all(_is_list_of_texts(parts) for parts in alternatives):
        row.fail(f"is {shown(value)}; expected a list of lists of parts, such as [[body]]", "signed")
    return alternatives


def _is_list_of_texts(parts: object) -> bool:
    return isinstance(parts, list) and bool(parts) and all(isinstance(part, str) and part for part in parts)


def _parts(row: Row, texts: list[str]) -> list[tuple[str, str]]:
    parts = [_part(row, text) for text in texts]
    if not any(kind == "body" for kind, _ in parts):
        row.fail("leaves out the body, so anyone could change it; add `body`", "signed")
    return parts


def _part(row: Row, text: str) -> tuple[str, str]:
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


def _clock(row: Row, signed: list[list[tuple[str, str]]] | None) -> dict[str, Any]:
    row.only({"part", "unit", "tolerance_s"})
    return row.read({
        "part": lambda: _clock_part(row, signed),
        "per_second": lambda: _PER_SECOND[row.one_of("unit", _PER_SECOND)],
        "tolerance_s": lambda: _tolerance(row),
    })  # fmt: skip


def _clock_part(row: Row, signed: list[list[tuple[str, str]]] | None) -> tuple[str, str]:
    part = _part(row, row.text("part"))
    if signed is not None and not any(part in parts for parts in signed):
        row.fail("is not among the signed parts, so anyone could change it; expected a signed header or param", "part")
    return part


def _tolerance(row: Row) -> int:
    tolerance = row.values.get("tolerance_s")
    if type(tolerance) is not int or tolerance <= 0:
        row.fail(f"is {shown(tolerance)}; expected a whole number of seconds, such as 300", "tolerance_s")
    return tolerance


def _source(row: Row, known: set[str], schemes: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    row.only(_SOURCE_KEYS)
    row.read({"documentation": lambda: _documentation(row)})
    found = row.read({
        "scheme": lambda: row.one_of("scheme", known),
        "enabled": lambda: row.flag("enabled"),
        "queue": lambda: row.text("queue"),
        "event_type": lambda: [_place(text) for text in row.texts("event_type")],
        "keep_headers": lambda: [name.lower() for name in row.texts("keep_headers", empty=True)],
        "fetch": lambda: _fetch(row),
        "max_silence_hours": lambda: _hours(row),
    })  # fmt: skip
    scheme = schemes.get(found.get("scheme", ""), {})  # of one that is wrong itself, nothing can be said
    return found | row.read({"identity": lambda: _identity(row, scheme)}) | _events(row)


def _place(text: str) -> tuple[str, str]:
    kind, _, name = text.partition(":")
    return ("header", name.lower()) if kind == "header" and name else ("path", text)


def _identity(row: Row, scheme: Mapping[str, Any]) -> list[tuple[str, str]]:
    places = [_place(text) for text in row.texts("identity", empty=True)]
    for place in places:
        if place[0] == "header" and not all(place in parts for parts in scheme.get("signed", [])):
            row.fail(f"reads header {place[1]}, which is not signed: anyone could change it; use the body", "identity")
    return places


def _events(source: Row) -> dict[str, list[str]]:
    row = source.row("events")
    row.only({"used", "ignored"})
    found = row.read({"used": lambda: row.texts("used"), "ignored": lambda: row.texts("ignored", empty=True)})
    both = sorted(set(found.get("used", ())) & set(found.get("ignored", ())))
    if both:
        row.note(f"also lists {', '.join(both)}, which `used` lists; remove it from one", "ignored")
    return found


def _fetch(row: Row) -> dict[str, str]:
    if "fetch" not in row.values:
        return {}
    fetch = row.row("fetch")
    return fetch.read({name: partial(fetch.text, name) for name in fetch.values})


def _hours(row: Row) -> int | None:
    hours = row.values.get("max_silence_hours")
    if "max_silence_hours" in row.values and (type(hours) is not int or hours <= 0):
        row.fail(
            f"is {shown(hours)}; expected a whole number of hours, such as 72, or no such key", "max_silence_hours"
        )
    return hours


def _documentation(source: Row) -> None:
    row = source.row("documentation")
    row.only({"url", "read"})
    row.read({"url": lambda: _link(row), "read": lambda: _day(row)})


def _link(row: Row) -> None:
    if not row.text("url").startswith("https://"):
        row.fail("is not a link; expected https://...", "url")


def _day(row: Row) -> None:
    if not _DAY.fullmatch(row.text("read")):
        row.fail("is not a day; expected when the page was last read, such as 2026-11-21", "read")


def index_text(index: Mapping[str, Any]) -> str:
    """The index as it is committed: compact, and in one order."""
    return json.dumps(index, separators=(",", ":"), sort_keys=True) + "\n"


def mapping_versions(folder: Path = MAPPINGS) -> dict[str, int]:
    """The version that each mapping file states.

    Raises:
        ConfigurationError: a mapping cannot be read.
    """
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        tree = read_yaml(text_of(path))
        if tree.mistakes:
            raise ConfigurationError(report(tree.mistakes, path.name))
        if isinstance(tree.data, dict) and type(tree.data.get("version")) is int:
            found[path.stem] = tree.data["version"]
    return found


def main() -> int:
    """Rewrite the index from the files beside it; 1 if one of them has mistakes."""
    try:
        index = build(text_of(SOURCES), mapping_versions(), SOURCES.name)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    INDEX.write_text(index_text(index), "utf-8")
    sys.stdout.write(f"wrote {INDEX}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

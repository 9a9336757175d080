"""YAML text to a checked mapping, or every mistake in it with file, line and remedy.

`python -m mappings.compiler` rewrites `built/*.json`, which the functions load at run time, and `mapping.schema.json`,
which editors complete mapping files by. Tests fail when either has drifted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from domain.errors import ConfigurationError
from mappings.compiler.building import as_json, compiled, write
from mappings.compiler.files import report, text_of
from mappings.compiler.mistakes import in_plain_words, json_schema
from mappings.compiler.schema import DealFields, IdEntry, MappingFile, MergedEntry, PersonFields, fold
from mappings.compiler.versions import kept_history
from mappings.compiler.vocabulary import Alike, ConditionEntry, RuleEntry, options_of
from mappings.compiler.yaml_tree import Location, Mistake, Tree, read_yaml
from mappings.loader import BUILT
from mappings.model import Mapping, from_built

#: Where the mapping files lie.
HERE = Path(__file__).parents[1]
SCHEMA = HERE / "mapping.schema.json"


def compile_file(file: Path) -> Mapping:
    """The mapping in a file.

    Raises:
        ConfigurationError: it cannot be read, or has mistakes; lists all of them.
    """
    return from_built(compile_text(text_of(file), file.name))


def compile_text(text: str, file: str) -> dict[str, Any]:
    """The mapping in this text, as the JSON that `mappings.model.from_built` reads.

    Args:
        text: YAML.
        file: its name, for messages; its stem must be the source's name.

    Raises:
        ConfigurationError: lists every mistake.
    """
    tree = read_yaml(text)
    mistakes = list(tree.mistakes)
    parsed = None
    if isinstance(tree.data, dict):
        try:
            parsed = MappingFile.model_validate(tree.data, context=_declared(tree.data))
        except ValidationError as error:
            mistakes += in_plain_words(error.errors(), tree)
        if (source := tree.data.get("source")) != Path(file).stem and isinstance(source, str):
            message = f"source {source!r} stands in a file named {file!r}; rename one of them"
            mistakes.append(Mistake(tree.line(("source",)), message))
    elif not mistakes:
        mistakes.append(Mistake(1, "the file holds no mapping; start with `source:`, `version:`, `provenance:`"))
    builder = _Builder(tree, parsed) if parsed is not None else None
    built = builder.mapping(file) if builder is not None else {}
    mistakes += builder.mistakes if builder is not None else []
    if mistakes:
        raise ConfigurationError(report(mistakes, file))
    return built


def _declared(data: dict[str, Any]) -> dict[str, Any]:
    """What the parts of a mapping may refer to, as far as it can be read."""
    events = data.get("events")
    declared = {name: value if isinstance(value := data.get(name), dict) else {} for name in ("tables", "conditions")}
    names = [event for event in events if isinstance(event, str)] if isinstance(events, list) else []
    return {**declared, "events": dict.fromkeys(names), "absent": data.get("absent", "keep")}


class _Builder:
    """Writes a checked file as the JSON of the run time: names resolved, lines noted."""

    def __init__(self, tree: Tree, parsed: MappingFile) -> None:
        self.tree = tree
        self.parsed = parsed
        self.mistakes: list[Mistake] = []

    def mapping(self, file: str) -> dict[str, Any]:
        parsed = self.parsed
        for name, condition in parsed.conditions.items():  # also those nobody uses: a circle is a mistake
            self._condition(condition, ("conditions", name), (name,))
        return {
            "source": parsed.source,
            "version": parsed.version,
            "doc": parsed.provenance.doc,
            "date": parsed.provenance.date,
            "file": file,
            "events": parsed.events,
            "nulls": parsed.nulls,
            "absent": parsed.absent,
            "blanks": sorted({"", *parsed.blanks}),
            "order_mark": {"kind": parsed.order_mark.kind, "rules": self._order_mark()},
            "occurred_at": self._rules(parsed.occurred_at, ("occurred_at",)),
            "deal_id": self._id(parsed.deal.id, ("deal", "id")),
            "merged": self._merged(),
            "stage_reason": self._rules(parsed.deal.stage_reason, ("deal", "stage_reason")),
            "fields": self._fields(parsed.deal.fields, ("deal", "fields")),
            "participants": self._participants(),
            "agents": self._agents(),
            "tables": {
                name: {fold(code): ours for code, ours in table.items()} for name, table in parsed.tables.items()
            },
            "unused_ok": parsed.unused_ok,
        }

    def _order_mark(self) -> list[dict[str, Any]]:
        mark = self.parsed.order_mark
        if mark.path is None:
            return []
        options = {"formats": mark.formats, "zone": mark.zone} if mark.kind != "version" else {}
        converter = "integer" if mark.kind == "version" else "instant"
        return [
            {"paths": _several(mark.path), "as": converter, "options": options, "line": self.tree.line(("order_mark",))}
        ]

    def _id(self, entry: IdEntry | None, at: Location, *, required: bool = True) -> list[dict[str, Any]]:
        if entry is None:
            return []
        # As everywhere: an address that does not parse holds nothing up where the event can do without it.
        lenient = {"lenient": True} if entry.as_ == "email" and not required else {}
        line = self.tree.line(at)
        return [{"paths": _several(entry.path), "as": entry.as_, "options": {}, **lenient, "line": line}]

    def _merged(self) -> list[dict[str, Any]]:
        entries, at = self.parsed.deal.merged, ("deal", "merged")
        if isinstance(entries, list):
            return [rule for position, entry in enumerate(entries) for rule in self._other_ids(entry, (*at, position))]
        return [] if entries is None else self._other_ids(entries, at)

    def _other_ids(self, entry: MergedEntry, at: Location) -> list[dict[str, Any]]:
        # A rule for each path: of the paths of one rule only the first that holds a value would count.
        when, line = self._condition(entry.when, at, ()), self.tree.line(at)
        rule: dict[str, Any] = {"as": entry.as_, "options": {}, "when": when, "line": line}
        return [{"paths": [path], **rule} for path in _several(entry.path)]

    def _participants(self) -> dict[str, Any] | None:
        entry = self.parsed.participants
        if entry is None:
            return None
        at: Location = ("participants",)
        return {
            "each": entry.each,
            "when": self._condition(entry.when, at, ()),
            "id": self._id(entry.id, (*at, "id"), required=False),
            "role": self._rules(entry.role, (*at, "role")),
            "fields": self._fields(entry.fields, (*at, "fields")),
            "line": self.tree.line(at),
        }

    def _agents(self) -> dict[str, Any] | None:
        entry = self.parsed.agents
        if entry is None:
            return None
        at: Location = ("agents",)
        return {
            "each": entry.each,
            "when": self._condition(entry.when, at, ()),
            "id": self._id(entry.id, (*at, "id")),
            "side": self._rules(entry.side, (*at, "side")),
            **self._shares(entry.share, (*at, "share")),
            "line": self.tree.line(at),
        }

    def _shares(self, shares: Any, at: Location) -> dict[str, Any]:
        """What each one's part is, with the `alike` that may end it taken off: it is no rule that reads a value."""
        several = shares if isinstance(shares, list) else [] if shares is None else [shares]
        last = several[-1] if several else None
        place = (*at, len(several) - 1) if isinstance(shares, list) else at
        alike = None
        if last == "alike" or isinstance(last, Alike):
            when = last.when if isinstance(last, Alike) else None
            alike = {"when": self._condition(when, place, ()), "line": self.tree.line(place)}
            several = several[:-1]
        rules = several if isinstance(shares, list) else next(iter(several), None)
        return {"share": self._rules(rules, at), "alike": alike}

    def _fields(self, fields: Any, at: Location) -> dict[str, Any]:
        model = DealFields if at[0] == "deal" else PersonFields
        rules = {info.alias: getattr(fields, name) for name, info in model.model_fields.items()}
        written: Any = self.tree.data
        for part in at:
            written = written[part]
        return {name: self._rules(rules[name], (*at, name)) for name in written if rules[name] is not None}

    def _rules(self, rules: RuleEntry | list[RuleEntry] | None, at: Location) -> list[dict[str, Any]]:
        if rules is None:
            return []
        if isinstance(rules, list):
            return [self._rule(rule, (*at, position)) for position, rule in enumerate(rules)]
        return [self._rule(rules, at)]

    def _rule(self, rule: Any, at: Location) -> dict[str, Any]:
        events = self.parsed.events
        built = {
            "paths": _several(rule.path) if rule.path is not None else [],
            "join": rule.join or [],
            "as": rule.as_,
            "options": options_of(rule),
            "default": rule.default,
            "default_for": (rule.default_for or events) if rule.default is not None else [],
            "required": rule.required if isinstance(rule.required, list) else events if rule.required else [],
            "when": self._condition(rule.when, at, ()),
            "lenient": getattr(rule, "lenient", False) and not rule.required,
            "line": self.tree.line(at),
        }
        return {key: value for key, value in built.items() if value not in (None, [], {}, False)}

    def _condition(self, ref: str | ConditionEntry | None, at: Location, inside: tuple[str, ...]) -> Any:
        if ref is None:
            return None
        if isinstance(ref, str):
            if ref in inside:
                chain = " → ".join([*inside, ref])
                message = f"condition {ref!r} refers to itself ({chain}); spell out what it means"
                if all(mistake.message != message for mistake in self.mistakes):  # not again for each use
                    self.mistakes.append(Mistake(self.tree.line(at), message))
                return None
            return self._condition(self.parsed.conditions[ref], at, (*inside, ref))
        joined = {"all": ref.all_, "any": ref.any_, "not": [ref.not_] if ref.not_ is not None else None}
        for test, parts in joined.items():
            if parts is not None:
                return {"test": test, "parts": [self._condition(part, at, inside) for part in parts]}
        return {"path": ref.path, **({"table": ref.table} if ref.table else {}), **_test(ref)}


def _test(condition: ConditionEntry) -> dict[str, Any]:
    if condition.present or condition.absent:
        return {"test": "present" if condition.present else "absent"}
    if condition.equals_path is not None:
        return {"test": "equals_path", "other": condition.equals_path}
    if condition.contains is not None:
        return {"test": "contains", "values": [condition.contains]}
    if condition.not_in is not None:
        return {"test": "equals_none", "values": condition.not_in}
    return {"test": "equals_any", "values": condition.in_ if condition.in_ is not None else [condition.equals]}


def _several(path: str | list[str]) -> list[str]:
    return path if isinstance(path, list) else [path]


def outputs(folder: Path = HERE) -> dict[Path, str]:
    """What the compiler writes for the mappings of a folder: file to content.

    Raises:
        ConfigurationError: lists the mistakes of all files.
    """
    return {SCHEMA: as_json(json_schema())} | compiled(folder, compile_text, BUILT)


def main(arguments: list[str] | None = None) -> int:
    """Rewrite the prebuilt mappings and the schema; 1 if a mapping has mistakes.

    Args:
        arguments: `--amend` where a version was never deployed and its meaning may change; default: the command's own.
    """
    amend = "--amend" in (sys.argv[1:] if arguments is None else arguments)

    def files() -> dict[Path, str]:
        written = outputs()
        return written | kept_history(written, amend=amend, folder=BUILT)

    return write(files)

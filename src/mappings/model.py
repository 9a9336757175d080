"""A compiled mapping as the transforms run it: light, frozen objects read back from `built/<source>.json`.

No pydantic here, and named tuples rather than dataclasses: every cold start of `process` pays for making these classes,
and the compiler has checked everything before.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mappings.paths import Path, parse_path

Scalar = str | int | bool


class Condition(NamedTuple):
    """When a rule or an entry counts.

    Attributes:
        test: `equals_any`, `equals_none`, `contains`, `present`, `absent`, `equals_path`, `all`, `any` or `not`.
        path: what is looked at; None for `all`, `any` and `not`.
        values: what it is compared with.
        other: the second path of `equals_path`.
        table: the table that translates what was read before it is compared, if any.
        parts: the conditions that `all`, `any` and `not` join.
    """

    test: str
    path: Path | None = None
    values: tuple[Scalar, ...] = ()
    other: Path | None = None
    table: str | None = None
    parts: tuple[Condition, ...] = ()


class Rule(NamedTuple):
    """One way to fill one canonical field.

    Attributes:
        paths: tried in order; the first that holds a value wins.
        join: instead of `paths`: the values present here, joined by a space.
        converter: a name of the vocabulary.
        options: of the converter.
        default: raw value that stands in where there is none; None for no default.
        default_for: the event types that the default applies to.
        required: the event types that must carry a value.
        when: the rule is skipped unless this holds.
        lenient: a value that does not fit is left out with a warning, instead of failing the event.
        line: in the YAML file, for explanations.
    """

    paths: tuple[Path, ...]
    join: tuple[Path, ...]
    converter: str
    options: Table[str, Any]
    default: Scalar | None
    default_for: frozenset[str]
    required: frozenset[str]
    when: Condition | None
    lenient: bool
    line: int


#: The alternatives for one field, in order.
Rules = tuple[Rule, ...]


class OrderMark(NamedTuple):
    """What makes one event newer than another.

    Attributes:
        kind: `version` (a counter), `timestamp` (the provider's clock) or `fetched` (the same, else our fetch began).
        rules: where it stands.
    """

    kind: Literal["version", "timestamp", "fetched"]
    rules: Rules


class People(NamedTuple):
    """How to read everyone on the deal except our own agents."""

    each: Path
    when: Condition | None
    id: Rules
    role: Rules
    fields: Table[str, Rules]
    line: int


class Alike(NamedTuple):
    """Which of our agents have equal parts of their side: those of whom `when` holds, all of them without it."""

    when: Condition | None
    line: int


class Agents(NamedTuple):
    """How to tell our own agents, and what each one's part is: by `share`, else by `alike`."""

    each: Path
    when: Condition | None
    id: Rules
    side: Rules
    share: Rules
    alike: Alike | None
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """One source's mapping, checked and ready to run; compared and hashed by identity.

    Attributes:
        source: the name in the webhook path.
        version: raised with every change of meaning; events remember it.
        events: the event types that it applies to.
        merged: where other ids of the deal stand; a rule for each path, of which all count.
        nulls: what an explicit null or an empty text means: `clear` the field, or `keep` what we hold.
        absent: what a missing path means; `clear` only for sources whose documents are always complete.
        blanks: texts that mean "no value", besides the empty one.
        unused_ok: payload paths that nobody needs, so that previews do not list them.
        file: name of the YAML file.
    """

    source: str
    version: int
    doc: str
    date: str
    events: tuple[str, ...]
    order_mark: OrderMark
    occurred_at: Rules
    deal_id: Rules
    merged: Rules
    stage_reason: Rules
    fields: Table[str, Rules]
    participants: People | None
    agents: Agents | None
    tables: Table[str, Table[str, str]]
    nulls: Literal["clear", "keep"]
    absent: Literal["clear", "keep"]
    blanks: frozenset[str]
    unused_ok: tuple[str, ...]
    file: str


def from_built(built: Table[str, Any]) -> Mapping:
    """Read what the compiler wrote."""
    mark = built["order_mark"]
    people, agents = built["participants"], built["agents"]
    return Mapping(
        source=built["source"],
        version=built["version"],
        doc=built["doc"],
        date=built["date"],
        events=tuple(built["events"]),
        order_mark=OrderMark(mark["kind"], _rules(mark["rules"])),
        occurred_at=_rules(built["occurred_at"]),
        deal_id=_rules(built["deal_id"]),
        merged=_rules(built["merged"]),
        stage_reason=_rules(built["stage_reason"]),
        fields=_fields(built["fields"]),
        participants=None
        if people is None
        else People(
            each=parse_path(people["each"]),
            when=_condition(people["when"]),
            id=_rules(people["id"]),
            role=_rules(people["role"]),
            fields=_fields(people["fields"]),
            line=people["line"],
        ),
        agents=None
        if agents is None
        else Agents(
            each=parse_path(agents["each"]),
            when=_condition(agents["when"]),
            id=_rules(agents["id"]),
            side=_rules(agents["side"]),
            share=_rules(agents["share"]),
            alike=None
            if agents["alike"] is None
            else Alike(_condition(agents["alike"]["when"]), agents["alike"]["line"]),
            line=agents["line"],
        ),
        tables=built["tables"],
        nulls=built["nulls"],
        absent=built["absent"],
        blanks=frozenset(built["blanks"]),
        unused_ok=tuple(built["unused_ok"]),
        file=built["file"],
    )


def _fields(fields: Table[str, Any]) -> dict[str, Rules]:
    return {name: _rules(rules) for name, rules in fields.items()}


def _rules(rules: list[dict[str, Any]]) -> Rules:
    return tuple(_rule(rule) for rule in rules)


def _rule(rule: Table[str, Any]) -> Rule:
    return Rule(
        paths=tuple(parse_path(path) for path in rule.get("paths", ())),
        join=tuple(parse_path(path) for path in rule.get("join", ())),
        converter=rule["as"],
        options=rule.get("options", {}),
        default=rule.get("default"),
        default_for=frozenset(rule.get("default_for", ())),
        required=frozenset(rule.get("required", ())),
        when=_condition(rule.get("when")),
        lenient=rule.get("lenient", False),
        line=rule["line"],
    )


def _condition(condition: Table[str, Any] | None) -> Condition | None:
    return None if condition is None else _some_condition(condition)


def _some_condition(condition: Table[str, Any]) -> Condition:
    path, other = condition.get("path"), condition.get("other")
    return Condition(
        test=condition["test"],
        path=None if path is None else parse_path(path),
        values=tuple(condition.get("values", ())),
        other=None if other is None else parse_path(other),
        table=condition.get("table"),
        parts=tuple(_some_condition(part) for part in condition.get("parts", ())),
    )

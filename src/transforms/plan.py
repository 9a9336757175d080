"""A mapping made ready to run: paths as functions, converters with their options, conditions as predicates.

Built once per mapping and process; everything that can be decided before a payload arrives is decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, get_args
from zoneinfo import ZoneInfo

from domain.deal import DEAL_FIELDS, GROUPS, DealDetails, Value
from domain.errors import ConfigurationError
from domain.terms import Role, Side
from mappings.model import Agents, Condition, Mapping, People, Rule, Rules
from transforms.conditions import Holds, predicate
from transforms.converters.registry import Converter, converter
from transforms.converters.unfit import Unfit
from transforms.reading import Read, joined, reader, spoken


class Step(NamedTuple):
    """One way to find a field's value; a rule with several paths is several steps."""

    path: str
    from_root: bool
    lenient: bool
    rule: str
    line: int


#: (condition, reader, converter, does it need the zone, the step for people): a tuple, because the engine unpacks it a
#: hundred times an event.
RunStep = tuple[Holds | None, Read | None, Callable[..., Value], bool, Step]


class Field(NamedTuple):
    """How to fill one canonical field."""

    name: str
    steps: tuple[RunStep, ...]
    defaults: dict[str, Value]
    required: frozenset[str]
    clears: bool
    clears_absent: bool


class Sharing(NamedTuple):
    """Of which of our agents it holds that they share alike, and where the mapping says so."""

    when: Holds | None
    rule: str
    line: int

    def holds(self, item: object, root: object) -> bool:
        """Whether this entry shares alike."""
        return self.when is None or self.when(item, root)


class Entries(NamedTuple):
    """A list in the payload and how to read its entries."""

    path: str
    read: Read
    when: Holds | None
    fields: dict[str, Field]
    alike: Sharing | None = None


class Plan(NamedTuple):
    """A mapping, ready to run.

    Attributes:
        merged: a field for each place where another id of the deal may stand; all of them count.
        one_list: people and our agents stand in one list; an entry that is our agent is nobody else.
    """

    mapping: Mapping
    events: frozenset[str]
    blanks: frozenset[str]
    deal_id: Field
    merged: tuple[Field, ...]
    mark: Field
    occurred_at: Field
    stage_reason: Field
    fields: tuple[Field, ...]
    participants: Entries | None
    agents: Entries | None
    one_list: bool


#: A deal is always in some stage, and what was merged stays merged; silence about either says nothing.
_NEVER_CLEARED = frozenset({"stage", "merged_ids"})


@lru_cache(maxsize=64)
def plan_of(mapping: Mapping) -> Plan:
    """Make a mapping ready to run.

    Raises:
        ConfigurationError: a default of its does not fit its converter.
    """
    return _Planner(mapping).plan()


def _codes_of(field: str) -> type[StrEnum] | None:
    """Our codes of a canonical field, if it holds codes."""
    if field not in DEAL_FIELDS:
        return {"role": Role, "side": Side}.get(field)
    group, _, name = field.rpartition(".")
    annotation = (GROUPS[group] if group else DealDetails).model_fields[name].annotation
    kinds = [kind for kind in get_args(annotation) if isinstance(kind, type) and issubclass(kind, StrEnum)]
    return kinds[0] if kinds else None


class _Planner:
    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.blanks = mapping.blanks

    def plan(self) -> Plan:
        mapping, every = self.mapping, frozenset(self.mapping.events)
        people, agents = mapping.participants, mapping.agents
        ordered = every if mapping.order_mark.kind != "fetched" else None
        return Plan(
            mapping=mapping,
            events=every,
            blanks=self.blanks,
            deal_id=self._field("id", "deal.id", mapping.deal_id, required=every),
            merged=tuple(self._field("merged_ids", "deal.merged", (rule,)) for rule in mapping.merged),
            mark=self._field("order_mark", "order_mark", mapping.order_mark.rules, required=ordered),
            occurred_at=self._field("occurred_at", "occurred_at", mapping.occurred_at),
            stage_reason=self._field("stage_reason", "deal.stage_reason", mapping.stage_reason),
            fields=tuple(self._field(name, f"deal.fields.{name}", rules) for name, rules in mapping.fields.items()),
            participants=None if people is None else self._people(people, every),
            agents=None if agents is None else self._agents(agents, every),
            one_list=people is not None and agents is not None and people.each == agents.each,
        )

    def _people(self, people: People, every: frozenset[str]) -> Entries:
        fields = {
            "id": self._field("id", "participants.id", people.id),
            "role": self._field("role", "participants.role", people.role, required=every),
        }
        for name, rules in people.fields.items():
            fields[name] = self._field(name, f"participants.fields.{name}", rules)
        return Entries(people.each.text, reader(people.each), self._holds(people.when), fields)

    def _agents(self, agents: Agents, every: frozenset[str]) -> Entries:
        fields = {
            "id": self._field("agent_id", "agents.id", agents.id, required=every),
            "side": self._field("side", "agents.side", agents.side, required=every),
            "share": self._field("share", "agents.share", agents.share),
        }
        alike = agents.alike and Sharing(self._holds(agents.alike.when), "agents.share", agents.alike.line)
        return Entries(agents.each.text, reader(agents.each), self._holds(agents.when), fields, alike)

    def _field(self, name: str, rule: str, rules: Rules, required: frozenset[str] | None = None) -> Field:
        steps: list[RunStep] = []
        defaults: dict[str, Value] = {}
        for position, one in enumerate(rules):
            label = rule if len(rules) == 1 else f"{rule}[{position}]"
            convert = converter(one.converter, one.options, self.mapping.tables, _codes_of(name))
            steps += self._steps(one, label, convert)
            if one.default is not None:
                value = self._default(one, label, convert)
                defaults.update({event: value for event in one.default_for if event not in defaults})
        wanted = frozenset().union(*(one.required for one in rules)) if required is None else required
        clears = name not in _NEVER_CLEARED
        return Field(
            name, tuple(steps), defaults, wanted,
            clears=clears and self.mapping.nulls == "clear",
            clears_absent=clears and self.mapping.absent == "clear" and bool(steps),
        )  # fmt: skip

    def _steps(self, rule: Rule, label: str, convert: Converter) -> list[RunStep]:
        when = self._holds(rule.when)

        def step(path: str, read: Read | None, *, from_root: bool = False) -> RunStep:
            return when, read, convert.run, convert.zoned, Step(path, from_root, rule.lenient, label, rule.line)

        if rule.join:
            return [step(spoken(rule.join), joined(rule.join, self.blanks))]
        if not rule.paths:
            return [step("(constant)", None)]
        return [step(path.expression, reader(path), from_root=path.from_root) for path in rule.paths]

    def _default(self, rule: Rule, label: str, convert: Converter) -> Value:
        try:
            return convert.run(rule.default, ZoneInfo("UTC")) if convert.zoned else convert.run(rule.default)
        except Unfit as unfit:
            raise ConfigurationError(
                f"{self.mapping.file}:{rule.line}: {label}: default {rule.default!r} does not fit; expected {unfit}"
            ) from unfit

    def _holds(self, condition: Condition | None) -> Holds | None:
        return None if condition is None else predicate(condition, self.mapping.tables, self.blanks)

"""Runs a plan over a payload. The one implementation behind `needs`, `apply` and `preview`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, cast

from domain.agents import agent_id
from domain.deal import Participant, Value
from domain.errors import ConfigurationError, FieldProblem
from domain.marks import Mark, microseconds
from domain.terms import Role, Side
from transforms.converters.moments import zone_named
from transforms.converters.unfit import Unfit, shown
from transforms.findings import EventContext, FieldTrace, Findings, NamedAgent
from transforms.named_twice import agents_once, people_once
from transforms.plan import Entries, Field, Plan, Sharing, Step
from transforms.reading import ABSENT, WrongShape

#: Longer lists are refused before they are read; see `rules.MAX_PEOPLE` for what a deal may hold.
LONGEST_LIST = 200


#: Bytes of an agent's id: DynamoDB's range keys hold 1,024, and some characters grow when they are normalised.
LONGEST_KEY = 800


class Run:
    """One payload on its way through a plan."""

    __slots__ = ("blanks", "event", "event_type", "our_places", "out", "plan", "root", "tracing", "zone")

    def __init__(self, plan: Plan, payload: Any, event: EventContext, *, trace: bool = False) -> None:
        if event.event_type not in plan.events:
            raise ConfigurationError(
                f"{plan.mapping.file} does not apply to {event.event_type!r} (it names "
                f"{', '.join(plan.mapping.events)}); add it under `events` or stop using it in sources.yaml"
            )
        self.plan = plan
        self.root = payload
        self.event = event
        self.event_type = event.event_type
        self.zone = zone_named(event.zone)
        self.out = Findings()
        self.blanks = plan.blanks
        self.tracing = trace
        self.our_places: set[int] = set()

    def whole(self) -> Findings:
        """Everything the payload says, and everything that is wrong with it."""
        plan, out = self.plan, self.out
        named = self._value(plan.deal_id, self.root, "")
        out.source_id = named if isinstance(named, str) else ""
        out.merged_ids = self._merged_ids()
        out.mark = self._mark()
        occurred_at = self._value(plan.occurred_at, self.root, "")
        out.occurred_at = occurred_at if isinstance(occurred_at, datetime) else self.event.received_at
        reason = self._value(plan.stage_reason, self.root, "")
        out.stage_reason = reason if isinstance(reason, str) else None
        values, root, find = out.values, self.root, self._value
        for one in plan.fields:
            value = find(one, root, "")
            if value is not ABSENT:
                values[one.name] = cast("Value", value)
        out.agents = self._agents()
        out.participants = self._participants()
        return out

    def _merged_ids(self) -> tuple[str, ...]:
        """Every id the source gave this deal besides the one that it has now."""
        others = set()
        for one in self.plan.merged:
            traced = len(self.out.traces)
            found = self._value(one, self.root, "")
            if isinstance(found, str) and found != self.out.source_id:
                others.add(found)
            else:
                del self.out.traces[traced:]
        return tuple(sorted(others))

    def _mark(self) -> Mark | None:
        found, began = self._value(self.plan.mark, self.root, ""), self._fetch_began()
        if found is None or found is ABSENT:
            if began is None:
                return None  # reported as missing
            found = began
        order = microseconds(found) if isinstance(found, datetime) else cast("int", found)
        if order < 0:
            path = self.plan.mark.steps[0][4].path
            self.out.problems.append(FieldProblem(path, shown(order), "a version of 0 or more", "order_mark"))
            return None
        event_id = self.event.event_id
        return Mark(order, event_id if began is None else f"{microseconds(began):020d}:{event_id}")

    def _fetch_began(self) -> datetime | None:
        """When the documents were fetched; None for sources whose events are not ordered by it."""
        if self.plan.mapping.order_mark.kind != "fetched":
            return None
        if self.event.fetched_at is None:
            raise ConfigurationError(
                f"{self.plan.mapping.file} orders events by when they were fetched, and no fetch time was given; "
                f"name what to fetch for source {self.event.source!r} in sources.yaml"
            )
        return self.event.fetched_at

    def _participants(self) -> list[Participant] | None:
        entries = self.plan.participants
        if entries is None or (items := self._items(entries, "participants")) is None:
            return None
        people: list[Participant] = []
        fields = [(name, one) for name, one in entries.fields.items() if name not in {"id", "role"}]
        for at, item in items:
            role = self._value(entries.fields["role"], item, at)
            source_id = self._value(entries.fields["id"], item, at)
            found: dict[str, Any] = {}
            for name, one in fields:
                value = self._value(one, item, at)
                if value is not ABSENT:
                    found[name] = value if value is None or isinstance(value, str) else str(value)
            known = source_id if isinstance(source_id, str) else None
            if known is None and not any(found.values()):
                expected = "an id, name, company, e-mail or phone; the entry is left out"
                self.out.warnings.append(FieldProblem(at, shown(item), expected, "participants"))
            elif isinstance(role, Role):
                people.append(Participant(source_id=known, role=role, fields=found))
        return people_once(people)

    def _agents(self) -> list[NamedAgent] | None:
        entries = self.plan.agents
        if entries is None or (items := self._items(entries, "agents")) is None:
            return None
        named: dict[str, NamedAgent] = {}
        for at, item in items:
            found = self._value(entries.fields["id"], item, at)
            side = self._value(entries.fields["side"], item, at)
            share = self._value(entries.fields["share"], item, at)
            if isinstance(found, str) and isinstance(side, Side):
                if len(agent_id(found).encode()) > LONGEST_KEY:
                    self._problem(at, found, f"an agent id of at most {LONGEST_KEY} bytes", "agent_id")
                part = share if isinstance(share, Fraction) else None
                alike = part is None and entries.alike is not None and entries.alike.holds(item, self.root)
                named[at] = NamedAgent(agent_id(found), side, part, alike)
        agents = agents_once(named.values())
        if self.tracing and entries.alike is not None:
            self._trace_alike(entries.alike, named, agents)
        return agents

    def _items(self, entries: Entries, name: str) -> Iterator[tuple[str, Any]] | None:
        """The entries that count, each with its place; None where the payload does not list them."""
        try:
            listed = entries.read(self.root, self.root)
        except WrongShape as shape:
            self._problem(shape.path, shape.value, shape.expected, name)
            return None
        if listed is ABSENT or (listed is None and self.plan.mapping.nulls == "keep"):
            return None
        if listed is None:
            return iter(())
        if not isinstance(listed, list) or len(listed) > LONGEST_LIST:
            self._problem(entries.path, listed, f"a list of at most {LONGEST_LIST} entries", name)
            return None
        return self._counting(entries, listed, name)

    def _counting(self, entries: Entries, listed: list[Any], name: str) -> Iterator[tuple[str, Any]]:
        when, root, ours = entries.when, self.root, self.our_places
        agents, one_list = entries is self.plan.agents, self.plan.one_list
        for position, item in enumerate(listed):
            if not isinstance(item, dict):
                self._problem(f"{entries.path}[{position}]", item, "an object", name)
            elif (agents or not one_list or position not in ours) and (when is None or when(item, root)):
                if agents:
                    ours.add(position)
                yield f"{entries.path}[{position}]", item

    def _value(self, wanted: Field, item: Any, at: str) -> object:
        """The canonical value of one field; None clears it, ABSENT says nothing. Problems are noted, not raised."""
        blank, asked = False, False
        root = self.root
        raw: Any
        for when, read, convert, zoned, step in wanted.steps:
            if when is not None and not when(item, root):
                continue
            asked = True
            if read is None:
                continue
            raw = ABSENT
            try:
                raw = read(item, root)
                if raw is ABSENT:
                    continue
                if raw is None or (raw.__class__ is str and raw.strip() in self.blanks):
                    blank = True
                    continue
                value = convert(raw, self.zone) if zoned else convert(raw)
            except Unfit as unfit:
                self._unfit(wanted, step, at, raw, unfit)
                return ABSENT
            except WrongShape as shape:
                self._problem(_place(at, shape.path, step.from_root), shape.value, shape.expected, wanted.name)
                return ABSENT
            if value is None:  # nothing was left of it
                blank = True
                continue
            if self.tracing:
                self._trace(wanted, step, at, raw, value)
            return value
        return self._nothing(wanted, at, blank=blank) if asked else ABSENT

    def _nothing(self, wanted: Field, at: str, *, blank: bool) -> object:
        """What no value means: a default, a problem, a cleared field, or nothing."""
        if self.event_type in wanted.defaults:
            value = wanted.defaults[self.event_type]
            if self.tracing:
                self._trace(wanted, wanted.steps[0][4], at, ABSENT, value)
            return value
        if self.event_type in wanted.required:
            step = wanted.steps[0][4]
            path = _place(at, step.path, step.from_root)
            self.out.problems.append(
                FieldProblem(path, "empty" if blank else "absent", f"a value in {self.event_type}", wanted.name)
            )
            return ABSENT
        if wanted.clears if blank else wanted.clears_absent:
            if blank and self.tracing:
                self._trace(wanted, wanted.steps[0][4], at, None, None)
            return None
        return ABSENT

    def _unfit(self, wanted: Field, step: Step, at: str, raw: Any, unfit: Unfit) -> None:
        path = _place(at, step.path, step.from_root)
        reported = self.out.warnings if step.lenient else self.out.problems
        if all(problem.path != path for problem in reported):  # one value may fill several fields
            reported.append(FieldProblem(path, shown(raw), str(unfit), _named(at, wanted.name)))

    def _problem(self, path: str, value: Any, expected: str, name: str) -> None:
        """Note a wrong shape, once for all the fields behind it."""
        path = path or "(the whole body)"
        if all(problem.path != path for problem in self.out.problems):
            self.out.problems.append(FieldProblem(path, shown(value), expected, name))

    def _trace(self, wanted: Field, step: Step, at: str, raw: Any, value: Value) -> None:
        path = "(default)" if raw is ABSENT else _place(at, step.path, step.from_root)
        sent = "nothing" if raw is ABSENT else "empty" if raw is None else shown(raw)
        self.out.traces.append(FieldTrace(_named(at, wanted.name), step.rule, step.line, path, sent, value))

    def _trace_alike(self, alike: Sharing, named: Mapping[str, NamedAgent], agents: list[NamedAgent]) -> None:
        parts = {(agent.agent_id, agent.side): agent.share for agent in agents if agent.alike}
        for at, agent in named.items():
            part = parts.get((agent.agent_id, agent.side))
            if agent.alike and part is not None:
                place = _named(at, "share")
                self.out.traces.append(FieldTrace(place, alike.rule, alike.line, "(alike)", "nothing", part))


def _place(at: str, path: str, from_root: bool) -> str:
    if from_root or not at:
        return path
    return at if path == "@" or not path else f"{at}.{path}"


def _named(at: str, name: str) -> str:
    """`participants[2].phone` for a field of an entry, `sale_price` for one of the deal."""
    return f"{at.rpartition('.')[2]}.{name}" if at else name

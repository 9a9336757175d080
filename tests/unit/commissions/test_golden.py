"""The golden cases: each is a file `tests/golden/<ID>.yaml`, and all of them are run by the code below.

A case has *runs*, each of them deals that are computed, or a call of a function of `commissions`; and *expected*
figures, each with a *selector* that says where in the runs the figure is found. A run is one of

- `deal:` a deal file; `times: 12` computes it so often, one after the other;
- `deals:` several, in the order in which they are settled. Counters carry over from deal to deal;
- `call: module.function` with `arguments:` (see `_argument`).

Its plans are `plan:` (everybody's) or `plans:` (by agent), of the run or else of the case. A selector is one of

- `lines: {code: split, agent: ann}` with `figure: amount` (or `basis`): the sum over the lines that have all of these
  (`stage`, `code`, `rule`, `agent`, `payer`, `payee`, `rate`);
- `party: ann`: what a party has in the end;
- `total: gross`, or `total: payees`, the sum of what all parties have;
- `counter: company_dollar, of: ann` after the last deal; `cap: ...` of it;
- `owed_by: ann`, and `to:` a payee: receivables;
- `result: run`, and `at: [0, paid]` within it: what a call returned;
- `entries: run, where: {...}, figure: amount`: the sum over the entries that a call returned; `count: run`: how many;
- `plus: [...], minus: [...]` of other selectors.

`run:` names the run (`main` unless given), `deal:` one of its deals (all of them unless given). Names that occur in
no plan, deal or line are mistakes of the file, so that no zero is found by a slip of the pen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from commissions.engine import GoverningPlan, compute
from commissions.files.reading import read_deal, read_plan
from domain.commission.amounts import cents_of, percent_of
from domain.commission.calculation import COMPANY, GROSS, Calculation, Code, CounterKey, Stage
from domain.commission.closing import Closing
from domain.commission.plan import Plan
from domain.money import Money
from mappings.compiler.yaml_tree import read_yaml

FOLDER = Path(__file__).parents[2] / "golden"
PUBLISHED = {case["id"]: case for case in json.loads((FOLDER / "commission_cases.json").read_text())["cases"]}


@dataclass(frozen=True)
class Run:
    """What a run gave: calculations in order, or what a call returned."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    calculations: tuple[Calculation, ...] = ()
    returned: Any = None


class Case:
    """A file, run once."""

    def __init__(self, path: Path) -> None:
        tree = read_yaml(path.read_text())
        assert not tree.mistakes, tree.mistakes
        self.data: dict[str, Any] = tree.data
        self._names = set(_words(self.data["runs"])) | set(_words([self.data.get("plan"), self.data.get("plans")]))
        self.runs: dict[str, Run] = {}
        for name, data in self.data["runs"].items():
            self.runs[name] = self._call(data) if "call" in data else self._computed(data)

    def _computed(self, data: dict[str, Any]) -> Run:
        listed = data["deals"] if "deals" in data else [data["deal"]] * data.get("times", 1)
        closings = [_deal(deal) for deal in listed]
        plans = self._plans(data, closings)
        governing = {agent: GoverningPlan(plan, "file") for agent, plan in plans.items()}
        return Run(plans, tuple(_settled(closings, governing)))

    def _plans(self, data: dict[str, Any], closings: list[Closing]) -> dict[str, Plan]:
        source = data if "plan" in data or "plans" in data else self.data
        if "plans" in source:
            return {agent: _plan(plan) for agent, plan in source["plans"].items()}
        plan = _plan(source["plan"])
        agents = [agent for closing in closings for side in closing.sides for agent in (*side.agents, *closing.others)]
        return {agent.agent: plan for agent in agents}

    def _call(self, data: dict[str, Any]) -> Run:
        module, _, name = data["call"].rpartition(".")
        function = getattr(import_module(f"commissions.{module}"), name)
        return Run(returned=function(**{key: self._argument(value) for key, value in data["arguments"].items()}))

    def _argument(self, typed: dict[str, Any]) -> Any:
        """A value by its type: `{cents: "285.00"}`, `{number: 6}`, `{run: main}`, ..."""
        if "percent" in typed:
            return percent_of(typed["percent"]) / 100 * cents_of(typed["of_cents"])
        ((kind, value),) = typed.items()
        match kind:
            case "cents":
                return cents_of(value)
            case "number":
                return percent_of(value)
            case "numbers":
                return [percent_of(number) for number in value]
            case "plain":
                return value
            case "calculation":
                (calculation,) = self.runs[value].calculations
                return calculation
            case "calculations":
                return self.runs[value].calculations
            case "agents_paid_at":
                return {agent: plan.agents_paid_at for agent, plan in self.runs[value].plans.items()}
            case _:
                raise AssertionError(f"{kind} is no type of argument")

    def figure(self, selector: dict[str, Any]) -> Any:
        """What the selector finds: hundredths, or true or false."""
        kind, value = next(iter(selector.items()))
        match kind:
            case "plus":
                return sum(map(self.figure, value)) - sum(map(self.figure, selector.get("minus", [])))
            case "result":
                return _within(self.runs[value].returned, selector.get("at", []))
            case "entries":
                where = selector.get("where", {}).items()
                entries = [e for e in self.runs[value].returned if all(getattr(e, k) == v for k, v in where)]
                return sum(getattr(entry, selector["figure"]).cents for entry in entries)
            case "count":
                return 100 * len(self.runs[value].returned)
            case _:
                return self._of_deals(kind, value, selector)

    def _of_deals(self, kind: str, value: Any, selector: dict[str, Any]) -> int:
        calculations = self.runs[selector.get("run", "main")].calculations
        found = [each for each in calculations if selector.get("deal") in (None, each.deal)]
        assert found, f"no deal for {selector}"
        match kind:
            case "lines":
                return sum(self._of_lines(found, value, selector.get("figure", "amount")))
            case "party":
                return sum(self._of_party(found, value))
            case "total":
                return sum(_total(calculation, value) for calculation in found)
            case "counter":
                return found[-1].after(_key(found[-1], selector["of"], value))
            case "cap":
                return found[-1].caps[_key(found[-1], selector["of"], value)]
            case "owed_by":
                return sum(self._owed(found, value, selector.get("to")))
            case _:
                raise AssertionError(f"{kind} is no selector")

    def _of_lines(self, found: list[Calculation], wanted: dict[str, Any], figure: str) -> Iterator[int]:
        wanted = dict(wanted)
        known = {"code": set(Code), "stage": set(Stage), "payee": {*self._names, COMPANY, GROSS}}
        if "rate" in wanted:
            wanted["rate"] = Fraction(wanted["rate"])
        for name, value in wanted.items():
            assert name == "rate" or value in known.get(name, self._names | {COMPANY, GROSS, "seller", "buyer"}), value
        for calculation in found:
            for line in calculation.lines:
                if all(getattr(line, name) == value for name, value in wanted.items()):
                    money: Money | None = getattr(line, figure)
                    assert money is not None, f"line {line.seq} of {calculation.deal} has no {figure}"
                    yield money.cents

    def _of_party(self, found: list[Calculation], party: str) -> Iterator[int]:
        assert party in self._names | {COMPANY}, f"nobody is called {party}"
        for calculation in found:
            if party in calculation.payees:
                yield calculation.payees[party].cents

    def _owed(self, found: list[Calculation], agent: str, to: str | None) -> Iterator[int]:
        for calculation in found:
            for receivable in calculation.receivables:
                if receivable.agent == agent and to in (None, receivable.owed_to):
                    yield receivable.amount.cents


def _settled(closings: list[Closing], governing: dict[str, GoverningPlan]) -> Iterator[Calculation]:
    """Each deal in turn: its counters open with what the deals before it left in the same year."""
    ledger: dict[CounterKey, int] = {}
    for closing in closings:
        keys = compute(closing, governing).opening
        carried = {owner: dict(counters) for owner, counters in closing.opening.items()}
        for key in keys:
            if key in ledger:
                carried.setdefault(key.owner, {})[key.counter] = ledger[key]
        calculation = compute(closing.model_copy(update={"opening": carried}), governing)
        ledger |= {key: calculation.after(key) for key in calculation.opening}
        yield calculation


def _plan(data: dict[str, Any]) -> Plan:
    """As an administrator would give it: a mistake in the plan is a mistake of the case."""
    return read_plan(yaml.safe_dump(data), "plan")


def _deal(data: dict[str, Any]) -> Closing:
    return read_deal(yaml.safe_dump(data), "deal")


def _total(calculation: Calculation, which: str) -> int:
    return {"gross": calculation.gross.cents, "payees": sum(m.cents for m in calculation.payees.values())}[which]


def _key(calculation: Calculation, owner: str, counter: str) -> CounterKey:
    (key,) = [key for key in calculation.opening if (key.owner, key.counter) == (owner, counter)]
    return key


def _within(value: Any, path: list[str | int]) -> Any:
    for step in path:
        value = value[step] if isinstance(value, list | tuple | dict) else getattr(value, str(step))
    return value


def _words(data: Any) -> Iterator[str]:
    """Every name and text in it; `agent:ID` stands for the agent."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _words(value)
    elif isinstance(data, list):
        for value in data:
            yield from _words(value)
    elif isinstance(data, str):
        yield data.removeprefix("agent:")


def _expected(data: dict[str, Any]) -> dict[tuple[str, ...], tuple[Any, dict[str, Any]]]:
    """Every expected figure of a file, by its place in the published case, with its selector."""
    rows = [(("lines", row["key"]), row["amount"], row["is"]) for row in data["lines"]]
    rows += [(("payees", row["payee"]), row["amount"], row["is"]) for row in data["payees"]]
    rows += [((total,), data[total]["amount"], data[total]["is"]) for total in ("gross_in", "sum_payees")]
    rows += [(("ledger_after", *row["path"]), row["value"], row["is"]) for row in data.get("ledger_after", [])]
    figures = {place: (figure, selector) for place, figure, selector in rows}
    assert len(figures) == len(rows), "a figure is expected twice"
    return figures


def _published(expected: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """The same of the published case."""
    figures: dict[tuple[str, ...], Any] = {("lines", row["key"]): row["amount"] for row in expected["lines"]}
    figures |= {("payees", row["payee"]): row["amount"] for row in expected["payees"]}
    figures |= {(total,): expected[total] for total in ("gross_in", "sum_payees")}
    for name, value in expected.get("ledger_after", {}).items():
        inner = value if isinstance(value, dict) else {None: value}
        figures |= {("ledger_after", name, *([key] if key else [])): figure for key, figure in inner.items()}
    return figures


FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_engine_gives_every_figure_of_the_case(path: Path) -> None:
    case = Case(path)
    expected = _expected(case.data["expected"])
    found = {place: case.figure(selector) for place, (_, selector) in expected.items()}
    assert found == {
        place: figure if isinstance(figure, bool) else cents_of(figure) for place, (figure, _) in expected.items()
    }


def test_every_published_case_has_a_file_and_every_file_a_case() -> None:
    assert [path.stem for path in FILES] == sorted(PUBLISHED)
    assert len(FILES) == 88


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_says_what_was_published_no_figure_less_and_none_changed(path: Path) -> None:
    data, case = read_yaml(path.read_text()).data, PUBLISHED[path.stem]
    figures = {place: figure for place, (figure, _) in _expected(data["expected"]).items()}
    assert (data["id"], data["title"], data["sources"]) == (case["id"], case["title"], case["sources"])
    assert figures == _published(case["expected"])


def test_the_published_cases_are_those_that_were_handed_over() -> None:
    digest = hashlib.sha256((FOLDER / "commission_cases.json").read_bytes()).hexdigest()
    assert digest == "c868405f389251d52d69eaf693a7295e125b4016ab212372c3f4f9560ec42d74"

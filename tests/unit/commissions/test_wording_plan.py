"""A plan is told whole: whatever changes in it changes what is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from commissions.files.reading import read_plan
from commissions.wording import explain_plan
from domain.commission.charges import Charge
from domain.commission.plan import Plan

#: A plan in which every field of the language stands, where it means something.
WHOLE = """\
plan: whole
title: Whole
status: verified
sources: [{url: https://example.com, read: 2026-11-22, says: 70/30}]
currency: CAD
rounding: half_even
dates: {cap_year: funded, tax_year: contract}
counters:
  company_dollar: {cap: 18000, cap_per_member: 500, prorate: monthly, per: team, leap_day: 02-28, anniversary: other}
  fees: {year: custom, starts: 07-01, cap: 750, per: shared}
  gci: {year: never}
off_the_top:
- {rule: brand, code: royalty, title: Brand, payee: franchisor, percent: 5, of: gross_left, rank: 12, pay_at: brokerage}
before_split:
- rule: desk
  code: fee
  title: Desk
  payee: company
  lesser_of: [{flat: 285}, {percent: 15, of: left, minimum: 5, maximum: 90}]
  per: deal
  shared: first
  capped_by: fees
  when:
    deal_type: [sale]
    property_type: [condo]
    state: [TX]
    side: [buying]
    role: [agent]
    flags: [new]
    without: [personal]
    closing: {starts: 2026-01-01, until: 2026-12-31}
    price: {at_least: 100, below: 900}
    gross: {above: 50}
    part: {up_to: 70}
    counter: {gci: {at_least: 10}}
    cap: {company_dollar: [open]}
team:
- {rule: best, code: team, payee: lead, greater_of: [{flat: 10}, {flat: 20, percent: 3, of: left}], splits: true}
split:
  tiers: {by: gci, mode: entering, levels: [{up_to: 1000, percent: 30}, {percent: 20}]}
  of: part
  floor: {percent: 2, of: price_net, flat: 40}
  minimum: 100
  maximum: 9000
  capped_by: company_dollar
  straddle: next_deal
  after_cap: 5
  counts: [fees]
  when: {flags: [split]}
royalty:
- {rule: royalty, code: royalty, payee: franchisor, percent: 6, capped_by: fees, cap_on: basis, borne_by: company}
fees:
- rule: step
  code: fee
  payee: zoe
  step: {flat: 500, each: 5000, of: price, partial: free}
  counts: [fees]
  only_if_left: true
- rule: sum
  code: fee
  payee: zoe
  percent: 2
  of: {plus: [part, royalty], minus: [step]}
  per: side
  borne_by: outside
- {rule: level, code: fee, payee: zoe, tiers: {by: price, levels: [{percent: 3}]}, of: left}
overrides:
- {rule: guide, code: mentor, payee: mentor, percent: 1, of: company_dollar, borne_by: company}
deductions:
- {rule: debt, code: deduction, payee: court, percent: 50, rank: 5}
tax: {name: HST, percent: 13, states: [ON], pass_on: [agents], on_fees: true, remitted_to: cra}
agents_paid_at: brokerage
after_leaving: refuse
"""


def changes(value: Any, annotation: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """The value with one leaf changed, once for each leaf: (where, the value)."""
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            for inner, changed in changes(getattr(value, name), info.annotation, f"{at}.{name}"):
                yield inner, value.model_copy(update={name: changed})
    elif isinstance(value, tuple):
        yield from _of_list(value, annotation, at)
    elif isinstance(value, dict):
        for name, entry in value.items():
            for inner, changed in changes(entry, _item(annotation), f"{at}.{name}"):
                yield inner, {**value, name: changed}
    elif value is not None:
        yield at, _other(value, annotation)
        if type(None) in get_args(annotation):
            yield f"{at} removed", None


def _of_list(value: tuple[Any, ...], annotation: Any, at: str) -> Iterator[tuple[str, Any]]:
    for position, entry in enumerate(value):
        for inner, changed in changes(entry, _item(annotation), f"{at}[{position}]"):
            yield inner, (*value[:position], changed, *value[position + 1 :])
    if value and not at.endswith(("levels", ".plus", ".order")):
        yield f"{at} emptied", ()


def _item(annotation: Any) -> Any:
    """What a tuple or dict holds, through optional ones."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    arguments = [one for one in get_args(annotation) if one is not Ellipsis]
    return arguments[-1] if arguments else Any


def _words(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for argument in get_args(annotation) for word in _words(argument)]


def _other(value: Any, annotation: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Enum):
        return next(word for word in type(value) if word is not value)
    if words := _words(annotation):
        return next(word for word in words if word != value)
    if isinstance(value, int | Fraction):
        return value + 100
    if isinstance(value, date):
        return value + timedelta(days=1)
    return "part" if value == "left" else value + "x"


PLANS = {
    "whole": read_plan(WHOLE, "whole.yaml"),
    "simple": read_plan("plan: s\ntitle: S\ncounters: {company_dollar: {cap: 9}}\n"
                        "split: {company: 25, capped_by: company_dollar}", "s.yaml"),
}  # fmt: skip

#: What changes nothing: in the deductions all take only what is left anyhow; `outside` is told, not shared.
SILENT = {".deductions[0].only_if_left"}


def _means_nothing(where: str, plan: Plan) -> bool:
    """Options that only mean something beside another one."""
    for name in ("off_the_top", "before_split", "team", "royalty", "fees", "overrides", "deductions"):
        charges: tuple[Charge, ...] = getattr(plan, name)
        for position, charge in enumerate(charges):
            at = f".{name}[{position}]"
            if where.startswith(f"{at}.shared") and charge.per == "agent":
                return True
            if where.startswith(f"{at}.cap_on") and charge.capped_by is None:
                return True
    for name, counter in plan.counters.items():
        at = f".counters.{name}"
        by_anniversary = counter.year in ("anniversary", "custom")
        if where.startswith((f"{at}.leap_day", f"{at}.anniversary")) and not by_anniversary:
            return True
        if where.startswith(f"{at}.anniversary") and counter.year != "anniversary":
            return True
        if where.startswith((f"{at}.prorate", f"{at}.cap_per_member")) and counter.cap is None:
            return True
    return where in SILENT


CHANGES = [
    pytest.param(plan, changed, id=f"{name}{where}")
    for name, plan in PLANS.items()
    for where, changed in changes(plan, Plan)
    if not _means_nothing(where, plan)
]


@pytest.mark.parametrize(("plan", "changed"), CHANGES)
def test_whatever_changes_in_a_plan_changes_what_is_told(plan: Plan, changed: Plan) -> None:
    assert explain_plan(plan) != explain_plan(changed)


def test_every_field_of_the_language_is_among_the_changes() -> None:
    told = {part.split("[")[0] for param in CHANGES for part in str(param.id).split(" ")[0].split(".")}
    models = _models(Plan)
    assert len(models) > 10
    assert {name for model in models for name in model.model_fields} - told == set()


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for info in model.model_fields.values():
        found |= {inner for part in _parts(info.annotation) for inner in _models(part)}
    return found


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


TEMPLATES = sorted((Path(__file__).parents[3] / "src" / "commissions" / "plans").glob("*.yaml"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_each_template_is_told_in_sentences_that_name_every_rule(file: Path) -> None:
    plan = read_plan(file.read_text(encoding="utf-8"), file.name)
    told = explain_plan(plan)
    assert all(sentence.endswith((".", "lease")) or "Read on" in sentence for sentence in told)
    assert all(any(charge.rule in sentence for sentence in told) for charge in plan.every_charge())


def test_a_plan_reads_like_this() -> None:
    counter = (
        "Counter company_dollar adds up what the company gets by the split; each agent has their own; it starts "
        "anew on the agent's anniversary (29 February: on 1 March in common years). Its cap is 9.00. "
        "It is not reduced in a first year that is not whole."
    )
    order = (
        "The order is: off the top, the agents' parts, before split, team, split, royalty, fees, overrides and "
        "deductions."
    )
    split = (
        "Split: The company keeps 25 % of what is left of the agent's part; the rest is the agent's. Its share ends at "
        "the cap on company_dollar: of the deal that reaches the cap it takes what is left of it, after that it keeps "
        "nothing."
    )
    assert explain_plan(PLANS["simple"]) == [
        "S is plan s. Its figures are examples and not verified; assigning it takes --accept-unverified.",
        "All amounts are USD. Every line is rounded once, to the cent; half cents are rounded up, away from zero.",
        "The closing day decides the cap year and the tax year.",
        counter,
        order,
        split,
        "Agents are paid out by the closing agent.",
        "An agent who left is paid as if active, in the cap year in which they left.",
    ]

"""docs/plan-language.md suffices: its examples are what the engine computes, and it names everything there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from commissions.allocation import allocate
from commissions.files.reading import read_agreement
from domain.commission.agreement import DealAgreement
from domain.commission.amounts import amount_text
from domain.commission.calculation import Code, Stage
from domain.commission.closing import Closing
from domain.commission.plan import Plan
from mappings.compiler.yaml_tree import read_yaml
from tests.unit.commissions.plan_page import PAGE, Example, blocks, examples, result

TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = examples(TEXT)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.id for example in EXAMPLES])
def test_a_worked_example_is_computed_as_the_page_prints_it(example: Example, tmp_path: Path) -> None:
    assert result(tmp_path, example.plans, example.deal) == example.result


def test_every_worked_example_has_a_result() -> None:
    kinds = [kind for kind, _ in blocks(TEXT)]

    assert len(EXAMPLES) == kinds.count("yaml deal") == kinds.count("text result") >= 12
    assert len({example.id for example in EXAMPLES}) == len(EXAMPLES)


def test_every_field_of_plans_and_deals_is_on_the_page() -> None:
    fields = {name for model in {*_models(Plan), *_models(Closing)} for name in model.model_fields}

    assert sorted(fields - _words()) == []


def test_every_word_that_a_field_may_hold_is_on_the_page() -> None:
    values = {value for model in {*_models(Plan), *_models(Closing)} for value in _values_of(model)}

    assert sorted(values - _words()) == []


def test_every_stage_and_every_code_of_a_line_is_on_the_page() -> None:
    assert sorted({*map(str, Stage), *map(str, Code)} - _words()) == []


def test_every_fragment_of_a_file_is_one_that_the_models_take() -> None:
    fragments = [read_yaml(text).data for kind, text in blocks(TEXT) if kind == "yaml"]

    assert len(fragments) >= 4
    for fragment in fragments:
        if "deal" in fragment:
            Closing.model_validate(fragment)
        else:
            Plan.model_validate({"plan": "fragment", "title": "Fragment", **fragment})


def test_the_agreement_for_one_deal_is_one_that_is_taken_and_names_every_key() -> None:
    (text,) = [text for kind, text in blocks(TEXT) if kind == "yaml agreement"]
    agreed = read_agreement(text, "page")

    assert [name for name, _ in agreed.sides.given()] == ["listing", "buying"]
    assert agreed.model_fields_set == set(DealAgreement.model_fields)
    fields = {name for model in _models(DealAgreement) for name in model.model_fields}
    assert sorted(fields - _words()) == []


def test_the_rounding_policy_that_we_publish_is_the_one_that_is_used() -> None:
    published = PAGE.with_name("commissions.md").read_text(encoding="utf-8").replace("\n  ", " ")
    thirds = allocate(800, [1, 1, 1])
    shares = allocate(28500, [Fraction("55.5"), Fraction("44.5")])

    assert f"8.00 to three is {', '.join(map(amount_text, thirds))}" in published
    assert f"285.00 at 55.5 to 44.5 is {' and '.join(map(amount_text, shares))}" in published


def _words() -> set[str]:
    """Whatever stands as code on the page, cut into words."""
    fenced = [text for _, text in blocks(TEXT)]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL))
    return set(re.findall(r"[A-Za-z0-9_-]+", " ".join(fenced + inline)))


def _models(model: type[BaseModel], seen: frozenset[type[BaseModel]] = frozenset()) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for kind in _kinds(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen | found:
                found |= _models(kind, seen | frozenset(found))
    return found


def _kinds(annotation: Any) -> Iterator[Any]:
    """The annotation and everything in it."""
    yield annotation
    for inner in get_args(annotation):
        yield from _kinds(inner)


def _values_of(model: type[BaseModel]) -> Iterator[str]:
    for field in model.model_fields.values():
        for kind in _kinds(field.annotation):
            if isinstance(kind, str):  # of a Literal
                yield kind
            elif isinstance(kind, type) and issubclass(kind, StrEnum):
                yield from map(str, kind)

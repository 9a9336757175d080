"""A file that is another kind of file, or more of YAML than the language has, is told so once and on its line."""

from __future__ import annotations

import pytest

from commissions.files.reading import read_deal, read_details, read_plan
from domain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- plan", "f.yaml:1: the file holds no keys and values; start with `plan:`, `title:`"),
        ("", "f.yaml:1: the file holds no keys and values; start with `plan:`, `title:`"),
        ("plan: [", "f.yaml:1: not YAML: "),
        ("plan: a\nplan: b\ntitle: x", "f.yaml:2: key 'plan' stands twice (first on line 1); keep one"),
        ("fees: &a []\nteam: *a", "f.yaml:2: aliases (*name) are not part of the language; write it out"),
    ],
)
def test_a_file_that_is_no_plan_says_so(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_plan(text, "f.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title: &a An example\ncurrency: *a", 3),
        ("title: x\nfees:\n- &a {rule: a, code: fee, payee: company, flat: 5}\n- *a", 5),
        ("title: x\nsplit: &a {company: 5}\ntax: {<<: *a, name: HST, percent: 5}", 4),
        ("title: &a x\n*a : y", 3),
        ("title: &a x\nsplit: {company: 5, of: *a}", 3),
    ],
)
def test_an_alias_is_one_mistake_on_its_own_line(text: str, line: int) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_plan(f"plan: p\n{text}", "f.yaml")
    assert str(caught.value).splitlines() == [
        "f.yaml: 1 mistake",
        f"f.yaml:{line}: aliases (*name) are not part of the language; write it out",
    ]


@pytest.mark.parametrize("value", ["!!int 20", "! 20", "!percent 20"])
def test_a_tag_is_one_mistake(value: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"1 mistake\nf.yaml:3: tag '.*' is not part of the language; remove it"
    ):
        read_plan(f"plan: p\ntitle: x\nsplit: {{company: {value}}}", "f.yaml")


def test_an_anchor_that_nothing_refers_to_is_no_mistake() -> None:
    assert read_plan("plan: p\ntitle: &a x", "f.yaml").title == "x"


def test_a_deal_that_is_given_as_a_plan_is_one_mistake() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_plan("deal: 1\nclosing_date: 2026-01-01\nsides: []", "f.yaml")
    assert str(caught.value) == "f.yaml: 1 mistake\nf.yaml:1: this is a deal; give it with --deal"


def test_a_plan_that_is_given_as_a_deal_is_one_mistake_here_and_in_the_file_of_an_account() -> None:
    for read in (read_deal, read_details):
        with pytest.raises(ConfigurationError) as caught:
            read("plan: eighty\ntitle: 80/20\nsplit: {company: 20}", "f.yaml")
        assert str(caught.value) == "f.yaml: 1 mistake\nf.yaml:1: this is a plan; give it with --plan"


def test_a_deal_with_a_key_of_plans_is_still_a_deal() -> None:
    deal = "deal: 1\nclosing_date: 2026-01-02\nsides: []\n"
    with pytest.raises(ConfigurationError, match="plan: expected a key of the language"):
        read_deal(deal + "plan: eighty\nfees: []\n", "deal.yaml")

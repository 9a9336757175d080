"""Adjustments are new less old, line by line; original and adjustments together are the truth."""

from __future__ import annotations

from commissions.adjusting import adjustments
from tests.unit.commissions.plans import agent, computed, deal, plan

KW = plan(
    counters={"company_dollar": {"cap": 18000}},
    split={"company": 30, "capped_by": "company_dollar"},
    fees=[{"rule": "desk", "code": "fee", "payee": "company", "flat": 50, "when": {"flags": ["desk"]}}],
)


def test_nothing_changed_is_no_adjustment() -> None:
    calculation = computed(deal(), KW)
    assert adjustments(calculation, calculation) == ()


def test_a_smaller_commission_takes_back_from_each_line() -> None:
    old, new = computed(deal(gross="60000"), KW), computed(deal(gross="50000"), KW)
    told = {a.line.code: (a.delta.cents, [m.delta for m in a.moves]) for a in adjustments(old, new)}
    assert told == {"commission": (-1_000_000, []), "part": (-1_000_000, []), "split": (-300_000, [-300_000])}


def test_a_rescinded_closing_takes_everything_back() -> None:
    old = computed(deal(), KW)
    assert [a.delta.cents for a in adjustments(old, None)] == [-line.amount.cents for line in old.lines]
    assert all(a.after is None for a in adjustments(old, None))


def test_a_line_that_is_new_and_one_that_is_gone_are_told() -> None:
    old, new = computed(deal(), KW), computed(deal(flags=["desk"]), KW)
    (added,) = [a for a in adjustments(old, new) if a.line.rule == "desk"]
    (gone,) = [a for a in adjustments(new, old) if a.line.rule == "desk"]
    assert (added.before, added.delta.cents) == (None, 5000)
    assert (gone.after, gone.delta.cents) == (None, -5000)


def test_another_agent_is_another_line() -> None:
    old, new = computed(deal(agent("dana")), KW), computed(deal(agent("lee")), KW)
    parts = {a.line.agent: a.delta.cents for a in adjustments(old, new) if a.line.code == "part"}
    assert parts == {"dana": -1_000_000, "lee": 1_000_000}

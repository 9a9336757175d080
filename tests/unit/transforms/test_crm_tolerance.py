"""What counts as the same, by rule: how a value is written is forgiven, what it says is not."""

from __future__ import annotations

import pytest

from mappings.crm.loader import crm_mapping
from mappings.crm.model import Form
from mappings.reconcile.tolerances import RULES, tolerances
from transforms.crm_texts import digest
from transforms.crm_tolerance import FOLDS, same


def test_every_rule_that_the_file_may_name_can_be_done() -> None:
    assert FOLDS.keys() == RULES


@pytest.mark.parametrize(
    ("rule", "ours", "theirs"),
    [
        ("exact", "closed", "closed"),
        ("words", "O'Brien  & Sons", " O'Brien & Sons\n"),
        ("words", "Ze\u0301", "Z\u00e9"),
        ("any_case", "Dana@Example.com", "dana@example.COM"),
        ("number", "350000.00", "350000"),
        ("number", "-0", "0.00"),
        ("number", "0.10", ".1".rjust(3, "0")),
        ("day", "2026-02-27", "2026-02-27 12:00:00"),
        ("day", "2026-02-27T23:59:59Z", "2026-02-27"),
        ("truth", "", "0"),
        ("truth", "1", "true"),
        ("phone", "+14065550123", "(406) 555-0123"),
        ("phone", "no number", "no  number"),
    ],
)
def test_what_is_written_otherwise_is_the_same(rule: str, ours: str, theirs: str) -> None:
    assert same(rule, ours, theirs)
    assert same(rule, theirs, ours)


@pytest.mark.parametrize(
    ("rule", "ours", "theirs"),
    [
        ("exact", "closed", "Closed"),
        ("words", "O'Brien", "o'brien"),
        ("words", "OBrien", "O Brien"),
        ("any_case", "dana@example.com", "dan@example.com"),
        ("number", "350000.00", "350000.01"),
        ("number", "", "0.00"),
        ("number", "a lot", "350000"),
        ("number", "123456789012345678.123456789", "123456789012345678.123456788"),
        ("day", "2026-02-27", "2026-02-28"),
        ("day", "", "2026-02-28"),
        ("truth", "1", ""),
        ("phone", "+14065550123", "+14065550124"),
        ("phone", "", "+14065550123"),
    ],
)
def test_what_says_otherwise_is_not(rule: str, ours: str, theirs: str) -> None:
    assert not same(rule, ours, theirs)
    assert not same(rule, theirs, ours)


@pytest.mark.parametrize("rule", sorted(FOLDS))
@pytest.mark.parametrize(("ours", "theirs"), [("050 ", "050"), ("1000.00", "1000"), ("a\r\nb", "a\nb"), ("é", "é")])
def test_what_delivery_takes_for_the_same_is_never_a_difference(rule: str, ours: str, theirs: str) -> None:
    assert digest(ours) == digest(theirs)
    assert same(rule, ours, theirs)


def test_every_field_of_the_crm_has_a_rule() -> None:
    rules = tolerances()
    lines = [line for kind in crm_mapping().kinds.values() for line in kind.sent]
    assert {rules.rule(line.form, line.source) for line in lines} >= {"words", "number", "day", "any_case", "phone"}
    assert rules.rule(Form.TEXT, "phone") == "phone"
    assert rules.rule(Form.MONEY, "sale_price") == "number"

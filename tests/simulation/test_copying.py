"""Copies that are made quickly are the copies that `dataclasses.replace` makes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest

from crm.budget_row import BudgetRow
from crm.limits import Limits
from domain.crm.rows import Kind, RowKey, SyncRow
from domain.errors import ConfigurationError
from tests.simulation.copying import replace


@dataclass(frozen=True)
class _WithoutSlots:
    one: int
    other: str = ""


@pytest.mark.parametrize(
    ("found", "changes"),
    [
        (SyncRow(RowKey(Kind.DEAL, "d-1"), remote_id="r-1", rung=3), {"rung": 4, "lease": "l-1"}),
        (BudgetRow(epoch=2, taken="ff"), {"epoch": 3}),
        (BudgetRow(epoch=2), {}),
        (_WithoutSlots(1, "a"), {"other": "b"}),
    ],
)
def test_a_copy_is_the_one_that_dataclasses_make(found: Any, changes: dict[str, Any]) -> None:
    before, made = dataclasses.replace(found), replace(found, **changes)
    assert made == dataclasses.replace(found, **changes)
    assert type(made) is type(found)
    assert found == before


def test_a_copy_is_frozen_too() -> None:
    made = replace(BudgetRow(), epoch=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.epoch = 2


def test_what_a_class_checks_when_it_is_made_is_checked_in_copies() -> None:
    with pytest.raises(ConfigurationError, match="rate"):
        replace(Limits(rate=1.0), rate=-1.0)


def test_a_field_that_is_none_of_the_class_is_refused() -> None:
    with pytest.raises((AttributeError, TypeError)):
        replace(BudgetRow(), epoc=1)

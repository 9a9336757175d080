"""Published plans in memory and on DynamoDB keep the same promises: a version is put once and never changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.errors import Conflict
from tests.contract.commission_world import Books, books, entry, plan_version

JULY = date(2026, 7, 1)


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Books:
    return books(request.param, request)


def test_a_version_is_read_as_it_was_published_with_its_audit_entry(world: Books) -> None:
    made = plan_version()
    world.plans.publish(made, entry())
    assert world.plans.versions(["graduated"]) == {"graduated": [made]}
    assert world.audit.about("PLAN#graduated") == [entry()]


def test_versions_come_by_their_days_whatever_order_they_were_published_in(world: Books) -> None:
    july, january = plan_version(effective=JULY), plan_version(number=2)
    world.plans.publish(july, entry("a-1"))
    world.plans.publish(january, entry("a-2"))
    assert world.plans.versions(["graduated"]) == {"graduated": [january, july]}


def test_plans_without_a_version_are_left_out(world: Books) -> None:
    world.plans.publish(plan_version("teams"), entry("a-1"))
    assert world.plans.versions(["teams", "graduated"]).keys() == {"teams"}
    assert world.plans.versions([]) == {}


def test_the_plans_are_listed_once_each_by_name(world: Books) -> None:
    assert world.plans.names() == []
    world.plans.publish(plan_version("teams"), entry("a-1"))
    world.plans.publish(plan_version("flat-fee"), entry("a-2"))
    world.plans.publish(plan_version("teams", JULY, 2), entry("a-3"))
    assert world.plans.names() == ["flat-fee", "teams"]


@pytest.mark.parametrize(("effective", "number"), [(date(2026, 1, 1), 2), (JULY, 1)], ids=["same day", "same number"])
def test_a_version_is_never_replaced(world: Books, effective: date, number: int) -> None:
    world.plans.publish(plan_version(), entry("a-1"))
    with pytest.raises(Conflict):
        world.plans.publish(replace(plan_version(effective=effective, number=number), text="other"), entry("a-2"))
    assert world.plans.versions(["graduated"]) == {"graduated": [plan_version()]}
    assert len(world.audit.about("PLAN#graduated")) == 1

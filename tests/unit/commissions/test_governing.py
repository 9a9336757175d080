"""Which plan governs: by the day that decides, in the version of that day, and never a guess."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from commissions.governing import governing
from domain.commission.account import Account, Assignment, PlanVersion
from domain.commission.plan import Plan
from domain.errors import CommissionRefused
from tests.builders import NOW

DAYS = {"closing": date(2026, 3, 2), "contract": date(2025, 12, 20), "funded": None}


def version(plan: str, effective: date, **changes: Any) -> PlanVersion:
    document = {"plan": plan, "title": plan, **changes}
    return PlanVersion(Plan.model_validate(document), effective, 1, "", "", "a test", NOW)


def account(*assignments: Assignment) -> Account:
    return Account(account="ann", assignments=assignments)


OLD, NEW = version("capped", date(2025, 1, 1)), version("capped", date(2026, 1, 1))


def refused(held: Account, versions: dict[str, list[PlanVersion]], days: dict[str, date | None] = DAYS) -> str:
    with pytest.raises(CommissionRefused) as found:
        governing(held, versions, days)
    return found.value.reason()


def test_the_version_in_effect_on_the_closing_day_governs() -> None:
    held = account(Assignment(plan="capped", starts=date(2020, 1, 1)))
    assert governing(held, {"capped": [OLD, NEW]}, DAYS).version == "2026-01-01"


def test_a_plan_that_goes_by_the_contract_governs_in_the_version_of_that_day() -> None:
    held = account(Assignment(plan="capped", starts=date(2020, 1, 1)))
    old, new = (version("capped", one.effective, dates={"cap_year": "contract"}) for one in (OLD, NEW))
    assert governing(held, {"capped": [old, new]}, DAYS).version == "2025-01-01"


def test_the_plan_of_the_closing_stays_where_the_agent_had_another_on_the_day_that_it_asks_for() -> None:
    held = account(
        Assignment(plan="other", starts=date(2020, 1, 1), until=date(2025, 12, 31)),
        Assignment(plan="capped", starts=date(2026, 1, 1)),
    )
    versions = {
        "other": [version("other", date(2020, 1, 1))],
        "capped": [version("capped", date(2020, 1, 1), dates={"cap_year": "contract"})],
    }
    assert governing(held, versions, DAYS).plan.plan == "capped"


def test_no_plan_two_plans_and_plans_that_come_later_are_told_with_what_to_do() -> None:
    first = Assignment(plan="capped", starts=date(2026, 4, 1))
    assert "(there is none at all): `dealwire plan assign ann PLAN --from 2026-03-02`" in refused(account(), {})
    assert "the next begins on 2026-04-01" in refused(account(first), {"capped": [NEW]})
    two = [Assignment(plan=name, starts=date(2026, 1, 1)) for name in ("capped", "other")]
    assert "end one of capped and other" in refused(account(*two), {"capped": [NEW]})
    held = account(Assignment(plan="capped", starts=date(2020, 1, 1)))
    assert "its first version begins on 2027-01-01" in refused(held, {"capped": [version("capped", date(2027, 1, 1))]})
    assert "it is not published" in refused(held, {})


def test_a_day_that_decides_and_is_missing_is_told() -> None:
    held = account(Assignment(plan="capped", starts=date(2020, 1, 1)))
    funded = version("capped", date(2020, 1, 1), dates={"cap_year": "funded"})
    assert "funded_date: expected the funded day, which decides under plan capped" in refused(
        held, {"capped": [funded]}
    )
    assert "closing_date" in refused(held, {"capped": [NEW]}, DAYS | {"closing": None})

"""Which plan governs an agent's part of a deal: the assignment of the deciding day, in the version of that day.

The deciding day is the closing's, unless the plan says that contract or funding decides. The plan that asks for another
day must be the agent's plan on that day too; where the agent had another one then, the closing's plan stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from commissions.engine import GoverningPlan
from domain.errors import CommissionRefused, FieldProblem

if TYPE_CHECKING:
    from domain.commission.account import Account, Assignment, PlanVersion

#: Plan name to its versions, by their days.
Versions = Mapping[str, Sequence["PlanVersion"]]


def governing(account: Account, versions: Versions, days: Mapping[str, date | None]) -> GoverningPlan:
    """The plan that governs this agent's part.

    Args:
        account: of the agent.
        versions: of every plan that the account has ever been assigned.
        days: `closing`, `contract` and `funded` of the deal; the closing's is there.

    Raises:
        CommissionRefused: there is no plan on the deciding day, or more than one.
    """
    closing = days["closing"]
    if closing is None:
        raise _refused(account, "closing_date", "nothing", "the day of the closing; set it at the source")
    found = _on(account, versions, closing)
    which = found.plan.dates.cap_year
    if which == "closing":
        return GoverningPlan(found.plan, str(found.effective))
    day = days[which]
    if day is None:
        expected = f"the {which} day, which decides under plan {found.plan.plan}; set it at the source"
        raise _refused(account, f"{which}_date", "nothing", expected)
    then = _on(account, versions, day)
    agreed = then if then.plan.plan == found.plan.plan else found
    return GoverningPlan(agreed.plan, str(agreed.effective))


def plans_named(account: Account) -> frozenset[str]:
    """Every plan that the account has ever been assigned."""
    return frozenset(assignment.plan for assignment in account.assignments)


def no_account(agent: str) -> FieldProblem:
    """What is wrong with a deal whose agent has no commission account."""
    expected = f"a plan: `dealwire plan assign {agent} PLAN --from DATE`"
    return FieldProblem(f"plan of agent {agent}", "none", expected, "plan")


def _on(account: Account, versions: Versions, day: date) -> PlanVersion:
    assignment = _assignment(account, day)
    held = versions.get(assignment.plan, ())
    effective = [version for version in held if version.effective <= day]
    if effective:
        return max(effective, key=lambda version: version.effective)
    first = min((version.effective for version in held), default=None)
    told = "it is not published" if first is None else f"its first version begins on {first}"
    expected = f"a version in effect on {day} ({told}): `dealwire plan publish FILE --effective DATE`"
    raise _refused(account, f"plan {assignment.plan}", "no version", expected)


def _assignment(account: Account, day: date) -> Assignment:
    held = account.assignments
    found = [one for one in held if one.starts <= day and (one.until is None or day <= one.until)]
    if len(found) == 1:
        return found[0]
    path = f"plan of agent {account.account}"
    if found:
        names = " and ".join(sorted(one.plan for one in found))
        raise _refused(account, path, names, f"one plan on {day}; end one of {names} with `dealwire plan assign`")
    later = min((one.starts for one in held if one.starts > day), default=None)
    told = f"the next begins on {later}" if later else "there is none later" if held else "there is none at all"
    expected = f"a plan on {day} ({told}): `dealwire plan assign {account.account} PLAN --from {day}`"
    raise _refused(account, path, "none", expected)


def _refused(account: Account, path: str, value: str, expected: str) -> CommissionRefused:
    problem = FieldProblem(path, value, expected, "plan")
    return CommissionRefused(f"no plan governs agent {account.account}", [problem])

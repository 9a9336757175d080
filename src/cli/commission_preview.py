"""A commission computed from files: no cloud, nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from cli.failures import CommandFailed, Status
from cli.plan_files import read_deal_file, read_plan_file
from commissions.engine import GoverningPlan, compute
from commissions.facts import with_facts_together
from domain.commission.closing import Closing, DealAgent
from domain.commission.plan import Plan
from domain.errors import CommissionRefused
from domain.operate.commissions import CalculationTold
from flows.operate.telling import calculation_told, refusal_told
from mappings.compiler.files import text_of
from mappings.compiler.yaml_tree import read_yaml

#: The version of a plan that is not published.
FROM_FILE = "file"

#: The steps of a problem's path: `sides[0].agents[1].share`.
_STEP = re.compile(r"[A-Za-z_][\w-]*|[0-9]+")

_ROLES = ("lead", "mentor", "recruiter")


def of_files(deal: Path, plans: Sequence[Path], as_of: date | None = None) -> CalculationTold:
    """Compute the deal of a file.

    Args:
        deal: a deal file.
        plans: plan files; one is everybody's, of several each agent's `plan` names theirs.
        as_of: as if it closed on this day.

    Raises:
        ConfigurationError: a file has mistakes; lists them all with their lines.
        CommandFailed: no plan, or not the ones that the deal names; or the deal cannot be computed: lists every reason.
    """
    if not plans:
        raise CommandFailed("give the plan too: --plan FILE", Status.USAGE)
    closing = read_deal_file(deal)
    named = _by_name(plans)
    if as_of is not None:
        closing = closing.model_copy(update={"closing_date": as_of})
    try:
        whole = with_facts_together(closing)
        return calculation_told(compute(whole, _governing(whole, named, deal)))
    except CommissionRefused as refused:
        raise CommandFailed("\n".join([f"{deal}: {refused}", *_with_lines(refused, deal)])) from refused


def _with_lines(refused: CommissionRefused, deal: Path) -> list[str]:
    """The problems, each with the line of the deal file that it is about, where it is about one."""
    tree = read_yaml(text_of(deal))
    told = []
    for problem, words in zip(refused.problems, refusal_told(refused), strict=True):
        at = tuple(int(step) if step.isdigit() else step for step in _STEP.findall(problem.path))
        line = tree.line(at) if at and at[:1] in tree.lines else None
        told.append(words if line is None else f"{deal}:{line}: {words}")
    return told


def _by_name(files: Sequence[Path]) -> Mapping[str, Plan]:
    found: dict[str, Plan] = {}
    for file in files:
        plan = read_plan_file(file)
        if plan.plan in found:
            raise CommandFailed(f"{file}: plan {plan.plan!r} is given twice; give one version of each plan")
        found[plan.plan] = plan
    return found


def _governing(closing: Closing, plans: Mapping[str, Plan], deal: Path) -> dict[str, GoverningPlan]:
    """Agent to plan; who has none is left to the engine, which knows whether one is needed."""
    everybodys = next(iter(plans.values())) if len(plans) == 1 else None
    found = {name: everybodys for name in _named(closing, plans.values()) if everybodys is not None}
    agents = [(f"sides[{index}].agents", one) for index, side in enumerate(closing.sides) for one in side.agents]
    for where, agent in (*agents, *(("others", one) for one in closing.others)):
        if agent.plan is None and everybodys is not None:
            found[agent.agent] = everybodys
        elif agent.plan is not None and agent.plan in plans:
            found[agent.agent] = plans[agent.plan]
        elif agent.plan is not None or where != "others":
            raise CommandFailed(
                f"{deal}: {where}: plan of {agent.agent} is {agent.plan or 'not named'}: expected one of "
                f"{', '.join(sorted(plans))}; name it there, or give its file with --plan"
            )
    return {agent: GoverningPlan(plan, FROM_FILE) for agent, plan in found.items()}


def _named(closing: Closing, plans: Iterable[Plan]) -> Iterator[str]:
    """Whoever is named beside the agents: their own plan may be applied to what they get."""
    known: list[DealAgent] = [*closing.others, *(agent for side in closing.sides for agent in side.agents)]
    for agent in known:
        yield from (name for role in _ROLES if (name := getattr(agent, role)))
    charges = [*closing.charges, *(charge for plan in plans for charge in plan.every_charge())]
    for charge in charges:
        kind, colon, named = charge.payee.partition(":")
        if charge.splits and kind == "agent" and colon:
            yield named

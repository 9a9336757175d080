"""`dealwire plan`: commission plans, from the file to the agents who have them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.failures import fail_clearly
from cli.options import Json, Profile, StackName, Why

if TYPE_CHECKING:
    from domain.operate.plans import Aftermath, PlanExplainAnswer, PlansAnswer

app = typer.Typer(no_args_is_help=True, help="Commission plans: check, publish, assign.")

File = Annotated[Path, typer.Argument(help="A plan as YAML; docs/plan-language.md says how to write one.")]
AcceptUnverified = Annotated[
    bool, typer.Option("--accept-unverified", help="Take a plan whose figures are not verified (`status: example`).")
]


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Plans as YAML.")], *, as_json: Json = False
) -> None:
    """Check plan files without publishing anything; every mistake is named with its line. Needs no cloud.

    Example: dealwire plan check plans/*.yaml
    """
    from cli import output
    from cli.plan_files import checked

    with fail_clearly("plan check"):
        found = [checked(file) for file in files]
    if as_json:
        output.put_json({"plans": [one.as_json() for one in found]})
    else:
        for one in found:
            typer.echo(output.plain(one.told()), err=bool(one.mistakes))
    if any(one.mistakes for one in found):
        raise typer.Exit(1)


@app.command()
def explain(
    plan: Annotated[str, typer.Argument(metavar="FILE|PLAN", help="A plan file, or the name of a published plan.")],
    *,
    on: Annotated[
        str | None, typer.Option("--on", help="Of a published plan: the version in force on this day.")
    ] = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Tell in plain sentences what a plan says: a file (needs no cloud), or a published plan.

    Example: dealwire plan explain keller-williams
    """
    from cli import output
    from cli.days import day_or_none
    from cli.operator import operator_of
    from cli.plan_files import is_file, read_plan_file
    from domain.operate.plans import PlanExplainAnswer

    with fail_clearly("plan explain"):
        if is_file(plan):
            from commissions.wording import explain_plan

            read = read_plan_file(Path(plan))
            title, sentences = read.title, tuple(explain_plan(read))
            told = {"plan": read.plan, "title": title, "sentences": sentences}
        else:
            operator = operator_of(name, profile)
            answer = operator.call("plan-explain", PlanExplainAnswer, plan=plan, on=day_or_none(on, "--on"))
            title, sentences = _heading(answer), answer.sentences
            told = answer.model_dump(mode="json")
    if as_json:
        output.put_json(told)
        return
    typer.echo(output.plain(title))
    for sentence in sentences:
        typer.echo(output.plain(f"- {sentence}"))


def _heading(answer: PlanExplainAnswer) -> str:
    return f"{answer.title} ({answer.version.id}, {answer.version.status})"


@app.command()
def publish(
    file: File,
    *,
    effective: Annotated[str, typer.Option("--effective", help="First day it is in force, such as 2026-01-01.")],
    why: Why,
    accept_unverified: AcceptUnverified = False,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Publish a version of a plan. Deals that it reaches back to are computed again; it is never edited afterwards.

    Example: dealwire plan publish plan.yaml --effective 2026-01-01 --why "the plan of 2026"
    """
    from cli import output
    from cli.days import day
    from cli.operator import operator_of
    from cli.plan_files import read_plan_file
    from domain.operate.plans import PublishAnswer
    from mappings.compiler.files import text_of

    with fail_clearly("plan publish"):
        starts = day(effective, "--effective")
        read_plan_file(file)  # here every mistake gets a line
        answer = operator_of(name, profile).call(
            "plan-publish",
            PublishAnswer,
            text=text_of(file),
            file=file.name,
            effective=starts,
            accept_unverified=accept_unverified,
            why=why,
        )
    if as_json:
        output.put_json(answer)
        return
    done = "is published" if answer.new else "was published before, by the same file"
    typer.echo(output.plain(f"{answer.version.id} {done} (version {answer.version.number}, {answer.version.status})"))
    say_aftermath(answer.aftermath)


@app.command()
def assign(
    agent: Annotated[str, typer.Argument(help="SOURCE/AGENT ID, or the agent's CRM contact id.")],
    plan: Annotated[str, typer.Argument(help="The name of a published plan.")],
    *,
    starts: Annotated[str, typer.Option("--from", help="First day, such as 2026-01-01.")],
    why: Why,
    until: Annotated[str | None, typer.Option("--until", help="Last day, where it ends.")] = None,
    anniversary: Annotated[
        str | None, typer.Option("--anniversary", help="When the agent's year begins, for plans that count by it.")
    ] = None,
    details: Annotated[
        Path | None, typer.Option("--details", help="YAML: joined, team, mentor, terms, deductions and so on.")
    ] = None,
    accept_unverified: AcceptUnverified = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace another plan that begins on the same day: it was a mistake.")
    ] = False,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Make a plan an agent's from a day on. Deals of that day and later that are settled are computed again.

    Example: dealwire plan assign transactions/A-1001 keller-williams --from 2026-01-01 --why "joined"
    """
    from cli import output
    from cli.days import day, day_or_none
    from cli.operator import operator_of
    from cli.plan_files import read_details
    from domain.operate.plans import AssignAnswer

    with fail_clearly("plan assign"):
        answer = operator_of(name, profile).call(
            "plan-assign",
            AssignAnswer,
            agent=agent,
            plan=plan,
            starts=day(starts, "--from"),
            until=day_or_none(until, "--until"),
            anniversary=day_or_none(anniversary, "--anniversary"),
            details=read_details(details) if details else {},
            accept_unverified=accept_unverified,
            replace=replace,
            why=why,
        )
    if as_json:
        output.put_json(answer)
        return
    as_before = "" if answer.changed else " (as before)"
    typer.echo(output.plain(f"{answer.name} ({answer.account}){as_before}:"))
    for one in answer.assignments:
        until_told = f" until {one.until}" if one.until else ""
        typer.echo(output.plain(f"  {one.plan} from {one.starts}{until_told}"))
    say_aftermath(answer.aftermath)


@app.command("list")
def list_plans(*, name: StackName = None, profile: Profile = None, as_json: Json = False) -> None:
    """List the published plans, their versions, and how many agents have each today.

    Example: dealwire plan list
    """
    from cli import output
    from cli.operator import operator_of
    from domain.operate.plans import PlansAnswer

    with fail_clearly("plan list"):
        answer = operator_of(name, profile).call("plans", PlansAnswer)
    if as_json:
        output.put_json(answer)
    else:
        _show(answer)


def _show(answer: PlansAnswer) -> None:
    from cli import output

    made = output.table(
        f"{len(answer.plans):,} plans", "plan", "title", "in force from", "number", "status", "agents", "published by",
        whole=("plan", "in force from", "published by"),
    )  # fmt: skip
    for plan in answer.plans:
        for version in plan.versions:
            newest = version is plan.versions[-1]
            agents = f"{len(plan.agents):,}" if newest else ""
            output.add(
                made, plan.plan, plan.title, version.effective, version.number, version.status, agents, version.by
            )
    output.report_console().print(made)


def say_aftermath(aftermath: Aftermath) -> None:
    """Print what a change has set going."""
    if aftermath.released:
        typer.echo(f"{aftermath.released:,} closings that lacked something are tried again now")
    if aftermath.again:
        typer.echo(f"{aftermath.again:,} settled deals are computed again; what changes is posted as an adjustment")

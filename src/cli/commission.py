"""`dealwire commission`: what a deal comes to, before and after it closed, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.failures import CommandFailed, Status, fail_clearly
from cli.options import Json, Profile, StackName, Why

app = typer.Typer(no_args_is_help=True, help="Commissions of deals: preview, show, explain, agree.")


@app.command()
def preview(
    stored: Annotated[
        str | None, typer.Argument(metavar="[DEAL]", help="A deal of the store: SOURCE/ID, or our deal id.")
    ] = None,
    *,
    deal: Annotated[Path | None, typer.Option("--deal", help="A deal file; needs no cloud.")] = None,
    plan: Annotated[
        list[Path] | None,
        typer.Option("--plan", help="A plan file; of several, each agent's `plan` names theirs."),
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="As if it closed on this day.")] = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Compute a commission to the cent without writing anything: of files, or of a deal in the store.

    Example: dealwire commission preview --deal deal.yaml --plan plan.yaml --json
    """
    from cli import output
    from cli.commission_showing import show_calculation
    from cli.days import day_or_none

    with fail_clearly("commission preview"):
        on = day_or_none(as_of, "--as-of")
        if deal is not None and stored is None:
            from cli.commission_preview import of_files

            made = of_files(deal, plan or [], on)
        elif stored is not None and deal is None and not plan:
            from cli.operator import operator_of
            from domain.operate.commissions import DealPreviewAnswer

            operator = operator_of(name, profile)
            made = operator.call("commission-preview", DealPreviewAnswer, deal=stored, as_of=on).calculation
        else:
            message = "give either DEAL, or --deal FILE with --plan FILE"
            raise CommandFailed(message, Status.USAGE)
    if as_json:
        output.put_json(made)
    else:
        show_calculation(made, f"Deal {made.deal}, closing {made.closing_date}", output.report_console())


@app.command()
def show(
    deal: Annotated[str, typer.Argument(help="SOURCE/ID, or our deal id.")],
    *,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show how a deal's commission stands: what it needs, its lines, and what later calculations changed.

    Example: dealwire commission show transactions/TX-1001
    """
    from cli import output
    from cli.commission_showing import show_commission
    from cli.operator import operator_of
    from domain.operate.commissions import CommissionAnswer

    with fail_clearly("commission show"):
        answer = operator_of(name, profile).call("commission", CommissionAnswer, deal=deal)
    if as_json:
        output.put_json(answer)
    else:
        show_commission(answer, output.report_console())


@app.command()
def explain(
    calculation: Annotated[str, typer.Argument(metavar="CALC", help="DEAL/NUMBER, or a deal for its current one.")],
    *,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Tell the worked steps of a calculation in words.

    Example: dealwire commission explain transactions/TX-1001
    """
    from cli import output
    from cli.operator import operator_of
    from domain.operate.commissions import CommissionExplainAnswer

    with fail_clearly("commission explain"):
        answer = operator_of(name, profile).call("commission-explain", CommissionExplainAnswer, calculation=calculation)
    if as_json:
        output.put_json(answer)
        return
    typer.echo(output.plain(f"Calculation {answer.id}"))
    for step in answer.steps:
        typer.echo(output.plain(f"\n{step.heading}"))
        for sentence in step.sentences:
            typer.echo(output.plain(f"- {sentence}"))


@app.command()
def agree(
    deal: Annotated[str, typer.Argument(help="SOURCE/ID, or our deal id; it may still be open.")],
    file: Annotated[Path, typer.Argument(help="YAML: terms, charges, flags, sides; docs/plan-language.md has it.")],
    *,
    why: Why,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Record what is agreed for one deal alone, instead of what was. A settled deal is computed again.

    Example: dealwire commission agree transactions/TX-1001 agreement.yaml --why "fee waived by the broker"
    """
    from cli import output
    from cli.operator import operator_of
    from cli.plan import say_aftermath
    from cli.plan_files import read_agreement_file
    from domain.operate.agreements import AgreeAnswer
    from mappings.compiler.files import text_of

    with fail_clearly("commission agree"):
        read_agreement_file(file)  # here every mistake gets a line
        answer = operator_of(name, profile).call(
            "commission-agree", AgreeAnswer, deal=deal, text=text_of(file), file=file.name, why=why
        )
    if as_json:
        output.put_json(answer)
        return
    as_before = "" if answer.changed else " (as before)"
    typer.echo(output.plain(f"{answer.name}: version {answer.version} of what is agreed{as_before}"))
    for one in answer.lacking:
        typer.echo(output.plain(f"its commission still needs {one}"))
    say_aftermath(answer.aftermath)


@app.command()
def agreement(
    deal: Annotated[str, typer.Argument(help="SOURCE/ID, or our deal id.")],
    *,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Print what is agreed for one deal alone, as a file that `commission agree` takes.

    Example: dealwire commission agreement transactions/TX-1001 > agreement.yaml
    """
    from cli import output
    from cli.commission_showing import agreement_file
    from cli.operator import operator_of
    from domain.operate.agreements import AgreementAnswer

    with fail_clearly("commission agreement"):
        answer = operator_of(name, profile).call("commission-agreement", AgreementAnswer, deal=deal)
    if as_json:
        output.put_json(answer)
    else:
        typer.echo(agreement_file(answer), nl=False)

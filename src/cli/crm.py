"""`dealwire crm`: rows of the external CRM that wait for a person, how it stands, and whether it fits."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.failures import Status, fail_clearly
from cli.options import Json, Profile, StackName

app = typer.Typer(no_args_is_help=True, help="The external CRM: rows that wait for a person, its state, its set-up.")

Key = Annotated[
    str, typer.Argument(metavar="KEY", help="As `crm asks` prints it; instead of our ids, SOURCE/ID will do.")
]
Why = Annotated[str, typer.Option("--why", "--reason", help="Why, in a few words, for the audit.")]
#: What the audit says where the operator says nothing: the decision itself says most.
USUAL_WHY = "decided by an operator"


@app.command()
def asks(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="The most rows.")] = 50,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """List the rows that wait for a person, oldest first: why, since when, and what there is to choose from.

    Example: dealwire crm asks
    """
    from cli import crm_showing, output
    from cli.filters import Place
    from cli.operator import operator_of
    from domain.operate.crm import CrmAsksAnswer

    with fail_clearly("crm asks"):
        answer = operator_of(name, profile).call("crm-asks", CrmAsksAnswer, limit=limit)
    if as_json:
        output.put_json(answer)
    else:
        crm_showing.show_asks(answer, Place(name, profile), output.report_console())


@app.command()
def show(
    row: Annotated[str, typer.Argument(metavar="KEY", help="A row's key, or a deal: SOURCE/ID or our id.")],
    *,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show how a row stands in the CRM; of a deal its people, links and commissions too. Values are masked.

    Example: dealwire crm show transactions/TX-1001
    """
    from cli import crm_showing, output
    from cli.filters import Place
    from cli.operator import operator_of
    from domain.operate.crm import CrmShowAnswer

    with fail_clearly("crm show"):
        answer = operator_of(name, profile).call("crm-show", CrmShowAnswer, row=row)
    if as_json:
        output.put_json(answer)
    else:
        crm_showing.show_row(answer, Place(name, profile), output.report_console())


@app.command()
def adopt(
    row: Key,
    remote_id: Annotated[str, typer.Argument(metavar="REMOTE_ID", help="Id of the record in the CRM.")],
    *,
    why: Why = USUAL_WHY,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Decide that this record of the CRM is the row's. Of a person only fields that are empty there are filled.

    Example: dealwire crm adopt contact:0192f3a4 6d0c3a52-5f0e-4f9a
    """
    _answer("adopt", row, why, name, profile, as_json=as_json, remote_id=remote_id)


@app.command()
def create(
    row: Key, *, why: Why = USUAL_WHY, name: StackName = None, profile: Profile = None, as_json: Json = False
) -> None:
    """Decide that none of the candidates is the person: a record is created.

    Example: dealwire crm create contact:0192f3a4
    """
    _answer("create", row, why, name, profile, as_json=as_json)


@app.command()
def recreate(
    row: Key, *, why: Why = USUAL_WHY, name: StackName = None, profile: Profile = None, as_json: Json = False
) -> None:
    """Have a record created anew, with a new id, that was deleted or merged in the CRM, or a row that was left.

    Example: dealwire crm recreate deal:transactions/TX-1001
    """
    _answer("recreate", row, why, name, profile, as_json=as_json)


@app.command()
def leave(
    row: Key, *, why: Why = USUAL_WHY, name: StackName = None, profile: Profile = None, as_json: Json = False
) -> None:
    """Leave a row to the CRM: it is never written again, unless somebody adopts or recreates it later.

    For rows that are gone, and for contacts that turn out to be somebody else than the record that was adopted.

    Example: dealwire crm leave deal:transactions/TX-1001
    """
    _answer("leave", row, why, name, profile, as_json=as_json)


@app.command()
def status(*, name: StackName = None, profile: Profile = None, as_json: Json = False) -> None:
    """Show how the CRM stands and what it is owed. The CRM itself is not asked.

    Example: dealwire crm status
    """
    from cli import crm_showing, output
    from cli.filters import Place
    from cli.operator import operator_of
    from domain.operate.crm import CrmStatusAnswer

    with fail_clearly("crm status"):
        answer = operator_of(name, profile).call("crm-status", CrmStatusAnswer)
    if as_json:
        output.put_json(answer)
    else:
        crm_showing.show_status(answer, Place(name, profile), output.report_console())


@app.command()
def resume(
    *,
    why: Why = "the CRM lets us in again",
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Have the CRM tried again with the same user and password, after it refused them and somebody acted there.

    Example: dealwire crm resume --why "the account was unlocked"
    """
    from cli import output
    from cli.operator import operator_of
    from domain.operate.crm import CrmResumeAnswer

    with fail_clearly("crm resume"):
        answer = operator_of(name, profile).call("crm-resume", CrmResumeAnswer, why=why)
    if as_json:
        output.put_json(answer)
    else:
        typer.echo(output.plain(f"the CRM: {answer.passage}{f' ({answer.why})' if answer.why else ''}"))


@app.command()
def preflight(*, name: StackName = None, profile: Profile = None, as_json: Json = False) -> None:
    """Log in to the CRM and see what it can hold of ours: modules, fields, lengths, links, the CRM ids of our agents.

    Each thing that is missing is named with what does not work without it and how to add it. Being let in ends a stop.
    Exit status 1 if something is missing that a kind of rows cannot do without.

    Example: dealwire crm preflight
    """
    from cli import crm_showing, output
    from cli.operator import operator_of
    from domain.operate.crm import CrmPreflightAnswer

    with fail_clearly("crm preflight"):
        answer = operator_of(name, profile).call("crm-preflight", CrmPreflightAnswer)
    if as_json:
        output.put_json(answer)
    else:
        crm_showing.show_preflight(answer, output.report_console())
    raise typer.Exit(Status.DONE if answer.ready else Status.FAILED)


def _answer(
    decision: str, row: str, why: str, name: str | None, profile: str | None, *, as_json: bool, remote_id: str = ""
) -> None:
    from cli import crm_showing, output
    from cli.filters import Place
    from cli.operator import operator_of
    from domain.operate.crm import CrmAnswerAnswer

    with fail_clearly(f"crm {decision}"):
        operator = operator_of(name, profile)
        asked = {"row": row, "decision": decision, "remote_id": remote_id, "why": why}
        answer = operator.call("crm-answer", CrmAnswerAnswer, **asked)
    if as_json:
        output.put_json(answer)
    else:
        crm_showing.show_answer(answer, Place(name, profile), output.report_console())

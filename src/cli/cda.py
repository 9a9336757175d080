"""`dealwire cda`: commission disbursement authorizations, from the draft to the closing agent."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.failures import fail_clearly
from cli.options import Json, Profile, StackName, Why

if TYPE_CHECKING:
    from domain.operate.cda import CdaAnswer, CdaListAnswer, CdaShowAnswer, CdaTold

app = typer.Typer(no_args_is_help=True, help="CDAs: what the closing agent pays to whom, signed by the broker.")

Deal = Annotated[str, typer.Argument(help="SOURCE/ID, or our deal id.")]


class State(StrEnum):
    """The states of a CDA."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    VOID = "void"


@app.command("list")
def list_cdas(
    *,
    state: Annotated[
        State | None, typer.Option("--state", help="Only these; default: drafts and approved ones.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="At most so many.")] = 100,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """List CDAs that somebody has to do something about, the earliest closing first.

    Example: dealwire cda list --state draft
    """
    from cli import output
    from cli.operator import operator_of
    from domain.operate.cda import CdaListAnswer

    with fail_clearly("cda list"):
        answer = operator_of(name, profile).call(
            "cda-list", CdaListAnswer, state=state.value if state else None, limit=limit
        )
    if as_json:
        output.put_json(answer)
    elif answer.rows:
        _show_list(answer)
    else:
        typer.echo(f"no CDA is {state.value}" if state else "no CDA waits for anybody")


@app.command()
def show(
    deal: Deal,
    *,
    version: Annotated[int | None, typer.Option("--version", min=1, help="One that was approved, as it was.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write the PDF there.", dir_okay=False)] = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show a deal's CDA: what it tells the closing agent to pay, and its way so far.

    Example: dealwire cda show transactions/TX-1001 --pdf cda.pdf
    """
    from cli import output
    from cli.operator import operator_of
    from cli.pdf import write_pdf
    from domain.operate.cda import CdaShowAnswer

    with fail_clearly("cda show"):
        answer = operator_of(name, profile).call(
            "cda-show", CdaShowAnswer, deal=deal, version=version, pdf=pdf is not None
        )
        written = write_pdf(pdf, answer.pdf_base64) if pdf else None
    if as_json:
        told = answer.model_dump(mode="json", exclude={"pdf_base64"})
        output.put_json(told | ({"pdf": written.as_json()} if written else {}))
        return
    _show(answer)
    if written:
        typer.echo(written.told())


@app.command()
def approve(
    deal: Deal,
    *,
    number: Annotated[
        int | None, typer.Option("--calculation", min=1, help="Only if it is still of this calculation.")
    ] = None,
    why: Annotated[str, typer.Option(help="Why, in a few words, for the audit.")] = "looked at and approved",
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Approve a deal's CDA, as its designated broker or a recorded delegate. Its PDF is stored and locked.

    Example: dealwire cda approve transactions/TX-1001
    """
    from domain.operate.cda import CdaAnswer

    with fail_clearly("cda approve"):
        answer = _call("cda-approve", CdaAnswer, name, profile, deal=deal, number=number, why=why)
    _say(answer, as_json=as_json)


@app.command("return")
def return_cda(deal: Deal, *, why: Why, name: StackName = None, profile: Profile = None, as_json: Json = False) -> None:
    """Make an approved CDA a draft again.

    Example: dealwire cda return transactions/TX-1001 --why "the title file number is missing"
    """
    from domain.operate.cda import CdaAnswer

    with fail_clearly("cda return"):
        answer = _call("cda-return", CdaAnswer, name, profile, deal=deal, why=why)
    _say(answer, as_json=as_json)


@app.command()
def send(
    deal: Deal,
    *,
    to: Annotated[list[str], typer.Option("--to", help="Who received it; may be given several times.")],
    why: Annotated[str, typer.Option(help="Why, in a few words, for the audit.")] = "sent to the closing agent",
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Record that the approved CDA was sent: who received which PDF, and when. You send the file of `cda show --pdf`.

    Example: dealwire cda send transactions/TX-1001 --to "closings@firsttitle.example"
    """
    from domain.operate.cda import CdaAnswer

    with fail_clearly("cda send"):
        answer = _call("cda-send", CdaAnswer, name, profile, deal=deal, to=to, why=why)
    _say(answer, as_json=as_json)


@app.command()
def void(deal: Deal, *, why: Why, name: StackName = None, profile: Profile = None, as_json: Json = False) -> None:
    """End a deal's CDA. A later calculation of the deal makes a new draft.

    Example: dealwire cda void transactions/TX-1001 --why "the closing was rescinded"
    """
    from domain.operate.cda import CdaAnswer

    with fail_clearly("cda void"):
        answer = _call("cda-void", CdaAnswer, name, profile, deal=deal, why=why)
    _say(answer, as_json=as_json)


@app.command()
def setup(
    file: Annotated[Path, typer.Argument(help="YAML: the brokerage, its broker and delegates.")],
    *,
    why: Why,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Record the brokerage as its CDAs name it, and who may approve them. What was recorded before is replaced.

    Example: dealwire cda setup brokerage.yaml --why "our new broker"
    """
    from cli import output
    from cli.plan_files import read_brokerage
    from domain.operate.cda import CdaSetupAnswer

    with fail_clearly("cda setup"):
        brokerage = read_brokerage(file)
        answer = _call("cda-setup", CdaSetupAnswer, name, profile, brokerage=brokerage, why=why)
    if as_json:
        output.put_json(answer)
    else:
        typer.echo(output.plain(f"{answer.legal_name}: {', '.join(answer.signers)} may approve CDAs"))


def _call(action: str, answer: Any, name: str | None, profile: str | None, **fields: object) -> Any:
    from cli.operator import operator_of

    return operator_of(name, profile).call(action, answer, **fields)


def _say(answer: CdaAnswer, *, as_json: bool) -> None:
    from cli import output

    if as_json:
        output.put_json(answer)
        return
    for line in _way(answer.cda):
        typer.echo(output.plain(line))
    for one in answer.missing:
        typer.echo(output.plain(f"a closing agent will ask: {one}"), err=True)


def _way(cda: CdaTold) -> list[str]:
    """A CDA's way so far."""
    from cli.output import moment

    lines = [f"CDA of deal {cda.deal}: {cda.state}, version {cda.version}, calculation {cda.number}"]
    if cda.approved_by:
        lines.append(f"  approved {moment(cda.approved_at)} by {cda.approved_by}; SHA-256 {cda.digest}")
    if cda.sent_to:
        lines.append(f"  sent {moment(cda.sent_at)} to {cda.sent_to}")
    if cda.superseded_by:
        lines.append(f"  superseded by calculation {cda.superseded_by}")
    if cda.note:
        lines.append(f"  note: {cda.note}")
    return lines


def _show_list(answer: CdaListAnswer) -> None:
    from cli import output

    columns = ("deal", "reference", "closing", "state", "version", "calculation", "approved by", "note")
    made = output.table(f"{len(answer.rows):,} CDAs", *columns, whole=("deal", "reference", "approved by", "note"))
    for row in answer.rows:
        output.add(
            made,
            row.deal,
            row.reference,
            row.closing_date,
            row.state,
            row.version,
            row.number,
            row.approved_by,
            row.note,
        )
    output.report_console().print(made)


def _show(answer: CdaShowAnswer) -> None:
    from cli import output

    for line in _way(answer.cda):
        typer.echo(output.plain(line))
    document = answer.document
    console = output.report_console()
    made = output.table("What the closing agent pays", "payee", "role", "for", "amount", whole=("payee", "for"))
    for line in document["lines"]:
        output.add(made, line["payee"], line["role"], line["memo"], line["amount"]["amount"])
    output.add(made, "together", "", "", document["from_closing"]["amount"])
    console.print(made)
    for one in answer.versions:
        console.print(output.cell("; ".join(part.strip() for part in _way(one))), soft_wrap=True)
    for text in answer.missing:
        console.print(output.cell(f"a closing agent will ask: {text}"), soft_wrap=True)

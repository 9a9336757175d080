"""`dealwire statement`: an agent's year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.failures import fail_clearly
from cli.options import Json, Profile, StackName


def statement(
    agent: Annotated[str, typer.Argument(help="SOURCE/AGENT ID, or the agent's CRM contact id.")],
    *,
    year: Annotated[
        int | None, typer.Option("--year", min=2000, max=2100, help="Of closings; default: this year.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write the PDF there.", dir_okay=False)] = None,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show an agent's year: GCI, company dollar, what is left to each cap, what is pending and paid, and every deal.

    Example: dealwire statement transactions/A-1001 --year 2026 --pdf statement.pdf
    """
    from cli import output
    from cli.operator import operator_of
    from cli.pdf import write_pdf
    from cli.statement_showing import show_statement
    from domain.operate.commissions import StatementAnswer

    with fail_clearly("statement"):
        operator = operator_of(name, profile)
        answer = operator.call("statement", StatementAnswer, agent=agent, year=year, pdf=pdf is not None)
        written = write_pdf(pdf, answer.pdf_base64) if pdf else None
    if as_json:
        told = answer.model_dump(mode="json", exclude={"pdf_base64"})
        output.put_json(told | ({"pdf": written.as_json()} if written else {}))
        return
    console = output.report_console()
    show_statement(answer.document, console)
    for one in answer.lacking:
        console.print(output.cell(f"{one.deal}: commission: needs {one.needs}"), soft_wrap=True)
    if written:
        typer.echo(written.told())

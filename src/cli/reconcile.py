"""`dealwire reconcile`: our store, the external CRM and the source's own export, compared field by field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.failures import CommandFailed, Status, fail_clearly
from cli.options import Json, Profile, StackName

#: How far back is looked where nothing is said.
USUAL_SINCE = timedelta(days=1)

#: Exit status of what could not be compared; 0: all agree, 1: something does not.
NOT_COMPARED = 2


def reconcile(
    *,
    since: Annotated[
        str | None,
        typer.Option(
            help="Rows touched since: 14d, 2h, a date or an instant; default: the last day. What is owed too."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Whenever it was touched.")] = False,
    source: Annotated[
        Path | None, typer.Option("--source", metavar="EXPORT.csv", help="The transaction system's own export.")
    ] = None,
    export_of: Annotated[str, typer.Option("--export-of", help="The source whose export it is.")] = "transactions",
    fix: Annotated[
        bool, typer.Option("--fix", help="Have the rows that differ looked at again; changes nothing else.")
    ] = False,
    values: Annotated[
        bool, typer.Option("--values", help="Show what fields hold; needs the policy operator-pii, and is audited.")
    ] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the findings there.")] = None,
    why: Annotated[str, typer.Option("--why", "--reason", help="Why, in a few words, for the audit.")] = "reconcile",
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Compare the source's export, our store and the CRM, field by field.

    Exit status 0: all agree; 1: something does not; 2: it could not be compared. Without --fix nothing is changed; with
    it, rows that differ are delivered again, behind everything that is live.

    Example: dealwire reconcile --since 14d --source EXPORT.csv --csv findings.csv
    """
    from cli import reconcile_showing, reconciling
    from cli.filters import Place, instant
    from cli.operator import operator_of

    with _not_compared_otherwise(), fail_clearly("reconcile"):
        if everything and since is not None:
            raise CommandFailed("give --since or --all, not both", Status.USAGE)
        _can_be_used(source, csv_file)
        now = datetime.now(UTC)
        first = instant(since, now, "--since") if since else now - USUAL_SINCE
        report = reconciling.Report()
        operator = operator_of(name, profile)
        if source is not None:
            reconciling.compare_export(operator, report, source, export_of, values=values, why=why)
        reconciling.compare_crm(operator, report, None if everything else first, values=values, why=why)
        reconciling.find_unexported(report, export_of)
        if not report.crm and source is None:
            raise CommandFailed(
                "there is no external CRM and no --source EXPORT.csv: nothing to compare our store with"
            )
        if csv_file is not None:
            csv_file.write_text(reconcile_showing.as_csv(report), encoding="utf-8", newline="")
        if fix:
            reconciling.fix(operator, report, why)
    reconcile_showing.put(report, Place(name, profile), csv_file, masked=not values, as_json=as_json)
    raise typer.Exit(1 if report.differences else 0)


def _can_be_used(source: Path | None, csv_file: Path | None) -> None:
    """Before anything is asked, or mended: a comparison takes minutes."""
    if source is not None and not source.is_file():
        raise CommandFailed(f"--source {source} cannot be read: there is no such file; give the export's", Status.USAGE)
    if csv_file is None:
        return
    try:
        with csv_file.open("a", encoding="utf-8"):
            return
    except OSError as error:
        told = "give a file in a folder that is there and may be written"
        raise CommandFailed(f"--csv {csv_file} cannot be written ({error.strerror}); {told}", Status.USAGE) from error


@contextmanager
def _not_compared_otherwise() -> Iterator[None]:
    """Whatever keeps a comparison from its end is neither agreement nor a difference."""
    try:
        yield
    except typer.Exit as error:
        raise typer.Exit(NOT_COMPARED) from error

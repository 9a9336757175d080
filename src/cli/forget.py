"""`dealwire forget`: a privacy request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.failures import CommandFailed, fail_clearly
from cli.options import DryRun, Json, Profile, StackName, Why, Yes

if TYPE_CHECKING:
    from cli.operator import Operator
    from domain.operate.people import ForgetAnswer

#: Calls in a row that erase nothing and are not complete: something is wrong, and no further call mends it.
IDLE_CALLS = 3


def forget(
    contact: Annotated[str, typer.Argument(help="Our contact id, or SOURCE/ID of the person there.")],
    *,
    why: Why,
    dry_run: DryRun = False,
    yes: Yes = False,
    name: StackName = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Erase a person: the archived webhooks of their deals, and their personal fields. Ids and amounts stay.

    This cannot be undone. What is interrupted goes on when the same is typed again.

    Example: dealwire forget transactions/P-77 --why "privacy request 2026-031" --dry-run
    """
    from cli import output
    from cli.operator import operator_of

    with fail_clearly("forget"):
        operator = operator_of(name, profile)
        seen = _ask(operator, contact, why, dry_run=True)
        if not dry_run:
            question = f"Erase contact {seen.contact_id} on {len(seen.deals):,} deals for good?"
            output.confirm(question, refusal="nothing was erased", yes=yes)
            try:
                seen = _erase(operator, contact, why)
            except KeyboardInterrupt as error:
                raise CommandFailed("stopped before it was complete; type the same again to go on") from error
    if as_json:
        output.put_json({**seen.model_dump(mode="json"), "dry_run": dry_run})
        return
    would = "would be " if dry_run else ""
    typer.echo(output.plain(f"contact {seen.contact_id}: {len(seen.deals):,} deals, {', '.join(seen.deals) or 'none'}"))
    typer.echo(f"{seen.objects_erased:,} archived webhooks {would}erased")
    typer.echo(output.plain(f"fields {would}cleared: {', '.join(seen.fields_erased) or 'none'}"))
    if not dry_run:
        typer.echo("webhooks that were still under way are not among them: type the same again tomorrow")


def _ask(operator: Operator, contact: str, why: str, *, dry_run: bool) -> ForgetAnswer:
    from domain.operate.people import ForgetAnswer

    return operator.call("forget", ForgetAnswer, contact=contact, why=why, dry_run=dry_run)


def _erase(operator: Operator, contact: str, why: str) -> ForgetAnswer:
    """Erase part after part; what all of them did together."""
    deals: dict[str, None] = {}
    fields: dict[str, None] = {}
    objects = idle = 0
    while True:
        part = _ask(operator, contact, why, dry_run=False)
        deals |= dict.fromkeys(part.deals)
        fields |= dict.fromkeys(part.fields_erased)
        objects += part.objects_erased
        if part.complete:
            return part.model_copy(
                update={"deals": tuple(deals), "fields_erased": tuple(fields), "objects_erased": objects}
            )
        idle = 0 if part.objects_erased else idle + 1
        if idle == IDLE_CALLS:
            raise CommandFailed(f"{objects:,} objects were erased, and then no more; type the same again in a while")

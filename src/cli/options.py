"""Options that several commands have, spelled once."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
StackName = Annotated[
    str | None, typer.Option("--stack", help="A deployed CloudFormation stack; without it, the local cloud.")
]
Profile = Annotated[str | None, typer.Option("--profile", help="AWS profile to reach the stack with.")]

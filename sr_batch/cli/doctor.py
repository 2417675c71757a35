"""``sr-batch doctor``: finds problems of this machine, and prints the command that fixes each."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sr_batch.doctor import Finding


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per finding.")
    ] = False,
) -> None:
    """Check that sr-batch works here, and say how to fix it.

    It checks the installation, the models and every device.

    Exit codes: 0 the tool works here, 1 it does not.
    """
    from sr_batch.doctor import examine

    healthy = True
    for finding in examine():
        healthy = healthy and finding.status != "error"
        typer.echo(json.dumps(asdict(finding)) if as_json else describe(finding))
    if not as_json:
        typer.echo("sr-batch works here." if healthy else "sr-batch does not work here yet.")
    raise typer.Exit(0 if healthy else 1)


def describe(finding: Finding) -> str:
    """One line, and a second one with the command that fixes the problem."""
    line = f"{finding.status:8}{finding.subject:14}{finding.detail}"
    return f"{line}\n{'':8}{'':14}to fix it: {finding.fix}" if finding.fix else line

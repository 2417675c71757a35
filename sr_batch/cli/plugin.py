"""``sr-batch plugin``: installs and removes sr-batch in other programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def _names() -> list[str]:
    from sr_batch.integrations import INSTALLERS

    return list(INSTALLERS)


app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        help="A plug-in that `plugin status` lists.",
        autocompletion=_names,
    ),
]


@app.callback()
def plugin() -> None:
    """Use sr-batch from inside other programs."""


@app.command("install")
def install(name: Name) -> None:
    """Install a plug-in for this user, or update it."""
    from sr_batch.integrations import installer
    from sr_batch.integrations.package_paths import own_command

    for line in installer(name).install(own_command()):
        typer.echo(line)


@app.command("uninstall")
def uninstall(name: Name) -> None:
    """Remove the files that `plugin install` wrote, and no others."""
    from sr_batch.integrations import installer

    lines = installer(name).uninstall()
    for line in lines or [f"{name} is not installed"]:
        typer.echo(line)


@app.command("status")
def status(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            show_default=False,
            autocompletion=_names,
            help="A plug-in. Default: all.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per plug-in.")
    ] = False,
) -> None:
    """Show which plug-ins are installed, and whether they work.

    Exit codes: 0 all installed plug-ins work, 1 at least one is broken.
    """
    from sr_batch.integrations import INSTALLERS, installer

    broken = False
    for each in [name] if name else INSTALLERS:
        found = installer(each).status()
        broken = broken or found.state == "broken"
        if as_json:
            record = {"name": each, **asdict(found), "where": [str(path) for path in found.where]}
            typer.echo(json.dumps(record))
            continue
        typer.echo(f"{each:<14}{found.state:<8}{found.detail}")
        if found.fix:
            typer.echo(f"{'':<22}to fix it: {found.fix}")
    raise typer.Exit(1 if broken else 0)

"""The command line, one file per command. Importing it loads no image and no inference library."""

import sys
from typing import Annotated

import typer

from sr_batch.cli import bench, doctor, eval, models, plugin, status, tune, upscale, watch
from sr_batch.cli.console import say
from sr_batch.core.errors import SrBatchError

app = typer.Typer(
    name="sr-batch",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich doubles the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("upscale")(upscale.upscale)
app.command("watch")(watch.watch)
app.command("status")(status.status)
app.command("retry")(status.retry)
app.add_typer(models.app, name="models")
app.add_typer(plugin.app, name="plugin")
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)
app.command("eval")(eval.evaluate)
app.command("tune")(tune.tune)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"sr-batch {version('sr-batch')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Enlarge photographs with super-resolution networks, in batches, on this machine alone."""


def main() -> None:
    """Run the command line and exit with the code of the error tree in ``sr_batch.core.errors``."""
    try:
        app()
    except SrBatchError as error:
        say(f"sr-batch: {error}")
        sys.exit(error.exit_code)

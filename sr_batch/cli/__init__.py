"""The command line, one file per command. Importing it loads no image or inference library."""

import sys
from typing import Annotated

import typer

from sr_batch.cli import (
    bench,
    compare,
    cost,
    doctor,
    eval,
    models,
    plugin,
    serve,
    status,
    tune,
    upscale,
    watch,
)
from sr_batch.cli.command_options import COMPARE_TABLE, SERVE_TABLE, UPSCALE_TABLE, WATCH_TABLE
from sr_batch.cli.console import say
from sr_batch.cli.cost_options import COST_TABLE
from sr_batch.cli.parameters import add_command
from sr_batch.cli.streams import open_closed_streams, require_written
from sr_batch.core.errors import SrBatchError

app = typer.Typer(
    name="sr-batch",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich doubles the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
add_command(app, "upscale", upscale.upscale, UPSCALE_TABLE)
add_command(app, "watch", watch.watch, WATCH_TABLE)
add_command(app, "serve", serve.serve, SERVE_TABLE)
add_command(app, "compare", compare.compare, COMPARE_TABLE)
add_command(app, "cost", cost.cost, COST_TABLE)
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
    """Enlarge photographs with super-resolution networks, in batches."""


def main() -> None:
    """Run the command line. An error exits with its code in ``sr_batch.core.errors``."""
    open_closed_streams()
    try:
        _run()
    except SrBatchError as error:
        say(f"sr-batch: {error}")
        sys.exit(error.exit_code)


def _run() -> None:
    try:
        app()
    except OSError:
        require_written()
        raise

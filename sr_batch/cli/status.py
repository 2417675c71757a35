"""``sr-batch status`` and ``sr-batch retry``: the results of a watch, and its failures again."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sr_batch.cli.console import say
from sr_batch.core.errors import UsageError
from sr_batch.core.results import one_line

if TYPE_CHECKING:
    from sr_batch.watch.journal import Journal, Outcome

_HOUR = 3600.0
_SHOWN = 5

Folder = Annotated[
    Path, typer.Argument(metavar="OUT", show_default=False, help="Output folder of a watch.")
]


def status(
    output: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the counts, the last errors and the speed of a watch."""
    from sr_batch.watch.lock import holder

    journal = _journal(output)
    outcomes = [*journal.all().values(), *(each.outcome for each in journal.removed())]
    record = _totals(outcomes, holder(output), time.time())
    if as_json:
        typer.echo(json.dumps(record))
        return
    process = record["process"]
    typer.echo("watch: " + (f"running (process {process})" if process else "not running"))
    typer.echo(f"done: {record['done']}, failed: {record['failed']}, waiting: {record['waiting']}")
    typer.echo(
        f"in the last hour: {record['hour_images']} images,"
        f" {record['hour_megapixels']:.1f} megapixels"
    )
    for error in _errors(outcomes):
        typer.echo(one_line(error.error))


def retry(output: Folder) -> None:
    """Let a watch retry the inputs that have failed.

    It does so at its next scan of the folder, or at its next start.

    Inputs that --after move has moved to FOLDER_failed are moved back.
    """
    from sr_batch.watch.retry import retry_failed

    retried = retry_failed(_journal(output))
    for note in retried.notes:
        say(f"note: {note}")
    inputs = "1 failed input" if retried.count == 1 else f"{retried.count} failed inputs"
    typer.echo(f"{inputs} will be retried")


def _journal(output: Path) -> Journal:
    from sr_batch.files.state_db import FOLDER
    from sr_batch.watch.journal import Journal

    if not (output / FOLDER).is_dir():
        raise UsageError(f"{one_line(str(output))} is not the output folder of a watch")
    return Journal(output, say)


def _totals(
    outcomes: Sequence[Outcome], process: int | None, now: float
) -> dict[str, int | float | list[dict[str, str | float]] | None]:
    counts = Counter(outcome.status for outcome in outcomes)
    lately = [each for each in outcomes if each.pixels and now - each.finished < _HOUR]
    return {
        "process": process,
        "done": counts["done"],
        "failed": counts["failed"],
        "waiting": counts["waiting"],
        "hour_images": len(lately),
        "hour_megapixels": sum(each.pixels for each in lately) / 1e6,
        "errors": [{"error": e.error, "time": e.finished} for e in _errors(outcomes)],
    }


def _errors(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The last errors, the newest first."""
    faults = [outcome for outcome in outcomes if outcome.error]
    return sorted(faults, key=lambda outcome: outcome.finished, reverse=True)[:_SHOWN]

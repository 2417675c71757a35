"""``sr-batch status`` and ``sr-batch retry``: the results of a watch, and its failures again."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sr_batch.cli.console import say
from sr_batch.core.errors import UsageError
from sr_batch.core.results import one_line

if TYPE_CHECKING:
    from sr_batch.watch.activity import Now
    from sr_batch.watch.journal import Journal, Outcome, Removed, Status

_HOUR = 3600.0
_SHOWN = 5
_STATUSES: tuple[Status, ...] = ("done", "failed", "waiting", "skipped")

Folder = Annotated[
    Path, typer.Argument(metavar="OUT", show_default=False, help="Output folder of a watch.")
]
Output = Annotated[
    str,
    typer.Argument(
        metavar="OUT",
        show_default=False,
        help="Output folder of a watch, or URL where runs of upscale write to.",
    ),
]
Endpoint = Annotated[
    str,
    typer.Option(metavar="URL", help="Server of s3:// URLs, if it is not that of AWS."),
]


def status(
    output: Output,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    endpoint_url: Endpoint = "",
) -> None:
    """Show what a watch is doing, its counts, errors and speed.

    For a URL, add up the runs of upscale that write there, such as the shards of one.
    """
    from sr_batch.cli.run_status import has_runs, show_runs
    from sr_batch.stores.location import place_of

    place = place_of(output, endpoint_url)
    if place.is_remote or has_runs(place):
        show_runs(place, as_json, time.time())
        return
    _show_watch(place.folder, as_json)


def _show_watch(output: Path, as_json: bool) -> None:
    from sr_batch.watch.activity import activity_of
    from sr_batch.watch.lock import holder

    journal = _journal(output)
    waiting = journal.all()
    outcomes = [*waiting.values(), *map(_where_it_lies, journal.removed())]
    retries = _retries(waiting)
    process = holder(output)
    now = activity_of(output, process) if process else None
    record = _totals(outcomes, retries, process, now, time.time())
    if as_json:
        typer.echo(json.dumps(record))
        return
    typer.echo("watch: " + (f"running (process {process})" if process else "not running"))
    if now:
        for line in _describe(now):
            typer.echo(line)
    typer.echo(", ".join(f"{status}: {record[status]}" for status in _STATUSES))
    for retry in retries[:_SHOWN]:
        when = "at" if process else "not before"
        typer.echo(one_line(f"next retry {when} {_time(retry.due)}: {retry.source}"))
    images = "1 image" if record["hour_images"] == 1 else f"{record['hour_images']} images"
    typer.echo(f"in the last hour: {images}, {record['hour_megapixels']:.1f} megapixels")
    for error in _errors(outcomes):
        typer.echo(one_line(error.error))


def _where_it_lies(removed: Removed) -> Outcome:
    """The outcome of a source that was moved; its error names the old path, so add the new one."""
    outcome, place = removed.outcome, removed.place
    if not outcome.error or place is None or not os.path.lexists(place):
        return outcome
    return replace(outcome, error=f"{outcome.error}; it was moved to {place}")


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


@dataclass(frozen=True)
class _Retry:
    """A source that is retried, and from when on, in seconds since 1970."""

    source: Path
    due: float


def _retries(outcomes: Mapping[Path, Outcome]) -> list[_Retry]:
    """The sources that are retried, the next one first."""
    from sr_batch.watch.retries import pause_after

    found = [
        _Retry(source, each.finished + pause_after(each.attempts))
        for source, each in outcomes.items()
        if each.status == "waiting"
    ]
    return sorted(found, key=lambda retry: retry.due)


def _describe(now: Now) -> Iterator[str]:
    """What a watch is doing, in lines."""
    yield f"in work: {len(now.working)}, queued: {now.queued}, settling: {now.settling}"
    for each in now.working:
        yield one_line(f"in work since {_time(each.since)}: {each.source}")


def _time(seconds: float) -> str:
    """A time of the last or the next day, as the clock on the wall shows it."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def _totals(
    outcomes: Sequence[Outcome],
    retries: Sequence[_Retry],
    process: int | None,
    activity: Now | None,
    now: float,
) -> dict[str, object]:
    counts = Counter(outcome.status for outcome in outcomes)
    lately = [each for each in outcomes if each.pixels and now - each.finished < _HOUR]
    working = activity.working if activity else ()
    return {
        "process": process,
        "working": [{"input": str(each.source), "since": each.since} for each in working],
        "queued": activity.queued if activity else None,
        "settling": activity.settling if activity else None,
        **{status: counts[status] for status in _STATUSES},
        "retries": [{"input": str(each.source), "due": each.due} for each in retries],
        "hour_images": len(lately),
        "hour_megapixels": sum(each.pixels for each in lately) / 1e6,
        "errors": [{"error": e.error, "time": e.finished} for e in _errors(outcomes)],
    }


def _errors(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The last errors, the newest first."""
    faults = [outcome for outcome in outcomes if outcome.error]
    return sorted(faults, key=lambda outcome: outcome.finished, reverse=True)[:_SHOWN]

"""``sr-batch status URL``: the runs of ``upscale`` that write to one place, added up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from sr_batch.core.duration import rough_duration
from sr_batch.core.errors import UsageError
from sr_batch.core.results import one_line
from sr_batch.stores.location import Place

if TYPE_CHECKING:
    from sr_batch.distributed.progress_file import RunRecord

_COUNTS = ("done", "skipped", "failed", "not_run")
_SILENT = 180.0  # seconds without news from a run that goes on
_SHOWN = 5


def has_runs(place: Place) -> bool:
    """Whether ``place`` is a folder that runs over stores write to, and no watch does."""
    state = place.folder / ".sr-batch"
    return (state / "runs").is_dir() and not (state / "state.sqlite").exists()


def show_runs(place: Place, as_json: bool, now: float) -> None:
    """Print the sums of the newest run at ``place``, or of all its shards.

    Args:
        place: Where the outputs are.
        as_json: Whether to print one JSON object.
        now: Seconds since 1970.

    Raises:
        UsageError: no run has written there.
        SrBatchError: the store cannot be read.
    """
    from sr_batch.distributed.progress_file import latest, read_runs
    from sr_batch.stores.opening import open_store
    from sr_batch.stores.probe import probe_input

    probe_input(place)
    runs = latest(read_runs(open_store(place)))
    if not runs:
        raise UsageError(f"{one_line(place.url)}: no run of sr-batch upscale has written there")
    if as_json:
        typer.echo(json.dumps(_sums(runs, now)))
        return
    for line in describe(runs, now):
        typer.echo(one_line(line))


def describe(runs: Sequence[RunRecord], now: float) -> list[str]:
    """The lines for people."""
    sums = _sums(runs, now)
    count = int(runs[0].shard.partition("/")[2])
    lines = [f"inputs: {', '.join(runs[0].inputs)}"]
    if count > 1:
        lines.append(f"shards: {len(runs)} of {count} have begun, {sums['finished']} have finished")
    lines.append(", ".join(f"{name.replace('_', ' ')}: {sums[name]}" for name in _COUNTS))
    lines += [_about(run, now) for run in runs if run.state != "finished" or count == 1][:_SHOWN]
    missing = _missing(runs, count)
    if missing:
        lines.append(f"not begun: {', '.join(missing[:_SHOWN])}{_more(len(missing) - _SHOWN)}")
    return lines


def _sums(runs: Sequence[RunRecord], now: float) -> dict[str, object]:
    return {
        "shards": int(runs[0].shard.partition("/")[2]),
        "begun": len(runs),
        "finished": sum(run.state == "finished" for run in runs),
        "running": sum(_is_alive(run, now) for run in runs),
        **{name: sum(getattr(run, name) for run in runs) for name in _COUNTS},
        "megapixels": sum(run.pixels for run in runs) / 1e6,
        "runs": [asdict(run) for run in runs],
    }


def _about(run: RunRecord, now: float) -> str:
    """``shard 3/16: running, 12 done, last news 20 s ago``."""
    name = "run" if run.shard == "1/1" else f"shard {run.shard}"
    state: str = run.state
    if state == "running" and not _is_alive(run, now):
        state = "no news, so it may have been killed: start it again"
    ago = rough_duration(max(0.0, now - run.updated))
    return f"{name}: {state}, {run.done} done, last news {ago} ago"


def _is_alive(run: RunRecord, now: float) -> bool:
    return run.state == "running" and now - run.updated < _SILENT


def _missing(runs: Sequence[RunRecord], count: int) -> list[str]:
    begun = {run.shard for run in runs}
    return [shard for n in range(count) if (shard := f"{n + 1}/{count}") not in begun]


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""

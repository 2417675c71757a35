"""``sr-batch bench``: measures exported networks, and finds regressions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sr_batch.cli.console import has_terminal, say
from sr_batch.cli.parameters import ENDPOINT_URL, typer_option, upscale_option
from sr_batch.core.errors import UsageError
from sr_batch.core.option import Option
from sr_batch.core.options import COUNT

if TYPE_CHECKING:
    from sr_batch.bench.baseline import Selection
    from sr_batch.bench.measurement import Measurement
    from sr_batch.bench.model_bench import BenchSetting, Problem
    from sr_batch.bench.pictures import PictureSet
    from sr_batch.bench.report import Report
    from sr_batch.inference.model_catalog import ModelFile

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL", show_default=False, help="Models, as for upscale --model. Default: all."
    ),
]
HrFolders = Annotated[
    list[str] | None,
    typer.Option(
        "--hr",
        metavar="FOLDER",
        help="Measure quality on the pictures in this folder, or at this URL; may be repeated. "
        "Default: the small pictures of the source tree.",
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(metavar="FILE", show_default=False, help="Compare with this report."),
]
Update = Annotated[
    bool, typer.Option("--update", help="Write the results to the --baseline instead.")
]
OutputFolder = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        show_default=False,
        help="Write bench.json, bench.md and bench.png here.",
    ),
]
_ROUNDS = Option(
    "Time each model and the reference in turn, this many times.",
    "Run",
    metavar="N",
    allowed=COUNT,
    name="rounds",
    type=int,
)


def bench(
    models: Models = None,
    hr: HrFolders = None,
    baseline: Baseline = None,
    update: Update = False,
    output: OutputFolder = None,
    device: Annotated[str, upscale_option("device")] = "cpu",
    rounds: Annotated[int, typer_option(_ROUNDS)] = 5,
    endpoint_url: Annotated[str, typer_option(ENDPOINT_URL)] = "",
) -> None:
    """Measure quality, speed and memory of models.

    It also measures the difference from torch, and the time until a model is ready.

    Exit codes: 0 no problem, 1 a model is incomplete, breaks its contract, or has lost quality,
    parity or more than 15 % of its speed since the baseline.
    """
    from sr_batch.bench.baseline import examine, report, updated
    from sr_batch.bench.model_bench import Problem
    from sr_batch.bench.report import load_report, save_report

    if update and baseline is None:
        raise UsageError("--update needs the file to write to: give it with --baseline FILE")
    if output:
        _require_chart()
    choice, setting = choice_of(models or []), _setting(hr, endpoint_url, device, rounds)
    before = load_report(baseline) if baseline and (not update or baseline.exists()) else None
    rows: list[Measurement] = []
    losses: list[Problem] = []
    for found in examine(choice, setting, None if update else before):
        if isinstance(found, Problem):
            losses.append(found)
        else:
            rows.append(found)
            _say_progress(len(rows), len(choice.models), found.name)
    new = report(rows, setting)
    _print(new)
    if before and not update and new.where["processor"] not in before.speeds:
        say(f"speeds are not compared: the baseline has none for {new.where['processor']}")
    if output:
        _leave(new, losses, output)
    if update and baseline and not losses:
        save_report(baseline, updated(before, new, choice, setting))
    for loss in losses:
        say(f"{loss.name}: {loss.what}")
    typer.echo(f"problems: {len(losses)}" if losses else "no problems")
    raise typer.Exit(1 if losses else 0)


def choice_of(names: Sequence[str]) -> Selection:
    """The files of ``names`` in every scale and precision; of all families if it is empty."""
    from sr_batch.bench.baseline import Selection
    from sr_batch.inference.model_catalog import files_of, find_models

    if not names:
        return Selection(find_models(), True)
    chosen: dict[Path, ModelFile] = {}
    for name in names:
        chosen |= {model.path: model for model in files_of(name)}
    return Selection(tuple(chosen.values()), False)


def _setting(hr: Sequence[str] | None, endpoint: str, device: str, rounds: int) -> BenchSetting:
    from sr_batch.bench.model_bench import BenchSetting, committed_pictures
    from sr_batch.core.cpu import cores

    _ROUNDS.check(rounds)
    sets = [read_pictures(folder, endpoint) for folder in hr or [str(committed_pictures())]]
    return BenchSetting(sets, device, rounds, cores())


def read_pictures(folder: str, endpoint: str) -> PictureSet:
    """All pictures of a folder, or at a URL.

    Raises:
        UsageError: one cannot be read.
    """
    from sr_batch.bench.pictures import read_set
    from sr_batch.bench.remote_pictures import pictures_at

    with pictures_at(folder, endpoint, say) as pictures:
        for missing in pictures.missing:
            raise UsageError(f"{missing.error}; a set must be complete")
        try:
            return read_set(pictures.folder)
        except UsageError as error:
            raise UsageError(pictures.about(str(error))) from error


def _require_chart() -> None:
    from sr_batch.bench.chart import require_library

    require_library()


def _say_progress(done: int, count: int, name: str) -> None:
    if has_terminal():
        say(f"{done} of {count}: {name}")


def _print(report: Report) -> None:
    from sr_batch.bench.table import HEAD, LEGEND, cells
    from sr_batch.cli.model_text import table

    for line in table([HEAD, *(line for row in report.rows.values() for line in cells(row))]):
        typer.echo(line)
    typer.echo(LEGEND)


def _leave(report: Report, losses: Sequence[Problem], folder: Path) -> None:
    from sr_batch.bench.chart import draw
    from sr_batch.bench.report import save_report
    from sr_batch.bench.table import page
    from sr_batch.files.atomic_write import write_output

    save_report(folder / "bench.json", report)
    wrong = [f"{loss.name}: {loss.what}" for loss in losses]
    write_output(folder / "bench.md", page(report, "bench.png", wrong).encode())
    write_output(folder / "bench.png", draw(report))
